"""Working hours of the organisation, by which interactions count as *off hours*.

The figures must be taken apart by the hours they were put together by, so those in force are a row, not the setting:
`adopt` takes a changed setting over and counts anew, in one transaction.
"""

import re
from dataclasses import dataclass
from datetime import time
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import connection

from inventory.models import WorkingHours
from inventory.unusual import weekdays

# Time of day counted from the start of work: one comparison, also where work ends after midnight
OUTSIDE = "({at} AT TIME ZONE %(zone)s)::time - %(start)s::interval >= %(length)s::time"
WORKDAY = "extract(isodow FROM {day})::int = ANY(%(days)s)"
_FORM = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-4]):([0-5]\d)")


def off(row: str) -> str:
    """SQL: whether an interaction was outside working hours; visits are no interactions."""
    at = f"{row}.at"
    day = f"({at} AT TIME ZONE %(zone)s)"
    return f"({row}.uploaded IS NULL AND ({OUTSIDE.format(at=at)} OR NOT {WORKDAY.format(day=day)}))"


@dataclass(frozen=True, slots=True)
class Hours:
    """From `start` on for `minutes`, on the ISO weekdays (1: Monday)."""

    start: time
    minutes: int
    days: tuple[int, ...]

    def parameters(self, zone: str) -> dict[str, Any]:
        """For the SQL above."""
        return {
            "zone": zone,
            "start": f"{self.start:%H:%M}",
            "length": f"{self.minutes // 60:02}:{self.minutes % 60:02}",
            "days": list(self.days),
        }


def parse(hours: str, days: str) -> Hours:
    """ "07:00-19:00" and "1-5" or "1,2,4". Raises ImproperlyConfigured."""
    found = _FORM.fullmatch(hours.strip())
    if found is None:
        raise ImproperlyConfigured(f"WORKING_HOURS is like 07:00-19:00, not {hours!r}.")
    first, last = (int(found[n]) * 60 + int(found[n + 1]) for n in (1, 3))
    if last > 24 * 60:
        raise ImproperlyConfigured(f"WORKING_HOURS end at 24:00 at the latest, not {hours!r}.")
    minutes = (last - first) % (24 * 60) or 24 * 60
    return Hours(time(first // 60, first % 60), minutes, _days(days))


def _days(text: str) -> tuple[int, ...]:
    try:
        return weekdays(text)
    except ValueError as problem:
        raise ImproperlyConfigured(f"WORKING_DAYS: {problem}") from problem


def in_force() -> Hours:
    """The hours by which the figures are counted; the first time those of the settings."""
    row = WorkingHours.objects.filter(pk=1).first()
    if row is None:
        given = {"hours": settings.WORKING_HOURS, "days": settings.WORKING_DAYS}
        row, _ = WorkingHours.objects.get_or_create(pk=1, defaults=given)
    return parse(row.hours, row.days)


# Only lines of which every interaction is still kept singly: of others nobody can tell.
_COUNT = f"""
UPDATE inventory_dailyusage d SET off_hours = c.off_hours
FROM (SELECT application_id, sighting_id, department_id, (at AT TIME ZONE %(zone)s)::date AS day,
             count(*) FILTER (WHERE {off("i")}) AS off_hours, count(*) - count(uploaded) AS interactions
      FROM inventory_interaction i GROUP BY 1, 2, 3, 4) c
WHERE d.off_hours IS NULL AND d.interactions = c.interactions AND d.day = c.day
  AND coalesce(d.application_id, 0) = coalesce(c.application_id, 0)
  AND coalesce(d.sighting_id, 0) = coalesce(c.sighting_id, 0)
  AND coalesce(d.department_id, 0) = coalesce(c.department_id, 0)
"""  # noqa: S608 - constants of this file


def adopt() -> bool:
    """Take the hours of the settings over where they changed, and count what is kept singly by them; whether anything
    was to do. In the caller's transaction, while nothing else is stored."""
    wanted = (settings.WORKING_HOURS, settings.WORKING_DAYS)
    parse(*wanted)
    in_force()
    row = WorkingHours.objects.get(pk=1)
    changed = (row.hours, row.days) != wanted
    if row.counted and not changed:
        return False
    with connection.cursor() as cursor:
        if changed:
            cursor.execute("UPDATE inventory_dailyusage SET off_hours = NULL WHERE off_hours IS NOT NULL")
        cursor.execute(_COUNT, parse(*wanted).parameters(settings.TIME_ZONE))
    WorkingHours.objects.filter(pk=1).update(hours=wanted[0], days=wanted[1], counted=True)
    return True
