"""Uploads: queued as rows, read by a worker, exact however often the worker dies."""

import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection, transaction
from django.utils import timezone
from pytest_django import Settings

from inventory import tasks
from inventory.choices import BatchState
from inventory.connectors.base import UnknownFormatError
from inventory.models import AuditLogEntry, DailyUsage, ImportBatch, Interaction, QuarantinedRow, User
from inventory.services import imports
from inventory.services.imports import again, batches, quarantine, queue, reading, uploads
from tests.cast import Cast
from tests.inventory.feeds.files import SAMPLES, audit_text, days_ago, guid, record, write

pytestmark = pytest.mark.django_db
COUNTS = ("rows", "stored", "duplicates", "quarantined", "ignored", "unmatched")


@pytest.fixture(autouse=True)
def _own_folder(settings: Settings, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path / "uploads"


def upload(actor: User | None, content: str | bytes, name: str = "audit.csv") -> ImportBatch:
    raw = content.encode() if isinstance(content, str) else content
    return imports.receive(actor=actor, file_name=name, blocks=[raw[:100], raw[100:]])


def many(rows: int) -> str:
    """Records of which every seventh is broken and every fifth was there before."""
    payloads: list[Any] = []
    for n in range(rows):
        if n % 7 == 3:
            payloads.append("{broken")
        else:
            payloads.append(record(Id=guid(0xE000 + n - (5 if n % 5 == 0 and n else 0))))
    return audit_text(*payloads)


def counts(batch: ImportBatch) -> tuple[int, ...]:
    batch.refresh_from_db()
    return tuple(getattr(batch, name) for name in COUNTS)


def test_an_upload_waits_as_a_row_is_read_and_then_gone(cast: Cast) -> None:
    batch = upload(cast.ada, (SAMPLES / "audit_many.csv").read_bytes())
    assert (batch.state, batch.kind, batch.size) == (BatchState.WAITING, "purview_audit", 5835)
    assert len(list(uploads.folder().iterdir())) == 1
    tasks.run_import(batch.pk)
    assert counts(batch) == (6, 5, 0, 0, 1, 5)
    assert (batch.state, batch.percent) == (BatchState.DONE, 100)
    assert list(uploads.folder().iterdir()) == []
    assert AuditLogEntry.objects.get(action="feed.imported").actor == cast.ada
    tasks.run_import(batch.pk)  # a ring that comes twice
    assert counts(batch) == (6, 5, 0, 0, 1, 5)


def test_nothing_is_kept_of_what_nobody_can_read_or_nobody_may_upload(cast: Cast, settings: Settings) -> None:
    with pytest.raises(UnknownFormatError):
        upload(cast.ada, "a\n1\n")
    with pytest.raises(PermissionDenied):
        upload(cast.bob, (SAMPLES / "audit_one.csv").read_bytes())
    settings.UPLOAD_MAX_BYTES = 150
    with pytest.raises(imports.TooLargeError):
        upload(cast.ada, (SAMPLES / "audit_one.csv").read_bytes())
    assert list(uploads.folder().iterdir()) == []
    assert not ImportBatch.objects.exists()


class Killed(BaseException):
    """Stands for a worker that is gone in the middle."""


def die_after(monkeypatch: pytest.MonkeyPatch, chunks: int) -> None:
    whole = reading.read

    def cut(*args: Any, **options: Any) -> Iterator[Any]:
        source = whole(*args, **options)
        try:
            for number, chunk in enumerate(source):
                if number == chunks:
                    raise Killed
                yield chunk
        finally:
            source.close()

    monkeypatch.setattr(batches, "read", cut)


def grow_stale(batch: ImportBatch) -> None:
    ImportBatch.objects.filter(pk=batch.pk).update(
        heartbeat_at=timezone.now() - batches.STALE_AFTER - timedelta(seconds=1)
    )


@pytest.mark.parametrize("died_after", [0, 1, 3, 6])
def test_a_reading_that_dies_goes_on_where_it_was(cast: Cast, monkeypatch: pytest.MonkeyPatch, died_after: int) -> None:
    monkeypatch.setattr(reading, "CHUNK_ROWS", 9)
    text = many(70)
    with monkeypatch.context() as patch:
        batch = upload(cast.ada, text)
        die_after(patch, died_after)
        with pytest.raises(Killed):
            imports.run_batch(batch.pk)
    batch.refresh_from_db()
    assert (batch.state, batch.rows) == (BatchState.RUNNING, 9 * died_after)
    assert Interaction.objects.count() == batch.stored
    assert not imports.run_batch(batch.pk)  # the worker may still be alive
    grow_stale(batch)
    tasks.run_waiting_imports()
    resumed = counts(batch)
    assert batch.state == BatchState.DONE
    whole = upload(cast.ada, text.replace("0000-4000-8000", "1111-4000-8000"))
    imports.run_batch(whole.pk)
    assert resumed == counts(whole)
    assert sum(DailyUsage.objects.values_list("interactions", flat=True)) == 2 * batch.stored
    assert QuarantinedRow.objects.filter(batch=batch).count() == batch.quarantined == 10


def test_a_worker_that_was_thought_dead_stores_nothing_beside_its_successor(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "CHUNK_ROWS", 5)
    batch = upload(cast.ada, many(20))
    slow = batches.claim(batch.pk)
    assert slow is not None
    grow_stale(batch)
    imports.run_batch(batch.pk)
    done = counts(batch)
    with pytest.raises(batches.ClaimLostError):
        batches.run(slow, SAMPLES / "audit_many.csv", actor=None)
    assert counts(batch) == done
    assert Interaction.objects.count() == batch.stored


def test_a_file_that_always_kills_its_reader_is_given_up(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    batch = upload(cast.ada, many(20))
    die_after(monkeypatch, 0)
    for _ in range(batches.MOST_ATTEMPTS):
        with pytest.raises(Killed):
            imports.run_batch(batch.pk)
        grow_stale(batch)
    imports.run_waiting()
    batch.refresh_from_db()
    assert batch.state == BatchState.FAILED
    assert "again and again" in batch.error
    assert len(list(uploads.folder().iterdir())) == 1  # for a few days, to be tried again


def test_an_upload_whose_file_is_gone_says_so(cast: Cast) -> None:
    batch = upload(cast.ada, many(3))
    for path in uploads.folder().iterdir():
        path.unlink()
    imports.run_batch(batch.pk)
    batch.refresh_from_db()
    assert (batch.state, "gone" in batch.error) == (BatchState.FAILED, True)


def test_a_reading_at_the_console_that_died_is_closed_and_may_be_repeated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "CHUNK_ROWS", 9)
    path = write(tmp_path, "audit.csv", many(40))
    with monkeypatch.context() as patch:
        die_after(patch, 2)
        with pytest.raises(Killed):
            imports.import_file(actor=None, path=path)
    first = ImportBatch.objects.get()
    assert (first.state, first.rows) == (BatchState.FAILED, 18)
    again = imports.import_file(actor=None, path=path)
    assert again.stored + first.stored == Interaction.objects.count()
    assert again.rows == 40
    ImportBatch.objects.filter(pk=first.pk).update(state=BatchState.RUNNING)
    grow_stale(first)
    imports.run_waiting()
    first.refresh_from_db()
    assert first.state == BatchState.FAILED


def test_a_reading_at_the_console_that_lives_is_not_closed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "CHUNK_ROWS", 9)
    path = write(tmp_path, "audit.csv", many(40))
    whole = queue.fail

    def just_in_time(batch: ImportBatch, *args: Any, **options: Any) -> bool:
        ImportBatch.objects.filter(pk=batch.pk).update(heartbeat_at=timezone.now())  # between looking and closing
        return whole(batch, *args, **options)

    def close(batch: ImportBatch) -> None:
        grow_stale(batch)
        queue.close_abandoned()

    with monkeypatch.context() as patch:
        patch.setattr(queue, "fail", just_in_time)
        assert imports.import_file(actor=None, path=path, progress=close).rows == 40
    assert not AuditLogEntry.objects.filter(action="feed.failed").exists()
    with pytest.raises(imports.ImportFailedError, match="no sign of life"):
        imports.import_file(actor=None, path=path, progress=close)


@pytest.mark.django_db(transaction=True)
def test_a_file_that_is_queued_again_is_not_purged(settings: Settings) -> None:
    batch = upload(None, many(3))
    ImportBatch.objects.filter(pk=batch.pk).update(state=BatchState.FAILED, finished_at=timezone.now())
    later = timezone.now() + timedelta(days=settings.FAILED_FILE_DAYS + 1)
    with transaction.atomic():
        assert imports.purge(now=later)["files"] == 1
        transaction.set_rollback(True)
    assert uploads.kept_file(batch)  # what was rolled back deleted nothing
    somebody_else = connection.copy()
    try:
        with somebody_else.cursor() as theirs, connection.cursor() as ours:
            theirs.execute("BEGIN")
            theirs.execute("UPDATE inventory_importbatch SET state = 'waiting' WHERE id = %s", [batch.pk])
            ours.execute("SET lock_timeout = '1s'")
            assert imports.purge(now=later)["files"] == 0
            theirs.execute("COMMIT")
            ours.execute("RESET lock_timeout")
    finally:
        somebody_else.close()
    assert uploads.kept_file(batch)
    stale = ImportBatch.objects.get(pk=batch.pk)
    ImportBatch.objects.filter(pk=batch.pk).update(state=BatchState.FAILED)
    stale.state = BatchState.FAILED  # as somebody sees it who looked before the purge
    imports.purge(now=later)
    assert not uploads.kept_file(batch)
    with pytest.raises(ValidationError, match="Somebody else"):
        again._queue(None, stale, stale.stored_as)


def test_quarantined_lines_are_sealed_and_shown_only_with_a_reason(cast: Cast) -> None:
    batch = upload(cast.ada, audit_text("{secret of ann@alderfinch.example"))
    imports.run_batch(batch.pk)
    row = QuarantinedRow.objects.get()
    assert b"secret" not in bytes(row.raw or b"")
    for person in (cast.alice, cast.bob, cast.carol, cast.dan, cast.eve):
        with pytest.raises(PermissionDenied):
            quarantine.reveal(actor=person, batch=batch, reason="curious")
    with pytest.raises(ValueError, match="why"):
        quarantine.reveal(actor=cast.ada, batch=batch, reason=" ")
    assert not AuditLogEntry.objects.filter(action="quarantine.revealed").exists()
    ((line, reason, text),) = quarantine.reveal(actor=cast.ada, batch=batch, reason="Ticket 7")
    assert (line, "{secret of ann" in text) == (2, True)
    assert "secret" not in reason
    assert AuditLogEntry.objects.get(action="quarantine.revealed").reason == "Ticket 7"


def test_what_is_kept_for_a_time_goes_when_it_is_over(cast: Cast, settings: Settings) -> None:
    batch = upload(cast.ada, audit_text("{broken", record(), record(CreationTime=days_ago(20))))
    imports.run_batch(batch.pk)
    assert not any(imports.purge().values())
    settings.INTERACTION_RETENTION_DAYS = 10
    later = timezone.now() + timedelta(days=settings.RAW_RETENTION_DAYS + 1)
    assert imports.purge(now=timezone.now())["interactions"] == 1
    assert imports.purge(now=later)["quarantined_texts"] == 1
    row = QuarantinedRow.objects.get()
    assert (row.raw, row.line) == (None, 2)
    assert [text for *_, text in quarantine.reveal(actor=cast.ada, batch=batch, reason="x")] == [""]
    assert sum(DailyUsage.objects.values_list("interactions", flat=True)) == 2
    with pytest.raises(PermissionDenied):
        imports.purge(actor=cast.bob)


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("celery_worker")
def test_a_worker_is_rung_and_reads(cast: Cast) -> None:
    batch = upload(cast.ada, (SAMPLES / "audit_many.csv").read_bytes())
    until = time.monotonic() + 60
    while time.monotonic() < until:
        batch.refresh_from_db()
        if batch.state == BatchState.DONE:
            break
        time.sleep(0.1)
    assert counts(batch) == (6, 5, 0, 0, 1, 5)
