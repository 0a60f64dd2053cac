"""The demo bank as a whole: its figures agree with each other, and it tells the story it is meant to tell."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.db import transaction
from django.db.models import F, Model, Q, Sum
from django.utils import timezone
from pytest_django import DjangoDbBlocker

from governance.demo.copying import history_of
from governance.demo.seeding import Plan, seed
from inventory.choices import ApplicationKind, IdentifierKind, Lifecycle, Origin, RoleKind, UsageMetric
from inventory.models import (
    AIApplication,
    Alert,
    AuditLogEntry,
    DailySensitive,
    DailyUsage,
    DailyUser,
    Department,
    Identifier,
    ImportBatch,
    Sighting,
    UnusualDay,
    User,
)
from risk.choices import OVERALL, Band, ControlStatus, EUClass, Principle
from risk.method import load_method
from risk.models import Answer, BandChange, ControlState, CurrentScore, DepartmentDay, ScoreSnapshot
from risk.scoring.case import from_plain
from risk.scoring.judgement import judge
from risk.scoring.portfolio import score_department
from risk.services import runs


class _TakeBack(Exception):
    """Ends a transaction whose work was only to be looked at."""


@pytest.fixture(scope="module")
def bank(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[dict]:
    """The whole demo, taken back after the tests of this file."""
    with django_db_blocker.unblock():
        try:
            with transaction.atomic():
                yield seed(Plan(60, 17, 12, 1, timezone.localdate()), lambda text: None)
                raise _TakeBack
        except _TakeBack:
            pass


def test_figures_add_up(bank: dict, db: None) -> None:
    usage = DailyUsage.objects.aggregate(all=Sum("interactions"), sensitive=Sum("sensitive"), users=Sum("users"))
    files = ImportBatch.objects.filter(kind="purview_audit").aggregate(all=Sum("stored"), unmatched=Sum("unmatched"))
    assert usage["all"] == files["all"] == bank["interactions"]
    assert DailySensitive.objects.aggregate(all=Sum("interactions"))["all"] == usage["sensitive"]
    assert DailyUser.objects.count() == usage["users"]
    seen = DailyUsage.objects.filter(sighting__isnull=False).aggregate(all=Sum("interactions"))["all"]
    assert seen == files["unmatched"] == Sighting.objects.aggregate(all=Sum("interactions"))["all"]
    marks = F("sensitive"), F("attacks"), F("users"), F("off_hours")
    assert not DailyUsage.objects.filter(Q(*[Q(interactions__lt=mark) for mark in marks], _connector=Q.OR)).exists()


def test_departments_agree_with_their_applications(bank: dict, db: None) -> None:
    method = load_method()
    for department in Department.objects.all():
        below = CurrentScore.objects.filter(counted_in__in=Department.objects.subtree_of(department))
        for principle in (OVERALL, *Principle.values):
            found = DepartmentDay.objects.filter(department=department, principle=principle).order_by("-day").first()
            pairs = below.values_list(f"{principle}_point", "exposure")
            expected = score_department(pairs, method)
            assert (found is None) == (expected is None)
            if found and expected:
                assert found.index == pytest.approx(expected.index, abs=1e-9)
                assert (found.band, found.count) == (expected.band, len(pairs))


def test_recalculating_changes_nothing(bank: dict, db: None) -> None:
    rows = ScoreSnapshot.objects.count(), DepartmentDay.objects.count()
    outcome = runs.rescore_all()
    assert (outcome.applications, outcome.changed, outcome.band_changes) == (60, 0, 0)
    assert rows == (ScoreSnapshot.objects.count(), DepartmentDay.objects.count())


def test_past_scores_can_be_replayed(bank: dict, db: None) -> None:
    """A stored snapshot judged again gives the same figures: history was computed, not invented."""
    method = load_method()
    for snapshot in ScoreSnapshot.objects.with_inputs().order_by("as_of", "id")[::25]:
        again = judge(from_plain(snapshot.plain), snapshot.as_of, method).score
        assert again.point == pytest.approx(snapshot.overall_point, abs=1e-9)
        assert again.band == snapshot.band


def test_history_is_dated(bank: dict, db: None) -> None:
    """The row history tells when things were stated, not when the demo was loaded."""
    midnight = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    for model in (AIApplication, Answer, ControlState):
        events = history_of(model)._default_manager
        assert not events.filter(pgh_created_at__gte=midnight).exists()
        assert events.filter(pgh_label="update").exists()
    life = history_of(AIApplication)._default_manager.filter(external_id="AI-00020").order_by("pgh_created_at")
    assert [one["lifecycle"] for one in life.values("lifecycle")] == [
        "idea",
        "in_review",
        "approved",
        "live",
        "suspended",
    ]
    assert AuditLogEntry.objects.filter(action="application.registered").count() == 60


def test_everything_is_there(bank: dict, db: None) -> None:
    def values(model: type[Model], field: str) -> set:
        return set(model._default_manager.order_by().values_list(field, flat=True))

    assert values(AIApplication, "kind") == set(ApplicationKind.values)
    assert values(AIApplication, "origin") == set(Origin.values)
    assert values(AIApplication, "lifecycle") == set(Lifecycle.values)
    assert values(Identifier, "kind") == set(IdentifierKind.values)
    assert values(ControlState, "status") == set(ControlStatus.values)
    assert values(CurrentScore, "band") == set(Band.values)
    assert {EUClass.PROHIBITED, EUClass.HIGH_RISK, EUClass.TRANSPARENCY, EUClass.MINIMAL, None} == values(
        CurrentScore, "eu_class"
    )
    assert {"new", "active", "in_progress", "resolved", "dismissed"} == values(Alert, "state")
    held = User.objects.values_list("roles__kind", flat=True)
    assert set(RoleKind.values) <= set(held)
    assert not User.objects.exclude(password="!").exists()  # nobody has a password; links open once
    assert Answer.objects.filter(value__isnull=True).exists()  # "I don't know"
    assert ControlState.objects.filter(due__lt=timezone.localdate()).exists()  # promised and late
    gate = AIApplication.objects.filter(score__eu_class=EUClass.PROHIBITED)
    assert {one.lifecycle for one in gate} <= {Lifecycle.IDEA, Lifecycle.SUSPENDED}


def test_the_story_is_told(bank: dict, db: None) -> None:
    by_name = {one.application.name: one for one in CurrentScore.objects.select_related("application")}
    worst = CurrentScore.objects.filter(counted_in__isnull=False).order_by("-overall_point").first()
    assert worst is not None
    assert worst == by_name["Credit Scorer"]
    assert worst.band == Band.CRITICAL
    good = by_name["Mortgage Affordability Model"]
    assert (good.eu_class, good.band) == (EUClass.HIGH_RISK, Band.LOW)
    jumped = by_name["Loan Desk Helper"]
    assert jumped.change_30d is not None
    assert jumped.change_30d > 10
    assert jumped.application.alerts.filter(at__gt=timezone.now() - timedelta(days=11)).count() >= 10
    assert BandChange.objects.filter(application=jumped.application, after=Band.HIGH).exists()
    days = DailyUsage.objects.filter(application__name="Finch Assistant").values("day")
    attacks = days.annotate(n=Sum("jailbreak")).order_by("-n").values_list("day", "n")
    assert attacks[0][1] > 10 * attacks[20][1]
    tops = DepartmentDay.objects.filter(department__parent__parent=None, principle=OVERALL, day=timezone.localdate())
    assert (
        tops.exclude(department__parent=None).order_by("-index").values_list("department__key", flat=True)[0]
        == "retail"
    )


def test_use_that_stands_out_is_found(bank: dict, db: None) -> None:
    """At least one day of each metric, and of an application as of a department; and it is the exception."""
    found = UnusualDay.objects.all()
    assert bank["unusual"] == found.count() < 150
    assert set(found.exclude(application=None).values_list("metric", flat=True)) == set(UsageMetric.values)
    assert found.exclude(department=None).exists()


def test_weeks_have_a_rhythm(bank: dict, db: None) -> None:
    by_day = dict(DailyUsage.objects.values_list("day").annotate(all=Sum("interactions")))
    workday = [n for day, n in by_day.items() if day.weekday() < 5]
    weekend = [n for day, n in by_day.items() if day.weekday() >= 5]
    assert sum(weekend) / len(weekend) < 0.4 * sum(workday) / len(workday)
    recent, year_ago = sorted(by_day)[-28:], sorted(by_day)[:28]
    assert sum(by_day[d] for d in recent) > 1.3 * sum(by_day[d] for d in year_ago)
