"""The user list: who belongs to which department, and moving what was stored before the list knew.

The list adds and changes; somebody it no longer names stays, with the department they had. The department of an
interaction is fixed when it is stored: only *Unassigned* rows move when a later list knows their user (contracts §2).
An older list (`imports.order`) tells nothing of the people who are here.
"""

import re
from collections.abc import Mapping

from django.conf import settings
from django.db import connection

from inventory import audit_log
from inventory.connectors.base import ListedUser
from inventory.connectors.content import ListedUsers
from inventory.models import Department, ImportBatch, User
from inventory.services import data_events, figures
from inventory.services.departments import RESERVED_KEYS
from inventory.services.pseudonyms import pseudonym

_TABLE = """
CREATE TEMPORARY TABLE IF NOT EXISTS import_listed (
    pseudonym uuid, upn_pseudonym uuid, object_id text, upn text, name text, department_id bigint, enabled bool
) ON COMMIT DELETE ROWS;
CREATE TEMPORARY TABLE IF NOT EXISTS import_superseded (old uuid, new uuid) ON COMMIT DELETE ROWS;
TRUNCATE import_listed, import_superseded
"""

# A list without object ids speaks of the accounts that we know by theirs, unless it names that account itself under
# another name: then the old name is somebody else's now.
_KNOWN = """
UPDATE import_listed l SET pseudonym = d.pseudonym, object_id = d.object_id
FROM inventory_directoryuser d WHERE l.object_id = '' AND d.upn_pseudonym = l.upn_pseudonym
AND NOT EXISTS (SELECT FROM import_listed other WHERE other.pseudonym = d.pseudonym)
"""

# A name that another account had goes to the account that has it now. A person who was listed by name alone and now
# has an object id is one person, not two.
_RENAMED = """
WITH taken AS (
    UPDATE inventory_directoryuser d SET upn_pseudonym = NULL
    FROM import_listed l WHERE d.upn_pseudonym = l.upn_pseudonym AND d.pseudonym <> l.pseudonym
    RETURNING d.pseudonym AS old, l.pseudonym AS new, d.object_id
), superseded AS (INSERT INTO import_superseded SELECT old, new FROM taken WHERE object_id = '')
SELECT count(*) FROM taken
"""
# Names as seen are kept only for people whom no list holds.
_FORGET_NAMES = """
DELETE FROM inventory_seenuser s USING inventory_directoryuser d
WHERE s.pseudonym = d.{key}
"""
_DROP_SUPERSEDED = "DELETE FROM inventory_directoryuser d USING import_superseded s WHERE d.pseudonym = s.old"

_STORE = """
WITH stored AS (
    INSERT INTO inventory_directoryuser AS d
           (pseudonym, upn_pseudonym, object_id, upn, name, department_id, enabled, batch_id)
    SELECT *, %(batch)s FROM import_listed
    ON CONFLICT (pseudonym) DO UPDATE SET
        upn_pseudonym = excluded.upn_pseudonym, object_id = excluded.object_id, upn = excluded.upn,
        name = excluded.name, department_id = excluded.department_id, enabled = excluded.enabled,
        updated_at = statement_timestamp(), batch_id = excluded.batch_id,
        -- what stood here before the list, not before its second mention of the person
        before = CASE WHEN d.batch_id = excluded.batch_id THEN d.before ELSE to_jsonb(d) - 'before' END
    WHERE (d.upn_pseudonym, d.object_id, d.upn, d.name, d.department_id, d.enabled) IS DISTINCT FROM
          (excluded.upn_pseudonym, excluded.object_id, excluded.upn, excluded.name, excluded.department_id,
           excluded.enabled)
    RETURNING 1
)
SELECT count(*) FROM stored
"""


_HERE = """
SELECT pseudonym, upn_pseudonym FROM inventory_directoryuser
WHERE pseudonym = ANY(%(keys)s::uuid[]) OR upn_pseudonym = ANY(%(keys)s::uuid[])
"""


class DirectoryWriter:
    """Stores the chunks of one user list."""

    def __init__(self, batch: ImportBatch, actor: User | None) -> None:
        self._batch = batch
        self._actor = actor
        self._departments = _Departments()

    def store(self, chunk: ListedUsers, *, late: bool) -> int:
        """Store the people, inside the caller's transaction; returns how many were new or changed. `late`: a later list
        tells of those who are here."""
        people = _not_here(chunk.people) if late else chunk.people
        if not people:
            return 0
        self._departments.make_missing([p.department for p in people.values()], self._actor, self._batch)
        with connection.cursor() as cursor:
            cursor.execute(_TABLE)
            with cursor.copy("COPY import_listed FROM STDIN") as copy:
                for key, person in people.items():
                    by_name = pseudonym(person.upn) if person.upn else None
                    copy.write_row(
                        (
                            pseudonym(key), by_name, person.object_id, person.upn, person.name,
                            self._departments.id_of(person.department), person.enabled,
                        )
                    )  # fmt: skip
            cursor.execute(_KNOWN)
            cursor.execute(_RENAMED)
            if cursor.fetchone()[0]:
                self._batch.irreversible = "It gave the names of some people to other accounts."
            cursor.execute(_DROP_SUPERSEDED)
            cursor.execute(_STORE, {"batch": self._batch.pk})
            (stored,) = cursor.fetchone()
            figures.rename(cursor, settings.TIME_ZONE)
            data_events.rename(cursor)
        return stored

    def finish(self) -> int:
        """Give Unassigned interactions of people the list knows their department; returns how many moved."""
        with connection.cursor() as cursor:
            moved = figures.move_unassigned(cursor, settings.TIME_ZONE)
            events = data_events.move_unassigned(cursor)
            names = 0
            for key in ("pseudonym", "upn_pseudonym"):
                cursor.execute(_FORGET_NAMES.format(key=key))
                names += cursor.rowcount
        for number, what in (
            (moved, f"It gave {moved:,} interactions of Unassigned people their department."),
            (events, f"It tied {events:,} data events of Unassigned people to their account or department."),
            (names, f"It took the place of {names:,} names that other files had brought."),
        ):
            if number:
                self._batch.irreversible = f"{self._batch.irreversible} {what}".strip()
        return moved


def _not_here(people: Mapping[str, ListedUser]) -> dict[str, ListedUser]:
    """Those of whom neither the account nor the name is known."""
    names = {key: {pseudonym(name) for name in (key, person.upn) if name} for key, person in people.items()}
    with connection.cursor() as cursor:
        cursor.execute(_HERE, {"keys": sorted(set().union(*names.values()))})
        here = {str(found) for row in cursor.fetchall() for found in row if found}
    return {key: person for key, person in people.items() if here.isdisjoint(names[key])}


class _Departments:
    """Folded key, name or alias → department id; a key goes before a name, a name before an alias."""

    def __init__(self) -> None:
        self._ids: dict[str, int] = {}
        self._read()

    def _read(self) -> None:
        rows = list(Department.objects.order_by("-pk").values_list("pk", "key", "name", "aliases"))
        for names in (
            lambda row: row[3],
            lambda row: [row[2]],
            lambda row: [row[1]],
        ):
            for row in rows:
                self._ids.update({fold(name): row[0] for name in names(row)})

    def id_of(self, name: str) -> int | None:
        return self._ids.get(fold(name)) if name else None

    def make_missing(self, names: list[str], actor: User | None, batch: ImportBatch) -> None:
        """What fits no department becomes a top-level one, as it is first written, marked as named by a feed."""
        if any(name and fold(name) not in self._ids for name in names):
            self._read()  # another list, or a person, may have made them since
        missing: dict[str, str] = {}
        for name in names:
            if name and fold(name) not in self._ids:
                missing.setdefault(fold(name), name)
        if not missing:
            return
        root = Department.objects.root()
        taken = RESERVED_KEYS | {fold(key) for key in Department.objects.values_list("key", flat=True)}
        made = []
        for folded, name in missing.items():
            key = _free_key(name, taken)
            taken |= {key}
            department = Department.objects.create(key=key, name=name[:200], parent=root, from_feed=True)
            self._ids[folded] = department.pk
            made.append(department)
        audit_log.record(
            actor=actor,
            action="department.named_by_feed",
            summary=f"{len(made)} departments named by {batch.file_name}",
            obj=batch,
            details={"departments": [department.key for department in made[:200]], "count": len(made)},
        )


def fold(name: str) -> str:
    """A department's name in the form in which names are compared."""
    return name.strip().casefold()


def _free_key(name: str, taken: frozenset[str]) -> str:
    base = re.sub(r"[^a-z0-9]+", "-", name.casefold()).strip("-")[:50] or "department"
    key, number = base, 1
    while key in taken:
        number += 1
        key = f"{base}-{number}"
    return key
