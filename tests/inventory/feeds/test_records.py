"""Structured files as records: every form, and what is lost where something is broken."""

import io
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inventory.connectors import records
from inventory.connectors.base import NoRecordError, UnknownFormatError, Unreadable
from inventory.connectors.delimited import as_utf8
from inventory.connectors.registry import recognise

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**9), 10**9) | st.text(max_size=20),
    lambda part: st.lists(part, max_size=4) | st.dictionaries(st.text(max_size=8), part, max_size=4),
    max_leaves=12,
)
# The name of a wrapper's list is no name of a record's member here: a record that holds such a list is taken for one
RECORDS = st.lists(st.dictionaries(st.sampled_from(["id", "Name", "é", "n"]), VALUES, max_size=4), max_size=6)


def found(raw: bytes) -> list[Any]:
    return [record for _, record in records.read(as_utf8(io.BufferedReader(io.BytesIO(raw))))]  # type: ignore[arg-type]


FORMS: dict[str, Callable[[list[dict]], str]] = {
    "array": json.dumps,
    "pretty": lambda given: json.dumps(given, indent=2),
    "value": lambda given: json.dumps({"@odata.context": "x", "value": given, "@odata.nextLink": "https://x/[{"}),
    "text": lambda given: json.dumps({"LastPage": True, "ResultData": json.dumps(given)}),
    "lines": lambda given: "\n".join(map(json.dumps, given)),
    "array of lines": lambda given: "[\n" + ",\n".join(map(json.dumps, given)) + "\n]",
}


@pytest.mark.parametrize("form", FORMS)
@given(given_=RECORDS)
def test_every_form_gives_the_same_records(form: str, given_: list[dict]) -> None:
    text = FORMS[form](given_)
    if text:
        assert found(text.encode()) == given_


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_byte_order_marks_are_read(encoding: str) -> None:
    assert found('[{"name":"Größe"}]'.encode(encoding)) == [{"name": "Größe"}]


def test_a_record_before_a_list_of_records_is_not_passed_over() -> None:
    assert found(b'{"a":1}\n{"value":[{"b":2},{"c":3}]}\n{"d":4}\n') == [{"a": 1}, {"b": 2}, {"c": 3}, {"d": 4}]


def test_a_record_longer_than_a_block_is_read() -> None:
    long = [{"id": n, "text": "x" * 400_000} for n in range(3)]
    assert found(json.dumps(long).encode()) == long


@pytest.mark.parametrize(
    ("raw", "read"),
    [
        ('[{"a":1},{"b":nope},{"c":1}]', [1, "Expecting value", 1]),
        ('[{"a":1},{"b":[{"q":1},{"r":nope}]},{"c":1}]', [1, "Expecting value", 1]),
        ('{"a":1}\n{"b":\n{"c":1}\n', [1, "Expecting"]),
        ('{"a":1}\n{"b":"open\n{"c":1}\n', [1, "Expecting"]),
        ('[1,"text",{"a":1}]', ["no record", "no record", 1]),
        ('[{"a":1},{"b":' + "[" * 100_000 + "]" * 100_000 + '},{"c":1}]', [1, "nested too deeply", 1]),
        ('[{"a":1},{"b":' + "9" * 5000 + '},{"c":1}]', [1, "too many digits", 1]),
        ('[{"a":1},{"b":"cut off', [1, "Unterminated"]),
    ],
)
def test_what_is_broken_costs_itself(raw: str, read: list[Any]) -> None:
    for one, wanted in zip(found(raw.encode()), read, strict=False):
        if isinstance(wanted, str):
            assert isinstance(one, Unreadable)
            assert wanted in one.reason
        else:
            assert list(one.values()) == [wanted]


def test_an_endless_record_does_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(records, "MAX_ROW_BYTES", 1 << 16)
    monkeypatch.setattr(records, "_BLOCK", 1 << 12)
    endless = '[{"a":"' + "x" * (1 << 20) + '"},\n{"b":1}]'
    first, *rest = found(endless.encode())
    assert isinstance(first, Unreadable)
    assert "longer than" in first.reason
    assert rest[-1] == {"b": 1}


@given(raw=st.binary(max_size=300))
def test_no_bytes_break_the_reader(raw: bytes) -> None:
    for start in (b"[", b"{", b'{"value":['):
        for place, record in records.read(io.BufferedReader(io.BytesIO(start + raw))):  # type: ignore[arg-type]
            assert place >= 1
            assert isinstance(record, dict | Unreadable)


def test_reading_goes_on_at_a_place() -> None:
    source = io.BufferedReader(io.BytesIO(b'[{"n":1},{"n":2},{"n":3}]'))  # type: ignore[arg-type]
    assert list(records.read(source, 2)) == [(2, {"n": 2}), (3, {"n": 3})]


def test_a_table_gives_records_by_folded_names() -> None:
    assert found(b"Record Id,LLM-Data\n7,x\n") == [{"recordid": "7", "llmdata": "x"}]


def test_members_are_found_whatever_their_case() -> None:
    assert records.member({"ID": "", "recordId": 7}, "id", "recordid") == 7
    assert records.inner('{"a":1}') == {"a": 1}
    assert records.inner("{broken") is None
    assert records.inner("text") == "text"


def test_a_file_whose_first_record_is_broken_says_so() -> None:
    with pytest.raises(UnknownFormatError, match="can't be read as such"):
        records.names(io.BufferedReader(io.BytesIO(b'{"value":[{')))  # type: ignore[arg-type]


GOOD = b'{"systemAlertId":"a-1","StartTimeUtc":"2026-07-14T09:12:36Z"}'


@pytest.mark.parametrize(
    "broken",
    [b'{"systemAlertId": nope,', b'{"a":', b"[7]", b'{"a":' + b"[" * 3000 + b"]" * 3000 + b"}", b'{"a":1e', b"{" * 50],
    ids=["value", "end", "number", "depth", "digits", "braces"],
)
@pytest.mark.parametrize("form", [b"[%s,\n%s]", b"%s\n%s\n", b'{"value":[%s,\n%s]}'], ids=["array", "lines", "wrapped"])
def test_a_broken_beginning_hides_no_kind(form: bytes, broken: bytes) -> None:
    raw = form % (broken, GOOD)
    kind = recognise(io.BufferedReader(io.BytesIO(raw)))  # type: ignore[arg-type]
    assert kind.kind == "security_alerts"
    items = list(kind.read(io.BufferedReader(io.BytesIO(raw))))  # type: ignore[arg-type]
    assert isinstance(items[0], Unreadable)
    assert not isinstance(items[-1], Unreadable)


@pytest.mark.parametrize("empty", [b"[]", b'{"@odata.context":"x","value":[]}', b'{"ResultData":"[]"}'])
def test_no_record_is_no_kind(empty: bytes) -> None:
    with pytest.raises(NoRecordError):
        recognise(io.BufferedReader(io.BytesIO(empty)))  # type: ignore[arg-type]
