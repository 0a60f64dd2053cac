"""Taking feed files in: at the console (`import_file`) or as an upload that a worker reads (`receive`, `run_batch`)."""

from inventory.services.imports.batches import ImportFailedError, Summary, import_file
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


def run_waiting() -> int:
    """Read every upload that waits or was interrupted; returns how many were read."""
    close_abandoned()
    return sum(run_batch(batch_id) for batch_id in waiting())
