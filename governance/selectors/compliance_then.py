"""Requirements of live applications as they stood at the end of a past day, worked out again from the judgement in
force then: with its own method and inputs, as of the day on which it was last made.

Not as of the day asked for: a review that fell due while nobody judged was in no figure of that day, so that the rows
would be others than those that its pages count (docs/decisions/0044)."""

from collections.abc import Iterator
from datetime import date
from itertools import islice

from django.utils import timezone

from governance.selectors import register_then
from governance.selectors.extent import Extent
from governance.selectors.requirements import Asked, Pair, pair
from risk.choices import RunState
from risk.method import load_method
from risk.models import RescoreRun, ScoreSnapshot
from risk.scoring.case import from_plain
from risk.scoring.judgement import judge
from risk.scoring.tally import coverage_of, overdue
from risk.selectors.history import end_of

BLOCK = 250  # judgements in memory at once
_COLUMNS = ("a.id", "app.name", register_then.DEPARTMENT, "score.id")


def pairs(extent: Extent, asked: Asked) -> Iterator[Pair]:
    """The pairs asked for, application by application, in the order of the external ids."""
    everything = _everything_judged(extent.day)
    rows = register_then.rows(extent, _COLUMNS, scored=True, live=True)
    while block := list(islice(rows, BLOCK)):
        stored = ScoreSnapshot.objects.with_inputs().in_bulk([snapshot for *_, snapshot in block])
        for application, name, department, snapshot in block:
            judged = stored[snapshot]
            day = max(judged.as_of, everything or judged.as_of)
            yield from _of(judged, day, asked, (application, name, department))


def _everything_judged(day: date) -> date | None:
    """The last day up to this one on which every application was judged, whether or not a score moved."""
    runs = RescoreRun.objects.filter(department=None, state=RunState.DONE, finished_at__lt=end_of(day))
    began = runs.order_by("-finished_at").values_list("started_at", flat=True).first()
    return timezone.localdate(began) if began else None


def _of(snapshot: ScoreSnapshot, day: date, asked: Asked, about: tuple[int, str, str]) -> Iterator[Pair]:
    method = load_method(snapshot.method)
    found = coverage_of(judge(from_plain(snapshot.plain), day, method), method)
    for key in sorted(set(found) & set(asked.frameworks)):
        for one in found[key].requirements:
            late = overdue(one, day)
            if asked.of(key, one.requirement.id, one.state, late):
                yield pair(method, method.frameworks[key], one, one.state, about, late)
