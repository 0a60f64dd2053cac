"""Reading a file again, and how long files and their rows are kept."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone
from pytest_django import Settings

from inventory.choices import BatchState
from inventory.models import AuditLogEntry, ImportBatch, QuarantinedRow
from inventory.services import imports
from inventory.services.imports import again, batches, uploads
from tests.cast import Cast
from tests.inventory.feeds.test_undo import first_file, second_file, take, take_back

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _own_folder(settings: Settings, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path / "uploads"


def test_a_file_that_failed_is_kept_for_a_time_and_goes_on(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    batch = imports.receive(actor=None, file_name="audit.csv", blocks=[second_file().encode()])
    with monkeypatch.context() as patch:
        patch.setattr(batches, "SINKS", {"purview_audit": Broken})
        imports.run_batch(batch.pk)
    batch.refresh_from_db()
    assert batch.state == BatchState.FAILED
    assert len(list(uploads.folder().iterdir())) == 1
    again.read_again(actor=cast.ada, batch=batch)
    imports.run_waiting()
    batch.refresh_from_db()
    assert (batch.state, batch.stored, batch.error) == (BatchState.DONE, 6, "")
    assert list(uploads.folder().iterdir()) == []
    with pytest.raises(ValidationError, match="Undo it first"):
        again.read_again(actor=cast.ada, batch=batch)


class Broken:
    """Stands for a database that refuses a row."""

    def __init__(self, *args: Any) -> None:
        pass

    def store(self, *args: Any) -> int:
        from django.db import DataError

        raise DataError("no")


def test_another_file_is_not_taken_for_the_same(cast: Cast) -> None:
    batch = take(second_file())
    take_back(batch)
    with pytest.raises(ValidationError, match="no longer have"):
        again.read_again(actor=cast.ada, batch=batch)
    with pytest.raises(ValidationError, match="another file"):
        again.read_again(actor=cast.ada, batch=batch, blocks=[first_file().encode()])
    assert list(uploads.folder().iterdir()) == []
    batch.refresh_from_db()
    assert batch.state == BatchState.UNDONE


def test_what_failed_is_not_kept_for_ever(
    cast: Cast, settings: Settings, django_capture_on_commit_callbacks: Any
) -> None:
    batch = imports.receive(actor=None, file_name="audit.csv", blocks=[first_file().encode()])
    ImportBatch.objects.filter(pk=batch.pk).update(state=BatchState.FAILED, finished_at=timezone.now())
    imports.purge()
    assert len(list(uploads.folder().iterdir())) == 1
    with django_capture_on_commit_callbacks(execute=True):
        imports.purge(now=timezone.now() + timedelta(days=settings.FAILED_FILE_DAYS + 1))
    assert list(uploads.folder().iterdir()) == []


def test_rows_of_files_go_when_all_they_stored_has_gone(cast: Cast, settings: Settings) -> None:
    batch = take(second_file())
    years = timedelta(days=settings.BATCH_RETENTION_DAYS + 1)
    imports.purge(now=timezone.now() + timedelta(days=settings.INTERACTION_RETENTION_DAYS + 1))
    assert ImportBatch.objects.filter(pk=batch.pk).exists()
    imports.purge(now=timezone.now() + years)
    assert not ImportBatch.objects.exists()
    assert not QuarantinedRow.objects.exists()
    assert AuditLogEntry.objects.filter(action="feed.purged").values_list("details__batches", flat=True)[0] == 1
