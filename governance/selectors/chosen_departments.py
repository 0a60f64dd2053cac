"""Risk of departments of chosen applications alone: roll-ups don't tell these apart, so the formula of the method is
applied to what is left: to the present scores, or to the judgements that were in force at the end of a past day. Kept
until the next roll-up."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

import numpy as np
from django.db import connection
from django.utils import timezone

from governance.selectors.among import Among
from governance.selectors.highest_then import live_then
from governance.selectors.rollups import Risk, ids_of
from inventory.access import Permission
from inventory.selectors.scope import Scope
from risk.choices import OVERALL, Band
from risk.method import load_method
from risk.scoring.portfolio import PortfolioScore, score_portfolio
from risk.selectors import applications_then
from risk.selectors.cases import walked
from risk.selectors.kept import kept

# One row a department, so that the estate does not become a hundred thousand Python rows
_OWN = """
SELECT counted_in_id, array_agg(application_id ORDER BY application_id), array_agg(exposure ORDER BY application_id),
       {points}
FROM risk_currentscore WHERE counted_in_id = ANY(%s::bigint[]) AND application_id IN ({left}) GROUP BY counted_in_id"""
_THEN = "app.department_id, " + ", ".join(
    f"array_agg({one} ORDER BY app.id) FILTER (WHERE score.id IS NOT NULL)"
    for one in ("app.id", "score.exposure", "score.overall_point")
)


def risks(scope: Scope, among: Among, principles: Sequence[str] = (OVERALL,)) -> list[Risk]:
    """The figures of each department of the scope with everything below it, of what `among` leaves; none where that is
    nothing. Of a past day the overall ones alone. There is no history and no forecast of them."""
    seen = dict(scope.departments().order_by("pk").values_list("pk", "parent_id"))
    parents = {pk: parent if parent in seen else None for pk, parent in seen.items()}
    day = among.then or timezone.localdate()
    sql, params = _then(scope, among, day) if among.then else _now(list(parents), among, principles)
    found = (OVERALL,) if among.then else tuple(principles)
    key = ("chosen departments", sql, params, list(parents))
    return kept(key, lambda: list(_found(_rows(sql, params), parents, found, day)))


def _now(departments: Sequence[int], among: Among, principles: Sequence[str]) -> tuple[str, Any]:
    left, given = ids_of(among.ids)
    points = ", ".join(f"array_agg({one}_point ORDER BY application_id)" for one in principles)
    return _OWN.format(points=points, left=left), (departments, *given)


def _then(scope: Scope, among: Among, day: date) -> tuple[str, Any]:
    """The live applications of then by the department of then, whoever may see them, as today's are."""
    return applications_then.query(
        _THEN, None, live_then(scope, among), day, Permission.VIEW, "GROUP BY app.department_id"
    )


def _rows(sql: str, params: Any) -> dict[int, Sequence[Any]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return {department: columns for department, *columns in cursor if columns[0]}


def _found(
    own: Mapping[int, Sequence[Any]], parents: Mapping[int, int | None], principles: Sequence[str], day: date
) -> Iterator[Risk]:
    """The applications in the order of a walk through the tree: every sub-tree is one slice."""
    order, size = walked(parents)
    columns: list[list[Any]] = [[] for _ in range(2 + len(principles))]
    starts = []
    for department in order:
        starts.append(len(columns[0]))
        for column, values in zip(columns, own.get(department, ()), strict=False):
            column += values
    starts.append(len(columns[0]))
    applications, numbers = columns[0], np.array(columns[1:], float)
    method = load_method()
    for place, department in enumerate(order):
        start, end = starts[place], starts[place + size[department]]
        for principle, points in zip(principles, numbers[1:], strict=True):
            found = score_portfolio(points[start:end], numbers[0][start:end], method)
            if found is not None:
                yield _risk(department, principle, found, applications[start + found.worst_at], day)


def _risk(department: int, principle: str, found: PortfolioScore, worst: int, day: date) -> Risk:
    score = found.score
    return Risk(
        department_id=department,
        principle=principle,
        day=day,
        index=score.index,
        worst=score.worst,
        tail=score.tail,
        mean=score.mean,
        band=score.band,
        critical_share=score.critical_share,
        high_share=score.high_share,
        count=score.count,
        worst_application_id=worst,
        index_30d=None,
        index_60d=None,
        index_90d=None,
        **{f"{band}_count": n for band, n in zip(Band.values, found.by_band, strict=True)},
    )
