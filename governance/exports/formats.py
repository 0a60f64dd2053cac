"""The formats that can be asked for, by name."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from governance.exports import csv, json
from governance.selectors.extent import Column

Encoder = Callable[[Sequence[Column], Iterable[tuple]], Iterator[bytes]]


@dataclass(frozen=True)
class Format:
    name: str
    title: str
    content_type: str
    encode: Encoder


FORMATS = {
    found.name: found
    for found in (
        Format("csv", "CSV (Excel, any spreadsheet)", csv.CONTENT_TYPE, csv.encode),
        Format("json", "JSON (one array)", "application/json", json.encode_array),
        Format("jsonl", "JSON Lines (an object a line)", "application/jsonl", json.encode_lines),
    )
}
