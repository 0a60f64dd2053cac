"""Writes the audit log of the year: what the services would have written when all this happened."""

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from typing import Any

from governance.demo.assessments import VERIFIER
from governance.demo.copying import copy_rows
from governance.demo.dossier import Dossier
from governance.demo.world import World
from inventory.models import AuditLogEntry

ENTRY = ("at", "actor_id", "action", "object_type", "object_id", "department_id", "summary", "reason", "details")


def write_logbook(world: World, dossiers: Iterable[Dossier]) -> int:
    """One entry for each registration, step of a lifecycle, day of answering and control stated; oldest first."""
    entries = [entry for dossier in dossiers for entry in _entries(dossier, world)]
    entries.sort(key=lambda entry: entry[:1])
    return copy_rows(AuditLogEntry, ENTRY, entries)


def _entries(dossier: Dossier, world: World) -> Iterator[tuple[Any, ...]]:
    app = dossier.app
    owner = world.people[app.owner]

    def entry(at: datetime, action: str, summary: str, details: dict[str, Any], by: int = owner) -> tuple[Any, ...]:
        department = world.departments[app.department]
        return (at, by, action, "aiapplication", str(dossier.key), department, summary, "", details)

    registered = world.moment(app.registered, app.id)
    yield entry(
        registered,
        "application.registered",
        f"Registered {app.id} {app.name}",
        {"after": {"name": app.name, "kind": app.kind, "department": app.department, "lifecycle": "idea"}},
    )
    before = "idea"
    for step, ago in app.path.items():
        details: dict[str, Any] = {"changes": {"lifecycle": [before, step]}}
        at = max(registered, world.moment(ago, app.id))
        yield entry(at, "application.updated", f"Changed lifecycle of {app.id}", details)
        before = step
    for day, count in sorted(_answers_by_day(dossier).items()):
        at = world.office_hours(day, app.id, "answers")
        yield entry(at, "answers.saved", f"Answered {count} questions about {app.id}", {"questions": count})
    for one in dossier.statements:
        by = world.people[VERIFIER] if one.status == "verified" else owner
        details = {"control": one.control, "status": one.status, "as_of": one.day.isoformat()}
        at = world.office_hours(one.day, app.id, one.control)
        yield entry(at, "control.stated", f"Stated {one.control} of {app.id}: {one.status}", details, by)


def _answers_by_day(dossier: Dossier) -> Counter[date]:
    return Counter(one.day for one in dossier.answers)
