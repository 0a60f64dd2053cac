"""What workers and beat do for the risk storey."""

from celery import shared_task

from risk.services import rollups, scores


@shared_task
def rescore_changed() -> None:
    """Judge what changed. Rung after every change, and by beat in case a ring was lost."""
    scores.rescore_changed()


@shared_task
def nightly() -> None:
    """Judge everything as of the new day."""
    scores.nightly()


@shared_task
def roll_up_everything() -> None:
    """Take every department's figures again, after the department tree changed."""
    rollups.roll_up_everything()
