"""One department with everything below it: its figures with their parts, its course, its applications."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from governance.selectors import rollups
from governance.selectors.overview import DepartmentRow, Figures, HighRisk
from governance.selectors.rollups import Risk
from inventory import access
from inventory.models import Department
from inventory.selectors.scope import Scope
from risk.choices import OVERALL, Principle
from risk.method import load_method
from risk.scoring.forecast import HORIZONS


@dataclass(frozen=True)
class IndexParts:
    """How the index comes about (docs/method.md §7): the weighted parts, and the guard below which it can't fall."""

    worst_weight: float
    tail_weight: float
    mean_weight: float
    weighted: float  # worst, tail and mean, each by its weight, together
    guard: float  # the worst less the guard's distance
    guard_distance: float
    guarded: bool  # whether the guard decides


@dataclass(frozen=True)
class WorstApplication:
    """`eu_class`: that of today, or of the past day on which it was among those shown; pages use it of today alone."""

    id: int
    name: str
    eu_class: str | None


@dataclass(frozen=True)
class DepartmentFigures:
    """`overall` is None where no live application is below the department. `worst` names the worst application; None
    also where it is gone, or out of sight."""

    department: Department
    path: tuple[Department, ...]  # from the highest that the person sees, without the department itself
    overall: Risk | None
    principles: tuple[tuple[Principle, Risk | None], ...]
    parts: IndexParts | None
    change: float | None  # of the index over 30 days
    worst: WorstApplication | None


def figures(
    scope: Scope, path: tuple[Department, ...], known: Figures, highest: Sequence[HighRisk]
) -> DepartmentFigures:
    """The department looked at with the parts of its index and their change, out of the figures of its overview
    (`known`); `highest`: applications of the highest risk there, among which the worst usually is."""
    assert scope.top is not None
    department = scope.top
    none = DepartmentRow(department, None, (None,) * len(Principle.values))
    row = next(iter(known.matrix.whole), none)
    overall = row.overall
    worst_id = overall.worst_application_id if overall else None
    return DepartmentFigures(
        department=department,
        path=path,
        overall=overall,
        principles=tuple(zip(Principle, row.principles, strict=True)),
        parts=parts(overall) if overall else None,
        change=overall.index - known.before[0].index if overall and known.before else None,
        worst=_worst(scope, worst_id, highest) if worst_id else None,
    )


def _worst(scope: Scope, pk: int, highest: Sequence[HighRisk]) -> WorstApplication | None:
    """It may have moved since to where this person sees nothing."""
    for one in highest:
        if one.id == pk:
            return WorstApplication(one.id, one.name, one.eu_class)
    found = access.applications(scope.user).filter(pk=pk).values_list("pk", "name", "score__eu_class").first()
    return WorstApplication(*found) if found else None


def parts(risk: Risk) -> IndexParts:
    """The index taken apart, with the weights of the method."""
    p = load_method().parameters
    weighted = p.dept_worst * risk.worst + p.dept_tail * risk.tail + p.dept_mean * risk.mean
    guard = risk.worst - p.dept_worst_gap
    return IndexParts(p.dept_worst, p.dept_tail, p.dept_mean, weighted, guard, p.dept_worst_gap, guard > weighted)


@dataclass(frozen=True)
class Ahead:
    """The index so many days ahead if nobody acts, with its band and its difference from the index now."""

    days: int
    day: date
    index: float
    band: str
    change: float


def ahead(overall: Risk | None, day: date) -> list[Ahead]:
    """The forecast that stands in the newest figures; empty where there is none. Days count from the figures' day."""
    if overall is None:
        return []
    band = load_method().band
    values = zip(HORIZONS, (overall.index_30d, overall.index_60d, overall.index_90d), strict=True)
    return [
        Ahead(days, day + timedelta(days=days), value, band(value), value - overall.index)
        for days, value in values
        if value is not None
    ]


def course(department: Department, day: date, days: int) -> list[Risk]:
    """The overall figures on the first and the last day of the period, and on each day that brought others."""
    only, since = Department.objects.filter(pk=department.pk), day - timedelta(days=days)
    return rollups.held(rollups.history(only, OVERALL, since, day), since, day)
