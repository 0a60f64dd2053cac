"""Points in time as feeds write them: ISO 8601, American, European, dates alone, and seconds or finer since 1970."""

from datetime import UTC, datetime, tzinfo
from typing import Any

from inventory.connectors.purview_audit import moment

_DAY_FIRST = ("%d.%m.%Y %H:%M:%S", "%d.%m.%Y %H:%M", "%d/%m/%Y %H:%M:%S", "%d/%m/%Y %H:%M", "%d.%m.%Y", "%d/%m/%Y")
_POINTS = ("%d.%m.%Y %H:%M:%S", "%d.%m.%Y %H:%M", "%d.%m.%Y")  # with points the day is first everywhere
_MONTH_FIRST = ("%m/%d/%Y",)  # with a time, `moment` reads them
_FINEST = (10**17, 10**14, 10**11)  # from here on a number counts nano-, micro-, milliseconds: else it were year 5138
_DIGITS = 20


def moment_of(value: Any, *, day_first: bool = False, zone: tzinfo = UTC) -> datetime | None:
    """The point in time in UTC; None where it is none. `zone` is for times that name none, `day_first` for 3/4/2026."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return _since_1970(value)
    if not isinstance(value, str) or not (text := value.strip()):
        return None
    if text.isdecimal() and text.isascii() and len(text) != 8:  # eight digits are a date: 20260714
        return _since_1970(int(text)) if len(text) <= _DIGITS else None
    for pattern in _DAY_FIRST if day_first else (*_POINTS, *_MONTH_FIRST):
        try:
            return _in_utc(datetime.strptime(text, pattern), zone)
        except ValueError:
            continue
    if zone is UTC:
        return moment(text)
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        known = moment(text)  # American: UTC, since it names no zone
        found = known.replace(tzinfo=None) if known else None  # type: ignore[assignment]
    return _in_utc(found, zone) if found else None


def _in_utc(found: datetime, zone: tzinfo) -> datetime | None:
    try:
        return (found if found.tzinfo else found.replace(tzinfo=zone)).astimezone(UTC)
    except (OverflowError, ValueError):
        return None


def _since_1970(number: float) -> datetime | None:
    size = abs(number)
    scale = next((scale for scale, least in zip((10**9, 10**6, 10**3), _FINEST, strict=True) if size >= least), 1)
    try:
        return datetime.fromtimestamp(number / scale, UTC)
    except (OverflowError, ValueError, OSError):
        return None
