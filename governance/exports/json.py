"""JSON for machines: the CSV's columns, numbers as numbers, null for what is not known, times in UTC (ISO 8601)."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

import orjson

from governance.selectors.extent import Column

ROWS_A_CHUNK = 500


def encode_array(columns: Sequence[Column], rows: Iterable[tuple]) -> Iterator[bytes]:
    """One array of objects, an object a line, in pieces of some hundred rows."""
    yield b"["
    between = b"\n"
    for block in _blocks(columns, rows):
        yield between + b",\n".join(block)
        between = b",\n"
    yield b"\n]\n"


def encode_lines(columns: Sequence[Column], rows: Iterable[tuple]) -> Iterator[bytes]:
    """JSON Lines: an object a line, no array around them."""
    for block in _blocks(columns, rows):
        yield b"\n".join(block) + b"\n"


def _blocks(columns: Sequence[Column], rows: Iterable[tuple]) -> Iterator[list[bytes]]:
    names = [column.name for column in columns]
    lines = iter(rows)
    while block := list(islice(lines, ROWS_A_CHUNK)):
        yield [orjson.dumps(dict(zip(names, row, strict=True))) for row in block]
