"""History planted for tests: how an application stood, and was judged, on a past day."""

from datetime import date, datetime, time
from typing import Any

from django.db import connection
from django.utils import timezone

from inventory.models import AIApplication
from risk.models import ScoreSnapshot

_KEPT = (
    *("external_id", "purpose", "kind", "origin", "vendor", "department_id", "registered_at"),
    *("name", "lifecycle", "owner_id", "deputy_id", "next_review"),
)


def noon(day: date) -> datetime:
    """The middle of a day."""
    return datetime.combine(day, time(12), timezone.get_default_timezone())


def stood(application: AIApplication, day: date, **changed: Any) -> None:
    """A version of the register's row of that day: as it is now, but for what is named."""
    names = [name for name in _KEPT if name not in changed]
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO inventory_aiapplicationevent"
            f" (pgh_created_at, updated_at, pgh_label, pgh_obj_id, id, {', '.join([*changed, *names])})"
            f" SELECT %s, %s, 'update', id, id, {', '.join(['%s'] * len(changed) + names)}"
            " FROM inventory_aiapplication WHERE id = %s",
            [noon(day), noon(day), *changed.values(), application.pk],
        )


def judged(application: AIApplication, day: date, point: float, band: str, **changed: Any) -> ScoreSnapshot:
    """A judgement of that day: the newest one, but for its risk and what is named."""
    row = ScoreSnapshot.objects.filter(application=application).latest("as_of", "id")
    row.pk, row.as_of, row.computed_at, row.overall_point, row.band = None, day, noon(day), point, band
    for name, value in changed.items():
        setattr(row, name, value)
    row.save(force_insert=True)
    return row
