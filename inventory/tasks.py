"""What the queue and the clock ask of the ground storey: an id in, one service call."""

from celery import shared_task

from inventory.services import imports, register_uploads, unusual
from inventory.services.imports import undo


@shared_task
def run_import(batch_id: int) -> None:
    """Read one uploaded feed file."""
    imports.run_batch(batch_id)


@shared_task
def run_waiting_imports() -> None:
    """Read what waits or was interrupted, one after the other."""
    imports.run_waiting()


@shared_task
def undo_import(batch_id: int) -> None:
    """Take back what a file stored."""
    undo.carry_out(batch_id)


@shared_task
def look_into_drop_folder() -> None:
    """Take the files that were put into the watched folder."""
    imports.look_into_drop_folder()


@shared_task
def purge_expired() -> None:
    """Drop what is kept for a time only."""
    imports.purge()
    register_uploads.forget_expired()


@shared_task
def find_unusual() -> None:
    """Look for unusual activity on days whose figures changed. Rung after an import, and by beat."""
    unusual.find()


@shared_task
def look_back_for_unusual() -> None:
    """Look at the last weeks again, which late files may have changed."""
    unusual.look_back()
