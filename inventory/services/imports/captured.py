"""Content of prompts and answers: refused unless an administrator switched capture on; then kept encrypted, a while."""

from collections.abc import Iterator
from uuid import UUID

from django.db import transaction

from inventory import access, audit_log
from inventory.access import Permission
from inventory.connectors.chunks import Captured
from inventory.connectors.content import record_key
from inventory.models import CapturedContent, ContentCapture, ImportBatch, User
from inventory.services.imports.encryption import decrypt, encrypt


def is_on() -> bool:
    """Whether rows with content are taken in."""
    newest = ContentCapture.objects.order_by("-pk").values_list("on", flat=True).first()
    return bool(newest)


@transaction.atomic
def switch(*, actor: User | None, on: bool, reason: str) -> None:
    """Switch capture on or off, for files read from now on. Raises PermissionDenied, or ValueError without a reason."""
    access.require_everywhere(actor, Permission.ADMIN)
    if not reason.strip():
        raise ValueError("Say why.")
    turn = ContentCapture.objects.create(on=on, reason=reason.strip()[:500], switched_by=actor)
    audit_log.record(
        actor=actor,
        action="content_capture.switched",
        summary=f"Capture of prompts and answers switched {'on' if on else 'off'}",
        obj=turn,
        reason=reason.strip(),
        details={"on": on},
    )


def store(batch: ImportBatch, rows: list[Captured]) -> None:
    """Keep the texts, those of a record once, inside the caller's transaction."""
    CapturedContent.objects.bulk_create(
        [
            CapturedContent(
                record_id=UUID(bytes=record_key(row.record_id)),
                batch_id=batch.pk,
                line=row.line,
                text=encrypt(row.text),
            )
            for row in rows
        ],
        ignore_conflicts=True,
    )


@transaction.atomic
def reveal(*, actor: User | None, batch: ImportBatch, reason: str) -> Iterator[tuple[int, str, str]]:
    """Line, key of the record and text of what was captured of a file, for who may see names; logged with their reason.

    Raises PermissionDenied, or ValueError without a reason.
    """
    access.require_everywhere(actor, Permission.NAMES)
    if not reason.strip():
        raise ValueError("Say why you need to read this.")
    rows = CapturedContent.objects.filter(batch=batch).order_by("line")
    audit_log.record(
        actor=actor,
        action="content.revealed",
        summary=f"Read the captured content of {batch.file_name}",
        obj=batch,
        reason=reason.strip(),
        details={"rows": rows.count()},
    )
    return ((row.line, str(row.record_id), decrypt(row.text).decode("utf-8", "replace")) for row in rows.iterator(2000))
