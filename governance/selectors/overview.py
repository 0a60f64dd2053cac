"""The overview: what a leader sees first. Figures come from roll-ups, whatever the number of applications."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import Count, Subquery
from django.utils import timezone

from governance.selectors import rollups
from governance.selectors.among import ALL, Among
from governance.selectors.chosen_departments import Picture, picture, worst_first
from governance.selectors.directly import directly_in, lying
from governance.selectors.rollups import Risk
from inventory.choices import Lifecycle
from inventory.models import Department
from inventory.selectors.scope import Scope
from risk.choices import OVERALL, Band, EUClass, Principle
from risk.models import CurrentScore, RollUpCount
from risk.selectors.applications import narrowed
from risk.selectors.history import CHANGE_DAYS
from risk.selectors.kept import kept_rows

MATRIX_ROWS = 15
HIGHEST_ROWS = 7
SERIOUS = (Band.HIGH, Band.CRITICAL)
# How the article begins that makes an application of this class, the most telling first
_TELLING: dict[str, tuple[str, ...]] = {
    EUClass.PROHIBITED: ("5(1)",),
    EUClass.HIGH_RISK: ("Annex III ", "Annex I", "6("),
    EUClass.TRANSPARENCY: ("50(", "50"),
}


@dataclass(frozen=True)
class Numbers:
    """Live applications, and those of high or critical risk, each with its change over CHANGE_DAYS (None: no figure
    of then, or the applications are narrowed, for which no history is kept)."""

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
class Bands:
    """Live applications by band."""

    count: int
    low_count: int
    moderate_count: int
    high_count: int
    critical_count: int


@dataclass(frozen=True)
class Matrix:
    """Departments by principle, worst first. `whole` are the departments they are parts of; `itself`: the applications
    of the whole that lie in no part, where there are any; `own`: their figures, where known (of a past day they
    are not kept, and worked out for chosen applications alone)."""

    whole: tuple[DepartmentRow, ...]
    parts: tuple[DepartmentRow, ...]
    left_out: int  # further departments with figures
    itself: Bands | None
    own: DepartmentRow | None


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

    @property
    def article(self) -> str:
        """The article that makes the class, among all that were looked at on the way to it."""
        telling = _TELLING.get(self.eu_class or "", ())
        return next((one for start in telling for one in self.eu_articles if one.startswith(start)), "")


@dataclass(frozen=True)
class Figures:
    """The newest risk figures of what is looked at and of its parts. `before`: of what is looked at, CHANGE_DAYS ago
    (none where some applications alone are chosen: their change is not worked out);
    `beside`: of the further departments asked for."""

    matrix: Matrix
    numbers: Numbers
    before: tuple[Risk, ...]
    beside: tuple[DepartmentRow, ...]
    counted_at: datetime | None  # when they were last taken


def figures(
    scope: Scope,
    day: date,
    most: int = MATRIX_ROWS,
    beside: Sequence[Department] = (),
    among: Among = ALL,
) -> Figures:
    """The matrix and the first two tiles, in as many queries however many departments there are. Of some applications
    alone (`among`, of the same day) there is no change."""
    if among:
        return _of_chosen(scope, picture(scope, among, most, beside), most, beside)
    tops, further = [top.pk for top in scope.tops], [one.pk for one in beside]
    looked_at, then = Department.objects.filter(pk__in=tops) | scope.rows(), day - timedelta(days=CHANGE_DAYS)
    overall, risks = rollups.ranked(looked_at, tops if scope.top else (), most, [*tops, *further], day, then)
    listed = worst_first(overall, scope)
    shown = [risk.department_id for risk in listed[:most]]
    wanted = Department.objects.filter(pk__in=[*shown, *tops, *further])
    found = {(risk.department_id, risk.principle): risk for risk in risks.get(day, [])}
    before = [risk for risk in risks.get(then, []) if risk.department_id in tops]
    itself = _itself(overall, scope)
    own = _of_its_own(scope, day) if itself and listed else None
    counted_at = Subquery(RollUpCount.objects.values("counted_at")[:1])
    named = wanted.annotate(counted_at=counted_at, lying=lying(own)).in_bulk()

    def row(pk: int) -> DepartmentRow:
        principles = tuple(found.get((pk, principle)) for principle in Principle.values)
        return DepartmentRow(named[pk], found.get((pk, OVERALL)), principles)

    return Figures(
        Matrix(
            tuple(row(pk) for pk in tops if scope.top and (pk, OVERALL) in found),
            tuple(map(row, shown)),
            len(listed) - len(shown),
            itself,
            _own(named[own], day) if own else None,
        ),
        _numbers([risk for risk in overall if risk.department_id in tops], before),
        tuple(before),
        tuple(map(row, further)),
        next((one.counted_at for one in named.values()), None),
    )


def _of_chosen(scope: Scope, found: Picture, most: int, beside: Sequence[Department]) -> Figures:
    tops, listed = [top.pk for top in scope.tops], worst_first(found.overall, scope)
    shown = [risk.department_id for risk in listed[:most]]
    wanted = Department.objects.filter(pk__in=[*shown, *tops, *(one.pk for one in beside)])
    named = wanted.annotate(counted_at=Subquery(RollUpCount.objects.values("counted_at")[:1])).in_bulk()

    def row(pk: int) -> DepartmentRow:
        measures = [found.by_principle.get((pk, measure)) for measure in rollups.ALL]
        return DepartmentRow(named[pk], measures[0], tuple(measures[1:]))

    own = (
        DepartmentRow(named[tops[0]], found.own[OVERALL], tuple(map(found.own.get, Principle.values)))
        if (found.own and listed)
        else None
    )
    bands = found.own.get(OVERALL)
    return Figures(
        Matrix(
            tuple(row(pk) for pk in tops if scope.top and (pk, OVERALL) in found.by_principle),
            tuple(map(row, shown)),
            len(listed) - len(shown),
            Bands(*(getattr(bands, name) for name in Bands.__dataclass_fields__)) if bands else None,
            own,
        ),
        _numbers([risk for risk in found.overall if risk.department_id in tops], ()),
        (),
        tuple(row(one.pk) for one in beside),
        next((one.counted_at for one in named.values()), None),
    )


def _itself(overall: Sequence[Risk], scope: Scope) -> Bands | None:
    """What the parts leave of the whole. Of a tree that has changed since the day they may leave less than nothing."""
    whole = next((one for one in overall if scope.top and one.department_id == scope.top.pk), None)
    parts = [one for one in overall if one is not whole]
    if whole is None or whole.count <= sum(one.count for one in parts):
        return None
    return Bands(
        *(
            max(0, getattr(whole, name) - sum(getattr(one, name) for one in parts))
            for name in Bands.__dataclass_fields__
        )
    )


def _of_its_own(scope: Scope, day: date) -> int | None:
    """The department whose own applications have figures: present scores say nothing of a past day."""
    return scope.top.pk if scope.top and day == timezone.localdate() else None


def _own(department: Department, day: date) -> DepartmentRow | None:
    found = directly_in(department.pk, day, department.lying)  # type: ignore[attr-defined]
    return DepartmentRow(department, found[OVERALL], tuple(map(found.get, Principle.values))) if found else None


def _numbers(now: Sequence[Risk], then: Sequence[Risk]) -> Numbers:
    count, serious = sum(r.count for r in now), sum(_serious(r) for r in now)
    return Numbers(
        applications=count,
        serious=serious,
        applications_change=count - sum(r.count for r in then) if then else None,
        serious_change=serious - sum(_serious(r) for r in then) if then else None,
    )


def _serious(risk: Risk) -> int:
    return risk.high_count + risk.critical_count


def counted(scope: Scope, among: Among) -> Numbers:
    """The first two tiles of some applications alone: roll-ups don't tell them apart, so they are counted."""
    found = narrowed(scope.applications().filter(lifecycle=Lifecycle.LIVE), among.wanted)
    counts = dict(kept_rows(found.order_by().values_list("score__band").annotate(n=Count("pk"))))
    return Numbers(sum(counts.values()), sum(counts.get(band, 0) for band in SERIOUS), None, None)


def highest(scope: Scope, among: Among = ALL, most: int = HIGHEST_ROWS) -> list[HighRisk]:
    """The live applications of the highest residual risk, worst first."""
    # Ties as in the list of applications, and as the index of points has them
    found = CurrentScore.objects.filter(counted_in__isnull=False).order_by("-overall_point", "-application_id")
    if not scope.everything:
        # One that has just moved counts where it lay until it is judged anew, and is named to nobody there
        inside = scope.departments().order_by().values("pk")
        found = found.filter(counted_in__in=inside, application__department__in=inside)
    if among:
        # One owner's are few, and found first: else the plan walks down the index of points past everybody else's
        among_these = found.filter(
            application__in=list(among.ids.values_list("pk", flat=True)) if among.wanted.owner else among.ids
        )
        # Past all the others it goes once between two roll-ups: which they are is kept, what they are is read
        found = found.filter(pk__in=kept_rows(among_these.values_list("pk", flat=True)[:most]))
    rows = found.values_list(
        *("application_id", "application__name", "application__department__name"),
        *("eu_class", "eu_articles", "eu_possible"),
        *("overall_low", "overall_point", "overall_high", "band", "change_30d"),
    )
    return [HighRisk(*row) for row in rows[:most]]
