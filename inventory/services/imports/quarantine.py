"""Rows that could not be read: kept encrypted with line and reason, shown to those who may see names."""

from collections.abc import Iterator

from django.db import connection, transaction

from inventory import access, audit_log
from inventory.access import Permission
from inventory.connectors.base import Unreadable
from inventory.connectors.prompts import written_in
from inventory.models import ImportBatch, QuarantinedRow, User
from inventory.services.imports.encryption import decrypt, encrypt

_MOST_BYTES = 16 * 1024  # of a line that are kept: enough to see what is wrong with it


def store(batch: ImportBatch, rows: list[Unreadable]) -> None:
    """Keep the rows, inside the caller's transaction."""
    if not rows:
        return
    with (
        connection.cursor() as cursor,
        cursor.copy("COPY inventory_quarantinedrow (batch_id, line, reason, raw) FROM STDIN") as copy,
    ):
        for row in rows:
            # content is refused wherever it turns up, so also in what can't be read
            kept = b"" if written_in(row.raw) else row.raw[:_MOST_BYTES]
            copy.write_row((batch.pk, row.line, row.reason[:200], encrypt(kept) if kept else None))


@transaction.atomic
def reveal(*, actor: User | None, batch: ImportBatch, reason: str) -> Iterator[tuple[int, str, str]]:
    """Line, reason and text of a batch's quarantined rows, for who may see names; logged with their reason.

    A text that was purged is empty. Raises PermissionDenied, or ValueError without a reason.
    """
    access.require_everywhere(actor, Permission.NAMES)
    if not reason.strip():
        raise ValueError("Say why you need to see these lines.")
    audit_log.record(
        actor=actor,
        action="quarantine.revealed",
        summary=f"Read the quarantined lines of {batch.file_name}",
        obj=batch,
        reason=reason.strip(),
        details={"lines": batch.quarantined},
    )
    rows = QuarantinedRow.objects.filter(batch=batch).order_by("line")
    return (
        (row.line, row.reason, decrypt(row.raw).decode("utf-8", "replace") if row.raw else "")
        for row in rows.iterator(2000)
    )
