"""Taking feed files in: at the console (`import_file`) or as an upload that a worker reads (`receive`, `run_batch`)."""

from pathlib import Path

from inventory.models import User
from inventory.services.imports import batches, kinds
from inventory.services.imports.archives import import_archive
from inventory.services.imports.batches import ImportFailedError, Progress, Summary
from inventory.services.imports.retention import purge
from inventory.services.imports.uploads import (
    TooLargeError,
    close_abandoned,
    receive,
    run_batch,
    waiting,
)

__all__ = [
    "ImportFailedError",
    "Summary",
    "TooLargeError",
    "import_file",
    "purge",
    "receive",
    "run_batch",
    "run_waiting",
]


def import_file(*, actor: User | None, path: Path, kind: str = "", progress: Progress | None = None) -> Summary:
    """Read a file that lies where we are, in this process; of an archive the counts of its files are added up.

    Raises PermissionDenied, ImportFailedError or OSError.
    """
    read = import_archive if kinds.holds_archive(path) else batches.import_file
    return read(actor=actor, path=path, kind=kind, progress=progress)


def run_waiting() -> int:
    """Read every upload that waits or was interrupted; returns how many were read."""
    close_abandoned()
    return sum(run_batch(batch_id) for batch_id in waiting())
