"""The alerts of the story, one by one."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from governance.demo.story import AlertLine
from governance.demo.world import World
from inventory.choices import AlertState

CLOSED = (AlertState.RESOLVED, AlertState.DISMISSED)


@dataclass(frozen=True, slots=True)
class Happened:
    """An alert with its end; `state` is today's."""

    id: str
    line: AlertLine
    at: datetime
    state: str
    closed_at: datetime | None

    def state_on(self, day: date) -> str | None:
        """Its state at the end of a day; None before it came."""
        if self.at.date() > day:
            return None
        if self.state in CLOSED and self.closed_at and self.closed_at.date() > day:
            return AlertState.ACTIVE
        return self.state


def happened(world: World) -> Iterator[Happened]:
    """Every alert of the recorded time, oldest first in each line."""
    registered = {app.id for app in world.applications}
    for number, line in enumerate(world.story.alerts):
        if line.application is not None and line.application not in registered:
            continue
        for step in range(line.count):
            ago = line.ago - step * line.every
            if 0 < ago <= world.days:
                yield _one(number, line, step, ago, world)


def _one(number: int, line: AlertLine, step: int, ago: int, world: World) -> Happened:
    at = world.moment(ago, number, step, "alert")
    newest = step == line.count - 1
    state = line.state if newest or line.resolved_in is None or line.state in CLOSED else AlertState.RESOLVED
    closed = at + timedelta(days=line.resolved_in, hours=3) if state in CLOSED and line.resolved_in else None
    if closed and closed >= world.now:
        state, closed = AlertState.IN_PROGRESS, None
    return Happened(f"demo-{number:02d}-{step:02d}", line, at, state, closed)
