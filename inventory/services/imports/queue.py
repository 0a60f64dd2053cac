"""What workers do: reading the files that were handed over, and going on with what was interrupted."""

import logging
from datetime import timedelta
from pathlib import Path

from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from inventory import doorbell
from inventory.choices import BatchState, Door
from inventory.connectors.archives import ArchiveError
from inventory.models import ImportBatch, User
from inventory.services.imports import archives, drop_folder, kinds
from inventory.services.imports.batches import (
    INTERRUPTED,
    MOST_ATTEMPTS,
    STALE_AFTER,
    ClaimLostError,
    ImportFailedError,
    claim,
    fail,
    run,
)
from inventory.services.imports.reading import ReaderDiedError
from inventory.services.imports.uploads import TASK, folder

logger = logging.getLogger(__name__)
MAPPED_WITHIN = timedelta(days=7)  # a table that nobody maps is deleted then


def run_batch(batch_id: int) -> bool:
    """Read a file that was handed over, if it waits or its worker has died; False where there was nothing to do.

    A person who uploaded it is the actor: they had the right when they did, and the work is theirs.
    """
    batch = claim(batch_id)
    if batch is None:
        return False
    path = folder() / batch.stored_as
    read = False
    try:
        if batch.attempts > MOST_ATTEMPTS:
            fail(batch, "Reading was interrupted again and again. Upload the file anew.", actor=batch.uploaded_by)
        elif not path.exists():
            fail(batch, "The uploaded file is gone. Upload it anew; nothing counts twice.", actor=batch.uploaded_by)
        elif batch.kind == kinds.ARCHIVE:
            read = _unpack(batch, path)
        else:
            run(batch, path, actor=batch.uploaded_by)
            read = True
    except ClaimLostError:
        logger.warning("Import %s was taken over by another worker.", batch.pk)
        return False
    except ReaderDiedError:
        logger.exception("Import %s will be taken up again.", batch.pk)  # as if this worker had died
        return False
    except ImportFailedError as problem:
        logger.info("Import %s failed: %s", batch.pk, problem)
    if read or settings.FAILED_FILE_DAYS == 0:
        path.unlink(missing_ok=True)
    if not read and batch.door == Door.FOLDER:
        drop_folder.put_aside(batch)
    return True


def _unpack(batch: ImportBatch, path: Path) -> bool:
    """Queue the files of an archive; False where it can't be unpacked. Where a worker died over it, the next one writes
    the same files again."""
    actor = batch.uploaded_by
    try:
        members = archives.unpack(path, batch.file_name, lambda number: path.with_name(f"{path.name}-{number}"))
    except ArchiveError as problem:
        fail(batch, str(problem), actor=actor)
        return False
    for member in archives.queue_members(batch, members, actor):
        if member.state == BatchState.WAITING:
            doorbell.ring(TASK, member.pk)
    return True


def waiting() -> list[int]:
    """Batches to read: those that wait, and those whose worker has given no sign of life."""
    stale = Q(state=BatchState.RUNNING, heartbeat_at__lt=timezone.now() - STALE_AFTER)
    found = ImportBatch.objects.filter(Q(state=BatchState.WAITING) | stale).exclude(stored_as="")
    return list(found.order_by("id").values_list("pk", flat=True))


def close_abandoned() -> int:
    """Readings at a console that died without a word, and tables that nobody mapped in time: they say so."""
    limit = timezone.now() - STALE_AFTER
    found = ImportBatch.objects.filter(state=BatchState.RUNNING, stored_as="", heartbeat_at__lt=limit)
    closed = sum(fail(batch, INTERRUPTED, actor=None, silent_since=limit) for batch in found)
    forgotten = ImportBatch.objects.filter(state=BatchState.UNMAPPED, created_at__lt=timezone.now() - MAPPED_WITHIN)
    for batch in forgotten:
        give_up(batch, "Nobody said which column is what. Upload the file again to do so.", actor=None)
    return closed + len(forgotten)


def give_up(batch: ImportBatch, why: str, *, actor: User | None) -> None:
    """Delete a table that waits for a mapping: nobody wants it read."""
    fail(batch, why, actor=actor)
    (folder() / batch.stored_as).unlink(missing_ok=True)
