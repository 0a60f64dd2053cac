"""Steps in the life cycle of an application: which ones there are, and who may object to one.

Storeys above know reasons against a step (a prohibited practice, a missing signature). They hand in a guard when they
start, so that every door (page, API, import of the register) asks them, and nothing here imports upwards.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from inventory.choices import Lifecycle

# What never ran can't be suspended, and what is retired comes back only through a review.
NEXT_LIFECYCLES: dict[str, tuple[str, ...]] = {
    Lifecycle.IDEA: (Lifecycle.IN_REVIEW, Lifecycle.APPROVED, Lifecycle.LIVE, Lifecycle.RETIRED),
    Lifecycle.IN_REVIEW: (Lifecycle.IDEA, Lifecycle.APPROVED, Lifecycle.LIVE, Lifecycle.SUSPENDED, Lifecycle.RETIRED),
    Lifecycle.APPROVED: (Lifecycle.IN_REVIEW, Lifecycle.LIVE, Lifecycle.SUSPENDED, Lifecycle.RETIRED),
    Lifecycle.LIVE: (Lifecycle.IN_REVIEW, Lifecycle.SUSPENDED, Lifecycle.RETIRED),
    Lifecycle.SUSPENDED: (Lifecycle.IN_REVIEW, Lifecycle.LIVE, Lifecycle.RETIRED),
    Lifecycle.RETIRED: (Lifecycle.IDEA, Lifecycle.IN_REVIEW),
}


@dataclass(frozen=True, slots=True)
class Objection:
    """A reason against a step, and the page where it is mended: a route, and what its address holds after the id."""

    text: str
    route: str
    parts: tuple[str, ...] = ()


# Application → state it is to get, in; application → reasons why not, out (none: no objection). Asked once for many,
# in the transaction of the change and with the applications locked.
Guard = Callable[[Mapping[int, str]], Mapping[int, Iterable[Objection]]]

_guards: dict[str, Guard] = {}


def add_guard(name: str, guard: Guard) -> None:
    """Ask this guard from now on. The same name again replaces it."""
    _guards[name] = guard


def objections(steps: Mapping[int, str]) -> dict[int, list[Objection]]:
    """What speaks against these steps, by application; an application without objections is left out."""
    found: dict[int, list[Objection]] = {}
    for guard in _guards.values() if steps else ():
        for application, reasons in guard(steps).items():
            found.setdefault(application, []).extend(reasons)
    return {application: reasons for application, reasons in found.items() if reasons}


def step_problem(before: str, after: str) -> str:
    """Why there is no such step; empty where there is."""
    if after in NEXT_LIFECYCLES[before]:
        return ""
    allowed = ", ".join(str(Lifecycle(state).label) for state in NEXT_LIFECYCLES[before])
    return f"From {Lifecycle(before).label} it can't go to {Lifecycle(after).label}. Possible: {allowed}."
