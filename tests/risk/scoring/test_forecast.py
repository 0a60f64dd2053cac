"""If nobody acts: the forecast is the judgement of the day, once it has come."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from risk.scoring.case import Case, Occurrence, Stated
from risk.scoring.forecast import HORIZONS, Turning, course, forecast, turning_points
from risk.scoring.judgement import Previous, judge
from risk.scoring.method import Method
from risk.scoring.vocabulary import OVERALL
from tests.risk.scoring.estate import DAY, a_full_case


def as_the_register_will_hold_it(case: Case, day: date) -> Case:
    """What the tables say on a later day if nobody acts: alerts have left the window, and of an agreement whose time
    is up only the statement is left, or nothing."""
    controls = {}
    for key, one in case.controls.items():
        if not one.applicable and one.agreed_until is not None and one.agreed_until < day:
            if one.status is not None:
                controls[key] = replace(one, applicable=True, agreed_until=None)
        else:
            controls[key] = one
    kept = tuple(one for one in case.occurrences if (day - one.day).days <= 30)
    return replace(case, controls=controls, occurrences=kept)


@pytest.mark.parametrize("seed", range(40))
def test_a_forecast_is_what_will_be_judged(seed: int, method: Method) -> None:
    case = a_full_case(seed)
    judgement = judge(case, DAY, method)
    for ahead in forecast(judgement, method):
        before = Previous(judgement.score, judgement.tier, judgement.case.held)
        then = as_the_register_will_hold_it(case, ahead.day)
        assert judge(then, ahead.day, method, before).score == ahead.score
        whole = ahead.score.point - judgement.score.point
        assert sum(one.effects[OVERALL] for one in ahead.causes) == pytest.approx(whole, abs=1e-9)


def test_without_alerts_nothing_gets_better_by_itself(method: Method) -> None:
    """But for a control that two people left out and that works: it counts again once the agreement ends."""
    for seed in range(10):
        case = a_full_case(seed)
        controls = {key: one for key, one in case.controls.items() if one.applicable}
        judgement = judge(replace(case, controls=controls, occurrences=()), DAY, method)
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


def test_an_agreement_to_leave_out_ends_and_the_control_is_asked_again(method: Method) -> None:
    ends = DAY + timedelta(days=45)
    case = Case(
        controls={
            "RM-02": Stated(None, DAY, applicable=False, agreed_until=ends),
            "GV-01": Stated("attested", DAY, applicable=False, agreed_until=ends),
            "GV-05": Stated(None, DAY, applicable=False),
        }
    )
    judgement = judge(case, DAY, method)
    at_30, at_60, _ = forecast(judgement, method)
    assert at_30.score == judgement.score
    assert at_60.score.point != judgement.score.point
    assert [(one.kind, one.key) for one in at_60.causes] == [("control", "GV-01"), ("control", "RM-02")]
    assert judge(case, ends, method).score == judgement.score  # its last day still counts
    assert judge(case, ends + timedelta(days=1), method).score == at_60.score
    found = turning_points(judgement, method, DAY + timedelta(days=90))
    assert [(one.day, one.control, one.what) for one in found] == [
        (ends + timedelta(days=1), key, Turning.AGREEMENT_ENDS) for key in ("GV-01", "RM-02")
    ]


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
