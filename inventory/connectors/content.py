"""The records of one chunk in the form in which they are stored, each once. Pure, like the connectors."""

import re
from collections.abc import Iterable
from datetime import datetime
from hashlib import blake2b
from typing import Any, Protocol
from uuid import UUID

from inventory.connectors.base import Interaction, ListedAgent, ListedUser, MetricValue, SecurityAlert, Seen

_HEX = "[0-9a-fA-F]"
_GUID = re.compile(f"{_HEX}{{8}}-{_HEX}{{4}}-{_HEX}{{4}}-{_HEX}{{4}}-{_HEX}{{12}}").fullmatch
_NULL = r"\N"
_ARRAY = str.maketrans({"\\": r"\\\\", '"': r"\\" + '"'})  # once for the array, once for COPY


class Content(Protocol):
    """Takes records in; `finish` follows the last one and drops what only taking in needs."""

    ignored: int
    duplicates: int

    def add(self, item: Any) -> None: ...

    def finish(self) -> None: ...


class Interactions:
    """Interactions as lines for COPY. People and names of applications stand in them by number: the place in `people`
    and `seen`. A line: record key, time (seconds since 1970), person, way of naming, both marks, labels, types."""

    def __init__(self, cutoff: datetime) -> None:
        """Interactions before `cutoff` are ignored: they are older than what is kept."""
        self.ignored = 0
        self.duplicates = 0
        self.people: dict[str, int] = {}
        self.seen: dict[Seen, int] = {}
        self.count = 0
        self.text = b""
        self._lines: list[str] = []
        self._keys: set[str] = set()
        self._cutoff = cutoff

    def add(self, item: Interaction) -> None:
        """Take the interaction in, unless it is older than the retention or was here before."""
        _, record_id, at, user, seen, labels, information_types, jailbreak, injection = item
        if at < self._cutoff:
            self.ignored += 1
            return
        key = record_id.lower() if _GUID(record_id) else record_key(record_id)
        if key in self._keys:
            self.duplicates += 1
            return
        self._keys.add(key)
        person = self.people.setdefault(user, len(self.people)) if user else _NULL
        way = self.seen.setdefault(seen, len(self.seen))
        self._lines.append(
            f"{key}\t{at.timestamp()}\t{person}\t{way}\t{jailbreak}\t{injection}"
            f"\t{_array(labels) if labels else _NULL}\t{_array(information_types) if information_types else _NULL}\n"
        )

    def finish(self) -> None:
        self.count, self.text = len(self._lines), "".join(self._lines).encode()
        self._lines, self._keys = [], set()


def record_key(record_id: str) -> str:
    """The key of a record id: a GUID is its own, whatever its case; any other id is hashed to 128 bits."""
    if _GUID(record_id):
        return record_id.lower()
    return str(UUID(bytes=blake2b(record_id.encode("utf-8", "replace"), digest_size=16).digest()))


def _array(values: Iterable[str]) -> str:
    """The texts, which hold no control characters, as an array in COPY's text format."""
    return "{" + ",".join(f'"{value.translate(_ARRAY)}"' for value in values) + "}"


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
