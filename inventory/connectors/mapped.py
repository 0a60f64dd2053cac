"""Tables with a header of their own: an administrator said once which column is what (`Mapping`).

Only mapped columns are looked at, so whatever else such a table holds, prompts among it, is never kept; of rows that
can't be read the mapped fields go to quarantine, and of broken lines nothing.
"""

from collections.abc import Iterator
from datetime import datetime
from hashlib import blake2b, sha256
from typing import NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from inventory.connectors import cloud_apps, records, security_alerts
from inventory.connectors.base import (
    MAX_NAME,
    Interaction,
    Item,
    ListedUser,
    Seen,
    Source,
    UnknownFormatError,
    Unreadable,
)
from inventory.connectors.delimited import Header, Row, UnclosedQuoteError, read_header, rows, split, text
from inventory.connectors.metrics import metric_value
from inventory.connectors.moments import moment_of

PREFIX = "mapped:"
_TRUE = frozenset({"true", "yes", "1", "y", "x"})
_FALSE = frozenset({"false", "no", "0", "n", "disabled"})
_STAYS = frozenset({"start", "title", "alert_type", "resource", "account"})  # of an alert, whatever becomes of it
_MOST_CELL = 80  # characters of a cell in a preview


class Mapping(NamedTuple):
    """What a profile says: `fields` maps a field to the number of its column, `constants` to its value in all rows."""

    name: str
    kind: str
    header: str  # digest
    fields: dict[str, int]
    constants: dict[str, str]
    day_first: bool = False
    zone: str = "UTC"


class Layout(NamedTuple):
    """What a table looks like: its columns as written, the digest by which its header is known, its first rows."""

    columns: list[str]
    digest: str
    preview: list[list[str]]


def layout_of(source: Source, most: int = 6) -> Layout:
    """How the table looks. Raises UnknownFormatError where it is none: fewer than two columns, or nothing below."""
    if records.is_json(source):
        raise UnknownFormatError("It is JSON, and only tables can be mapped.")
    header = read_header(source)
    if len(header.columns) < 2 or not all(header.columns):
        raise UnknownFormatError("The first row is no header row: it needs at least two columns, each with a name.")
    preview: list[list[str]] = []
    for row in rows(source, first_line=header.next_line, delimiter=header.delimiter):
        if isinstance(row, Row) and (cells := _cells(row, header)) is not None:
            preview.append([cell[:_MOST_CELL] for cell in cells[: len(header.columns)]])
        if len(preview) == most:
            break
    if not preview:
        raise UnknownFormatError("There is no row below the header.")
    return Layout(header.written, digest_of(header), preview)


def digest_of(header: Header) -> str:
    """By what a header is known again: its names in their order, whatever their case."""
    return sha256("\x1f".join(header.columns).encode()).hexdigest()


class Mapped:
    """A table read as its mapping says. Made for a mapping, unlike the connectors of known formats."""

    def __init__(self, mapping: Mapping) -> None:
        self.kind = PREFIX + mapping.name
        self.title = f"Mapped table “{mapping.name}”"
        self._mapping = mapping
        self._zone = ZoneInfo(mapping.zone)

    def recognises(self, columns: list[str]) -> bool:
        return sha256("\x1f".join(columns).encode()).hexdigest() == self._mapping.header

    def read(self, source: Source, from_line: int = 0) -> Iterator[Item]:
        """The rows; see `base.Connector`."""
        header = read_header(source)
        if not self.recognises(header.columns):
            raise UnknownFormatError(f"The header is not the one that the mapping “{self._mapping.name}” was made for.")
        make = {
            "interactions": self._interaction,
            "users": self._user,
            "metrics": self._metric,
            "security_alerts": self._alert,
            "cloud_apps": self._app,
        }[self._mapping.kind]
        for row in rows(source, first_line=header.next_line, from_line=from_line, delimiter=header.delimiter):
            if isinstance(row, Unreadable):
                yield row._replace(raw=b"")
            elif (cells := _cells(row, header)) is None:
                yield Unreadable(row.line, "A quoted field is opened and never closed.", b"")
            elif len(cells) > len(header.columns) and any(cells[len(header.columns) :]):
                yield Unreadable(row.line, "The row has more fields than the header.", b"")
            else:
                given = self._given(cells)
                made = make(row.line, given)
                yield Unreadable(row.line, made, records.as_bytes(given)) if isinstance(made, str) else made

    def _when(self, given: dict[str, str], field: str) -> datetime | None:
        return moment_of(given.get(field), day_first=self._mapping.day_first, zone=self._zone)

    def _given(self, cells: list[str]) -> dict[str, str]:
        """What the row tells, by field; a column goes before a constant."""
        told = {key: cells[at] for key, at in self._mapping.fields.items() if at < len(cells) and cells[at]}
        return {**self._mapping.constants, **told}

    def _interaction(self, line: int, given: dict[str, str]) -> Item | str:
        at = self._when(given, "time")
        if at is None:
            return "The row has no time that can be read."
        seen = Seen(
            agent_id=given.get("agent_id", ""),
            app_identity=given.get("application", ""),
            host=given.get("host", ""),
            operation="AIAppInteraction",
        )
        if not (seen.agent_id or seen.app_identity or seen.host):
            return "The row names no AI application."
        return Interaction(
            line=line,
            record_id=self._record_id(given),
            at=at,
            user=given.get("user", ""),
            seen=seen,
            labels=_named(given.get("label", "").lower()),
            information_types=_named(given.get("information_type", "")),
            jailbreak=given.get("jailbreak", "").casefold() in _TRUE,
            injection=given.get("injection", "").casefold() in _TRUE,
        )

    def _record_id(self, given: dict[str, str]) -> str:
        """A GUID means the same everywhere; any other id only within its profile. Without one, equal rows are one."""
        own = given.get("record_id", "")
        if own:
            return own if _is_guid(own) else f"{self._mapping.name}/{own}"
        return self._digest(given)

    def _digest(self, given: dict[str, str]) -> str:
        told = "\x1f".join(f"{key}={given[key]}" for key in sorted(given))
        return f"{self._mapping.name}/{blake2b(told.encode('utf-8', 'replace'), digest_size=16).hexdigest()}"

    def _user(self, line: int, given: dict[str, str]) -> Item | str:
        upn, object_id = given.get("upn", "").lower(), given.get("object_id", "").lower()
        if not upn and not object_id:
            return "The row has neither an object id nor a user principal name."
        enabled = given.get("enabled", "").casefold() not in _FALSE
        return ListedUser(line, object_id, upn, given.get("name", ""), given.get("department", ""), enabled)

    def _metric(self, line: int, given: dict[str, str]) -> Item | str:
        at = self._when(given, "time")
        told = {key: given.get(key) for key in ("system", "metric", "group", "value", "unit")}
        return metric_value(line, **told, at=at)

    def _alert(self, line: int, given: dict[str, str]) -> Item | str:
        """As the known forms of alerts are read. One without an id is known by what doesn't change with its state."""
        at = self._when(given, "start")
        if at is None:
            return "The row has no start time that can be read."
        known = {key: value for key, value in given.items() if key in _STAYS}
        return security_alerts.told(
            line,
            {
                "SystemAlertId": given.get("alert_id") or self._digest(known),
                "AlertType": given.get("alert_type"),
                "AlertDisplayName": given.get("title"),
                "Severity": given.get("severity"),
                "Status": given.get("status"),
                "StartTime": at.isoformat(),
                "ResourceId": given.get("resource"),
                "Tactics": given.get("tactics"),
                "Techniques": given.get("techniques"),
                "Description": given.get("description"),
                "Entities": [{"Type": "account", "UserPrincipalName": given["account"]}] if "account" in given else [],
            },
        )

    def _app(self, line: int, given: dict[str, str]) -> Item | str:
        """As the known form of discovered apps is read."""
        seen = self._when(given, "last_seen")
        return cloud_apps.told(
            line,
            {
                "id": given.get("app_id") or f"{self._mapping.name}/{given.get('app', '').casefold()}",
                "displayName": given.get("app"),
                "category": given.get("category"),
                "domains": given.get("domains"),
                "riskScore": given.get("safety"),
                "tags": given.get("tags"),
                "transactionCount": given.get("transactions"),
                "uploadNetworkTrafficInBytes": given.get("uploaded"),
                "downloadNetworkTrafficInBytes": given.get("downloaded"),
                "userCount": given.get("users"),
                "lastSeenDateTime": seen.isoformat() if seen else None,
            },
        )


def _cells(row: Row, header: Header) -> list[str] | None:
    try:
        return [text(cell)[:MAX_NAME] for cell in split(row.raw, header.delimiter)]
    except UnclosedQuoteError:
        return None


def _named(value: str) -> tuple[str, ...]:
    """One name, or several parted by semicolons."""
    return tuple(sorted({name for one in value.split(";") if (name := one.strip())})[:100])


def _is_guid(value: str) -> bool:
    try:
        return str(UUID(value)) == value.casefold()
    except ValueError:
        return False
