"""Archives: each file in one is a batch of its own, so its lines are its own, and one bad file spoils no other.

An archive is unpacked as a whole before any of it is read: one that breaks a bound or is damaged stores nothing.
"""

import os
from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from inventory import access, audit_log
from inventory.access import Permission
from inventory.choices import BatchState, Door
from inventory.connectors.archives import ArchiveError, Unpacking
from inventory.connectors.base import UnknownFormatError
from inventory.models import Feed, ImportBatch, User
from inventory.services.imports import kinds
from inventory.services.imports.batches import (
    ImportFailedError,
    Progress,
    Summary,
    fail,
    hold,
    import_file,
    written,
)

Unpacked = list[tuple[str, Path]]  # name for people, where it lies


def unpack(path: Path, name: str, place: Callable[[int], Path]) -> Unpacked:
    """The archive's files, each written to the place of its number. Raises ArchiveError, and then nothing is left."""
    found: Unpacked = []
    try:
        with path.open("rb") as file:
            for number, member in enumerate(Unpacking(file, settings.ARCHIVE_MAX_BYTES).members(name), start=1):
                found.append((member.name, place(number)))
                write(place(number), member.blocks)
    except BaseException:
        for _, at in found:
            at.unlink(missing_ok=True)
        raise
    if not found:
        raise ArchiveError("The archive is empty.")
    return found


def write(path: Path, blocks: Iterable[bytes]) -> None:
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600), "wb") as file:
        for block in blocks:
            file.write(block)


def import_archive(
    *, actor: User | None, path: Path, kind: str = "", feed: Feed | None = None, progress: Progress | None = None
) -> Summary:
    """Read an archive that lies where we are: its files one after the other, their counts added up.

    Files of no known kind are batches that failed, with the reason; the others are read all the same. Raises
    PermissionDenied, ImportFailedError (also where no file could be read) or OSError.
    """
    access.require_everywhere(actor, Permission.FEEDS)
    began = datetime.now().timestamp()
    archive = ImportBatch.objects.create(
        kind=kinds.ARCHIVE,
        file_name=path.name[:255],
        size=path.stat().st_size,
        uploaded_by=actor,
        door=Door.CONSOLE,
        feed=feed,
        state=BatchState.RUNNING,
        claim=uuid4(),
        heartbeat_at=timezone.now(),
        started_at=timezone.now(),
    )
    with TemporaryDirectory(prefix="feed-") as folder:
        try:
            members = unpack(path, path.name, lambda number: Path(folder, str(number)))
        except ArchiveError as problem:
            fail(archive, str(problem), actor=actor)
            raise ImportFailedError(str(problem)) from problem
        summaries, problems = [], []
        for name, at in members:
            given: dict[str, Any] = {"kind": kind, "feed": feed, "progress": progress, "name": name, "archive": archive}
            try:
                summaries.append(import_file(actor=actor, path=at, written_at=written(path), **given))
            except ImportFailedError as problem:
                problems.append(f"{name}: {problem}")
    finish(archive, len(members), actor)
    if not summaries:
        raise ImportFailedError(problems[0])
    return _sum(summaries, datetime.now().timestamp() - began)


@transaction.atomic
def finish(archive: ImportBatch, members: int, actor: User | None) -> None:
    """The archive is unpacked; what becomes of its files is theirs to tell."""
    archive.state, archive.finished_at = BatchState.DONE, timezone.now()
    archive.bytes_read = archive.size
    archive.save(update_fields=["state", "finished_at", "bytes_read", "kind"])
    audit_log.record(
        actor=actor,
        action="feed.unpacked",
        summary=f"{members:,} files out of {archive.file_name}",
        obj=archive,
        details={"members": members},
    )


def _sum(summaries: list[Summary], seconds: float) -> Summary:
    found = {one.kind for one in summaries}
    counts = ("rows", "stored", "duplicates", "quarantined", "ignored", "unmatched")
    total = {name: sum(getattr(one, name) for one in summaries) for name in counts}
    return Summary(kind=found.pop() if len(found) == 1 else kinds.ARCHIVE, **total, seconds=round(seconds, 3))


@transaction.atomic
def queue_members(archive: ImportBatch, members: Unpacked, actor: User | None) -> list[ImportBatch]:
    """A waiting batch for each file; those of no known kind say so, or wait for a mapping where a person is there."""
    hold(archive)
    batches = []
    for name, at in members:
        state, error, kind = BatchState.WAITING, "", ""
        try:
            kind = kinds.recognised(at, archive.feed)
        except UnknownFormatError as problem:
            if isinstance(problem, kinds.UnmappedError) and archive.door == Door.UPLOAD:
                state = BatchState.UNMAPPED
            else:
                state, error = BatchState.FAILED, str(problem)
                at.unlink(missing_ok=True)
        batches.append(
            ImportBatch.objects.create(
                kind=kind,
                file_name=name[:255],
                stored_as="" if error else at.name,
                size=0 if error else at.stat().st_size,
                uploaded_by=actor,
                door=archive.door,
                feed=archive.feed,
                archive=archive,
                state=state,
                error=error,
                finished_at=timezone.now() if error else None,
            )
        )
    finish(archive, len(members), actor)
    return batches
