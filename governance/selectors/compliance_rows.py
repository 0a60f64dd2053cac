"""Rows of the dataset `compliance`: each requirement that applies to each live application."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice

from governance.selectors import compliance_then
from governance.selectors.extent import Extent, figures, texts, truths
from governance.selectors.narrowing import LATE, YES, Filters
from governance.selectors.requirements import Asked, Pair, coverage_rows, expanded, narrowed
from inventory.models import Department
from risk.method import load_method
from risk.scoring.vocabulary import State
from risk.selectors import applications

BLOCK = 1_000  # rows of coverage, about thirteen an application
COLUMNS = (
    *texts("framework version requirement title"),
    *truths("binding"),
    *texts("application department"),
    *figures("state fulfilment controls due obligation_from"),
)


def asked_for(filters: Filters, department: Department | None = None) -> Asked:
    """What an address asks for, as `governance.selectors.narrowing` reads it; `department`: the one it names."""
    named, binding = filters.get("framework"), filters.get("binding")
    return Asked(
        frameworks=tuple(
            one.id
            for one in load_method().frameworks.values()
            if (not named or one.id in named) and (not binding or one.binding == (YES in binding))
        ),
        states=tuple(State(state) for state in filters.get("state", ())) or tuple(State),
        requirements=filters.get("requirement", ()),
        late=LATE in filters,
        applications=applications.among(applications.wanted_by(filters, department)),
    )


def assessed(filters: Filters, department: Department | None) -> Asked:
    """The same for the dataset: requirements without an asked control are not assessed; they are listed on the pages,
    and have no place in it."""
    asked = asked_for(filters, department)
    return replace(asked, states=tuple(state for state in asked.states if state != State.NOT_ASSESSED))


def pairs(extent: Extent) -> Iterator[Pair]:
    """The pairs asked for, application by application."""
    asked = assessed(extent.filters, extent.department)
    if extent.past:
        yield from compliance_then.pairs(extent, asked)
        return
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
