"""How much each AI application was used, by department and day: weekdays, holidays, growth, and what stood out."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from governance.demo.story import Rhythm, Spike, UsageStory
from governance.demo.world import World

# Monday to Friday; the weekend is told per application
WORKDAYS = (0.98, 1.06, 1.05, 1.02, 0.89)
SATURDAY = 5
HOLIDAY = 0.08  # of a working day
WAX = 30  # days until something new is used as usual
NOISE = 0.13
ACTIVE = 0.3  # of those who use it at all, on a normal working day
YEAR = 365


@dataclass(frozen=True, slots=True)
class DayFigures:
    """Figures of one application or sighting in one department on one day; counts are records."""

    who: str
    department: str
    ago: int
    interactions: int
    users: int
    visits: int  # to its site, beside the interactions
    unlabelled: int | None  # files read without a label; None: it reads no files
    sensitive: int
    jailbreak: int
    injection: int
    off_hours: int

    @property
    def attacks(self) -> int:
        """Interactions with a mark of either kind: the demo gives none both, where it can."""
        return min(self.interactions, self.jailbreak + self.injection)


def usage_stories(world: World) -> Iterator[tuple[str, UsageStory, int]]:
    """(external id or name seen, its use, first day of use) of everything that is used."""
    for app in world.applications:
        if app.usage:
            yield app.id, app.usage, min(app.usage.start or app.path["live"], world.days)
    for seen in world.story.sightings:
        yield seen.name, seen.usage, min(seen.usage.start or world.days, world.days)


def day_figures(world: World) -> Iterator[DayFigures]:
    """All figures, by what is used, then by day, oldest first."""
    for who, usage, start in usage_stories(world):
        spikes = [spike for spike in world.story.spikes if spike.who == who]
        for ago in range(start, usage.end, -1):
            yield from _one_day(who, usage, start, ago, spikes, world)


def _one_day(
    who: str, usage: UsageStory, start: int, ago: int, spikes: list[Spike], world: World
) -> Iterator[DayFigures]:
    pace = _pace(world.day(ago), world.story.usage, usage) * _growth(usage, ago)
    if start < min(world.days, YEAR):  # it began within the year
        pace *= min(1.0, 0.25 + 0.75 * (start - ago) / WAX)
    standing_out = [spike for spike in spikes if spike.end <= ago <= spike.start]
    for spike in standing_out:
        pace *= spike.times
    whole = sum(usage.by.values())
    for place, (department, weight) in enumerate(usage.by.items()):
        noise, *draws = world.chance.shares(6, who, department, ago)
        own = pace * weight / whole
        count = _rounded(usage.daily * own * (1 + NOISE * (2 * noise - 1)), draws[0])
        extra = [0, 0, 0, 0]
        for spike in standing_out if place == 0 else ():  # what stands out happens in the first department
            more = (spike.sensitive, spike.jailbreak, spike.injection, spike.off_hours)
            extra = [one + another for one, another in zip(extra, more, strict=True)]
        if count or any(extra):
            weekend = world.day(ago).weekday() >= SATURDAY
            shares = (usage.sensitive, usage.jailbreak, usage.injection, 1.0 if weekend else usage.off_hours)
            chances = (*draws[1:4], world.chance.share(who, department, ago, "off hours"))
            marks = [_rounded(count * s, d) + e for s, d, e in zip(shares, chances, extra, strict=True)]
            count += sum(extra)
            users = max(1, _rounded(usage.people * ACTIVE * own, draws[4]))
            shown = (min(count, mark) for mark in marks)
            unlabelled = _unlabelled(usage, count, world.chance.share(who, department, ago, "unlabelled"))
            visits = _rounded(count * usage.visits, world.chance.share(who, department, ago, "visits"))
            yield DayFigures(who, department, ago, count, min(users, count), visits, unlabelled, *shown)


def _unlabelled(usage: UsageStory, count: int, draw: float) -> int | None:
    return None if usage.unlabelled is None else _rounded(count * usage.unlabelled, draw)


def _rounded(value: float, draw: float) -> int:
    """The value rounded up or down by chance, so that rare things happen as often as they should."""
    return int(value + draw) if value > 0 else 0


def _pace(day: date, rhythm: Rhythm, usage: UsageStory) -> float:
    """Share of a normal working day."""
    weekday = day.weekday()
    pace = usage.weekend if weekday >= SATURDAY else WORKDAYS[weekday]
    if f"{day.month:02}-{day.day:02}" in rhythm.holidays:
        pace = min(pace, max(HOLIDAY, usage.weekend))
    return pace * rhythm.slow.get(f"{day.month:02}", 1.0)


def _growth(usage: UsageStory, ago: int) -> float:
    return 1 / (1 + usage.growth * min(ago, YEAR) / YEAR)
