"""Writes what the teams answered and stated, every version with its day."""

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import groupby
from operator import attrgetter
from typing import Any

from governance.demo.answers import GivenAnswer
from governance.demo.copying import Version, copy_versions
from governance.demo.dossier import Dossier
from governance.demo.statements import Statement
from governance.demo.world import World
from risk.models import Answer, ControlState

ANSWER = ("application_id", "question", "value", "answered_at", "answered_by_id")
STATE = (
    "application_id", "control", "status", "as_of", "due", "valid_until", "note", "owner_id", "attested_by_id",
    "stated_by_id", "stated_at",
)  # fmt: skip
VERIFIER = "bram.okonvale"  # an independent check is stated by the risk office, not by the team


def write_assessments(dossiers: Iterable[Dossier], world: World) -> dict[str, int]:
    """Answers and control states of the applications; returns how many of each there are, with those of copies."""
    answers, states = [], []
    counts: Counter[str] = Counter()
    for dossier in dossiers:
        times = world.times[dossier.app.id]
        counts["answers"] += times * len({one.question for one in dossier.answers})
        counts["control_states"] += times * len({one.control for one in dossier.statements})
        answers += [_answer_life(list(g), dossier, world) for _, g in _by_name(dossier.answers, "question")]
        states += [_state_life(list(g), dossier, world) for _, g in _by_name(dossier.statements, "control")]
    copy_versions(Answer, ANSWER, answers)
    copy_versions(ControlState, STATE, states)
    return dict(counts)


def _by_name(rows: Iterable[Any], name: str) -> Iterator[tuple[str, Iterator[Any]]]:
    """The rows of each question or control, oldest first."""
    key = attrgetter(name)
    return groupby(sorted(rows, key=attrgetter(name, "day")), key=key)


def _answer_life(given: list[GivenAnswer], dossier: Dossier, world: World) -> list[Version]:
    by = world.people[dossier.app.owner]
    life = []
    for one in given:
        at = world.office_hours(one.day, dossier.app.id, "answers")
        life.append(Version(at, (dossier.key, one.question, one.value, at, by)))
    return life


def _state_life(made: list[Statement], dossier: Dossier, world: World) -> list[Version]:
    life = []
    for one in made:
        team = world.people[dossier.app.owner]
        by = world.people[VERIFIER] if one.status == "verified" else team
        at = world.office_hours(one.day, dossier.app.id, one.control)
        said = (one.status, one.day, one.due, one.valid_until, one.note)
        life.append(Version(at, (dossier.key, one.control, *said, team, team, by, at)))
    return life
