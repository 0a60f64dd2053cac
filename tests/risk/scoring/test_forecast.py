"""If nobody acts: the forecast is the judgement of the day, once it has come."""

from dataclasses import replace
from datetime import timedelta

import pytest

from risk.scoring.case import Case, Occurrence, Stated
from risk.scoring.forecast import HORIZONS, Turning, course, forecast, turning_points
from risk.scoring.judgement import Previous, judge
from risk.scoring.method import Method
from risk.scoring.vocabulary import OVERALL
from tests.risk.scoring.estate import DAY, a_full_case


@pytest.mark.parametrize("seed", range(10))
def test_a_forecast_is_what_will_be_judged(seed: int, method: Method) -> None:
    judgement = judge(a_full_case(seed), DAY, method)
    for ahead in forecast(judgement, method):
        case = judgement.case
        kept = tuple(one for one in case.occurrences if (ahead.day - one.day).days <= 30)
        before = Previous(judgement.score, judgement.tier, case.held)
        assert judge(replace(case, occurrences=kept), ahead.day, method, before).score == ahead.score
        whole = ahead.score.point - judgement.score.point
        assert sum(one.effects[OVERALL] for one in ahead.causes) == pytest.approx(whole, abs=1e-9)


def test_without_alerts_nothing_gets_better_by_itself(method: Method) -> None:
    for seed in range(10):
        judgement = judge(replace(a_full_case(seed), occurrences=()), DAY, method)
        points = [judgement.score.point, *(one.score.point for one in forecast(judgement, method))]
        assert points == sorted(points)


def test_each_step_names_what_runs_out(method: Method) -> None:
    interval = timedelta(days=method.controls["RM-02"].review_days)
    ends = DAY + timedelta(days=20)
    case = Case(
        controls={
            "RM-02": Stated("attested", DAY - interval + timedelta(days=10)),
            "GV-01": Stated("evidenced", DAY, valid_until=ends),
            "GV-05": Stated("planned", DAY - timedelta(days=2000)),
        }
    )
    judgement = judge(case, DAY, method)
    found = turning_points(judgement, method, DAY + timedelta(days=90))
    assert [(one.day, one.control, one.what) for one in found] == [
        (DAY + timedelta(days=11), "RM-02", Turning.REVIEW_DUE),
        (ends + timedelta(days=1), "GV-01", Turning.EVIDENCE_ENDS),
    ]
    assert {one.key for one in forecast(judgement, method)[0].causes} == {"RM-02", "GV-01"}


def test_an_alert_fades_and_leaves(method: Method) -> None:
    judgement = judge(Case(occurrences=(Occurrence("high", (), DAY, True, ref="1"),)), DAY, method)
    at_30, at_60, _ = forecast(judgement, method)
    assert judgement.score.low > at_30.score.low > at_60.score.low
    assert [one.kind for one in at_30.causes] == ["fading"]
    assert [one.kind for one in at_60.causes] == ["fading", "alert"]


def test_the_course_has_each_horizon_and_each_turn(method: Method) -> None:
    judgement = judge(a_full_case(4), DAY, method)
    days = [one.day for one in course(judgement, method)]
    assert days == sorted(set(days))
    assert {DAY + timedelta(days=n) for n in HORIZONS} <= set(days)
    assert {one.day for one in turning_points(judgement, method, days[-1])} <= set(days)
