"""The records of one chunk in the form in which they are stored, each once. Pure, like the connectors."""

import struct
from collections.abc import Iterable
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Any, Protocol

from inventory.connectors.base import (
    DataEvent,
    Interaction,
    ListedAgent,
    ListedUser,
    MetricValue,
    SecurityAlert,
    Seen,
    Visit,
)

# PostgreSQL's binary format of COPY: a row is the number of its columns, then each column's length and bytes.
_BEGIN = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_END = b"\xff\xff"
_NULL = b"\xff\xff\xff\xff"
_NOTHING = _NULL * 3  # no labels, no information types, no bytes sent
_UNREAD = _NULL * 2  # no files
_ROW = struct.Struct("!h i16s iq ii ii i? i?").pack
_SENT = struct.Struct("!iq").pack
_FILES = struct.Struct("!ihih").pack
_EPOCH = round(datetime(2000, 1, 1, tzinfo=UTC).timestamp() * 1e6)  # of PostgreSQL, whose times are microseconds
_TEXT = 25  # PostgreSQL's number of the type


class Content(Protocol):
    """Takes records in; `finish` follows the last one and drops what only taking in needs."""

    ignored: int
    duplicates: int

    def add(self, item: Any) -> None: ...

    def finish(self) -> None: ...


class Interactions:
    """Interactions as rows of a binary COPY, as they come: which ids stand there twice the database finds in half the
    time of a set. People and ways of naming an application stand in them by number: the place in `people` (where an
    empty name is nobody) and `seen`. A row: record key, time, person, way, both marks, labels, information types, bytes
    sent (of a visit), files read, and those of them without a label."""

    def __init__(self, cutoff: datetime, *, events_count: bool = True) -> None:
        """Interactions before `cutoff` are ignored: they are older than what is kept. `events_count`: whether data
        events are records of the file's own kind; in an audit file they are kept as well, but count as ignored, since
        stored are its interactions alone (contracts §1)."""
        self.events_count = events_count
        self.ignored = 0
        self.duplicates = 0
        self.people: dict[str, int] = {}
        self.seen: dict[Seen, int] = {}
        self.count = 0
        self.rows = bytearray(_BEGIN)
        self.events: dict[str, DataEvent] = {}  # what data-loss rules say beside the interactions
        self._cutoff = cutoff
        self._oldest = _since_epoch(cutoff)  # numbers compare ten times as fast as times with a zone

    def add(self, item: Interaction) -> None:
        """Take the interaction in, unless it is older than the retention."""
        _, record_id, at, user, seen, labels, types, jailbreak, injection, files, unlabelled = item
        since = _since_epoch(at)
        if since < self._oldest:
            self.ignored += 1
            return
        people, ways = self.people, self.seen
        if (person := people.get(user)) is None:
            person = people[user] = len(people)
        if (way := ways.get(seen)) is None:
            way = ways[seen] = len(ways)
        self.rows += _ROW(11, 16, record_key(record_id), 8, since, 4, person, 4, way, 1, jailbreak, 1, injection)
        self.rows += _array(labels) + _array(types) + _NULL if labels or types else _NOTHING
        self.rows += _FILES(2, files, 2, unlabelled) if files else _UNREAD
        self.count += 1

    def add_visit(self, item: Visit) -> None:
        """Take a visit in, as an interaction of a kind of its own that has a number of bytes sent."""
        since = _since_epoch(item.at)
        if since < self._oldest:
            self.ignored += 1
            return
        person = self.people.setdefault(item.user, len(self.people))
        way = self.seen.setdefault(item.seen, len(self.seen))
        self.rows += _ROW(11, 16, record_key(item.record_id), 8, since, 4, person, 4, way, 1, False, 1, False)
        self.rows += _NULL * 2 + _SENT(8, item.uploaded) + _UNREAD
        self.count += 1

    def add_event(self, item: DataEvent) -> None:
        """Take an event in, unless it is older than the retention or was here before."""
        self.ignored += not self.events_count
        if item.at < self._cutoff:
            self.ignored += self.events_count
        elif item.record_id in self.events:
            self.duplicates += self.events_count
        else:
            self.events[item.record_id] = item

    def finish(self) -> None:
        self.rows += _END


def _since_epoch(at: datetime) -> int:
    return round(at.timestamp() * 1e6) - _EPOCH


def record_key(record_id: str) -> bytes:
    """The key of a record id: a GUID is its own, whatever its case; any other id is hashed to 128 bits."""
    if len(record_id) == 36 and record_id[8:24:5] == "----":
        try:
            key = bytes.fromhex(record_id.replace("-", ""))
        except ValueError:
            key = b""
        if len(key) == 16:
            return key
    return blake2b(record_id.encode("utf-8", "replace"), digest_size=16).digest()


def _array(values: Iterable[str]) -> bytes:
    """A column that holds the texts as an array; NULL where there are none."""
    texts = [value.encode("utf-8", "replace") for value in values]
    if not texts:
        return _NULL
    found = struct.pack("!iiiii", 1, 0, _TEXT, len(texts), 1)  # dimensions, no nulls, type, length, lowest index
    found += b"".join(struct.pack("!i", len(text)) + text for text in texts)
    return struct.pack("!i", len(found)) + found


class ListedUsers:
    """The people of one chunk, each once: the first row of a person wins."""

    def __init__(self) -> None:
        self.ignored = 0
        self.duplicates = 0
        self.people: dict[str, ListedUser] = {}
        self._names: set[str] = set()

    def add(self, item: ListedUser) -> None:
        """Take the person in, unless they were here before."""
        key = item.object_id or item.upn
        if key in self.people:
            self.duplicates += 1
            return
        if item.upn and item.upn in self._names:  # two accounts of one name: the first keeps it
            if not item.object_id:
                self.duplicates += 1
                return
            item = item._replace(upn="")
        if item.upn:
            self._names.add(item.upn)
        self.people[key] = item

    def finish(self) -> None:
        self._names = set()


class SecurityAlerts:
    """The alerts of one chunk, each once: the last row of an alert wins, because it tells the later state. Beside them
    the visits that a log tells of in the same file."""

    def __init__(self) -> None:
        self.ignored = 0
        self.duplicates = 0
        self.alerts: dict[str, SecurityAlert] = {}
        self.visits: list[Visit] = []

    def add(self, item: SecurityAlert) -> None:
        """Take the alert in."""
        self.duplicates += item.alert_id in self.alerts
        self.alerts[item.alert_id] = item

    def add_visit(self, item: Visit) -> None:
        """Take a visit in. How it is stored is for whoever knows the app by its name."""
        self.visits.append(item)

    def finish(self) -> None:
        pass


class ListedAgents:
    """The agents of one chunk, each once for an inventory: of several rows the one of the latest time wins."""

    def __init__(self) -> None:
        self.ignored = 0
        self.duplicates = 0
        self.agents: dict[tuple[str, str], ListedAgent] = {}

    def add(self, item: ListedAgent) -> None:
        """Take the agent in."""
        key = (item.source, item.agent_id.casefold())
        before = self.agents.get(key)
        self.duplicates += before is not None
        if before is None or before.as_of is None or (item.as_of and item.as_of >= before.as_of):
            self.agents[key] = item

    def finish(self) -> None:
        pass


class MetricValues:
    """The measurements of one chunk, each once: the last row of a measurement wins, because it corrects the first."""

    def __init__(self, cutoff: datetime) -> None:
        """Values before `cutoff` are ignored: they are older than what is kept."""
        self.ignored = 0
        self.duplicates = 0
        self.values: dict[tuple[str, str, str, datetime], MetricValue] = {}
        self._cutoff = cutoff

    def add(self, item: MetricValue) -> None:
        """Take the value in, unless it is older than the retention."""
        if item.at < self._cutoff:
            self.ignored += 1
            return
        key = (item.system.casefold(), item.metric, item.group, item.at)
        self.duplicates += key in self.values
        self.values[key] = item

    def finish(self) -> None:
        pass


class Latest:
    """Records of one chunk that carry a `key`, each once: the last of a key wins."""

    def __init__(self) -> None:
        self.ignored = 0
        self.duplicates = 0
        self.rows: dict[str, Any] = {}

    def add(self, item: Any) -> None:
        """Take the record in."""
        self.duplicates += item.key in self.rows
        self.rows[item.key] = item

    def finish(self) -> None:
        pass
