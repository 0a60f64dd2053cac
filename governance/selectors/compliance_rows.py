"""Rows of the dataset `compliance`: each requirement that applies to each live application."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice

from governance.selectors.extent import Extent, figures, texts, truths
from governance.selectors.requirements import Asked, Pair, coverage_rows, expanded, narrowed
from risk.method import load_method
from risk.scoring.vocabulary import State

BLOCK = 1_000  # rows of coverage, about thirteen an application
COLUMNS = (
    *texts("framework version requirement title"),
    *truths("binding"),
    *texts("application department"),
    *figures("state fulfilment controls due obligation_from"),
)


def asked_for(filters: dict[str, str]) -> Asked:
    """What a page's address or an API call asks for; a word nobody knows finds nothing."""
    frameworks = load_method().frameworks
    named = filters.get("framework", "")
    binding = {"yes": True, "no": False}.get(filters.get("binding", ""))
    chosen = [one for one in frameworks.values() if (one.id == named if named else binding in (None, one.binding))]
    requirement = filters.get("requirement", "") if len(chosen) == 1 else ""
    if requirement and requirement not in chosen[0].requirements:
        chosen = []
    state = filters.get("state", "")
    if state and state not in set(State):
        chosen = []
    return Asked(
        frameworks=tuple(one.id for one in chosen),
        state=State(state) if state and chosen else None,
        requirement=requirement if chosen else "",
        late=filters.get("overdue", "") in ("1", "yes", "true") and not requirement,
    )


def assessed(filters: dict[str, str]) -> Asked:
    """The same for the dataset: requirements without an asked control are not assessed; they are listed on the pages,
    and have no place in it."""
    asked = asked_for(filters)
    return replace(asked, frameworks=() if asked.state == State.NOT_ASSESSED else asked.frameworks, assessed=True)


def pairs(extent: Extent) -> Iterator[Pair]:
    """The pairs asked for, application by application."""
    asked = assessed(extent.filters)
    rows = (
        narrowed(coverage_rows(extent.user, extent.department), asked)
        .order_by("application__external_id", "framework")
        .values_list("application_id", "framework", "states")
        .iterator(chunk_size=BLOCK)
    )
    while block := list(islice(rows, BLOCK)):
        yield from expanded(block, asked)


def as_row(pair: Pair) -> tuple:
    """A pair as a row of the dataset. `fulfilment` is what is certain: unanswered controls count as nothing."""
    return (
        *(pair.framework.id, pair.framework.version, pair.requirement.id, pair.requirement.title),
        *(pair.framework.binding, pair.application, pair.department, pair.state.value, pair.low),
        ";".join(control.id for control in pair.controls) or None,
        pair.due.isoformat() if pair.due else None,
        pair.obligation_from.isoformat() if pair.obligation_from else None,
    )


def rows(extent: Extent) -> Iterator[tuple]:
    """A row a live application and requirement."""
    return map(as_row, pairs(extent))
