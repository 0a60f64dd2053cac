"""Scores: what a recalculation writes, and that it writes nothing when nothing is new."""

from datetime import date, timedelta

import pytest
from django.db import DatabaseError, connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from inventory.choices import AlertState, Lifecycle, Severity
from inventory.models import AIApplication, Alert, ChangedApplication, DailyUsage
from inventory.services import applications
from risk.method import load_method
from risk.models import (
    Answer,
    ApplicationCoverage,
    BandChange,
    ChangedDepartment,
    ControlState,
    CurrentScore,
    ScoreSnapshot,
)
from risk.scoring.case import digest, from_plain
from risk.scoring.judgement import judge
from risk.selectors import cases
from risk.services import assessments, controls, runs, scores
from risk.services.rows import VALUES
from tests.builders import make_application
from tests.cast import Cast

PROHIBITED = {"ai_system": True, "union_nexus": True, "exclusion": [], "p_a": True}


def counts() -> list[int]:
    return [m.objects.count() for m in (CurrentScore, ScoreSnapshot, BandChange, ApplicationCoverage)]


def test_a_new_application_is_scored_with_a_wide_range(application: AIApplication) -> None:
    score = CurrentScore.objects.get(pk=application.pk)
    assert score.overall_low < 10 < 80 < score.overall_high
    assert score.overall_low <= score.overall_point <= score.overall_high
    assert score.eu_class is None
    assert len(score.eu_possible) > 1
    assert score.questions_answered == 0 < score.questions_asked
    assert ScoreSnapshot.objects.filter(application=application).count() == 1


def test_the_same_again_writes_nothing(application: AIApplication) -> None:
    before, stamp = counts(), CurrentScore.objects.get(pk=application.pk).computed_at
    outcome = runs.rescore_all()
    assert (outcome.applications, outcome.changed, outcome.band_changes) == (1, 0, 0)
    assert counts() == before
    assert CurrentScore.objects.get(pk=application.pk).computed_at == stamp
    assert not ChangedDepartment.objects.exists()


def test_an_answer_moves_the_score_and_leaves_a_snapshot(cast: Cast, application: AIApplication) -> None:
    before = CurrentScore.objects.get(pk=application.pk)
    assessments.save_answers(actor=cast.alice, application=application, answers={"consequence": "none"})
    outcome = scores.rescore_changed()
    after = CurrentScore.objects.get(pk=application.pk)
    assert outcome.changed == 1
    assert after.overall_high < before.overall_high
    assert after.digest != before.digest
    newest = ScoreSnapshot.objects.filter(application=application).latest("id")
    assert [getattr(newest, c) for c in VALUES] == [getattr(after, c) for c in VALUES]


def test_a_snapshot_replays_to_the_same_figures(cast: Cast, application: AIApplication) -> None:
    assessments.save_answers(
        actor=cast.alice,
        application=application,
        answers={"consequence": "economic", "scale": None, "annex_iii": ["5b"]},
    )
    controls.state_control(actor=cast.alice, application=application, control="GV-01", status="attested")
    Alert.objects.create(
        title="Odd", severity=Severity.HIGH, tactics=["InitialAccess"], at=timezone.now(), application=application
    )
    DailyUsage.objects.create(
        application=application,
        day=timezone.localdate(),
        interactions=200,
        users=3,
        sensitive=1,
        jailbreak=2,
        injection=0,
        attacks=2,
    )
    scores.rescore_changed()
    for snapshot in ScoreSnapshot.objects.with_inputs():
        method = load_method(snapshot.method)
        again = judge(from_plain(snapshot.plain), snapshot.as_of, method)
        assert digest(snapshot.plain, method) == snapshot.digest
        assert again.score.band == snapshot.band
        assert again.score.point == pytest.approx(snapshot.overall_point, abs=1e-9)
        for principle, one in again.score.principles.items():
            assert one.low == pytest.approx(getattr(snapshot, f"{principle}_low"), abs=1e-9)
            assert one.high == pytest.approx(getattr(snapshot, f"{principle}_high"), abs=1e-9)


def test_inputs_are_stored_once_for_each_time_they_change(
    cast: Cast, application: AIApplication, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    DailyUsage.objects.create(
        application=application,
        day=timezone.localdate(),
        interactions=200,
        users=3,
        sensitive=0,
        jailbreak=2,
        injection=0,
        attacks=2,
    )
    runs.rescore_all()
    first, second = ScoreSnapshot.objects.order_by("id")
    assert second.digest == first.digest
    assert (first.moving, second.inputs, second.moving) == (None, None, {"usage": [200, 0, 2]})
    with django_assert_num_queries(1):
        before, after = (one.plain for one in ScoreSnapshot.objects.with_inputs().order_by("id"))
    assert after == second.plain == {**before, "usage": [200, 0, 2]}


def test_the_forecast_is_the_same_case_judged_later(cast: Cast, application: AIApplication) -> None:
    controls.state_control(actor=cast.alice, application=application, control="GV-01", status="attested")
    aged = timezone.localdate() - timedelta(days=load_method().controls["GV-01"].review_days)
    ControlState.objects.update(as_of=aged)
    runs.rescore_all()
    score, judgement = CurrentScore.objects.get(), cases.judge_now(application, timezone.localdate())
    assert score.overall_30d is not None
    assert score.overall_point < score.overall_30d
    for days in (30, 60, 90):
        later = judge(judgement.case, timezone.localdate() + timedelta(days=days), load_method())
        assert getattr(score, f"overall_{days}d") == pytest.approx(later.score.point, abs=1e-9)


def test_a_prohibited_practice_scores_100_and_moves_the_band(cast: Cast, application: AIApplication) -> None:
    assessments.save_answers(actor=cast.alice, application=application, answers=PROHIBITED)
    scores.rescore_changed()
    score = CurrentScore.objects.get(pk=application.pk)
    assert (score.overall_low, score.overall_point, score.overall_high, score.band) == (100, 100, 100, "critical")
    assert score.eu_class == "prohibited"
    change = BandChange.objects.get(application=application)
    assert change.after == "critical"
    assert change.point_after == 100


def test_snapshots_and_band_changes_are_append_only(cast: Cast, application: AIApplication) -> None:
    snapshot = ScoreSnapshot.objects.get()
    with pytest.raises(DatabaseError, match="Cannot update"):
        ScoreSnapshot.objects.filter(pk=snapshot.pk).update(overall_point=0)


def test_signals_of_the_window_count(cast: Cast, application: AIApplication) -> None:
    today = timezone.localdate()
    quiet = CurrentScore.objects.get(pk=application.pk)
    DailyUsage.objects.create(
        application=application,
        day=today,
        interactions=1000,
        users=3,
        sensitive=0,
        jailbreak=0,
        injection=0,
        attacks=0,
    )
    runs.rescore_all()
    seen = CurrentScore.objects.get(pk=application.pk)
    assert seen.overall_high < quiet.overall_high  # telemetry that shows nothing takes off what was feared
    for state in (AlertState.DISMISSED, AlertState.NEW):
        Alert.objects.create(
            title="Odd",
            severity=Severity.HIGH,
            tactics=["execution"],
            at=timezone.now(),
            state=state,
            application=application,
        )
        runs.rescore_all()
        score = CurrentScore.objects.get(pk=application.pk)
        assert (score.reliability_safety_low > seen.reliability_safety_low) == (state == AlertState.NEW)


def test_old_signals_do_not_count(cast: Cast, application: AIApplication) -> None:
    long_ago = timezone.now() - timedelta(days=40)
    Alert.objects.create(title="Old", severity=Severity.HIGH, at=long_ago, application=application)
    DailyUsage.objects.create(
        application=application,
        day=long_ago.date(),
        interactions=9,
        users=1,
        sensitive=0,
        jailbreak=9,
        injection=0,
        attacks=9,
    )
    assert runs.rescore_all().changed == 0


def test_the_ratchet_holds_until_the_new_controls_are_answered(cast: Cast, application: AIApplication) -> None:
    mild = {
        "data_sensitivity": "internal",
        "consequence": "inconvenience",
        "scale": "under_100",
        "people": "professionals",
        "autonomy": "suggests",
        "exposure": "named_users",
        "technology": "simple_model",
        "novelty": "over_1y",
        "input_trust": "curated",
        "ai_system": False,
        "gpai_provider": False,
    }
    assessments.save_answers(actor=cast.alice, application=application, answers=mild)
    scores.rescore_changed()
    before = CurrentScore.objects.get(pk=application.pk)
    assessments.save_answers(actor=cast.alice, application=application, answers={"consequence": "rights_or_livelihood"})
    scores.rescore_changed()
    after = CurrentScore.objects.get(pk=application.pk)
    assert after.tier > before.tier
    assert after.held is not None
    assert after.overall_point >= before.overall_point
    assert runs.rescore_all().changed == 0  # what is held stays held, and is no news


def test_only_live_applications_count_in_a_department(cast: Cast, application: AIApplication) -> None:
    score = CurrentScore.objects.get(pk=application.pk)
    assert score.counted_in == application.department
    applications.update_application(actor=cast.alice, application=application, lifecycle=Lifecycle.SUSPENDED)
    scores.rescore_changed()
    score.refresh_from_db()
    assert score.counted_in is None


def test_the_change_of_30_days_compares_with_the_score_then(cast: Cast, application: AIApplication) -> None:
    score = CurrentScore.objects.get(pk=application.pk)
    assert score.change_30d is None
    old = ScoreSnapshot.objects.get()
    old.pk, old.as_of, old.overall_point = None, timezone.localdate() - timedelta(days=31), 12.5
    old.save()
    runs.rescore_all()
    score.refresh_from_db()
    assert score.change_30d == pytest.approx(score.overall_point - 12.5)


def test_a_killed_worker_leaves_everything_as_it_was(cast: Cast, application: AIApplication, monkeypatch) -> None:
    assessments.save_answers(actor=cast.alice, application=application, answers={"consequence": "none"})
    before = counts()

    def dies(*args: object, **kwargs: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(scores, "copy_in", dies)
        with pytest.raises(KeyboardInterrupt):
            scores.rescore_changed()
    assert counts() == before
    assert ChangedApplication.objects.filter(application=application).exists()
    assert scores.rescore_changed().changed == 1


def test_a_worker_killed_before_the_roll_up_leaves_it_to_the_next(
    cast: Cast, application: AIApplication, monkeypatch
) -> None:
    assessments.save_answers(actor=cast.alice, application=application, answers={"consequence": "none"})
    with monkeypatch.context() as patch:
        patch.setattr(scores.rollups, "roll_up_unless_busy", lambda: None)
        scores.rescore_changed()
    assert ChangedDepartment.objects.exists()
    scores.rescore_changed()
    assert not ChangedDepartment.objects.exists()


def test_only_departments_of_what_changed_are_taken_again(cast: Cast, application: AIApplication, monkeypatch) -> None:
    elsewhere = make_application(cast.treasury)
    scores.rescore_changed()
    assessments.save_answers(actor=cast.alice, application=application, answers={"consequence": "none"})
    ChangedApplication.objects.mark([application.pk, elsewhere.pk])
    monkeypatch.setattr(scores.rollups, "roll_up_unless_busy", lambda: None)
    assert scores.rescore_changed().changed == 1
    assert [one.department for one in ChangedDepartment.objects.all()] == [application.department]


def test_what_is_the_same_is_not_even_locked(application: AIApplication) -> None:
    """A lock writes to the page: a night in which nothing moved would write the tables anew."""

    def versions() -> list[tuple[object, ...]]:
        with connection.cursor() as cursor:
            cursor.execute("SELECT id, ctid::text, xmin::text, xmax::text FROM risk_applicationcoverage ORDER BY id")
            coverage = cursor.fetchall()
            cursor.execute("SELECT ctid::text, xmin::text, xmax::text FROM risk_currentscore")
            return [*coverage, *cursor.fetchall()]

    before = versions()
    assert len(before) > 2
    runs.rescore_all()
    assert versions() == before


def test_coverage_of_a_framework_that_no_longer_applies_goes(cast: Cast, application: AIApplication) -> None:
    frameworks = ApplicationCoverage.objects.filter(application=application).values_list("framework", flat=True)
    before = set(frameworks)
    assessments.save_answers(actor=cast.alice, application=application, answers={"app.agentic": False})
    scores.rescore_changed()
    assert before - set(frameworks.all()) == {"owasp_asi_2026"}


def test_as_many_queries_for_many_as_for_few(cast: Cast) -> None:
    def queries(extra: int) -> int:
        for _ in range(extra):
            one = make_application(cast.cards)
            Answer.objects.create(application=one, question="scale", value="under_10k")
            ControlState.objects.create(application=one, control="GV-01", status="attested", as_of=date(2026, 1, 1))
        with CaptureQueriesContext(
            connection,
        ) as found:
            scores.rescore_changed()
        return len(found)

    queries(1)  # the first one makes the draft tables
    assert queries(2) == queries(20)
