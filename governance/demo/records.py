"""Writes what teams of the bank wrote down: impact assessments and an exemption, with who signed them and when."""

from collections.abc import Iterable, Iterator
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from governance.demo.copying import Version, copy_rows, copy_versions
from governance.demo.dossier import Dossier
from governance.demo.logbook import ENTRY, entry
from governance.demo.world import World
from inventory.models import AuditLogEntry
from risk import records as forms
from risk.choices import RecordState
from risk.method import load_method, newest
from risk.models import Record, Signature
from risk.records.content import goals, triggers
from risk.records.due import basis_of

FILE = Path(__file__).parent / "records.yaml"
RECORD = (
    "application_id", "form", "version", "release", "state", "content", "triggers", "basis", "authors", "saved_at",
    "saved_by_id", "submitted_at", "submitted_by_id", "closed_at", "reason", "reported_as",
)  # fmt: skip
SIGNATURE = ("record_id", "person_id", "agrees", "note", "signed_at")
APPLIES = "Applies by what it is and does; see the harms and their controls."


@cache
def told() -> list[dict[str, Any]]:
    """The records as the file tells them, with a word on every goal of an impact assessment."""
    found = yaml.load(FILE.read_bytes(), Loader=yaml.CSafeLoader)["records"]
    return [_whole(one) for one in found]


def _whole(one: dict[str, Any]) -> dict[str, Any]:
    content = dict(one["content"])
    if one["form"] == "impact":
        without = one.get("no_goals", {})
        content["goals"] = {
            goal: {"applies": "no" if goal in without else "yes", "why": without.get(goal, APPLIES)}
            for goal in goals(load_method(newest()))
        }
    return {**one, "content": content}


def write_records(dossiers: Iterable[Dossier], world: World) -> int:
    """The records of the applications that are part of this demo, with signatures and log; returns how many."""
    files = {one.app.id: one for one in dossiers}
    mine = [one for one in told() if one["application"] in files]
    keys = copy_versions(Record, RECORD, [_life(one, files[one["application"]], world) for one in mine])
    signatures = [
        [Version(at, (key, person, True, "", at))]
        for key, one in zip(keys, mine, strict=True)
        for person, at in _signed(one, world)
    ]
    copy_versions(Signature, SIGNATURE, signatures)
    log = [line for one in mine for line in _log(one, files[one["application"]], world)]
    copy_rows(AuditLogEntry, ENTRY, sorted(log, key=lambda line: line[0]))
    return len(keys)


def _life(one: dict[str, Any], dossier: Dossier, world: World) -> list[Version]:
    """As it was submitted, and as it was approved where enough people signed."""
    form, by = forms.form(one["form"]), world.people[dossier.app.owner]
    at, signed = _submitted(one, world), _signed(one, world)
    found = triggers(form, one["content"])
    basis = basis_of(form, _register(dossier), _answers(dossier, world.day(one["submitted"])))

    def version(moment: Any, state: RecordState, closed: Any) -> Version:
        head = (dossier.key, one["form"], 1, forms.newest_release(), state.value, one["content"], found, basis, [by])
        return Version(moment, (*head, at, by, at, by, closed, "", ""))

    life = [version(at, RecordState.SUBMITTED, None)]
    needed = form.signatures.triggered if found else form.signatures.usual
    if len(signed) >= needed:
        life.append(version(signed[needed - 1][1], RecordState.APPROVED, signed[needed - 1][1]))
    return life


def _submitted(one: dict[str, Any], world: World) -> Any:
    return world.moment(one["submitted"], one["application"], one["form"])


def _signed(one: dict[str, Any], world: World) -> list[tuple[int, Any]]:
    days = sorted(one["signed"].items(), key=lambda item: -item[1])
    return [(world.people[name], world.moment(day, one["application"], name)) for name, day in days]


def _register(dossier: Dossier) -> dict[str, Any]:
    app = dossier.app
    return {"kind": app.kind, "origin": app.origin, "vendor": app.vendor, "purpose": app.purpose, "name": app.name}


def _answers(dossier: Dossier, day: date) -> dict[str, Any]:
    return {one.question: one.value for one in dossier.answers if one.day <= day}


def _log(one: dict[str, Any], dossier: Dossier, world: World) -> Iterator[tuple[Any, ...]]:
    title = f"version 1: {forms.form(one['form']).title} of {dossier.app.id}"
    details = {"form": one["form"], "version": 1}
    yield entry(dossier, world, _submitted(one, world), "record.submitted", f"Submitted {title}", details)
    for name, day in one["signed"].items():
        at = world.moment(day, one["application"], name)
        yield entry(dossier, world, at, "record.signed", f"Signed {title}", details, by=name)
