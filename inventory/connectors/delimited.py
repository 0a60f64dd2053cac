"""Rows of a delimited text file, at the speed of `readline`, with the file's own line numbers.

Why not the `csv` module: it has no line of its own for a row that is broken (an unclosed quote swallows the rest of the
file), its field limit is a setting of the whole process, and audit exports, of which nine tenths are one quoted JSON
field, are read three times as fast by looking for the ends of that field (see `purview_audit`).
"""

import codecs
import io
from collections import deque
from collections.abc import Callable, Iterator
from itertools import count
from typing import Any, NamedTuple, cast

from inventory.connectors.base import MAX_NAME, MAX_ROW_BYTES, Source, UnknownFormatError, Unreadable

_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))


class UnclosedQuoteError(ValueError):
    """A quoted field is opened and not closed."""


_new = tuple.__new__  # what a NamedTuple's own constructor calls, without its keywords: half the time


class Row(NamedTuple):
    line: int  # of the file, at which the row begins; the first is 1
    raw: bytes  # UTF-8, without its line end


def as_utf8(source: io.BufferedReader) -> Source:
    """The source, which stands at its beginning, as UTF-8 lines: a byte order mark is taken away, UTF-16 recoded."""
    start = source.peek(4)[:4]
    for mark, encoding in _BOMS:
        if start.startswith(mark):
            source.read(len(mark))
            return source if encoding == "utf-8" else _recoded(source, encoding)
    if len(start) == 4 and start[0] and start[2] and not (start[1] or start[3]):
        return _recoded(source, "utf-16-le")  # without a mark, but the zeros of plain letters tell
    if len(start) == 4 and start[1] and start[3] and not (start[0] or start[2]):
        return _recoded(source, "utf-16-be")
    return source


def _recoded(source: io.BufferedReader, encoding: str) -> Source:
    return cast("Source", io.BufferedReader(_Recoder(source, encoding), 1 << 20))


class _Recoder(io.RawIOBase):
    """UTF-16 in, UTF-8 out, a block at a time; what can't be decoded becomes the replacement character."""

    def __init__(self, source: io.BufferedReader, encoding: str) -> None:
        super().__init__()
        self._source = source
        self._decoder = codecs.getincrementaldecoder(encoding)("replace")
        self._ready = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._ready:
            block = self._source.read(1 << 18)
            self._ready = self._decoder.decode(block, final=not block).encode("utf-8", "replace")
            if not block:
                break
        taken = self._ready[: len(buffer)]
        buffer[: len(taken)] = taken
        self._ready = self._ready[len(taken) :]
        return len(taken)


def split(row: bytes, delimiter: bytes = b",") -> list[bytes]:
    """The fields of a row (RFC 4180; what stands behind a closing quote still belongs to its field).

    Raises UnclosedQuoteError.
    """
    fields: list[bytes] = []
    start, length = 0, len(row)
    while True:
        if row[start : start + 1] == b'"':
            end = _closing_quote(row, start + 1)
            stop = row.find(delimiter, end + 1)
            stop = length if stop < 0 else stop
            fields.append(row[start + 1 : end].replace(b'""', b'"') + row[end + 1 : stop])
        else:
            stop = row.find(delimiter, start)
            stop = length if stop < 0 else stop
            fields.append(row[start:stop])
        if stop == length:
            return fields
        start = stop + 1


def _closing_quote(row: bytes, start: int) -> int:
    while True:
        at = row.find(b'"', start)
        if at < 0:
            raise UnclosedQuoteError
        if row[at + 1 : at + 2] != b'"':
            return at
        start = at + 2


def rows(
    source: Source,
    *,
    first_line: int = 1,
    from_line: int = 0,
    begins_row: Callable[[bytes], object] | None = None,
    ends_row: tuple[bytes, ...] = (),
    delimiter: bytes = b",",
) -> Iterator[Row | Unreadable]:
    """The rows of a file, blank lines left out; a row with quoted line breaks is one row of several lines.

    `first_line` is the number of the line at which `source` stands, `from_line` that of the first one wanted.
    A row that is opened and never closed costs only its own line: reading goes on with the next one, and at the latest
    where `begins_row` knows a line as the beginning of a new row. Every line is looked at twice at most.
    `ends_row`: a line that ends so is known to be whole, which spares counting its quotes.
    """
    lines = _Lines(source, first_line, from_line)
    for number, line in lines:
        if line is None:
            yield Unreadable(number, f"The line is longer than {MAX_ROW_BYTES:,} bytes.", lines.overlong)
        elif line.endswith(ends_row) or line.count(b'"') % 2 == 0 or not _is_open(line, delimiter):
            if line and not line.isspace():
                yield _new(Row, (number, line))
        else:
            yield lines.closed(number, line, begins_row)


def _is_open(line: bytes, delimiter: bytes) -> bool:
    try:
        split(line, delimiter)
    except UnclosedQuoteError:
        return True
    return False


class _Lines:
    """Lines with their numbers and without their ends; None for one that is too long. Some can be put back."""

    def __init__(self, source: Source, first_line: int, from_line: int) -> None:
        self._readline = source.readline
        self._numbers = count(first_line)
        self._put_back: deque[tuple[int, bytes | None]] = deque()
        self.overlong = b""  # the beginning of the latest line that was too long
        for _ in zip(range(first_line, from_line), self, strict=False):
            pass

    def __iter__(self) -> Iterator[tuple[int, bytes | None]]:
        """What is left. Several may go through it at once: each line comes to one of them."""
        readline, numbers, put_back = self._readline, self._numbers, self._put_back
        while True:
            if put_back:
                yield put_back.popleft()
                continue
            line = readline(MAX_ROW_BYTES)
            if not line:
                return
            if len(line) == MAX_ROW_BYTES and line[-1:] != b"\n":
                self.overlong = line[:4096]
                while line and line[-1:] != b"\n":
                    line = readline(1 << 20)
                yield next(numbers), None
            else:
                yield next(numbers), line.rstrip(b"\r\n")

    def closed(self, number: int, first: bytes, begins_row: Callable[[bytes], object] | None) -> Row | Unreadable:
        """The row that `first` opens, read on to the line that closes it."""
        taken: list[tuple[int, bytes | None]] = []
        size = len(first)
        for following in self:
            taken.append(following)
            line = following[1]
            if line is None or (begins_row and begins_row(line)):
                break
            size += len(line) + 1
            if size > MAX_ROW_BYTES:
                break
            if line.count(b'"') % 2:
                return Row(number, b"\n".join([first, *(text or b"" for _, text in taken)]))
        self._put_back.extendleft(reversed(taken))
        return Unreadable(number, "A quoted field is opened and never closed.", first)


class Header(NamedTuple):
    """The header row: folded names, the delimiter, and the number of the line after it."""

    columns: list[str]
    delimiter: bytes
    next_line: int
    written: list[str]  # the names as they stand in the file

    def position(self, *names: str) -> int | None:
        """Where the first of the names stands."""
        return next((self.columns.index(name) for name in names if name in self.columns), None)


def read_header(source: Source) -> Header:
    """The first line that is not blank and not PowerShell's `#TYPE`. Comma, semicolon and tab delimit.

    Raises UnknownFormatError where there is none.
    """
    for number in count(1):
        line = source.readline(1 << 16)
        if not line:
            raise UnknownFormatError("The file is empty.")
        if line.isspace() or line.startswith(b"#TYPE"):
            continue
        line = line.rstrip(b"\r\n")
        try:
            fields, delimiter = max(((split(line, mark), mark) for mark in (b",", b";", b"\t")), key=_width)
        except UnclosedQuoteError:
            raise UnknownFormatError("The first row is no header row: a quote is not closed.") from None
        return Header(folded(fields), delimiter, number + 1, [text(field)[:MAX_NAME] for field in fields])
    raise AssertionError("count() ends never")


def _width(split_up: tuple[list[bytes], bytes]) -> int:
    return len(split_up[0])


def folded(header: list[bytes]) -> list[str]:
    """Column names for comparing: lower case, letters and digits only (`User principal name` → `userprincipalname`)."""
    names = (name.decode("utf-8", "replace").casefold() for name in header)
    return ["".join(filter(str.isalnum, name)) for name in names]


def text(value: bytes) -> str:
    """A field as text: UTF-8, else the Western European code page that spreadsheets write; no control characters."""
    try:
        decoded = value.decode("utf-8")
    except UnicodeDecodeError:
        decoded = value.decode("cp1252", "replace")
    return clean(decoded)


def clean(value: str) -> str:
    """The text without control characters, which neither the database nor a page can take, and without outer space."""
    if not value.isprintable():
        value = "".join(c if c.isprintable() else " " for c in value)
    return value.strip()
