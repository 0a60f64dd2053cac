"""Many applications judged at once, on arrays: the same numbers as `judgement.judge`; a property test holds the two
together. The class comes from `kinds`, what follows from the answers from `patterns`, formulas from `array_formulas`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from risk.scoring.application import Ratchet
from risk.scoring.array_formulas import UNKNOWN, Flags, Floats, Numbers, effects, inherent, loads, overall, residual
from risk.scoring.case import Case, Occurrence
from risk.scoring.codebook import Cases, codebook
from risk.scoring.forecast import HORIZONS
from risk.scoring.kinds import Kind, kinds
from risk.scoring.method import Method
from risk.scoring.patterns import Patterns, patterns_of
from risk.scoring.vocabulary import ATTESTED, EU_CLASS_FACTOR, EVIDENCED, PROVEN, SCALE_FACTOR, WORST


@dataclass(frozen=True, slots=True)
class Before:
    """The judgements before, one row a case: whether there was one, its points, its tier, and its ratchet by row.

    `points`: application × principle.
    """

    known: Flags
    overall: Floats
    points: Floats
    tier: Numbers
    held: Mapping[int, Ratchet] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Standing:
    """What each case's controls are worth on a day; tables are application × control, in the order of the library.

    `asked`: whether the control counts; `known`: whether its worth is; `worth`: e in [0, 1], 0 where it isn't known;
    `due`: ordinal of the promised day, else of the end of the review interval, 0 where nothing is stated.
    """

    patterns: Patterns
    day: date
    asked: Flags
    stated: Flags
    known: Flags
    worth: Floats
    due: Numbers

    def __len__(self) -> int:
        return len(self.asked)

    def part(self, start: int, end: int) -> "Standing":
        """Some of the cases."""
        rows = slice(start, end)
        tables = {name: getattr(self, name)[rows] for name in ("asked", "stated", "known", "worth", "due")}
        return replace(self, patterns=self.patterns.part(rows), **tables)


@dataclass(frozen=True, slots=True)
class Verdicts:
    """The scores of each case: principle × application, or one value an application.

    `ahead`: overall point, application × each further day judged (HORIZONS). `band`: its place in `Method.bands`.
    `held`: the ratchet in force, by row.
    """

    standing: Standing
    low: Floats
    high: Floats
    point: Floats
    inherent: Floats
    overall_low: Floats
    overall_high: Floats
    overall_point: Floats
    band: NDArray[np.int64]
    exposure: Floats
    ahead: Floats
    held: Mapping[int, Ratchet]

    @property
    def prohibited(self) -> Flags:
        """Where the gate is closed: the figures are 100 in the place of none."""
        return np.array([kind.prohibited for kind in self.standing.patterns.kinds], bool)


def judge_many(cases: Cases, day: date, method: Method, before: Before | None = None) -> Verdicts:
    """Judge cases as of a day. Every one must fit the method (`Codebook.faults`).

    With `before` the ratchet follows from it where there was a judgement; elsewhere `Cases.held` is in force.
    """
    found = _judged(cases, [day, *(day + timedelta(days=ahead) for ahead in HORIZONS)], method, before)
    _put_in_ended_agreements(found, cases, day, method)
    return found


def _put_in_ended_agreements(found: Verdicts, cases: Cases, day: date, method: Method) -> None:
    """Where an agreement that a control does not apply ends within the horizons, other controls are asked from then
    on: the days after it are judged anew. Few applications have one."""
    statements = _Statements.of(cases, codebook(method).statements.table)
    for place, days in enumerate(HORIZONS):
        then = day + timedelta(days=days)
        rows = np.flatnonzero((statements.ending(then) & ~statements.ending(day)).any(axis=1)).tolist()
        if rows:
            part = replace(
                cases.part(rows),
                occurrences={at: _of_window(cases.occurrences.get(row, ()), then) for at, row in enumerate(rows)},
                held={at: found.held[row] for at, row in enumerate(rows) if row in found.held},
            )
            found.ahead[rows, place] = _judged(part, [then], method, None).overall_point


def _of_window(occurrences: tuple[Occurrence, ...], day: date) -> tuple[Occurrence, ...]:
    return Case(occurrences=occurrences).later(day).occurrences


def _judged(cases: Cases, days: Sequence[date], method: Method, before: Before | None) -> Verdicts:
    """The verdicts of the first day, with the overall points of the further days, on which the same controls count."""
    book, found = codebook(method), kinds(method).of(cases)
    options = _options(cases, found, method)
    ends = [inherent(options, method, worst=worst) for worst in (False, True)]
    at_first = ends[0] + method.parameters.caution * (ends[1] - ends[0])
    at_first[:, [kind.prohibited for kind in found]] = WORST
    statements = _Statements.of(cases, book.statements.table).on(days[0])
    follows = patterns_of(cases, found, at_first.max(axis=0), statements.excluded, method)
    standing, worth = _standing(statements, follows, days, method)
    held = _ratchets(cases, standing, before, method)
    sums = effects(standing.asked, standing.known, worth, method)
    load = loads(cases.usage, cases.occurrences, cases.measures, days, method)
    unseen = np.where(cases.usage[:, 0] > 0, 0.0, method.parameters.no_telemetry_load)
    unseen[list(cases.measures)] = 0.0
    low = residual(ends[0], sums.mitigation(method, worst=False), load, method)
    high = residual(ends[1], sums.mitigation(method, worst=True), load + unseen, method)
    floor = _floor(held, standing, statements, method)
    return _verdicts(standing, (low, high), at_first, floor, held, _exposure(options, method), method)


def _options(cases: Cases, of_rows: Sequence[Kind], method: Method) -> dict[str, Numbers]:
    """Place of each factor's chosen option by row; the class comes from the kind."""
    book, found = codebook(method), {}
    for factor in method.factors.values():
        places: dict[Any, int] = {option: place for place, option in enumerate(factor.options)}
        if factor.id == EU_CLASS_FACTOR:
            found[factor.id] = np.array([places.get(kind.option, UNKNOWN) for kind in of_rows], np.int32)
            continue
        numbers, back = np.unique(cases.answers[:, book.keys.index(factor.id)], return_inverse=True)
        values = [book.answers.values[number] for number in numbers.tolist()]
        chosen = [places.get(one, UNKNOWN) if isinstance(one, str) else UNKNOWN for one in values]
        found[factor.id] = np.array(chosen, np.int32)[back]
    return found


def _exposure(options: Mapping[str, Numbers], method: Method) -> Floats:
    names = list(method.factors[SCALE_FACTOR].options)
    return np.array([method.exposure(name) for name in (*names, None)], float)[options[SCALE_FACTOR]]


@dataclass(frozen=True, slots=True)
class _Statements:
    """What is stated about each control, application × control: status as a place (−1: none), days as ordinals."""

    stated: Flags
    status: Numbers
    as_of: Numbers
    due: Numbers
    until: Numbers
    excluded: Flags
    agreed: Numbers
    rest: Numbers

    @classmethod
    def of(cls, cases: Cases, table: Numbers) -> "_Statements":
        status, as_of, due, until, applies, agreed, rest = (column[cases.statements] for column in table.T)
        stated = cases.statements > 0
        return cls(stated, status, as_of, due, until, stated & (applies == 0), agreed, rest)

    def ending(self, day: date) -> Flags:
        """Where a control was agreed not to apply and the time of that is up on the day."""
        found: Flags = self.excluded & (self.agreed > 0) & (self.agreed < day.toordinal())
        return found

    def on(self, day: date) -> "_Statements":
        """As `Case.on`: without the agreements whose time is up."""
        ended = self.ending(day)
        if not ended.any():
            return self
        return replace(self, stated=self.stated & ~(ended & (self.status < 0)), excluded=self.excluded & ~ended)


@dataclass(frozen=True, slots=True)
class _Statuses:
    """The states of a control as arrays, with one more place for none."""

    base: Floats
    proven: Flags
    attested: int
    evidenced: int
    interval: Numbers  # by control


@lru_cache(maxsize=4)
def _statuses(method: Method) -> _Statuses:
    names = list(method.control_status)
    return _Statuses(
        base=np.array([*method.control_status.values(), 0.0]),
        proven=np.array([name in PROVEN for name in names] + [False]),
        attested=names.index(ATTESTED),
        evidenced=names.index(EVIDENCED),
        interval=np.array([one.review_days for one in method.controls.values()], np.int32),
    )


def _standing(
    statements: _Statements, found: Patterns, days: Sequence[date], method: Method
) -> tuple[Standing, Floats]:
    """Which controls count, and what each is worth on each of the days (section 3)."""
    stated, statuses = statements.stated, _statuses(method)
    asked = np.where(stated, found.asked_stated, found.asked_open)
    certain = np.where(stated, found.certain_stated, found.certain_open)
    known = asked & certain & (statements.status >= 0)
    worth = np.stack([np.where(known, _worth(statements, day, statuses), 0.0) for day in days])
    review = statements.as_of + statuses.interval
    due = np.where(stated, np.where(statements.due > 0, statements.due, review), 0)
    return Standing(found, days[0], asked, stated, known, worth[0], due), worth


def _worth(statements: _Statements, day: date, statuses: _Statuses) -> Floats:
    """e of each statement: base of the status · φ(age); evidence that has run out is worth an attestation, unless there
    is other evidence."""
    now, status, interval = day.toordinal(), statements.status, statuses.interval
    ended = (statements.until > 0) & (now > statements.until) & statuses.proven[status]
    left = np.where(now <= statements.rest, statuses.evidenced, statuses.attested)
    base = statuses.base[np.where(ended, left, status)]
    age = np.maximum(0, now - statements.as_of)
    return np.where(age <= interval, base, base * np.maximum(0.0, 2 - age / interval))


def _ratchets(cases: Cases, standing: Standing, before: Before | None, method: Method) -> dict[int, Ratchet]:
    """The ratchet in force by row, as `controls.next_ratchet` decides it (section 3)."""
    held = dict(cases.held)
    if before is None:
        return held
    tier = standing.patterns.tier
    control_tier = np.array([one.tier for one in method.controls.values()])
    by_tier: Flags = standing.patterns.by_tier & ~standing.stated
    risen: Flags = np.array(before.known & (tier > before.tier))
    fresh: Flags = by_tier & (control_tier > before.tier[:, None]) & risen[:, None]
    rising: Flags = np.array(fresh.any(axis=1))
    names = np.array(list(method.controls), object)
    for row in np.flatnonzero(before.known).tolist() if held else ():
        held.pop(row, None)
    for row in sorted({*np.flatnonzero(rising).tolist(), *before.held}):
        old = before.held.get(row)
        waits = set(names[standing.asked[row] & ~standing.stated[row]])
        waiting = tuple(control for control in old.pending if control in waits) if old else ()
        if rising[row]:
            points = dict(zip(method.principles, before.points[row].tolist(), strict=True))
            pending = tuple(dict.fromkeys((*waiting, *names[fresh[row]])))
            held[row] = Ratchet(float(before.overall[row]), points, pending)
        elif old and waiting:
            held[row] = Ratchet(old.overall, old.principles, waiting)
    return held


def _floor(held: Mapping[int, Ratchet], standing: Standing, statements: _Statements, method: Method) -> Floats | None:
    """Least point values by row: overall, then by principle; −∞ where nothing is held. None where nothing is at all."""
    if not held:
        return None
    floor = np.full((1 + len(method.principles), len(standing)), -np.inf)
    names = np.array(list(method.controls), object)
    for row, one in held.items():
        waiting = names[standing.asked[row] & (statements.status[row] < 0)]
        if set(waiting).intersection(one.pending):
            floor[:, row] = [one.overall, *(one.principles.get(p, 0.0) for p in method.principles)]
    return floor


def _verdicts(
    standing: Standing,
    ends: tuple[Floats, Floats],
    at_first: Floats,
    floor: Floats | None,
    held: Mapping[int, Ratchet],
    exposure: Floats,
    method: Method,
) -> Verdicts:
    """Points between low and high, the overall risk, and the gate, which shows 100 everywhere (sections 2, 5 and 6).

    `ends`: low and high by principle, day and application.
    """
    low, high = ends
    caution = method.parameters.caution
    point = low + caution * (high - low)
    if floor is not None:
        point = np.maximum(point, floor[1:, None])
        high = np.maximum(high, point)
    overall_low, overall_high = overall(low, method), overall(high, method)
    overall_point = overall_low + caution * (overall_high - overall_low)
    if floor is not None:
        overall_point = np.maximum(overall_point, floor[0])
        overall_high = np.maximum(overall_high, overall_point)
    prohibited = np.array([one.prohibited for one in standing.patterns.kinds], bool)
    for figures in (low, high, point, overall_low, overall_high, overall_point):
        figures[..., prohibited] = WORST
    starts = np.array([start for _, start in method.bands])
    return Verdicts(
        standing=standing,
        low=low[:, 0],
        high=high[:, 0],
        point=point[:, 0],
        inherent=at_first,
        overall_low=overall_low[0],
        overall_high=overall_high[0],
        overall_point=overall_point[0],
        band=np.searchsorted(starts, overall_point[0], side="right") - 1,
        exposure=exposure,
        ahead=overall_point[1:].T,
        held=held,
    )
