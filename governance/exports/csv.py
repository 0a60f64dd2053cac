"""CSV for people and their spreadsheets: UTF-8 with BOM, RFC 4180 (CRLF, quotes doubled), always a header row."""

import codecs
import csv
from collections.abc import Iterable, Iterator, Sequence
from io import StringIO
from itertools import islice

from governance.selectors.extent import Column

CONTENT_TYPE = "text/csv; charset=utf-8"
ROWS_A_CHUNK = 500

# A spreadsheet runs a cell that begins with one of these as a formula (OWASP, CSV injection).
FORMULA_STARTS = frozenset("=+-@\t\r")


def neutralised(text: str) -> str:
    """The text with an apostrophe before it where a spreadsheet would take it for a formula."""
    return "'" + text if text and text[0] in FORMULA_STARTS else text


def encode(columns: Sequence[Column], rows: Iterable[tuple]) -> Iterator[bytes]:
    """The file in pieces of some hundred rows, so that memory doesn't grow with the export.

    Only text is neutralised: a negative number stays a number. An unknown value is an empty cell.
    """
    texts = [place for place, column in enumerate(columns) if column.text]
    truths = [place for place, column in enumerate(columns) if column.truth]
    buffer = StringIO()
    writer = csv.writer(buffer, lineterminator="\r\n")
    writer.writerow([column.name for column in columns])
    yield codecs.BOM_UTF8 + _taken(buffer)
    lines = iter(rows)
    while block := list(islice(lines, ROWS_A_CHUNK)):
        writer.writerows(_cells(row, texts, truths) for row in block)
        yield _taken(buffer)


def _cells(row: tuple, texts: list[int], truths: list[int]) -> list:
    cells = list(row)
    for place in texts:
        text = cells[place]
        if text and text[0] in FORMULA_STARTS:
            cells[place] = "'" + text
    for place in truths:
        cells[place] = {True: "true", False: "false", None: None}[cells[place]]
    return cells


def _taken(buffer: StringIO) -> bytes:
    data = buffer.getvalue().encode()
    buffer.seek(0)
    buffer.truncate()
    return data
