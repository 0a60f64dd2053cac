"""Which column of a table is what: said once by an administrator, applied to every file with the same header."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from inventory import access, audit_log, doorbell
from inventory.access import Permission
from inventory.choices import BatchState, MappedKind
from inventory.connectors.mapped import PREFIX, Layout
from inventory.connectors.mapped_fields import FIELDS
from inventory.connectors.metrics import metric_key
from inventory.models import ImportBatch, MappingProfile, User
from inventory.services.imports import kinds, queue, uploads


@dataclass(frozen=True)
class Told:
    """What a person said of a header: the number of the column by field, and what is the same in all rows."""

    name: str
    kind: str
    fields: Mapping[str, int]
    constants: Mapping[str, str] = field(default_factory=dict)
    day_first: bool = False
    zone: str = "UTC"


def layout(batch: ImportBatch) -> Layout | None:
    """What the uploaded table looks like; None where its file is gone."""
    path = _path(batch)
    return kinds.layout(path) if path.exists() else None


@transaction.atomic
def save(*, actor: User | None, batch: ImportBatch, told: Told) -> MappingProfile:
    """Remember the mapping for this header and queue the file that showed it, with all that wait with the same header.

    Raises PermissionDenied or ValidationError.
    """
    access.require_everywhere(actor, Permission.FEEDS)
    batch = ImportBatch.objects.select_for_update().get(pk=batch.pk)
    found = layout(batch) if batch.state == BatchState.UNMAPPED else None
    if found is None:
        raise ValidationError("This file waits for no mapping any more.")
    _check(told, found)
    profile, created = MappingProfile.objects.update_or_create(
        header=found.digest,
        defaults={
            "name": told.name,
            "kind": told.kind,
            "columns": found.columns,
            "fields": dict(told.fields),
            "constants": _constants(told),
            "day_first": told.day_first,
            "zone": told.zone,
            "saved_by": actor,
            "saved_at": timezone.now(),
        },
    )
    audit_log.record(
        actor=actor,
        action="feed_mapping.saved" if created else "feed_mapping.changed",
        summary=f"Mapping {profile.name}: {profile.get_kind_display().lower()}",
        obj=profile,
        details={
            "fields": {key: found.columns[at] for key, at in told.fields.items()},
            "constants": profile.constants,
            "file": batch.file_name,
        },
    )
    for waiting in ImportBatch.objects.select_for_update().filter(state=BatchState.UNMAPPED).order_by("pk"):
        at = _path(waiting)
        same = kinds.layout(at) if at.exists() else None
        if same and same.digest == profile.header:
            ImportBatch.objects.filter(pk=waiting.pk).update(state=BatchState.WAITING, kind=PREFIX + profile.name)
            doorbell.ring(uploads.TASK, waiting.pk)
    return profile


@transaction.atomic
def discard(*, actor: User | None, batch: ImportBatch) -> None:
    """Give up a file that waits for a mapping, and delete it. Raises PermissionDenied."""
    access.require_everywhere(actor, Permission.FEEDS)
    batch = ImportBatch.objects.select_for_update().get(pk=batch.pk)
    if batch.state == BatchState.UNMAPPED:
        queue.give_up(batch, "Discarded: nobody said which column is what.", actor=actor)


@transaction.atomic
def forget(*, actor: User | None, profile: MappingProfile) -> None:
    """Forget a mapping: files with its header ask again. What was read by it stays. Raises PermissionDenied."""
    access.require_everywhere(actor, Permission.FEEDS)
    audit_log.record(
        actor=actor, action="feed_mapping.forgotten", summary=f"Mapping {profile.name} forgotten", obj=profile
    )
    profile.delete()


def _path(batch: ImportBatch) -> Path:
    return uploads.folder() / (batch.stored_as or "-")


def _constants(told: Told) -> dict[str, str]:
    return {key: value.strip()[:300] for key, value in told.constants.items() if value.strip()}


def _check(told: Told, found: Layout) -> None:
    """Raises ValidationError by field where what was said can't be."""
    errors: dict[str, str] = {}
    if not re.fullmatch(r"[a-z0-9][a-z0-9_-]{0,29}", told.name):
        errors["profile"] = "Use up to 30 small letters, digits, - and _."
    elif MappingProfile.objects.filter(name=told.name).exclude(header=found.digest).exists():
        errors["profile"] = "Another mapping has this name."
    if told.kind not in MappedKind.values:
        raise ValidationError({"kind": "Say what the rows tell."})
    known = {one.key: one for one in FIELDS[told.kind]}
    for key, at in told.fields.items():
        if key not in known or not 0 <= at < len(found.columns):
            errors[key] = "There is no such column."
    constants = _constants(told)
    for one in known.values():
        if one.required and one.key not in told.fields and one.key not in constants:
            errors[one.key] = (
                f"{one.title}: say which column, or what it is in all rows."
                if one.constant
                else (f"{one.title}: say which column.")
            )
    if constants.get("metric") and not metric_key(constants["metric"]):
        errors["metric"] = "This is no name of a metric."
    try:
        ZoneInfo(told.zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        errors["zone"] = "There is no such time zone."
    if errors:
        raise ValidationError(errors)
