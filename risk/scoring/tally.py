"""Coverage of applications by framework, as counts and one letter a requirement: what roll-ups add up.

Many applications at once, on arrays: truth is 1, 0 (unknown) or −1, so that Kleene's *and* is the minimum, *or* the
maximum and *not* the sign. `coverage_of` is the readable way for one application; a test holds the two together.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from risk.scoring.case import Case
from risk.scoring.coverage import ORGANISATION, FrameworkCoverage, RequirementState, assess_requirements
from risk.scoring.expressions import Expression, Truth
from risk.scoring.formulas import effectiveness
from risk.scoring.judgement import Judgement
from risk.scoring.method import Method
from risk.scoring.vocabulary import ALWAYS, MET_FROM, State

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
_CODES = ABSENT + "".join(LETTERS.values())  # state as a number: its place here
_KLEENE: Mapping[Truth, int] = {True: 1, None: 0, False: -1}
_NEVER = 0  # ordinal of "no date"

Floats = NDArray[np.float64]
Truths = NDArray[np.int8]
Codes = NDArray[np.int8]


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


def tallies(judgements: Sequence[Judgement], method: Method) -> list[list[Tally]]:
    """For each judgement the tallies of all frameworks of which a requirement applies."""
    if not judgements:
        return []
    plan = _plan(method)
    applies, starts = _conditions(judgements, plan, method)
    sums = _control_sums(judgements, plan, method)
    codes = _states(applies, starts, sums, np.array([[one.day.toordinal()] for one in judgements]))
    counted = (codes > 0) & (sums.size > 0)
    open_ones = (codes == _CODES.index(LETTERS[State.GAP])) | (codes == _CODES.index(LETTERS[State.PARTIAL]))
    counts = [codes == place for place in range(1, len(_CODES))]  # in the order of LETTERS, which is that of Tally
    counts += [open_ones & (sums.late > 0), counted]
    numbers = np.stack([_by_framework(one, plan) for one in counts], axis=2).astype(int).tolist()
    low, high = _fulfilment(applies, sums)
    ends = [_by_framework(np.where(counted, end, 0.0), plan) for end in (low, high)]
    fulfilled = np.stack(ends, axis=2).tolist()
    letters = np.array(list(_CODES.encode()), np.uint8)[codes]
    found = []
    for row in range(len(judgements)):
        text = letters[row].tobytes().decode()
        found.append(
            [
                Tally(framework, text[start:end], *numbers[row][place], *fulfilled[row][place])
                for place, (framework, start, end) in enumerate(plan.frameworks)
                if text[start:end].strip(ABSENT)
            ]
        )
    return found


@dataclass(frozen=True, slots=True)
class _Plan:
    """The method as arrays: one column a requirement of an application, framework after framework."""

    conditions: tuple[Expression, ...]
    applies: NDArray[np.int64]  # place of its condition; −1: a duty of the organisation
    start: NDArray[np.int64]  # ordinal of the general date
    start_when: tuple[tuple[int, int, int], ...]  # (column, place of the condition, ordinal)
    satisfied: Floats  # control × requirement, 1 where it satisfies
    controls: Mapping[str, int]
    frameworks: tuple[tuple[str, int, int], ...]  # (framework, first column, column after the last)


@lru_cache(maxsize=8)
def _plan(method: Method) -> _Plan:
    places: dict[Expression, int] = {}
    applies, starts, start_when, frameworks = [], [], [], []
    controls = {key: place for place, key in enumerate(method.controls)}
    requirements = list(method.requirements.values())
    satisfied = np.zeros((len(controls), len(requirements)))
    for column, one in enumerate(requirements):
        own = one.level != ORGANISATION
        applies.append(places.setdefault(one.applies_to, len(places)) if own else -1)
        starts.append(one.obligation_from.toordinal() if one.obligation_from else _NEVER)
        for condition, start in one.obligation_from_when:
            start_when.append((column, places.setdefault(condition, len(places)), start.toordinal()))
        for key in method.satisfied_by[one.key]:
            satisfied[controls[key], column] = 1.0
    column = 0
    for framework in method.frameworks.values():
        frameworks.append((framework.id, column, column + len(framework.requirements)))
        column += len(framework.requirements)
    return _Plan(
        tuple(places), np.array(applies), np.array(starts), tuple(start_when), satisfied, controls, tuple(frameworks)
    )


def _conditions(judgements: Sequence[Judgement], plan: _Plan, method: Method) -> tuple[Truths, NDArray[np.int64]]:
    """Truth of each requirement's condition, and the ordinal of the date from which it binds, by application."""
    rows = [[_KLEENE[one.facts.get(fact)] for fact in method.facts] for one in judgements]
    facts = dict(zip(method.facts, np.array(rows, np.int8).T, strict=True))
    facts[ALWAYS] = np.ones(len(judgements), np.int8)
    truths = np.stack([_kleene(condition, facts) for condition in plan.conditions], axis=1)
    applies = np.where(plan.applies < 0, np.int8(-1), truths[:, plan.applies])
    starts = np.tile(plan.start, (len(judgements), 1))
    special = np.full_like(starts, np.iinfo(np.int64).max)
    for column, place, start in plan.start_when:
        holds = truths[:, place] == 1
        special[holds, column] = np.minimum(special[holds, column], start)
    return applies, np.where(special < np.iinfo(np.int64).max, special, starts)


def _kleene(tree: Expression, facts: Mapping[str, Truths]) -> Truths:
    """The condition for every application at once."""
    if tree.kind == "atom":
        return facts[tree.name]
    parts = [_kleene(part, facts) for part in tree.parts]
    if tree.kind == "not":
        return np.negative(parts[0])
    joined: Truths = np.minimum.reduce(parts) if tree.kind == "and" else np.maximum.reduce(parts)
    return joined


@dataclass(frozen=True, slots=True)
class _Sums:
    """By application and requirement: how many asked controls satisfy it, the sum of what they are worth, and how many
    are unknown, weaker than *met* asks (unknown ones too), worth anything, and past their day."""

    size: Floats
    worth: Floats
    unknown: Floats
    weak: Floats
    working: Floats
    late: Floats


def _control_sums(judgements: Sequence[Judgement], plan: _Plan, method: Method) -> _Sums:
    shape = (len(judgements), len(plan.controls))
    asked, worth, unknown, late = np.zeros(shape), np.zeros(shape), np.zeros(shape), np.zeros(shape)
    for row, one in enumerate(judgements):
        due = due_days(one.case, method)
        for control in one.inputs.controls:
            place = plan.controls[control.id]
            asked[row, place] = 1.0
            value = effectiveness(control, method)
            if value is None:
                unknown[row, place] = 1.0
            else:
                worth[row, place] = value
            if control.id in due and due[control.id] < one.day:
                late[row, place] = 1.0
    weak = ((asked > 0) & (worth < MET_FROM)).astype(float)
    working = (worth > 0).astype(float)
    return _Sums(*(part @ plan.satisfied for part in (asked, worth, unknown, weak, working, late)))


def _states(applies: Truths, starts: NDArray[np.int64], sums: _Sums, day: NDArray[np.int64]) -> Codes:
    """State of each requirement, decided in the order of the method; 0 where it does not apply."""

    def code(state: State) -> np.int8:
        return np.int8(_CODES.index(LETTERS[state]))

    chosen = np.select(
        [
            applies < 0,
            starts > day,
            sums.size == 0,
            (applies == 0) | (sums.unknown == sums.size),
            sums.weak == 0,
            sums.working == 0,
        ],
        [
            np.int8(0),
            code(State.UPCOMING),
            code(State.NOT_ASSESSED),
            code(State.UNKNOWN),
            code(State.MET),
            code(State.GAP),
        ],
        default=code(State.PARTIAL),
    )
    return chosen.astype(np.int8)


def _fulfilment(applies: Truths, sums: _Sums) -> tuple[Floats, Floats]:
    """Mean worth of the controls with what is unknown as 0 and as 1; unclear applicability is both."""
    size = np.maximum(sums.size, 1.0)
    low = np.where(applies == 0, 0.0, sums.worth / size)
    high = np.where(applies == 0, 1.0, (sums.worth + sums.unknown) / size)
    return low, high


def _by_framework(values: NDArray[np.bool_] | Floats, plan: _Plan) -> Floats:
    """Sums of columns, framework by framework."""
    return np.add.reduceat(values.astype(float), [start for _, start, _ in plan.frameworks], axis=1)
