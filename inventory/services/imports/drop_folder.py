"""The watched folder: whole files in it become batches, as uploads do, and move to done/ or failed/.

Whoever may write to the folder is not trusted: links, pipes and the like are never followed or opened, names are only
shown. A file is whole once nobody has written to it, or moved it, for DROP_SETTLE_SECONDS, and it did not change while
it was copied. We read our own copy, so that nobody can exchange a file while it is read.

First its name changes, in place: what we can't move is not taken, or it would be taken at each look. A file in done/
was taken; one whose reading failed later moves on to failed/. One taken twice, because we died between taking and
moving it, counts nothing twice.
"""

import errno
import logging
import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from inventory import audit_log
from inventory.choices import BatchState, Door
from inventory.connectors.base import UnknownFormatError
from inventory.models import Feed, ImportBatch
from inventory.services.imports.uploads import Origin, TooLargeError, receive, shown

logger = logging.getLogger(__name__)
DONE, FAILED = "done", "failed"
UNFINISHED = (".tmp", ".temp", ".part", ".partial", ".filepart", ".crdownload", ".swp")
MOST = 200  # files a look
_LOCK = 0x2_FEED  # one looker at a time
_BLOCK = 1 << 20
_LONGEST = 200  # bytes of a name that we put something in front of; file systems take 255
_TAKING = re.compile(r"^\.taking-[0-9a-f]{8}-")


class ChangedMeanwhileError(Exception):
    """Somebody wrote to the file while it was copied: the next look takes it."""


class NoFileError(Exception):
    """The name stands for no ordinary file of its own. The message is for people."""


def look() -> int:
    """Take what is whole in the drop folder and in the folders of feeds below it; returns how many became batches."""
    root = Path(settings.DROP_FOLDER) if settings.DROP_FOLDER else None
    if root is None:
        return 0
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [_LOCK])
        if not cursor.fetchone()[0]:
            return 0
        try:
            return _look_into(root)
        finally:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [_LOCK])


def _look_into(root: Path) -> int:
    feeds = {feed.slug: feed for feed in Feed.objects.filter(active=True)}
    taken = 0
    for folder, feed in [(root, None), *((root / slug, feed) for slug, feed in feeds.items())]:
        try:
            if folder.is_symlink() or not folder.is_dir():
                if feed is None:
                    logger.error("The drop folder %s is no folder.", folder)
                continue
            _make_ends(folder)
            found = _ripe(folder)
        except OSError as problem:
            logger.error("The drop folder %s can't be used: %s", folder, problem)
            continue
        taken += sum(_try(folder, name, feed) for name in found)
    return taken


def _make_ends(folder: Path) -> None:
    """done/ and failed/, where files can be moved to: a file that can't be moved would be taken at each look."""
    for name in (DONE, FAILED):
        end = folder / name
        end.mkdir(exist_ok=True)
        if end.is_symlink() or not os.access(end, os.W_OK | os.X_OK):
            raise OSError(errno.EACCES, "nothing can be moved to", str(end))
    if not os.access(folder, os.W_OK):
        raise OSError(errno.EACCES, "nothing can be moved out of it", str(folder))


def _ripe(folder: Path) -> list[str]:
    """Names of the folder that nobody has touched for a while, oldest first."""
    limit = timezone.now().timestamp() - settings.DROP_SETTLE_SECONDS
    found = []
    with os.scandir(folder) as entries:
        for entry in entries:
            if not _TAKING.match(entry.name) and _is_unfinished(entry.name):
                continue
            try:
                state = entry.stat(follow_symlinks=False)
            except FileNotFoundError:
                continue  # its writer has just renamed it
            if not stat.S_ISDIR(state.st_mode) and max(state.st_mtime, state.st_ctime) <= limit:
                found.append((state.st_mtime, entry.name))
    return [name for _, name in sorted(found)[:MOST]]


def _is_unfinished(name: str) -> bool:
    return name.startswith((".", "~")) or name.lower().endswith(UNFINISHED)


def _try(folder: Path, name: str, feed: Feed | None) -> bool:
    """Take a file; one that the file system denies us stays where it is for the next look, and holds up no other."""
    try:
        return _take(folder, name, feed)
    except OSError as problem:
        logger.error("%s can't be taken out of the drop folder: %s", _printable(name), problem)
        return False


def _printable(name: str) -> str:
    return shown(os.fsencode(_TAKING.sub("", name)).decode("utf-8", "replace"))


def _take(folder: Path, name: str, feed: Feed | None) -> bool:
    """Make a batch of one file; False where it was refused, or is somebody else's meanwhile."""
    printable = _printable(name)
    path = folder / name if _TAKING.match(name) else _claim(folder / name)
    try:
        batch = receive(actor=None, file_name=printable, blocks=_blocks(path), origin=Origin(Door.FOLDER, feed))
    except (ChangedMeanwhileError, FileNotFoundError):
        return False
    except (UnknownFormatError, TooLargeError, NoFileError, PermissionError) as problem:
        reason = "We may not read it." if isinstance(problem, PermissionError) else str(problem)
        _refuse(path, printable, feed, reason)
        return False
    if settings.DROP_DELETE:
        path.unlink(missing_ok=True)
    else:
        _move(path, DONE, f"{batch.pk}-")
    return True


def _claim(path: Path) -> Path:
    """Give the file a name of ours where it lies. Raises OSError where we may not."""
    mine = path.with_name(f".taking-{uuid4().hex[:8]}-{_short(path.name)}")
    path.rename(mine)
    return mine


def _short(name: str) -> str:
    """The end of a long name, so that a mark fits in front."""
    return os.fsdecode(os.fsencode(name)[-_LONGEST:])


def _blocks(path: Path) -> Iterator[bytes]:
    """The content of an ordinary file that is nobody else's as well. Opening never waits for a pipe's other end."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as problem:
        if problem.errno in (errno.ELOOP, errno.ENXIO, errno.EOPNOTSUPP):
            raise NoFileError("It is a link, a pipe or the like, not a file.") from problem
        raise
    with open(handle, "rb", buffering=0) as file:
        before = os.fstat(file.fileno())
        if not stat.S_ISREG(before.st_mode):
            raise NoFileError("It is a link, a pipe or the like, not a file.")
        if before.st_nlink != 1:
            raise NoFileError("It has another name elsewhere (a hard link).")
        left = before.st_size  # whoever goes on writing keeps nobody busy
        while left > 0 and (block := file.read(min(_BLOCK, left))):
            left -= len(block)
            yield block
        after = os.fstat(file.fileno())
        if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
            raise ChangedMeanwhileError


@transaction.atomic
def _refuse(path: Path, name: str, feed: Feed | None, reason: str) -> None:
    """A file that never gets as far as being read is a batch as well, so that it is seen; and it leaves the folder."""
    now = timezone.now()
    batch = ImportBatch.objects.create(
        file_name=name, door=Door.FOLDER, feed=feed, state=BatchState.FAILED, error=reason, finished_at=now
    )
    audit_log.record(actor=None, action="feed.failed", summary=f"{name} was not taken", obj=batch, reason=reason)
    _move(path, FAILED, f"{batch.pk}-")


def _move(path: Path, end: str, mark: str) -> None:
    """Move the name itself, never what it points to; with a mark that makes it unique."""
    path.rename(path.parent / end / f"{mark}{_short(_TAKING.sub('', path.name))}")


def put_aside(batch: ImportBatch) -> None:
    """Move the file of a batch that failed from done/ to failed/."""
    if not settings.DROP_FOLDER or settings.DROP_DELETE:
        return
    root = Path(settings.DROP_FOLDER)
    folder = root / batch.feed.slug if batch.feed else root
    try:
        for path in (folder / DONE).glob(f"{batch.pk}-*"):
            path.rename(folder / FAILED / path.name)
    except OSError as problem:
        logger.error("The file of batch %s stays in done/: %s", batch.pk, problem)
