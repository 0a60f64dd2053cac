"""Seeds the demo: everything that happened, and the scores of each day of it, in one transaction."""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from django.db import transaction
from django.utils import timezone

from governance.demo import scale
from governance.demo.alerts import Happened, happened
from governance.demo.assessments import write_assessments
from governance.demo.batches import write_batches
from governance.demo.chance import Chance
from governance.demo.copies import Copies
from governance.demo.copying import analyse
from governance.demo.decided import write_rulings, write_sharings
from governance.demo.dossier import dossiers
from governance.demo.events import write_events
from governance.demo.evidence import write_evidence
from governance.demo.feeds import at_hour, write_alerts, write_people_of_feeds, write_sightings, write_usage
from governance.demo.history import write_history
from governance.demo.incidents import write_incidents
from governance.demo.logbook import write_logbook
from governance.demo.organisation import write_organisation
from governance.demo.records import write_records
from governance.demo.register import write_copies, write_register
from governance.demo.senses import (
    measured,
    write_agents,
    write_cloud_apps,
    write_dictionary,
    write_metrics,
    write_sources,
)
from governance.demo.story import load_story
from governance.demo.usage import DayFigures, day_figures
from governance.demo.world import World
from inventory import audit_log
from inventory.models import (
    AIApplication,
    AuditLogEntry,
    ChangedApplication,
    ChangedDay,
    DailyUsage,
    Department,
    UnusualDay,
)
from inventory.services import unusual
from risk.method import load_method

SEEDED = "demo.seeded"
LOOKED_BACK = 35  # days that were searched for unusual activity
SEARCHED_AT = 2  # o'clock, of the morning after
Progress = Callable[[str], None]


class NotEmptyError(Exception):
    """The database holds something that is not this demo. The message says what to do."""


@dataclass(frozen=True)
class Plan:
    """What was asked for. The same plan gives the same demo."""

    applications: int
    departments: int
    months: int
    seed: int
    as_of: date

    def plain(self) -> dict[str, Any]:
        """As the audit log keeps it."""
        return asdict(self) | {"as_of": self.as_of.isoformat()}


def seed(plan: Plan, progress: Progress) -> dict[str, Any]:
    """Seed the demo, and return the summary; the same demo already there is left as it is.

    One transaction: a run that is killed leaves nothing behind. Raises NotEmptyError where the database holds anything
    else.
    """
    begun = time.monotonic()
    with transaction.atomic():
        counts = _find(plan) or _write(_world(plan), plan, progress)
    return {**plan.plain(), **counts, "seconds": round(time.monotonic() - begun, 1)}


def _world(plan: Plan) -> World:
    story, method, chance = load_story(), load_method(), Chance(plan.seed)
    chosen = story.chosen(plan.applications)
    further = scale.further_departments(story, plan.departments)
    places = [one.key for one in further or story.departments]
    story = story.model_copy(update={"departments": [*story.departments, *further]})
    world = World(story, method, plan.as_of, plan.months, chance, chosen)
    more = plan.applications - len(chosen)
    world.models = scale.models(story, method, chance, places, min(more, scale.MODELS))
    world.copies = scale.copies(world.models, chance, places, more - len(world.models))
    world.applications = [*chosen, *world.models]
    return world


def _find(plan: Plan) -> dict[str, Any] | None:
    """The counts of the same demo if it is already here, None on an empty register. Raises NotEmptyError."""
    entry = AuditLogEntry.objects.filter(action=SEEDED).order_by("id").first()
    if entry is None:
        if AIApplication.objects.exists():
            raise NotEmptyError(
                "This database already holds applications that are not the demo's, and the demo is not mixed with them."
                " Seed an empty one: set HUB_HOME to a new folder (or DATABASE_URL to an empty database)."
            )
        return None
    if entry.details["plan"] != plan.plain():
        told = ", ".join(f"{key} {value}" for key, value in sorted(entry.details["plan"].items()))
        raise NotEmptyError(
            f"This database already holds a demo with other settings ({told}). History can't be taken back:"
            " set HUB_HOME to a new folder (or DATABASE_URL to an empty database) for another one."
        )
    return dict(entry.details["counts"])


def _write(world: World, plan: Plan, progress: Progress) -> dict[str, Any]:
    progress(f"{plan.applications} applications of {world.story.name}, {plan.months} months up to {plan.as_of}")
    write_organisation(world)
    write_register(world)
    write_dictionary(world)
    write_sources(world)
    alerts = list(happened(world))
    write_alerts(world, alerts)
    files = dossiers(world, alerts, write_incidents(world, alerts))
    counts: dict[str, Any] = write_assessments(files, world)
    counts["evidence"] = write_evidence(files, world)
    files, shared = write_sharings(files, world)
    counts["control_states"] += shared
    counts["records"] = write_records(files, world)
    copies = _write_copies(world, progress)
    figures = list(day_figures(world))
    write_usage(world, figures, write_sightings(world, figures), write_people_of_feeds(world))
    if copies:
        copies.use()
    brought = _write_senses(world, figures, alerts)
    if not copies:  # what is copied a thousand times has daily figures alone
        write_events(world, brought)
    write_rulings(world)
    counts["interactions"] = sum(one.interactions * world.times.get(one.who, 1) for one in figures)
    progress(f"{counts['interactions']} interactions as daily figures, {len(alerts)} alerts")
    analyse(Department, DailyUsage)
    counts["unusual"] = _look_back(world)
    write_logbook(world, [one for one in files if one.app not in world.models])
    counts["judgements"] = write_history(world, files, copies)
    progress(f"{counts['judgements']} judgements, each by the engine on the facts of its day")
    analyse()
    if plan.as_of < timezone.localdate():  # today's figures differ: a worker, or `rescore`, takes them
        ChangedApplication.objects.mark(AIApplication.objects.all())
    audit_log.record(
        actor=None,
        action=SEEDED,
        summary=f"Seeded the demo: {plan.applications} applications of {world.story.name}",
        details={"plan": plan.plain(), "counts": counts},
    )
    return counts


def _look_back(world: World) -> int:
    """Search the last days for unusual activity; each was searched on the morning after."""
    found = 0
    for ago in range(LOOKED_BACK):
        day = world.day(ago)
        found += unusual.judge(day)
        UnusualDay.objects.filter(day=day).update(found_at=min(at_hour(world, ago - 1, SEARCHED_AT), world.now))
    ChangedDay.objects.all().delete()  # what links changed was searched with the rest
    return found


def _write_senses(
    world: World, figures: Iterable[DayFigures], alerts: Sequence[Happened]
) -> Sequence[Mapping[str, Any]]:
    """Returns the files in which they came."""
    values = measured(world)
    files = write_batches(world, figures, alerts, values)
    lists = [one for one in files if one["kind"] == "agents"]
    if lists:
        write_agents(world, lists[-1]["id"], lists[-1]["created_at"])
    reports = [one for one in files if one["kind"] == "cloud_apps"]
    if reports:
        write_cloud_apps(world, reports[-1]["id"], reports[-1]["created_at"])
    brought = {one["newest_at"].date(): (one["id"], one["finished_at"]) for one in files if one["kind"] == "metrics"}
    write_metrics(world, values, brought)
    return files


def _write_copies(world: World, progress: Progress) -> Copies | None:
    if not world.copies:
        return None
    copies = Copies(write_copies(world))
    copies.assessments()
    progress(f"{len(world.copies)} applications with the answers and controls of {len(world.models)} models")
    return copies
