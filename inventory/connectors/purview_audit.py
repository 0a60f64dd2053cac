"""Microsoft Purview audit records, in every form in which they leave: the portal's CSV, `Search-UnifiedAuditLog |
Export-Csv`, content blobs of the Management Activity API, Graph audit queries, and the tables of Sentinel and Defender.

In the first two a row is one record, its payload one JSON text in the column AuditData: that is the form of the large
files, and it is read in a way of its own. What counts as an interaction, which rows are ignored and which go to
quarantine: `_Reader.items`. Prompts and answers are not in these records; resource names and addresses are, and are not
taken over.
"""

import re
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import orjson

from inventory.connectors import dlp, prompts, quotes, records
from inventory.connectors.audit_records import NO_EVENT, Record, Resource, any_jailbreak, decoded, marks
from inventory.connectors.base import (
    MAX_NAME,
    DataEvent,
    Ignored,
    Interaction,
    Item,
    Seen,
    Source,
    UnknownFormatError,
    Unreadable,
)
from inventory.connectors.delimited import (
    Header,
    Row,
    UnclosedQuoteError,
    clean,
    read_header,
    rows,
    split,
    text,
)
from inventory.connectors.information_types import TYPE_LISTS, information_types, information_types_of
from inventory.connectors.keys import Keys
from inventory.connectors.moments import moment

_NAMES = ("CopilotInteraction", "AIAppInteraction", "ConnectedAIAppInteraction", "TeamCopilotMsgInteraction")
OPERATIONS = {spelling: name for name in _NAMES for spelling in (name, name.casefold())}
_GUID_ROW = re.compile(rb'"?[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"?[,;\t]')

# AppIdentity and Agent* stand beside CopilotEventData or inside it: the nesting is documented nowhere.
_CONTENT = tuple(sorted(prompts.NAMES))  # never in these records; refused where it turns up
_RECORD = Keys(
    "id",
    "creationtime",
    "operation",
    "userid",
    "copiloteventdata",
    "objectid",
    "appidentity",
    "agentid",
    "agentname",
    TYPE_LISTS,
    _CONTENT,
)
_EVENT = Keys(
    "messages", "accessedresources", "apphost", "appidentity", "agentid", "agentname", TYPE_LISTS, _CONTENT
)  # fmt: skip
_MESSAGE = Keys("jailbreakdetected", TYPE_LISTS, (*_CONTENT, *sorted(prompts.IN_MESSAGES)))
_RESOURCE = Keys("sensitivitylabelid", "xpiadetected", "type", ("policydetails", *TYPE_LISTS))
_IDENTITY = Keys("appid", "displayname", "publisherid")
# Columns and members under which an audit record stands within another, and those of a bare one (folded names)
_PAYLOADS = frozenset({"auditdata", "raweventdata", "llmeventdata"})
_BARE = frozenset({"creationtime", "operation"})
# What stands around a record, by the name it has in the record
_AROUND = {
    "Id": ("recordid", "id", "reportid"),
    "CreationTime": ("createddatetime", "timegenerated", "timestamp"),
    "Operation": ("operation", "recordtype", "actiontype"),
    "UserId": ("userprincipalname", "actorname", "userid", "actoruserid", "accountobjectid"),
}
_HEADER = 4096  # bytes in which a header row is looked for
_new = tuple.__new__  # what a NamedTuple's own constructor calls, without its keywords: half the time


class PurviewAudit:
    kind = "purview_audit"
    title = "Purview audit records (CSV or JSON)"

    def recognises(self, columns: list[str]) -> bool:
        return bool(_PAYLOADS.intersection(columns)) or _BARE.issubset(columns)

    def read(self, source: Source, from_line: int = 0) -> Iterator[Item]:
        """The audit records; see `base.Connector`."""
        if records.is_json(source):
            return self._read_records(source, from_line)
        header = source.peek(_HEADER)[:_HEADER].lower()
        if b"auditdata" not in header and any(name.encode() in header for name in _PAYLOADS):
            return self._read_records(source, from_line)
        return self._read_rows(source, from_line)

    def _read_records(self, source: Source, from_place: int) -> Iterator[Item]:
        reader = _Reader(None)
        for place, record in records.read(source, from_place):
            yield record if isinstance(record, Unreadable) else reader.record(place, record)

    def _read_rows(self, source: Source, from_line: int) -> Iterator[Item]:
        header = read_header(source)
        reader = _Reader(header)
        mark = header.delimiter
        by_id = header.columns[0] in ("recordid", "identity")
        found = rows(
            source,
            first_line=header.next_line,
            from_line=from_line,
            ends_row=(b'}"', b'}"' + mark, b'}"' + mark * 2),
            begins_row=_GUID_ROW.match if by_id else None,
            delimiter=header.delimiter,
        )
        for block in _blocks(found):
            yield from reader.items(block)


def _blocks(found: Iterator[Row | Unreadable]) -> Iterator[list[Row | Unreadable]]:
    block: list[Row | Unreadable] = []
    size = 0
    for row in found:
        block.append(row)
        size += len(row.raw)
        if size >= quotes.BLOCK:
            yield block
            block, size = [], 0
    yield block


class _Reader:
    """Rows of one file → items."""

    _MOST_SEEN = 4096  # distinct ways of naming an application that are kept at hand

    def __init__(self, header: Header | None) -> None:
        """`header`: of a file with a column AuditData; None where records come as a whole."""
        self._seen: dict[tuple[Any, ...], Seen] = {}
        self._operation = self._user = None
        if header is None:
            return
        payload = header.position("auditdata")
        if payload is None:
            raise UnknownFormatError("This is no Purview audit export: it has no column AuditData.")
        self._payload = payload
        self._delimiter = header.delimiter
        self._opening = header.delimiter + b'"{'
        self._operation = header.position("operation", "operations")
        self._user = header.position("userid", "userids")

    def record(self, place: int, given: dict[str, Any]) -> Item:
        """What a record is that comes as a whole; as `items`."""
        record = _unwrapped(given)
        item = self._interaction(place, b"", record)
        if type(item) is Unreadable:
            return item._replace(raw=records.as_bytes(given))
        return item

    def items(self, block: list[Row | Unreadable]) -> Iterator[Item]:
        """What the rows are, each in this order: quarantined when its payload can't be read, ignored when its operation
        is not an interaction, quarantined when the payload lacks id or time, else an interaction (contracts §1)."""
        payloads = quotes.unescaped([self._written(row.raw) if type(row) is Row else b"" for row in block])
        for row, payload in zip(block, payloads, strict=True):
            if isinstance(row, Unreadable):
                yield row
                continue
            line, raw = row
            if (known := decoded(payload)) and (item := self._known(line, known)):
                yield item
                continue
            record = (_object(payload) if payload else None) or self._carefully(raw)
            yield Unreadable(line, record, raw) if isinstance(record, str) else self._interaction(line, raw, record)

    def _known(self, line: int, record: Record) -> Interaction | None:
        """What `_interaction` makes of the record; None where that takes a second look."""
        operation, user, at = record.operation, record.user_id, moment(record.creation_time)
        if operation not in OPERATIONS or at is None or not record.id or not user:
            return None
        if len(user) > MAX_NAME or not user.isprintable():
            return None
        event = record.event or NO_EVENT
        about = record.object_id
        seen = self._named(
            (
                record.agent_id or event.agent_id,
                record.agent_name or event.agent_name,
                record.app_identity or event.app_identity,
                event.app_host,
                about if about and "ubscriptions/" in about else None,
                OPERATIONS[operation],
            )
        )
        labels, *told = marks(event.accessed_resources or ())
        jailbreak = any_jailbreak(event.messages or ())
        return _new(Interaction, (line, record.id, at, user, seen, labels, (), jailbreak, *told))

    def _interaction(self, line: int, raw: bytes, record: dict[str, Any]) -> Item:
        record_id, time, given, user, event, about, identity, agent_id, agent_name, types, text = _RECORD.of(record)
        operation = OPERATIONS.get(given) if type(given) is str else None
        if operation is None and (operation := self._operation_of(given, raw)) is None:
            return self._other(line, raw, record, given)
        if not record_id or type(record_id) not in (str, int):
            return Unreadable(line, "AuditData has no Id.", raw)
        at = moment(time)
        if at is None:
            return Unreadable(line, "AuditData has no CreationTime that is a date and time.", raw)
        if type(user) is not str or not user:
            user = self._column(raw, self._user)
        if len(user) > MAX_NAME:
            user = user[:MAX_NAME]  # a file of long names must not fill the memory of who remembers them
        if not user.isprintable():
            user = clean(user)
        if type(event) is str:
            event = _object(event.encode("utf-8", "replace"))
        if type(event) is not dict:
            event = {}
        messages, resources, host, inner_identity, inner_id, inner_name, inner_types, inner_text = _EVENT.of(event)
        if about and not (type(about) is str and "ubscriptions/" in about):
            about = None  # of each record another one, and only an Azure resource says anything
        named = (agent_id or inner_id, agent_name or inner_name, identity or inner_identity, host, about, operation)
        seen = self._named(named)
        jailbreak, message_types, message_text = _messages(messages)
        used, resource_types = _resources(resources)
        labels, *told = marks(used)
        # the walk through the whole record is only for the few that say something about information types
        matched = information_types(record) if types or inner_types or message_types or resource_types else ()
        item = _new(Interaction, (line, str(record_id), at, user, seen, labels, matched, jailbreak, *told))
        if text or inner_text or message_text:
            return prompts.checked(item, {**record, "CopilotEventData": event})
        return item

    def _other(self, line: int, raw: bytes, record: dict[str, Any], given: Any) -> Item:
        """A record of another operation: only matches of data-loss rules are of interest, and only with their rule."""
        name = given if type(given) is str and given else self._column(raw, self._operation)
        match = dlp.match_of(record) if name.strip().casefold() == "dlprulematch" else None
        if match is None:
            return Ignored(line)
        record_id, at = records.member(record, "id"), moment(records.member(record, "creationtime"))
        if not record_id or type(record_id) not in (str, int):
            return Unreadable(line, "AuditData has no Id.", raw)
        if at is None:
            return Unreadable(line, "AuditData has no CreationTime that is a date and time.", raw)
        user = dlp.word(records.member(record, "userid")) or self._column(raw, self._user)
        seen = dlp.seen_in(record, "AIAppInteraction")
        told = dlp.about_ai(seen, match.policy, records.member(record, "workload"))
        types = information_types_of(record)
        return DataEvent(line, str(record_id), at, user, seen, "dlp_match", "audit", told, *match, types)

    def _written(self, raw: bytes) -> bytes:
        """The payload as it stands in a row that is written as exporters write it: the JSON is found by its two ends.
        Empty where it isn't."""
        start = raw.find(self._opening)
        end = raw.rfind(b'}"')
        if start < 0 or end < start:
            return b""
        before = raw[:start]
        if b'"' in before:
            try:
                columns = len(split(before, self._delimiter))
            except UnclosedQuoteError:
                return b""
        else:
            columns = before.count(self._delimiter) + 1
        return raw[start + 2 : end + 1] if columns == self._payload else b""

    def _carefully(self, raw: bytes) -> dict[str, Any] | str:
        """The payload, or why there is none."""
        try:
            fields = split(raw, self._delimiter)
        except UnclosedQuoteError:
            return "A quoted field is opened and never closed."
        if len(fields) <= self._payload:
            return "The row ends before the column AuditData."
        payload = fields[self._payload].strip()
        if not payload:
            return "AuditData is empty."
        try:
            record = orjson.loads(payload)
        except orjson.JSONDecodeError as problem:
            return f"AuditData is not readable as JSON: {problem.msg}, character {problem.pos + 1}."
        return record if type(record) is dict else "AuditData is not a JSON object."

    def _operation_of(self, given: Any, raw: bytes) -> str | None:
        if type(given) is not str or not given:
            given = self._column(raw, self._operation)
        return OPERATIONS.get(given.strip().casefold())

    def _column(self, raw: bytes, position: int | None) -> str:
        """A field beside the payload, for the rare record whose payload lacks it."""
        if position is None:
            return ""
        fields = split(raw, self._delimiter)
        return text(fields[position]) if position < len(fields) else ""

    def _named(self, named: tuple[Any, ...]) -> Seen:
        try:
            return self._seen[named]
        except (KeyError, TypeError):
            seen = _seen(*named)
        if len(self._seen) >= self._MOST_SEEN:
            self._seen.clear()
        with suppress(TypeError):  # AppIdentity as an object can't be a key
            self._seen[named] = seen
        return seen


def _unwrapped(given: dict[str, Any]) -> dict[str, Any]:
    """The audit record itself, out of what Graph, Sentinel and Defender put around it. What only the wrapping says
    (id, time, operation, user) is put in where the record lacks it."""
    payload = records.inner(records.member(given, "auditdata", "raweventdata"))
    if not isinstance(payload, dict):
        event = records.inner(records.member(given, "llmeventdata"))
        payload = {**given, "CopilotEventData": event} if event else given
    found = dict(payload)
    for name, others in _AROUND.items():
        if records.member(found, name.casefold()) is None:
            value = records.member(given, *others)
            if value is not None:
                found = {key: old for key, old in found.items() if str(key).casefold() != name.casefold()}
                found[name] = value
    return found


def _object(payload: bytes) -> dict[str, Any] | None:
    try:
        value = orjson.loads(payload)
    except orjson.JSONDecodeError:
        return None
    return value if type(value) is dict else None


def _seen(agent_id: Any, agent_name: Any, identity: Any, host: Any, about: Any, operation: str) -> Seen:
    name = ""
    if type(identity) is dict:
        app_id, name, publisher = _IDENTITY.of(identity)
        identity = app_id or name or publisher
    identity, host, about = _name(identity), _name(host), _name(about)
    resource = next((r for r in map(_azure_resource, (identity, host, about)) if r), "")
    return Seen(_name(agent_id), _name(agent_name), identity, host, resource, "", _name(name), operation)


def _azure_resource(value: str) -> str:
    start = value.casefold().find("/subscriptions/")
    return value[start:] if start >= 0 else ""


def _name(value: Any) -> str:
    return clean(value[: MAX_NAME * 4])[:MAX_NAME] if type(value) is str else ""


def _messages(messages: Any) -> tuple[bool, bool, bool]:
    """Whether a message carries a jailbreak mark, whether one speaks of information types, and one has a text."""
    jailbreak = types = text = False
    for message in messages if type(messages) is list else ():
        if type(message) is dict:
            mark, listed, said = _MESSAGE.of(message)
            if said:
                text = True
            if mark and _true(mark):
                jailbreak = True
            if listed:
                types = True
    return jailbreak, types, text


def _resources(resources: Any) -> tuple[list[Resource], bool]:
    """The accessed resources, and whether one speaks of information types."""
    found: list[Resource] = []
    types = False
    for resource in resources if type(resources) is list else ():
        if type(resource) is dict:
            label, mark, kind, listed = _RESOURCE.of(resource)
            types = types or bool(listed)
            found.append(Resource(_text(label), bool(mark) and _true(mark), _text(kind)))
    return found, types


def _text(value: Any) -> str | None:
    return value if type(value) is str else None


def _true(value: Any) -> bool:
    return value is True or (type(value) is str and value.casefold() == "true")
