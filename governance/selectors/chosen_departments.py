"""Risk of departments of chosen applications alone: roll-ups don't tell these apart, so the formula of the method is
applied to what is left, as it stands or as it stood. Kept until the next roll-up."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import numpy as np
from django.db import connection
from django.utils import timezone

from governance.selectors.among import Among, live_then
from governance.selectors.rollups import ALL, Risk, ids_of
from inventory.models import Department
from inventory.selectors.scope import Scope
from risk.choices import OVERALL, Band
from risk.method import load_method
from risk.scoring.forecast import HORIZONS
from risk.scoring.portfolio import PortfolioScore, score_portfolio
from risk.selectors import applications_then
from risk.selectors.cases import walked
from risk.selectors.kept import kept

_AHEAD = [f"{days} days ahead" for days in HORIZONS]
_SCORES = {measure: f"{measure}_point" for measure in ALL} | {
    name: f"coalesce(overall_{days}d, overall_point)" for name, days in zip(_AHEAD, HORIZONS, strict=True)
}
# One row a department, so that the estate does not become a hundred thousand Python rows
_OWN = """
SELECT counted_in_id, array_agg(application_id ORDER BY application_id), array_agg(exposure ORDER BY application_id),
       {points}
FROM risk_currentscore WHERE counted_in_id = ANY(%s::bigint[]) AND application_id IN ({left}) GROUP BY counted_in_id"""


@dataclass(frozen=True)
class Picture:
    """What a matrix of chosen applications is made of. `overall`: of the tops of what is looked at and of their parts;
    `by_principle`: of the tops, of the worst parts and of what stands beside, by department and measure; `own`: of what
    lies directly in the only top, by measure. None where nothing is left."""

    overall: Sequence[Risk]
    by_principle: Mapping[tuple[int, str], Risk]
    own: Mapping[str, Risk]


def risks(scope: Scope, among: Among, measures: Sequence[str] = (OVERALL,)) -> list[Risk]:
    """The figures of each department of the scope with everything below it, of what `among` leaves; none where that is
    nothing. No change and no forecast of them."""
    asked = _Asked(scope, among, measures)

    def find() -> list[Risk]:
        estate = asked.estate()
        found = (estate.risk(department, measure) for department in asked.parents for measure in measures)
        return [one for one in found if one]

    return kept(("chosen departments", *asked.key), find)


def picture(scope: Scope, among: Among, most: int, beside: Sequence[Department] = ()) -> Picture:
    """What is looked at, its parts (the principles of the `most` worst alone), and one department beside it that holds
    it, of what `among` leaves. Today's overall figures have their forecast. Two queries at most."""
    wide = replace(scope, chosen=beside[0], tops=tuple(beside)) if beside else scope
    asked = _Asked(wide, among, ALL if among.then else [*ALL, *_AHEAD])
    tops, further = [one.pk for one in scope.tops], [one.pk for one in beside]

    def find() -> Picture:
        estate = asked.estate()
        parts = [pk for pk, above in asked.parents.items() if scope.top and above == scope.top.pk]
        overall = [one for pk in dict.fromkeys([*tops, *parts]) if (one := estate.risk(pk, OVERALL))]
        worst = [one.department_id for one in worst_first(overall, scope)[:most]]
        return Picture(
            overall,
            {
                (pk, measure): one
                for pk in dict.fromkeys([*tops, *worst, *further])
                for measure in ALL
                if (one := estate.risk(pk, measure))
            },
            {measure: one for measure in ALL if scope.top and (one := estate.risk(scope.top.pk, measure, alone=True))},
        )

    return kept(("chosen picture", tops, most, further, *asked.key), find)


def worst_first(overall: Sequence[Risk], scope: Scope) -> list[Risk]:
    """The parts among these figures, in the order in which they are shown."""
    parts = [one for one in overall if scope.top is None or one.department_id != scope.top.pk]
    return sorted(parts, key=lambda risk: (-risk.index, risk.department_id))


class _Asked:
    """The query of what is left in a scope, whose tree is read at once. `key`: all that its answer depends on."""

    def __init__(self, scope: Scope, among: Among, measures: Sequence[str]) -> None:
        seen = dict(scope.departments().order_by("pk").values_list("pk", "parent_id"))
        self.parents = {pk: parent if parent in seen else None for pk, parent in seen.items()}
        self.measures, self.day = measures, among.then or timezone.localdate()
        self.sql, self.given = _then(scope, among, measures) if among.then else _now(self.parents, among, measures)
        self.key = (self.sql, self.given, measures, self.parents)

    def estate(self) -> "_Estate":
        with connection.cursor() as cursor:
            cursor.execute(self.sql, self.given)
            own = {row[0]: row[1:] for row in cursor}
        return _Estate(own, self.parents, self.measures, self.day)


def _now(parents: Mapping[int, int | None], among: Among, measures: Sequence[str]) -> tuple[str, Any]:
    left, given = ids_of(among.ids)
    points = ", ".join(f"array_agg({_SCORES[one]} ORDER BY application_id)" for one in measures)
    return _OWN.format(points=points, left=left), [list(parents), *given]


def _then(scope: Scope, among: Among, measures: Sequence[str]) -> tuple[str, Any]:
    assert among.then
    columns = ["exposure", *(_SCORES[one] for one in measures)]
    return applications_then.judged_by_department(scope.user, live_then(scope, among), among.then, columns)


class _Estate:
    """The applications in the order of a walk through the tree: every sub-tree is one slice, which those of its head
    itself begin."""

    def __init__(
        self, own: Mapping[int, Sequence[Any]], parents: Mapping[int, int | None], measures: Sequence[str], day: date
    ) -> None:
        order, size = walked(parents)
        columns: list[list[Any]] = [[] for _ in range(2 + len(measures))]
        starts = []
        for department in order:
            starts.append(len(columns[0]))
            for column, values in zip(columns, own.get(department, ()), strict=False):
                column += values
        starts.append(len(columns[0]))
        self.span = {pk: (starts[at], starts[at + 1], starts[at + size[pk]]) for at, pk in enumerate(order)}
        self.applications, self.exposure = columns[0], np.array(columns[1], float)
        self.points = {one: np.array(values, float) for one, values in zip(measures, columns[2:], strict=True)}
        self.day, self.method = day, load_method()

    def risk(self, department: int, measure: str, *, alone: bool = False) -> Risk | None:
        """Of a department with everything below it; `alone`: of what lies directly in it. None of nothing."""
        start, own_end, end = self.span[department]
        part = slice(start, own_end if alone else end)
        found = self._scored(measure, part)
        if found is None:
            return None
        later = [self._scored(name, part) for name in _AHEAD] if measure == OVERALL else [None] * len(_AHEAD)
        return _risk(
            (department, measure, self.day),
            found,
            self.applications[start + found.worst_at],
            [one.score.index if one else None for one in later],
        )

    def _scored(self, measure: str, part: slice) -> PortfolioScore | None:
        points = self.points.get(measure)
        return None if points is None else score_portfolio(points[part], self.exposure[part], self.method)


def _risk(of: tuple[int, str, date], found: PortfolioScore, worst: int, ahead: Sequence[float | None]) -> Risk:
    score, (department, measure, day) = found.score, of
    return Risk(
        department_id=department,
        principle=measure,
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
        index_30d=ahead[0],
        index_60d=ahead[1],
        index_90d=ahead[2],
        **{f"{band}_count": n for band, n in zip(Band.values, found.by_band, strict=True)},
    )
