"""Writes the evidence that the teams' statements rest on: links, and in the told applications some real files."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache

from governance.demo.copying import Version, copy_versions
from governance.demo.dossier import Dossier
from governance.demo.statements import Statement
from governance.demo.world import World
from risk.models import Evidence, EvidenceFile
from risk.scoring.vocabulary import PROVEN
from risk.services import evidence_files

EVIDENCE = (
    "application_id", "control", "kind", "title", "link", "file_id", "file_name", "issued", "valid_until",
    "added_by_id", "added_at", "changed_at", "withdrawn_why",
)  # fmt: skip
FOLDER = "https://evidence.alderfinch.example"
FILES = 0.06  # share of the told applications' evidence that is a file of ours
ISSUED_BEFORE = (0, 25)  # days between the making of evidence and its filing


@dataclass(frozen=True, slots=True)
class Shown:
    """An item of evidence: for which control, what it is, and since when it is filed."""

    control: str
    kind: str
    title: str
    added: date
    issued: date
    valid_until: date | None


def shown(dossier: Dossier, world: World) -> Iterator[Shown]:
    """The evidence behind each control that was ever proven, filed with the first such statement."""
    proven: dict[str, list[Statement]] = {}
    for one in dossier.statements:
        if one.status in PROVEN:
            proven.setdefault(one.control, []).append(one)
    for control, statements in proven.items():
        kind = world.chance.pick(world.method.controls[control].evidence, dossier.app.id, control, "kind")
        before = world.chance.whole(*ISSUED_BEFORE, dossier.app.id, control, "issued")
        yield Shown(
            control=control,
            kind=kind,
            title=f"{world.method.evidence_kinds[kind]}: {world.method.controls[control].title}",
            added=statements[0].day,
            issued=statements[0].day - timedelta(days=before),
            valid_until=statements[-1].valid_until,
        )


def write_evidence(dossiers: Iterable[Dossier], world: World) -> int:
    """Write it, with its row history; returns how many items there are, with those of copies."""
    models = {app.id for app in world.models}
    lives: list[Sequence[Version]] = []
    count = 0
    for dossier in dossiers:
        for one in shown(dossier, world):
            count += world.times[dossier.app.id]
            told = dossier.app.id not in models
            is_file = told and world.chance.share(dossier.app.id, one.control, "file") < FILES
            lives.append([_version(one, dossier, world, is_file)])
    copy_versions(Evidence, EVIDENCE, lives)
    return count


def _version(one: Shown, dossier: Dossier, world: World, is_file: bool) -> Version:
    at = world.office_hours(one.added, dossier.app.id, one.control)
    link = "" if is_file else f"{FOLDER}/{dossier.app.id.lower()}/{one.control.lower()}"
    file, name = (_stored(one.kind, world), f"{one.kind}-{one.control.lower()}.txt") if is_file else (None, "")
    words = (one.control, one.kind, one.title, link, file, name, one.issued, one.valid_until)
    return Version(at, (dossier.key, *words, world.people[dossier.app.owner], at, at, ""))


def _stored(kind: str, world: World) -> str:
    """The hash of a small text of this kind, in the store like any other file."""
    stored = _store(str(evidence_files.root()), world.story.name, world.method.evidence_kinds[kind])
    EvidenceFile.objects.get_or_create(
        pk=stored.sha256, defaults={"size": stored.size, "kind": stored.kind, "stored_at": world.now}
    )
    return stored.sha256


@cache
def _store(root: str, bank: str, kind: str) -> evidence_files.Stored:
    text = f"{kind}\n\n{bank} is an invented bank. This file stands for one that a team would have filed.\n"
    return evidence_files.store([text.encode()])
