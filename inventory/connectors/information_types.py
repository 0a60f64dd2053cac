"""Which sensitive information types a record says were matched."""

from collections.abc import Iterator
from typing import Any

from inventory.connectors.base import MAX_NAME
from inventory.connectors.delimited import clean
from inventory.connectors.keys import MISSING, Keys
from inventory.connectors.records import inner

MOST_TYPES = 100  # of one record
# Under these names a list of matched sensitive information types stands, wherever in the record.
TYPE_LISTS = (
    "sensitiveinformation",
    "sensitiveinformationtypes",
    "sensitiveinfotypes",
    "sensitiveinfotypedata",
    "sensitivetypes",
)
_TYPE = Keys(
    "sensitiveinformationtypename",
    "sensitiveinfotypename",
    "sensitivetype",
    "sensitiveinfotypeid",
    "sensitiveinformationtypeid",
    "name",
    "id",
    "count",
)


def information_types(record: dict[str, Any]) -> tuple[str, ...]:
    """The sensitive information types matched anywhere in the record."""
    found: set[str] = set()
    open_ends: list[Any] = [record]
    while open_ends:
        value = open_ends.pop()
        if type(value) is list:
            open_ends.extend(value)
        elif type(value) is dict:
            for key, member in value.items():
                if key is MISSING:
                    continue
                if type(member) in (list, dict):
                    open_ends.append(member)
                if key.casefold() in TYPE_LISTS:
                    found.update(_named_types(member))
    return tuple(sorted(found)[:MOST_TYPES])


def _named_types(matches: Any) -> Iterator[str]:
    for match in matches if type(matches) is list else [matches]:
        if type(match) is dict:
            *names, number = _TYPE.of(match)
            named = next((n for n in names if n and type(n) is str), "")
            match = named if number is None or number else ""
        if type(match) is str and (name := _name(match)):
            yield name


def information_types_of(record: dict[str, Any]) -> tuple[str, ...]:
    """The sensitive information types matched in a record of another form, whose lists may be JSON within a text."""
    return information_types({key: inner(value) for key, value in record.items() if type(key) is str})


def _name(value: str) -> str:
    return clean(value[: MAX_NAME * 4])[:MAX_NAME]
