"""Risk of what is looked at: its bands by day, its parts ranked, its principles, how scores are spread."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import Count, F, IntegerField, QuerySet
from django.db.models.functions import Cast, Floor, Least

from governance.selectors import rollups
from governance.selectors.among import ALL, Among
from governance.selectors.department import parts
from governance.selectors.overview import Figures
from governance.selectors.rollups import Risk
from inventory.models import Department
from inventory.selectors.scope import Scope
from risk.choices import OVERALL, Principle
from risk.models import CurrentScore
from risk.selectors.kept import kept_rows

MOST = 15
MOST_COURSES, COURSE_STEPS = 8, 12  # departments one below the other, and steps of the period: what a page can hold
BANDS = ("low", "moderate", "high", "critical")


@dataclass(frozen=True)
class RankedDepartment:
    """A department's index in parts that add up to it."""

    department: Department
    worst: float
    tail: float
    mean: float
    guard: float


@dataclass(frozen=True)
class BandsCourse:
    """A department's live applications by band, as they stood on some days of the period, oldest first."""

    department: Department
    days: list[tuple[date, dict[str, int]]]


@dataclass(frozen=True)
class Profile:
    """The principles of what is looked at, and of what holds it where that is in sight."""

    own: Mapping[str, Risk]
    other: Mapping[str, Risk]
    named: str
    held_by: str  # "" for nothing


def bands_by_day(
    scope: Scope, day: date, period: int, past: Sequence[Risk] | None = None
) -> list[tuple[date, dict[str, int]]]:
    """Live applications by band on the first and last day and on each on which a figure changed, added up over the tops
    of what is looked at. `past`: the course of the only one, where it is read already."""
    tops = Department.objects.filter(pk__in=[top.pk for top in scope.tops])
    begin, standing, found = day - timedelta(days=period), {}, {}
    for risk in rollups.history(tops, OVERALL, begin, day) if past is None else past:
        standing[risk.department_id] = risk
        on = max(risk.day, begin)
        found[on] = {band: sum(getattr(one, f"{band}_count") for one in standing.values()) for band in BANDS}
    if found:
        found.setdefault(day, found[max(found)])  # the last figures hold until the end
    return sorted(found.items())


def bands_by_department(scope: Scope, day: date, period: int) -> list[BandsCourse]:
    """The departments one level down, the MOST_COURSES worst of them first, each on the same days."""
    ids = [risk.department_id for risk in _worst_first(scope, day, MOST_COURSES)]
    known = Department.objects.in_bulk(ids)
    begin = day - timedelta(days=period)
    told: dict[int, list[Risk]] = {pk: [] for pk in ids}
    for risk in rollups.history(Department.objects.filter(pk__in=ids), OVERALL, begin, day):
        told[risk.department_id].append(risk)
    on = sorted({day - timedelta(days=period * step // COURSE_STEPS) for step in range(COURSE_STEPS + 1)})
    return [BandsCourse(known[pk], _standing(told[pk], on)) for pk in ids]


def _standing(told: Sequence[Risk], on: Sequence[date]) -> list[tuple[date, dict[str, int]]]:
    """The figures in force at each of the days; figures hold until the next. Days before the first have none."""
    found, place = [], 0
    for day in on:
        while place < len(told) and told[place].day <= day:
            place += 1
        if place:
            found.append((day, {band: getattr(told[place - 1], f"{band}_count") for band in BANDS}))
    return found


def _worst_first(scope: Scope, day: date, most: int) -> list[Risk]:
    """Those one level down; the one looked at where none of them has figures, for it has live applications itself."""
    tops = Department.objects.filter(pk__in=[top.pk for top in scope.tops])
    risks = rollups.risks(scope.rows(), day, [OVERALL]) or rollups.risks(tops, day, [OVERALL])
    return sorted(risks, key=lambda risk: (-risk.index, risk.department_id))[:most]


def ranking(known: Figures) -> list[RankedDepartment]:
    """The departments one level down by index, worst first; the one looked at where none of them has figures."""
    rows = [(row.department, row.overall) for row in known.matrix.parts or known.matrix.whole if row.overall]
    found = []
    for department, risk in rows:
        p = parts(risk)
        shares = (p.worst_weight * risk.worst, p.tail_weight * risk.tail, p.mean_weight * risk.mean)
        found.append(RankedDepartment(department, *shares, max(0.0, risk.index - sum(shares))))
    return found


def profile(department: Department, known: Figures) -> Profile:
    """The department against the highest above it that the person sees, which stands beside its figures."""
    own, other = (next(iter(rows), None) for rows in (known.matrix.whole, known.beside))
    of = [
        {one: risk for one, risk in zip(Principle.values, row.principles, strict=True) if risk} if row else {}
        for row in (own, other)
    ]
    return Profile(of[0], of[1], department.name, other.department.name if other else "")


def distribution(scope: Scope, step: int, among: Among = ALL) -> dict[int, int]:
    """Live applications by the lower edge of so many points of their present risk; kept between two roll-ups."""
    found: QuerySet[CurrentScore] = CurrentScore.objects.filter(counted_in__isnull=False)
    if not scope.everything:
        found = found.filter(counted_in__in=scope.departments().order_by().values("pk"))
    if among:
        found = found.filter(application__in=among.ids)
    edge = Cast(Least(Floor(F("overall_point") / step) * step, 100 - step), IntegerField())
    return dict(kept_rows(found.order_by().values_list(edge).annotate(n=Count("pk"))))
