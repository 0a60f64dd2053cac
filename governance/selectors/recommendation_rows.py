"""Rows of the dataset `recommendations`: every card of the departments asked for."""

from collections.abc import Iterator, Sequence

from governance.models import Recommendation
from governance.selectors.among import among_words
from governance.selectors.department_rows import departments_in
from governance.selectors.extent import Extent, figures, texts
from governance.selectors.recommendations import as_cards, of_departments, recounted, whose
from governance.selectors.recommendations_among import Counted, counted
from inventory.access import Permission
from inventory.choices import in_english

COLUMNS = (
    *figures("rule"),
    *texts("title department department_key"),
    *figures("severity state since rows amount"),
    *texts("unit"),
    *figures("departments"),
    *texts("owner reason"),
    *figures("until"),
)
BLOCK = 500


def rows(extent: Extent) -> Iterator[tuple]:
    """A row a card, by department and rule. A card counts a department with everything below it: cards of departments
    one above the other don't add up. With kind, band, class or owner they count what is found of such applications."""
    asked, departments = extent.filters, departments_in(extent)
    counts = counted(extent.user, among_words(asked), departments, Permission.EXPORT)
    severities = asked.get("severity", ())
    found = of_departments(departments, states=asked.get("state", ()), severities=severities if counts is None else ())
    found = whose(found, extent.user, "".join(asked.get("who", ())))
    block: list[Recommendation] = []
    for row in found.iterator(BLOCK):
        block.append(row)
        if len(block) == BLOCK:
            yield from _rows(block, counts, severities)
            block = []
    yield from _rows(block, counts, severities)


def _rows(block: list[Recommendation], counts: Counted | None, severities: Sequence[str]) -> Iterator[tuple]:
    for card in as_cards(block if counts is None else recounted(block, counts, severities)):
        title, unit = in_english(card.rule.title), in_english(card.rule.unit)
        yield (
            *(card.rule.number, title, card.department.name, card.department.key, card.severity, card.state),
            *(card.since.isoformat(), card.rows, card.amount, unit, card.departments, card.owner_username),
            *(card.reason, card.until.isoformat() if card.until else None),
        )
