"""The user list of Microsoft Entra, which gives interactions their department: *Download users* (CSV), or what Graph
answers to `/users` (JSON), as pages, one list, an object a line, or what changed (`/users/delta`).

Whose manager or which company somebody has is not taken over: nothing here asks for it.
"""

from collections.abc import Iterator
from typing import Any

from inventory.connectors import records
from inventory.connectors.base import MAX_NAME, Ignored, Item, ListedUser, Source, UnknownFormatError, Unreadable
from inventory.connectors.delimited import Header, Row, UnclosedQuoteError, clean, read_header, rows, split, text
from inventory.connectors.records import Record, inner, member

_UPN = ("userprincipalname", "upn")
_OBJECT_ID = ("id", "objectid", "userid")
_NAME = ("displayname", "name")
_DEPARTMENT = ("department",)
_ENABLED = ("accountenabled", "accountstatus")
_OFF = frozenset({"false", "no", "0", "disabled"})
_NOBODY = "The row has neither an object id nor a user principal name."


class EntraUsers:
    kind = "entra_users"
    title = "Entra users (CSV or JSON)"

    def recognises(self, columns: list[str]) -> bool:
        return not {*_UPN}.isdisjoint(columns) and "auditdata" not in columns

    def read(self, source: Source, from_line: int = 0) -> Iterator[Item]:
        """The listed people; see `base.Connector`."""
        if records.is_json(source):
            for place, record in records.read(source, from_line):
                yield record if isinstance(record, Unreadable) else _person(place, record)
            return
        header = read_header(source)
        reader = _Reader(header)
        for row in rows(source, first_line=header.next_line, from_line=from_line, delimiter=header.delimiter):
            yield reader.item(row) if isinstance(row, Row) else row


class _Reader:
    def __init__(self, header: Header) -> None:
        self._upn = header.position(*_UPN)
        self._object_id = header.position(*_OBJECT_ID)
        if self._upn is None and self._object_id is None:
            raise UnknownFormatError("This is no Entra user list: it has neither userPrincipalName nor id.")
        self._name = header.position(*_NAME)
        self._department = header.position(*_DEPARTMENT)
        self._enabled = header.position(*_ENABLED)
        self._delimiter = header.delimiter
        self._width = len(header.columns)

    def item(self, row: Row) -> Item:
        """The person, or quarantine: a row with neither object id nor user principal name names nobody."""
        try:
            fields = [text(field)[:MAX_NAME] for field in split(row.raw, self._delimiter)]
        except UnclosedQuoteError:
            return Unreadable(row.line, "A quoted field is opened and never closed.", row.raw)
        if len(fields) > self._width and any(fields[self._width :]):
            return Unreadable(row.line, "The row has more fields than the header.", row.raw)

        def field(position: int | None) -> str:
            return fields[position] if position is not None and position < len(fields) else ""

        object_id, upn = field(self._object_id).lower(), field(self._upn).lower()
        if not object_id and not upn:
            return Unreadable(row.line, _NOBODY, row.raw)
        enabled = field(self._enabled).casefold() not in _OFF
        return ListedUser(row.line, object_id, upn, field(self._name), field(self._department), enabled)


def _person(place: int, record: Record) -> Item:
    """One person as Graph writes them. Somebody whom a list of changes names as removed stays as they were."""
    if member(record, "@removed") is not None:
        return Ignored(place)
    object_id, upn = _word(member(record, *_OBJECT_ID)).lower(), _word(member(record, *_UPN)).lower()
    if not object_id and not upn:
        return Unreadable(place, _NOBODY, records.as_bytes(record))
    enabled = str(member(record, *_ENABLED)).casefold() not in _OFF
    name, department = _word(member(record, *_NAME)), _word(member(record, *_DEPARTMENT))
    return ListedUser(place, object_id, upn, name, department, enabled)


def _word(value: Any) -> str:
    """A text; the first one of a list, and the name of an object, as programs between Graph and us write them."""
    value = inner(value)
    if isinstance(value, list):
        value = next((one for one in value if one), None)
    if isinstance(value, dict):
        value = member(value, "displayname", "name", "value")
    return clean(value[: MAX_NAME * 4])[:MAX_NAME] if isinstance(value, str) else ""
