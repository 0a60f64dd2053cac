"""Coverage of one application by framework, as counts and one letter a requirement: what roll-ups add up."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from math import fsum

from risk.scoring.case import Case
from risk.scoring.coverage import ORGANISATION, FrameworkCoverage, RequirementState, assess_requirements
from risk.scoring.expressions import Expression, Truth, evaluate
from risk.scoring.formulas import effectiveness
from risk.scoring.judgement import Judgement
from risk.scoring.method import Method, Requirement
from risk.scoring.vocabulary import MET_FROM, State

# One letter a requirement, in the framework's order; what does not apply, and duties of the organisation, are ABSENT.
LETTERS: Mapping[State, str] = {
    State.MET: "m",
    State.PARTIAL: "p",
    State.GAP: "g",
    State.UNKNOWN: "u",
    State.UPCOMING: "c",
    State.NOT_ASSESSED: "n",
}
STATES: Mapping[str, State] = {letter: state for state, letter in LETTERS.items()}
ABSENT = "."
_OPEN = (State.GAP, State.PARTIAL)


@dataclass(frozen=True, slots=True)
class Tally:
    """One framework for one application: requirements by state, and the sums that coverage is the quotient of.

    `assessed` requirements are in the mean; `low`, `high` are sums of their fulfilment. `overdue`: gaps and partly met
    ones with a day that has passed.
    """

    framework: str
    states: str
    met: int
    partial: int
    gap: int
    unknown: int
    upcoming: int
    not_assessed: int
    overdue: int
    assessed: int
    low: float
    high: float


def coverage_of(judgement: Judgement, method: Method) -> dict[str, FrameworkCoverage]:
    """Every framework as this application stands, requirement by requirement (docs/method.md §8)."""
    worth = {one.id: effectiveness(one, method) for one in judgement.inputs.controls}
    return assess_requirements(method, judgement.facts, worth, judgement.day, due_days(judgement.case, method))


def due_days(case: Case, method: Method) -> dict[str, date]:
    """Day by which each stated control is due: the promised one, else the end of its review interval."""
    return {
        key: one.due or one.as_of + timedelta(days=method.controls[key].review_days)
        for key, one in case.controls.items()
        if key in method.controls
    }


def overdue(one: RequirementState, day: date) -> bool:
    """Whether a day by which something was due has passed while the requirement is not met."""
    return one.state in _OPEN and one.due is not None and one.due < day


def tally(judgement: Judgement, method: Method) -> list[Tally]:
    """The tallies of all frameworks of which a requirement applies.

    Says the same as counting `coverage_of` (a test holds them together), five times as fast: conditions that many
    requirements share are evaluated once.
    """
    plan = _plan(method)
    count = _Count(
        truths=[evaluate(condition, judgement.facts.get) for condition in plan.conditions],
        worth={one.id: effectiveness(one, method) for one in judgement.inputs.controls},
        due=due_days(judgement.case, method),
        day=judgement.day,
    )
    found = (_tally(key, rows, count) for key, rows in plan.frameworks.items())
    return [one for one in found if one.states.strip(ABSENT)]


@dataclass(frozen=True, slots=True)
class _Row:
    """A requirement with its conditions as places in the plan's list; None: a duty of the organisation."""

    applies: int | None
    controls: tuple[str, ...]
    start: date | None
    start_when: tuple[tuple[int, date], ...]


@dataclass(frozen=True, slots=True)
class _Plan:
    conditions: tuple[Expression, ...]
    frameworks: Mapping[str, tuple[_Row, ...]]


@dataclass(frozen=True, slots=True)
class _Count:
    truths: list[Truth]
    worth: Mapping[str, float | None]
    due: Mapping[str, date]
    day: date


@lru_cache(maxsize=8)
def _plan(method: Method) -> _Plan:
    places: dict[Expression, int] = {}

    def place(condition: Expression) -> int:
        return places.setdefault(condition, len(places))

    def row(one: Requirement) -> _Row:
        return _Row(
            None if one.level == ORGANISATION else place(one.applies_to),
            method.satisfied_by[one.key],
            one.obligation_from,
            tuple((place(condition), start) for condition, start in one.obligation_from_when),
        )

    frameworks = {f.id: tuple(map(row, f.requirements.values())) for f in method.frameworks.values()}
    return _Plan(tuple(places), frameworks)


def _tally(framework: str, rows: tuple[_Row, ...], count: _Count) -> Tally:
    letters, low, high, late = [], [], [], 0
    for row in rows:
        applicable = False if row.applies is None else count.truths[row.applies]
        if applicable is False:
            letters.append(ABSENT)
            continue
        known = [count.worth[c] for c in row.controls if c in count.worth]
        if known:
            least, most = _fulfilment(known, applicable)
            low.append(least)
            high.append(most)
        state = _state(row, known, applicable, count)
        letters.append(LETTERS[state])
        if state in _OPEN:
            late += any(count.due[c] < count.day for c in row.controls if c in count.worth and c in count.due)
    text = "".join(letters)
    numbers = {state.value: text.count(letter) for state, letter in LETTERS.items()}
    return Tally(framework, text, **numbers, overdue=late, assessed=len(low), low=fsum(low), high=fsum(high))


def _fulfilment(known: list[float | None], applicable: Truth) -> tuple[float, float]:
    if applicable is None:
        return 0.0, 1.0
    certain = sum(e for e in known if e is not None)
    return certain / len(known), (certain + known.count(None)) / len(known)


def _state(row: _Row, known: list[float | None], applicable: Truth, count: _Count) -> State:
    """The order of the method: upcoming, (not assessed,) unknown, met, gap, partial."""
    starts = [start for place, start in row.start_when if count.truths[place] is True]
    start = min(starts, default=row.start)
    if start is not None and start > count.day:
        return State.UPCOMING
    if not known:
        return State.NOT_ASSESSED
    if applicable is None or known.count(None) == len(known):
        return State.UNKNOWN
    least, most = min(e or 0.0 for e in known), max(e or 0.0 for e in known)
    if least >= MET_FROM:
        return State.MET
    return State.GAP if most <= 0 else State.PARTIAL
