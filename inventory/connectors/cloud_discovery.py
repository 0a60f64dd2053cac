"""Logs of proxies and firewalls, which tell who visits which AI site: Squid's two forms (native and common), lines of
the Common Event Format, and the CSV with a header that Defender for Cloud Apps calls a custom log.

A line has no id, so it is known by its whole text: the same line again is the same visit. What was blocked was no
visit. Of an address only the host is kept, because its query may hold what somebody asked.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from hashlib import blake2b

from inventory.connectors import cef
from inventory.connectors.base import (
    MAX_NAME,
    VISIT,
    Ignored,
    Item,
    Seen,
    Source,
    UnknownFormatError,
    Unreadable,
    Visit,
)
from inventory.connectors.delimited import Header, Row, UnclosedQuoteError, read_header, rows, split, text
from inventory.connectors.hosts import host_of
from inventory.connectors.moments import in_utc, moment

# time elapsed client result/status bytes method address user hierarchy type
_NATIVE = re.compile(
    rb"(\d{9,11}(?:\.\d{1,6})?)\s+-?\d+\s+\S+\s+([A-Z_]+)/(\d{3})\s+\d+\s+[A-Z_]+\s+(\S+)\s+(\S+)\s+\S+(?:\s|$)"
)
# client identity user [time] "method address protocol" status bytes … result:hierarchy
_COMMON = re.compile(
    rb'\S+\s+\S+\s+(\S+)\s+\[([^\]]{10,40})\]\s+"[A-Z_]+\s+(\S+)[^"]*"\s+(\d{3})\s+(?:\d+|-)(?:.*\s([A-Z_]+):[A-Z_]+)?'
)
_COMMON_TIME = "%d/%b/%Y:%H:%M:%S %z"
_REFUSED = frozenset({b"403", b"407"})
_TIME = ("timestamp", "datetime", "eventtime", "date")
_USER = ("sourceuser", "user", "username", "suser", "srcuser")
_ADDRESS = ("destinationurl", "desturl", "requesturl", "url", "destinationhost", "desthost", "host", "domain")
_SENT = ("uploadedbytes", "bytesuploaded", "uploadbytes", "bytessent", "sentbytes")
_ACTION = ("action", "verdict")
_LOG_COLUMNS = frozenset({"sourceip", "destinationip", "totalbytes", "downloadedbytes", *_SENT[:2]})


class CloudDiscovery:
    kind = "cloud_discovery"
    title = "Proxy log: visits to AI sites (Squid, CEF, CSV)"

    def recognises(self, columns: list[str]) -> bool:
        has = set(columns)
        return all(not has.isdisjoint(some) for some in (_TIME, _ADDRESS, _LOG_COLUMNS))

    def read(self, source: Source, from_line: int = 0) -> Iterator[Item]:
        """The visits; see `base.Connector`."""
        start = source.peek(4096)[:4096]
        if cef.is_cef(start):
            for one in cef.events(source, from_line):
                yield cef.visit(one) if isinstance(one, cef.Event) else one
            return
        if is_squid(start):
            for row in rows(source, from_line=from_line, ends_row=(b"",)):  # a quote in an address opens nothing
                yield _squid(row) if isinstance(row, Row) else _without_query(row)
            return
        header = read_header(source)
        reader = _Table(header)
        for row in rows(source, first_line=header.next_line, from_line=from_line, delimiter=header.delimiter):
            yield reader.item(row) if isinstance(row, Row) else _without_query(row)


def is_squid(start: bytes) -> bool:
    """Whether a file that begins so is a log of Squid."""
    first = next((line for line in start.splitlines() if line.strip() and not line.startswith(b"#")), b"")
    return bool(_NATIVE.match(first) or _COMMON.match(first))


def _squid(row: Row) -> Item:
    if row.raw.startswith(b"#"):
        return Ignored(row.line)
    if found := _NATIVE.match(row.raw):
        time, result, status, address, user = found.groups()
        at = _since_1970(time)
    elif found := _COMMON.match(row.raw):
        user, time, address, status, result = found.groups()
        at = _common_time(time)
    else:
        return _without_query(Unreadable(row.line, "The line is none of Squid's.", row.raw))
    if at is None:
        return _without_query(Unreadable(row.line, "The line has no time that can be read.", row.raw))
    if status in _REFUSED or (result or b"").startswith((b"TCP_DENIED", b"NONE_NONE")):
        return Ignored(row.line)
    return _visit(row, at, text(user), text(address), 0)  # how much was sent is in neither form


class _Table:
    """Rows of a log with a header."""

    def __init__(self, header: Header) -> None:
        self._time, self._address = header.position(*_TIME), header.position(*_ADDRESS)
        if self._time is None or self._address is None:
            raise UnknownFormatError("This is no proxy log: it has no column for the date, or none for the URL.")
        clock = header.position("time")
        self._clock = clock if clock != self._time else None  # date and time in two columns
        self._user, self._sent = header.position(*_USER), header.position(*_SENT)
        self._action = header.position(*_ACTION)
        self._delimiter = header.delimiter

    def item(self, row: Row) -> Item:
        """The visit; ignored where it was blocked, quarantined where it has no time or no host."""
        try:
            fields = split(row.raw, self._delimiter)
        except UnclosedQuoteError:
            return _without_query(Unreadable(row.line, "A quoted field is opened and never closed.", row.raw))

        def field(position: int | None) -> str:
            return text(fields[position]) if position is not None and position < len(fields) else ""

        if field(self._action).casefold() not in cef.ALLOWED:
            return Ignored(row.line)
        written = field(self._time)
        if field(self._clock) and " " not in written and "T" not in written:
            written = f"{written} {field(self._clock)}"
        at = moment(written) or _since_1970(written.encode())
        if at is None:
            return _without_query(Unreadable(row.line, "The row has no date that can be read.", row.raw))
        return _visit(row, at, field(self._user), field(self._address), cef.amount(field(self._sent)))


def _visit(row: Row, at: datetime, user: str, address: str, uploaded: int) -> Item:
    host = host_of(address)
    if not host:
        return _without_query(Unreadable(row.line, "The row names no host.", row.raw))
    user = "" if user == "-" else user[:MAX_NAME]
    known = blake2b(row.raw, digest_size=16).hexdigest()
    return Visit(row.line, known, at, user, Seen(host=host, operation=VISIT), uploaded)


def _since_1970(written: bytes) -> datetime | None:
    if not re.fullmatch(rb"\d{9,11}(\.\d+)?", written):
        return None
    return in_utc(datetime.fromtimestamp(float(written), UTC))


def _common_time(written: bytes) -> datetime | None:
    try:
        return in_utc(datetime.strptime(written.decode("ascii", "replace"), _COMMON_TIME))
    except ValueError:
        return None


def _without_query(row: Unreadable) -> Unreadable:
    """A row for quarantine without the queries of its addresses."""
    return cef.refused(row, row.reason)
