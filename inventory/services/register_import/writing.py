"""Plan → database, set by set: the number of statements doesn't grow with the file."""

from typing import Any

from django.db import connection
from django.db.models.functions import Now

from inventory.choices import Lifecycle, Origin
from inventory.models import AIApplication, ChangedApplication, Department, Identifier, User
from inventory.services.numbering import next_external_ids
from inventory.services.register_import.lookups import Departments, People
from inventory.services.register_import.planning import Planned

BATCH = 10_000  # rows a statement: bounds its size, not the file's

# Only the columns that a register file can state; the others stay what they are.
_UPDATE = """
UPDATE inventory_aiapplication AS app SET
    name = new.name, purpose = new.purpose, kind = new.kind, origin = new.origin, vendor = new.vendor,
    lifecycle = new.lifecycle, department_id = new.department, owner_id = new.owner, deputy_id = new.deputy,
    updated_at = now()
FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[],
            %s::bigint[], %s::bigint[], %s::bigint[])
     AS new(id, name, purpose, kind, origin, vendor, lifecycle, department, owner, deputy)
WHERE app.id = new.id"""
_TEXTS = ("name", "purpose", "kind", "origin", "vendor", "lifecycle")
_OBJECTS = ("department", "owner", "deputy")


def write(rows: list[Planned], departments: Departments, people: People) -> list[int]:
    """Store the plan; returns the ids of the applications created or changed. Raises IntegrityError where the register
    changed under it."""
    Department.objects.bulk_create(departments.new.values())
    User.objects.bulk_create(people.new.values(), batch_size=BATCH)
    # An updated row is written whole; one whose only change is its identifiers gets its time of change by that too.
    updated = [row for row in rows if row.action == "updated"]
    created = _create([row for row in rows if row.action == "created"])
    for start in range(0, len(updated), BATCH):
        _update(updated[start : start + BATCH])
    _write_identifiers(rows)
    touched = [*created, *(row.existing.pk for row in updated if row.existing)]
    ChangedApplication.objects.mark(touched)
    return touched


def _create(rows: list[Planned]) -> list[int]:
    numbered = iter(next_external_ids(sum(not row.draft.get("external_id") for row in rows)) if rows else [])
    for row in rows:
        values: dict[str, Any] = {"lifecycle": Lifecycle.IDEA, "vendor": "", **row.values}
        values.setdefault("origin", Origin.VENDOR if values["vendor"] else Origin.IN_HOUSE)
        values["external_id"] = row.draft.get("external_id") or next(numbered)
        row.existing = AIApplication(**{**values, "registered_at": Now(), "updated_at": Now()})
    made = AIApplication.objects.bulk_create([row.existing for row in rows if row.existing], batch_size=BATCH)
    return [application.pk for application in made]


def _update(rows: list[Planned]) -> None:
    columns: list[list[Any]] = [[row.existing.pk for row in rows if row.existing]]
    columns += [[row.final(column) for row in rows] for column in _TEXTS]
    for column in _OBJECTS:
        finals = (row.final(column) for row in rows)
        columns.append([found.pk if found else None for found in finals])
    with connection.cursor() as cursor:
        cursor.execute(_UPDATE, columns)


def _write_identifiers(rows: list[Planned]) -> None:
    gone = [pk for row in rows for pk in row.gone]
    if gone:
        Identifier.objects.filter(pk__in=gone).delete()
    new = [
        Identifier(application=row.existing, kind=kind, value=value, folded=folded)
        for row in rows
        for (kind, folded), value in row.new.items()
    ]
    Identifier.objects.bulk_create(new, batch_size=BATCH)
