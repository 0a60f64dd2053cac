"""Why a score is what it is, what changed between two days, and what comes if nobody acts: as pages tell it."""

import re
from datetime import date, timedelta

import pytest
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from inventory.choices import Severity
from inventory.models import AIApplication, Alert, DailyUsage
from risk.method import load_method
from risk.models import Answer, ControlState, CurrentScore, NotComputableSpell, ScoreSnapshot
from risk.scoring.questionnaire import option_label
from risk.scoring.what_if import value_of
from risk.selectors import cases
from risk.selectors.comparison import NoFigureError, compare
from risk.selectors.history import moments, points_before, spells, why_not_computable
from risk.selectors.next_steps import ControlStep, QuestionStep, next_steps
from risk.selectors.outlook import ahead
from risk.selectors.past import past
from risk.services import assessments, runs, scores
from risk.web.history import KEPT_A_PAGE
from tests.builders import make_application
from tests.cast import Cast

ANSWERS = {"consequence": "economic", "scale": "under_10k", "ai_system": False, "gpai_provider": False}


@pytest.fixture
def today(monkeypatch: pytest.MonkeyPatch):
    """Sets the day that everything takes for today."""

    def move(day: date) -> date:
        real = timezone.localdate
        monkeypatch.setattr(timezone, "localdate", lambda value=None, zone=None: real(value, zone) if value else day)
        return day

    return move


def state(application: AIApplication, control: str, status: str, as_of: date, **more: object) -> None:
    ControlState.objects.update_or_create(
        application=application, control=control, defaults={"status": status, "as_of": as_of, **more}
    )
    scores.mark([application.pk])


def page(cast: Cast, route: str, application: AIApplication, **query: str) -> str:
    client = Client()
    client.force_login(cast.alice)
    answer = client.get(reverse(f"risk:{route}", args=[application.pk]), query)
    assert answer.status_code == 200
    return answer.content.decode()


def test_what_changed_adds_up_and_names_its_cause(cast: Cast, application: AIApplication, today) -> None:
    now = timezone.localdate()
    assessments.save_answers(actor=None, application=application, answers=ANSWERS)
    state(application, "GV-01", "attested", now)
    scores.rescore_changed()
    later = today(now + timedelta(days=40))
    assessments.save_answers(actor=None, application=application, answers={"scale": "over_1m"})
    state(application, "RM-02", "verified", later)
    Alert.objects.create(
        title="Odd", severity=Severity.HIGH, at=timezone.now() + timedelta(39), application=application
    )
    scores.rescore_changed()
    found = compare(application, now, later, later)
    assert found is not None
    assert {(one.kind, one.key) for one in found.changes} >= {("answer", "scale"), ("control", "RM-02")}
    assert "Under 10,000 → Over 1 million" in {one.what for one in found.changes}
    assert round(sum(one.amount for one in found.changes), 1) == found.total
    assert round(sum(one.change for one in found.parts), 1) == found.total
    for side, column in ((found.before, "before"), (found.after, "after")):
        assert round(sum(getattr(one, column) for one in found.parts), 1) == round(side.point, 1)
    assert found.after.point == CurrentScore.objects.get(pk=application.pk).overall_point
    text = page(cast, "compare", application, before=now.isoformat())
    assert "Under 10,000 → Over 1 million" in text
    assert "new on" in text


def test_a_day_before_the_first_score_has_nothing_to_compare(cast: Cast, application: AIApplication) -> None:
    assert "The first score is of" in page(cast, "compare", application, before="2020-01-01")
    for odd in ("2026-02-31", "tomorrow", "9999-12-31", ""):
        page(cast, "compare", application, before=odd, after=odd, principle=odd)


def test_a_method_that_is_gone_is_said_and_no_crash(cast: Cast, application: AIApplication, today) -> None:
    old = ScoreSnapshot.objects.get()
    old.pk, old.as_of, old.method = None, old.as_of - timedelta(days=10), "1999.9"
    old.save()
    assert "1999.9" in page(cast, "compare", application, before=old.as_of.isoformat())


def test_a_comparison_costs_the_same_however_much_changed(cast: Cast, application: AIApplication, today) -> None:
    now = timezone.localdate()
    client = Client()
    client.force_login(cast.alice)

    def queries() -> int:
        with CaptureQueriesContext(connection) as found:
            assert client.get(reverse("risk:compare", args=[application.pk])).status_code == 200
        return len(found)

    today(now + timedelta(days=31))
    few = queries()
    assessments.save_answers(actor=None, application=application, answers={**ANSWERS, "novelty": "pilot"})
    for control in ("GV-01", "RM-02", "GV-05"):
        state(application, control, "attested", now)
    assert queries() == few


def test_any_two_judgements_can_be_compared(cast: Cast, application: AIApplication) -> None:
    """Three of one day: each pair tells its own causes, which add up exactly."""
    for answers in ({"scale": "over_1m"}, {"consequence": "economic"}):
        assessments.save_answers(actor=None, application=application, answers=answers)
        scores.rescore_changed()
    first, second, third = application.snapshots.order_by("id")
    today = timezone.localdate()
    for pair, causes in (
        ((first, second), {"scale"}), ((second, third), {"consequence"}), ((first, third), {"scale", "consequence"}),
        ((third, first), {"scale", "consequence"}),
    ):  # fmt: skip
        found = compare(application, pair[0].pk, pair[1].pk, today)
        assert found is not None
        assert {one.key for one in found.changes} | {one.key for one in found.idle} == causes
        older, newer = sorted(pair, key=lambda one: one.pk)
        assert (found.before.snapshot, found.after.snapshot) == (older.pk, newer.pk)
        assert round(sum(one.amount for one in found.changes), 1) == found.total
        assert found.total == round(round(newer.overall_point, 1) - round(older.overall_point, 1), 1)
    history = page(cast, "history", application)
    assert f"from={first.pk}#kept" in history
    chosen = page(cast, "history", application, **{"from": str(first.pk)})
    assert f"?from={first.pk}&amp;to={third.pk}" in chosen
    shown = page(cast, "compare", application, **{"from": str(first.pk), "to": str(second.pk)})
    assert "computed at" in shown
    assert "not known → Over 1 million" in shown
    other = make_application(cast.treasury, "Not hers")
    scores.rescore_changed()
    foreign = other.snapshots.get()
    for odd in (str(foreign.pk), "0", "99999999999999999999", "-1", "x"):  # another application's, or none at all
        assert "Not hers" not in page(cast, "compare", application, **{"from": odd, "to": str(third.pk)})


def test_judgements_are_paged_and_each_can_be_chosen(cast: Cast, application: AIApplication) -> None:
    for n in range(KEPT_A_PAGE + 3):
        answers = {"scale": ("under_100", "over_1m")[n % 2]}
        assessments.save_answers(actor=None, application=application, answers=answers)
        scores.rescore_changed()
    ids = list(application.snapshots.order_by("-as_of", "-id").values_list("pk", flat=True))
    first = page(cast, "history", application)
    older = page(cast, "history", application, kept=str(ids[KEPT_A_PAGE - 1]))
    for place, pk in enumerate(ids):
        assert (f"?from={pk}#kept" in first) == (place < KEPT_A_PAGE)
        assert (f"from={pk}#kept" in older) == (place >= KEPT_A_PAGE)


# Where no figure was in force


def test_a_day_on_which_it_was_not_computable_shows_no_number(cast: Cast, application: AIApplication, today) -> None:
    """Scored, then broken for ten days, then mended: page, history, comparison and change of each day."""
    start = timezone.localdate()
    assessments.save_answers(actor=None, application=application, answers=ANSWERS)
    scores.rescore_changed()
    at = timezone.now()
    broken, mended = start + timedelta(days=5), today(start + timedelta(days=15))
    NotComputableSpell.objects.create(
        application=application, reason="consequence: “apocalypse” is no option.", since=at + timedelta(days=5),
        until=at + timedelta(days=15),
    )  # fmt: skip
    assessments.save_answers(actor=None, application=application, answers={"scale": "over_1m"})
    scores.rescore_changed()
    within = start + timedelta(days=8)
    assert past(application, within).score is None
    assert "apocalypse" in past(application, within).not_computable
    for day in (start + timedelta(days=4), mended):
        assert past(application, day).score is not None
    with pytest.raises(NoFigureError, match="apocalypse"):
        compare(application, within, mended, mended)
    assert "Not computable at the end of" in page(cast, "compare", application, before=within.isoformat())
    then = page(cast, "history", application, as_of=within.isoformat())
    assert "No figure was in force" in then
    assert "score-large" not in then
    assert [(one.day, one.point is None) for one in moments(application.pk)] == [
        (start, False), (broken, True), (mended, False),
    ]  # fmt: skip
    assert "not computable" in page(cast, "application", application)
    assert points_before([application.pk], within + timedelta(days=30)) == {}
    assert set(points_before([application.pk], start + timedelta(days=34))) == {application.pk}


def test_what_is_mended_keeps_from_when_to_when(cast: Cast, application: AIApplication) -> None:
    Answer.objects.create(application=application, question="consequence", value="apocalypse")
    scores.mark([application.pk])
    scores.rescore_changed()
    since = application.not_computable.since
    assert why_not_computable(application.pk, timezone.now())
    assessments.save_answers(actor=None, application=application, answers={"consequence": "none"})
    scores.rescore_changed()
    spell = NotComputableSpell.objects.get()
    assert (spell.since, spell.until > since, "apocalypse" in spell.reason) == (since, True, True)
    assert not why_not_computable(application.pk, timezone.now())
    assert spells(application.pk) == []  # at the end of no day


def test_a_past_gate_is_no_number_in_the_course(cast: Cast, application: AIApplication, today) -> None:
    gate = {"ai_system": True, "union_nexus": True, "exclusion": [], "role": ["uses"], "p_a": True}
    assessments.save_answers(actor=None, application=application, answers=gate)
    scores.rescore_changed()
    assert CurrentScore.objects.get(pk=application.pk).change_30d is None
    now = timezone.localdate()
    later = today(now + timedelta(days=30))
    assessments.save_answers(actor=None, application=application, answers={"p_a": False})
    scores.rescore_changed()
    assert [one.point is None for one in moments(application.pk)] == [True, False]
    assert CurrentScore.objects.get(pk=application.pk).change_30d is None
    assert "prohibited practice, a gate" in page(cast, "application", application)
    found = compare(application, now, later, later)
    assert found is not None
    assert found.gated


# Forecast: advancing the clock proves it


def test_the_forecast_is_the_score_once_the_day_has_come(cast: Cast, application: AIApplication, today) -> None:
    now = timezone.localdate()
    assessments.save_answers(actor=None, application=application, answers=ANSWERS)
    state(application, "GV-01", "attested", now - timedelta(days=170))
    state(application, "RM-02", "evidenced", now - timedelta(days=5), valid_until=now + timedelta(days=20))
    Alert.objects.create(title="Odd", severity=Severity.HIGH, at=timezone.now(), application=application)
    for n in range(-30, 91):  # use goes on as it is
        DailyUsage.objects.create(
            application=application, day=now + timedelta(days=n), interactions=10, users=1, sensitive=0, jailbreak=0,
            injection=1, attacks=1,
        )  # fmt: skip
    scores.rescore_changed()
    promised = ahead(cases.judge_now(application, now))
    assert promised.moves
    for one in promised.horizons:
        today(one.day)
        runs.finish(runs.start(actor=None, nightly=True))
        score = CurrentScore.objects.get(pk=application.pk)
        assert (score.overall_low, score.overall_point, score.overall_high) == pytest.approx(
            (one.low, one.point, one.high), abs=1e-9
        )
        assert round(sum(cause.amount for cause in one.causes), 1) == one.change


def test_the_page_says_what_runs_out_and_when(cast: Cast, application: AIApplication) -> None:
    now = timezone.localdate()
    assessments.save_answers(actor=None, application=application, answers=ANSWERS)
    until = now + timedelta(days=20)
    state(application, "RM-02", "verified", now, valid_until=until)
    text = page(cast, "application", application)
    assert f"end of its evidence: {until:%-d %b %Y}" in text
    assert "if nobody acts" in text


# What lowers the risk most


def test_each_answer_that_is_promised_comes_true(cast: Cast, application: AIApplication) -> None:
    steps = next_steps(cases.judge_now(application, timezone.localdate()))
    question = next(one for one in steps if isinstance(one, QuestionStep) and one.step == "factors")
    options = {"consequence": ("none", "health_or_irreversible"), "people": ("professionals", "vulnerable")}
    for answer, promised in zip(options[question.key], (question.best, question.worst), strict=True):
        assessments.save_answers(actor=None, application=application, answers={question.key: answer})
        judged = cases.judge_now(application, timezone.localdate())
        assert value_of(judged, "overall") == pytest.approx(promised, abs=1e-9)
        scores.rescore_changed()
        assert CurrentScore.objects.get(pk=application.pk).overall_point == pytest.approx(promised, abs=1e-9)


def test_each_next_best_step_of_the_page_comes_true(cast: Cast, application: AIApplication) -> None:
    """Every control and question of the list done alone, on the real road, then taken back: equal to the promise."""
    assessments.save_answers(actor=None, application=application, answers=ANSWERS)
    state(application, "GV-01", "attested", timezone.localdate())
    scores.rescore_changed()
    steps = next_steps(cases.judge_now(application, timezone.localdate()))
    tried = 0
    for one in steps:
        promises = {one.then: "verified"} if isinstance(one, ControlStep) else _answers_of(one)
        for promised, done in promises.items():
            with transaction.atomic():
                if isinstance(one, ControlStep):
                    state(application, one.id, str(done), timezone.localdate())
                else:
                    assessments.save_answers(actor=None, application=application, answers={one.key: done})
                scores.rescore_changed()
                reached = CurrentScore.objects.get(pk=application.pk).overall_point
                assert reached == pytest.approx(promised, abs=1e-9), one
                transaction.set_rollback(True)
            tried += 1
    assert tried > 6


def _answers_of(one: QuestionStep) -> dict[float, object]:
    """Promise → the answer it was made for, of a question that is answered on the application's pages."""
    method = load_method()
    if not one.step or one.key not in method.factors:
        return {}
    by_label = {option_label(option): option for option in method.factors[one.key].options}
    return {one.best: by_label[one.best_answer], one.worst: by_label[one.worst_answer]}


def test_the_account_in_words_adds_up_to_the_shown_value(cast: Cast, application: AIApplication) -> None:
    assessments.save_answers(actor=None, application=application, answers=ANSWERS)
    state(application, "GV-01", "evidenced", timezone.localdate())
    for principle in ("", "fairness"):
        text = page(cast, "application", application, principle=principle)
        account = text[text.index('<ol class="account">') :].split("</ol>")[0]
        amounts = [float(a.replace("−", "-")) for a in re.findall(r"<li[^>]*><b>([+−]?[\d.]+)</b>", account)]
        assert round(sum(amounts[:-1]), 1) == amounts[-1]
