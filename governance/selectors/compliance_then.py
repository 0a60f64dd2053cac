"""Requirements of live applications as they stood at the end of a past day, worked out again from the judgement in
force then: with its own method and inputs, as of that day."""

from collections.abc import Iterator
from itertools import islice

from governance.selectors import register_then
from governance.selectors.extent import Extent
from governance.selectors.requirements import Asked, Pair, pair
from risk.method import load_method
from risk.models import ScoreSnapshot
from risk.scoring.case import from_plain
from risk.scoring.judgement import judge
from risk.scoring.tally import coverage_of, overdue

BLOCK = 250  # judgements in memory at once
_COLUMNS = ("a.id", "app.name", register_then.DEPARTMENT, "score.id")


def pairs(extent: Extent, asked: Asked) -> Iterator[Pair]:
    """The pairs asked for, application by application, in the order of the external ids."""
    rows = register_then.rows(extent, _COLUMNS, scored=True, live=True)
    while block := list(islice(rows, BLOCK)):
        stored = ScoreSnapshot.objects.with_inputs().in_bulk([snapshot for *_, snapshot in block])
        for application, name, department, snapshot in block:
            yield from _of(stored[snapshot], extent, asked, (application, name, department))


def _of(snapshot: ScoreSnapshot, extent: Extent, asked: Asked, about: tuple[int, str, str]) -> Iterator[Pair]:
    method = load_method(snapshot.method)
    found = coverage_of(judge(from_plain(snapshot.plain), extent.day, method), method)
    for key in sorted(set(found) & set(asked.frameworks)):
        for one in found[key].requirements:
            late = overdue(one, extent.day)
            if asked.of(key, one.requirement.id, one.state, late):
                yield pair(method, method.frameworks[key], one, one.state, about, late)
