"""Risk of what lies directly in a department, without the departments below it: roll-ups hold each department with
everything below it alone, so that this is taken from the present scores."""

from collections.abc import Mapping, Sequence
from datetime import date

import numpy as np
from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef
from django.db.models.functions import JSONObject

from governance.selectors.rollups import ALL, Risk
from risk.method import load_method
from risk.models import CurrentScore
from risk.scoring.portfolio import score_portfolio

_SCORES = {"id": "application_id", "exposure": "exposure"} | {measure: f"{measure}_point" for measure in ALL}


def lying(department: int | None) -> ArraySubquery:
    """What departments are annotated with, in the query that names them: the scores of what lies directly in this one,
    read along the roll-up's index; of all others, and of None, there are none."""
    found = CurrentScore.objects.filter(counted_in=OuterRef("pk"), counted_in_id=department)
    return ArraySubquery(found.order_by("application_id").values(json=JSONObject(**_SCORES)))


def directly_in(department: int, today: date, scores: Sequence[Mapping[str, float]]) -> dict[str, Risk]:
    """Overall and by principle, with the formula of every department (docs/method.md §7), of what `lying` read; empty
    where no live application lies there. No forecast: that of the whole is what a page shows."""
    weights, method, found = np.array([one["exposure"] for one in scores], float), load_method(), {}
    for measure in ALL:
        judged = score_portfolio(np.array([one[measure] for one in scores], float), weights, method)
        if judged is not None:
            one = judged.score
            parts = (one.index, one.worst, one.tail, one.mean, one.band, one.critical_share, one.high_share, one.count)
            low, moderate, high, critical = judged.by_band
            worst = int(scores[judged.worst_at]["id"])
            counts = (low, moderate, high, critical, worst)
            found[measure] = Risk(department, measure, today, *parts, *counts, None, None, None)
    return found
