"""When a day's use is out of the ordinary: values worked out by hand, and what must hold for any days."""

from datetime import date, timedelta
from random import Random
from statistics import median, stdev

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inventory.unusual import Count, Day, State, Thresholds, Verdict, deviation, judge, judge_day

T = Thresholds()
PLAIN = [Count(n, n) for n in (40, 50, 60, 50) * 7]  # mean 50, median 50, standard deviation √(14·100/27) = 7.20


def number(past: list[Count], today: int) -> Verdict:
    return judge(past, Count(today, today), share=False, thresholds=T)


def share(past: list[Count], hits: int, total: int) -> Verdict:
    return judge(past, Count(hits, total), share=True, thresholds=T)


def test_a_number_worked_out_by_hand() -> None:
    found = number(PLAIN, 151)
    assert (found.state, found.value, found.low, found.high, found.days) == (State.UNUSUAL, 151, 40, 60, 28)
    assert found.limit == 150  # three times the median; mean and deviations come to 71.6 only
    assert number(PLAIN, 150).state == State.USUAL


def test_where_days_differ_much_the_deviations_decide() -> None:
    past = [Count(n, n) for n in (10, 10, 10, 190) * 7]  # mean 55, median 10, standard deviation √(28·6075/27) = 79.37
    found = number(past, 294)
    assert round(found.limit or 0, 1) == 293.1
    assert found.state == State.UNUSUAL
    assert number(past, 293).state == State.USUAL


SHARES = st.integers(1, 10**6).flatmap(lambda total: st.integers(0, total).map(lambda hits: hits / total))


@given(st.one_of(*(st.lists(one, min_size=2, max_size=28) for one in (st.integers(0, 10**6).map(float), SHARES))))
def test_the_deviation_is_that_of_exact_fractions(values: list[float]) -> None:
    assert deviation(values, median(values)) == pytest.approx(stdev(values), rel=1e-12, abs=1e-15)
    assert deviation(values[:1] * 28, values[0]) == 0  # days alike differ by nothing at all


def test_fewer_than_fifty_say_nothing() -> None:
    quiet = [Count(1, 1)] * 28
    assert number(quiet, 49).state == State.TOO_FEW
    assert number(quiet, 50).state == State.UNUSUAL


def test_fewer_than_fourteen_days_before_are_not_enough() -> None:
    assert number(PLAIN[:13], 1000) == Verdict(State.TOO_YOUNG, 1000, days=13)
    assert number(PLAIN[:14], 1000).state == State.UNUSUAL


def test_three_times_a_share_is_three_times_its_odds() -> None:
    past = [Count(50, 100)] * 28
    assert share(past, 0, 100).limit == 0.75
    assert share(past, 75, 100).state == State.USUAL
    assert share(past, 76, 100).state == State.UNUSUAL


def test_a_share_of_few_says_nothing() -> None:
    never = [Count(0, 100)] * 28
    assert share(never, 9, 100).state == State.TOO_FEW
    assert share(never, 10, 100).state == State.UNUSUAL
    assert share(never, 10, 49).state == State.TOO_FEW
    assert share(never, 0, 0) == Verdict(State.TOO_FEW, None, 0, 0, 0, 28)


def test_days_with_few_interactions_have_no_share() -> None:
    found = share([Count(9, 9)] * 15 + [Count(1, 10)] * 13, 100, 100)
    assert (found.state, found.days) == (State.TOO_YOUNG, 13)


def test_off_hours_are_judged_among_working_days() -> None:
    """Every Saturday and Sunday all is off hours; that hides no night on a Friday, and is no finding itself."""
    friday = date(2026, 11, 27)
    told = [friday - timedelta(days=n) for n in range(1, 29)]
    before = {day: Day(100, 0, 100 if day.isoweekday() > 5 else 5) for day in told}
    found = judge_day("off_hours", before | {friday: Day(100, 0, 40)}, told, friday, T)
    assert found
    assert (found.state, found.value, found.days) == (State.UNUSUAL, 0.4, 20)
    saturday = friday + timedelta(days=1)
    assert judge_day("off_hours", before | {saturday: Day(100, 0, 100)}, told, saturday, T) is None
    assert judge_day("off_hours", before | {friday: Day(100, 0, None)}, told, friday, T) is None


days = st.integers(0, 5000).flatmap(lambda total: st.builds(Count, st.integers(0, total), st.just(total)))
pasts = st.lists(days, max_size=40)


@given(pasts, days, st.booleans(), st.integers())
def test_the_order_of_the_days_does_not_matter(past: list[Count], today: Count, kind: bool, seed: int) -> None:
    mixed = list(past)
    Random(seed).shuffle(mixed)
    assert judge(past, today, share=kind, thresholds=T) == judge(mixed, today, share=kind, thresholds=T)


@given(pasts, days, st.booleans(), st.integers(0, 5000))
def test_more_of_it_never_makes_a_day_usual(past: list[Count], today: Count, kind: bool, more: int) -> None:
    found = judge(past, today, share=kind, thresholds=T)
    hits = min(today.total, today.hits + more) if kind else today.hits + more
    total = today.total if kind else max(today.total, hits)
    if found.state == State.UNUSUAL:
        assert judge(past, Count(hits, total), share=kind, thresholds=T).state == State.UNUSUAL


@given(pasts, days, st.booleans())
def test_what_is_unusual_is_above_all_that_it_is_said_to_be(past: list[Count], today: Count, kind: bool) -> None:
    found = judge(past, today, share=kind, thresholds=T)
    known = [one for one in past if not kind or one.total >= T.base]
    assert (found.state == State.TOO_YOUNG) == (len(known) < T.history)
    if found.state != State.TOO_YOUNG:
        assert None not in (found.low, found.high, found.limit)
        assert 0 <= (found.low or 0) <= (found.high or 0)
    if found.state == State.UNUSUAL:
        assert found.value is not None
        assert found.limit is not None
        assert found.value > found.limit
        assert today.total >= T.events
        assert not kind or (found.value <= 1 and today.hits >= T.hits)


@given(days, st.booleans(), st.integers(14, 28))
def test_a_day_like_all_the_others_is_never_unusual(one: Count, kind: bool, length: int) -> None:
    assert judge([one] * length, one, share=kind, thresholds=T).state != State.UNUSUAL
