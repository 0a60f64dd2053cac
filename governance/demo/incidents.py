"""The incidents of the story, with the alerts that belong to each."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from governance.demo.alerts import Happened
from governance.demo.copying import copy_rows, reserve
from governance.demo.story import IncidentLine
from governance.demo.world import World
from inventory.choices import AlertAction
from inventory.models import AlertStep
from risk.choices import IncidentState
from risk.models import Incident, IncidentAlert, IncidentStep
from risk.scoring.case import WINDOW_DAYS, Occurrence

RECORDER = "bram.okonvale"  # the AI risk officer


@dataclass(frozen=True, slots=True)
class Told:
    """An incident with its key and its days."""

    pk: int
    line: IncidentLine
    since: date
    known: date
    resolved: date | None
    reported: date | None
    alerts: frozenset[str]  # external ids

    def on(self, day: date) -> Occurrence | None:
        """What it weighed with on a day; None before it was recorded and after the window."""
        if self.known > day or (day - self.since).days > WINDOW_DAYS:
            return None
        return Occurrence(
            severity=self.line.severity,
            tactics=(),
            day=self.since,
            open=self.resolved is None or self.resolved > day,
            ref=f"incident-{self.pk}",
            label=self.line.title,
            principles=tuple(sorted(self.line.principles)),
        )


def write_incidents(world: World, alerts: Sequence[Happened]) -> list[Told]:
    """The incidents as they stand today, with what was done about each."""
    lines = [one for one in world.story.incidents if one.application in world.registered and one.ago <= world.days]
    told = [_told(pk, line, alerts, world) for pk, line in zip(reserve(Incident, len(lines)), lines, strict=True)]
    recorder = world.people[RECORDER]
    copy_rows(
        Incident,
        (
            *("id", "application_id", "title", "severity", "state", "principles", "since", "serious", "aware_on"),
            *("lesson", "recorded_by_id", "created_at", "resolved_at", "reported_on"),
        ),
        (
            [
                *(one.pk, world.registered[line.application], line.title, line.severity, line.state, line.principles),
                *(one.since, line.serious, one.known, line.lesson, recorder, world.office_hours(one.known, line.title)),
                world.office_hours(one.resolved, line.title, "end") if one.resolved else None,
                one.reported,
            ]
            for one in told
            for line in [one.line]
        ),
    )
    copy_rows(IncidentAlert, ("incident_id", "alert_id"), _links(told, world))
    copy_rows(IncidentStep, ("incident_id", "actor_id", "action", "text", "at"), _steps(told, recorder, world))
    steps = [
        [pk, AlertAction.LINKED, recorder, "", one.line.title, world.office_hours(one.known, one.line.title)]
        for one in told
        for _, pk in _links([one], world)
    ]
    copy_rows(AlertStep, ("alert_id", "action", "actor_id", "text", "about", "at"), steps)
    return told


def _told(pk: int, line: IncidentLine, alerts: Sequence[Happened], world: World) -> Told:
    known = world.day(line.known)
    belong = (one for one in alerts if one.line.application == line.application and one.line.type in line.alerts)
    return Told(
        pk=pk,
        line=line,
        since=world.day(line.ago),
        known=known,
        resolved=world.day(line.resolved_ago) if line.resolved_ago is not None else None,
        reported=world.day(line.reported_ago) if line.reported_ago is not None else None,
        alerts=frozenset(one.id for one in belong if one.at.date() <= known),
    )


def _links(told: Sequence[Told], world: World) -> list[tuple[int, int]]:
    return [(one.pk, world.alerts[alert]) for one in told for alert in sorted(one.alerts)]


def _steps(told: Sequence[Told], recorder: int, world: World) -> Iterator[list[object]]:
    for one in told:
        for words, _, text, at in steps_of(one, world):
            yield [one.pk, recorder, words, text, at]


def steps_of(one: Told, world: World) -> Iterator[tuple[str, str, str, datetime]]:
    """What was done about an incident: in words, as the audit log calls it, the text, and when."""
    title = one.line.title
    yield "Recorded", "recorded", "", world.office_hours(one.known, title)
    if one.reported:
        day = one.reported.isoformat()
        yield "Reported to the authority", "reported", day, world.office_hours(one.reported, title, "reported")
    if one.resolved:
        at = world.office_hours(one.resolved, title, "end")
        yield str(IncidentState.RESOLVED.label), IncidentState.RESOLVED, one.line.lesson, at
    elif one.line.state == IncidentState.CONTAINED:
        at = world.office_hours(one.known, title, "later")
        yield str(IncidentState.CONTAINED.label), IncidentState.CONTAINED, "", at
