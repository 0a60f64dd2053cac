"""Rows with their line numbers, out of good, odd and hostile files."""

import csv
import io
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inventory.connectors import delimited
from inventory.connectors.base import UnknownFormatError, Unreadable
from inventory.connectors.delimited import Row, as_utf8, read_header, rows, split


def read(text: str | bytes, **options: Any) -> list[Any]:
    raw = text.encode() if isinstance(text, str) else text
    return list(rows(as_utf8(io.BufferedReader(io.BytesIO(raw))), **options))


def test_a_row_keeps_the_line_number_of_the_file():
    assert read('a,b\n\n"x\ny",2\r\nlast,3') == [
        Row(1, b"a,b"),
        Row(3, b'"x\ny",2'),
        Row(5, b"last,3"),
    ]


def test_a_row_that_is_never_closed_costs_only_its_own_line():
    found = read('one,1\n"open,2\nthree,3\nfour,4\n')
    assert [row.line for row in found] == [1, 2, 3, 4]
    assert isinstance(found[1], Unreadable)
    assert found[1].raw == b'"open,2'


def test_a_known_beginning_of_a_row_ends_an_open_one():
    """Otherwise the open quote of one cut row closes at the next, and swallows what lies between."""
    text = 'id1,"cut\nid2,"whole"\nid3,"whole"\n'
    found = read(text, begins_row=lambda line: line.startswith(b"id"))
    assert [type(row) for row in found] == [Unreadable, Row, Row]


def test_a_stray_quote_inside_a_field_opens_nothing():
    assert read('5" pipe,1\nnext,2\n') == [Row(1, b'5" pipe,1'), Row(2, b"next,2")]


def test_an_overlong_line_is_one_unreadable_row_and_is_not_held_in_memory(monkeypatch):
    monkeypatch.setattr(delimited, "MAX_ROW_BYTES", 100)
    found = read(b"a,b\n" + b"x" * 5000 + b"\nc,d\n")
    assert [(type(row), row.line) for row in found] == [(Row, 1), (Unreadable, 2), (Row, 3)]


def test_an_open_quote_before_much_text_is_given_up(monkeypatch):
    monkeypatch.setattr(delimited, "MAX_ROW_BYTES", 200)
    found = read('"open\n' + "plain,line\n" * 100)
    assert isinstance(found[0], Unreadable)
    assert len(found) == 101


def test_reading_can_go_on_at_a_line():
    text = 'a\n"b\nc"\nd\ne\n'
    whole = read(text)
    assert read(text, from_line=4) == [row for row in whole if row.line >= 4]
    assert read(text, from_line=1 << 62) == []


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_byte_order_marks_and_utf_16_are_read(encoding):
    assert read("Größe,1\n".encode(encoding)) == [Row(1, "Größe,1".encode())]


def test_the_header_says_the_delimiter_and_skips_powershell_types():
    header = read_header(io.BytesIO(b'#TYPE Selected\n\n"User principal name";"Object ID"\nx;y\n'))
    assert header[:3] == (["userprincipalname", "objectid"], b";", 4)
    assert header.written == ["User principal name", "Object ID"]


@pytest.mark.parametrize("text", [b"", b"\n\n", b'"open'])
def test_a_file_without_a_header_is_refused(text):
    with pytest.raises(UnknownFormatError):
        read_header(io.BytesIO(text))


@given(st.lists(st.text(alphabet='ab,"\r\n;é\x00', max_size=8), min_size=1, max_size=6))
def test_what_csv_writes_is_split_as_csv_reads_it(fields):
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator="").writerow(fields)
    assert [field.decode() for field in split(out.getvalue().encode())] == fields


@given(st.binary(max_size=400))
@settings(max_examples=300)
def test_no_bytes_can_break_the_reader_and_no_line_counts_twice(raw):
    found = read(raw)
    lines = [row.line for row in found]
    assert lines == sorted(set(lines))
    assert all(1 <= line <= raw.count(b"\n") + 1 for line in lines)


@given(st.lists(st.sampled_from(['"', "a", ",", "\n", '"\n', '""', '"a"']), max_size=60))
@settings(max_examples=300)
def test_going_on_at_any_row_finds_the_same_rows(parts):
    raw = "".join(parts).encode()
    found = read(raw)
    for row in found:
        assert read(raw, from_line=row.line) == [one for one in found if one.line >= row.line]
