"""Records of a structured file as dicts, whatever its form: CSV with a header row, or JSON as an array, one object,
an object that wraps a list (`{"value": […]}`), or an object a line.

JSON is read record by record, so memory follows the largest record, not the file. What can't be read costs itself:
reading goes on at the next place that looks like the beginning of a record.
"""

import codecs
import json
import re
from collections.abc import Iterator
from itertools import count, islice
from typing import Any

from inventory.connectors.base import MAX_ROW_BYTES, NoRecordError, Source, UnknownFormatError, Unreadable
from inventory.connectors.delimited import UnclosedQuoteError, folded, read_header, rows, split, text

Record = dict[str, Any]
Place = int  # of a record: its line in CSV, its number in JSON; the first is 1

_WRAPPERS = frozenset(
    {"value", "resultdata", "records", "alerts", "items", "resourcespans"}
)  # names under which lists of records stand
_QUOTED_WRAPPERS = tuple(f'"{name}"' for name in sorted(_WRAPPERS))
_BLOCK = 1 << 16  # small: where something is broken, Python counts the lines up to it
_KEPT = 4096  # characters of what can't be read
_TRIED = 100  # records that are looked at for one that can be read
_SPACE = re.compile(r"[\s,\ufeff\x00]*")
_NEXT = re.compile(r"\n\s*\{|\}\s*,\s*\{")
_BRACKET = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[{}\[\]]', re.DOTALL)  # a text, which may hold brackets, or a bracket
_LIST = re.compile(rf'"({"|".join(sorted(_WRAPPERS))})"\s*:\s*(\[|"\s*\[)', re.IGNORECASE)
_REACH = 1 << 16  # characters in which the end of a broken record is looked for by its brackets
_IN_VAIN = 1  # times the text: how much may be searched for ends that aren't there, so that time stays in proportion
_NEAR_END = 16  # characters: an error this close to the end of what was read may come of the rest being missing
_decode = json.JSONDecoder(strict=False).raw_decode


def is_json(source: Source) -> bool:
    """Whether the source, which stands at its beginning and stays there, holds JSON."""
    return source.peek(64).removeprefix(codecs.BOM_UTF8).lstrip()[:1] in (b"{", b"[")


def read(source: Source, from_place: Place = 0) -> Iterator[tuple[Place, Record | Unreadable]]:
    """The records in order with their places, from `from_place` on."""
    found = _from_json(source) if is_json(source) else _from_table(source, from_place)
    return ((place, record) for place, record in found if place >= from_place)


def names(source: Source) -> list[str]:
    """The folded names of the first readable record's members, and of those one level below: what a kind is recognised
    by.

    Raises UnknownFormatError where none of the first records can be read, or there is none.
    """
    if not is_json(source):
        return read_header(source).columns
    reason = ""
    for _, record in islice(_from_json(source), _TRIED):
        if not isinstance(record, Unreadable):
            inner = [key for value in record.values() if isinstance(value, dict) for key in value]
            return folded([str(key).encode("utf-8", "replace") for key in [*record, *inner]])
        reason = reason or record.reason
    if not reason:
        raise NoRecordError("The file holds no record, so nothing tells its kind.")
    raise UnknownFormatError(f"The file begins as JSON does, but can't be read as such. {reason}")


def member(record: Record, *wanted: str) -> Any:
    """The first of these members that is there and not empty, whatever the case of its name; else None."""
    by_name = {key.casefold(): value for key, value in record.items() if isinstance(key, str)}
    return next((value for name in wanted if (value := by_name.get(name)) not in (None, "")), None)


def inner(value: Any) -> Any:
    """A value that may be JSON within a text, as the programs that flatten records write it."""
    if isinstance(value, str) and value.lstrip()[:1] in ("{", "["):
        try:
            return json.loads(value, strict=False)
        except (ValueError, RecursionError):
            return None
    return value


def as_bytes(record: Record) -> bytes:
    """The record as JSON, for quarantine; without what is nested as deeply as can be read, but not written."""
    plain = {key: value for key, value in record.items() if isinstance(key, str)}
    try:
        written = json.dumps(plain, ensure_ascii=False, default=str)
    except RecursionError:
        flat = {key: value for key, value in plain.items() if not isinstance(value, list | dict)}
        written = json.dumps(flat, ensure_ascii=False, default=str)
    return written.encode("utf-8", "replace")


def _from_table(source: Source, from_line: int) -> Iterator[tuple[Place, Record | Unreadable]]:
    header = read_header(source)
    for row in rows(source, first_line=header.next_line, from_line=from_line, delimiter=header.delimiter):
        if isinstance(row, Unreadable):
            yield row.line, row
            continue
        try:
            cells = split(row.raw, header.delimiter)
        except UnclosedQuoteError:
            yield row.line, Unreadable(row.line, "A quoted field is opened and never closed.", row.raw)
            continue
        yield row.line, dict(zip(header.columns, map(text, cells), strict=False))


def _from_json(source: Source) -> Iterator[tuple[Place, Record | Unreadable]]:
    for place, value in zip(count(1), _values(_Buffer(source)), strict=False):
        if isinstance(value, dict):
            yield place, value
        elif isinstance(value, _Broken):
            yield place, Unreadable(place, value.reason, value.text.encode("utf-8", "replace"))
        else:
            shown = _shown(value).encode("utf-8", "replace")
            yield place, Unreadable(place, "This is no record: an object was expected.", shown)


def _shown(value: Any) -> str:
    try:
        return str(value)[:_KEPT]
    except RecursionError:
        return ""


class _Broken:
    """A stretch that can't be read."""

    def __init__(self, reason: str, raw: str) -> None:
        self.reason, self.text = reason, raw


class _Buffer:
    """The text of a source from the place reached on; as much of it as is needed."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self.text = ""
        self.at = 0
        self.ended = False
        self._in_vain = _IN_VAIN * _REACH  # characters that may still be looked at

    def more(self) -> bool:
        """Read on; False where nothing is left."""
        if self.ended:
            return False
        block = self._source.read(max(_BLOCK, len(self.text) - self.at))
        self.ended = not block
        self.text = self.text[self.at :] + self._decoder.decode(block, final=not block)
        self.at = 0
        self._in_vain += _IN_VAIN * len(block)
        return True

    def next(self) -> str:
        """The character that comes next, after blanks and commas; empty at the end."""
        while True:
            found = _SPACE.match(self.text, self.at)
            self.at = found.end() if found else self.at
            if self.at < len(self.text):
                return self.text[self.at]
            if not self.more():
                return ""

    def value(self) -> Any:
        """The value that begins here; _Broken where it can't be read, and then the place is one after it."""
        while True:
            try:
                value, self.at = _decode(self.text, self.at)
            except json.JSONDecodeError as problem:
                cut = problem.msg.startswith("Unterminated string") or problem.pos >= len(self.text) - _NEAR_END
                if cut and len(self.text) - self.at < MAX_ROW_BYTES and self.more():
                    continue
                too_long = cut and not self.ended
                reason = (
                    f"A record is longer than {MAX_ROW_BYTES:,} bytes."
                    if too_long
                    else f"Not JSON: {problem.msg.removesuffix(' at').removesuffix(' starting')}."
                )
                return self.skip(reason)
            except RecursionError:
                return self.skip("The record is nested too deeply.")
            except ValueError:
                return self.skip("A number in the record has too many digits.")
            return value

    def skip(self, reason: str) -> _Broken:
        """Go behind the record by its brackets, or else to the next place that looks like the beginning of one."""
        raw = self.text[self.at : self.at + _KEPT]
        if self._in_vain > 0:
            end = _end_of(self.text, self.at)
            if end is not None:
                self.at = end
                return _Broken(reason, raw)
            self._in_vain -= min(_REACH, len(self.text) - self.at)
        self.at += 1
        while True:
            found = _NEXT.search(self.text, self.at)
            if found:
                self.at = found.end() - 1
                return _Broken(reason, raw)
            self.at = max(self.at, len(self.text) - _NEAR_END)
            if not self.more():
                self.at = len(self.text)
                return _Broken(reason, raw)


def _end_of(written: str, start: int) -> int | None:
    """Where the object or list that begins at `start` ends by its brackets; None where it doesn't in this text, or
    another ends within it: then it was never closed, and what follows is none of its own."""
    wanted: list[str] = []
    for found in _BRACKET.finditer(written, start, start + _REACH):
        if found[0] in "{[":
            wanted.append("}" if found[0] == "{" else "]")
        elif found[0] in "}]":
            if not wanted or wanted.pop() != found[0]:
                return None
            if not wanted:
                return found.end()
    return None


def _values(buffer: _Buffer) -> Iterator[Any]:
    """The records of a text: those of its lists, and objects that are no list's wrapper."""
    wrapped = False
    while mark := buffer.next():
        if mark == "[":
            buffer.at += 1
        elif mark in "]}":
            buffer.at += 1  # the end of a list, or what a broken record left behind
            if wrapped and mark == "]":
                wrapped = False
                _leave_wrapper(buffer)
        elif mark == "{" and not wrapped and (listed := _wrapped_list(buffer)):
            buffer.at = listed.end(1) + 1
            if listed[2] == "[":
                buffer.at = listed.end()
                wrapped = True
            else:
                yield from _listed_in_text(buffer)
                _leave_wrapper(buffer)
        else:
            yield buffer.value()


def _wrapped_list(buffer: _Buffer) -> re.Match[str] | None:
    """Where the object that begins here opens a list of records; None where it wraps none."""
    while len(buffer.text) - buffer.at < _KEPT and buffer.more():
        pass
    near = buffer.text[buffer.at : buffer.at + _KEPT].casefold()
    if not any(name in near for name in _QUOTED_WRAPPERS):
        return None  # which is nearly always, and far cheaper to see
    for found in _LIST.finditer(buffer.text, buffer.at, buffer.at + _KEPT):
        if _is_member(buffer.text[buffer.at : found.start()]):
            return found
    return None


def _is_member(before: str) -> bool:
    """Whether what follows this text is a member of the object that begins it, and of none within it or after it."""
    depth = 0
    for place, found in enumerate(_BRACKET.finditer(before)):
        depth += (found[0] in "{[") - (found[0] in "}]")
        if place and depth == 0:
            return False
    return depth == 1


def _leave_wrapper(buffer: _Buffer) -> None:
    """Pass over what else the wrapper holds, such as the address of the next page."""
    while buffer.next() == '"':
        buffer.value()
        if buffer.next() != ":":
            return
        buffer.at += 1
        if buffer.next() and isinstance(buffer.value(), _Broken):
            return
    if buffer.next() == "}":
        buffer.at += 1


def _listed_in_text(buffer: _Buffer) -> Iterator[Any]:
    """The records of a list that is itself a JSON text (`"ResultData": "[…]"`)."""
    buffer.next()
    buffer.at += 1  # the colon
    buffer.next()
    value = buffer.value()
    listed = inner(value) if isinstance(value, str) else value
    if isinstance(listed, list):
        yield from listed
    else:
        yield (listed if isinstance(listed, _Broken) else _Broken("The list in the text can't be read.", _shown(value)))
