"""The overview: what a leader sees first. Figures come from roll-ups, whatever the number of applications."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import Count, Q

from governance.selectors import rollups
from governance.selectors.rollups import Risk
from governance.selectors.scope import Scope
from inventory.models import Department
from risk.choices import OVERALL, Band, Principle
from risk.models import CurrentScore

MATRIX_ROWS = 15
HIGHEST_ROWS = 8
CHANGE_DAYS = 30
SERIOUS = (Band.HIGH, Band.CRITICAL)


@dataclass(frozen=True)
class Numbers:
    """Live applications, and those of high or critical risk, each with its change over CHANGE_DAYS (None: no figure
    of then, or the kinds are restricted, for which no history is kept)."""

    applications: int
    serious: int
    applications_change: int | None
    serious_change: int | None

    @property
    def serious_share(self) -> float | None:
        return self.serious / self.applications if self.applications else None


@dataclass(frozen=True)
class DepartmentRow:
    """A department with its index and its six principles; None where no live application is below it."""

    department: Department
    overall: Risk | None
    principles: tuple[Risk | None, ...]


@dataclass(frozen=True)
class Matrix:
    """Departments by principle, worst first. `whole` are the departments they are parts of."""

    whole: tuple[DepartmentRow, ...]
    parts: tuple[DepartmentRow, ...]
    left_out: int  # further departments with figures


@dataclass(frozen=True)
class HighRisk:
    """A live application among those of the highest residual risk."""

    id: int
    name: str
    department: str
    eu_class: str | None
    eu_articles: Sequence[str]
    eu_possible: Sequence[str]
    low: float
    point: float
    high: float
    band: str
    change: float | None  # over 30 days


def numbers(scope: Scope, day: date, kinds: Sequence[str] = ()) -> Numbers:
    """The first two tiles. With kinds the applications are counted, without them roll-ups are read."""
    if kinds:
        return _counted(scope, kinds)
    tops = Department.objects.filter(pk__in=[top.pk for top in scope.tops])
    now = rollups.risks(tops, day, [OVERALL])
    then = rollups.risks(tops, day - timedelta(days=CHANGE_DAYS), [OVERALL])
    count, serious = sum(r.count for r in now), sum(_serious(r) for r in now)
    return Numbers(
        applications=count,
        serious=serious,
        applications_change=count - sum(r.count for r in then) if then else None,
        serious_change=serious - sum(_serious(r) for r in then) if then else None,
    )


def _serious(risk: Risk) -> int:
    return risk.high_count + risk.critical_count


def _counted(scope: Scope, kinds: Sequence[str]) -> Numbers:
    found = scope.applications().live().filter(kind__in=kinds)
    counts = found.aggregate(all=Count("pk"), serious=Count("pk", filter=Q(score__band__in=SERIOUS)))
    return Numbers(counts["all"], counts["serious"], None, None)


def matrix(scope: Scope, day: date, most: int = MATRIX_ROWS) -> Matrix:
    """The worst departments one level below what is looked at, by overall index."""
    listed = rollups.risks(scope.rows(), day, [OVERALL])
    listed.sort(key=lambda risk: (-risk.index, risk.department_id))
    shown = [risk.department_id for risk in listed[:most]]
    whole = [top.pk for top in scope.tops] if scope.top else []
    wanted = Department.objects.filter(pk__in=[*shown, *whole])
    found = {(risk.department_id, risk.principle): risk for risk in rollups.risks(wanted, day)}
    named = {top.pk: top for top in scope.tops}
    named |= {one.pk: one for one in wanted if one.pk not in named}

    def row(pk: int) -> DepartmentRow:
        principles = tuple(found.get((pk, principle)) for principle in Principle.values)
        return DepartmentRow(named[pk], found.get((pk, OVERALL)), principles)

    return Matrix(tuple(map(row, whole)), tuple(map(row, shown)), len(listed) - len(shown))


def highest(scope: Scope, kinds: Sequence[str] = (), most: int = HIGHEST_ROWS) -> list[HighRisk]:
    """The live applications of the highest residual risk, worst first."""
    found = CurrentScore.objects.filter(counted_in__isnull=False).order_by("-overall_point", "application_id")
    if not scope.everything:
        found = found.filter(counted_in__in=scope.departments().order_by().values("pk"))
    if kinds:
        found = found.filter(application__kind__in=kinds)
    rows = found.values_list(
        *("application_id", "application__name", "application__department__name"),
        *("eu_class", "eu_articles", "eu_possible"),
        *("overall_low", "overall_point", "overall_high", "band", "change_30d"),
    )
    return [HighRisk(*row) for row in rows[:most]]
