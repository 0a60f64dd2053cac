"""Interactions outside working hours: counted with the others, in the organisation's time zone, and kept right."""

from datetime import time
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import transaction
from pytest_django import Settings

from inventory.models import DailyUsage, ImportBatch, Interaction, WorkingHours
from inventory.services import working_hours
from inventory.services.imports import import_file, undo
from inventory.services.working_hours import Hours, parse
from tests.cast import Cast
from tests.inventory.feeds.files import audit_text, guid, record, users_text, write

pytestmark = pytest.mark.django_db
MONDAY, SATURDAY = "2026-11-23", "2026-11-28"


@pytest.fixture(autouse=True)
def _long_kept(settings: Settings) -> None:
    settings.INTERACTION_RETENTION_DAYS = 40_000  # the days of these tests don't grow old


def load(folder: Path, *times: str, user: str = "ann@x.example", start: int = 1) -> ImportBatch:
    rows = [record(Id=guid(n), UserId=user, CreationTime=at) for n, at in enumerate(times, start)]
    import_file(actor=None, path=write(folder, f"audit-{start}.csv", audit_text(*rows)))
    return ImportBatch.objects.latest("pk")


def counted() -> list[tuple[str, int, int | None]]:
    found = DailyUsage.objects.order_by("day", "department")
    return [(str(day), n, off) for day, n, off in found.values_list("day", "interactions", "off_hours")]


@pytest.mark.parametrize(
    ("at", "off"),
    [
        (f"{MONDAY}T06:59:59", 1),
        (f"{MONDAY}T07:00:00", 0),
        (f"{MONDAY}T18:59:59", 0),
        (f"{MONDAY}T19:00:00", 1),
        (f"{MONDAY}T00:00:00", 1),
        (f"{SATURDAY}T12:00:00", 1),
    ],
)
def test_the_edges_of_the_working_day(tmp_path: Path, cast: Cast, at: str, off: int) -> None:
    load(tmp_path, at)
    assert counted() == [(at[:10], 1, off)]


def test_the_day_and_the_hour_are_those_of_the_organisation(tmp_path: Path, cast: Cast, settings: Settings) -> None:
    settings.TIME_ZONE = "Pacific/Auckland"  # 13 hours ahead in November
    load(tmp_path, "2026-11-22T20:00:00", "2026-11-22T17:00:00", "2026-11-23T05:59:00", "2026-11-27T22:00:00")
    # 09:00 and 06:00 and 18:59 of Monday; 11:00 of Saturday
    assert counted() == [(MONDAY, 3, 1), (SATURDAY, 1, 1)]


def test_work_may_end_after_midnight(tmp_path: Path, cast: Cast, settings: Settings) -> None:
    settings.WORKING_HOURS = "22:00-06:00"
    load(tmp_path, f"{MONDAY}T23:00:00", f"{MONDAY}T05:59:00", f"{MONDAY}T06:00:00", f"{MONDAY}T21:00:00")
    assert counted() == [(MONDAY, 4, 2)]


def test_around_the_clock_nothing_is_off_hours(tmp_path: Path, cast: Cast, settings: Settings) -> None:
    settings.WORKING_HOURS, settings.WORKING_DAYS = "00:00-24:00", "1-7"
    load(tmp_path, f"{MONDAY}T00:00:00", f"{MONDAY}T23:59:59", f"{SATURDAY}T03:00:00")
    assert [off for *_, off in counted()] == [0, 0]


def test_undo_and_a_later_user_list_keep_it_right(tmp_path: Path, cast: Cast) -> None:
    load(tmp_path, f"{MONDAY}T03:00:00", f"{MONDAY}T12:00:00")
    second = load(tmp_path, f"{MONDAY}T04:00:00", f"{MONDAY}T13:00:00", start=3)
    third = load(tmp_path, f"{MONDAY}T05:00:00", f"{MONDAY}T12:00:00", user="bo@x.example", start=5)
    assert counted() == [(MONDAY, 6, 3)]
    import_file(actor=None, path=write(tmp_path, "users.csv", users_text(("ann@x.example", "Ann", "1", "retail"))))
    assert counted() == [(MONDAY, 4, 2), (MONDAY, 2, 1)]
    for batch, left in ((second, [(MONDAY, 2, 1), (MONDAY, 2, 1)]), (third, [(MONDAY, 2, 1)])):
        undo.ask(actor=None, batch=batch, reason="Wrong month")
        undo.carry_out(batch.pk)
        assert counted() == left


def adopt() -> bool:
    with transaction.atomic():
        return working_hours.adopt()


def test_figures_are_counted_by_the_hours_in_force_until_others_are_taken_over(
    tmp_path: Path, cast: Cast, settings: Settings
) -> None:
    first = load(tmp_path, f"{MONDAY}T06:30:00", f"{MONDAY}T12:00:00")
    settings.WORKING_HOURS = "06:00-12:00"
    load(tmp_path, f"{MONDAY}T06:45:00", start=3)
    assert counted() == [(MONDAY, 3, 2)]  # still by the hours of the first
    assert adopt()
    assert counted() == [(MONDAY, 3, 1)]
    assert not adopt()
    undo.ask(actor=None, batch=first, reason="Wrong month")
    undo.carry_out(first.pk)
    assert counted() == [(MONDAY, 1, 0)]


def test_what_was_stored_before_is_counted_once_and_what_is_gone_stays_unknown(tmp_path: Path, cast: Cast) -> None:
    load(tmp_path, f"{MONDAY}T03:00:00", f"{SATURDAY}T12:00:00")
    DailyUsage.objects.update(off_hours=None)  # as before it was counted
    WorkingHours.objects.all().delete()
    Interaction.objects.filter(at__date=SATURDAY).delete()  # as past its retention
    load(tmp_path, f"{MONDAY}T12:00:00", start=3)
    assert counted() == [(MONDAY, 2, None), (SATURDAY, 1, None)]
    assert adopt()
    assert counted() == [(MONDAY, 2, 1), (SATURDAY, 1, None)]


def test_settings_are_read_or_refused() -> None:
    assert parse("07:30-19:00", "1-3,5") == Hours(time(7, 30), 690, (1, 2, 3, 5))
    for hours, days in (("7-19", "1-5"), ("07:00-24:30", "1-5"), ("07:00-19:00", "0-5"), ("07:00-19:00", "")):
        with pytest.raises(ImproperlyConfigured):
            parse(hours, days)
