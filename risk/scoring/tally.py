"""Coverage of applications by framework, as counts and one letter a requirement: what roll-ups add up.

Many applications at once, on arrays. `coverage_of` is the readable way for one application; a test holds the two
together.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from risk.scoring.bulk import Standing
from risk.scoring.case import Case
from risk.scoring.coverage import ORGANISATION, FrameworkCoverage, RequirementState, assess_requirements
from risk.scoring.formulas import effectiveness
from risk.scoring.judgement import Judgement
from risk.scoring.method import Method
from risk.scoring.patterns import node
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
_CODES = ABSENT + "".join(LETTERS.values())  # state as a number: its place here
_NEVER = 0  # ordinal of "no date"
_ROWS = 128  # applications at once: their tables fit into the processor's cache

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


def coverage_of(
    judgement: Judgement, method: Method, frameworks: Collection[str] | None = None
) -> dict[str, FrameworkCoverage]:
    """Every framework, or those named, as this application stands, requirement by requirement (docs/method.md §8)."""
    worth = {one.id: effectiveness(one, method) for one in judgement.inputs.controls}
    due = due_days(judgement.case, method)
    return assess_requirements(method, judgement.facts, worth, judgement.day, due, frameworks)


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


@dataclass(frozen=True, slots=True)
class Tallies:
    """The tallies of many applications: `numbers` and `sums` are application × framework × figure, in the order of
    `Tally`; `letters` one text an application, all frameworks one after the other, cut at `spans`."""

    frameworks: tuple[str, ...]
    spans: tuple[tuple[int, int], ...]
    letters: list[str]
    numbers: NDArray[np.int64]
    sums: Floats

    def of(self, row: int) -> list[Tally]:
        """The tallies of the frameworks of which a requirement applies to this application."""
        text, numbers, sums = self.letters[row], self.numbers[row].tolist(), self.sums[row].tolist()
        return [
            Tally(framework, text[start:end], *numbers[place], *sums[place])
            for place, (framework, (start, end)) in enumerate(zip(self.frameworks, self.spans, strict=True))
            if text[start:end].strip(ABSENT)
        ]


def tallies(standing: Standing, method: Method) -> Tallies:
    """Coverage of all frameworks by each of the applications, as of the day of their standing."""
    plan = _plan(method)
    blocks = [_block(standing.part(start, start + _ROWS), plan) for start in range(0, len(standing), _ROWS)]
    return Tallies(
        frameworks=tuple(framework for framework, _, _ in plan.frameworks),
        spans=tuple((start, end) for _, start, end in plan.frameworks),
        letters=[text for letters, _, _ in blocks for text in letters],
        numbers=np.concatenate([numbers for _, numbers, _ in blocks]),
        sums=np.concatenate([sums for _, _, sums in blocks]),
    )


def _block(standing: Standing, plan: "_Plan") -> tuple[list[str], NDArray[np.int64], Floats]:
    """Letters, numbers and sums of some applications."""
    applies, starts = _conditions(standing, plan)
    sums = _control_sums(standing, plan)
    codes = _states(applies, starts, sums, standing.day.toordinal())
    counted = (codes > 0) & (sums.size > 0)
    open_ones = (codes == _CODES.index(LETTERS[State.GAP])) | (codes == _CODES.index(LETTERS[State.PARTIAL]))
    counts = [codes == place for place in range(1, len(_CODES))]  # in the order of LETTERS, which is that of Tally
    counts += [open_ones & (sums.late > 0), counted]
    ends = [_by_framework(np.where(counted, end, 0.0), plan) for end in _fulfilment(applies, sums)]
    text, width = np.array(list(_CODES.encode()), np.uint8)[codes].tobytes().decode(), codes.shape[1]
    return (
        [text[start : start + width] for start in range(0, len(text), width)],
        np.stack([_by_framework(one, plan) for one in counts], axis=2).astype(np.int64),
        np.stack(ends, axis=2),
    )


@dataclass(frozen=True, slots=True)
class _Plan:
    """The method as arrays: one column a requirement of an application, framework after framework."""

    applies: NDArray[np.int64]  # node of its condition; −1: a duty of the organisation
    start: NDArray[np.int64]  # ordinal of the general date
    start_when: tuple[tuple[int, int, int], ...]  # (column, node of the condition, ordinal)
    members: NDArray[np.int64]  # controls, one set after the other, each begun by one that nobody has
    set_starts: NDArray[np.int64]  # place in `members` at which each set begins
    sets: NDArray[np.int64]  # the set that satisfies each requirement; many share one
    frameworks: tuple[tuple[str, int, int], ...]  # (framework, first column, column after the last)


@lru_cache(maxsize=8)
def _plan(method: Method) -> _Plan:
    applies, starts, start_when, frameworks = [], [], [], []
    sets: dict[tuple[str, ...], int] = {}
    for column, one in enumerate(method.requirements.values()):
        own = one.level != ORGANISATION
        applies.append(node(one.applies_to, method) if own else -1)
        starts.append(one.obligation_from.toordinal() if one.obligation_from else _NEVER)
        for condition, start in one.obligation_from_when:
            start_when.append((column, node(condition, method), start.toordinal()))
    of_requirement = [sets.setdefault(method.satisfied_by[key], len(sets)) for key in method.requirements]
    controls = {key: place for place, key in enumerate(method.controls)}
    nobody = len(controls)
    column = 0
    for framework in method.frameworks.values():
        frameworks.append((framework.id, column, column + len(framework.requirements)))
        column += len(framework.requirements)
    return _Plan(
        applies=np.array(applies),
        start=np.array(starts),
        start_when=tuple(start_when),
        members=np.array([place for one in sets for place in (nobody, *(controls[key] for key in one))]),
        set_starts=np.cumsum([0, *(1 + len(one) for one in sets)][:-1]),
        sets=np.array(of_requirement),
        frameworks=tuple(frameworks),
    )


def _conditions(standing: Standing, plan: _Plan) -> tuple[Truths, NDArray[np.int64]]:
    """Truth of each requirement's condition, and the ordinal of the date from which it binds, by application."""
    truths = standing.patterns.conditions
    applies = np.where(plan.applies < 0, np.int8(-1), truths[:, plan.applies])
    starts = np.tile(plan.start, (len(standing), 1))
    special = np.full_like(starts, np.iinfo(np.int64).max)
    for column, place, start in plan.start_when:
        holds = truths[:, place] == 1
        special[holds, column] = np.minimum(special[holds, column], start)
    return applies, np.where(special < np.iinfo(np.int64).max, special, starts)


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


def _control_sums(standing: Standing, plan: _Plan) -> _Sums:
    asked, known, worth = standing.asked, standing.known, standing.worth
    late = asked & (standing.due > 0) & (standing.due < standing.day.toordinal())
    parts = (asked, worth, asked & ~known, asked & (worth < MET_FROM), worth > 0, late)
    return _Sums(*(_over_sets(part.astype(float), plan) for part in parts))


def _over_sets(values: Floats, plan: _Plan) -> Floats:
    """Sums over the controls that satisfy each requirement; no matrix product, whose threads would fight for cores."""
    padded = np.pad(values, ((0, 0), (0, 1)))
    return np.add.reduceat(padded[:, plan.members], plan.set_starts, axis=1)[:, plan.sets]


def _states(applies: Truths, starts: NDArray[np.int64], sums: _Sums, day: int) -> Codes:
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
