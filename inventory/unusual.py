"""When a day's use is out of the ordinary: one rule for numbers and for shares, from the days before it.

Pure. A day is unusual where its value is above the mean of the 28 days before by more than three standard deviations,
and more than three times their median, and enough happened for the value to mean anything. With less than 14 days
before it nobody can tell, and that is what it says. Why this rule, and what it can't see: docs/decisions/0026.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from math import ceil, fsum, sqrt
from statistics import fmean, median
from typing import NamedTuple

USUAL_SHARE = 0.1  # of the days at either end that "usually" leaves out


class State(StrEnum):
    """What can be said of a day."""

    USUAL = "usual"
    UNUSUAL = "unusual"
    TOO_FEW = "too_few"  # happened on the day itself
    TOO_YOUNG = "too_young"  # too few days before it


class Count(NamedTuple):
    """A day: so many of so many interactions. For a number of interactions both are the same."""

    hits: int
    total: int


@dataclass(frozen=True, slots=True)
class Thresholds:
    """All that the rule hangs on; days, then numbers of interactions. `hits`: of a share, so many must be what it
    counts; `base`: a day before with fewer interactions has no share that says anything."""

    window: int = 28
    history: int = 14
    deviations: float = 3.0
    times: float = 3.0
    events: int = 50
    hits: int = 10
    base: int = 10
    workdays: tuple[int, ...] = (1, 2, 3, 4, 5)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the rule says of a day. `value` is None for a share of nothing; `low`, `high` and `limit` where too few days
    went before. `days`: how many they are."""

    state: State
    value: float | None
    low: float | None = None
    high: float | None = None
    limit: float | None = None
    days: int = 0


def judge(past: Sequence[Count], today: Count, *, share: bool, thresholds: Thresholds) -> Verdict:
    """Judge a day by the days before it, in any order. `share`: the value is hits / total, else the hits."""
    t = thresholds
    before = sorted(one.hits / one.total for one in past if one.total >= t.base) if share else _numbers(past)
    value = _value(today, share)
    if len(before) < max(t.history, 2):
        return Verdict(State.TOO_YOUNG, value, days=len(before))
    found = Verdict(
        state=State.USUAL,
        value=value,
        low=before[_cut(len(before))],
        high=before[-1 - _cut(len(before))],
        limit=_limit(before, share, t),
        days=len(before),
    )
    if value is None or today.total < t.events or (share and today.hits < t.hits):
        return _with(found, State.TOO_FEW)
    assert found.limit is not None
    return _with(found, State.UNUSUAL) if value > found.limit else found


def _numbers(past: Sequence[Count]) -> list[float]:
    return sorted(float(one.hits) for one in past)


def _value(count: Count, share: bool) -> float | None:
    if not share:
        return float(count.hits)
    return count.hits / count.total if count.total else None


def _cut(days: int) -> int:
    return ceil(days * USUAL_SHARE) - 1


def _limit(before: Sequence[float], share: bool, t: Thresholds) -> float:
    """What a value must exceed. Three times a share is three times its odds, so that it stays below one."""
    middle = median(before)
    multiple = t.times * middle / (1 + (t.times - 1) * middle) if share else t.times * middle
    return max(fmean(before) + t.deviations * deviation(before, middle), multiple)


def deviation(values: Sequence[float], near: float) -> float:
    """The sample standard deviation of two or more values. Of differences to a value in their midst the sums lose
    nothing, and of numbers they are exact; `statistics.stdev` reckons in fractions, at ten times the cost."""
    count, apart = len(values), [value - near for value in values]
    squares = count * fsum(one * one for one in apart) - fsum(apart) ** 2
    return sqrt(max(squares, 0.0) / (count * (count - 1)))


def _with(found: Verdict, state: State) -> Verdict:
    return Verdict(state, found.value, found.low, found.high, found.limit, found.days)


class Day(NamedTuple):
    """A day's use. `off_hours` is None where some of it was stored before that was counted."""

    interactions: int = 0
    sensitive: int = 0
    off_hours: int | None = 0

    def of(self, metric: str) -> Count | None:
        """What the metric counts of it; None where nobody knows."""
        hits = {"interactions": self.interactions, "sensitive": self.sensitive, "off_hours": self.off_hours}[metric]
        return None if hits is None else Count(hits, self.interactions)


def is_share(metric: str) -> bool:
    """Whether the metric is a share of interactions."""
    return metric != "interactions"


def counts_on(metric: str, day: date, thresholds: Thresholds) -> bool:
    """Whether the metric says anything on that day of the week."""
    return metric != "off_hours" or day.isoweekday() in thresholds.workdays


def weekdays(text: str) -> tuple[int, ...]:
    """ISO weekdays of "1-5" or "1,2,4". Raises ValueError."""
    found: set[int] = set()
    for part in text.replace(" ", "").split(","):
        first, _, last = part.partition("-")
        if not (len(first) == 1 and first in "1234567") or (last and not (len(last) == 1 and last in "1234567")):
            raise ValueError(f"Days are like 1-5 or 1,2,4 (1: Monday), not {text!r}.")
        found.update(range(int(first), int(last or first) + 1))
    return tuple(sorted(found))


def judge_day(
    metric: str, days: Mapping[date, Day], told: Collection[date], on: date, thresholds: Thresholds
) -> Verdict | None:
    """Judge one day of a course. A day before counts if feeds told of anything at all on it (`told`), from the first
    use within the window on; it is then a day without use where `days` doesn't have it. None where the day itself has
    nothing to judge. Off hours are judged among working days: on others all is off hours, and three standard
    deviations of a course that jumps to 100 % every weekend would let anything pass."""
    today = days.get(on, Day()).of(metric)
    if today is None or not counts_on(metric, on, thresholds):
        return None
    first = on - timedelta(days=thresholds.window)
    used = [day for day, use in days.items() if first <= day < on and use.interactions]
    since = min(used, default=on)
    before = [
        days.get(day, Day()).of(metric) for day in told if since <= day < on and counts_on(metric, day, thresholds)
    ]
    return judge([one for one in before if one], today, share=is_share(metric), thresholds=thresholds)
