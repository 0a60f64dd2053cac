"""Everything about one application of the story over the whole year, so that it can be judged on any day of it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from governance.demo.alerts import CLOSED, Happened
from governance.demo.answers import GivenAnswer, final_answers, given_answers
from governance.demo.incidents import Told
from governance.demo.statements import Statement, statements
from governance.demo.story import ApplicationStory
from governance.demo.world import World
from inventory.choices import AlertState, Severity
from risk.scoring.case import Case, Measures, Occurrence, Usage
from risk.scoring.judgement import judge
from risk.selectors.signals import WINDOW_DAYS

OPEN = (AlertState.NEW, AlertState.ACTIVE, AlertState.IN_PROGRESS)


@dataclass(frozen=True, slots=True)
class Inherited:
    """What a platform states, and since when the application repeats it."""

    since: date
    statement: Statement


@dataclass(frozen=True)
class Dossier:
    """An application with every answer, statement and alert, each with its day."""

    app: ApplicationStory
    key: int
    answers: Sequence[GivenAnswer]
    statements: Sequence[Statement]
    alerts: Sequence[Happened]
    incidents: Sequence[Told] = ()
    inherited: Sequence[Inherited] = ()

    def case_on(self, day: date, usage: Usage, measures: Measures, world: World) -> Case:
        """The case as it stood at the end of the day, as `risk.selectors.cases` reads today's."""
        return Case(
            answers={one.question: one.value for one in self.answers if one.day <= day},
            organisation=world.story.facts,
            controls={one.control: one.stated() for one in self._statements_on(day)},
            occurrences=self._occurrences(day, world),
            usage=usage,
            measures=measures,
        )

    def _statements_on(self, day: date) -> Iterator[Statement]:
        """What held on the day, its own and what it repeats of a platform; of a control the newest is the last."""
        yield from (one.statement for one in self.inherited if one.since <= day)
        yield from (one for one in self.statements if one.day <= day)

    def _occurrences(self, day: date, world: World) -> tuple[Occurrence, ...]:
        found, stood_for = [], dict[str, date]()
        for incident in self.incidents:
            if event := incident.on(day):
                found.append(event)
                stood_for |= dict.fromkeys(incident.alerts, event.day + timedelta(days=WINDOW_DAYS + 1))
        for one in self.alerts:
            state = one.state_on(day)
            old = (day - one.at.date()).days > WINDOW_DAYS
            if state is None or old or state == AlertState.DISMISSED or one.line.severity == Severity.INFORMATIONAL:
                continue
            found.append(
                Occurrence(
                    severity=one.line.severity,
                    tactics=tuple(sorted(one.line.tactics)),
                    day=one.at.date(),
                    open=state in OPEN,
                    ref=str(world.alerts[one.id]),
                    label=one.line.title,
                    counts_from=stood_for.get(one.id),
                )
            )
        return tuple(found)

    def eventful_days(self) -> set[date]:
        """Days on which something happened that moves the score: alerts and incidents that come or are closed."""
        days = {one.at.date() for one in self.alerts} | {one.known for one in self.incidents}
        days |= {one.resolved for one in self.incidents if one.resolved}
        days |= {one.since for one in self.inherited}
        return days | {one.closed_at.date() for one in self.alerts if one.state in CLOSED and one.closed_at}


def dossiers(world: World, alerts: Sequence[Happened], incidents: Sequence[Told]) -> list[Dossier]:
    """The dossier of each application of the story."""
    made = []
    for app in world.applications:
        final = Case(answers=final_answers(app, world.method), organisation=world.story.facts)
        asked = [one.control.id for one in judge(final, world.as_of, world.method).asked]
        made.append(
            Dossier(
                app=app,
                key=world.registered[app.id],
                answers=given_answers(app, world.method, world.as_of, world.chance),
                statements=statements(app, world.story, asked, world.method, world.as_of, world.chance),
                alerts=[one for one in alerts if one.line.application == app.id],
                incidents=[one for one in incidents if one.line.application == app.id],
            )
        )
    return made
