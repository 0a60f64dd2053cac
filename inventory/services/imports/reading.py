"""Reads a feed file in a thread of its own, so that parsing the next chunk and storing the last one overlap.

The reader holds at most three chunks, whatever the size of the file.
"""

import gc
import hashlib
import io
import queue
import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Protocol

from inventory.connectors.base import Connector, Ignored, Unreadable
from inventory.connectors.delimited import as_utf8

CHUNK_ROWS = 50_000
_MOST_UNREADABLE = 2_000  # of a chunk: their texts are kept, so this bounds memory
_BLOCK = 1 << 20
END_OF_FILE = 1 << 62  # as the line at which reading goes on: nowhere


class Content(Protocol):
    """The records of one chunk, in the form in which their kind is stored."""

    ignored: int
    duplicates: int

    def add(self, item: Any) -> None: ...


@dataclass
class Chunk:
    """A part of a file. `next_line` is where reading goes on after it."""

    content: Content
    rows: int = 0
    unreadable: list[Unreadable] = field(default_factory=list)
    ignored: int = 0
    next_line: int = 0
    bytes_read: int = 0


class HashingFile(io.RawIOBase):
    """A file that is hashed while it is read; `hexdigest` is that of the whole only once all of it was read."""

    def __init__(self, path: str) -> None:
        super().__init__()
        self._file = open(path, "rb", buffering=0)  # noqa: SIM115 - closed with this object
        self._hash = hashlib.sha256()
        self.bytes_read = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        count = self._file.readinto(buffer) or 0
        self._hash.update(memoryview(buffer)[:count])
        self.bytes_read += count
        return count

    def hexdigest(self) -> str:
        return self._hash.hexdigest()

    def close(self) -> None:
        self._file.close()
        super().close()


def chunks(file: HashingFile, connector: Connector, from_line: int, make: Callable[[], Content]) -> Generator[Chunk]:
    """The file's chunks in order, from the line on. An error of the reader is raised here."""
    ready: queue.Queue[Chunk | BaseException | None] = queue.Queue(maxsize=1)
    stop = threading.Event()

    def put(value: Chunk | BaseException | None) -> None:
        while not stop.is_set():
            with suppress(queue.Full):
                ready.put(value, timeout=0.5)
                return

    def read() -> None:
        usual = gc.get_threshold()
        gc.set_threshold(100_000)  # records are made and dropped by the million and hold no cycles
        try:
            for chunk in _read(file, connector, from_line, make):
                put(chunk)
                if stop.is_set():
                    return
            put(None)
        except BaseException as problem:  # handed to the thread that waits for it
            put(problem)
        finally:
            gc.set_threshold(*usual)

    thread = threading.Thread(target=read, name="feed-reader", daemon=True)
    thread.start()
    try:
        while (chunk := ready.get()) is not None:
            if isinstance(chunk, BaseException):
                raise chunk
            yield chunk
    finally:
        stop.set()
        thread.join()


def _read(file: HashingFile, connector: Connector, from_line: int, make: Callable[[], Content]) -> Iterator[Chunk]:
    source = as_utf8(io.BufferedReader(file, _BLOCK))
    chunk = Chunk(make())
    for item in connector.read(source, from_line):
        if chunk.rows >= CHUNK_ROWS or len(chunk.unreadable) >= _MOST_UNREADABLE:
            chunk.next_line, chunk.bytes_read = item.line, file.bytes_read
            yield chunk
            chunk = Chunk(make())
        chunk.rows += 1
        if type(item) is Ignored:
            chunk.ignored += 1
        elif type(item) is Unreadable:
            chunk.unreadable.append(item)
        else:
            chunk.content.add(item)
    chunk.next_line, chunk.bytes_read = END_OF_FILE, file.bytes_read
    yield chunk
