"""Use of AI in a period by the people looked at: visits, labels, information, distinct users, attacks. From daily
figures, kept between files of feeds (`usage`). `among` leaves some applications alone, and what isn't registered
out."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, TypeVar

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import Q, QuerySet, Sum
from django.db.models.functions import Coalesce

from governance.selectors.among import ALL, Among
from governance.selectors.usage import LOOSE, _in_sight, _key, _names, _within
from inventory.models import DailySensitive, DailyUsage, DailyUser, Department
from inventory.selectors.dictionary import Known, Names, names
from inventory.selectors.kept import kept_between_files
from inventory.selectors.scope import Scope

T = TypeVar("T")
MOST = 10
VISITED = 5  # sites with a line of their own
_BY_APP = """
SELECT application, loose, count(*) FROM ({people}) used(application, loose, pseudonym)
GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2 LIMIT %s"""
_BY_DEPARTMENT = """
SELECT rows.top, count(DISTINCT used.pseudonym) FROM ({people}) used(department, pseudonym)
LEFT JOIN unnest(%s::bigint[], %s::bigint[]) rows(id, top) ON rows.id = used.department
WHERE rows.top IS NOT NULL OR used.department IS NULL GROUP BY 1 ORDER BY 2 DESC, 1"""


@dataclass(frozen=True)
class App:
    """An AI app and an amount of it, by day or in parts. `id` is None where it isn't registered, or out of sight;
    `sighting` is that under which it was seen, where nothing registered fits."""

    id: int | None
    sighting: int | None
    name: str
    amounts: tuple[int, ...] = ()
    days: Sequence[tuple[date, int]] = ()


@dataclass(frozen=True)
class Named:
    """A label or an information type, and in how many interactions it was."""

    key: str
    name: str
    interactions: int


@dataclass(frozen=True)
class DepartmentUsers:
    """A department with everything below it and how many distinct people of it used AI; None: *Unassigned*. `itself`:
    those directly in the department that is looked at."""

    department: Department | None
    users: int
    itself: bool = False


def visits(scope: Scope, day: date, period: int, among: Among = ALL) -> list[App]:
    """The sites visited most, each with its visits by day."""
    return _kept("visits", scope, day, period, among, lambda: _visits(scope, day, period, among))


def _visits(scope: Scope, day: date, period: int, among: Among) -> list[App]:
    found = _within(DailyUsage.objects.filter(visits__gt=0), scope, day, period, among).annotate(loose=LOOSE)
    top = _top(found, Sum("visits"), VISITED)
    called = _names(top)
    by_day: dict[Any, list[tuple[date, int]]] = {(row["application_id"], row["loose"]): [] for row in top}
    apps, unregistered = ([row[name] for row in top if row[name]] for name in ("application_id", "loose"))
    of_top = found.filter(Q(application__in=apps) | Q(application=None, sighting__in=unregistered))
    for application, loose, on, count in (
        of_top.order_by("day").values_list("application_id", "loose", "day").annotate(n=Sum("visits"))
    ):
        by_day[application, loose].append((on, count))
    return [
        App(row["application_id"], row["loose"], called[row["application_id"], row["loose"]], days=days)
        for row in top
        if (days := by_day[row["application_id"], row["loose"]])
    ]


def attacked(scope: Scope, day: date, period: int, among: Among = ALL) -> list[App]:
    """The apps with the most interactions marked as an attack: (jailbreak attempts, injections)."""

    def found() -> list[App]:
        rows = _within(DailyUsage.objects.filter(attacks__gt=0), scope, day, period, among).annotate(loose=LOOSE)
        top = _top(rows, Sum("attacks"), MOST, jailbreak=Sum("jailbreak"), injection=Sum("injection"))
        called = _names(top)
        return [
            App(
                *(row["application_id"], row["loose"], called[row["application_id"], row["loose"]]),
                (row["jailbreak"], row["injection"]),
            )
            for row in top
        ]

    return _kept("attacked", scope, day, period, among, found)


def attacks_by_day(
    scope: Scope, day: date, period: int, among: Among = ALL
) -> tuple[list[tuple[date, int]], list[tuple[date, int]]]:
    """Jailbreak attempts and injections by day."""

    def found() -> list[tuple[date, int, int]]:
        rows = _within(DailyUsage.objects.filter(attacks__gt=0), scope, day, period, among).order_by("day")
        return list(rows.values_list("day").annotate(jailbreak=Sum("jailbreak"), injection=Sum("injection")))

    days = _kept("attacks by day", scope, day, period, among, found)
    return [(on, one) for on, one, _ in days if one], [(on, other) for on, _, other in days if other]


def users_by_app(scope: Scope, day: date, period: int, among: Among = ALL) -> list[App]:
    """The apps with the most distinct users."""

    def found() -> list[App]:
        used: QuerySet[Any] = _within(DailyUser.objects.all(), scope, day, period, among).annotate(loose=LOOSE)
        top = _each_once(used.values_list("application_id", "loose", "pseudonym"), _BY_APP, MOST)
        called = _names([{"application_id": application, "loose": loose} for application, loose, _ in top])
        return [App(application, loose, called[application, loose], (n,)) for application, loose, n in top]

    return _kept("users", scope, day, period, among, found)


def users_by_department(scope: Scope, day: date, period: int, among: Among = ALL) -> list[DepartmentUsers]:
    """Distinct users of each department one level down, with everything below it, and of what is looked at itself, most
    first; *Unassigned* where that is the whole organisation."""

    top = scope.top.pk if scope.top else None

    def found() -> list[tuple[int | None, int]]:
        row_of = scope.row_of() | ({top: top} if top else {})
        used: QuerySet[Any] = _within(DailyUser.objects.all(), scope, day, period, among)
        people = used.values_list("department_id", "pseudonym")
        return _each_once(people, _BY_DEPARTMENT, list(row_of), list(row_of.values()))

    counted = _kept("departments", scope, day, period, among, found)
    known = Department.objects.in_bulk([pk for pk, _ in counted if pk])
    return [
        DepartmentUsers(known.get(pk or 0), count, pk is not None and pk == top)
        for pk, count in counted
        if pk is None or pk in known
    ]


def _each_once(people: QuerySet[Any], sql: str, *more: Any) -> list[Any]:
    """The rows of a query over people, each once: told apart by hashing they take half the time of sorting all rows."""
    try:
        inner, params = people.order_by().distinct().query.sql_with_params()
    except EmptyResultSet:  # Django's word for a query that it knows to find nothing
        return []
    with connection.cursor() as cursor:
        cursor.execute(sql.format(people=inner), [*params, *more])
        return cursor.fetchall()


def labels_referenced(scope: Scope, day: date, period: int, among: Among = ALL) -> list[Named]:
    """The sensitivity labels in the most interactions; one with two labels counts for both."""
    return _kept("labels", scope, day, period, among, lambda: _named(scope, day, period, among, "labels", Names.label))


def types_shared(scope: Scope, day: date, period: int, among: Among = ALL) -> list[Named]:
    """The sensitive information types found in the most interactions; one with two types counts for both."""
    return _kept(
        "types", scope, day, period, among, lambda: _named(scope, day, period, among, "information_types", Names.type)
    )


def _named(
    scope: Scope, day: date, period: int, among: Among, column: str, known: Callable[[Names, str], Known]
) -> list[Named]:
    """By what the dictionary makes of each list: feeds name one thing by its id and by its name."""
    rows = _within(DailySensitive.objects.exclude(**{column: []}), scope, day, period, among).order_by()
    dictionary, counts, called = names(), Counter[str](), {}
    for given, amount in rows.values_list(column).annotate(n=Sum("interactions")):
        for one in {known(dictionary, text) for text in given}:
            counts[one.key] += amount
            called[one.key] = one.path
    return [Named(key, called[key], count) for key, count in sorted(counts.items(), key=lambda x: (-x[1], x[0]))[:MOST]]


def _top(found: Any, amount: Any, most: int, **more: Any) -> list[Any]:
    rows = found.values("application_id", "loose").annotate(all=Coalesce(amount, 0), **more)
    return list(rows.order_by("-all", "application_id", "loose")[:most])


def _kept(what: str, scope: Scope, day: date, period: int, among: Among, find: Callable[[], list[T]]) -> list[T]:
    """Kept as `usage.use` is; apps without what this person may not open."""
    found, _ = kept_between_files(_key(f"analytics.{what}", scope, day, period, among), find)
    apps = [one.id for one in found if isinstance(one, App)]
    if not apps:
        return found
    seen = _in_sight(scope, apps)
    return [replace(one, id=seen.get(one.id)) if isinstance(one, App) else one for one in found]
