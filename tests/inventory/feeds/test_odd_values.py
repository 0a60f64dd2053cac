"""Whatever stands at any place of a record costs that record at most: of every sample, each place in turn holds what
nobody expects there, and the record after it is read as ever."""

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from inventory.connectors import records
from inventory.connectors.base import Unreadable
from inventory.connectors.delimited import as_utf8, read_header
from inventory.connectors.moments import moment, moment_of
from inventory.connectors.registry import CONNECTORS, recognise
from tests.inventory.feeds.files import SAMPLES, audit_text, csv_text, items, record

PLACE = '"@@"'
ODD = [
    "1" + "0" * 400, "-1", "1.5", "1e308", "NaN", "-Infinity", "true", "null", "[]", "{}", "[null, 7, [[]]]",
    '{"name": {"x": [1]}, "type": {}}', '["\\ud800"]', '"\\ud800"', '"\\u0000"', '"[{"', '"{\\"a\\": [1]}"', '""',
    '"9999-12-31T23:59:59-14:00"', '"0001-01-01T00:00:00+14:00"', json.dumps("9" * 25), '"\\u0661\\u0662"',
]  # fmt: skip
FILES = sorted(
    path.relative_to(SAMPLES).as_posix()
    for path in SAMPLES.rglob("*.json")
    if not path.stem.startswith(("none", "hostile"))
)
TABLES = sorted(path.relative_to(SAMPLES).as_posix() for path in SAMPLES.rglob("*many*.csv"))


def opened(raw: bytes) -> Any:
    return io.BufferedReader(io.BytesIO(raw))


def places(value: Any, here: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place below the value, of lists the first two alone."""
    if here:
        yield here
    inner = value.items() if isinstance(value, dict) else enumerate(value[:2]) if isinstance(value, list) else ()
    for key, below in inner:
        yield from places(below, (*here, key))


def with_a_place(value: Any, path: tuple[Any, ...]) -> Any:
    if not path:
        return "@@"
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = with_a_place(value[path[0]], path[1:])
    return copy


@pytest.mark.parametrize("name", FILES)
def test_no_value_breaks_the_reader_of_a_kind(name: str) -> None:
    raw = (SAMPLES / name).read_bytes()
    kind = recognise(opened(raw))
    given = [one for _, one in records.read(as_utf8(opened(raw))) if not isinstance(one, Unreadable)]
    first, last = given[0], json.dumps(given[-1])
    alone = list(kind.read(as_utf8(opened(f"[{last}]".encode()))))
    for path in places(first):
        text = json.dumps(with_a_place(first, path))
        for odd in ODD:
            found = list(kind.read(as_utf8(opened(f"[{text.replace(PLACE, odd)},{last}]".encode()))))
            assert len(found) >= len(alone), (path, odd)
            assert type(found[-1]) is type(alone[-1]), (path, odd)


@pytest.mark.parametrize("name", TABLES)
def test_no_cell_breaks_the_reader_of_a_table(name: str) -> None:
    raw = (SAMPLES / name).read_bytes()
    kind, header = recognise(opened(raw)), read_header(as_utf8(opened(raw)))
    row = ["x"] * len(header.written)
    for place in range(len(row)):
        for odd in ODD:
            cells = [*row[:place], odd, *row[place + 1 :]]
            text = csv_text([header.written, cells, row], delimiter=header.delimiter.decode())
            assert len(list(kind.read(as_utf8(opened(text.encode("utf-8", "replace")))))) == 2, (place, odd)


@pytest.mark.parametrize("depth", [40, 900, 988, 989])
@pytest.mark.parametrize("name", ["alerts_event_hub.json", "audit_blob.json", "explorer_many.json", "users_graph.json"])
@pytest.mark.parametrize("member", ["deep", "prompt", "SystemAlertId", "Id", "Entities"])
def test_what_is_nested_deeply_breaks_no_reader(name: str, member: str, depth: int, tmp_path: Path) -> None:
    raw = (SAMPLES / name).read_bytes()
    kind = recognise(opened(raw))
    whole = next(one for _, one in records.read(as_utf8(opened(raw))) if not isinstance(one, Unreadable))
    kept = {key: value for key, value in whole.items() if key.casefold() != member.casefold()}
    deep = json.dumps({**kept, member: "@@"}).replace(PLACE, "[" * depth + '"what somebody asked"' + "]" * depth)
    found = list(kind.read(as_utf8(opened(f"[{deep},{json.dumps(whole)}]".encode()))))
    assert len(found) == 2
    assert not isinstance(found[1], Unreadable)


def test_a_prompt_nested_deeply_is_refused_and_not_kept() -> None:
    deep = json.dumps(record(prompt="@@")).replace(PLACE, "[" * 900 + '"what somebody asked"' + "]" * 900)
    for text in (f"[{deep}]", csv_text([["RecordId", "Operation", "AuditData"], ["1", "CopilotInteraction", deep]])):
        (found,) = items(text)
        assert found.reason.startswith("Contains content")
        assert found.text.endswith(b"what somebody asked")


@pytest.mark.parametrize(
    "written",
    [
        "9999-12-31T23:59:59",
        "9999-12-31T23:59:59Z",
        "0001-01-01T00:00:00",
        "1601-01-01T00:00:00Z",
        "1/1/0001 0:00",
        "2200-01-01T00:00:00",
    ],
)
def test_no_record_is_of_a_time_that_cannot_be(written: str) -> None:
    """Programs write such times for none; and pages add hours to the time of an alert, which has to be countable."""
    assert moment(written) is None
    assert moment_of(written) is None
    alert = {"SystemAlertId": "a", "AlertType": "AI.Azure_X", "StartTime": written}
    (found,) = CONNECTORS["security_alerts"].read(as_utf8(opened(json.dumps(alert).encode())))
    assert isinstance(found, Unreadable)


def test_seconds_of_a_time_that_cannot_be_are_none() -> None:
    assert moment_of(99999999999) is None
    assert moment_of("99999999999999999999") is None
    line = b"99999999999.123 5 10.0.0.1 TCP_MISS/200 1 GET https://chatgpt.com/ u HIER_DIRECT/1.2.3.4 text/html\n"
    (found,) = CONNECTORS["cloud_discovery"].read(as_utf8(opened(line)))
    assert isinstance(found, Unreadable)


@pytest.mark.parametrize("form", ["json", "csv"])
def test_no_name_of_a_person_is_endless(form: str) -> None:
    told = record(UserId="x" * 10_000 + "\x00")
    text = audit_text(told) if form == "csv" else json.dumps([told])
    (found,) = items(text)
    assert len(found.user) == 300
