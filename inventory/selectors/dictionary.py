"""Labels and information types by name, wherever feeds name them by id."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.core.paginator import Page, Paginator
from django.db.models import Q, Value
from django.utils.translation import gettext as _

from inventory.choices import DataLevel
from inventory.connectors.levels import LEVELS
from inventory.models import InformationType, SensitivityLabel

A_PAGE = 50


@dataclass(frozen=True, slots=True)
class Known:
    """A label or an information type of the dictionary. `level` is empty where nobody knows how sensitive it is."""

    key: str
    name: str
    level: str
    parent: str  # name of the label it stands under

    @property
    def path(self) -> str:
        """The name with that of the label it stands under, as Purview shows it."""
        return f"{self.parent} › {self.name}" if self.parent else self.name

    @property
    def forms(self) -> tuple[str, ...]:
        """How feeds may name it: by its id in either case, by its name or its path."""
        return tuple(dict.fromkeys((self.key, self.key.upper(), self.key.lower(), self.name, self.path)))

    @property
    def level_name(self) -> str:
        return str(DataLevel(self.level).label) if self.level else _("not known")


class Names:
    """The dictionaries at hand: found by id, or by a name that only one entry has."""

    def __init__(self, labels: Iterable[Known], types: Iterable[Known]) -> None:
        self._labels, self._types = _by_key_and_name(labels), _by_key_and_name(types)

    def label(self, given: str) -> Known:
        """The label that a feed names so; one that no list holds keeps its id, without a level."""
        return self._labels.get(given.casefold()) or Known(given, given, "", "")

    def type(self, given: str) -> Known:
        """The information type that a feed names so."""
        return self._types.get(given.casefold()) or Known(given, given, "", "")

    def rank(self, labels: Sequence[str], types: Sequence[str]) -> int | None:
        """The highest level among these, as its place in LEVELS; None where none is known."""
        found = [*(self.label(one).level for one in labels), *(self.type(one).level for one in types)]
        return max((LEVELS.index(level) for level in found if level), default=None)

    def __bool__(self) -> bool:
        return bool(self._labels or self._types)


def names() -> Names:
    """Both dictionaries, in one query."""
    labels = SensitivityLabel.objects.order_by().values_list("key", "name", "level", "parent", Value(True))
    types = InformationType.objects.order_by().values_list("key", "name", "level", Value(""), Value(False))
    rows = sorted(labels.union(types, all=True))
    parents = {key: name for key, name, _, _, is_label in rows if is_label}
    return Names(
        [Known(key, name, level, parents.get(parent, "")) for key, name, level, parent, is_label in rows if is_label],
        [Known(key, name, level, "") for key, name, level, _, is_label in rows if not is_label],
    )


def _by_key_and_name(entries: Iterable[Known]) -> dict[str, Known]:
    """By key, and by the name or the path that nothing else has."""
    known = list(entries)
    named: dict[str, Known | None] = {}
    for one in known:
        for name in {one.name.casefold(), one.path.casefold()}:
            named[name] = None if name in named else one
    return {name: one for name, one in named.items() if one} | {one.key: one for one in known}


def labels() -> list[tuple[SensitivityLabel, str]]:
    """All labels by rank, each with the name of the label it stands under."""
    found = list(SensitivityLabel.objects.order_by("rank", "name"))
    by_key = {one.key: one.name for one in found}
    return [(one, by_key.get(one.parent, "")) for one in found]


def types(q: str = "", page: int = 1) -> Page:
    """A page of information types by name."""
    found = InformationType.objects.order_by("name", "key")
    if q:
        found = found.filter(Q(name__icontains=q) | Q(key__icontains=q))
    return Paginator(found, A_PAGE).get_page(page)


def path_of(label: SensitivityLabel, parent: str) -> str:
    """The name of a label with that of the one it stands under."""
    return f"{parent} › {label.name}" if parent else label.name


def type_choices(most: int = 300) -> list[tuple[str, str]]:
    """(key, name) of information types by name, for a list to choose from."""
    return list(InformationType.objects.order_by("name", "key").values_list("key", "name")[:most])
