"""Writes the audit log of the year: what the services would have written when all this happened."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import groupby
from operator import attrgetter
from typing import Any

from governance.demo import casework, incidents
from governance.demo.assessments import VERIFIER
from governance.demo.copying import copy_rows
from governance.demo.dossier import Dossier
from governance.demo.evidence import Shown, shown
from governance.demo.statements import Statement
from governance.demo.world import World
from inventory.models import AuditLogEntry
from risk.choices import ControlStatus
from risk.scoring.vocabulary import PROVEN

SUMMARY = 500  # characters that the log keeps of one line
ENTRY = ("at", "actor_id", "action", "object_type", "object_id", "department_id", "summary", "reason", "details")


def write_logbook(world: World, dossiers: Iterable[Dossier]) -> int:
    """One entry for each registration, step of a lifecycle, day of answering and control stated; oldest first."""
    entries = [entry for dossier in dossiers for entry in _entries(dossier, world)]
    entries.sort(key=lambda entry: entry[:1])
    return copy_rows(AuditLogEntry, ENTRY, entries)


Entry = tuple[Any, ...]


def _entries(dossier: Dossier, world: World) -> Iterator[Entry]:
    yield from _registration(dossier, world)
    yield from _casework(dossier, world)
    app = dossier.app
    for day, given in groupby(dossier.answers, key=attrgetter("day")):
        answered = {one.question: one.value for one in given}
        at = world.office_hours(day, app.id, "answers")
        summary = f"Answered {', '.join(sorted(answered))} of {app.id}"[:SUMMARY]
        changes = {"changes": {key: [None, value] for key, value in answered.items()}}
        yield entry(dossier, world, at, "answers.saved", summary, changes)
    stated: dict[str, Statement] = {}
    evidence, filed = {one.control: one for one in shown(dossier, world)}, set[str]()
    for one in dossier.statements:
        old = stated.get(one.control)
        stated[one.control] = one
        days = [old and old.day.isoformat(), one.day.isoformat()]
        if one.status in PROVEN and one.control not in filed:
            yield _filed(evidence[one.control], dossier, world)
            filed.add(one.control)
        moved = {"status": [old and old.status, one.status], "as_of": days}
        yield entry(
            dossier,
            world,
            world.office_hours(one.day, app.id, one.control),
            "control.stated",
            f"{one.control} of {app.id}: {ControlStatus(one.status).label}",
            {"control": one.control, "changes": moved},
            by=VERIFIER if one.status == "verified" else app.owner,
        )


def _casework(dossier: Dossier, world: World) -> Iterator[Entry]:
    """What people did about alerts and incidents, as their services log it."""
    department = world.departments[dossier.app.department]
    for alert in dossier.alerts:
        for action, actor, text, about, at in casework.steps_of(alert, world):
            key, title = world.alerts[alert.id], alert.line.title
            summary = f"{action.label} {about}: “{title}”" if about else f"{action.label}: “{title}”"
            details: dict[str, Any] = {"alerts": [key], "titles": [title]}
            yield (at, actor, f"alert.{action.value}", "alert", str(key), department, summary, text, details)
    recorder = world.people[incidents.RECORDER]
    for incident in dossier.incidents:
        for words, verb, text, at in incidents.steps_of(incident, world):
            summary = f"{words}: “{incident.line.title}” ({dossier.app.name})"
            details = {"application": dossier.key, "severity": incident.line.severity}
            action = f"incident.{verb}"
            yield (at, recorder, action, "incident", str(incident.pk), department, summary, text, details)


def _filed(one: Shown, dossier: Dossier, world: World) -> Entry:
    at = world.office_hours(one.added, dossier.app.id, one.control)
    summary = f"Evidence for {one.control} of {dossier.app.id}: {one.title}"[:SUMMARY]
    until = one.valid_until and one.valid_until.isoformat()
    details = {"control": one.control, "kind": one.kind, "issued": one.issued.isoformat(), "valid_until": until}
    return entry(dossier, world, at, "evidence.added", summary, details)


def _registration(dossier: Dossier, world: World) -> Iterator[Entry]:
    app = dossier.app
    registered = world.moment(app.registered, app.id)
    after = {"name": app.name, "kind": app.kind, "department": app.department, "lifecycle": "idea"}
    yield entry(
        dossier, world, registered, "application.registered", f"Registered {app.id} {app.name}", {"after": after}
    )
    before = "idea"
    for step, ago in app.path.items():
        at = max(registered, world.moment(ago, app.id))
        details = {"changes": {"lifecycle": [before, step]}}
        yield entry(dossier, world, at, "application.updated", f"Changed lifecycle of {app.id}", details)
        before = step


def entry(
    dossier: Dossier, world: World, at: datetime, action: str, summary: str, details: dict[str, Any], by: str = ""
) -> Entry:
    """An entry about the application, in the order of ENTRY; by its owner where nobody else is named."""
    app = dossier.app
    actor, department = world.people[by or app.owner], world.departments[app.department]
    return (at, actor, action, "aiapplication", str(dossier.key), department, summary, "", details)
