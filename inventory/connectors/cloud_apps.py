"""Apps that Defender for Cloud Apps discovered (Graph beta, `discoveredCloudAppDetail`): what the organisation uses in
the cloud, added up over people. Its score says how safe an app is, 0 to 10, so it runs against our risk.
"""

from collections.abc import Iterator
from typing import Any

from inventory.connectors import records
from inventory.connectors.base import CloudApp, Item, Source, Unreadable
from inventory.connectors.dlp import word
from inventory.connectors.hosts import host_of
from inventory.connectors.moments import moment
from inventory.connectors.records import Record, inner, member

_MOST = 1 << 53  # of a count: the largest whole number that JSON carries unharmed
_MOST_DOMAINS = 50


class CloudApps:
    kind = "cloud_apps"
    title = "Discovered cloud apps (Graph JSON)"

    def recognises(self, columns: list[str]) -> bool:
        return {"displayname", "domains"}.issubset(columns) and not {
            "transactioncount", "uploadnetworktrafficinbytes", "riskscore", "riskrating",
        }.isdisjoint(columns)  # fmt: skip

    def read(self, source: Source, from_line: int = 0) -> Iterator[Item]:
        """The apps; see `base.Connector`."""
        for place, record in records.read(source, from_line):
            yield record if isinstance(record, Unreadable) else told(place, record)


def told(place: int, record: Record) -> Item:
    """The app that a record names."""
    key, name = word(member(record, "id")), word(member(record, "displayname"))
    if not key or not name:
        return Unreadable(place, "The app lacks its id or its name.", records.as_bytes(record))
    domains = [host for one in _listed(member(record, "domains")) if (host := host_of(one))]
    return CloudApp(
        line=place,
        key=key,
        name=name,
        category=word(member(record, "category")),
        domains=tuple(dict.fromkeys(domains[:_MOST_DOMAINS])),
        safety=_safety(member(record, "riskscore", "riskrating")),
        tags=tuple(_listed(member(record, "tags"))[:20]),
        transactions=_count(member(record, "transactioncount")),
        uploaded=_count(member(record, "uploadnetworktrafficinbytes")),
        downloaded=_count(member(record, "downloadnetworktrafficinbytes")),
        users=_count(member(record, "usercount")),
        last_seen=moment(member(record, "lastseendatetime")),
    )


def _safety(value: Any) -> float | None:
    """0 (unsafe) to 10 (safe); None where no such number is given."""
    try:
        found = float(value) if isinstance(value, int | float | str) and not isinstance(value, bool) else -1.0
    except (ValueError, OverflowError):
        return None
    return found if 0 <= found <= 10 else None


def _count(value: Any) -> int:
    if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) < 20:
        value = int(value)
    whole = isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= _MOST
    return int(value) if whole else 0


def _listed(value: Any) -> list[str]:
    value = inner(value)
    if isinstance(value, str):
        value = value.replace(";", ",").split(",")
    return [name for one in value if (name := word(one))] if isinstance(value, list) else []
