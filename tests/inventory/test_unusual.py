"""The search for unusual activity: found, explained, dismissed with a reason, and taken back when figures change."""

from datetime import date, timedelta
from pathlib import Path

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404
from django.utils import timezone
from pytest_django import Settings

from inventory import tasks
from inventory.choices import UsageMetric
from inventory.models import (
    AIApplication,
    AuditLogEntry,
    ChangedDay,
    DailyUsage,
    Department,
    ImportBatch,
    Sighting,
    UnusualDay,
    User,
)
from inventory.selectors import unusual as selectors
from inventory.services import unusual
from inventory.services.imports import import_file, undo
from tests.builders import make_application
from tests.cast import Cast
from tests.inventory.feeds.files import audit_text, guid, record, write

pytestmark = pytest.mark.django_db
TODAY = timezone.localdate()


def used(application: AIApplication | None, department: Department | None, day: date, n: int, **counts: int) -> None:
    figures = {"users": 1, "sensitive": 0, "jailbreak": 0, "injection": 0, "attacks": 0, "off_hours": 0, **counts}
    DailyUsage.objects.create(application=application, department=department, day=day, interactions=n, **figures)


def course(application: AIApplication, department: Department | None, days: int = 28, n: int = 50) -> None:
    """As every day before today: between n - 10 and n + 10, five of them sensitive and five off hours."""
    for ago in range(1, days + 1):
        used(application, department, TODAY - timedelta(days=ago), n + 10 * (ago % 3 - 1), sensitive=5, off_hours=5)


@pytest.fixture
def application(cast: Cast) -> AIApplication:
    return make_application(cast.retail, "Letters")


def found() -> set[tuple[str, str, int]]:
    return {
        (one.subject, one.metric, one.hits) for one in UnusualDay.objects.select_related("application", "department")
    }


def test_a_day_far_above_the_usual_is_found_for_application_and_departments(
    cast: Cast, application: AIApplication
) -> None:
    course(application, cast.cards)
    used(application, cast.cards, TODAY, 412, sensitive=40, off_hours=30)
    assert unusual.judge(TODAY) == 4
    whole = cast.root.name
    assert found() == {(name, "interactions", 412) for name in ("Letters", "Cards", "Retail Banking", whole)}
    one = UnusualDay.objects.get(application=application)
    assert (one.value, one.low, one.high, one.limit, one.history) == (412, 40, 60, 150, 28)
    assert selectors.explained(one) == (
        f"412 interactions on {TODAY:%-d %B %Y}; usually 40–60 over 28 days, unusual above 150"
    )


def test_shares_are_judged_apart_from_the_number(cast: Cast, application: AIApplication) -> None:
    course(application, cast.cards)
    used(application, cast.cards, TODAY, 60, sensitive=30, off_hours=6)
    unusual.judge(TODAY)
    mine = UnusualDay.objects.get(application=application)
    assert (mine.metric, mine.hits, mine.total, mine.value) == ("sensitive", 30, 60, 0.5)
    assert (mine.low, mine.high) == (5 / 60, 5 / 40)
    assert mine.limit == pytest.approx(0.25)  # three times the odds of the median, 5 of 50
    assert selectors.explained(mine).startswith("50% of 60 interactions were sensitive on")


def test_off_hours_that_nobody_counted_are_not_judged(
    cast: Cast, application: AIApplication, settings: Settings
) -> None:
    settings.WORKING_DAYS = "1-7"
    course(application, cast.cards)
    used(application, cast.cards, TODAY, 60, off_hours=50)
    DailyUsage.objects.filter(day__lt=TODAY).update(off_hours=None)
    assert unusual.judge(TODAY) == 0
    standing = {one.metric: one.standing for one in selectors.courses(application, 7)}
    assert standing[UsageMetric.OFF_HOURS] == "not enough data: 0 of 14 days needed"
    assert standing[UsageMetric.INTERACTIONS].startswith("usual on")


def test_people_without_a_department_are_the_organisations(cast: Cast, application: AIApplication) -> None:
    course(application, None)
    used(application, None, TODAY, 500)
    unusual.judge(TODAY)
    assert {name for name, *_ in found()} == {"Letters", cast.root.name}


def test_use_of_what_nobody_registered_counts_for_departments(cast: Cast, application: AIApplication) -> None:
    course(application, cast.cards)
    now = timezone.now()
    seen = Sighting.objects.create(name="ChatGPT", folded="chatgpt", first_seen=now, last_seen=now)
    DailyUsage.objects.create(
        sighting=seen, department=cast.cards, day=TODAY, interactions=700, users=9, sensitive=0, jailbreak=0,
        injection=0, attacks=0, off_hours=0,
    )  # fmt: skip
    unusual.judge(TODAY)
    assert {name for name, *_ in found()} == {"Cards", "Retail Banking", cast.root.name}


def test_thirteen_days_are_not_enough_and_it_says_so(cast: Cast, application: AIApplication) -> None:
    course(application, cast.cards, days=13)
    used(application, cast.cards, TODAY, 900)
    assert unusual.judge(TODAY) == 0
    assert selectors.courses(application, 7)[0].standing == "not enough data: 13 of 14 days needed"
    used(application, cast.cards, TODAY - timedelta(days=14), 50)
    assert unusual.judge(TODAY) == 4


def test_days_of_which_no_feed_told_are_no_days_without_use(cast: Cast, application: AIApplication) -> None:
    """Ten days of history with a gap of two weeks: a feed that was away is no quiet fortnight."""
    course(application, cast.cards, days=26)
    DailyUsage.objects.filter(day__lt=TODAY - timedelta(days=5), day__gt=TODAY - timedelta(days=22)).delete()
    used(application, cast.cards, TODAY, 900)
    assert unusual.judge(TODAY) == 0
    other = make_application(cast.treasury, "Other")
    course(other, cast.treasury, days=26)  # now something was told on these days: the first was not used
    unusual.judge(TODAY)
    assert "Letters" in {name for name, *_ in found()}


def test_every_change_of_figures_is_judged_again(cast: Cast, tmp_path: Path, settings: Settings) -> None:
    """A file comes in, the search finds the day; it is undone, and the finding goes."""
    settings.WORKING_HOURS, settings.WORKING_DAYS = "00:00-24:00", "1-7"
    make_application(cast.retail, "Known", identifiers=[("agent_id", "A.b")])
    serial = iter(range(1, 10_000))
    day = TODAY - timedelta(days=1)

    def load(name: str, per_day: dict[date, int]) -> None:
        rows = [
            record(Id=guid(next(serial)), AgentId="A.b", CreationTime=f"{on}T10:00:00")
            for on, n in per_day.items()
            for _ in range(n)
        ]
        import_file(actor=None, path=write(tmp_path, name, audit_text(*rows)))

    load("before.csv", {day - timedelta(days=n): 4 for n in range(1, 21)} | {day: 4})
    tasks.find_unusual()
    assert not ChangedDay.objects.exists()
    assert not found()
    load("rush.csv", {day: 60})
    assert set(ChangedDay.objects.values_list("day", flat=True)) == {day}
    tasks.find_unusual()
    assert ("Known", "interactions", 64) in found()
    batch = ImportBatch.objects.get(file_name="rush.csv")
    undo.ask(actor=None, batch=batch, reason="Wrong month")
    tasks.undo_import(batch.pk)
    assert set(ChangedDay.objects.values_list("day", flat=True)) == {day}
    tasks.find_unusual()
    assert not found()


def test_the_search_waits_while_a_file_is_read(cast: Cast, application: AIApplication) -> None:
    batch = ImportBatch.objects.create(file_name="a.csv", state="running", heartbeat_at=timezone.now())
    ChangedDay.objects.create(day=TODAY)
    tasks.find_unusual()
    assert ChangedDay.objects.exists()
    ImportBatch.objects.filter(pk=batch.pk).update(heartbeat_at=timezone.now() - timedelta(minutes=6))  # died
    tasks.find_unusual()
    assert not ChangedDay.objects.exists()


def test_what_is_long_past_is_no_news(cast: Cast, application: AIApplication) -> None:
    course(application, cast.cards)
    long_ago = TODAY - timedelta(days=120)
    for ago in range(1, 29):
        used(application, cast.cards, long_ago - timedelta(days=ago), 50)
    used(application, cast.cards, long_ago, 900)
    ChangedDay.objects.create(day=long_ago)
    tasks.find_unusual()
    assert not found()


def test_a_wrong_clock_makes_no_old_news_of_today(cast: Cast, application: AIApplication) -> None:
    course(application, cast.retail)
    used(application, cast.retail, TODAY, 400)
    used(application, cast.retail, TODAY + timedelta(days=30_000), 1)
    ChangedDay.objects.create(day=TODAY)
    unusual.find()
    assert ("Letters", UsageMetric.INTERACTIONS, 400) in found()
    assert selectors.enough_told()


def test_looking_back_finds_what_a_late_file_made_unusual(cast: Cast, application: AIApplication) -> None:
    course(application, cast.cards)
    used(application, cast.cards, TODAY - timedelta(days=29), 50)
    DailyUsage.objects.filter(day=TODAY - timedelta(days=3)).update(interactions=600)
    tasks.look_back_for_unusual()
    assert {one.day for one in UnusualDay.objects.all()} == {TODAY - timedelta(days=3)}


@pytest.fixture
def finding(cast: Cast, application: AIApplication) -> UnusualDay:
    course(application, cast.cards)
    used(application, cast.cards, TODAY, 412)
    unusual.judge(TODAY)
    return UnusualDay.objects.get(application=application)


def test_a_dismissal_has_a_reason_and_an_entry_and_stands(finding: UnusualDay, cast: Cast) -> None:
    with pytest.raises(ValidationError):
        unusual.dismiss(actor=cast.alice, finding=finding, reason=" ")
    unusual.dismiss(actor=cast.alice, finding=finding, reason="Half-year letters")
    unusual.judge(TODAY)
    finding.refresh_from_db()
    assert (finding.dismissed_by, finding.reason, finding.dismissed_value) == (cast.alice, "Half-year letters", 412)
    entry = AuditLogEntry.objects.get(action="unusual.dismissed")
    assert (entry.actor, entry.reason) == (cast.alice, "Half-year letters")
    unusual.reopen(actor=cast.alice, finding=finding)
    finding.refresh_from_db()
    assert not finding.dismissed
    assert AuditLogEntry.objects.filter(action="unusual.reopened").count() == 1


def test_a_quarter_more_than_was_dismissed_is_news_again(finding: UnusualDay, cast: Cast) -> None:
    unusual.dismiss(actor=cast.alice, finding=finding, reason="Half-year letters")
    for n, stands in ((515, True), (516, False)):
        DailyUsage.objects.filter(day=TODAY).update(interactions=n)
        unusual.judge(TODAY)
        finding.refresh_from_db()
        assert (finding.value, finding.dismissed) == (n, stands)


def test_who_sees_and_who_may_dismiss(finding: UnusualDay, cast: Cast) -> None:
    def seen(user: User) -> set[str]:
        return {one.subject for one in selectors.found_in(user)}

    assert seen(cast.alice) == seen(cast.bob) == seen(cast.carol) == {"Letters", "Retail Banking", "Cards"}
    assert seen(cast.dan) == seen(cast.ada) == {"Letters", "Retail Banking", "Cards", cast.root.name}
    assert seen(cast.eve) == set()
    for user, refusal in ((cast.carol, PermissionDenied), (cast.dan, PermissionDenied), (cast.eve, Http404)):
        with pytest.raises(refusal):
            unusual.dismiss(actor=user, finding=finding, reason="No")
    unusual.dismiss(actor=cast.bob, finding=finding, reason="Yes")


def test_the_page_and_the_search_agree(finding: UnusualDay, application: AIApplication, cast: Cast) -> None:
    for subject in (application, cast.cards, cast.retail, cast.root):
        (first, *_) = selectors.courses(subject, 30)
        verdict = first.newest and first.newest.verdict
        assert verdict
        assert (verdict.value, verdict.low, verdict.high, verdict.limit) == (412, 40, 60, 150)
        assert len(first.days) == 29
