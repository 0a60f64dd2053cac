"""What a score will be if nobody acts: the same case judged at later days (docs/method.md §3 and §4).

Statements age, evidence ends, agreements that a control does not apply end, alerts fade and leave the window; answers
and statements stay as they are, and use (with attacks among it) goes on at the present rate. Nothing else hangs on the
day: which duties bind decides what is asked also before they begin, and records due again move no score.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from risk.scoring.application import ApplicationScore
from risk.scoring.case import WINDOW_DAYS, Stated
from risk.scoring.compare import Cause, differences
from risk.scoring.judgement import Judgement, judge
from risk.scoring.method import Method
from risk.scoring.vocabulary import PROVEN

HORIZONS = (30, 60, 90)  # days


class Turning(StrEnum):
    """What happens to a statement by itself."""

    EVIDENCE_ENDS = "evidence_ends"  # from this day on it is worth an attestation
    REVIEW_DUE = "review_due"  # from this day on it loses value every day
    WORTHLESS = "worthless"  # from this day on it is worth nothing
    AGREEMENT_ENDS = "agreement_ends"  # from this day on the control, left out by agreement, is asked again


@dataclass(frozen=True, slots=True)
class TurningPoint:
    """The first day on which a control's statement is worth less or begins to lose value, or it is asked again."""

    day: date
    control: str
    what: Turning


@dataclass(frozen=True, slots=True)
class Outlook:
    """The score `days` ahead if nobody acts, with what moves it until then, each with its effect."""

    days: int
    day: date
    score: ApplicationScore
    causes: tuple[Cause, ...]


def later(judgement: Judgement, day: date, method: Method) -> Judgement:
    """The judgement of the same case on a later day: the ratchet in force stays in force."""
    return judge(judgement.case.later(day), day, method)


def forecast(judgement: Judgement, method: Method, horizons: Iterable[int] = HORIZONS) -> tuple[Outlook, ...]:
    """The score on each horizon, in days from the day of the judgement."""
    found = []
    for days in horizons:
        ahead = later(judgement, judgement.day + timedelta(days=days), method)
        found.append(Outlook(days, ahead.day, ahead.score, differences(judgement, ahead, method, method)))
    return tuple(found)


def turning_points(judgement: Judgement, method: Method, until: date) -> tuple[TurningPoint, ...]:
    """Days after the judgement, up to `until`, on which a statement that works begins to be worth less, or one that
    two people left out is asked again."""
    asked = {control.id for control in judgement.inputs.controls}
    found = []
    for key, stated in judgement.case.controls.items():
        turns = []
        if key in method.controls and not stated.applicable and stated.agreed_until is not None:
            turns.append((stated.agreed_until + timedelta(days=1), Turning.AGREEMENT_ENDS))
        if (key in asked or turns) and method.control_status.get(stated.status or "", 0.0):
            first = stated.agreed_until or date.min
            interval = timedelta(days=method.controls[key].review_days)
            turns += [turn for turn in _losses(stated, interval) if turn[0] > first]
        found += [TurningPoint(day, key, what) for day, what in turns if judgement.day < day <= until]
    return tuple(sorted(found, key=lambda one: (one.day, one.control, one.what)))


def _losses(stated: Stated, interval: timedelta) -> Iterator[tuple[date, Turning]]:
    """The days from which a statement is worth less, or loses value."""
    yield stated.as_of + interval + timedelta(days=1), Turning.REVIEW_DUE
    yield stated.as_of + 2 * interval, Turning.WORTHLESS
    for end in (stated.valid_until, stated.evidenced_until) if stated.status in PROVEN else ():
        if end is not None and end < date.max:
            yield end + timedelta(days=1), Turning.EVIDENCE_ENDS


def course(judgement: Judgement, method: Method, days: int = HORIZONS[-1], step: int = 7) -> list[Judgement]:
    """The judgement on every `step`-th day ahead, on each horizon and on each day on which something turns, an alert
    leaves the window or counts by itself again, oldest first."""
    start, end = judgement.day, judgement.day + timedelta(days=days)
    wanted = {start + timedelta(days=n) for n in (*range(step, days + 1, step), *HORIZONS) if n <= days}
    wanted |= {one.day for one in turning_points(judgement, method, end)}
    gone = {one.day + timedelta(days=WINDOW_DAYS + 1) for one in judgement.case.occurrences}
    back = {one.counts_from for one in judgement.case.occurrences if one.counts_from is not None}
    wanted |= {day for day in gone | back if start < day <= end}
    return [later(judgement, day, method) for day in sorted(wanted)]
