"""Naming the person behind an event: for who may see names, with a reason, logged."""

from dataclasses import dataclass
from uuid import UUID

from django.db import transaction

from inventory import access, audit_log
from inventory.access import Permission
from inventory.models import Department, DirectoryUser, Interaction, SeenUser, User


@dataclass(frozen=True, slots=True)
class Person:
    """Whoever did it, as far as feeds told: `name` is empty where no list held them."""

    account: str
    name: str = ""


@transaction.atomic
def reveal(*, actor: User | None, event: UUID, reason: str) -> Person | None:
    """Who did it; None where no feed told. The right to see names must hold where the person belongs.

    Raises PermissionDenied, Interaction.DoesNotExist, or ValueError without a reason.
    """
    found = Interaction.objects.get(record_id=event)
    department = Department.objects.filter(pk=found.department_id or 0).first()  # 0: nobody's
    if department is None:
        access.require_everywhere(actor, Permission.NAMES)
    else:
        access.require(actor, Permission.NAMES, department)
    if not reason.strip():
        raise ValueError("Say why you need to know who it was.")
    audit_log.record(
        actor=actor,
        action="person.revealed",
        summary=f"Read who is behind {str(found.pseudonym)[:8]}, by an event of {found.at:%Y-%m-%d %H:%M} UTC",
        obj=found,
        department=department,
        reason=reason.strip()[:500],
        details={"event": str(event), "pseudonym": str(found.pseudonym)},
    )
    return _who(found.pseudonym)


def _who(pseudonym: UUID | None) -> Person | None:
    if pseudonym is None:
        return None
    listed = DirectoryUser.objects.filter(pseudonym=pseudonym).first()
    listed = listed or DirectoryUser.objects.filter(upn_pseudonym=pseudonym).first()
    if listed is not None:
        return Person(listed.upn or listed.object_id, listed.name)
    seen = SeenUser.objects.filter(pseudonym=pseudonym).first()
    return Person(seen.name) if seen else None
