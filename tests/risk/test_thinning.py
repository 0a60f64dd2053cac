"""Thinning keeps what an auditor needs, and what is left can still be made again."""

import json
from datetime import UTC, date, datetime, time, timedelta
from io import StringIO

import pgtrigger
import pytest
from django.core.exceptions import PermissionDenied
from django.core.management import call_command
from django.db import DatabaseError, transaction
from django.utils import timezone

from inventory.choices import Lifecycle
from inventory.models import AIApplication, AuditLogEntry
from risk.choices import Band
from risk.models import MethodInForce, ScoreSnapshot
from risk.selectors import replay
from risk.services.thinning import thin_snapshots
from tests.builders import make_application
from tests.cast import Cast

TODAY = date(2026, 11, 22)


def night(day: date, hour: int = 0) -> datetime:
    return datetime.combine(day, time(hour, 20), UTC)


def course(application: AIApplication, first: date, last: date, **changes: dict) -> None:
    """A snapshot a day, of which all but the first repeat its inputs; `changes`: day in ISO form → other values."""
    holder = ScoreSnapshot.objects.filter(application=application).latest("id")
    rows = []
    for n in range((last - first).days + 1):
        day = first + timedelta(days=n)
        values = {f.attname: getattr(holder, f.attname) for f in ScoreSnapshot._meta.concrete_fields if f.name != "id"}
        values |= {"as_of": day, "computed_at": night(day), "inputs": None if n else holder.inputs}
        values |= changes.get(day.isoformat(), {})
        rows.append(ScoreSnapshot(**values))
    ScoreSnapshot.objects.bulk_create(rows)


def days(application: AIApplication) -> list[str]:
    found = ScoreSnapshot.objects.filter(application=application, inputs__isnull=True).order_by("as_of")
    return [day.isoformat() for day in found.values_list("as_of", flat=True)]


def kept(application: AIApplication) -> list[str]:
    """The days that thinning would leave, found by doing it and taking it back."""
    with transaction.atomic():
        thin_snapshots(actor=None, day=TODAY)
        found = days(application)
        transaction.set_rollback(True)
    return found


@pytest.fixture
def year(application: AIApplication) -> AIApplication:
    """Snapshots of every day from May to the middle of August, in another band for some days of June."""
    june = {f"2026-06-{day:02}": {"band": Band.LOW} for day in range(10, 13)}
    course(application, date(2026, 5, 1), date(2026, 8, 15), **june)
    return application


def test_band_changes_month_ends_and_the_newest_stay(year: AIApplication) -> None:
    found = thin_snapshots(actor=None, day=TODAY)
    assert days(year) == ["2026-05-31", "2026-06-10", "2026-06-13", "2026-06-30", "2026-07-31", "2026-08-15"]
    assert found.deleted == 106 - 6
    assert ScoreSnapshot.objects.filter(application=year, inputs__isnull=False).count() == 2


def logged(application: AIApplication, day: date, action: str) -> None:
    """An act of an earlier day. The log is append-only, so that its rows have to be born with their time."""
    AuditLogEntry.objects.bulk_create(
        [
            AuditLogEntry(
                at=night(day, hour=10),
                action=action,
                object_type="aiapplication",
                object_id=str(application.pk),
                summary=action,
            )
        ]
    )


@pytest.mark.parametrize(
    "action",
    ["record.signed", "not_applicable.approved", "control.stated", "application.updated", "evidence.withdrawn"],
)
def test_the_score_that_somebody_acted_upon_stays(year: AIApplication, action: str) -> None:
    before = set(kept(year))
    logged(year, date(2026, 5, 12), action)
    assert set(kept(year)) - before == {"2026-05-12"}


def test_an_act_keeps_the_newest_score_before_it(cast: Cast, year: AIApplication) -> None:
    """Nothing was written between 10 and 20 May, so that of the 10th was in force; another application's act is not."""
    with pgtrigger.ignore("risk.ScoreSnapshot:append_only"):
        ScoreSnapshot.objects.filter(as_of__range=(date(2026, 5, 11), date(2026, 5, 20))).delete()
    before = set(kept(year))
    other = make_application(cast.cards, "Another one")
    logged(other, date(2026, 5, 25), "record.signed")
    logged(year, date(2026, 5, 17), "record.signed")
    assert set(kept(year)) - before == {"2026-05-10"}


def test_a_step_that_an_import_took_keeps_its_score(year: AIApplication) -> None:
    """An import logs one act for all its rows, so that the row history tells."""
    before = set(kept(year))
    AIApplication.objects.filter(pk=year.pk).update(purpose="Reworded")
    AIApplication.objects.filter(pk=year.pk).update(lifecycle=Lifecycle.SUSPENDED)
    event = AIApplication.pgh_event_model.objects.latest("pgh_id")  # type: ignore[attr-defined]
    with pgtrigger.ignore("inventory.AIApplicationEvent:append_only"):
        events = AIApplication.pgh_event_model.objects.filter(pgh_obj_id=year.pk)  # type: ignore[attr-defined]
        events.exclude(pk=event.pk).update(pgh_created_at=night(date(2026, 5, 3), 9))
        events.filter(pk=event.pk).update(pgh_created_at=night(date(2026, 6, 20), 9))
    assert set(kept(year)) - before == {"2026-06-20"}


def test_a_switch_of_the_method_keeps_the_score_before_it(year: AIApplication) -> None:
    before = set(kept(year))
    MethodInForce.objects.create(version="2026.1", since=night(date(2026, 7, 8), 12), reason="A new release")
    assert set(kept(year)) - before == {"2026-07-08"}


def test_recent_days_stay_one_by_one(year: AIApplication) -> None:
    thin_snapshots(actor=None, day=date(2026, 8, 22))  # ninety days before: 24 May
    assert days(year)[:2] == ["2026-05-24", "2026-05-25"]
    assert len(days(year)) == 84


def test_a_second_time_there_is_nothing_left_to_do(year: AIApplication) -> None:
    thin_snapshots(actor=None, day=TODAY)
    assert thin_snapshots(actor=None, day=TODAY).deleted == 0
    entry = AuditLogEntry.objects.get(action="snapshots.thinned")
    assert entry.details == {"snapshots": 108, "deleted": 100, "before": "2026-08-24"}


def test_what_is_left_has_its_inputs(year: AIApplication) -> None:
    thin_snapshots(actor=None, day=TODAY)
    assert all(one.plain == {} or one.plain for one in ScoreSnapshot.objects.with_inputs())
    newest = replay.snapshots(newest_only=False).get(as_of=timezone.localdate())
    assert not next(replay.replayed(ScoreSnapshot.objects.with_inputs().filter(pk=newest.pk))).differences


def test_only_this_service_deletes_and_only_administrators_ask(cast: Cast, year: AIApplication) -> None:
    with pytest.raises(PermissionDenied):
        thin_snapshots(actor=cast.bob)
    thin_snapshots(actor=cast.ada, day=TODAY)
    with pytest.raises(DatabaseError, match="Cannot update or delete"):
        ScoreSnapshot.objects.earliest("id").delete()


def test_the_command_counts_before_it_deletes(year: AIApplication) -> None:
    counts = []
    for option in (["--dry-run"], [], []):
        out = StringIO()
        call_command("thin_snapshots", *option, stdout=out)
        counts.append(json.loads(out.getvalue().splitlines()[-1])["deleted"])
    assert counts[0] == counts[1]
    assert counts[2] == 0
