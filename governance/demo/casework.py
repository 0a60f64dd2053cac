"""What people did about the alerts: who held each, what they noted, and what was learnt."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from governance.demo.alerts import CLOSED, Happened
from governance.demo.copying import copy_rows
from governance.demo.organisation import MAIL
from governance.demo.world import World
from inventory.choices import AlertAction, AlertState
from inventory.connectors.alert_entities import ACCOUNT
from inventory.models import AlertStep
from inventory.services.pseudonyms import pseudonym

REVIEWER = "bram.okonvale"  # closing an alert moves a score, which is a reviewer's to do
ASSIGNED, STARTED, NOTED = timedelta(minutes=40), timedelta(hours=1), timedelta(hours=3)  # after it came


def work_on(one: Happened, world: World) -> dict[str, Any]:
    """What an alert holds of the work on it, by field."""
    line = one.line
    entities = [[kind, pseudonym(f"{name}@{MAIL}") if kind == ACCOUNT else name] for kind, name in line.entities]
    return {
        "assignee_id": world.people[line.assignee] if line.assignee else None,
        "decided_at": _decided(one),
        "outcome": line.outcome if one.state in CLOSED else "",
        "entities": entities or None,
        "description": line.description,
    }


def _decided(one: Happened) -> datetime | None:
    if one.state in CLOSED:
        return one.closed_at if one.line.outcome else None
    return one.at + STARTED if one.state == AlertState.IN_PROGRESS and one.line.assignee else None


def write_casework(world: World, alerts: Sequence[Happened]) -> int:
    """The steps of every alert that somebody held."""
    steps = [(world.alerts[one.id], *step) for one in alerts for step in steps_of(one, world)]
    return copy_rows(AlertStep, ("alert_id", "action", "actor_id", "text", "about", "at"), steps)


def steps_of(one: Happened, world: World) -> Iterator[tuple[Any, ...]]:
    """What was done about an alert: action, who, words, about whom, when."""
    if not one.line.assignee:
        return
    line, holder, reviewer = one.line, world.people[one.line.assignee], world.people[REVIEWER]
    name = next(person.name for person in world.story.people if person.username == line.assignee)
    yield AlertAction.ASSIGNED, reviewer, "", name, one.at + ASSIGNED
    if _decided(one) and one.state == AlertState.IN_PROGRESS:
        yield AlertAction.STARTED, holder, "", "", one.at + STARTED
    if line.comment:
        yield AlertAction.COMMENTED, holder, line.comment, "", one.at + NOTED
    if one.state in CLOSED and line.outcome:
        action = AlertAction.RESOLVED if one.state == AlertState.RESOLVED else AlertAction.DISMISSED
        yield action, reviewer, line.outcome, "", one.closed_at
