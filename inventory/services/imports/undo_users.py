"""Undoing a user list: people it brought go, people it changed are as they were before it."""

from django.db import connection

from inventory.models import DirectoryUser, ImportBatch
from inventory.services.imports.cannot_undo import CannotUndoError

_BACK = """
UPDATE inventory_directoryuser SET
    upn_pseudonym = (before ->> 'upn_pseudonym')::uuid, object_id = before ->> 'object_id', upn = before ->> 'upn',
    name = before ->> 'name', department_id = (before ->> 'department_id')::bigint,
    enabled = (before ->> 'enabled')::bool, updated_at = (before ->> 'updated_at')::timestamptz,
    batch_id = NULL, before = NULL
WHERE batch_id = %s AND before IS NOT NULL
"""
# Names change hands within a list, so they are all let go before they are given back
_LET_GO = "UPDATE inventory_directoryuser SET upn_pseudonym = NULL WHERE batch_id = %s AND before IS NOT NULL"


def find(batch: ImportBatch) -> tuple[tuple[str, int], ...]:
    """What goes and what is put back. Raises CannotUndoError."""
    if batch.irreversible:
        raise CannotUndoError(batch.irreversible)
    new = DirectoryUser.objects.filter(batch=batch, before__isnull=True).count()
    changed = DirectoryUser.objects.filter(batch=batch, before__isnull=False).count()
    if new + changed != batch.stored:
        raise CannotUndoError("Since then other lists, or undoing them, have changed people of this one.")
    return (("people it brought", new), ("people put back as they were", changed))


def remove(batch: ImportBatch) -> set[int]:
    """Put the list back; no figure hangs on it, because interactions keep the department they were stored with."""
    DirectoryUser.objects.filter(batch=batch, before__isnull=True).delete()
    with connection.cursor() as cursor:
        cursor.execute(_LET_GO, [batch.pk])
        cursor.execute(_BACK, [batch.pk])
    return set()
