"""Feed files that people upload: kept until a worker has read them, then deleted, because no raw payload is kept."""

import hashlib
import logging
import os
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from inventory import access, audit_log, doorbell
from inventory.access import Permission
from inventory.choices import BatchState
from inventory.connectors.archives import ArchiveError
from inventory.models import ImportBatch, User
from inventory.services.imports import archives, kinds
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

logger = logging.getLogger(__name__)
MAPPED_WITHIN = timedelta(days=7)  # a table that nobody maps is deleted then
TASK = "inventory.tasks.run_import"


class TooLargeError(ValueError):
    """The upload is larger than UPLOAD_MAX_BYTES."""


def folder() -> Path:
    """Where uploads lie until they are read."""
    return Path(settings.MEDIA_ROOT) / "feeds"


def receive(*, actor: User | None, file_name: str, blocks: Iterable[bytes]) -> ImportBatch:
    """Keep an upload and queue its reading. A table that nobody has mapped yet waits for a mapping.

    Raises PermissionDenied, UnknownFormatError (nothing is kept of a file of no known kind) or TooLargeError.
    """
    access.require_everywhere(actor, Permission.FEEDS)
    folder().mkdir(parents=True, exist_ok=True, mode=0o700)
    stored_as = uuid4().hex
    path = folder() / stored_as
    try:
        size, sha256 = _keep(path, blocks)
        kind, state = _kind(path)
        with transaction.atomic():
            batch = ImportBatch.objects.create(
                kind=kind,
                state=state,
                file_name=file_name[:255],
                stored_as=stored_as,
                size=size,
                sha256=sha256,
                uploaded_by=actor,
            )
            audit_log.record(
                actor=actor,
                action="feed.uploaded",
                summary=f"Uploaded {batch.file_name}",
                obj=batch,
                details={"kind": kind, "size": size, "sha256": sha256},
            )
            if state == BatchState.WAITING:
                doorbell.ring(TASK, batch.pk)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return batch


def _kind(path: Path) -> tuple[str, BatchState]:
    try:
        return kinds.recognised(path), BatchState.WAITING
    except kinds.UnmappedError:
        return "", BatchState.UNMAPPED


def _keep(path: Path, blocks: Iterable[bytes]) -> tuple[int, str]:
    digest, size = hashlib.sha256(), 0
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        for block in blocks:
            size += len(block)
            if size > settings.UPLOAD_MAX_BYTES:
                raise TooLargeError(f"The file is larger than {settings.UPLOAD_MAX_BYTES // 1024**2:,} MB.")
            digest.update(block)
            file.write(block)
    return size, digest.hexdigest()


def run_batch(batch_id: int) -> bool:
    """Read an uploaded file, if it waits or its worker has died; False where there was nothing to do.

    The person who uploaded it is the actor: they had the right when they did, and the work is theirs.
    """
    batch = claim(batch_id)
    if batch is None:
        return False
    path = folder() / batch.stored_as
    try:
        if batch.attempts > MOST_ATTEMPTS:
            fail(batch, "Reading was interrupted again and again. Upload the file anew.", actor=batch.uploaded_by)
        elif not path.exists():
            fail(batch, "The uploaded file is gone. Upload it anew; nothing counts twice.", actor=batch.uploaded_by)
        elif batch.kind == kinds.ARCHIVE:
            _unpack(batch, path)
        else:
            run(batch, path, actor=batch.uploaded_by)
    except ClaimLostError:
        logger.warning("Import %s was taken over by another worker.", batch.pk)
        return False
    except ReaderDiedError:
        logger.exception("Import %s will be taken up again.", batch.pk)  # as if this worker had died
        return False
    except ImportFailedError as problem:
        logger.info("Import %s failed: %s", batch.pk, problem)
    path.unlink(missing_ok=True)
    return True


def _unpack(batch: ImportBatch, path: Path) -> None:
    """Queue the files of an archive. Where a worker died over it, the next one writes the same files again."""
    actor = batch.uploaded_by
    try:
        members = archives.unpack(path, batch.file_name, lambda number: path.with_name(f"{path.name}-{number}"))
    except ArchiveError as problem:
        fail(batch, str(problem), actor=actor)
        return
    for member in archives.queue_members(batch, members, actor):
        if member.state == BatchState.WAITING:
            doorbell.ring(TASK, member.pk)


def waiting() -> list[int]:
    """Batches to read: those that wait, and those whose worker has given no sign of life."""
    stale = Q(state=BatchState.RUNNING, heartbeat_at__lt=timezone.now() - STALE_AFTER)
    found = ImportBatch.objects.filter(Q(state=BatchState.WAITING) | stale).exclude(stored_as="")
    return list(found.order_by("id").values_list("pk", flat=True))


def close_abandoned() -> int:
    """Readings at a console that died without a word, and tables that nobody mapped in time: they say so."""
    limit = timezone.now() - STALE_AFTER
    found = ImportBatch.objects.filter(state=BatchState.RUNNING, stored_as="", heartbeat_at__lt=limit)
    for batch in found:
        fail(batch, INTERRUPTED, actor=None)
    forgotten = ImportBatch.objects.filter(state=BatchState.UNMAPPED, created_at__lt=timezone.now() - MAPPED_WITHIN)
    for batch in forgotten:
        fail(batch, "Nobody said which column is what. Upload the file again to do so.", actor=None)
        (folder() / batch.stored_as).unlink(missing_ok=True)
    return len(found) + len(forgotten)
