"""The user list of Microsoft Entra (*Download users*), which gives interactions their department."""

from collections.abc import Iterator

from inventory.connectors.base import MAX_NAME, Item, ListedUser, Source, UnknownFormatError, Unreadable
from inventory.connectors.delimited import Header, Row, UnclosedQuoteError, read_header, rows, split, text

_UPN = ("userprincipalname", "upn")
_OBJECT_ID = ("id", "objectid", "userid")
_NAME = ("displayname", "name")
_DEPARTMENT = ("department",)
_ENABLED = ("accountenabled", "accountstatus")


class EntraUsers:
    kind = "entra_users"
    title = "Entra users (CSV)"

    def recognises(self, columns: list[str]) -> bool:
        return not {*_UPN}.isdisjoint(columns) and "auditdata" not in columns

    def read(self, source: Source, from_line: int = 0) -> Iterator[Item]:
        """The listed people; see `base.Connector`."""
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
            return Unreadable(row.line, "The row has neither an object id nor a user principal name.", row.raw)
        enabled = field(self._enabled).casefold() not in {"false", "no", "0", "disabled"}
        return ListedUser(row.line, object_id, upn, field(self._name), field(self._department), enabled)
