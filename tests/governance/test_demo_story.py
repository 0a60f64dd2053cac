"""The demo bank as a whole: its figures agree with each other, and it tells the story it is meant to tell."""

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise

import pytest
from django.db import connection, transaction
from django.db.models import Count, F, Model, Q, Sum
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoDbBlocker

from governance.demo.copying import history_of
from governance.demo.seeding import Plan, seed
from governance.models import Recommendation
from governance.selectors import changes
from governance.services.recommendations.evaluation import evaluate
from inventory.choices import (
    ApplicationKind,
    IdentifierKind,
    Lifecycle,
    Operation,
    Origin,
    RoleKind,
    RulingKind,
    UsageMetric,
)
from inventory.models import (
    AgentListing,
    AIApplication,
    Alert,
    AuditLogEntry,
    ChangedApplication,
    ChangedDay,
    CloudApp,
    DailyPeople,
    DailySensitive,
    DailyUsage,
    DailyUser,
    Department,
    Identifier,
    ImportBatch,
    Interaction,
    Metric,
    Role,
    Ruling,
    Sighting,
    UnusualDay,
    User,
)
from inventory.selectors import feed_health
from inventory.selectors.dictionary import names
from inventory.selectors.discovery.never import registered_never_seen
from inventory.selectors.discovery.seen import Looked, seen_not_registered
from inventory.selectors.scope import scope_of
from risk.choices import OVERALL, Band, ControlStatus, EUClass, Principle
from risk.method import load_method
from risk.models import Answer, BandChange, ControlState, CurrentScore, DepartmentDay, Incident, ScoreSnapshot
from risk.scoring.case import from_plain
from risk.scoring.judgement import judge
from risk.scoring.portfolio import score_department
from risk.selectors import beyond, sharing, signals
from risk.services import runs
from tests.governance import pages, past_days, worked_on


@pytest.fixture(scope="module")
def bank(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[dict]:
    """The whole demo, taken back after the tests of this file."""
    with django_db_blocker.unblock(), transaction.atomic():
        counts = seed(Plan(60, 17, 12, 1, timezone.localdate()), lambda text: None)
        connection.check_constraints()  # once here, or else at the end of each test
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")  # as autovacuum does where a bank is committed
        with django_db_blocker.block():
            yield counts
        transaction.set_rollback(True)


def test_figures_add_up(bank: dict, db: None) -> None:
    usage = DailyUsage.objects.aggregate(all=Sum("interactions"), sensitive=Sum("sensitive"), users=Sum("users"))
    files = ImportBatch.objects.filter(kind="purview_audit").aggregate(all=Sum("stored"), unmatched=Sum("unmatched"))
    assert usage["all"] == files["all"] == bank["interactions"]
    assert DailySensitive.objects.aggregate(all=Sum("interactions"))["all"] == usage["sensitive"]
    assert DailyUser.objects.count() == usage["users"]
    seen = DailyUsage.objects.filter(sighting__isnull=False).aggregate(all=Sum("interactions"))["all"]
    assert seen == files["unmatched"] == Sighting.objects.aggregate(all=Sum("interactions"))["all"]
    visits = DailyUsage.objects.aggregate(all=Sum("visits"))["all"]
    logs = ImportBatch.objects.filter(kind="cloud_discovery").aggregate(all=Sum("stored"))
    assert visits == logs["all"] == Sighting.objects.aggregate(all=Sum("visits"))["all"] > 10_000
    marks = F("sensitive"), F("attacks"), F("users"), F("off_hours")
    assert not DailyUsage.objects.filter(Q(*[Q(interactions__lt=mark) for mark in marks], _connector=Q.OR)).exists()


def test_single_events_add_up_to_the_daily_figures(bank: dict, db: None) -> None:
    """By app, department and mark: each chart of the last weeks leads to as many events as it says."""
    whose = ("application_id", "sighting_id", "department_id")
    first = timezone.localtime(Interaction.objects.order_by("at").values_list("at", flat=True)[0]).date()
    touched = Q(labels__isnull=False) | Q(information_types__isnull=False)
    marks = {"sensitive": touched, "jailbreak": Q(jailbreak=True), "injection": Q(injection=True)}
    visited = Q(operation=Operation.VISIT)
    single = (
        Interaction.objects.exclude(visited)
        .order_by()
        .values_list(*whose)
        .annotate(n=Count("pk"), **{f"n_{name}": Count("pk", filter=mark) for name, mark in marks.items()})
    )
    daily = DailyUsage.objects.filter(day__gte=first, interactions__gt=0).order_by().values_list(*whose)
    figures = daily.annotate(n=Sum("interactions"), **{f"n_{name}": Sum(name) for name in marks})
    assert Interaction.objects.count() > 100_000
    assert set(single) == set(figures)
    visits = Interaction.objects.filter(visited).order_by().values_list(*whose, "batch__kind")
    of_days = DailyUsage.objects.filter(day__gte=first, visits__gt=0).order_by().values_list(*whose)
    sent = visits.annotate(n=Count("pk"), sent=Sum("uploaded"))
    assert {(*line[:3], *line[4:]) for line in sent} == set(of_days.annotate(n=Sum("visits"), sent=Sum("uploaded")))
    assert {line[3] for line in sent} == {"cloud_discovery"}
    assert not Interaction.objects.filter(pseudonym=None).exists()


def test_what_appeared_and_left_leads_from_one_day_to_the_other(bank: dict, db: None) -> None:
    """Of the whole and of a department: what counted then, plus what appeared, less what left, counts now."""
    root = Department.objects.get(parent=None)
    auditor = User.objects.filter(roles__kind=RoleKind.AUDITOR, roles__department=root).first()
    assert auditor is not None
    for chosen in (root, Department.objects.get(key="retail")):
        days = DepartmentDay.objects.filter(department=chosen, principle=OVERALL).order_by("day")
        spread = list(days.values_list("day", flat=True))[::20]
        scope = scope_of(auditor, chosen)
        for then, now in pairwise([*spread, timezone.localdate()]):
            differ = changes.changed(scope, then, now)
            rows, found = changes.rows(scope, then, now, differ), changes.counts(differ)
            before, after = changes.standing(scope, then), changes.standing(scope, now)
            assert after.count == before.count + found["appeared"] - found["left"]
            moved = Counter(one.after.band for one in rows if {"appeared", "band"} & set(one.kinds))
            moved.subtract(one.before.band for one in rows if {"left", "band"} & set(one.kinds))
            assert {band: after.bands[band] - before.bands[band] for band in after.bands} == {
                band: moved[band] for band in after.bands
            }


def test_each_past_day_counts_what_its_list_says(bank: dict, db: None) -> None:
    """What a department counted on a day, also where it took no figures that day, is what was live at its end."""
    assert past_days.check() > 200


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


def test_every_rule_reads_it(bank: dict, db: None) -> None:
    """Also where one name seen was linked to an application: the hub's first page has its recommendations."""
    outcome = evaluate()
    assert outcome is not None
    assert not outcome.lacking
    assert Recommendation.objects.filter(rows__gt=0).values("rule").distinct().count() > 10
    cards = Recommendation.objects.filter(rule="unlabelled_data", rows__gt=0)
    assert 2 < cards.count() < Department.objects.count()  # some departments read what nobody labelled, others don't


def test_recommendations_went_through_the_year(bank: dict, db: None) -> None:
    worked_on.recommendations_for_a_year()


def test_a_dismissed_recommendation_is_so_on_the_days_since(bank: dict, db: None, client: Client) -> None:
    client.force_login(User.objects.get(username="bram.okonvale"))
    worked_on.dismissed_on_the_days_since(client)


def test_files_read_agree_with_labels(bank: dict, db: None) -> None:
    """A file with a label is read by an interaction that carries one, and single events add up to the days."""
    events = Interaction.objects.exclude(files=None)
    assert not events.filter(files__gt=F("unlabelled"), labels=None).exists()
    singles = dict(events.order_by().values_list("at__date").annotate(n=Sum("files") * 1000 + Sum("unlabelled")))
    days = DailyUsage.objects.filter(files__gt=0, day__in=singles).order_by()
    assert singles == dict(days.values_list("day").annotate(n=Sum("files") * 1000 + Sum("unlabelled")))


def test_weeks_have_a_rhythm(bank: dict, db: None) -> None:
    by_day = dict(DailyUsage.objects.values_list("day").annotate(all=Sum("interactions")))
    workday = [n for day, n in by_day.items() if day.weekday() < 5]
    weekend = [n for day, n in by_day.items() if day.weekday() >= 5]
    assert sum(weekend) / len(weekend) < 0.4 * sum(workday) / len(workday)
    recent, year_ago = sorted(by_day)[-28:], sorted(by_day)[:28]
    assert sum(by_day[d] for d in recent) > 1.3 * sum(by_day[d] for d in year_ago)


def test_what_other_systems_say_is_there(bank: dict, db: None) -> None:
    """The dictionary ranks all that was seen, files come by their feeds, and agents and metrics agree with both."""
    dictionary = names()
    kinds = DailySensitive.objects.values_list("labels", "information_types").distinct()
    assert all(dictionary.rank(labels, types) is not None for labels, types in kinds)
    health = {one.feed.kind: one for one in feed_health.all_feeds()}
    assert {"Fresh", "Late"} == {one.state for one in health.values()}
    batches = ImportBatch.objects.filter(kind__in=health)
    assert not batches.exclude(feed__kind=F("kind")).exists()
    stored = dict(ImportBatch.objects.values_list("kind").annotate(all=Sum("stored")))
    assert stored["metrics"] == Metric.objects.count()
    newest = ImportBatch.objects.filter(kind="agents").latest("created_at")
    assert AgentListing.objects.count() == newest.stored == AgentListing.objects.filter(batch=newest).count()
    loose = AgentListing.objects.filter(application=None)
    assert loose.count() == newest.unmatched == Sighting.objects.filter(agent_listings__isnull=False).distinct().count()
    assert Sighting.objects.filter(interactions=0).exists()  # listed, and in no use


def test_each_list_of_discovery_shows_something(bank: dict, db: None) -> None:
    auditor = User.objects.get(username="dorian.silverpine")

    def names_seen(**options: str) -> set[str]:
        return set(seen_not_registered(Looked(auditor), **options).values_list("name", flat=True))

    assert {"Slidesmith", "ChatGPT", "Expense Buddy"} < names_seen()
    assert names_seen(standing="ruled_out") == {"Le Chat"}
    assert names_seen(standing="linked") == {"NoteGenius"}
    assert registered_never_seen(auditor).exists()
    above = beyond.above_approval_by_department(timezone.localdate())
    rows = beyond.beyond_page(beyond.used_beyond_approval(auditor, above), above).object_list
    forecaster = next(one for one in rows if one.application.name == "Attrition Forecaster")
    assert forecaster.not_in_force
    assert forecaster.above
    assert forecaster.elsewhere
    assert not all(one.not_in_force for one in rows)
    newest = ImportBatch.objects.filter(kind="cloud_apps").latest("created_at")
    loose = CloudApp.objects.filter(application=None, sighting__isnull=False)
    assert (newest.stored, newest.unmatched) == (CloudApp.objects.count(), loose.count())
    assert CloudApp.objects.get(name="Minutewell Notes").application == AIApplication.objects.get(
        external_id="AI-00033"
    )


def test_what_people_decided_is_dated(bank: dict, db: None) -> None:
    """Everything of a linked name counts for its application, and nobody decided while the demo was loaded."""
    link = Ruling.objects.select_related("application").get(kind=RulingKind.LINKED)
    for model in (DailyUsage, DailyPeople, DailySensitive, Interaction):
        facts = model._default_manager.filter(sighting__name="NoteGenius")
        assert facts.exists()
        assert not facts.exclude(application=link.application_id).exists()
    midnight = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    assert not Ruling.objects.filter(decided_at__gte=midnight).exists()
    for tracked in (Ruling, Identifier):
        assert not history_of(tracked)._default_manager.filter(pgh_created_at__gte=midnight).exists()
    assert set(AuditLogEntry.objects.filter(at__gte=midnight).values_list("action", flat=True)) == {"demo.seeded"}
    assert not AIApplication.objects.filter(updated_at__gte=midnight).exists()
    assert not ChangedApplication.objects.exists()
    assert not ChangedDay.objects.exists()


def test_applications_repeat_what_their_platform_states(bank: dict, db: None) -> None:
    platform = AIApplication.objects.get(external_id="AI-00036")
    passed = {one.state.control: one.applications for one in sharing.passed_on(platform) if one.applications}
    assert passed == {"SE-02": 3, "SE-09": 3}
    entry = AuditLogEntry.objects.get(action="controls.shared")
    reached = sharing.followers(User.objects.get(username="dorian.silverpine"), platform, entry.pk, 1)
    assert reached is not None
    assert (reached.whole, reached.unseen, len(reached.seen)) == (True, 0, 3)


def test_senses_move_scores(bank: dict, db: None) -> None:
    """Use above approval, drift and reports press on some scores, and not on all."""
    today = timezone.localdate()
    keys = list(AIApplication.objects.values_list("pk", flat=True))
    used = signals.usage(keys, today)
    assert 3 <= sum(one.sensitive > 0 for one in used.values()) < len(used)
    measures = signals.measures(keys, today)
    drift = {AIApplication.objects.get(pk=pk).name: one.values.get("drift", 0) for pk, one in measures.items()}
    assert drift["Credit Scorer"] > 0.2 > drift["Mortgage Affordability Model"] > 0


def test_serious_incidents_have_their_deadline(bank: dict, db: None) -> None:
    serious = Incident.objects.exclude(serious="")
    assert serious.filter(reported_on__isnull=False).count() == 1
    waiting = serious.get(reported_on=None)
    assert waiting.report_by is not None
    assert timezone.localdate() < waiting.report_by <= timezone.localdate() + timedelta(days=15)
    told = serious.get(reported_on__isnull=False)
    assert told.report_by is not None
    assert told.reported_on is not None
    assert told.reported_on <= told.report_by


def test_alerts_were_worked_on(bank: dict, db: None) -> None:
    worked_on.alerts()


def test_every_page_takes_few_queries(bank: dict, client: Client, db: None) -> None:
    root = Department.objects.get(parent=None)
    roles = Role.objects.filter(user__is_active=True).select_related("user").order_by("pk")
    administrator = roles.filter(kind=RoleKind.ADMINISTRATOR, department=root)[0].user
    leader = roles.filter(kind=RoleKind.LEADER).exclude(department=root)[0].user
    opened = pages.open_every_one(client, administrator) | pages.open_every_one(client, leader)
    assert {"overview", "application", "controls", "department", "framework", "gaps", "sightings", "events"} <= opened
    assert len(opened) > 50
