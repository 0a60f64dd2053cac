"""A feed file as chunks that are each stored as one; also as a program, so that reading has a processor to itself.

Pure, like the connectors. The program writes pickled chunks to stdout, and the error it ends with, if any.
"""

import gc
import io
import json
import os
import pickle
import sys
from collections.abc import Iterator, Sized
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from inventory.connectors.base import (
    Connector,
    DataEvent,
    Ignored,
    Interaction,
    SecurityAlert,
    UnknownFormatError,
    Unreadable,
    Visit,
    WithContent,
)
from inventory.connectors.content import (
    Content,
    Interactions,
    Latest,
    ListedAgents,
    ListedUsers,
    MetricValues,
    SecurityAlerts,
)
from inventory.connectors.delimited import as_utf8
from inventory.connectors.mapped import Mapped, Mapping
from inventory.connectors.registry import CONNECTORS

END_OF_FILE = 1 << 62  # as the line at which reading goes on: nowhere
_MOST_UNREADABLE = 2_000  # of a chunk: their texts are kept, so this bounds memory
_MOST_UNREADABLE_BYTES = 16 * 1024  # of a text that are kept: enough to see what is wrong with it
MOST_BYTES_A_CHUNK = 96 * 1024**2  # of the file: rows may be long, and what is kept of them is in memory
MOST_BYTES_OF_INTERACTIONS = 256 * 1024**2  # of which only some numbers are kept
MOST_WHOLE_ROWS = 50_000  # of a chunk of anything but interactions: alerts and people are kept as they are, twice over
FIRST_ROWS = 25_000  # of the first chunk; each one may have twice as many as the last
LAST_BYTES = 24 * 1024**2  # of the file, that a chunk may hold at its end; before, half of what is left
_MOST_WAYS = 50_000  # of naming an application in one chunk: a hostile file gives every row its own
_BLOCK = 1 << 20
_LATEST = ("sensitivity_labels", "information_types", "cloud_apps")  # kinds whose records carry a key
_RARELY = 100_000  # objects between looks for cycles: records are made and dropped by the million and hold none


@dataclass(frozen=True)
class Task:
    """What to read: a file of a known kind from a line on. Interactions before `cutoff` (ISO 8601) are ignored."""

    path: str
    kind: str
    from_line: int
    cutoff: str
    rows_a_chunk: int
    mapping: Mapping | None = None  # of a table with a header of its own
    capture: bool = False  # whether rows with content are taken in, and their texts with them

    @property
    def connector(self) -> Connector:
        return Mapped(Mapping(*self.mapping)) if self.mapping else CONNECTORS[self.kind]

    def content(self) -> Content:
        """An empty chunk's content."""
        tells = Mapping(*self.mapping).kind if self.mapping else self.kind
        if tells in ("entra_users", "users"):
            return ListedUsers()
        if tells == "security_alerts":
            return SecurityAlerts()
        if tells == "agents":
            return ListedAgents()
        if tells in _LATEST:
            return Latest()
        cutoff = datetime.fromisoformat(self.cutoff)
        if tells == "metrics":
            return MetricValues(cutoff)
        return Interactions(cutoff, events_count=tells != "purview_audit")


class Captured(NamedTuple):
    """The text that a row carried."""

    line: int
    record_id: str
    text: bytes


@dataclass
class Chunk:
    """A part of a file. `next_line` is where reading goes on after it."""

    content: Any
    rows: int = 0
    unreadable: list[Unreadable] = field(default_factory=list)
    captured: list[Captured] = field(default_factory=list)
    ignored: int = 0
    next_line: int = 0
    bytes_read: int = 0

    def ending(self, next_line: int, bytes_read: int) -> "Chunk":
        self.content.finish()
        self.next_line, self.bytes_read = next_line, bytes_read
        return self


class _CountingFile(io.RawIOBase):
    """A file that knows its size, and how much of it was read."""

    def __init__(self, path: str) -> None:
        super().__init__()
        self._file = open(path, "rb", buffering=0)  # noqa: SIM115 - closed with this object
        self.size = os.fstat(self._file.fileno()).st_size
        self.bytes_read = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        count = self._file.readinto(buffer) or 0
        self.bytes_read += count
        return count

    def close(self) -> None:
        self._file.close()
        super().close()


class _Limits:
    """When a chunk is full. The first ones are small, so that storing begins while the file is still read, and the last
    ones too, so that little is left to store when it ends."""

    def __init__(self, most_rows: int, size: int) -> None:
        """`size`: of the file, in bytes."""
        self._size = size
        self._most_rows = most_rows
        self._rows = min(FIRST_ROWS, most_rows)
        self._bytes = self._most_bytes = MOST_BYTES_A_CHUNK
        self._ways: Sized = ()

    def begin(self, chunk: Chunk, bytes_read: int) -> Chunk:
        """The chunk, which begins after so many bytes of the file."""
        if isinstance(chunk.content, Interactions):  # of which only some numbers are kept, and the names
            self._ways, self._most_bytes = chunk.content.seen, MOST_BYTES_OF_INTERACTIONS
        else:
            self._most_rows = min(self._most_rows, MOST_WHOLE_ROWS)
        if bytes_read:
            self._rows = min(self._rows * 2, self._most_rows)
        half_of_the_rest = (self._size - bytes_read) // 2
        self._bytes = bytes_read + min(self._most_bytes, max(LAST_BYTES, half_of_the_rest))
        return chunk

    def reached(self, chunk: Chunk, bytes_read: int) -> bool:
        if chunk.rows >= self._rows or bytes_read >= self._bytes or len(self._ways) >= _MOST_WAYS:
            return True
        return len(chunk.unreadable) + len(chunk.captured) >= _MOST_UNREADABLE


def read(task: Task) -> Iterator[Chunk]:
    """The file's chunks in order. Raises UnknownFormatError or OSError."""
    with _CountingFile(task.path) as file:
        limits = _Limits(task.rows_a_chunk, file.size)
        chunk = limits.begin(Chunk(task.content()), 0)
        for item in task.connector.read(as_utf8(io.BufferedReader(file, _BLOCK)), task.from_line):
            if limits.reached(chunk, file.bytes_read):
                yield chunk.ending(item.line, file.bytes_read)
                chunk = limits.begin(Chunk(task.content()), file.bytes_read)
            chunk.rows += 1
            if type(item) is Interaction:  # nearly all, and fast
                chunk.content.add(item)
            elif type(item) is Ignored:
                chunk.ignored += 1
            elif type(item) is Unreadable:
                chunk.unreadable.append(item._replace(raw=item.raw[:_MOST_UNREADABLE_BYTES]))
            elif type(item) is WithContent:
                _take(chunk, item, task.capture)
            else:
                _add(chunk.content, item)
        yield chunk.ending(END_OF_FILE, file.bytes_read)


def _add(content: Any, item: Any) -> None:
    if type(item) is Visit:
        content.add_visit(item)
    elif type(item) is DataEvent:
        content.add_event(item)
    else:
        content.add(item)


def _take(chunk: Chunk, row: WithContent, capture: bool) -> None:
    """A row with content: refused, or taken in with its text. An alert is taken in anyhow: a threat must not be lost
    for what its evidence quotes."""
    if isinstance(row.item, SecurityAlert):
        if capture:
            chunk.captured.append(Captured(row.line, row.item.alert_id, row.text))
        chunk.content.add(row.item)
    elif not capture:
        chunk.unreadable.append(Unreadable(row.line, row.reason, b""))
    elif isinstance(row.item, Ignored):
        chunk.ignored += 1
    else:
        chunk.captured.append(Captured(row.line, str(getattr(row.item, "record_id", "")), row.text))
        _add(chunk.content, row.item)


def main() -> int:
    """Read the task that the first argument holds as JSON."""
    gc.set_threshold(_RARELY)
    out = sys.stdout.buffer
    try:
        for chunk in read(Task(**json.loads(sys.argv[1]))):
            pickle.dump(chunk, out, pickle.HIGHEST_PROTOCOL)
            out.flush()
    except BrokenPipeError:
        return 1  # whoever wanted the chunks is gone
    except (UnknownFormatError, OSError) as problem:
        pickle.dump(problem, out)
    out.flush()
    return 0


def as_argument(task: Task) -> str:
    """The task as `main` reads it."""
    return json.dumps(asdict(task))
