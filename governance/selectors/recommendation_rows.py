"""Rows of the dataset `recommendations`: every card of the departments asked for, as it stands or as it stood."""

from collections.abc import Iterator, Sequence
from datetime import date

from django.utils.translation import gettext as _

from governance.models import Recommendation
from governance.selectors import recommendations_then
from governance.selectors.among import among_words
from governance.selectors.department_rows import departments_in
from governance.selectors.extent import Extent, figures, texts
from governance.selectors.narrowing import OF_LIVE, Filters
from governance.selectors.recommendations import as_cards, of_departments, recounted, whose
from governance.selectors.recommendations_among import Counted, counted
from governance.selectors.recommendations_kept import first_kept
from inventory.access import Permission
from inventory.choices import in_english
from inventory.selectors.asked import Problem

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
    if extent.past:
        yield from _rows_then(extent)
        return
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


def unanswerable(asked: Filters, day: date) -> Problem | None:
    """What a past day can't be asked: to whom a card was given, and of days before findings were kept, which of them
    were grave or of which applications."""
    if who := asked.get("who"):
        return Problem("who", ",".join(who), _("is known of today alone"), _("Leave it out."))
    first = first_kept()
    if first is not None and day >= first:
        return None
    for name in ("severity", *OF_LIVE):
        if words := asked.get(name):
            since = _("is known from %(day)s on") % {"day": first.isoformat()} if first else _("is not kept by day yet")
            return Problem(name, ",".join(words), since, _("Leave it out."))
    return None


def _rows_then(extent: Extent) -> Iterator[tuple]:
    """The same of a past day, of which is known what `recommendations_then` tells: not to whom a card was given, nor
    until when it was dismissed; of chosen applications the number of findings, but not what they amount to."""
    asked = extent.filters
    states, severities, left = asked.get("state", ()), asked.get("severity", ()), among_words(asked, extent.day)
    where = departments_in(extent)
    cards = recommendations_then.of_departments(extent.user, where, extent.day, left, Permission.EXPORT)
    for card in (one for one in cards if one.fits(states, severities)):
        title, unit, departments = in_english(card.rule.title), in_english(card.rule.unit), card.departments or None
        yield (
            *(card.rule.number, title, card.department.name, card.department.key, card.severity or None, card.state),
            *(card.since.isoformat(), card.rows, card.amount_kept, unit, departments, card.owner_username),
            *(card.reason, card.until),
        )


def _rows(block: list[Recommendation], counts: Counted | None, severities: Sequence[str]) -> Iterator[tuple]:
    for card in as_cards(block if counts is None else recounted(block, counts, severities)):
        title, unit = in_english(card.rule.title), in_english(card.rule.unit)
        yield (
            *(card.rule.number, title, card.department.name, card.department.key, card.severity, card.state),
            *(card.since.isoformat(), card.rows, card.amount, unit, card.departments, card.owner_username),
            *(card.reason, card.until.isoformat() if card.until else None),
        )
