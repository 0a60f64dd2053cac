"""Undoing a file of alerts: those it brought go, with the visits that a log tells of beside them. What it changed in
alerts that were there before is not kept."""

from django.conf import settings
from django.db.models import QuerySet

from inventory.choices import AlertAction
from inventory.models import Alert, AlertStep, CapturedContent, ImportBatch, Interaction
from inventory.services.imports import undo_interactions
from inventory.services.imports.cannot_undo import CannotUndoError, counted


def find(batch: ImportBatch) -> tuple[tuple[str, int], ...]:
    """What goes. Raises CannotUndoError."""
    changed = Alert.objects.filter(latest_batch=batch).exclude(batch=batch).count()
    if changed:
        raise CannotUndoError(
            f"It brought {counted(changed, 'alert')} up to date that other files had brought;"
            f" what {'it' if changed == 1 else 'they'} said before is not kept."
        )
    later = Alert.objects.filter(batch=batch).exclude(latest_batch=batch).count()
    if later:
        raise CannotUndoError(f"Later files say more about {later:,} of its alerts. Undo those first.")
    worked_on = AlertStep.objects.filter(alert__batch=batch).exclude(action=AlertAction.FEED).order_by()
    if touched := worked_on.values("alert").distinct().count():
        raise CannotUndoError(f"People have worked on {touched:,} of its alerts, and what they did is kept.")
    own = _own(batch).count()
    visits = _visits(batch, own)
    if not own and not visits:
        raise CannotUndoError("None of the alerts that are kept says that it came from this file.")
    texts = CapturedContent.objects.filter(batch=batch).count()
    return (("alerts", own), *visits, *((("captured texts", texts),) if texts else ()))


def _visits(batch: ImportBatch, own: int) -> tuple[tuple[str, int], ...]:
    """What goes with the visits. Their number was counted together with that of the alerts, so they are known to be all
    there only where all that was stored is."""
    if not _has_visits(batch):
        return ()
    found = undo_interactions.figures_of(batch)
    kept = own + found.rows
    if kept != batch.stored or found.beyond_retention:
        raise CannotUndoError(
            f"Of the {counted(batch.stored, 'alert or visit', 'alerts and visits')} it stored, {kept:,}"
            f" {'is' if kept == 1 else 'are'} still as it brought them. What it said of other files' alerts was said"
            f" anew by later files, or visits are older than {settings.INTERACTION_RETENTION_DAYS} days and only"
            " figures are left of them: these can't be taken apart."
        )
    return found.takes


def remove(batch: ImportBatch) -> set[int]:
    """Delete the alerts; returns the applications they were about."""
    found = _own(batch)
    tied = found.exclude(application=None).order_by().values_list("application_id", flat=True)
    affected = {pk for pk in tied.distinct() if pk}
    if _has_visits(batch):
        affected |= undo_interactions.remove(batch)
    CapturedContent.objects.filter(batch=batch).delete()
    AlertStep.objects.filter(alert__in=found.order_by().values("pk")).delete()  # what the feed itself said
    found._raw_delete(found.db)
    return affected


def _own(batch: ImportBatch) -> QuerySet[Alert]:
    return Alert.objects.filter(batch=batch, latest_batch=batch)


def _has_visits(batch: ImportBatch) -> bool:
    return Interaction.objects.filter(batch=batch).exists()
