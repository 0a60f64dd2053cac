"""Points in time as Microsoft's programs write them."""

from datetime import UTC, datetime
from typing import Any

_AMERICAN = ("%m/%d/%Y %I:%M:%S %p", "%m/%d/%Y %H:%M:%S", "%m/%d/%Y %H:%M", "%m/%d/%Y %I:%M %p")


def moment(value: Any) -> datetime | None:
    """The point in time: ISO with or without zone and with up to seven decimals, or American; UTC where no zone is
    given (audit times are UTC without saying so). None where it is none."""
    if type(value) is not str:
        return None
    try:
        if len(value) == 19:
            return datetime.fromisoformat(value + "+00:00")
        at = datetime.fromisoformat(value)
    except ValueError:
        american = _american(value.strip())
        if american is None:
            return None
        at = american
    if at.tzinfo is None:
        return at.replace(tzinfo=UTC)
    try:
        return at.astimezone(UTC)
    except OverflowError:
        return None


def _american(value: str) -> datetime | None:
    for pattern in _AMERICAN:
        try:
            return datetime.strptime(value, pattern)
        except ValueError:
            continue
    return None
