"""Taking feed files in: at the console (`import_file`), or handed over by any other door and read by a worker
(`receive`, `run_batch`). Doors of machines: `deliveries` (the API) and `drop_folder`."""

from inventory.services.imports import drop_folder, undo
from inventory.services.imports.batches import ImportFailedError, Summary, import_file
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


def run_waiting() -> int:
    """Undo what waits for it, and read every file that waits or was interrupted; returns how many were read."""
    for batch_id in undo.waiting():
        undo.carry_out(batch_id)
    close_abandoned()
    return sum(run_batch(batch_id) for batch_id in waiting())


look_into_drop_folder = drop_folder.look
