"""Thinning keeps what an auditor needs, and what is left can still be made again."""

import json
from datetime import date, timedelta
from io import StringIO

import pytest
from django.core.exceptions import PermissionDenied
from django.core.management import call_command
from django.db import DatabaseError
from django.utils import timezone

from inventory.models import AIApplication, AuditLogEntry
from risk.choices import Band
from risk.models import ScoreSnapshot
from risk.selectors import replay
from risk.services.thinning import thin_snapshots
from tests.cast import Cast

TODAY = date(2026, 11, 22)


def course(application: AIApplication, first: date, last: date, **changes: dict) -> None:
    """A snapshot a day, of which all but the first repeat its inputs; `changes`: day in ISO form → other values."""
    holder = ScoreSnapshot.objects.filter(application=application).latest("id")
    rows = []
    for n in range((last - first).days + 1):
        day = first + timedelta(days=n)
        values = {f.attname: getattr(holder, f.attname) for f in ScoreSnapshot._meta.concrete_fields if f.name != "id"}
        values |= {"as_of": day, "inputs": None if n else holder.inputs} | changes.get(day.isoformat(), {})
        rows.append(ScoreSnapshot(**values))
    ScoreSnapshot.objects.bulk_create(rows)


def days(application: AIApplication) -> list[str]:
    found = ScoreSnapshot.objects.filter(application=application, inputs__isnull=True).order_by("as_of")
    return [day.isoformat() for day in found.values_list("as_of", flat=True)]


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
