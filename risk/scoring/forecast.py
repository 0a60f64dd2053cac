"""What a score will be if nobody acts: the same case judged at later days (docs/method.md §3 and §4).

Statements age, evidence ends, alerts fade and leave the window; answers, statements and use stay as they are.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from risk.scoring.application import ApplicationScore
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


@dataclass(frozen=True, slots=True)
class TurningPoint:
    """The first day on which a control's statement is worth less, or begins to lose value."""

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
    days_ahead = [judgement.day + timedelta(days=days) for days in horizons]
    return tuple(outlook(judgement, later(judgement, day, method), method) for day in days_ahead)


def outlook(judgement: Judgement, ahead: Judgement, method: Method) -> Outlook:
    """What moves the score from one judgement to a later one of the same case."""
    causes = differences(judgement, ahead, method, method)
    return Outlook((ahead.day - judgement.day).days, ahead.day, ahead.score, causes)


def turning_points(judgement: Judgement, method: Method, until: date) -> tuple[TurningPoint, ...]:
    """Days after the judgement, up to `until`, on which a statement that works begins to be worth less."""
    found = []
    for control in judgement.inputs.controls:
        stated = judgement.case.controls.get(control.id)
        if stated is None or not method.control_status.get(stated.status or "", 0.0):
            continue
        interval = timedelta(days=int(control.interval))
        turns = [(stated.as_of + interval + timedelta(days=1), Turning.REVIEW_DUE)]
        turns.append((stated.as_of + 2 * interval, Turning.WORTHLESS))
        if stated.valid_until is not None and stated.status in PROVEN:
            turns.append((stated.valid_until + timedelta(days=1), Turning.EVIDENCE_ENDS))
        found += [TurningPoint(day, control.id, what) for day, what in turns if judgement.day < day <= until]
    return tuple(sorted(found, key=lambda one: (one.day, one.control, one.what)))


def course(judgement: Judgement, method: Method, days: int = HORIZONS[-1], step: int = 7) -> list[Judgement]:
    """The judgement on every `step`-th day ahead, on each horizon and on each turning point, oldest first."""
    end = judgement.day + timedelta(days=days)
    wanted = {judgement.day + timedelta(days=n) for n in (*range(step, days + 1, step), *HORIZONS) if n <= days}
    wanted |= {one.day for one in turning_points(judgement, method, end)}
    return [later(judgement, day, method) for day in sorted(wanted)]
