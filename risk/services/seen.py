"""What a person saw stored when they wrote, against what is stored by now."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from inventory.models import User
from risk.services.assessments import OvertakenError

OVERTAKEN = "Written otherwise by somebody else since this page was opened: yours is not saved."


def plain(value: object) -> Any:
    """A value as pages carry it along and audit entries hold it."""
    if isinstance(value, User):
        return value.username
    return value.isoformat() if isinstance(value, date) else value


def same_text(one: object, other: object) -> bool:
    """Whether two values read alike: nothing is nothing, and browsers send line ends of their own."""
    return _text(one) == _text(other)


def refuse_overtaken(stored: Mapping[str, Any], seen: Mapping[str, Any], field: str) -> None:
    """Raise OvertakenError, at a field, where what is stored is not what the person saw."""
    if any(not same_text(value, seen.get(name)) for name, value in stored.items()):
        raise OvertakenError({field: OVERTAKEN})


def _text(value: object) -> str:
    found = plain(value)
    return "" if found is None else str(found).replace("\r\n", "\n").strip()
