"""Import of the register from a CSV file: everything or nothing, as often as one likes.

The columns are `reading.COLUMNS`; name, purpose, kind and department are needed. An application is recognised by its
external id, else by department and name (case-folded), so a second run changes nothing. An empty cell leaves what is
there unchanged; a filled `identifiers` cell is the whole set. Departments are meant by key, name or alias; people by
user name, e-mail or full name, and an unknown person is added as one who can't sign in. Any step in the life cycle is
taken: a register kept elsewhere need not pass through every state between two exports.
"""

from dataclasses import dataclass, field
from typing import Any, BinaryIO

from django.db import IntegrityError, connection, transaction

from inventory import access, audit_log, doorbell
from inventory.access import Permission
from inventory.models import User
from inventory.services.register_import.identifiers import plan_identifiers
from inventory.services.register_import.lookups import Departments
from inventory.services.register_import.planning import Planned, Planner
from inventory.services.register_import.reading import COLUMNS, NEEDED, Problem, RegisterFile, printable, read_register
from inventory.services.register_import.values import read_drafts
from inventory.services.register_import.writing import write

__all__ = ["COLUMNS", "NEEDED", "ImportResult", "Problem", "RowChange", "import_register"]

_LOCK = 0x72656769  # one import of the register at a time: two of the same file must not both create
KEEP = 500  # changed rows kept for a preview


@dataclass(frozen=True, slots=True)
class RowChange:
    """What one row does, for a preview: `changes` maps a column to its text before and after."""

    line: int
    action: str
    external_id: str
    name: str
    department: str
    changes: dict[str, tuple[str, str]]


@dataclass(slots=True)
class ImportResult:
    """What an import did, or would do. With problems it does nothing, and the counts are 0."""

    rows: int = 0
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    problems: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    changes: list[RowChange] = field(default_factory=list)  # the first KEEP new or changed rows
    sha256: str = ""

    def summary(self) -> dict[str, int]:
        """The counts of contracts §1; `errors` is the number of problems."""
        counts = {name: getattr(self, name) for name in ("rows", "created", "updated", "unchanged")}
        return {**counts, "errors": len(self.problems)}


def import_register(
    stream: BinaryIO,
    *,
    actor: User | None,
    file_name: str = "",
    dry_run: bool = False,
    create_departments: bool = False,
    sha256: str = "",
    expected: dict[str, int] | None = None,
) -> ImportResult:
    """Bring the register in line with the file, or say what is wrong with it, row by row.

    A dry run does all of it and takes it back. `create_departments` makes those the file names and the organisation
    lacks, for an actor who administers it (None, the console, does); one that has none yet gets them anyway.
    With `sha256` it refuses any other bytes; with `expected` (the summary of a preview) it stops where it would do
    anything else than that said.
    Raises PermissionDenied for who may register nowhere.
    """
    access.require(actor, Permission.EDIT)
    file = read_register(stream)
    if sha256 and sha256 != file.sha256:
        file.problems.append(Problem(1, "", "The file isn't the one that was previewed.", "Upload it again."))
    try:
        with transaction.atomic():
            result = _import(file, actor, file_name, create_departments)
            differs = expected is not None and not result.problems and result.summary() != expected
            if dry_run or differs:
                transaction.set_rollback(True)
    except IntegrityError:
        return ImportResult(
            rows=len(file.rows),
            problems=[Problem(1, "", "The register was changed by somebody else during the import.", "Import again.")],
            sha256=file.sha256,
        )
    if differs:
        result.problems.append(Problem(1, "", "The register has changed since the preview.", "Look at the new one."))
    return result


def _import(file: RegisterFile, actor: User | None, file_name: str, create_departments: bool) -> ImportResult:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
    departments = Departments(actor, create_departments)
    planner = Planner(read_drafts(file.rows, file.problems), departments, file.problems, file.notes)
    planner.resolve()
    plan_identifiers(planner)
    planner.compare()
    result = ImportResult(rows=len(file.rows), notes=file.notes, sha256=file.sha256)
    result.problems = sorted(file.problems, key=lambda p: (p.line, COLUMNS.index(p.column) if p.column else -1))
    if result.problems:
        return result
    _count(result, planner.rows)
    for new in departments.new.values():
        result.notes.append(f"A department “{printable(new.name)}” ({new.key}) is added below the organisation.")
    for person in planner.people.new.values():
        result.notes.append(f"“{printable(person.username)}” is nobody here yet: added as a person who can't sign in.")
    if write(planner.rows, departments, planner.people):
        planner.ask_guards()  # again: a guard may rest on a purpose or a department that the file has just changed
        if file.problems:
            transaction.set_rollback(True)
            return ImportResult(rows=result.rows, problems=file.problems, sha256=file.sha256)
        _log(result, actor, file_name, departments, planner)
        doorbell.ring("risk.tasks.rescore_changed")
    return result


def _count(result: ImportResult, rows: list[Planned]) -> None:
    for row in rows:
        setattr(result, row.action, getattr(result, row.action) + 1)
        if row.action != "unchanged" and len(result.changes) < KEEP:
            external_id = row.existing.external_id if row.existing else row.draft.get("external_id")
            department = row.values["department"].name
            change = RowChange(row.draft.line, row.action, external_id, row.final("name"), department, row.changes)
            result.changes.append(change)


def _log(result: ImportResult, actor: User | None, file_name: str, departments: Departments, planner: Planner) -> None:
    details: dict[str, Any] = {
        **result.summary(),
        "sha256": result.sha256,
        "file": file_name,
        "departments_added": sorted(d.key for d in departments.new.values()),
        "people_added": len(planner.people.new),
    }
    audit_log.record(
        actor=actor,
        action="register.imported",
        summary=f"Imported {result.rows} rows of {file_name or 'a register file'}:"
        f" {result.created} created, {result.updated} updated",
        details=details,
    )
