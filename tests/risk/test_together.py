"""What the best controls are said to do together is what they do; and what nobody answered is no merit of a control."""

import pytest
from django.utils import timezone

from inventory.models import AIApplication
from risk.choices import OVERALL, Principle
from risk.method import load_method
from risk.models import CurrentScore
from risk.scoring.judgement import Judgement
from risk.scoring.what_if import Changes, tried, value_of
from risk.selectors import cases
from risk.selectors.next_steps import ControlStep, next_steps, together
from risk.selectors.summary import summary
from risk.services import assessments, controls
from tests.cast import Cast


@pytest.fixture
def risky(cast: Cast, application: AIApplication) -> AIApplication:
    answers = {"scale": "over_1m", "consequence": "rights_or_livelihood", "autonomy": "acts_alone", "people": "public"}
    assessments.save_answers(actor=cast.alice, application=application, answers=answers)
    return application


def judged(application: AIApplication) -> Judgement:
    return cases.judge_now(application, timezone.localdate())


@pytest.mark.parametrize("measure", [OVERALL, Principle.FAIRNESS])
def test_they_do_what_is_promised_and_fewer_would_not(risky: AIApplication, measure: str) -> None:
    judgement, method = judged(risky), load_method()
    steps = next_steps(judgement, measure)
    found = together(judgement, steps, measure)
    assert found is not None
    ids = [one.id for one in steps if isinstance(one, ControlStep)]
    assert found.now == value_of(judgement, measure)

    def then(count: int) -> float:
        changes = Changes(controls=dict.fromkeys(ids[:count], "verified"))
        return value_of(tried(judgement, changes, method), measure)

    assert found.then == then(found.count)
    assert found.leaves == (method.band(found.then) != method.band(found.now))
    assert found.leaves or found.count == len(ids)
    assert all(method.band(then(count)) == method.band(found.now) for count in range(1, found.count))


def test_nothing_is_promised_where_no_control_is_left(risky: AIApplication) -> None:
    assert together(judged(risky), [], OVERALL) is None


def test_unanswered_controls_are_told_apart_and_all_adds_up(cast: Cast, risky: AIApplication) -> None:
    controls.state_control(actor=cast.alice, application=risky, control="GV-01", status="attested")
    judgement = judged(risky)
    found = summary(risky, judgement, OVERALL)
    assumed = {one.key for one in found.parts if one.assumed}
    assert "GV-01" not in assumed
    assert assumed <= {one.id for one in judgement.inputs.controls if one.status is None or one.applicable is None}
    assert found.account.assumed < 0
    sums = found.account
    parts = (sums.inherent, sums.controls, sums.signals, sums.bound, sums.assumed, sums.unknown, sums.held)
    assert sum(parts) == pytest.approx(found.total, abs=1e-6)
    assert dict(found.states)["attested"] == 1
    assert sum(count for _, count in found.states) == len(
        [one for one in judgement.inputs.controls if one.applicable is not False]
    )


def test_the_page_says_it(cast: Cast, risky: AIApplication, client) -> None:  # type: ignore[no-untyped-def]
    assessments.save_answers(actor=cast.alice, application=risky, answers={"novelty": None})
    client.force_login(cast.alice)
    body = client.get(f"/applications/{risky.pk}/").content.decode()
    assert "It is not earned" in body
    assert "Open controls, if they worked" in body
    assert "State and prove" in body
    assert CurrentScore.objects.filter(pk=risky.pk).exists()
