"""Writes what the bank's other systems say: the dictionary, the feeds themselves, agents, and metrics."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from governance.demo.copying import INSERT, Version, copy_rows, copy_versions, dated_history, history_of
from governance.demo.organisation import MAIL
from governance.demo.told import AgentStory, CloudAppStory, MetricLine
from governance.demo.world import World
from inventory.choices import AgentSource
from inventory.connectors import levels
from inventory.connectors.base import CloudApp, ListedAgent
from inventory.connectors.content import Latest, ListedAgents
from inventory.connectors.levels import Label
from inventory.models import AgentListing, Feed, ImportBatch, InformationType, Metric, SensitivityLabel
from inventory.models import CloudApp as StoredApp
from inventory.services.imports.agents import AgentWriter
from inventory.services.imports.cloud_apps import CloudAppSink

WEEK = 7
NOISE = 0.04
MIB = 1024 * 1024
MEASURED_AT = timedelta(hours=3)


def write_dictionary(world: World) -> None:
    """Labels and information types, with the levels that their names suggest."""
    told = world.story.dictionary
    suggested = levels.of_labels(Label(one.key, one.name, one.rank, "") for one in told.labels)
    rows = [(one.key, one.name, suggested[one.key], False, one.rank, "") for one in told.labels]
    types = [(one.key, one.name, levels.of_type(one.name), False) for one in told.types]
    at = world.moment(dictionary_age(world), "dictionary")
    for model, fields, given in (
        (SensitivityLabel, ("key", "name", "level", "stated", "rank", "parent"), rows),
        (InformationType, ("key", "name", "level", "stated"), types),
    ):
        with dated_history(model):
            copy_rows(model, fields, given)
        copy_rows(
            history_of(model),
            ("pgh_created_at", "pgh_label", "pgh_obj", *fields),
            ((at, INSERT, row[0], *row) for row in given),
        )


def dictionary_age(world: World) -> int:
    """Days since the dictionary was loaded."""
    return min(world.story.dictionary.loaded, world.days)


def write_sources(world: World) -> None:
    """The feeds, as old as the recorded time."""
    at = world.start_of(world.day(world.days))
    fields = ("slug", "name", "description", "kind", "expected_hours", "networks", "active", "created_at")
    told = world.story.sources
    lives = [[Version(at, (one.slug, one.name, one.description, one.kind, one.hours, [], True, at))] for one in told]
    keys = copy_versions(Feed, fields, lives, current_only={"announced": 0, "refused_why": ""})
    world.sources.update(zip((one.kind for one in told), keys, strict=True))


def listed_agents(world: World, ago: int = 0) -> list[AgentStory]:
    """The agents that there were so many days ago."""
    told = world.story.agents
    return [one for one in told if one.made > ago and (not one.application or one.application in world.registered)]


def write_agents(world: World, batch: int, listed_at: datetime) -> None:
    """The agents as the newest file lists them."""
    content = ListedAgents()
    for line, one in enumerate(listed_agents(world), start=2):
        content.add(_agent(line, one, world, listed_at))
    AgentWriter(ImportBatch(pk=batch)).store(content)
    AgentListing.objects.update(first_listed_at=world.start_of(world.day(world.days)), changed_at=listed_at)


def _agent(line: int, one: AgentStory, world: World, listed_at: datetime) -> ListedAgent:
    app = next((app for app in world.applications if app.id == one.application), None)
    owner = app.owner if app else one.owner
    made = world.moment(one.made, one.name, one.application)
    return ListedAgent(
        line=line,
        source=AgentSource.XDR_AGENTS,
        agent_id=app.identifiers["agent_id"][0] if app else one.id,
        other_ids=(),
        name=app.name if app else one.name,
        platform=one.platform,
        environment="Default" if one.platform == "Copilot Studio" else "",
        owners=(f"{owner}@{MAIL}",) if owner else (),
        owners_given=True,
        department="",
        state=one.state,
        created_at=made,
        published_at=made + timedelta(days=1) if one.state == "published" else None,
        used_at=world.moment(one.idle, one.name, "used"),
        as_of=listed_at,
        authentication=one.authentication,
        access="Everyone" if one.everyone else "Chosen people",
        everyone=one.everyone,
        shared_with=None,
        knowledge=tuple(one.knowledge),
        tools=tuple(one.tools),
        channels=(),
        model=one.model,
        autonomous=one.autonomous,
        maker_credentials=one.maker_credentials,
        http=one.http,
        mcp=one.mcp,
        orphaned=not owner,
    )


def reported_apps(world: World) -> list[CloudAppStory]:
    """The apps that the discovery service reports."""
    return [one for one in world.story.cloud_apps if not one.application or one.application in world.registered]


def write_cloud_apps(world: World, batch: int, reported_at: datetime) -> None:
    """The apps as the newest file reports them."""
    content = Latest()
    for line, one in enumerate(reported_apps(world), start=2):
        content.add(_cloud_app(line, one, world))
    file = ImportBatch(pk=batch)
    CloudAppSink(file, None).store(content, file)
    StoredApp.objects.update(updated_at=reported_at)


def _cloud_app(line: int, one: CloudAppStory, world: World) -> CloudApp:
    app = next((app for app in world.applications if app.id == one.application), None)
    return CloudApp(
        line=line,
        key=one.id,
        name=one.name,
        category="generativeAi",
        domains=tuple(app.identifiers["host"] if app else one.domains),
        safety=one.safety,
        tags=(),
        transactions=one.transactions,
        uploaded=one.uploaded * MIB,
        downloaded=one.uploaded * MIB // 2,
        users=one.users,
        last_seen=world.moment(1, one.name),
    )


class Measured(NamedTuple):
    """A value of a metric on a day of measuring."""

    ago: int
    line: MetricLine
    value: float


def measured(world: World) -> list[Measured]:
    """Every value of the recorded time, oldest first."""
    lines = [one for one in world.story.metrics if one.application in world.registered]
    return sorted((one for line in lines for one in _values(line, world)), key=lambda one: -one.ago)


def _values(line: MetricLine, world: World) -> Iterator[Measured]:
    whole = max(world.days - line.last, 1)
    for ago in range(line.last, world.days + 1, WEEK):
        value = line.start + (line.end - line.start) * (world.days - ago) / whole
        noise = world.chance.between(-NOISE, NOISE, line.application, line.metric, line.group, ago)
        yield Measured(ago, line, round(value * (1 + noise), 4))


def write_metrics(world: World, values: Sequence[Measured], batches: dict[date, tuple[int, datetime]]) -> None:
    """The values, each with the file that brought it."""
    names = {app.id: app.name for app in world.applications}
    columns = ("system", "folded", "application_id", "metric", "group", "value", "at", "batch_id", "stored_at")
    copy_rows(Metric, columns, (_metric(one, names[one.line.application], world, batches) for one in values))


def _metric(one: Measured, name: str, world: World, batches: dict[date, tuple[int, datetime]]) -> tuple[Any, ...]:
    day = world.day(one.ago)
    application = world.registered[one.line.application]
    what = (name, name.casefold(), application, one.line.metric, one.line.group, one.value)
    return (*what, world.start_of(day) + MEASURED_AT, *batches[day])
