"""Reads a feed file in a process of its own, so that parsing the next chunk and storing the last one overlap.

Threads would share one processor, and the thread that stores would wait for the one that parses at each turn. The
reader holds one chunk, whatever the size of the file, and the storing side two: the one it stores and the next.
"""

import pickle
import subprocess
import sys
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO

from django.conf import settings

from inventory.connectors import chunks
from inventory.connectors.chunks import Chunk, Task
from inventory.connectors.mapped import Mapping

CHUNK_ROWS = 100_000
_PROGRAM = "import sys; from inventory.connectors.chunks import main; sys.exit(main())"
SMALL = 1 << 20  # bytes; below, a process costs more than it gains


class ReaderDiedError(Exception):
    """The reading process ended before the file did: what was stored stays, and reading may go on."""


def read(
    path: Path, kind: str, from_line: int, cutoff: str, mapping: Mapping | None = None, *, capture: bool = False
) -> Generator[Chunk]:
    """The file's chunks in order, from the line on; see `connectors.chunks.read`. `mapping`: of a table of its own.

    Raises UnknownFormatError, OSError or ReaderDiedError.
    """
    task = Task(str(path), kind, from_line, cutoff, CHUNK_ROWS, mapping, capture)
    if path.stat().st_size < SMALL:
        yield from chunks.read(task)
    else:
        yield from _read_beside(task)


def _read_beside(task: Task) -> Generator[Chunk]:
    command = [sys.executable, "-c", _PROGRAM, chunks.as_argument(task)]
    # The environment holds secrets that a parser of foreign files has no use for.
    environment = {"PYTHONPATH": str(settings.BASE_DIR), "PYTHONUTF8": "1"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=settings.BASE_DIR, env=environment) as process:  # noqa: S603 - our own
        assert process.stdout is not None
        with ThreadPoolExecutor(1) as ahead:  # while one chunk is stored the next comes over, and the one after is read
            try:
                waiting = ahead.submit(_next, process.stdout)
                while (chunk := waiting.result()).next_line != chunks.END_OF_FILE:
                    waiting = ahead.submit(_next, process.stdout)
                    yield chunk
                yield chunk
            finally:
                process.kill()


def _next(stream: IO[bytes]) -> Chunk:
    try:
        found = pickle.load(stream)  # noqa: S301 - from our own process
    except (EOFError, pickle.UnpicklingError) as problem:
        raise ReaderDiedError("The process that reads the file has died.") from problem
    if isinstance(found, Exception):
        raise found
    return found
