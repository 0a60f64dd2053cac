"""The records of one chunk in the form in which they are stored, each once. Pure, like the connectors."""

import struct
from collections.abc import Iterable
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Any, Protocol

from inventory.connectors.base import Interaction, ListedUser, SecurityAlert, Seen

# PostgreSQL's binary format of COPY: a row is the number of its columns, then each column's length and bytes.
_BEGIN = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_END = b"\xff\xff"
_NULL = b"\xff\xff\xff\xff"
_NO_ARRAYS = _NULL * 2
_ROW = struct.Struct("!h i16s iq ii ii i? i?").pack
_EPOCH = round(datetime(2000, 1, 1, tzinfo=UTC).timestamp() * 1e6)  # of PostgreSQL, whose times are microseconds
_TEXT = 25  # PostgreSQL's number of the type


class Content(Protocol):
    """Takes records in; `finish` follows the last one and drops what only taking in needs."""

    ignored: int
    duplicates: int

    def add(self, item: Any) -> None: ...

    def finish(self) -> None: ...


class Interactions:
    """Interactions as rows of a binary COPY, as they come: which ids stand there twice the database finds while it sorts
    them. People and ways of naming an application stand in them by number: the place in `people` (where an
    empty name is nobody) and `seen`. A row: record key, time, person, way, both marks, labels, information types."""

    def __init__(self, cutoff: datetime) -> None:
        """Interactions before `cutoff` are ignored: they are older than what is kept."""
        self.ignored = 0
        self.duplicates = 0
        self.people: dict[str, int] = {}
        self.seen: dict[Seen, int] = {}
        self.count = 0
        self.rows = bytearray(_BEGIN)
        self._cutoff = cutoff

    def add(self, item: Interaction) -> None:
        """Take the interaction in, unless it is older than the retention."""
        _, record_id, at, user, seen, labels, types, jailbreak, injection = item
        if at < self._cutoff:
            self.ignored += 1
            return
        people, ways = self.people, self.seen
        if (person := people.get(user)) is None:
            person = people[user] = len(people)
        if (way := ways.get(seen)) is None:
            way = ways[seen] = len(ways)
        since = round(at.timestamp() * 1e6) - _EPOCH
        self.rows += _ROW(8, 16, record_key(record_id), 8, since, 4, person, 4, way, 1, jailbreak, 1, injection)
        self.rows += _array(labels) + _array(types) if labels or types else _NO_ARRAYS
        self.count += 1

    def finish(self) -> None:
        self.rows += _END


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
    """The alerts of one chunk, each once: the last row of an alert wins, because it tells the later state."""

    def __init__(self) -> None:
        self.ignored = 0
        self.duplicates = 0
        self.alerts: dict[str, SecurityAlert] = {}

    def add(self, item: SecurityAlert) -> None:
        """Take the alert in."""
        self.duplicates += item.alert_id in self.alerts
        self.alerts[item.alert_id] = item

    def finish(self) -> None:
        pass
