"""Alerts of Microsoft Defender for Cloud and for Cloud Apps, and OCSF detection findings: what was attacked, and what
was unusual.

Forms: the alerts API (`properties` within a resource), the flat one of Event Hubs and workflow automation, the table
SecurityAlert of Log Analytics as CSV or JSON, OCSF class 2004, and the lines of the SIEM agent of Defender for Cloud
Apps, which hold visits as well. All alerts become one SecurityAlert.
"""

from collections.abc import Iterable, Iterator
from typing import Any

import orjson

from inventory.connectors import alert_entities, cef, prompts, records
from inventory.connectors.alert_entities import by_name, first
from inventory.connectors.alert_types import DOCUMENTED
from inventory.connectors.base import MAX_NAME, Item, SecurityAlert, Source, Unreadable, WithContent
from inventory.connectors.delimited import clean
from inventory.connectors.moments import moment_of
from inventory.connectors.records import Record, inner, member

_STATES = {
    "new": "active",
    "active": "active",
    "in progress": "in_progress",
    "inprogress": "in_progress",
    "resolved": "resolved",
    "dismissed": "dismissed",
    "suppressed": "dismissed",
    "archived": "resolved",
    "deleted": "dismissed",
}
# What other products call critical is high here: critical is what a reviewer makes of an incident (docs/method.md §4)
_SEVERITIES = {
    **{word: word for word in ("informational", "low", "medium", "high")},
    **dict.fromkeys(("critical", "fatal"), "high"),
}
_OCSF = 2004  # class_uid of a detection finding
# The words of OCSF for its numbers, which alone every finding has: 0 and 99 say nothing
_OCSF_SEVERITIES = {"1": "Informational", "2": "Low", "3": "Medium", "4": "High", "5": "Critical", "6": "Fatal"}
_OCSF_STATES = {"1": "New", "2": "In Progress", "3": "Suppressed", "4": "Resolved", "5": "Archived", "6": "Deleted"}
_OCSF_CLOSE = "3"  # activity_id
_DESCRIPTION = 2000  # characters
_LONGEST_TYPE = 200  # characters


class SecurityAlerts:
    kind = "security_alerts"
    title = "Security alerts (Defender for Cloud, OCSF, CEF with visits)"

    def recognises(self, columns: list[str]) -> bool:
        return "systemalertid" in columns or {"classuid", "findinginfo"}.issubset(columns)

    def read(self, source: Source, from_line: int = 0) -> Iterator[Item]:
        """The alerts; see `base.Connector`."""
        if cef.is_cef(source.peek(4096)[:4096]):
            yield from map(_from_cef, cef.events(source, from_line))
            return
        for place, record in records.read(source, from_line):
            yield record if isinstance(record, Unreadable) else told(place, record)


def told(place: int, record: Record) -> Item:
    """The alert; prompts that its evidence quotes stand apart."""
    raw = _written(record)
    cleared, text = prompts.without(record) if prompts.may_quote(raw) else (record, "")
    item = _alert(place, cleared, raw if cleared is record else _written(cleared))
    if not text or isinstance(item, Unreadable):
        return item
    return WithContent(place, item, "", text.encode("utf-8", "replace"))


def _from_cef(one: cef.Event | Item) -> Item:
    """An alert or a visit of the SIEM agent. It names no Azure resource but the app in which something happened."""
    if not isinstance(one, cef.Event):
        return one
    if not one.is_alert:
        return cef.visit(one)
    account, service, address = (one.fields.get(key) for key in ("suser", "destinationservicename", "dvc"))
    found = told(
        one.line,
        {
            "SystemAlertId": one.fields.get("externalid"),
            "AlertType": one.event_class,
            "AlertDisplayName": one.name,
            "Severity": _cef_severity(one.severity),
            "StartTime": one.time,
            "Description": one.fields.get("msg"),
            "Entities": [
                {"Type": "account", "UserPrincipalName": account},
                {"Type": "cloud-application", "Name": service},
                {"Type": "ip", "Address": address},
            ],
            "Line": one.fields,
        },
    )
    return cef.refused(one, found.reason) if isinstance(found, Unreadable) else found


def _cef_severity(written: str) -> str:
    """CEF counts from 0 to 10 or writes a word. What the agent means by a number below 4 is documented nowhere (its own
    samples have 3 for alerts, 0 for activities), so from it alone nothing is taken for low."""
    if not written.isdecimal():
        return "High" if written.casefold() == "very-high" else written
    number = int(written[:3])
    return "" if number < 4 else "Medium" if number < 7 else "High"


def _alert(place: int, record: Record, raw: bytes) -> Item:
    given = by_name(record)
    properties = inner(first(given, "properties"))
    if isinstance(properties, dict):
        given = by_name({**record, **properties})
    if first(given, "class_uid", "classuid") in (_OCSF, str(_OCSF)):
        given = by_name(_from_ocsf(given))
    alert_id = _text(first(given, "systemalertid", "name", "vendororiginalid"), 200)
    if not alert_id:
        return Unreadable(place, "The alert has no SystemAlertId.", raw)
    at = moment_of(first(given, "starttimeutc", "starttime", "timegeneratedutc", "timegenerated"))
    if at is None:
        return Unreadable(place, "The alert has no start time that can be read.", raw)
    title = _text(first(given, "alertdisplayname", "displayname"))
    alert_type = _type(given, title)
    severity, tactics = _rated(given, alert_type or title)
    entities = _listed_objects(given, "entities")
    return SecurityAlert(
        line=place,
        alert_id=alert_id,
        type=alert_type,
        title=title or alert_type or "(no title)",
        severity=severity,
        state=_STATES.get(_text(first(given, "status")).casefold(), "active"),
        tactics=tactics,
        techniques=tuple(_listed(first(given, "techniques"))),
        resource=_resource(given, entities),
        description=_text(first(given, "description"), _DESCRIPTION),
        at=at,
        raw=raw,
        entities=alert_entities.named(given, entities),
    )


def _type(given: Record, title: str) -> str:
    """Which of the two names carries the type isn't documented for the table, so a documented one is looked for."""
    named = [_text(first(given, name), _LONGEST_TYPE) for name in ("alerttype", "alertname")]
    if title.casefold() in DOCUMENTED:
        named.append(title)
    return next((one for one in named if one.casefold() in DOCUMENTED), named[0] or named[1])


def _rated(given: Record, alert_type: str) -> tuple[str, tuple[str, ...]]:
    """Severity as delivered, else as documented; tactics as documented, since a form may carry only one, else as
    delivered."""
    severity, tactics = DOCUMENTED.get(alert_type.casefold(), ("medium", ()))
    delivered = _text(first(given, "severity", "alertseverity")).casefold()
    named = [one for one in _listed(first(given, "tactics", "intent")) if one.casefold() != "unknown"]
    return _SEVERITIES.get(delivered, severity), tactics or tuple(named)


def _resource(given: Record, entities: list[Record]) -> str:
    """The first Azure resource that the alert names."""
    holders = [given, *_listed_objects(given, "resourceidentifiers"), *entities]
    found = (_text(first(one, "azureresourceid", "resourceid"), 500) for one in holders)
    return next((one for one in found if one.casefold().startswith("/subscriptions/")), "")


def _listed_objects(given: Record, name: str) -> list[Record]:
    return [by_name(one) for one in _objects(first(given, name))]


def _written(record: Record) -> bytes:
    """The record as JSON, as far as a fast writer can: a hundred thousand alerts may come at once."""
    try:
        return bytes(memoryview(orjson.dumps(record)))  # a copy: what it gives keeps room for eight times as much
    except TypeError:
        return records.as_bytes(record)


def _from_ocsf(given: Record) -> Record:
    """A detection finding under the names of the others."""
    info = member(given, "finding_info", "findinginfo") or {}
    info = inner(info) if isinstance(inner(info), dict) else {}
    resources = _objects(member(given, "resources"))
    attacks = _objects(member(info, "attacks") or member(given, "attacks"))
    types = member(info, "types") or [None]
    return {
        "SystemAlertId": member(info, "uid"),
        "AlertType": types[0] if isinstance(types, list) else types,
        "AlertDisplayName": member(info, "title") or member(given, "message"),
        "Severity": _ocsf_word(given, "severity", _OCSF_SEVERITIES, _SEVERITIES),
        "Status": _ocsf_word(given, "status", _OCSF_STATES, _STATES) or _ocsf_closed(given),
        "Tactics": [name for one in attacks for name in _named(one, "tactic", "name")],
        "Techniques": [
            name for one in attacks for name in _named(one, "technique", "uid") or _named(one, "technique", "name")
        ],
        "Description": member(given, "message"),
        "StartTime": member(given, "time"),
        "ResourceId": member(resources[0], "uid") if resources else None,
        "Entities": [{"type": "azure-resource", "resourceId": member(one, "uid")} for one in resources],
    }


def _ocsf_word(given: Record, name: str, words: dict[str, str], known: dict[str, str]) -> Any:
    """A severity or state: the word, which may be missing or the product's own, else the word for its number."""
    word = _text(member(given, name))
    return word if word.casefold() in known else words.get(str(member(given, f"{name}_id", f"{name}id")))


def _ocsf_closed(given: Record) -> str | None:
    return "Resolved" if str(member(given, "activity_id", "activityid")) == _OCSF_CLOSE else None


def _named(attack: Record, thing: str, by: str) -> list[str]:
    """Of an attack its tactic (earlier: tactics) or technique, by its name or its id."""
    held = inner(member(attack, thing, f"{thing}s"))
    return [name for one in _objects([held] if isinstance(held, dict) else held) if (name := _text(member(one, by)))]


def _objects(value: Any) -> list[Record]:
    value = inner(value)
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _listed(value: Any) -> Iterable[str]:
    """Names in a list, in a list written as text, or parted by commas."""
    value = inner(value)
    if isinstance(value, str):
        value = value.split(",")
    return [name for one in value if (name := _text(one, 60))][:20] if isinstance(value, list) else []


def _text(value: Any, most: int = MAX_NAME) -> str:
    return clean(value[: most * 4])[:most] if isinstance(value, str) else ""
