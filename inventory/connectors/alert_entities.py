"""What an alert names beside its resource: accounts, addresses, files … as pairs of a kind and a name."""

from collections.abc import Iterator
from typing import Any

from inventory.connectors.delimited import clean
from inventory.connectors.records import Record

ACCOUNT = "account"  # a person, in clear here: who stores it writes a pseudonym
APPLICATION = "application"  # an app in the cloud, by its name
_MOST = 20
_LENGTH = 200
# Kind of entity, as products write it → ours, and the members that name it, best first
_KINDS: dict[str, tuple[str, tuple[str, ...]]] = {
    "account": (ACCOUNT, ("aaduserid", "objectguid", "userprincipalname")),
    "mailbox": (ACCOUNT, ("mailboxprimaryaddress", "upn")),
    "ip": ("ip", ("address",)),
    "azure-resource": ("resource", ("resourceid", "azureresourceid")),
    "cloud-application": (APPLICATION, ("name", "appid")),
    "host": ("host", ("hostname", "netbiosname")),
    "url": ("url", ("url",)),
    "dns": ("domain", ("domainname",)),
    "file": ("file", ("name",)),
    "filehash": ("hash", ("value",)),
    "process": ("process", ("commandline", "processid")),
}


def by_name(record: Record) -> Record:
    """The members under their names in lower case: made once, where many are asked for."""
    return {key.casefold(): value for key, value in record.items() if isinstance(key, str)}


def first(members: Record, *wanted: str) -> Any:
    """The first of these members (`by_name`) that is there and not empty; else None."""
    for name in wanted:
        value = members.get(name)
        if value is not None and value != "":
            return value
    return None


def named(members: Record, entities: list[Record]) -> tuple[tuple[str, str], ...]:
    """What the members of an alert and of its entities name, each once; at most 20."""
    found: dict[tuple[str, str], None] = {}
    for one in entities:
        if pair := _pair(one):
            found[pair] = None
    for pair in _compromised(members):
        found.setdefault(pair)
    return tuple(found)[:_MOST]


def _pair(one: Record) -> tuple[str, str] | None:
    kind, members = _KINDS.get(_text(first(one, "type")).casefold(), ("", ()))
    name = next((text for key in members if (text := _text(first(one, key)))), "")
    if kind == ACCOUNT and not name:
        name = _account(one)
    return (kind, name) if kind and name else None


def _account(one: Record) -> str:
    """An account by its principal name, where its parts stand apart."""
    name, suffix = _text(first(one, "name")), _text(first(one, "upnsuffix"))
    return f"{name}@{suffix}" if name and suffix and "@" not in name else name


def _compromised(members: Record) -> Iterator[tuple[str, str]]:
    """What the alert calls compromised is a person where it looks like an address, else a resource by its short name,
    which the resource already tells."""
    name = _text(first(members, "compromisedentity"))
    if "@" in name:
        yield ACCOUNT, name


def _text(value: Any) -> str:
    return clean(value[: _LENGTH * 4])[:_LENGTH] if isinstance(value, str) else ""
