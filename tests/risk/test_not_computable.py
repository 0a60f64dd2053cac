"""What the method can't judge gets a reason and no number, and the others their figures."""

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from inventory.models import AIApplication, ChangedApplication
from risk.choices import OVERALL
from risk.models import (
    Answer,
    ApplicationCoverage,
    ControlState,
    CurrentScore,
    DepartmentDay,
    NotComputable,
    ScoreSnapshot,
)
from risk.scoring.case import Case, Stated
from risk.scoring.fitness import NotComputableError, fitting, judge_fit, misfits
from risk.selectors import cases
from risk.services import assessments, runs, scores
from tests.builders import make_application
from tests.cast import Cast
from tests.risk.scoring.strategies import METHOD

PAGES = ("application", "classification", "controls", "activity")
TODAY = timezone.localdate()


def break_answer(application: AIApplication, question: str = "consequence", value: object = "apocalypse") -> None:
    """What no service takes: an option of a method that is gone."""
    Answer.objects.create(application=application, question=question, value=value)
    ChangedApplication.objects.mark([application.pk])


@pytest.mark.parametrize(
    ("case", "named"),
    [
        (Case(answers={"consequence": "apocalypse"}), "consequence"),
        (Case(answers={"scale": 5}), "scale"),  # type: ignore[dict-item]
        (Case(answers={"app.generative": "maybe"}), "app.generative"),
        (Case(answers={"annex_iii": ["9z"]}), "annex_iii"),
        (Case(answers={"ai_system": 1}), "ai_system"),  # type: ignore[dict-item]
        (Case(organisation={"org.us_bank": 3}), "org.us_bank"),  # type: ignore[dict-item]
        (Case(controls={"GV-01": Stated("splendid", TODAY)}), "GV-01"),
    ],
)
def test_what_does_not_fit_is_named(case: Case, named: str) -> None:
    assert list(misfits(case, METHOD)) == [named]
    with pytest.raises(NotComputableError, match=named):
        judge_fit(case, TODAY, METHOD)
    assert not misfits(fitting(case, METHOD), METHOD)


def test_a_question_that_the_method_dropped_is_no_fault() -> None:
    assert not misfits(Case(answers={"long_gone": "yes"}), METHOD)


def test_an_engine_that_falls_over_is_not_computable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("risk.scoring.fitness.judge", lambda *args: dict[str, int]()["no such table"])
    with pytest.raises(NotComputableError, match=r"KeyError 'no such table'"):
        judge_fit(Case(), TODAY, METHOD)


def test_one_that_fails_takes_nobody_along(cast: Cast, application: AIApplication) -> None:
    other = make_application(cast.cards, "Other")
    scores.rescore_changed()
    before = DepartmentDay.objects.get(department=cast.cards, principle=OVERALL, day=TODAY)
    assert before.count == 2
    break_answer(application)
    ChangedApplication.objects.mark([other.pk])
    assert scores.rescore_changed().applications == 2
    aside = NotComputable.objects.get()
    assert aside.application == application
    assert "apocalypse" in aside.reason
    assert not CurrentScore.objects.filter(application=application).exists()
    assert not ApplicationCoverage.objects.filter(application=application).exists()
    assert CurrentScore.objects.filter(application=other).exists()
    assert DepartmentDay.objects.get(department=cast.cards, principle=OVERALL, day=TODAY).count == 1
    assert ScoreSnapshot.objects.filter(application=application).exists()  # what was, was


def test_a_row_that_cannot_even_be_read_takes_nobody_along(cast: Cast, application: AIApplication) -> None:
    others = [make_application(cast.cards) for _ in range(4)]
    ControlState.objects.create(application=application, control="GV-01", status="a,b", as_of=TODAY)
    ChangedApplication.objects.mark([application.pk])
    assert scores.rescore_changed().applications == 5
    assert NotComputable.objects.get().application == application
    assert set(CurrentScore.objects.values_list("pk", flat=True)) == {one.pk for one in others}
    ControlState.objects.update(status="planned")
    runs.rescore_all()
    assert not NotComputable.objects.exists()


def test_it_keeps_its_day_and_goes_away_when_mended(cast: Cast, application: AIApplication) -> None:
    break_answer(application)
    scores.rescore_changed()
    since = NotComputable.objects.get().since
    runs.rescore_all()
    assert NotComputable.objects.get().since == since
    assessments.save_answers(actor=cast.alice, application=application, answers={"consequence": "none"})
    scores.rescore_changed()
    assert not NotComputable.objects.exists()
    assert CurrentScore.objects.get(pk=application.pk).counted_in == cast.cards
    assert DepartmentDay.objects.get(department=cast.cards, principle=OVERALL, day=TODAY).count == 1


@pytest.mark.parametrize("page", PAGES)
def test_each_page_says_so_without_a_number(cast: Cast, application: AIApplication, page: str) -> None:
    break_answer(application)
    scores.rescore_changed()
    client = Client()
    client.force_login(cast.alice)
    shown = client.get(reverse(f"risk:{page}", args=[application.pk])).content.decode()
    assert "Not computable" in shown
    assert "apocalypse" in shown
    assert "score-large" not in shown
    stranger = Client()
    stranger.force_login(cast.eve)
    assert stranger.get(reverse(f"risk:{page}", args=[application.pk])).status_code == 404


def test_the_questionnaire_asks_again(cast: Cast, application: AIApplication) -> None:
    break_answer(application)
    client, address = Client(), reverse("risk:questionnaire", args=[application.pk])
    client.force_login(cast.alice)
    shown = client.get(address, {"step": "factors"}).content.decode()
    assert "Not computable" in shown
    assert "score-large" not in shown
    client.post(f"{address}?step=factors", {"q:consequence": "none"}, headers={"HX-Request": "true"})
    assert cases.judge_now(application, TODAY).inputs.answers["consequence"] == "none"
    assert "score-large" in client.get(address, {"step": "factors"}).content.decode()


def test_figures_name_what_they_leave_out(cast: Cast, application: AIApplication) -> None:
    client = Client()
    client.force_login(cast.dan)
    pages = (
        reverse("governance:overview"),
        reverse("governance:departments"),
        reverse("governance:department", args=["retail"]),
    )
    assert all("not computable" not in client.get(page).content.decode() for page in pages)
    break_answer(application)
    scores.rescore_changed()
    for page in pages:
        shown = client.get(page).content.decode()
        assert "1 not computable" in shown, page
        assert "Card helper" in shown
    assert "Not computable" in client.get(reverse("risk:applications")).content.decode()
    assert "not computable" not in client.get(reverse("governance:department", args=["treasury"])).content.decode()
