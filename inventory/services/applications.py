"""The register: registering AI applications, changing them, and the names under which feeds report them.

Wrong input raises ValidationError with a message for each field, which pages and the API show as it is.
"""

from collections.abc import Iterable
from datetime import date
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from inventory import access, audit_log, doorbell
from inventory.access import Permission
from inventory.choices import IdentifierKind, Lifecycle, Origin
from inventory.models import AIApplication, ChangedApplication, Department, Identifier, User
from inventory.services import lifecycle
from inventory.services.numbering import next_external_ids

RESCORE = "risk.tasks.rescore_changed"
FIELDS = (
    "name",
    "purpose",
    "kind",
    "origin",
    "vendor",
    "department",
    "lifecycle",
    "owner",
    "deputy",
    "next_review",
)


@transaction.atomic
def register_application(
    *,
    actor: User | None,
    name: str,
    purpose: str,
    kind: str,
    department: Department,
    external_id: str = "",
    origin: str = "",
    vendor: str = "",
    lifecycle: str = Lifecycle.IDEA,
    owner: User | None = None,
    deputy: User | None = None,
    next_review: date | None = None,
    identifiers: Iterable[tuple[str, str]] = (),
) -> AIApplication:
    """Register an application; name, purpose, kind and department are enough.

    Without an `external_id` it gets the next number (AI-00042). Without an `origin`, one that names a vendor comes from
    the vendor. Raises PermissionDenied, or ValidationError by field.
    """
    access.require(actor, Permission.EDIT, department)
    application = AIApplication(
        external_id=external_id.strip() or next_external_ids(1)[0],
        name=name,
        purpose=purpose,
        kind=kind,
        department=department,
        origin=origin or (Origin.VENDOR if vendor.strip() else Origin.IN_HOUSE),
        vendor=vendor,
        lifecycle=lifecycle,
        owner=owner,
        deputy=deputy,
        next_review=next_review,
    )
    _check(application)
    try:
        with transaction.atomic():
            application.save(force_insert=True)
    except IntegrityError as clash:  # somebody took the id between the check and here
        raise ValidationError({"external_id": _("This external id was taken a moment ago. Choose another.")}) from clash
    given = _add_identifiers(actor, application, _read_identifiers(identifiers))
    audit_log.record(
        actor=actor,
        action="application.registered",
        summary=f"Registered {application.external_id} {application.name}",
        obj=application,
        details={
            "after": {field: _plain(getattr(application, field)) for field in FIELDS},
            "identifiers": sorted(given),
        },
    )
    _tell(application)
    application.refresh_from_db(fields=["registered_at", "updated_at"])
    return application


@transaction.atomic
def update_application(*, actor: User | None, application: AIApplication, **changes: Any) -> AIApplication:
    """Change some of FIELDS. What stays the same is not written; if nothing changes, nothing is logged.

    Moving it to another department needs the right to edit there as well. Raises PermissionDenied, or ValidationError
    by field: also for a step in the life cycle that there is not, or that a guard objects to.
    """
    unknown = set(changes) - set(FIELDS)
    if unknown:
        raise TypeError(f"not a field of the register: {', '.join(sorted(unknown))}")
    current = AIApplication.objects.select_for_update(of=("self",), no_key=True).select_related(
        "department", "owner", "deputy"
    )
    application = current.get(pk=application.pk)
    access.require(actor, Permission.EDIT, application.department)
    if "department" in changes and changes["department"] is not None:
        access.require(actor, Permission.EDIT, changes["department"])
    before = {field: getattr(application, field) for field in FIELDS}
    for field, value in changes.items():
        setattr(application, field, value)
    _check(application)
    changed = [field for field in FIELDS if getattr(application, field) != before[field]]
    if not changed:
        return application
    application.updated_at = Now()
    application.save(update_fields=[*changed, "updated_at"])
    if "lifecycle" in changed:  # once it is written: a guard judges the application as it is to be, purpose and all
        _check_step(application, before["lifecycle"])
    application.refresh_from_db(fields=["updated_at"])
    audit_log.record(
        actor=actor,
        action="application.updated",
        summary=f"Changed {', '.join(name.replace('_', ' ') for name in changed)} of {application.external_id}",
        obj=application,
        details={"changes": {f: [_plain(before[f]), _plain(getattr(application, f))] for f in changed}},
    )
    _tell(application)
    return application


@transaction.atomic
def set_identifiers(
    *, actor: User | None, application: AIApplication, identifiers: Iterable[tuple[str, str]]
) -> tuple[int, int]:
    """Make these (kind, value) pairs the application's identifiers; returns how many were added and removed.

    An identifier belongs to one application. One that is taken raises ValidationError, naming the holder where the
    actor may see it.
    """
    _lock(actor, application)
    wanted = _read_identifiers(identifiers)
    present = {(i.kind, i.folded): i for i in application.identifiers.all()}
    new = {key: value for key, value in wanted.items() if key not in present}
    return _change_identifiers(actor, application, new, [i for key, i in present.items() if key not in wanted])


@transaction.atomic
def add_identifier(*, actor: User | None, application: AIApplication, kind: str, value: str) -> bool:
    """Add one identifier and leave the others; False where it is there already. Errors as `set_identifiers`."""
    _lock(actor, application)
    present = set(application.identifiers.values_list("kind", "folded"))
    new = {key: text for key, text in _read_identifiers([(kind, value)]).items() if key not in present}
    return _change_identifiers(actor, application, new, []) != (0, 0)


@transaction.atomic
def remove_identifier(*, actor: User | None, application: AIApplication, identifier: int) -> bool:
    """Remove one of the application's identifiers by its primary key; False where it is gone already."""
    _lock(actor, application)
    gone = list(application.identifiers.filter(pk=identifier))
    return _change_identifiers(actor, application, {}, gone) != (0, 0)


def _lock(actor: User | None, application: AIApplication) -> None:
    locked = (
        AIApplication.objects.select_for_update(of=("self",), no_key=True)
        .select_related("department")
        .get(pk=application.pk)
    )
    access.require(actor, Permission.EDIT, locked.department)


def _change_identifiers(
    actor: User | None, application: AIApplication, new: dict[tuple[str, str], str], gone: list[Identifier]
) -> tuple[int, int]:
    Identifier.objects.filter(pk__in=[identifier.pk for identifier in gone]).delete()
    added = _add_identifiers(actor, application, new)
    if not added and not gone:
        return 0, 0
    AIApplication.objects.filter(pk=application.pk).update(updated_at=Now())
    audit_log.record(
        actor=actor,
        action="application.identifiers_set",
        summary=f"Identifiers of {application.external_id}: {len(added)} added, {len(gone)} removed",
        obj=application,
        details={"added": sorted(added), "removed": sorted(str(identifier) for identifier in gone)},
    )
    _tell(application)
    return len(added), len(gone)


def _read_identifiers(identifiers: Iterable[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """(kind, folded value) → value, each once; ValidationError for an unknown kind, an empty or too long value."""
    problems: list[str] = []
    read: dict[tuple[str, str], str] = {}
    for kind, value in identifiers:
        value = value.strip()
        if kind not in IdentifierKind.values:
            problems.append(f"“{kind}” is no kind of identifier. Use one of: {', '.join(IdentifierKind.values)}.")
        elif not value or "\x00" in value:
            problems.append(f"The {IdentifierKind(kind).label} is empty or unreadable.")
        elif len(value.casefold()) > 500 or len(value) > 500:
            problems.append(f"The {IdentifierKind(kind).label} is longer than 500 characters.")
        else:
            read.setdefault((kind, value.casefold()), value)
    if problems:
        raise ValidationError({"identifiers": problems})
    return read


def _add_identifiers(actor: User | None, application: AIApplication, wanted: dict[tuple[str, str], str]) -> list[str]:
    """Store them, or raise ValidationError naming who holds one already."""
    if not wanted:
        return []
    holders = Identifier.objects.filter(folded__in=[folded for __, folded in wanted]).select_related("application")
    taken = [i for i in holders if (i.kind, i.folded) in wanted and i.application_id != application.pk]
    if taken:
        seen = access.applications(actor).filter(pk__in=[i.application_id for i in taken])
        visible = set(seen.values_list("pk", flat=True))
        raise ValidationError({"identifiers": [taken_by(i, i.application_id in visible) for i in taken]})
    rows = [Identifier(application=application, kind=k, value=v, folded=f) for (k, f), v in wanted.items()]
    try:
        with transaction.atomic():
            Identifier.objects.bulk_create(rows)
    except IntegrityError as clash:
        message = "One of these identifiers was given to another application a moment ago. Look again."
        raise ValidationError({"identifiers": message}) from clash
    return [str(row) for row in rows]


def taken_by(identifier: Identifier, visible: bool) -> str:
    """What to tell a person about an identifier that another application holds; its name only where they may see it."""
    holder = identifier.application
    who = f"{holder.external_id} {holder.name}" if visible else "another application"
    return f"{identifier.get_kind_display()} “{identifier.value}” already belongs to {who}."


def _check(application: AIApplication) -> None:
    problems: dict[str, str] = {}
    for field in ("external_id", "name", "purpose", "vendor"):
        text = str(getattr(application, field) or "").strip()
        setattr(application, field, text)
        if "\x00" in text:
            problems[field] = "This text contains a character that can't be stored (NUL)."
    if application.department_id is None:
        problems["department"] = "Choose the department that answers for it."
    if application.owner_id and application.owner_id == application.deputy_id:
        problems["deputy"] = "The deputy must be somebody other than the owner."
    if problems:
        raise ValidationError(problems)
    application.full_clean(exclude=["department", "owner", "deputy"])


def _check_step(application: AIApplication, before: str) -> None:
    """Raise ValidationError where the life cycle has no such step, or somebody above objects to it."""
    problem = lifecycle.step_problem(before, application.lifecycle)
    if problem:
        raise ValidationError({"lifecycle": problem})
    if objections := lifecycle.objections({application.pk: application.lifecycle}).get(application.pk):
        raise ValidationError({"lifecycle": [one.text for one in objections]})


def _plain(value: Any) -> Any:
    """For the audit log: what a person reads, and what JSON can hold."""
    if value is None or isinstance(value, str):
        return str(value) if value is not None else None  # str(): a choice becomes its bare code
    if isinstance(value, Department):
        return value.key
    if isinstance(value, User):
        return value.username
    return value.isoformat() if isinstance(value, date) else str(value)


def _tell(application: AIApplication) -> None:
    ChangedApplication.objects.mark([application.pk])
    doorbell.ring(RESCORE)
