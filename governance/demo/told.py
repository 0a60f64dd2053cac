"""What every part of the story is, and what the bank's other systems say (senses.yaml)."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class Told(BaseModel):
    """A part of the story; an unknown word in the YAML is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class EntryStory(Told):
    """A label or an information type of the dictionary."""

    key: str
    name: str
    rank: int | None = None


class DictionaryStory(Told):
    """What ids of labels and types stand for, `loaded` so many days ago."""

    loaded: int
    labels: list[EntryStory]
    types: list[EntryStory]


class SourceStory(Told):
    """Who delivers files of a kind over the API, every so many hours."""

    slug: str
    name: str
    kind: str
    hours: int
    description: str


class AgentStory(Told):
    """An agent as an inventory lists it: the one of an application, or one that nobody registered."""

    application: str = ""
    name: str = ""
    id: str = ""
    owner: str = ""
    platform: str
    made: int
    idle: int
    state: str = "published"
    authentication: str
    knowledge: list[str] = []
    tools: list[str] = []
    model: str = ""
    everyone: bool = False
    autonomous: bool = False
    maker_credentials: bool = False
    http: bool = False
    mcp: bool = False


class CloudAppStory(Told):
    """An app as a discovery service reports it; with an application, it is that one's site. `uploaded`: MiB."""

    id: str
    name: str
    application: str = ""
    domains: list[str] = []
    safety: float | None = None
    users: int
    transactions: int
    uploaded: int


class RulingStory(Told):
    """What a person decided, `ago` days before as-of, about a name seen: that it is the `application`, or that it is
    ruled out until so many days `ahead` of as-of."""

    seen: str
    by: str
    ago: int
    reason: str
    application: str = ""
    ahead: int = 0


class RecommendedStory(Told):
    """What somebody did, `ago` days before as-of, about what a rule found in a department: `start`, `assign` (to the
    `owner`), `dismiss` (for a reason, until so many days `ahead` of as-of) or `reopen`."""

    rule: str
    department: str
    by: str
    ago: int
    action: Literal["start", "assign", "dismiss", "reopen"]
    owner: str = ""
    reason: str = ""
    ahead: int = 0


class SharingStory(Told):
    """Controls that a platform states for the applications that run on it, since so many days ago."""

    platform: str
    by: str
    ago: int
    controls: list[str]
    applications: list[str]


class MetricLine(Told):
    """A metric that goes from one value to another over the recorded time, once a week until the day `last`."""

    application: str
    metric: str
    group: str = ""
    start: float = Field(alias="from")
    end: float = Field(alias="to")
    last: int
