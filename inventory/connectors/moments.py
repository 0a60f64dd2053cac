"""Points in time as feeds write them: `moment` as Microsoft's programs do, `moment_of` as anybody does, with European
days, dates alone, and seconds or finer since 1970."""

from datetime import UTC, datetime, tzinfo
from typing import Any

_AMERICAN = ("%m/%d/%Y %I:%M:%S %p", "%m/%d/%Y %H:%M:%S", "%m/%d/%Y %H:%M", "%m/%d/%Y %I:%M %p")
_DAY_FIRST = ("%d.%m.%Y %H:%M:%S", "%d.%m.%Y %H:%M", "%d/%m/%Y %H:%M:%S", "%d/%m/%Y %H:%M", "%d.%m.%Y", "%d/%m/%Y")
_POINTS = ("%d.%m.%Y %H:%M:%S", "%d.%m.%Y %H:%M", "%d.%m.%Y")  # with points the day is first everywhere
_MONTH_FIRST = ("%m/%d/%Y",)  # with a time, `moment` reads them
_FINEST = (10**17, 10**14, 10**11)  # from here on a number counts nano-, micro-, milliseconds: else it were year 5138
_DIGITS = 20
# What lies outside is no time of a record but a mistake, or a program's way of writing none (0001-01-01, 1601-01-01);
# and what is near the last year that can be counted breaks whoever adds an hour to it.
_YEARS = range(1970, 2200)


def moment(value: Any) -> datetime | None:
    """The point in time: ISO with or without zone and with up to seven decimals, or American; UTC where no zone is
    given (audit times are UTC without saying so). None where it is none."""
    if type(value) is not str:
        return None
    try:
        if len(value) == 19:
            at = datetime.fromisoformat(value + "+00:00")
            return at if at.year in _YEARS else None
        at = datetime.fromisoformat(value)
    except ValueError:
        american = _read(value.strip(), _AMERICAN)
        if american is None:
            return None
        at = american
    return in_utc(at)


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
    at = _read(text, _DAY_FIRST if day_first else (*_POINTS, *_MONTH_FIRST))
    if at:
        return in_utc(at, zone)
    if zone is UTC:
        return moment(text)
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        at = _read(text, _AMERICAN)
    return in_utc(at, zone) if at else None


def _read(text: str, patterns: tuple[str, ...]) -> datetime | None:
    for pattern in patterns:
        try:
            return datetime.strptime(text, pattern)
        except ValueError:
            continue
    return None


def in_utc(at: datetime, zone: tzinfo = UTC) -> datetime | None:
    """The point in time in UTC, `zone` being that of one that names none; None where nothing can be of that time."""
    try:
        found = (at if at.tzinfo else at.replace(tzinfo=zone)).astimezone(UTC)
    except (OverflowError, ValueError):
        return None
    return found if found.year in _YEARS else None


def _since_1970(number: float) -> datetime | None:
    size = abs(number)
    scale = next((scale for scale, least in zip((10**9, 10**6, 10**3), _FINEST, strict=True) if size >= least), 1)
    try:
        return in_utc(datetime.fromtimestamp(number / scale, UTC))
    except (OverflowError, ValueError, OSError):
        return None
