"""Undoing a file of metrics: the values it brought go. What it corrected is not kept, so such a file stays."""

from inventory.models import ImportBatch, Metric
from inventory.services.imports.cannot_undo import CannotUndoError, counted


def find(batch: ImportBatch) -> tuple[tuple[str, int], ...]:
    """What goes. Raises CannotUndoError."""
    if batch.irreversible:
        raise CannotUndoError(batch.irreversible)
    left = Metric.objects.filter(batch=batch).count()
    if left != batch.stored:
        raise CannotUndoError(
            f"Of the {counted(batch.stored, 'value')} it stored, {left:,} {'is' if left == 1 else 'are'} still as it"
            " brought them: the others were corrected, or their time is over."
        )
    return (("values of metrics", left),)


def remove(batch: ImportBatch) -> set[int]:
    """Delete the values; returns the applications they were about."""
    found = Metric.objects.filter(batch=batch)
    tied = found.exclude(application=None).order_by().values_list("application_id", flat=True)
    affected = {pk for pk in tied.distinct() if pk}
    found._raw_delete(found.db)
    return affected
