"""Risk of what lies directly in a department, without the departments below it: roll-ups hold each department with
everything below it alone, so that this is taken from the present scores, in one query along the roll-up's index."""

from datetime import date
from typing import Any

import numpy as np
from django.db import connection

from governance.selectors.rollups import ALL, Risk
from risk.method import load_method
from risk.scoring.portfolio import score_portfolio

_FIGURES = ("index", "worst", "tail", "mean", "band", "critical_share", "high_share", "count")
_POINTS = f"""
SELECT array_agg(application_id ORDER BY application_id), array_agg(exposure ORDER BY application_id),
    {", ".join(f"array_agg({measure}_point ORDER BY application_id)" for measure in ALL)}
FROM risk_currentscore WHERE counted_in_id = %s"""  # noqa: S608 - measures of our own


def directly_in(department: int, today: date) -> dict[str, Risk]:
    """Overall and by principle, with the formula of every department (docs/method.md §7); empty where no live
    application lies there. No forecast: that of the whole is what a page shows."""
    with connection.cursor() as cursor:
        cursor.execute(_POINTS, [department])
        ids, exposure, *points = cursor.fetchone()
    if not ids:
        return {}
    weights, method, found = np.array(exposure, float), load_method(), {}
    for measure, values in zip(ALL, points, strict=True):
        judged = score_portfolio(np.array(values, float), weights, method)
        if judged is not None:
            one = judged.score
            figures: list[Any] = [getattr(one, name) for name in _FIGURES]
            figures += [*judged.by_band, ids[judged.worst_at], None, None, None]
            found[measure] = Risk(department, measure, today, *figures)
    return found
