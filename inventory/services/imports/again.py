"""Reading a file again: one that could not be read to its end goes on where it was, one of which nothing is kept
begins anew: it was undone, or all it said was known from files that may have been undone since."""

from collections.abc import Iterable
from uuid import uuid4

from django.core.exceptions import ValidationError
from django.db import transaction

from inventory import access, audit_log, doorbell
from inventory.access import Permission
from inventory.choices import BatchState
from inventory.connectors.mapped import PREFIX
from inventory.models import ImportBatch, QuarantinedRow, User
from inventory.services.imports import undo
from inventory.services.imports.uploads import TASK, folder, keep, kept_file

_ANEW = dict.fromkeys(
    (*("rows", "stored", "duplicates", "quarantined", "ignored", "unmatched"), "next_line", "bytes_read"), 0
)


def refusal(batch: ImportBatch, *, given: bool = False) -> str:
    """Why the batch can't be read again, with the file that we have, or one that is `given`; empty where it can."""
    if batch.state == BatchState.DONE and (undo.holds(batch) or not batch.duplicates):
        return "It was read to its end; reading it again would store nothing. Undo it first."
    if batch.state not in (BatchState.DONE, BatchState.FAILED, BatchState.UNDONE):
        return "It is being worked on."
    if given and not batch.sha256:
        return "Nobody knows the digest of this file, so no other can be told to be the same. Upload it as a new file."
    if not given and kept_file(batch) is None:
        return "We no longer have the file. Upload the same file again."
    return ""


def read_again(*, actor: User | None, batch: ImportBatch, blocks: Iterable[bytes] | None = None) -> None:
    """Queue the reading once more, of the file we still have or of the same file handed over anew.

    Raises PermissionDenied, TooLargeError, or ValidationError that says why not.
    """
    access.require_everywhere(actor, Permission.FEEDS)
    if why := refusal(batch, given=blocks is not None):
        raise ValidationError(why)
    stored_as = batch.stored_as
    if blocks is not None:
        stored_as = uuid4().hex
    try:
        if blocks is not None and keep(folder() / stored_as, blocks)[1] != batch.sha256:
            raise ValidationError("This is another file: its SHA-256 differs. Upload it as a new one.")
        _queue(actor, batch, stored_as)
    except BaseException:
        if blocks is not None:
            (folder() / stored_as).unlink(missing_ok=True)
        raise
    if batch.stored_as and stored_as != batch.stored_as:
        (folder() / batch.stored_as).unlink(missing_ok=True)
    batch.refresh_from_db()


@transaction.atomic
def _queue(actor: User | None, batch: ImportBatch, stored_as: str) -> None:
    anew = batch.state in (BatchState.DONE, BatchState.UNDONE)
    if anew:
        QuarantinedRow.objects.filter(batch=batch).delete()
    changes = {**_ANEW, "newest_at": None, "undone_by": None, "undo_reason": "", "irreversible": ""} if anew else {}
    if anew and batch.kind.startswith(PREFIX):
        changes["kind"] = ""  # its header may have another mapping by now
    same = ImportBatch.objects.filter(pk=batch.pk, state=batch.state, stored_as=batch.stored_as)  # its file is kept
    queued = same.update(
        state=BatchState.WAITING, claim=None, attempts=0, error="", finished_at=None, stored_as=stored_as, **changes
    )
    if not queued:
        raise ValidationError("Somebody else has just begun with it.")
    audit_log.record(
        actor=actor,
        action="feed.read_again",
        summary=f"{batch.file_name} is read again{'' if anew else ' from where it was'}",
        obj=batch,
    )
    doorbell.ring(TASK, batch.pk)
