"""What a page is narrowed by, in words: one chip for each filter of its address, with the address without it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from django.http import QueryDict
from django.utils.formats import date_format
from django.utils.http import urlencode
from django.utils.translation import gettext, gettext_lazy

from inventory.selectors.asked import NAMES, SAID, WORDS

if TYPE_CHECKING:
    from inventory.web.filters import Filters

# What a parameter is called; any other by its own name
_CALLED = {
    "q": gettext_lazy("Search"),
    "as_of": gettext_lazy("As of"),
    "below": gettext_lazy("Departments below"),
    "class": "EU AI Act",
    "lifecycle": gettext_lazy("Stage"),
    "seen_as": gettext_lazy("Seen as"),
    "who": gettext_lazy("Assigned to"),
    "late": gettext_lazy("Deadline"),
    "tied": gettext_lazy("Tied to"),
    "sighting": gettext_lazy("AI app"),
    "information_type": gettext_lazy("Information"),
    "made_by": gettext_lazy("Sensitive by"),
    "unassigned": gettext_lazy("Department"),
    "people": gettext_lazy("People"),
    "sensitive": gettext_lazy("Data"),
    "used": gettext_lazy("Use"),
    "standing": gettext_lazy("Decision"),
    "days": gettext_lazy("Seen"),
    "binding": gettext_lazy("Frameworks"),
    "metric": gettext_lazy("What is unusual"),
    "door": gettext_lazy("Came by"),
    "identified": gettext_lazy("Identifiers"),
    "overdue": gettext_lazy("Duties"),
    "points": gettext_lazy("Overall risk"),
    "ends": gettext_lazy("Ends"),
    "evidence": gettext_lazy("Shows"),
}
_DAYS = {"as_of", "since", "until", "from", "to"}
# They say what is shown of the rows and in which order, not which rows
_NO_FILTERS = {"sort", "page", "principle"}


@dataclass(frozen=True)
class Chip:
    """A filter in words. `without`: the address that drops it. `applied`: whether the page heeds it."""

    name: str
    called: str
    value: str
    without: str
    applied: bool = True


@dataclass(frozen=True)
class Chips:
    """All filters of a page, and the address that drops them together (order and columns stay)."""

    chips: Sequence[Chip]
    none: str


def chips_of(filters: "Filters", given: QueryDict, applied: Collection[str]) -> Chips:
    """The filters of an address. `applied`: the parameters that the page heeds; a filter of another page that came
    along is shown as not applied, so that nobody takes the figures for narrower than they are."""
    words = _read(filters, given)
    lists = dict(given.lists())
    found = [
        Chip(name, _called(name), _said(filters, name, value), _without(lists, {name}), name in applied)
        for name, value in words.items()
    ]
    return Chips(found, _without(lists, set(words)))


def _read(filters: "Filters", given: QueryDict) -> dict[str, str]:
    """Parameter → its value, of what narrows: as the page read it, else as it stands."""
    values = {name: value for name, value in filters.values().items() if value}
    values.update({name: ",".join(words) for name, words in filters.own.items()})
    ignored = {problem.parameter for problem in filters.ignored}
    for name in given:
        known = name in NAMES or name in WORDS or name in filters.named
        if known and name not in values and name not in ignored and (text := ",".join(given.getlist(name)).strip()):
            values[name] = text
    return {name: value for name, value in values.items() if name not in _NO_FILTERS}


def _called(name: str) -> str:
    return str(_CALLED.get(name, name.replace("_", " ").capitalize()))


def _said(filters: "Filters", name: str, value: str) -> str:
    if name in filters.named:
        return filters.named[name]
    if name == "department" and filters.department is not None:
        return filters.department.name
    if name == "period":
        return gettext("last 12 months") if value == "365" else gettext("last %(days)s days") % {"days": value}
    if name in _DAYS:
        return _day(value)
    if name in ("q", "owner", "requirement"):
        return value
    labels = {**SAID.get(name, {}), **filters.said.get(name, {})}
    return ", ".join(str(labels.get(word, word.replace("_", " "))) for word in value.split(",") if word)


def _day(text: str) -> str:
    try:
        return date_format(date.fromisoformat(text), "j M Y")
    except ValueError:
        return text  # of a page that doesn't heed it, and so never read it


def _without(lists: Mapping[str, list[str]], dropped: Collection[str]) -> str:
    kept = {name: values for name, values in lists.items() if name not in dropped and name != "page"}
    return "?" + urlencode(kept, doseq=True)
