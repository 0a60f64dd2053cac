"""Seeds the demo: one transaction for everything that happened, then the figures of each day of the past."""

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from django.db import transaction

from governance.demo.alerts import happened
from governance.demo.assessments import write_assessments
from governance.demo.batches import write_batches
from governance.demo.chance import Chance
from governance.demo.dossier import dossiers
from governance.demo.feeds import write_alerts, write_people_of_feeds, write_sightings, write_usage
from governance.demo.history import write_history
from governance.demo.logbook import write_logbook
from governance.demo.organisation import write_organisation
from governance.demo.register import write_register
from governance.demo.story import load_story
from governance.demo.usage import day_figures
from governance.demo.world import World
from inventory import audit_log
from inventory.models import AIApplication, AuditLogEntry
from risk.method import load_method

SEEDED = "demo.seeded"
Progress = Callable[[str], None]


class NotEmptyError(Exception):
    """The database holds something that is not this demo. The message says what to do."""


@dataclass(frozen=True)
class Plan:
    """What was asked for. The same plan gives the same demo."""

    applications: int
    months: int
    seed: int
    as_of: date

    def plain(self) -> dict[str, Any]:
        """As the audit log keeps it."""
        return asdict(self) | {"as_of": self.as_of.isoformat()}


def seed(plan: Plan, progress: Progress) -> dict[str, Any]:
    """Seed the demo, or finish one that was interrupted. Returns the summary.

    Everything that happened is one transaction; the figures of the past follow day by day, and a run that was killed in
    between goes on where it was. Raises NotEmptyError where the database holds anything else.
    """
    begun = time.monotonic()
    world = _world(plan)
    with transaction.atomic():
        already = _find(plan)
        counts = already or _write_facts(world, plan, progress)
    return {**plan.plain(), **counts, "seconds": round(time.monotonic() - begun, 1)}


def _world(plan: Plan) -> World:
    story = load_story()
    chosen = story.chosen(plan.applications)
    return World(story, load_method(), plan.as_of, plan.months, Chance(plan.seed), chosen)


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
        told = ", ".join(f"{key} {value}" for key, value in entry.details["plan"].items())
        raise NotEmptyError(
            f"This database already holds a demo with other settings ({told}). History can't be taken back:"
            " set HUB_HOME to a new folder (or DATABASE_URL to an empty database) for another one."
        )
    return dict(entry.details["counts"])


def _write_facts(world: World, plan: Plan, progress: Progress) -> dict[str, Any]:
    progress(f"{len(world.applications)} applications of {world.story.name}, {plan.months} months up to {plan.as_of}")
    write_organisation(world)
    write_register(world)
    alerts = list(happened(world))
    write_alerts(world, alerts)
    files = dossiers(world, alerts)
    counts: dict[str, Any] = write_assessments(files, world)
    progress(f"{counts['answers']} answers and {counts['control_states']} control states, with their history")
    figures = list(day_figures(world))
    people = write_people_of_feeds(world)
    write_usage(world, figures, write_sightings(world, figures), people)
    write_batches(world, figures)
    counts["interactions"] = sum(one.interactions for one in figures)
    progress(f"{counts['interactions']} interactions as daily figures, {len(alerts)} alerts")
    write_logbook(world, files)
    counts["judgements"] = write_history(world, files)
    progress(f"{counts['judgements']} judgements of the past")
    audit_log.record(
        actor=None,
        action=SEEDED,
        summary=f"Seeded the demo: {len(world.applications)} applications of {world.story.name}",
        details={"plan": plan.plain(), "counts": counts},
    )
    return counts
