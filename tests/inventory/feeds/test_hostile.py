"""What a file may do to whoever reads it, for every kind: nothing but end in quarantine, in bounded memory and time."""

import gzip
import io
import json
import tracemalloc
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import Settings

from inventory.connectors import chunks, delimited, records
from inventory.connectors.base import Unreadable
from inventory.connectors.delimited import as_utf8
from inventory.connectors.mapped import Mapped, Mapping, layout_of
from inventory.connectors.moments import moment_of
from inventory.connectors.registry import CONNECTORS, recognise
from inventory.models import AgentListing, Interaction, QuarantinedRow, Sighting
from inventory.services.imports import import_file, reading
from tests.inventory.feeds.files import SAMPLES, audit_text, days_ago, guid, record, write

MAPPED_HEADER = b"when,who,tool\n"
HEADERS = {
    "purview_audit": b"RecordId,CreationDate,RecordType,Operation,UserId,AuditData\n",
    "entra_users": b"userPrincipalName,displayName,id,department\n",
    "security_alerts": b"SystemAlertId,AlertType,StartTime,Severity\n",
    "agents": b"AgentId,AgentName,PublishedStatus,Timestamp\n",
    "otel_spans": b"traceId,spanId,startTimeUnixNano\n",
    "metrics": b"system,metric,group,value,time\n",
    "activity_explorer": b"RecordIdentity,Activity,Happened,User\n",
    "sensitivity_labels": b"Priority,Name,DisplayName,Guid\n",
    "information_types": b"Name,Id,Publisher,RecommendedConfidence\n",
    "cloud_apps": b"id,displayName,category,riskScore\n",
    "cloud_discovery": b"Date,SourceIP,SourceUser,DestinationURL,TotalBytes\n",
    "content_notifications": b"contentUri,contentType,contentId\n",
    "mapped": MAPPED_HEADER,
}
KINDS = sorted(HEADERS)
RECORDS: dict[str, dict[str, Any]] = {
    "purview_audit": {"Id": guid(1), "CreationTime": "2026-11-02T10:00:00", "Operation": "CopilotInteraction"},
    "security_alerts": {"SystemAlertId": "a-1", "AlertType": "AI.Azure_X", "StartTime": "2026-11-02T10:00:00Z"},
    "agents": {"AgentId": "a-1", "AgentName": "n", "PublishedStatus": "Draft"},
    "otel_spans": {"traceId": "a" * 32, "spanId": "b" * 16, "startTimeUnixNano": "1784020356000000000"},
    "metrics": {"system": "s", "metric": "m", "value": 1, "time": "2026-11-02"},
    "activity_explorer": {"RecordIdentity": guid(1), "Activity": "AI interaction", "Happened": "2026-11-02T10:00:00Z"},
    "entra_users": {"id": guid(1), "userPrincipalName": "ann@x.example", "accountEnabled": True},
    "sensitivity_labels": {"id": guid(1), "name": "Secret", "sensitivity": 3, "isActive": True},
    "information_types": {"id": guid(1), "name": "Card", "publisher": "M", "recommendedConfidence": 75},
    "cloud_apps": {"id": "a-1", "displayName": "n", "category": "generativeAi", "riskScore": 3},
    "content_notifications": {"contentUri": "u", "contentType": "Audit.General"},
}


def test_no_kind_is_left_out() -> None:
    assert HEADERS.keys() == {*CONNECTORS, "mapped"}
    assert RECORDS.keys() == CONNECTORS.keys() - {"cloud_discovery"}  # which are lines and tables


def connector(kind: str) -> Any:
    if kind == "mapped":
        digest = layout_of(io.BufferedReader(io.BytesIO(MAPPED_HEADER + b"1,2,3\n"))).digest
        return Mapped(Mapping("m", "interactions", digest, {"time": 0, "user": 1, "application": 2}, {}))
    return CONNECTORS[kind]


def read(kind: str, raw: bytes) -> list[Any]:
    return list(connector(kind).read(as_utf8(io.BufferedReader(io.BytesIO(raw)))))


class Endless(io.RawIOBase):
    """A file of any size that lies nowhere: a beginning, then one byte again and again, then an end."""

    def __init__(self, start: bytes, filler: bytes, size: int, end: bytes) -> None:
        super().__init__()
        self._parts = iter([start, *([filler * (1 << 20)] * (size >> 20)), end])
        self._left = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._left:
            try:
                self._left = next(self._parts)
            except StopIteration:
                return 0
        taken = self._left[: len(buffer)]
        buffer[: len(taken)] = taken
        self._left = self._left[len(taken) :]
        return len(taken)


def peak(work: Callable[[], Any]) -> tuple[Any, int]:
    tracemalloc.start()
    try:
        return work(), tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


LIMIT = 1 << 20  # of a row, an eighth of the real one
SIZE = 16 * LIMIT  # more than may be kept of it, and nothing is, so five gigabytes would show the same


@pytest.fixture
def _short_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (delimited, records):
        monkeypatch.setattr(module, "MAX_ROW_BYTES", LIMIT)


@pytest.mark.usefixtures("_short_rows")
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("filler", [b"x", b'"', b"\x00"], ids=["letters", "quotes", "zeros"])
def test_an_endless_line_costs_itself_and_little_memory(kind: str, filler: bytes) -> None:
    source = Endless(HEADERS[kind] + b'"', filler, SIZE, b"\nlast,1,2,3,4,5\n")
    found, most = peak(lambda: list(connector(kind).read(as_utf8(io.BufferedReader(source)))))
    assert isinstance(found[0], Unreadable)
    assert f"longer than {LIMIT:,}" in found[0].reason
    assert len(found[0].raw) <= 4096
    assert len(found) == 2  # and the row after it is read
    assert most < 8 * LIMIT


@pytest.mark.usefixtures("_short_rows")
@pytest.mark.parametrize("kind", sorted(RECORDS))
@pytest.mark.parametrize("start", [b'[{"a":"', b'{"value":[{"a":"', b'{"a":' + b"[" * 5000 + b'"', b"[" * 100])
def test_an_endless_record_costs_itself_and_little_memory(kind: str, start: bytes) -> None:
    source = Endless(start, b"x", SIZE, b'"},\n' + json.dumps(RECORDS[kind]).encode() + b"]")
    found, most = peak(lambda: list(connector(kind).read(as_utf8(io.BufferedReader(source)))))
    assert isinstance(found[0], Unreadable)
    assert len(found[0].raw) <= 4 * 4096
    assert most < 12 * LIMIT


@pytest.mark.parametrize("kind", sorted(RECORDS))
@pytest.mark.parametrize("depth", [50, 900, 1100, 10_000, 100_000])
@pytest.mark.parametrize("marks", ["[]", ('{"a":', "}")], ids=["lists", "objects"])
def test_deep_json_costs_itself(kind: str, depth: int, marks: Any) -> None:
    opening, closing = marks
    deep = opening * depth + ("1" if opening != "[" else "") + closing * depth
    whole = json.dumps(RECORDS[kind])
    broken = whole[:-1] + f', "deep": {deep}}}'
    incomplete = json.dumps(dict.fromkeys(RECORDS[kind]))[:-1] + f', "deep": {deep}}}'
    raw = f"[{whole},{broken},{incomplete},{whole}]".encode()
    found = read(kind, raw)
    assert len(found) == 4
    assert type(found[0]) is type(found[3]) is not Unreadable


def test_deep_json_within_an_audit_record_costs_the_row() -> None:
    rows = [record(), record(), record()]
    text = audit_text(*rows).replace(
        '""AccessedResources"":[]', '""AccessedResources"":' + "[" * 10_000 + "]" * 10_000, 1
    )
    kinds = [type(one) for one in read("purview_audit", text.encode())]
    assert len(kinds) == 3
    assert kinds.count(Unreadable) == 1


@pytest.mark.parametrize(
    "broken",
    ['{"a":nope\n', '{"a"\n', "{\n", '{"a":"open\n', "[[[\n", '{"a":{"b":\n', '{"b":"}{\n', "}{\n", '"\n', '{"a":1e\n'],
)
def test_broken_records_are_not_looked_at_again_and_again(broken: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The search for the end of each is bounded by what was read, so that time grows with the file, not its square."""
    searched = 0
    end_of = records._end_of

    def counted(written: str, start: int) -> int | None:
        nonlocal searched
        found = end_of(written, start)
        searched += min(records._REACH, len(written) - start) if found is None else found - start
        return found

    monkeypatch.setattr(records, "_end_of", counted)
    raw = b"[" + broken.encode() * 8_000
    for _ in records.read(io.BufferedReader(io.BytesIO(raw))):
        pass
    assert searched <= 3 * len(raw) + 2 * records._REACH


ENCODINGS = ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"]


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("name", ["audit_many.csv", "users_many.csv", "alerts_arm.json", "agents/many_xdr_agents.json"])
def test_every_encoding_gives_the_same(encoding: str, name: str) -> None:
    raw = (SAMPLES / name).read_text("utf-8-sig").encode(encoding)
    source = io.BufferedReader(io.BytesIO(raw))
    kind = recognise(source).kind
    plain = read(kind, (SAMPLES / name).read_bytes())
    assert read(kind, raw) == plain
    assert not [one for one in plain if isinstance(one, Unreadable)]


@pytest.mark.parametrize("kind", KINDS)
def test_zeros_and_broken_quoting_cost_at_most_their_rows(kind: str) -> None:
    rows = [
        b"a\x00b,\x00,c,d,e",
        b'"open,1,2',
        b'x"y"z,"a""b",c',
        b'"a"tail,"b',
        b",,,,,,,,,",
        b"\x00" * 50,
        b"\xff\xfe,\x80",
    ]
    found = read(kind, HEADERS[kind] + b"\n".join(rows) + b"\n")
    assert 5 <= len(found) <= len(rows)
    assert len({one.line for one in found}) == len(found)


@pytest.mark.parametrize("kind", KINDS)
@given(st.binary(max_size=200))
def test_no_bytes_break_any_reader_of_tables(kind: str, raw: bytes) -> None:
    for one in read(kind, HEADERS[kind] + raw):
        assert one.line >= 1


@pytest.mark.parametrize("kind", sorted(RECORDS))
@given(st.binary(max_size=200), st.sampled_from([b"[", b'{"value":[', b'{"resourceSpans":[', b""]))
def test_no_bytes_break_any_reader_of_records(kind: str, raw: bytes, start: bytes) -> None:
    whole = json.dumps(RECORDS[kind]).encode()
    for one in read(kind, start + whole + b"," + raw + whole):
        assert one.line >= 1


MOMENTS = {
    "2026-07-14T09:12:36": "2026-07-14T09:12:36",
    "2026-07-14T09:12:36.1234567Z": "2026-07-14T09:12:36.123456",
    "2026-07-14T11:12:36+02:00": "2026-07-14T09:12:36",
    "7/14/2026 9:12:36 AM": "2026-07-14T09:12:36",
    "7/14/2026 21:12": "2026-07-14T21:12:00",
    "7/14/2026": "2026-07-14T00:00:00",
    "14.07.2026 09:12": "2026-07-14T09:12:00",
    "2026-07-14": "2026-07-14T00:00:00",
    "20260714": "2026-07-14T00:00:00",
    "1784020356": "2026-07-14T09:12:36",
    "1784020356000": "2026-07-14T09:12:36",
    "1784020356000000000": "2026-07-14T09:12:36",
}


@pytest.mark.parametrize("written", MOMENTS)
def test_every_kind_of_date_is_read(written: str) -> None:
    found = moment_of(written)
    assert found is not None
    assert found.isoformat().removesuffix("+00:00") == MOMENTS[written]


@given(st.text(max_size=40) | st.integers() | st.floats() | st.none() | st.booleans())
def test_nothing_breaks_the_reading_of_dates(value: Any) -> None:
    found = moment_of(value)
    assert found is None or found.utcoffset().total_seconds() == 0  # type: ignore[union-attr]


def lines(count: int, of: Callable[[int], dict[str, Any]]) -> Iterator[bytes]:
    for n in range(count):
        yield json.dumps(of(n)).encode() + b"\n"


def test_chunks_are_bounded_by_bytes_whatever_the_rows_hold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chunks, "MOST_BYTES_A_CHUNK", 4 << 20)
    path = tmp_path / "alerts.json"
    with path.open("wb") as file:
        file.writelines(
            lines(30, lambda n: {**RECORDS["security_alerts"], "SystemAlertId": f"a{n}", "Filler": "x" * (1 << 19)})
        )
        file.writelines(lines(30, lambda n: {"AlertType": "no id", "Filler": "x" * (1 << 19)}))
    task = chunks.Task(str(path), "security_alerts", 0, "2000-01-01T00:00:00+00:00", 50_000)
    rows = [chunk.rows for chunk in chunks.read(task)]
    assert sum(rows) == 60
    assert max(rows) <= 20
    found, most = peak(lambda: sum(len(one.raw) for chunk in chunks.read(task) for one in chunk.unreadable))
    assert found <= 30 * 16 * 1024
    assert most < 48 << 20


def test_little_is_left_to_store_when_a_file_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chunks, "LAST_BYTES", 2 << 20)
    path = tmp_path / "audit.jsonl"
    with path.open("wb") as file:
        file.writelines(lines(800, lambda n: {"Id": f"r{n}", "Operation": "Other", "Filler": "x" * (1 << 15)}))
    task = chunks.Task(str(path), "purview_audit", 0, "2000-01-01T00:00:00+00:00", 50_000)
    rows = [chunk.rows for chunk in chunks.read(task)]
    assert sum(rows) == 800
    assert len(rows) > 3
    assert rows == sorted(rows, reverse=True)
    assert rows[-1] <= 128  # of 32 KB each: what the end may hold, and what of the file is at hand


@pytest.mark.django_db
def test_a_great_many_agents_are_stored_in_bounded_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "CHUNK_ROWS", 250)

    def agent(n: int) -> dict[str, Any]:
        return {
            "AgentId": f"agent-{n}",
            "AgentName": f"Bot {n}",
            "PublishedStatus": "Published",
            "Owners": f"o{n}@x.example",
        }

    sizes = []
    for count in (500, 2_000):
        path = tmp_path / "agents.jsonl"
        path.write_bytes(b"".join(lines(count, agent)))
        summary, most = peak(partial(import_file, actor=None, path=path))
        assert summary.stored + summary.duplicates == summary.rows == count
        sizes.append(most)
    assert AgentListing.objects.count() == Sighting.objects.count() == 2_000
    assert sizes[1] < sizes[0] * 1.5 + (256 << 10)


@pytest.mark.django_db
@pytest.mark.parametrize("form", ["csv", "json", "gz"])
def test_every_row_is_accounted_for_whatever_the_file(tmp_path: Path, form: str, settings: Settings) -> None:
    """Good, broken, repeated, old and foreign rows of every kind, with names that mean harm."""
    settings.INTERACTION_RETENTION_DAYS = 700
    nasty = ['<img src=x onerror="alert(1)">', "=cmd|'/C calc'!A0", "a\x00b\u202e", "", "x" * 5000]
    rows: list[dict[str, Any]] = []
    for n, name in enumerate(nasty * 3):
        rows.append(record(Id=guid(n % 7), AgentName=name, UserId=name, CreationTime=days_ago(2)))
        rows.append(record(Id=..., AgentName=name))
        rows.append(record(Operation=name or "Other"))
        rows.append(record(CreationTime=days_ago(800)))
    if form == "csv":
        path = write(tmp_path, "a.csv", audit_text(*rows, "{broken", "", "[1]"))
    else:
        raw = json.dumps(rows)[:-1].encode() + b',{"Id":nope},7]'
        path = write(tmp_path, f"a.{form}", gzip.compress(raw) if form == "gz" else raw)
    summary = import_file(actor=None, path=path)
    assert summary.rows == len(rows) + (3 if form == "csv" else 2)
    assert summary.rows == summary.stored + summary.duplicates + summary.quarantined + summary.ignored
    assert (summary.stored, summary.duplicates, summary.ignored) == (7, 8, 30)
    assert Interaction.objects.count() == 7
    assert QuarantinedRow.objects.count() == summary.quarantined
