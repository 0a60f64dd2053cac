"""Of which kind a file is: one of the formats we know, or a table whose header an administrator has mapped."""

from pathlib import Path

from inventory.connectors.archives import is_archive
from inventory.connectors.base import Connector, NoRecordError, UnknownFormatError
from inventory.connectors.delimited import as_utf8
from inventory.connectors.mapped import PREFIX, Layout, Mapped, Mapping, layout_of
from inventory.connectors.registry import CONNECTORS, recognise
from inventory.models import Feed, MappingProfile

ARCHIVE = "archive"


class UnmappedError(UnknownFormatError):
    """A table that nobody has mapped yet."""


def holds_archive(path: Path) -> bool:
    """Whether the file is an archive."""
    with path.open("rb") as file:
        return is_archive(file.read(4))


def recognised(path: Path, feed: Feed | None = None) -> str:
    """The kind of a file, by its content. Raises UnknownFormatError, also where it is none that the feed takes.

    Of an archive each file is asked by itself. An empty list, which relays deliver of a quiet hour, is of the feed's
    kind.
    """
    if holds_archive(path):
        return ARCHIVE
    try:
        found = _by_content(path)
    except NoRecordError:
        if feed and feed.kind in CONNECTORS:
            return feed.kind
        raise
    if feed and feed.kind and feed.kind != found:
        raise UnknownFormatError(f"The content is {title(found)}; this feed takes {title(feed.kind)}.")
    return found


def _by_content(path: Path) -> str:
    with path.open("rb") as file:
        try:
            return recognise(file).kind
        except NoRecordError:
            raise
        except UnknownFormatError as unknown:
            problem = unknown
    found = layout(path)
    if found is None:
        raise problem
    profile = MappingProfile.objects.filter(header=found.digest).first()
    if profile is None:
        raise UnmappedError(f"{problem} Upload it at the feeds page and say which column is what.")
    return PREFIX + profile.name


def layout(path: Path) -> Layout | None:
    """What the file looks like as a table; None where it is none that could be mapped."""
    with path.open("rb") as file:
        try:
            return layout_of(as_utf8(file))
        except UnknownFormatError:
            return None


def connector(kind: str) -> tuple[Connector, Mapping | None]:
    """What reads files of the kind. Raises UnknownFormatError where there is no such kind or mapping."""
    if kind in CONNECTORS:
        return CONNECTORS[kind], None
    profile = MappingProfile.objects.filter(name=kind.removeprefix(PREFIX)).first() if kind.startswith(PREFIX) else None
    if profile is None:
        raise UnknownFormatError(f"There is no kind of file called {kind}.")
    mapping = mapping_of(profile)
    return Mapped(mapping), mapping


def mapping_of(profile: MappingProfile) -> Mapping:
    """The profile as the connector takes it."""
    told = (profile.name, profile.kind, profile.header, profile.fields, profile.constants)
    return Mapping(*told, profile.day_first, profile.zone)


def title(kind: str) -> str:
    """A kind in words."""
    if kind in CONNECTORS:
        return CONNECTORS[kind].title
    if kind == ARCHIVE:
        return "Archive"
    return f"Mapped table “{kind.removeprefix(PREFIX)}”" if kind.startswith(PREFIX) else "Not recognised"
