"""Register file → rows: what is wrong with the file's form is reported by line and column, and reading goes on."""

import csv
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, BinaryIO

COLUMNS = (
    "external_id",
    "name",
    "purpose",
    "kind",
    "origin",
    "vendor",
    "department",
    "lifecycle",
    "owner",
    "deputy",
    "identifiers",
)
NEEDED = ("name", "purpose", "kind", "department")
SAVE_AS_UTF8 = "Save the file as “CSV UTF-8” and import it again."


@dataclass(frozen=True, slots=True)
class Problem:
    """Something in the file that has to be mended, by whom the file belongs to."""

    line: int
    column: str  # empty: the whole line
    problem: str
    mend: str

    def __str__(self) -> str:
        place = f"line {self.line}, column {self.column}" if self.column else f"line {self.line}"
        return f"{place}: {self.problem} {self.mend}"


@dataclass(frozen=True, slots=True)
class Row:
    """The cells of one row by column, trimmed. `line` is where it begins, 1 for the header."""

    line: int
    cells: dict[str, str]


@dataclass(slots=True)
class RegisterFile:
    """What was read. With problems, `rows` still holds every row that could be told apart."""

    rows: list[Row] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    sha256: str = ""


def read_register(stream: BinaryIO) -> RegisterFile:
    """Read UTF-8 CSV, with or without a byte order mark, separated by comma, semicolon or tab."""
    found, digest = RegisterFile(), hashlib.sha256()
    lines = _Lines(stream, digest)
    try:
        _read(lines, found)
    finally:
        for _ in lines:  # a file given up half-way still has its digest
            pass
    found.sha256 = digest.hexdigest()
    return found


class _Lines:
    """The file's lines as text, with the digest taken on the way. Bytes that are no UTF-8 become lone surrogates."""

    def __init__(self, stream: BinaryIO, digest: Any) -> None:
        self._stream, self._digest = stream, digest
        self.first = b""

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        raw = self._stream.readline()
        if not raw:
            raise StopIteration
        self._digest.update(raw)
        if not self.first:
            self.first = raw
            raw = raw.removeprefix(b"\xef\xbb\xbf")
        return raw.decode("utf-8", "surrogateescape")


def _read(lines: _Lines, found: RegisterFile) -> None:
    first, skipped = "", 0
    for first in lines:
        if first.strip() and not first.lower().startswith("sep="):  # what some spreadsheets write above the header
            break
        skipped += 1
    if lines.first[:2] in (b"\xff\xfe", b"\xfe\xff"):
        found.problems.append(Problem(1, "", "The file is UTF-16, not UTF-8.", SAVE_AS_UTF8))
        return
    if not first.strip():
        found.problems.append(Problem(1, "", "The file is empty.", f"Begin with a header: {','.join(COLUMNS)}"))
        return
    header_line = skipped + 1
    names, delimiter = _header(first)
    if not _check_header(names, header_line, found):
        return
    _read_rows(csv.reader(lines, delimiter=delimiter, strict=True), names, header_line, found)


def _header(line: str) -> tuple[list[str], str]:
    """The column names and the delimiter that makes most sense of them."""

    def split(delimiter: str) -> list[str]:
        try:
            cells = next(csv.reader([line], delimiter=delimiter))
        except (csv.Error, StopIteration):
            return []
        return ["_".join(cell.strip().casefold().replace("-", " ").split()) for cell in cells]

    candidates = [(split(delimiter), delimiter) for delimiter in (",", ";", "\t")]
    return max(candidates, key=lambda pair: sum(name in COLUMNS for name in pair[0]))


def _check_header(names: list[str], line: int, found: RegisterFile) -> bool:
    for column in NEEDED:
        if column not in names:
            mend = f"Add it to the header; needed are {', '.join(NEEDED)}."
            found.problems.append(Problem(line, column, "The column is missing.", mend))
    for column in sorted({name for name in names if name in COLUMNS and names.count(name) > 1}):
        found.problems.append(Problem(line, column, "The header names this column twice.", "Remove or rename one."))
    unknown = [name for name in names if name and name not in COLUMNS]
    if unknown:
        shown = ", ".join(printable(name) for name in unknown)
        found.notes.append(f"Columns that the register doesn't have were left out: {shown}.")
    return not found.problems


def _read_rows(reader: Any, names: list[str], header_line: int, found: RegisterFile) -> None:
    while True:
        line = header_line + reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            mend = "Check the quotation marks: each text in quotes ends with one. What follows was not read."
            found.problems.append(Problem(line, "", f"The row can't be read ({error}).", mend))
            return
        cells = [cell.strip() for cell in cells]
        if not any(cells):
            continue
        found.rows.append(Row(line, {name: cell for name, cell in zip(names, cells, strict=False) if name in COLUMNS}))
        extra = any(cells[len(names) :])
        if len(cells) < len(names) or extra:
            problem = f"The row has {len(cells)} cells, the header {len(names)}."
            mend = "Put a text that contains the separator or a line break into quotation marks."
            found.problems.append(Problem(line, "", problem, mend))


def printable(text: str, limit: int = 60) -> str:
    """A cell's text as it can stand in a message: one line, shortened, without what no terminal can show."""
    shown = "".join(char if char.isprintable() else "�" for char in " ".join(text.split()))
    return shown if len(shown) <= limit else shown[: limit - 1] + "…"
