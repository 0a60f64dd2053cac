"""Plan → database, set by set: the number of statements doesn't grow with the file."""

from collections.abc import Iterator
from typing import Any

from django.db import connection

from inventory.choices import Lifecycle, Origin
from inventory.models import ChangedApplication, Department, Identifier, User
from inventory.services.numbering import next_external_ids
from inventory.services.register_import.lookups import Departments, People
from inventory.services.register_import.planning import COLUMNS, Planned, one_of

BATCH = 10_000  # rows a statement: bounds its size, not the file's

# Columns travel as arrays: one statement for all rows, and the history triggers fire once for all of them.
_NEW = """unnest(%s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[],
    %s::bigint[], %s::bigint[], %s::bigint[])
    AS new(id, name, purpose, kind, origin, vendor, lifecycle, department, owner, deputy)"""
_CREATE = f"""
INSERT INTO inventory_aiapplication
    (external_id, name, purpose, kind, origin, vendor, lifecycle, department_id, owner_id, deputy_id)
SELECT id, name, purpose, kind, origin, vendor, lifecycle, department, owner, deputy FROM {_NEW}
RETURNING external_id, id"""  # noqa: S608 - constant
# Only what a register file can state; the rest of the row stays what it is.
_UPDATE = f"""
UPDATE inventory_aiapplication AS app SET
    name = new.name, purpose = new.purpose, kind = new.kind, origin = new.origin, vendor = new.vendor,
    lifecycle = new.lifecycle, department_id = new.department, owner_id = new.owner, deputy_id = new.deputy,
    updated_at = now()
FROM {_NEW} WHERE app.external_id = new.id"""  # noqa: S608 - constant
_IDENTIFY = """
INSERT INTO inventory_identifier (application_id, kind, value, folded)
SELECT * FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::text[])"""


def write(rows: list[Planned], departments: Departments, people: People) -> int:
    """Store the plan; returns how many applications were created or changed. Raises IntegrityError where the register
    changed under it."""
    Department.objects.bulk_create(departments.new.values())
    User.objects.bulk_create(people.new.values(), batch_size=BATCH)
    created = [row for row in rows if row.action == "created"]
    updated = [row for row in rows if row.action == "updated"]
    _create(created)
    for part in _batches(updated):
        with connection.cursor() as cursor:
            cursor.execute(_UPDATE, _arrays([row.existing.external_id for row in part if row.existing], part))
    _write_identifiers(rows)
    if created or updated:
        ChangedApplication.objects.mark(row.pk for row in (*created, *updated) if row.pk)
    return len(created) + len(updated)


def _batches(rows: list[Any]) -> Iterator[list[Any]]:
    for start in range(0, len(rows), BATCH):
        yield rows[start : start + BATCH]


def _arrays(external_ids: list[str], rows: list[Planned]) -> list[list[Any]]:
    return [external_ids, *([row.final(column) for row in rows] for column in COLUMNS)]


def _create(rows: list[Planned]) -> None:
    if not rows:
        return
    numbered = iter(next_external_ids(sum(not row.draft.get("external_id") for row in rows)))
    for row in rows:
        vendor = row.values.setdefault("vendor", "")
        row.values.setdefault("lifecycle", Lifecycle.IDEA.value)
        row.values.setdefault("origin", (Origin.VENDOR if vendor else Origin.IN_HOUSE).value)
    by_id = {row.draft.get("external_id") or next(numbered): row for row in rows}
    for part in _batches(list(by_id)):
        with connection.cursor() as cursor:
            cursor.execute(_CREATE, _arrays(part, [by_id[external_id] for external_id in part]))
            for external_id, pk in cursor.fetchall():
                by_id[external_id].pk = pk


def _write_identifiers(rows: list[Planned]) -> None:
    gone = [pk for row in rows for pk in row.gone]
    if gone:
        Identifier.objects.filter(pk__in=one_of(gone, "bigint")).delete()
    new = [(row.pk, kind, value, folded) for row in rows for (kind, folded), value in row.new.items()]
    for part in _batches(new):
        with connection.cursor() as cursor:
            cursor.execute(_IDENTIFY, [list(column) for column in zip(*part, strict=True)])
