"""Which registered application a record is about: (how it was seen, identifiers) → match, candidates or none, and why.

Pure. The order of the kinds is that of contracts §2; the first kind under which anything fits decides. Several
applications that fit equally well are candidates for a person, never a match.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from inventory.connectors.base import Seen

# The kinds of identifier (`choices.IdentifierKind`, without its framework) and what people call them.
AGENT_ID, APP_IDENTITY, AZURE_RESOURCE = "agent_id", "app_identity", "azure_resource"
HOST, REPOSITORY, COPILOT_HOST = "host", "repository", "copilot_host"
LABELS = {
    AGENT_ID: "Agent id",
    APP_IDENTITY: "App identity",
    AZURE_RESOURCE: "Azure resource id",
    HOST: "Host or domain",
    REPOSITORY: "Repository URL",
    COPILOT_HOST: "Copilot host name",
}
_GUID_AT_END = re.compile(r"([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\W*$")


@dataclass(frozen=True)
class Match:
    """The application, or the candidates (application ids, ascending) of a tie; `reason` is for people. `by`: the
    identifier that told the application, as `told` writes it."""

    application: int | None = None
    candidates: tuple[int, ...] = ()
    reason: str = "Nothing registered has one of its names."
    by: str = ""


NO_MATCH = Match()


class Identifiers:
    """The names of all registered applications, ready for looking up.

    Takes (kind, value, application id) and about 200 bytes for each.
    """

    def __init__(self, rows: Iterable[tuple[str, str, int]]) -> None:
        # a bare number where one application holds the name, which is nearly always: half the memory
        self._holders: dict[str, dict[str, int | tuple[int, ...]]] = {kind: {} for kind in LABELS}
        for kind, value, application in rows:
            name = normal(kind, value)
            names = self._holders[kind]
            if not name or names.setdefault(name, application) == application:
                continue
            held = names[name]
            names[name] = tuple(sorted({application, *(held if isinstance(held, tuple) else (held,))}))

    def match(self, seen: Seen) -> Match:
        """The application that the record is about."""
        for kind, name in _names(seen):
            holder = self._holders[kind].get(name)
            if isinstance(holder, tuple):
                return Match(None, holder, f"{LABELS[kind]} “{name}” fits several applications.")
            if holder is not None:
                return Match(holder, (), f"{LABELS[kind]} “{name}”", told(kind, name))
        return NO_MATCH


def told(kind: str, value: str) -> str:
    """An identifier in one text, in the form in which identifiers are compared."""
    return f"{kind}:{normal(kind, value)}"


def fold(name: str) -> str:
    """A name seen, in the form in which sightings, rulings and events are told apart and meet. Never in SQL: `lower()`
    leaves "Straße" and "İ" as another name than this."""
    return name.casefold()[:300]


def normal(kind: str, value: str) -> str:
    """A name in the form in which names of its kind are compared: an agent id by its trailing GUID, a host without
    scheme, port and path, a repository without scheme, user and `.git`; everything case-folded."""
    value = value.strip().casefold()
    if kind == AGENT_ID:
        found = _GUID_AT_END.search(value)
        return found[1] if found else value
    if kind == HOST:
        return _host(value)
    if kind == REPOSITORY:
        return _repository(value)
    if kind == AZURE_RESOURCE:
        return value.rstrip("/")
    return value


def _names(seen: Seen) -> Iterator[tuple[str, str]]:
    """What to look up, in order; the longer and more exact name of a kind first."""
    if seen.agent_id:
        yield AGENT_ID, normal(AGENT_ID, seen.agent_id)
    for identity in (seen.app_identity, seen.app_name):
        if identity:
            yield APP_IDENTITY, normal(APP_IDENTITY, identity)
    if seen.azure_resource:
        yield from ((AZURE_RESOURCE, part) for part in _parents(seen.azure_resource, "/"))
    if seen.host:
        host = normal(HOST, seen.host)
        yield HOST, host
        # not the last label alone: "com" is nobody's
        yield from ((HOST, parent) for parent in _parent_domains(host))
    if seen.repository:
        yield REPOSITORY, normal(REPOSITORY, seen.repository)
    if seen.host:
        yield COPILOT_HOST, normal(COPILOT_HOST, seen.host)


def _parents(resource: str, separator: str) -> Iterator[str]:
    name = normal(AZURE_RESOURCE, resource)
    while name:
        yield name
        name = name.rpartition(separator)[0]


def _parent_domains(host: str) -> Iterator[str]:
    _, dot, parent = host.partition(".")
    while dot and "." in parent:
        yield parent
        _, dot, parent = parent.partition(".")


def _host(value: str) -> str:
    if "//" in value:
        try:
            value = urlsplit(value).hostname or ""
        except ValueError:
            return value
    else:
        value = value.partition("/")[0]
        name, colon, port = value.rpartition(":")
        if colon and port.isdecimal() and ":" not in name:
            value = name
    return value.removeprefix("*.").rstrip(".")


def _repository(value: str) -> str:
    if value.startswith("git@"):
        value = value.removeprefix("git@").replace(":", "/", 1)
    else:
        value = value.partition("//")[2] or value
        value = value.rpartition("@")[2] if "@" in value.partition("/")[0] else value
    return value.rstrip("/").removesuffix(".git")
