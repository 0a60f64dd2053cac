"""Coverage of frameworks, read from roll-ups. Binding and voluntary ones are never put into one figure."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Count, Sum

from governance.selectors import rollups
from governance.selectors.among import ALL, Among
from governance.selectors.requirements import applications_in, by_requirement, counted_rows, short_name
from inventory.models import Department, User
from inventory.selectors.scope import Scope
from risk.choices import RequirementStatus
from risk.method import load_method
from risk.scoring.coverage import ORGANISATION
from risk.scoring.method import Framework, Requirement
from risk.scoring.vocabulary import State
from risk.selectors.kept import kept, kept_rows


@dataclass(frozen=True, kw_only=True)
class FrameworkFigures(rollups.Counts):
    """The counts of a framework in what is looked at."""

    framework: Framework

    @property
    def short_name(self) -> str:
        return short_name(self.framework)

    @property
    def total(self) -> int:
        return self.met + self.partial + self.gap + self.unknown + self.upcoming + self.not_assessed

    @property
    def numbers(self) -> list[tuple[str, int]]:
        """(state, pairs in it), in the order in which states are shown."""
        return [(state.value, getattr(self, state.value)) for state in RequirementStatus]


_COUNTED_IN = "application__score__counted_in"
_SUMS = list(rollups.Counts.__dataclass_fields__)


def frameworks(scope: Scope, day: date, among: Among = ALL) -> list[FrameworkFigures]:
    """Every framework of the method, binding ones first, each with the figures of what is looked at. Some applications
    alone are counted as they stand now: roll-ups tell them apart by department only."""
    if among.place_alone:
        return summed(_parts(scope, day, load_method().frameworks, among))
    if among:
        return summed(_present(scope, among))
    tops = Department.objects.filter(pk__in=[top.pk for top in scope.tops])
    known = load_method().frameworks
    return summed(rollups.coverages(tops, day, known))


def summed(rows: Iterable[rollups.Coverage]) -> list[FrameworkFigures]:
    """Rows of departments whose sub-trees don't overlap, put together by framework."""
    sums: dict[str, dict[str, float]] = {}
    for row in rows:
        mine = sums.setdefault(row.framework, dict.fromkeys(_SUMS, 0))
        for name in _SUMS:
            mine[name] += getattr(row, name)
    ordered = sorted(load_method().frameworks.values(), key=lambda framework: not framework.binding)
    return [FrameworkFigures(framework=one, **sums.get(one.id, {})) for one in ordered]  # type: ignore[arg-type]


@dataclass(frozen=True)
class DepartmentCoverage:
    """A department's figures in each framework, in the order of `frameworks`: with everything below it, or, `directly`,
    of what lies in none of those below."""

    department: Department
    figures: tuple[FrameworkFigures, ...]
    directly: bool

    @property
    def binding_gaps(self) -> int:
        return sum(one.gap for one in self.figures if one.framework.binding)


def _present(scope: Scope, among: Among, *by: str) -> list[rollups.Coverage]:
    """The present counts of some applications by framework, and by the department in which each is where `by` names it
    (else department 0); one query, kept."""
    rows = (
        counted_rows(scope.user, scope.chosen)
        .filter(application__in=among.ids)
        .order_by()
        .values("framework", *by)
        .annotate(applications=Count("pk"), **{f"all_{name}": Sum(name) for name in _SUMS})
    )
    return [
        rollups.Coverage(
            department_id=row.get(_COUNTED_IN, 0),
            framework=row["framework"],
            applications=row["applications"],
            **{name: row[f"all_{name}"] for name in _SUMS},
        )
        for row in kept_rows(rows)
    ]


def _by_row(scope: Scope, day: date, among: Among) -> list[rollups.Coverage]:
    """The counts of the departments one level below what is looked at, from their whole sub-trees, and of what lies
    directly in it, so that together they are the whole."""
    if not among or among.place_alone:
        return _parts(scope, day, load_method().frameworks, among)
    key = ("coverage by row", scope.user.pk, scope.chosen and scope.chosen.pk, day, among.key)
    return kept(key, lambda: _by_row_now(scope, among))


def _parts(scope: Scope, day: date, frameworks: Collection[str], among: Among) -> list[rollups.Coverage]:
    """Read off roll-ups: what lies directly in a department is what those below it leave of its own figures. Of a tree
    that has changed since the day they may leave less than nothing, which is nothing."""
    if scope.top is None:
        return rollups.coverages(scope.rows(), day, frameworks)
    whole = Department.objects.filter(pk=scope.top.pk)
    read = rollups.coverages(scope.rows() | whole, day, frameworks)
    below = [one for one in read if one.department_id != scope.top.pk]
    names = ("applications", *_SUMS)
    found = [] if among.place_alone else below
    for one in read:
        if one.department_id == scope.top.pk:
            mine = [part for part in below if part.framework == one.framework]
            left = {name: max(0, getattr(one, name) - sum(getattr(part, name) for part in mine)) for name in names}
            if left["applications"]:
                found.append(rollups.Coverage(department_id=scope.top.pk, framework=one.framework, **left))
    return found


def _by_row_now(scope: Scope, among: Among) -> list[rollups.Coverage]:
    sums: dict[tuple[int, str], Counter[str]] = {}
    top_of = scope.row_of() | ({scope.top.pk: scope.top.pk} if scope.top else {})
    for one in _present(scope, among, _COUNTED_IN):
        if one.department_id in top_of:
            mine = sums.setdefault((top_of[one.department_id], one.framework), Counter())
            mine.update({name: getattr(one, name) for name in ("applications", *_SUMS)})
    return [rollups.Coverage(department_id=pk, framework=name, **mine) for (pk, name), mine in sums.items()]


def by_department(scope: Scope, day: date, most: int, among: Among = ALL) -> tuple[list[DepartmentCoverage], int]:
    """The departments one level below what is looked at, and what lies directly in it, most binding gaps first, and how
    many more there are. Frameworks of which nothing applies in any of them are left out."""
    rows: dict[int, list[rollups.Coverage]] = {}
    for row in _by_row(scope, day, among):
        rows.setdefault(row.department_id, []).append(row)
    named = _named(rows)
    counted = {row.framework for mine in rows.values() for row in mine}
    found = [
        DepartmentCoverage(
            named[pk], tuple(one for one in summed(mine) if one.framework.id in counted), _is_top(scope, pk)
        )
        for pk, mine in rows.items()
    ]
    found.sort(key=lambda one: (-one.binding_gaps, one.department.name))
    return found[:most], len(found[most:])


def _named(rows: Mapping[int, Any]) -> dict[int, Department]:
    return Department.objects.in_bulk(list(rows))


def _is_top(scope: Scope, department: int) -> bool:
    return scope.top is not None and scope.top.pk == department


@dataclass(frozen=True)
class DepartmentStates:
    """A department's pairs by state (and those overdue) over some frameworks together; `directly` as above."""

    department: Department
    counts: Counter[str]
    directly: bool


def states_by_department(
    scope: Scope, day: date, frameworks: Collection[str], among: Among = ALL
) -> list[DepartmentStates]:
    """The rows of `by_department` by state, most gaps first."""
    sums: dict[int, Counter[str]] = {}
    for row in _parts(scope, day, frameworks, among):
        mine = sums.setdefault(row.department_id, Counter())
        mine.update({name: getattr(row, name) for name in (*RequirementStatus.values, "overdue")})
    named = _named(sums)
    found = [DepartmentStates(named[pk], mine, _is_top(scope, pk)) for pk, mine in sums.items()]
    return sorted(found, key=lambda row: (-row.counts[State.GAP], row.department.name))


@dataclass(frozen=True)
class RequirementFigures:
    """A requirement with the live applications in each state."""

    requirement: Requirement
    counts: Counter[State]

    @property
    def total(self) -> int:
        return self.counts.total()

    @property
    def numbers(self) -> list[tuple[str, int]]:
        """(state, applications in it), in the order in which states are shown."""
        return [(state.value, self.counts[State(state.value)]) for state in RequirementStatus]


@dataclass(frozen=True)
class Duties:
    """Requirements of a framework that don't bind yet and start together: the days from which they may (which one holds
    depends on the application), the days left to the first, (requirement, live applications it will apply to), and how
    many applications that are."""

    framework: Framework
    starts: tuple[date, ...]
    days_left: int
    requirements: tuple[tuple[Requirement, int], ...]
    applications: int

    @property
    def ids(self) -> str:
        """The requirements as an address names them."""
        return ",".join(requirement.id for requirement, _ in self.requirements)

    @property
    def pairs(self) -> int:
        return sum(number for _, number in self.requirements)


def requirements_of(
    user: User | None, department: Department | None, framework: Framework, among: Among = ALL
) -> tuple[list[RequirementFigures], list[Requirement]]:
    """The requirements of applications with their counts, and apart from them the duties of the organisation."""
    counts = by_requirement(user, department, framework, among.ids)
    own = [
        RequirementFigures(one, counts[key]) for key, one in framework.requirements.items() if one.level != ORGANISATION
    ]
    return own, [one for one in framework.requirements.values() if one.level == ORGANISATION]


def upcoming_duties(scope: Scope, day: date, covered: Iterable[FrameworkFigures], among: Among = ALL) -> list[Duties]:
    """Requirements whose day lies ahead for a live application, the nearest first."""
    found: dict[tuple[str, tuple[date, ...]], list[tuple[Requirement, int]]] = {}
    for framework in (one.framework for one in covered if one.upcoming):
        for key, counts in by_requirement(scope.user, scope.chosen, framework, among.ids).items():
            requirement = framework.requirements[key]
            starts = tuple(sorted({start for start in starts_of(requirement) if start > day}))
            if counts[State.UPCOMING] and starts:
                found.setdefault((framework.id, starts), []).append((requirement, counts[State.UPCOMING]))
    duties = [
        _duties(scope, among, load_method().frameworks[key], starts, day, requirements)
        for (key, starts), requirements in found.items()
    ]
    return sorted(duties, key=lambda one: (one.days_left, one.starts, one.framework.id))


def _duties(
    scope: Scope,
    among: Among,
    framework: Framework,
    starts: tuple[date, ...],
    day: date,
    requirements: list[tuple[Requirement, int]],
) -> Duties:
    ids = {requirement.id for requirement, _ in requirements}
    held = applications_in(scope.user, scope.chosen, framework, ids, State.UPCOMING, among.ids)
    return Duties(framework, starts, (starts[0] - day).days, tuple(requirements), held)


def starts_of(requirement: Requirement) -> list[date]:
    """Every day from which the requirement may bind, whatever the application."""
    general = [requirement.obligation_from] if requirement.obligation_from else []
    return [*general, *(start for _, start in requirement.obligation_from_when)]
