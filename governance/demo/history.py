"""The scores of the past year, taken by the same service and engine that take today's, on the facts of each day."""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta

from governance.demo.copies import Copies
from governance.demo.copying import analyse
from governance.demo.dossier import Dossier
from governance.demo.recommended import course
from governance.demo.world import World
from inventory.choices import Lifecycle
from risk.models import ApplicationCoverage, CurrentScore, ScoreSnapshot
from risk.scoring.case import Measures, Usage
from risk.selectors import signals
from risk.services import rollups, scores

MONTH_AGO = 30  # days: what the change shown on pages is measured from
RECENT = 63  # days in which what happened to one application is judged within GRID days, before that at the month's end
GRID = 3
CHUNK = 300  # applications judged at once
TABLES = (CurrentScore, ApplicationCoverage, ScoreSnapshot)
EVENING = timedelta(hours=20)  # when a past day's figures are taken


def write_history(world: World, dossiers: Sequence[Dossier], copies: Copies | None) -> int:
    """Judge the applications on every day worth a point of their curve; returns how many judgements were made."""
    judged, recommended = 0, None if copies else course(world)  # what is copied a thousand times has today's alone
    for day, due in _calendar(world, dossiers):
        for start in range(0, len(due), CHUNK):
            judged += _judge(world, day, due[start : start + CHUNK])
            if len(due) > CHUNK or judged == len(due):  # much was written, or the first of all
                analyse(*TABLES)
        if copies and day in _days_of_models(world):
            copies.scores(day)
            analyse(*TABLES)
            rollups.roll_up_everything(day)
        if recommended and day < world.as_of:
            recommended.on(day, world.start_of(day) + EVENING)
    return judged


def _judge(world: World, day: date, due: Sequence[Dossier]) -> int:
    keys = [one.key for one in due]
    usage, measures = signals.usage(keys, day), signals.measures(keys, day)
    found = {}
    for one in due:
        ago = (world.as_of - day).days
        counted = world.departments[one.app.department] if one.app.lifecycle_on(ago) == Lifecycle.LIVE else None
        case = one.case_on(day, usage.get(one.key, Usage()), measures.get(one.key, Measures()), world)
        found[one.key] = (case, counted)
    at = world.now if day == world.as_of else world.start_of(day) + EVENING
    return scores.judge_past(at, found).applications


def _calendar(world: World, dossiers: Sequence[Dossier]) -> Iterator[tuple[date, list[Dossier]]]:
    """Each day with the applications that are judged on it, oldest first; as-of, with all of them, is the last."""
    common, of_models = _common_days(world), _days_of_models(world)
    models = {app.id for app in world.models}
    told = [one for one in dossiers if one.app.id not in models]
    own: dict[date, list[Dossier]] = {}
    for one in told:
        for day in _own_days(one, world) - common:
            own.setdefault(day, []).append(one)
    for day in sorted(common | own.keys()):
        due = own.get(day, list(dossiers) if day in of_models else told)
        registered = [one for one in due if one.app.registered >= (world.as_of - day).days]
        if registered:
            yield day, registered


def _days_of_models(world: World) -> set[date]:
    return {world.day(min(MONTH_AGO, world.days)), world.as_of}


def _common_days(world: World) -> set[date]:
    """The first day of the recorded time, the end of each month, a month ago, and as-of."""
    days = {world.day(world.days)} | _days_of_models(world)
    month = world.as_of.replace(day=1)
    while (month := month - timedelta(days=1)) > world.day(world.days):
        days.add(month)
        month = month.replace(day=1)
    return days


def _own_days(one: Dossier, world: World) -> set[date]:
    """The days on which it changed stage, since figures count what is live; and recent days, on the grid, by which
    something had moved its score."""
    moved = {(world.as_of - day).days for day in one.eventful_days()} | {was.until for was in one.app.was.values()}
    scored = {world.day(ago // GRID * GRID) for ago in moved if GRID <= ago <= min(RECENT, world.days)}
    return scored | {world.day(ago) for ago in one.app.path.values() if ago <= world.days}
