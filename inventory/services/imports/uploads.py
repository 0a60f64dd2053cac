"""Feed files that are handed over, by whichever door: kept until a worker has read them, then deleted, because no raw
payload is kept. One that could not be read to its end stays for FAILED_FILE_DAYS, to be tried again."""

import hashlib
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from django.conf import settings
from django.db import transaction

from inventory import access, audit_log, doorbell
from inventory.access import Permission
from inventory.choices import BatchState, Door
from inventory.models import Feed, ImportBatch, User
from inventory.services.imports import kinds

TASK = "inventory.tasks.run_import"


class TooLargeError(ValueError):
    """The file is larger than is taken."""


@dataclass(frozen=True)
class Origin:
    """By which door a file came, in which feed's name, and with which signature."""

    door: Door
    feed: Feed | None = None
    signature: str | None = None

    def told(self, file_name: str) -> str:
        """What the log says of it."""
        if self.door == Door.UPLOAD:
            return f"Uploaded {file_name}"
        if self.door == Door.API:
            return f"Feed {self.feed} delivered {file_name}"
        return f"Took {file_name} from the drop folder"


BY_HAND = Origin(Door.UPLOAD)


def folder() -> Path:
    """Where uploads lie until they are read."""
    return Path(settings.MEDIA_ROOT) / "feeds"


def receive(*, actor: User | None, file_name: str, blocks: Iterable[bytes], origin: Origin = BY_HAND) -> ImportBatch:
    """Keep a file that is handed over and queue its reading. An uploaded table that nobody has mapped yet waits for it.

    Raises PermissionDenied, UnknownFormatError (nothing is kept of a file of no known kind) or TooLargeError; and
    IntegrityError where another batch has the signature.
    """
    access.require_everywhere(actor, Permission.FEEDS)
    stored_as = uuid4().hex
    path = folder() / stored_as
    try:
        size, sha256 = keep(path, blocks)
        kind, state = _kind(path, origin)
        with transaction.atomic():
            batch = ImportBatch.objects.create(
                kind=kind,
                state=state,
                file_name=shown(file_name),
                stored_as=stored_as,
                size=size,
                sha256=sha256,
                uploaded_by=actor,
                door=origin.door,
                feed=origin.feed,
                signature=origin.signature,
            )
            audit_log.record(
                actor=actor,
                action="feed.uploaded",
                summary=origin.told(batch.file_name),
                obj=batch,
                details={"kind": kind, "size": size, "sha256": sha256, "door": origin.door.value},
            )
            if state == BatchState.WAITING:
                doorbell.ring(TASK, batch.pk)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return batch


def shown(file_name: str) -> str:
    """A name from outside as it can be stored and shown: no folders, nothing that doesn't print."""
    base = file_name.replace("\\", "/").rsplit("/", 1)[-1]
    return "".join(letter if letter.isprintable() else "\ufffd" for letter in base)[:255] or "(no name)"


def _kind(path: Path, origin: Origin) -> tuple[str, BatchState]:
    """The kind of the file, and whether it can be read at once. Only what a person uploads waits for its mapping:
    somebody is there to say it."""
    try:
        return kinds.recognised(path, origin.feed), BatchState.WAITING
    except kinds.UnmappedError:
        if origin.door != Door.UPLOAD:
            raise
        return "", BatchState.UNMAPPED


def keep(path: Path, blocks: Iterable[bytes]) -> tuple[int, str]:
    """Write the blocks to a new file that nobody else may read; returns its size and SHA-256."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    digest, size = hashlib.sha256(), 0
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        for block in blocks:
            size += len(block)
            if size > settings.UPLOAD_MAX_BYTES:
                raise TooLargeError(f"The file is larger than {settings.UPLOAD_MAX_BYTES // 1024**2:,} MB.")
            digest.update(block)
            file.write(block)
    return size, digest.hexdigest()


def kept_file(batch: ImportBatch) -> Path | None:
    """The batch's file, where we still have it."""
    path = folder() / batch.stored_as
    return path if batch.stored_as and path.is_file() else None
