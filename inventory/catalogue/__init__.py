"""Known generative AI by host and by name: data that ships with the product, and its only reader.

It names what feeds report and fills the register form in advance; it judges nothing.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml
from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from inventory.choices import ApplicationKind

FILE = Path(__file__).parent / "ai_apps.yaml"


class Category(TextChoices):
    """The three kinds of AI use of Purview's AI Hub."""

    COPILOT = "copilot", _("Copilot experiences and agents")
    ENTERPRISE = "enterprise", _("Enterprise AI apps")
    OTHER = "other", _("Other AI apps")


class CatalogueError(ValueError):
    """The file says something that can't be: names the entry and what is wrong with it."""


@dataclass(frozen=True, slots=True)
class KnownApp:
    """An entry. `hosts` and `names` in lower case."""

    name: str
    vendor: str
    category: Category
    kind: ApplicationKind
    hosts: tuple[str, ...]
    names: tuple[str, ...]


class Catalogue:
    """All entries, found by host or by name."""

    def __init__(self, apps: tuple[KnownApp, ...]) -> None:
        self.apps = apps
        self.hosts: Mapping[str, KnownApp] = _each_once((host, app) for app in apps for host in app.hosts)
        self._names = _each_once(
            (name, app) for app in apps for name in dict.fromkeys((app.name.casefold(), *app.names))
        )

    def find(self, *, host: str = "", identity: str = "", name: str = "") -> KnownApp | None:
        """The app that a feed means: by the name seen, the last part of an identity, or the host and what it lies
        below. The name and the identity go first: the host of a record may only be where somebody was (Edge)."""
        words = [name.casefold()]
        if identity.count(".") >= 2:  # workload.group.app
            words.append(identity.casefold().split(".", 2)[2])
        found = next((self._names[word] for word in words if word in self._names), None)
        if found or identity:
            return found
        return self.by_host(host) or self.by_host(name) or self._names.get(host.casefold())

    def by_host(self, host: str) -> KnownApp | None:
        """The app to which a host belongs."""
        place = host.casefold()
        while place and place not in self.hosts:
            place = place.partition(".")[2]
        return self.hosts.get(place)


@cache
def catalogue() -> Catalogue:
    """The catalogue that ships with the product. Raises CatalogueError."""
    return Catalogue(tuple(_read(FILE.read_text(encoding="utf-8"))))


def _read(text: str) -> Iterator[KnownApp]:
    for entry in yaml.safe_load(text):
        try:
            yield KnownApp(
                name=entry["name"],
                vendor=entry["vendor"],
                category=Category(entry["category"]),
                kind=ApplicationKind(entry["kind"]),
                hosts=tuple(host.casefold() for host in entry.get("hosts", ())),
                names=tuple(name.casefold() for name in entry.get("names", ())),
            )
        except (KeyError, ValueError, AttributeError) as problem:
            raise CatalogueError(f"{FILE.name}: {entry!r}: {problem}") from problem


def _each_once(pairs: Iterator[tuple[str, KnownApp]]) -> dict[str, KnownApp]:
    found: dict[str, KnownApp] = {}
    for word, app in pairs:
        if found.setdefault(word, app) is not app:
            raise CatalogueError(f"{FILE.name}: “{word}” stands for both {found[word].name} and {app.name}.")
    return found
