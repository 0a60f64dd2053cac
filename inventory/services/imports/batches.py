"""Reading a feed file from beginning to end: claimed by one worker, stored chunk by chunk, resumable.

A chunk, its counts and the line at which reading goes on are one transaction, made only while the claim stands. So the
counts are exact however often a reading is killed, and a worker that was thought dead can't store beside its successor.
"""

import hashlib
import logging
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Thread
from uuid import uuid4

from django.conf import settings
from django.db import DataError, IntegrityError, connection, transaction
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils import timezone

from inventory import access, audit_log, doorbell
from inventory.access import Permission
from inventory.choices import BatchState, Door
from inventory.connectors.base import Connector, UnknownFormatError
from inventory.connectors.chunks import Chunk
from inventory.connectors.mapped import Mapping
from inventory.models import Feed, ImportBatch, User
from inventory.services.imports import captured, kinds, quarantine
from inventory.services.imports.reading import ReaderDiedError, read
from inventory.services.imports.sinks import CORRECTING, SINKS, Sink

logger = logging.getLogger(__name__)

STALE_AFTER = timedelta(minutes=5)  # without a sign of life; a chunk takes seconds
MOST_ATTEMPTS = 5
INTERRUPTED = "Interrupted. What was stored stays; read the file again, nothing counts twice."
TAKEN_FOR_DEAD = (
    f"The reading gave no sign of life for {STALE_AFTER.seconds // 60} minutes and was closed."
    " What was stored stays; read the file again, nothing counts twice."
)
_LOCK = 0x1_FEED  # one chunk at a time: two files at once would lock each other out on the same keys and figures
RESCORE = "risk.tasks.rescore_changed"
RECOMMEND = "governance.tasks.evaluate_recommendations"
UNUSUAL = "inventory.tasks.find_unusual"

Progress = Callable[[ImportBatch], None]


class ImportFailedError(Exception):
    """A file could not be read to its end. The message is for people."""


class ClaimLostError(Exception):
    """Another worker has taken the batch over."""


@dataclass(frozen=True)
class Summary:
    """What became of a file. rows = stored + duplicates + quarantined + ignored; unmatched are some of the stored."""

    kind: str
    rows: int
    stored: int
    duplicates: int
    quarantined: int
    ignored: int
    unmatched: int
    seconds: float

    @classmethod
    def of(cls, batch: ImportBatch, seconds: float) -> "Summary":
        counts = (batch.rows, batch.stored, batch.duplicates, batch.quarantined, batch.ignored, batch.unmatched)
        return cls(batch.kind, *counts, round(seconds, 3))


def claim(batch_id: int) -> ImportBatch | None:
    """Take a batch that waits, or whose worker has given no sign of life; None where there is nothing to take."""
    stale = Q(state=BatchState.RUNNING, heartbeat_at__lt=timezone.now() - STALE_AFTER)
    token = uuid4()
    taken = (
        ImportBatch.objects.filter(pk=batch_id)
        .exclude(stored_as="")
        .filter(Q(state=BatchState.WAITING) | stale)
        .update(
            state=BatchState.RUNNING,
            claim=token,
            heartbeat_at=Now(),
            attempts=F("attempts") + 1,
            started_at=Now(),
        )
    )
    return ImportBatch.objects.get(pk=batch_id) if taken else None


def run(batch: ImportBatch, path: Path, *, actor: User | None, progress: Progress | None = None) -> None:
    """Read the file of a claimed batch to its end.

    Raises ImportFailedError where the file is of no known kind; ClaimLostError; ReaderDiedError.
    """
    try:
        connector, mapping = _connector(batch, path)
    except (UnknownFormatError, OSError) as problem:
        fail(batch, str(problem), actor=actor)
        raise ImportFailedError(str(problem)) from problem
    told = mapping.kind if mapping else connector.kind
    digest = _digest_of(batch, path)
    if told in CORRECTING:
        batch.sha256 = digest.result()
    sink: Sink = SINKS[told](batch, actor)
    cutoff = timezone.now() - timedelta(days=settings.INTERACTION_RETENTION_DAYS)
    try:
        found = read(path, connector.kind, batch.next_line, cutoff.isoformat(), mapping, capture=captured.is_on())
        with closing(found) as chunks:
            for chunk in chunks:
                _store(batch, sink, chunk)
                if progress:
                    progress(batch)
        batch.sha256 = digest.result()
        _finish(batch, sink, actor)
    except UnknownFormatError as problem:
        fail(batch, str(problem), actor=actor)
        raise ImportFailedError(str(problem)) from problem
    except (DataError, IntegrityError) as problem:
        # Reading it again would end here again. The first line names no value of the file.
        reason = f"The database refused rows after line {max(batch.next_line, 1)}: {str(problem).splitlines()[0]}"
        fail(batch, reason, actor=actor)
        raise ImportFailedError(reason) from problem


def _connector(batch: ImportBatch, path: Path) -> tuple[Connector, Mapping | None]:
    if not batch.kind:
        batch.kind = kinds.recognised(path, batch.feed)
    return kinds.connector(batch.kind)


def _digest_of(batch: ImportBatch, path: Path) -> Future[str]:
    """The file's SHA-256, which is worked out beside the reading where no door has done so: hashing leaves the
    interpreter to others, and who reads the rows is the one that all wait for."""
    found: Future[str] = Future()
    if batch.sha256:
        found.set_result(batch.sha256)
        return found

    def work() -> None:
        try:
            with path.open("rb") as file:
                found.set_result(hashlib.file_digest(file, "sha256").hexdigest())
        except OSError as problem:
            found.set_exception(problem)

    Thread(target=work, daemon=True).start()  # who gives up early does not wait for it
    return found


def take_turns() -> None:
    """Wait until nobody else stores or undoes anything, to the end of the transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])


@transaction.atomic
def _store(batch: ImportBatch, sink: Sink, chunk: Chunk) -> None:
    hold(batch)
    take_turns()
    stored = sink.store(chunk.content, batch)
    quarantine.store(batch, chunk.unreadable)
    captured.store(batch, chunk.captured)
    batch.rows += chunk.rows
    batch.stored += stored
    batch.duplicates += chunk.content.duplicates
    batch.ignored += chunk.ignored + chunk.content.ignored
    batch.quarantined += len(chunk.unreadable)
    batch.next_line, batch.bytes_read = chunk.next_line, chunk.bytes_read
    batch.heartbeat_at = timezone.now()
    batch.save(update_fields=_COUNTED)


_COUNTED = [
    "kind", "rows", "stored", "duplicates", "ignored", "quarantined", "unmatched", "next_line", "bytes_read",
    "heartbeat_at", "newest_at", "irreversible",
]  # fmt: skip


def hold(batch: ImportBatch) -> None:
    """Hold the batch's row; raises ClaimLostError where somebody else has claimed it."""
    held = ImportBatch.objects.select_for_update().filter(pk=batch.pk, claim=batch.claim, state=BatchState.RUNNING)
    if not held.exists():
        raise ClaimLostError(f"Batch {batch.pk} was taken over.")


@transaction.atomic
def _finish(batch: ImportBatch, sink: Sink, actor: User | None) -> None:
    hold(batch)
    take_turns()
    more = sink.finish()
    batch.state = BatchState.DONE
    batch.finished_at = timezone.now()
    batch.save(update_fields=["sha256", "state", "finished_at", "kind", "irreversible"])
    counts = ("rows", "stored", "duplicates", "quarantined", "ignored", "unmatched")
    audit_log.record(
        actor=actor,
        action="feed.imported",
        summary=f"{kinds.title(batch.kind)}: {batch.stored:,} of {batch.rows:,} rows of {batch.file_name} stored",
        obj=batch,
        details={"kind": batch.kind, "sha256": batch.sha256, **{c: getattr(batch, c) for c in counts}, **more},
    )
    doorbell.ring(RESCORE)
    doorbell.ring(RECOMMEND)
    doorbell.ring(UNUSUAL)


@transaction.atomic
def fail(batch: ImportBatch, error: str, *, actor: User | None, silent_since: datetime | None = None) -> bool:
    """Give the batch up, unless it has ended, somebody else has claimed it, or it has given a sign of life since the
    time given; whether it was. `error` is for people."""
    mine = ImportBatch.objects.filter(pk=batch.pk, claim=batch.claim)
    open_ones = mine.filter(state__in=[BatchState.WAITING, BatchState.UNMAPPED, BatchState.RUNNING])
    if silent_since:
        open_ones = open_ones.filter(heartbeat_at__lt=silent_since)
    batch.state, batch.error, batch.finished_at = BatchState.FAILED, error, timezone.now()
    if not open_ones.update(state=batch.state, error=error, finished_at=batch.finished_at):
        return False
    audit_log.record(
        actor=actor, action="feed.failed", summary=f"{batch.file_name} could not be read", obj=batch, reason=error
    )
    return True


def written(path: Path) -> datetime:
    """When the file was last written."""
    return datetime.fromtimestamp(path.stat().st_mtime, UTC)


def import_file(
    *,
    actor: User | None,
    path: Path,
    kind: str = "",
    feed: Feed | None = None,
    progress: Progress | None = None,
    name: str = "",
    archive: ImportBatch | None = None,
    written_at: datetime | None = None,
) -> Summary:
    """Read a file that lies where we are, in this process; in the name of a feed where one is given. `name` is what
    people call it, if not by its own name; `written_at`, when it was last written, if the file itself doesn't say.

    A file seen before is read again all the same. Raises PermissionDenied, ImportFailedError or OSError.
    """
    access.require_everywhere(actor, Permission.FEEDS)
    began = datetime.now().timestamp()
    batch = ImportBatch.objects.create(
        kind=kind,
        file_name=(name or path.name)[:255],
        archive=archive,
        size=path.stat().st_size,
        uploaded_by=actor,
        door=Door.CONSOLE,
        feed=feed,
        state=BatchState.RUNNING,
        claim=uuid4(),
        heartbeat_at=timezone.now(),
        started_at=timezone.now(),
        attempts=1,
    )
    batch.written_at = written_at or written(path)
    try:
        run(batch, path, actor=actor, progress=progress)
    except ImportFailedError:
        raise
    except ClaimLostError as problem:
        raise ImportFailedError(TAKEN_FOR_DEAD) from problem
    except BaseException as problem:
        fail(batch, INTERRUPTED, actor=actor)
        if isinstance(problem, ReaderDiedError):
            raise ImportFailedError(INTERRUPTED) from problem
        raise
    return Summary.of(batch, datetime.now().timestamp() - began)
