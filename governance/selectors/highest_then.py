"""The applications of the highest residual risk as they stood at the end of a past day."""

from datetime import date
from typing import Any

from django.db import connection

from governance.selectors.overview import HIGHEST_ROWS, HighRisk
from inventory.selectors.scope import Scope
from risk.selectors.history import end_of
from risk.selectors.kept import kept

# The scores first, worst at the top: how an application stood is then looked up for the few at the top alone
_HIGHEST = """
SELECT worst.id, app.name, department.name, worst.eu_class, worst.overall_low, worst.overall_point,
    worst.overall_high, worst.band
FROM (
    SELECT a.id, score.* FROM inventory_aiapplication a CROSS JOIN LATERAL (
        SELECT eu_class, overall_low, overall_point, overall_high, band FROM risk_scoresnapshot
        WHERE application_id = a.id AND as_of <= %(day)s ORDER BY as_of DESC, id DESC LIMIT 1) score
    WHERE a.department_id = ANY(%(scope)s) ORDER BY score.overall_point DESC, a.id DESC OFFSET 0) worst
CROSS JOIN LATERAL (
    SELECT name, department_id, lifecycle FROM inventory_aiapplicationevent
    WHERE pgh_obj_id = worst.id AND pgh_created_at < %(end)s ORDER BY pgh_created_at DESC, pgh_id DESC LIMIT 1) app
JOIN inventory_department department ON department.id = app.department_id
WHERE app.lifecycle = 'live' AND app.department_id = ANY(%(scope)s) LIMIT %(most)s"""


def highest_then(scope: Scope, day: date, most: int = HIGHEST_ROWS) -> list[HighRisk]:
    """Those live then, and then and now in the departments looked at, worst first; kept. Articles and the change over
    30 days are those of today's judgement alone, and left out."""
    departments = sorted(scope.departments().order_by().values_list("pk", flat=True))
    given = {"day": day, "end": end_of(day), "scope": departments, "most": most}
    return kept(("highest then", day, departments, most), lambda: _found(given))


def _found(given: dict[str, Any]) -> list[HighRisk]:
    with connection.cursor() as cursor:
        cursor.execute(_HIGHEST, given)
        return [
            HighRisk(pk, name, department, eu_class, (), (), low, point, high, band, None)
            for pk, name, department, eu_class, low, point, high, band in cursor.fetchall()
        ]
