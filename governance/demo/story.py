"""The story as read from the YAML files beside it: strict, frozen, and the only reader of them."""

from functools import cache
from pathlib import Path
from typing import Any

import yaml
from pydantic import Field

from governance.demo.told import (
    AgentStory,
    CloudAppStory,
    DictionaryStory,
    MetricLine,
    RecommendedStory,
    RulingStory,
    SharingStory,
    SourceStory,
    Told,
)

FOLDER = Path(__file__).parent
ROOT = "organisation"
UNASSIGNED = "unassigned"  # stands for customers and unknown accounts where a department is named


class DepartmentStory(Told):
    """A department; `staff` are the people with a work account who use AI."""

    key: str
    name: str
    parent: str = ROOT
    head: str
    cost_centre: str
    staff: int
    aliases: list[str] = []


class RoleStory(Told):
    """A role in a department, or organisation-wide."""

    kind: str
    department: str


class PersonStory(Told):
    """Somebody with a role in the Hub."""

    username: str
    name: str
    title: str
    roles: list[RoleStory]


class UsageStory(Told):
    """Use on a normal working day at the end of the year.

    `people`: how many use it at all; `growth`: rise over the year (0.5: half as much again); `weekend`: share of a
    working day; `by`: weights of departments; the marks are shares of all records, `off_hours` of those of a working
    day. `unlabelled`: files without a label read for an interaction; None: it reads no files. `visits`: to its site,
    for an interaction. `start`, `end`: days before as-of.
    """

    daily: int
    people: int
    by: dict[str, float]
    growth: float = 0.0
    weekend: float = 0.0
    sensitive: float = 0.0
    jailbreak: float = 0.0
    injection: float = 0.0
    off_hours: float = 0.06
    unlabelled: float | None = None
    visits: float = 0.0
    start: int | None = None
    end: int = 0


class FormerAnswer(Told):
    """What a factor was answered with until so many days before as-of."""

    value: str
    until: int


class ControlsStory(Told):
    """The profile of an application and the controls that differ from it, as `status` or `status age`."""

    profile: str
    set: dict[str, str] = {}


class ApplicationStory(Told):
    """One application; see the head of applications.yaml."""

    id: str
    name: str
    purpose: str
    kind: str
    origin: str
    vendor: str = ""
    department: str
    owner: str
    deputy: str | None = None
    registered: int
    path: dict[str, int]
    factors: dict[str, str]
    was: dict[str, FormerAnswer] = {}
    facts: list[str]
    eu: dict[str, Any]
    begun: bool = False
    open: list[str] = []
    unsure: list[str] = []
    identifiers: dict[str, list[str]] = {}
    controls: ControlsStory
    usage: UsageStory | None = None

    def lifecycle_on(self, ago: int) -> str | None:
        """The lifecycle so many days before as-of; None before registration."""
        if ago > self.registered:
            return None
        reached = [step for step, day in self.path.items() if day >= ago]
        return reached[-1] if reached else "idea"


class Profile(Told):
    """How thoroughly a team answers its controls; see controls.yaml."""

    statuses: dict[str, int]
    age: tuple[float, float]
    due: tuple[int, int]


class Spike(Told):
    """Days on which one application's figures were out of the ordinary; marks are extra records a day."""

    who: str
    start: int = Field(alias="from")
    end: int = Field(alias="to")
    times: float
    sensitive: int = 0
    jailbreak: int = 0
    injection: int = 0
    off_hours: int = 0
    note: str


class AlertLine(Told):
    """A line of alerts: `count` of them, one each `every` days from `ago` on; the newest has `state`."""

    application: str | None
    resource: str = ""
    type: str
    title: str
    severity: str
    tactics: list[str]
    ago: int
    every: int = 1
    count: int
    state: str
    resolved_in: int | None = None
    description: str = ""
    entities: list[tuple[str, str]] = []
    assignee: str = ""
    comment: str = ""
    outcome: str = ""  # what was learnt, or why it was dismissed; empty: the feed closed it


class IncidentLine(Told):
    """An incident, known and recorded `known` days ago; the alerts of these types that came until then belong to it."""

    application: str
    title: str
    severity: str
    principles: dict[str, str]
    ago: int
    known: int
    state: str
    resolved_ago: int | None = None
    serious: str = ""
    reported_ago: int | None = None
    lesson: str = ""
    alerts: list[str] = []


class SightingStory(Told):
    """Something in use that fits nothing in the register."""

    name: str
    identity: str = ""
    agent: str = ""
    host: str = ""
    site: str = ""  # that people visit
    usage: UsageStory


class Feed(Told):
    """A feed file that comes in every so many days."""

    every: int
    at_hour: int
    file: str


class QuarantineStory(Told):
    """A row that could not be read."""

    ago: int
    reason: str
    line: int
    raw: str


class Feeds(Told):
    """The feeds and what went wrong in them."""

    audit: Feed
    proxy: Feed
    users: Feed
    alerts: Feed
    agents: Feed
    metrics: Feed
    cloud_apps: Feed
    dictionary: Feed
    quarantined: list[QuarantineStory]


class Rhythm(Told):
    """When people work. `holidays`: month-day; `slow`: month → share of a normal day."""

    holidays: list[str]
    slow: dict[str, float]


class Story(Told):
    """The whole story."""

    name: str
    facts: dict[str, bool]
    departments: list[DepartmentStory]
    people: list[PersonStory]
    applications: list[ApplicationStory]
    profiles: dict[str, Profile]
    notes: dict[str, list[str]]
    usage: Rhythm
    spikes: list[Spike]
    alerts: list[AlertLine]
    incidents: list[IncidentLine]
    sightings: list[SightingStory]
    feeds: Feeds
    dictionary: DictionaryStory
    sources: list[SourceStory]
    agents: list[AgentStory]
    cloud_apps: list[CloudAppStory]
    metrics: list[MetricLine]
    rulings: list[RulingStory]
    recommended: list[RecommendedStory]
    sharings: list[SharingStory]

    def chosen(self, count: int) -> list[ApplicationStory]:
        """The first `count` applications, taken from the departments in turn, in the order of their ids."""
        seen: dict[str, int] = {}
        ranked = []
        for one in self.applications:
            area = one.department.split("-")[0]
            seen[area] = seen.get(area, 0) + 1
            ranked.append((seen[area], one.id, one))
        return sorted((one for *_, one in sorted(ranked, key=lambda r: r[:2])[:count]), key=lambda one: one.id)


@cache
def load_story() -> Story:
    """The story, checked. Raises pydantic.ValidationError naming every wrong place."""
    whole: dict[str, Any] = {}
    for name in ("organisation", "applications", "controls", "story", "senses"):
        whole |= yaml.load((FOLDER / f"{name}.yaml").read_bytes(), Loader=yaml.CSafeLoader)
    return Story.model_validate(whole)
