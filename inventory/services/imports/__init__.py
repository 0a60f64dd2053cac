"""Taking feed files in: at the console (`import_file`), or handed over by any other door and read by a worker
(`receive`, `run_batch`). Doors of machines: `deliveries` (the API) and `drop_folder`."""

from pathlib import Path

from inventory.models import Feed, User
from inventory.services.imports import batches, drop_folder, kinds, undo
from inventory.services.imports.archives import import_archive
from inventory.services.imports.batches import ImportFailedError, Progress, Summary
from inventory.services.imports.queue import close_abandoned, run_batch, waiting
from inventory.services.imports.retention import purge
from inventory.services.imports.uploads import TooLargeError, receive

__all__ = [
    "ImportFailedError",
    "Summary",
    "TooLargeError",
    "import_file",
    "look_into_drop_folder",
    "purge",
    "receive",
    "run_batch",
    "run_waiting",
]


def import_file(
    *, actor: User | None, path: Path, kind: str = "", feed: Feed | None = None, progress: Progress | None = None
) -> Summary:
    """Read a file that lies where we are, in this process; of an archive the counts of its files are added up.

    Raises PermissionDenied, ImportFailedError or OSError.
    """
    read = import_archive if kinds.holds_archive(path) else batches.import_file
    return read(actor=actor, path=path, kind=kind, feed=feed, progress=progress)


def run_waiting() -> int:
    """Undo what waits for it, and read every file that waits or was interrupted; returns how many were read."""
    for batch_id in undo.waiting():
        undo.carry_out(batch_id)
    close_abandoned()
    return sum(run_batch(batch_id) for batch_id in waiting())


look_into_drop_folder = drop_folder.look
