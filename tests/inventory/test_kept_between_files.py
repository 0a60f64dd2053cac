"""Figures of use are kept from one file to the next: not counted anew after each chunk, exact once a file is read."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from inventory.choices import BatchState
from inventory.models import ImportBatch
from inventory.selectors import kept
from inventory.selectors.kept import READING_SECONDS, SECONDS, kept_between_files

pytestmark = pytest.mark.django_db


@pytest.fixture
def batch() -> ImportBatch:
    return ImportBatch.objects.create(
        kind="purview_audit", state=BatchState.RUNNING, heartbeat_at=timezone.now(), size=1
    )


@pytest.fixture
def counts() -> Callable[[], int]:
    """Another number each time."""
    answers = iter(range(99))
    return lambda: next(answers)


def change(batch: ImportBatch, **values: Any) -> None:
    ImportBatch.objects.filter(pk=batch.pk).update(heartbeat_at=timezone.now(), **values)


def later(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    now = timezone.now() + timedelta(seconds=seconds)
    monkeypatch.setattr(kept.timezone, "now", lambda: now)


def test_a_chunk_ends_nothing_and_the_time_is_told(batch: ImportBatch, counts: Callable[[], int]) -> None:
    begin = timezone.now()
    for rows in (10, 20, 30):
        change(batch, rows=rows, ignored=rows)
        found, at = kept_between_files("a", counts)
        assert found == 0
        assert isinstance(at, datetime)
        assert begin <= at <= timezone.now()


@pytest.mark.parametrize("end", [BatchState.DONE, BatchState.FAILED])
def test_the_end_of_a_file_shows_at_once(batch: ImportBatch, counts: Callable[[], int], end: BatchState) -> None:
    assert kept_between_files("a", counts)[0] == 0
    change(batch, state=end, rows=40, ignored=40)
    assert kept_between_files("a", counts) == (1, None)
    assert kept_between_files("a", counts) == (1, None)
    change(batch, state=BatchState.UNDONE)
    assert kept_between_files("a", counts) == (2, None)
    batch.delete()
    assert kept_between_files("a", counts) == (3, None)


def test_a_file_that_waits_ends_nothing(batch: ImportBatch, counts: Callable[[], int]) -> None:
    change(batch, state=BatchState.DONE)
    assert kept_between_files("a", counts) == (0, None)
    ImportBatch.objects.create(kind="purview_audit", state=BatchState.WAITING, size=1)
    assert kept_between_files("a", counts) == (0, None)


@pytest.mark.parametrize(("state", "most"), [(BatchState.RUNNING, READING_SECONDS), (BatchState.DONE, SECONDS)])
def test_nothing_is_older_than_it_may_be(
    batch: ImportBatch, counts: Callable[[], int], monkeypatch: pytest.MonkeyPatch, state: BatchState, most: int
) -> None:
    change(batch, state=state)
    assert kept_between_files("a", counts)[0] == 0
    later(monkeypatch, most - 5)
    assert kept_between_files("a", counts)[0] == 0
    later(monkeypatch, 10)
    assert kept_between_files("a", counts)[0] == 1


def test_while_one_counts_the_others_see_what_was_kept(batch: ImportBatch, counts: Callable[[], int]) -> None:
    kept_between_files("a", counts)
    change(batch, state=BatchState.DONE)
    others: list[tuple[int, datetime | None]] = []

    def slow() -> int:
        others.append(kept_between_files("a", counts))
        return 7

    assert kept_between_files("a", slow) == (7, None)
    ((found, at),) = others
    assert found == 0
    assert at is not None  # it is behind, and says so
    assert kept_between_files("a", counts) == (7, None)


def test_who_fails_to_count_leaves_it_to_the_next(batch: ImportBatch, counts: Callable[[], int]) -> None:
    kept_between_files("a", counts)
    change(batch, state=BatchState.DONE)
    with pytest.raises(ZeroDivisionError):
        kept_between_files("a", lambda: 1 // 0)
    assert kept_between_files("a", counts) == (1, None)
