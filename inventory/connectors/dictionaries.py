"""What the ids of sensitivity labels and of sensitive information types stand for.

Labels: `Get-Label | Export-Csv`, whole or its columns Priority, Name, DisplayName, Guid, ParentId; or the Graph list
`sensitivityLabels`. Types: `Get-DlpSensitiveInformationType | Export-Csv`, or any table of ids and names.
"""

from collections.abc import Iterator
from typing import Any

from inventory.connectors import records
from inventory.connectors.base import MAX_NAME, Item, ListedLabel, ListedType, Source, Unreadable
from inventory.connectors.delimited import clean
from inventory.connectors.records import Record, inner, member

MOST_ENTRIES = 20_000  # of one list; Purview allows 500 labels a tenant, and knows some 320 types of its own
_MOST_RANK = 1_000_000
_LABEL_ID = ("guid", "immutableid", "labelid", "id")
_LABEL_RANK = ("priority", "sensitivity", "rank")
_LABEL_NAME = ("displayname", "name", "labelname")
_TYPE_ID = ("sensitiveinformationtypeid", "sensitiveinfotypeid", "sensitivetype", "id", "guid")
_TYPE_NAME = ("sensitiveinformationtypename", "sensitiveinfotypename", "name", "localizedname", "displayname")
# Columns that only a list of information types has
_TYPE_COLUMNS = frozenset(
    {"sensitiveinformationtypename", "sensitiveinfotypename", "recommendedconfidence", "rulepackid", "rulepackageid"}
)


class SensitivityLabels:
    kind = "sensitivity_labels"
    title = "Sensitivity labels (CSV or JSON)"

    def recognises(self, columns: list[str]) -> bool:
        has = set(columns)
        by_command = "priority" in has and has.intersection(("guid", "immutableid", "labelid"))
        by_graph = {"id", "name", "sensitivity"}.issubset(has) and has.intersection(("isactive", "parent", "tooltip"))
        return bool(by_command or by_graph)

    def read(self, source: Source, from_line: int = 0) -> Iterator[Item]:
        """The labels; see `base.Connector`."""
        return _listed(source, from_line, _label)


class InformationTypes:
    kind = "information_types"
    title = "Sensitive information types (CSV or JSON)"

    def recognises(self, columns: list[str]) -> bool:
        has = set(columns)
        one_each = not has.isdisjoint(_TYPE_ID) and not has.isdisjoint(_TYPE_NAME)
        # an activity has types too, and a time and a person besides
        return one_each and not has.isdisjoint(_TYPE_COLUMNS) and has.isdisjoint(("happened", "creationtime"))

    def read(self, source: Source, from_line: int = 0) -> Iterator[Item]:
        """The types; see `base.Connector`."""
        return _listed(source, from_line, _type)


def _listed(source: Source, from_line: int, read_one: Any) -> Iterator[Item]:
    """The entries of a list, up to the most that a list may have."""
    for number, (place, record) in enumerate(records.read(source, from_line)):
        if isinstance(record, Unreadable):
            yield record
        elif number >= MOST_ENTRIES:
            reason = f"A dictionary of more than {MOST_ENTRIES:,} entries is none."
            yield Unreadable(place, reason, records.as_bytes(record))
        else:
            yield read_one(place, record)


def _label(place: int, record: Record) -> Item:
    key, name = _id(member(record, *_LABEL_ID)), _text(member(record, *_LABEL_NAME))
    if not key or not name:
        return Unreadable(place, "The label lacks its id or its name.", records.as_bytes(record))
    parent = inner(member(record, "parentid", "parentlabelid", "parent"))
    if isinstance(parent, dict):
        parent = member(parent, *_LABEL_ID)
    return ListedLabel(place, key, name, _rank(member(record, *_LABEL_RANK)), _id(parent))


def _type(place: int, record: Record) -> Item:
    key, name = _id(member(record, *_TYPE_ID)), _text(member(record, *_TYPE_NAME))
    if not key or not name:
        return Unreadable(place, "The information type lacks its id or its name.", records.as_bytes(record))
    return ListedType(place, key, name)


def _rank(value: Any) -> int | None:
    """The priority, which is a number or a text of digits."""
    if isinstance(value, str) and value.strip().isdecimal() and len(value) < 10:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return int(value) if 0 <= value <= _MOST_RANK else None


def _id(value: Any) -> str:
    """An id without the braces that some programs put around GUIDs."""
    return _text(value).strip("{}").lower()


def _text(value: Any) -> str:
    return clean(value[: MAX_NAME * 4])[:MAX_NAME] if isinstance(value, str) else ""
