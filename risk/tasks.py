"""What workers and beat do for the risk storey."""

from celery import shared_task
from django.utils import timezone

from risk.services import applicability, methods, rollups, runs, scores, thinning


@shared_task
def rescore_changed() -> None:
    """Judge what changed. Rung after every change, and by beat in case a ring was lost."""
    scores.rescore_changed()


@shared_task
def nightly() -> None:
    """Judge everything as of the new day."""
    runs.start(actor=None, nightly=True)


@shared_task
def recalculate() -> None:
    """Do one part of a recalculation. Rung by who starts one or begins a part, and by beat in case a ring was lost."""
    runs.work()


@shared_task
def end_not_applicable() -> None:
    """Ask again what was agreed not to apply, once its time is up."""
    applicability.end_due(timezone.localdate())


@shared_task
def thin_snapshots() -> None:
    """Delete old snapshots that only repeat what others say."""
    thinning.thin_snapshots(actor=None)


@shared_task
def roll_up_everything() -> None:
    """Take every department's figures again, after the department tree changed."""
    rollups.roll_up_everything()


@shared_task
def compare_methods() -> None:
    """Carry out the dry runs of another method that wait."""
    methods.run_waiting()
