"""Lines of the Common Event Format: a header of seven fields between bars, then keys and values. What stands before
`CEF:` (a time, a host name, a priority of syslog) tells nothing that the line doesn't.

Two programs write them for us: the SIEM agent of Defender for Cloud Apps, whose file holds activities in cloud apps and
alerts side by side (read with the alerts), and proxies (read with their logs). An activity is a visit: it tells that
somebody was in an app, not what they asked it.
"""

import re
from collections.abc import Iterator
from hashlib import blake2b
from typing import NamedTuple

from inventory.connectors.base import MAX_NAME, VISIT, Ignored, Item, Seen, Source, Unreadable, Visit
from inventory.connectors.delimited import Row, clean, rows
from inventory.connectors.hosts import host_of
from inventory.connectors.moments import moment_of

_BEGINS = re.compile(rb"(?:^|[\s\]:])CEF:\s?\d")
_PREFIX = 400  # bytes in which it is looked for
# A table or JSON may hold such a line as a value, behind a delimiter or a brace
_FIRST = re.compile(rb"^(?:[^\n,;\t{]{0,300}?[ \]:])?CEF:\s?\d{1,3}\|([^|\n]*\|[^|\n]*)\|", re.MULTILINE)
_HEADER = 7  # fields before the extension: version, vendor, product, its version, class, name, severity
_FIELD = re.compile(r"[^|\\]*(?:\\.[^|\\]*)*")
# A key is a word after a blank and before a sign of equality; one within a value stands behind a backslash
_KEY = re.compile(r"(?:^|\s)([A-Za-z0-9_.\-\[\]]{1,100})=")
_ESCAPED = re.compile(r"\\(.)")
_BREAKS = {"n": "\n", "r": "\n"}
_MOST_KEYS = 200
_TIMES = ("rt", "start", "end", "devicereceipttime")
_CEF_TIMES = re.compile(r"([A-Z][a-z]{2} \d{1,2} \d{4}) (\d\d:\d\d:\d\d)(?:\.\d{1,6})?(?: (?:UTC|GMT))?")
_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
_ADDRESS = ("request", "dhost", "destinationdnsdomain")
ALLOWED = frozenset({"", "allow", "allowed", "permit", "permitted", "accept", "accepted", "pass", "passed", "observed"})
_QUERY = re.compile(rb"\?[^\s,;\"]*")
_MOST_SENT = 1 << 50  # bytes: a larger number is a mistake
_AGENT = ("mcas", "siem_agent")
_AGENT_HEADER = b"mcas|siem_agent"


class Event(NamedTuple):
    """A line. `fields` are what follows its header, by the keys in lower case; a value whose key the line names itself
    (`cs1Label=portalURL cs1=…`) stands under that name as well."""

    line: int
    raw: bytes
    vendor: str
    product: str
    event_class: str
    name: str
    severity: str
    fields: dict[str, str]

    @property
    def by_agent(self) -> bool:
        """Whether Defender for Cloud Apps tells it."""
        return (self.vendor.casefold(), self.product.casefold()) == _AGENT

    @property
    def is_alert(self) -> bool:
        """Whether it is an alert of Defender for Cloud Apps; its other lines are activities."""
        return self.by_agent and self.event_class.startswith("ALERT_")

    @property
    def time(self) -> str:
        """The first time that it names, as written, or as ISO 8601 where it is in CEF's own form."""
        written = next((self.fields[key] for key in _TIMES if self.fields.get(key)), "")
        return _iso(written)


def is_cef(start: bytes) -> bool:
    """Whether a file that begins so holds lines of this format; the first of them may be broken."""
    return _FIRST.search(start) is not None


def is_agent(start: bytes) -> bool:
    """Whether a file that begins so comes from the SIEM agent of Defender for Cloud Apps."""
    return any(found[1].lower() == _AGENT_HEADER for found in _FIRST.finditer(start))


def events(source: Source, from_line: int = 0) -> Iterator[Event | Item]:
    """The lines in order; those that can't be read for quarantine, without the queries of their addresses."""
    for row in rows(source, from_line=from_line, ends_row=(b"",)):  # a quote in a value opens nothing
        found = event(row) if isinstance(row, Row) else row
        yield refused(found, found.reason) if isinstance(found, Unreadable) else found


def event(row: Row) -> Event | Item:
    """The line as it says itself."""
    if row.raw.startswith(b"#"):
        return Ignored(row.line)
    found = _BEGINS.search(row.raw[:_PREFIX])
    if not found:
        return Unreadable(row.line, "The line is none of the Common Event Format.", row.raw)
    written = row.raw[found.start() :].partition(b"CEF:")[2].decode("utf-8", "replace")
    header = _header(written)
    if header is None:
        return Unreadable(row.line, "The line ends within its header.", row.raw)
    _, vendor, product, _, event_class, name, severity = map(_plain, header[:_HEADER])
    return Event(row.line, row.raw, vendor, product, event_class, name, severity, _fields(header[_HEADER]))


def _header(written: str) -> list[str] | None:
    """The fields of the header, and what follows it; None where it doesn't end."""
    found = written.split("|", _HEADER)
    if len(found) > _HEADER and "\\" not in "".join(found[:_HEADER]):
        return found
    fields, at = [], 0
    for _ in range(_HEADER):
        field = _FIELD.match(written, at)
        if field is None or written[field.end() : field.end() + 1] != "|":
            return None
        fields.append(field[0])
        at = field.end() + 1
    return [*fields, written[at:]]


def visit(one: Event) -> Item:
    """The visit that the line tells of; ignored where it was blocked or tells of no site and no app, quarantined where
    it has no time."""
    host = next((host for key in _ADDRESS if (host := host_of(one.fields.get(key, "")))), "")
    service = one.fields.get("destinationservicename", "")[:MAX_NAME]
    if one.fields.get("act", "").casefold() not in ALLOWED or not (host or service):
        return Ignored(one.line)
    at = moment_of(one.time)
    if at is None:
        return refused(one, "The line has no time that can be read.")
    # Other programs count their events themselves: two devices, or one before and after a restart, give the same number
    known = one.fields.get("externalid", "")[:MAX_NAME] if one.by_agent else ""
    known = known or blake2b(one.raw, digest_size=16).hexdigest()
    user, sent = one.fields.get("suser", "")[:MAX_NAME], amount(one.fields.get("out", ""))
    return Visit(one.line, known, at, user, Seen(app_name=service, host=host, operation=VISIT), sent)


def amount(written: str) -> int:
    """A number of bytes; 0 where none is written."""
    readable = written.isascii() and written.isdecimal() and len(written) < 20
    return min(int(written), _MOST_SENT) if readable else 0


def refused(one: Event | Unreadable, reason: str) -> Unreadable:
    """A line for quarantine, without the queries of its addresses: they may hold what somebody asked."""
    return Unreadable(one.line, reason, _QUERY.sub(b"?", one.raw))


def _fields(written: str) -> dict[str, str]:
    _, *parts = _KEY.split(written, _MOST_KEYS)
    held = {key.lower(): _plain(value) for key, value in zip(parts[::2], parts[1::2], strict=True)}
    for key, label in list(held.items()):
        if key.endswith("label") and (value := held.get(key.removesuffix("label"))):
            held.setdefault(label.strip('"').casefold(), value)
    return held


def _plain(value: str) -> str:
    """A value as it was before it was written: without the backslashes, and without what a page can't take."""
    if "\\" in value:
        value = _ESCAPED.sub(lambda found: _BREAKS.get(found[1], found[1]), value)
    return clean(value)


def _iso(written: str) -> str:
    found = _CEF_TIMES.fullmatch(written)
    if not found:
        return written
    month, day, year = found[1].split()
    if month not in _MONTHS:
        return written
    return f"{year}-{_MONTHS.index(month) + 1:02}-{int(day):02}T{found[2]}"
