"""Interactions stand in a partition a month: made when rows need it, dropped when its time is over, ids kept unique."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from inventory.connectors.content import record_key
from inventory.models import DailyUsage, Interaction
from inventory.services import imports
from inventory.services.imports import Summary, import_file, months
from tests.inventory.feeds.files import audit_text, days_ago, guid, record, write

pytestmark = pytest.mark.django_db


def partitions() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(months._EXISTING)
        return [name for (name,) in cursor.fetchall()]


def partition_of(record_id: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tableoid::regclass::text FROM inventory_interaction WHERE record_id = %s::uuid", [record_id]
        )
        return str(cursor.fetchone()[0])


def load(tmp_path: Path, *records: dict[str, Any]) -> Summary:
    return import_file(actor=None, path=write(tmp_path, "audit.csv", audit_text(*records)))


def stands_in(days: float) -> str:
    return f"inventory_interaction_{datetime.now(UTC) - timedelta(days=days):%Y_%m}"


def test_each_interaction_stands_in_its_month(tmp_path: Path) -> None:
    load(tmp_path, record(Id=guid(1)), record(Id=guid(2), CreationTime=days_ago(70)))
    assert (partition_of(guid(1)), partition_of(guid(2))) == (stands_in(1), stands_in(70))
    between = len(partitions())
    load(tmp_path, record(Id=guid(3), CreationTime=days_ago(71)))
    assert len(partitions()) in (between, between + 1)  # the day may lie in the month before


def test_the_first_of_an_id_wins_whatever_the_month_of_the_second(tmp_path: Path) -> None:
    load(tmp_path, record(Id=guid(1), CreationTime=days_ago(70)))
    again = load(
        tmp_path, record(Id=guid(1)), record(Id=guid(2)), record(Id=guid(1).upper(), CreationTime=days_ago(99))
    )
    assert (again.stored, again.duplicates) == (1, 2)
    assert partition_of(guid(1)) == stands_in(70)
    assert sum(DailyUsage.objects.values_list("interactions", flat=True)) == 2 == Interaction.objects.count()


def test_the_database_itself_refuses_an_id_twice_in_a_month(tmp_path: Path) -> None:
    load(tmp_path, record(Id=guid(1)))
    row = Interaction.objects.get()
    with pytest.raises(IntegrityError), transaction.atomic():
        Interaction.objects.create(
            **{field.attname: getattr(row, field.attname) for field in Interaction._meta.concrete_fields}
        )


def test_wrong_clocks_make_no_months(tmp_path: Path) -> None:
    far = [record(Id=guid(n), CreationTime=f"{2150 + n}-12-31T23:59:59") for n in range(1, 40)]
    summary = load(tmp_path, *far, record(Id=guid(99), CreationTime="9999-12-31T23:59:59"), record(Id=guid(100)))
    assert (summary.stored, summary.quarantined) == (40, 1)  # of the year 9999 nothing is believed
    assert len(partitions()) <= 3
    assert partition_of(guid(1)) == months.LATER
    assert load(tmp_path, record(Id=guid(1))).duplicates == 1


def test_what_lay_ahead_moves_into_its_month_when_that_comes(tmp_path: Path) -> None:
    ahead = timezone.now() + timedelta(days=200)
    load(tmp_path, record(Id=guid(1), CreationTime=f"{ahead:%Y-%m-%dT%H:%M:%S}"))
    assert partition_of(guid(1)) == months.LATER
    with connection.cursor() as cursor:
        months.prepare(cursor, ahead, ahead, now=ahead)
    assert partition_of(guid(1)) == f"inventory_interaction_{ahead:%Y_%m}"
    assert load(tmp_path, record(Id=guid(1))).duplicates == 1


def test_a_month_past_its_time_is_dropped_and_its_figures_stay(tmp_path: Path) -> None:
    load(tmp_path, record(Id=guid(1), CreationTime=days_ago(300)), record(Id=guid(2)))
    before = timezone.now() + timedelta(days=settings.INTERACTION_RETENTION_DAYS - 200)
    assert imports.purge(now=before)["interactions"] == 1
    assert stands_in(300) not in partitions()
    assert stands_in(1) in partitions()
    assert Interaction.objects.count() == 1
    assert DailyUsage.objects.count() == 2
    assert imports.purge(now=before)["interactions"] == 0


def test_the_retention_is_kept_to_the_second_within_its_month(tmp_path: Path) -> None:
    now = datetime(2026, 6, 20, 12, tzinfo=UTC)
    with connection.cursor() as cursor:
        months.prepare(cursor, now, now, now=now)
        for number, at in enumerate((now - timedelta(seconds=1), now)):
            Interaction.objects.create(
                record_id=guid(number), at=at, operation=1, jailbreak=False, injection=False, batch_id=1
            )
        assert months.drop_before(cursor, now) == 1
    assert [str(pk) for pk in Interaction.objects.values_list("pk", flat=True)] == [guid(1)]


@pytest.mark.parametrize(
    ("first", "last", "made"),
    [
        (datetime(2025, 12, 31, 23, 59, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC), ["2025_12", "2026_01"]),
        (datetime(2026, 2, 28, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC), ["2026_02", "2026_03"]),
        (datetime(2026, 4, 1, tzinfo=UTC), datetime(2026, 5, 1, tzinfo=UTC), []),
    ],
)
def test_months_are_made_up_to_next_month(first: datetime, last: datetime, made: list[str]) -> None:
    with connection.cursor() as cursor:
        before = set(partitions())
        months.prepare(cursor, first, last, now=datetime(2026, 2, 10, tzinfo=UTC))
        months.prepare(cursor, first, last, now=datetime(2026, 2, 10, tzinfo=UTC))
    assert sorted(set(partitions()) - before) == [f"inventory_interaction_{name}" for name in made]


def test_a_month_is_read_alone(tmp_path: Path) -> None:
    load(tmp_path, record(Id=guid(1)), record(Id=guid(2), CreationTime=days_ago(70)))
    with connection.cursor() as cursor:
        cursor.execute("EXPLAIN SELECT count(*) FROM inventory_interaction WHERE at < now() - interval '60 days'")
        plan = "\n".join(line for (line,) in cursor.fetchall())
    assert stands_in(70) in plan
    assert f"{stands_in(1)} " not in plan or "Subplans Removed" in plan


@pytest.mark.parametrize(
    "record_id",
    ["", "x", "1" * 36, "e4b06ce6-0741-c7a8-7ce4-2c8218072e8g", "e4b06ce6-0741-c7a8-7ce4-2c8218072e  ", "\udc80é-",
     "-" * 36, "e4b06ce6--741-c7a8-7ce4-2c8218072e8c", "٣4b06ce6-0741-c7a8-7ce4-2c8218072e8c"],
)  # fmt: skip
def test_only_a_guid_is_its_own_key(record_id: str) -> None:
    key = record_key(record_id)
    assert len(key) == 16
    assert key != record_key("e4b06ce6-0741-c7a8-7ce4-2c8218072e8c")


def test_a_guid_is_its_key_whatever_its_case() -> None:
    assert record_key("E4B06CE6-0741-C7A8-7CE4-2C8218072E8C").hex() == "e4b06ce60741c7a87ce42c8218072e8c"
    assert record_key("e4b06ce6-0741-c7a8-7ce4-2c8218072e8c").hex() == "e4b06ce60741c7a87ce42c8218072e8c"
