"""What connectors yield, whatever the source: records, rows that don't concern us, and rows nobody can read.

Pure: bytes in, records out. No Django, no files, no clock, no keys.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple, Protocol

MAX_ROW_BYTES = 8 * 1024 * 1024  # a longer row is not a record but a mistake or an attack; memory stays flat
MAX_NAME = 300  # characters of a name that we keep


class UnknownFormatError(ValueError):
    """The file is none of the kinds we know, or not of the kind it was said to be. The message is for people."""


class NoRecordError(UnknownFormatError):
    """JSON without any record, which is nothing wrong where it is known what it would hold."""


class Seen(NamedTuple):
    """How a record names the AI application it is about; an empty text where it doesn't say."""

    agent_id: str = ""
    agent_name: str = ""
    app_identity: str = ""
    host: str = ""
    azure_resource: str = ""
    repository: str = ""
    app_name: str = ""  # display name, where the identity comes with one
    operation: str = ""

    @property
    def name(self) -> str:
        """The name under which something that matches nothing is listed (contracts §2)."""
        return self.agent_name or self.app_name or self.app_identity or self.host or "(not named)"


class Interaction(NamedTuple):
    """One interaction of a person with an AI application. No prompt, answer, file name or address is taken over."""

    line: int
    record_id: str
    at: datetime  # aware, UTC
    user: str  # object id or user principal name as given; empty where none is
    seen: Seen
    labels: tuple[str, ...] = ()  # sensitivity label ids of accessed resources, lower case, sorted, each once
    information_types: tuple[str, ...] = ()  # sensitive information types matched, sorted, each once
    jailbreak: bool = False
    injection: bool = False
    files: int = 0  # accessed resources that are documents, whatever became of the access
    unlabelled: int = 0  # those of them without a label

    @property
    def sensitive(self) -> bool:
        """At least one accessed resource with a label, or a matched information type (contracts §2)."""
        return bool(self.labels or self.information_types)


VISIT = "Visit"  # the operation of a visit, beside those of interactions


class Visit(NamedTuple):
    """That somebody opened an AI site. Never counted as an interaction: nobody knows what they did there."""

    line: int
    record_id: str
    at: datetime  # aware, UTC
    user: str  # as given; empty where the log doesn't say
    seen: Seen  # its host, and the operation VISIT
    uploaded: int  # bytes; 0 where the log doesn't say


class DataEvent(NamedTuple):
    """That a data-loss rule matched, or that sensitive information was found, where somebody used an application."""

    line: int
    record_id: str
    at: datetime  # aware, UTC
    user: str  # as of an interaction
    seen: Seen
    kind: str  # dlp_match or types_found
    source: str  # audit or explorer: both report the same match under ids of their own
    about_ai: bool  # whether the record itself says that it is about AI
    policy: str = ""
    rule: str = ""  # the most severe one
    severity: str = ""  # informational, low, medium or high; empty where none is given
    enforcement: str = ""  # what was done about it: audit, warn, override, block or allow
    information_types: tuple[str, ...] = ()


class ListedUser(NamedTuple):
    """One person of a user list."""

    line: int
    object_id: str  # lower case
    upn: str  # lower case
    name: str
    department: str  # as written; empty where none is given
    enabled: bool = True


class SecurityAlert(NamedTuple):
    """A threat or something unusual, as a security product reports it."""

    line: int
    alert_id: str
    type: str  # the product's own name of this kind of alert
    title: str
    severity: str  # informational, low, medium or high
    state: str  # active, in_progress, resolved or dismissed
    tactics: tuple[str, ...]
    techniques: tuple[str, ...]
    resource: str  # Azure resource id; empty where none is named
    description: str
    at: datetime  # aware, UTC
    raw: bytes  # the whole record as JSON
    entities: tuple[tuple[str, str], ...] = ()  # kind and name of what it names; an `account` is a person in clear


class ListedAgent(NamedTuple):
    """An agent as an inventory of agents lists it. None and empty: the inventory doesn't say.

    Of instructions, topics and raw definitions nothing is taken over.
    """

    line: int
    source: str  # which inventory, `agents.FORMS`
    agent_id: str
    other_ids: tuple[str, ...]  # under which other inventories and records know it
    name: str
    platform: str
    environment: str
    owners: tuple[str, ...]  # object ids or user principal names as given
    owners_given: bool  # whether the inventory says who owns it at all: then no owner means none
    department: str  # as written
    state: str  # draft, published, blocked, deleted, or listed where nothing is said
    created_at: datetime | None
    published_at: datetime | None
    used_at: datetime | None
    as_of: datetime | None  # the time of the listing, else the latest that it names
    authentication: str
    access: str  # who may use it, as written
    everyone: bool | None  # shared with everyone
    shared_with: int | None  # how many people and groups it is shared with
    knowledge: tuple[str, ...]
    tools: tuple[str, ...]
    channels: tuple[str, ...]
    model: str
    autonomous: bool | None
    maker_credentials: bool | None  # its connectors act with its maker's rights
    http: bool | None
    mcp: bool | None
    orphaned: bool | None


class MetricValue(NamedTuple):
    """One measurement of an AI system, such as a drift or the selection rate of a group."""

    line: int
    system: str  # how the file names the system
    metric: str  # lower case, words joined by _
    group: str  # empty: of all
    value: float
    at: datetime  # aware, UTC


class ListedLabel(NamedTuple):
    """A sensitivity label of the label dictionary."""

    line: int
    key: str  # its id, lower case
    name: str
    rank: int | None  # the higher, the more sensitive; None where the list doesn't say
    parent: str  # id of the label it stands under, lower case; empty for none


class ListedType(NamedTuple):
    """A sensitive information type by its id."""

    line: int
    key: str  # lower case
    name: str


class CloudApp(NamedTuple):
    """An app in the cloud that a discovery service reports, added up over people."""

    line: int
    key: str
    name: str
    category: str
    domains: tuple[str, ...]  # lower case
    safety: float | None  # 0 unsafe to 10 safe
    tags: tuple[str, ...]
    transactions: int
    uploaded: int  # bytes, as below
    downloaded: int
    users: int
    last_seen: datetime | None


class Ignored(NamedTuple):
    """A readable row that is not what we count."""

    line: int


class Unreadable(NamedTuple):
    """A row for quarantine."""

    line: int
    reason: str
    raw: bytes


class WithContent(NamedTuple):
    """A row that carries the text of a prompt or an answer: quarantined without its text, unless capture is on.

    An alert is never quarantined for it: it is taken in, and its text only where capture is on.
    """

    line: int
    item: "Item"  # what it is without the text
    reason: str
    text: bytes


Item = (
    Interaction
    | Visit
    | DataEvent
    | ListedUser
    | SecurityAlert
    | ListedAgent
    | MetricValue
    | ListedLabel
    | ListedType
    | CloudApp
    | Ignored
    | Unreadable
    | WithContent
)


class Source(Protocol):
    """What connectors read from: an open binary file, or anything that reads like one."""

    def readline(self, size: int = -1, /) -> bytes: ...

    def read(self, size: int = -1, /) -> bytes: ...

    def peek(self, size: int = 0, /) -> bytes: ...


class Connector(Protocol):
    """One kind of file. A module-level object per kind, listed in `registry.CONNECTORS`."""

    kind: str
    title: str  # for people

    def recognises(self, columns: list[str]) -> bool:
        """Whether a file with this header row (folded names) is of this kind."""
        ...

    def read(self, source: Source, from_line: int = 0) -> Iterator[Item]:
        """The file's items in order. `from_line` skips to a line at which an item of an earlier reading began.

        Raises UnknownFormatError where the header lacks what the kind needs.
        """
        ...
