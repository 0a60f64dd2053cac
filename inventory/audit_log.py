"""The only writer of the audit log. Called inside the transaction of the change, so both stand or neither does."""

from contextvars import ContextVar
from typing import Any

from django.db import models, transaction

from inventory.models import AuditLogEntry, Department, User

# Where the request came from; set by the middleware, empty in commands and workers.
request_address: ContextVar[str | None] = ContextVar("request_address", default=None)


def record(
    *,
    actor: User | None,
    action: str,
    summary: str,
    obj: models.Model | None = None,
    department: Department | None = None,
    on_behalf_of: User | None = None,
    reason: str = "",
    details: dict[str, Any] | None = None,
) -> AuditLogEntry:
    """Write one entry.

    `action` is `thing.verb` in the past tense (`application.registered`); `summary` one line for people; `details` what
    a machine may want (JSON). Raises TransactionManagementError outside a transaction: an entry never stands alone.
    """
    if not transaction.get_connection().in_atomic_block:
        raise transaction.TransactionManagementError("An audit entry belongs into the transaction of its change.")
    return AuditLogEntry.objects.create(
        actor=actor,
        action=action,
        summary=summary[:500],
        object_type=(obj._meta.model_name or "") if obj is not None else "",
        object_id=str(obj.pk) if obj is not None else "",
        department=department or getattr(obj, "department", None),
        on_behalf_of=on_behalf_of,
        reason=reason,
        details=details or {},
        address=request_address.get(),
    )
