"""The applications of the highest residual risk, and how many there were in which band, at the end of a past day."""

from datetime import date

from governance.selectors.among import ALL, Among, live_then
from governance.selectors.overview import HIGHEST_ROWS, SERIOUS, HighRisk, Numbers
from inventory.selectors.scope import Scope
from risk.selectors import applications_then


def highest_then(scope: Scope, day: date, among: Among = ALL, most: int = HIGHEST_ROWS) -> list[HighRisk]:
    """Those at the top of the list of that day, worst first; which they are is kept. Articles and classes that were
    still possible are those of today's judgement alone, and left out."""
    rows = applications_then.worst(scope.user, live_then(scope, among), day, most)
    return [
        HighRisk(
            *(row.id, row.name, row.department, row.eu_class, (), ()),
            *(row.low, row.point, row.high, row.band or "", row.change),
        )
        for row in rows
        if row.point is not None and row.low is not None and row.high is not None
    ]


def counted_then(scope: Scope, among: Among, day: date) -> Numbers:
    """The first two tiles of some applications alone."""
    counts = applications_then.bands(scope.user, live_then(scope, among), day)
    return Numbers(sum(counts.values()), sum(counts.get(band, 0) for band in SERIOUS), None, None)
