"""Reading the roll-ups: of each department the newest figures on or before a day. Nothing here counts applications."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import QuerySet

from inventory.models import Department
from risk.choices import OVERALL, Principle
from risk.models import RollUpCount

ALL = (OVERALL, *Principle.values)


@dataclass(frozen=True)
class Risk:
    """Risk of a department with everything below it (docs/method.md §7), live applications only."""

    department_id: int
    principle: str
    day: date
    index: float
    worst: float
    tail: float
    mean: float
    band: str
    critical_share: float
    high_share: float
    count: int
    low_count: int
    moderate_count: int
    high_count: int
    critical_count: int
    worst_application_id: int | None
    index_30d: float | None  # the index in so many days if nobody acts; for overall only
    index_60d: float | None
    index_90d: float | None


@dataclass(frozen=True, kw_only=True)
class Counts:
    """Pairs of a live application and a requirement of a framework, by state (docs/method.md §8). `low` and `high`
    bound the coverage, the mean fulfilment of what is assessed; None where nothing is."""

    met: int = 0
    partial: int = 0
    gap: int = 0
    unknown: int = 0
    upcoming: int = 0
    not_assessed: int = 0
    overdue: int = 0
    assessed: int = 0
    fulfilment_low: float = 0.0
    fulfilment_high: float = 0.0

    @property
    def low(self) -> float | None:
        return self.fulfilment_low / self.assessed if self.assessed else None

    @property
    def high(self) -> float | None:
        return self.fulfilment_high / self.assessed if self.assessed else None


@dataclass(frozen=True, kw_only=True)
class Coverage(Counts):
    """The counts of a framework in a department with everything below it."""

    department_id: int
    framework: str
    applications: int


_RISK = [name for name in Risk.__dataclass_fields__ if name not in ("department_id", "principle")]
_COVERAGE = ["applications", *Counts.__dataclass_fields__]

# One index descent a department and principle, whatever the number of days kept; a plain DISTINCT ON would read all.
_NEWEST = """
SELECT {columns}
FROM ({departments}) wanted(id) CROSS JOIN unnest(%s::text[], %s::date[]) what(name, day) CROSS JOIN LATERAL (
    SELECT * FROM {table} WHERE department_id = wanted.id AND {key} = what.name AND day <= what.day
    ORDER BY day DESC LIMIT 1
) newest WHERE newest.{counted} > 0"""

# The worst are found and read at once
_RANKED = """
WITH overall AS MATERIALIZED ({overall}), picked(id) AS (
    (SELECT id FROM overall WHERE id <> ALL(%s::bigint[]) ORDER BY "index" DESC, id LIMIT %s)
    UNION SELECT unnest(%s::bigint[])
)
SELECT true, overall.* FROM overall UNION ALL SELECT false, shown.* FROM ({shown}) shown"""


def ids_of(found: QuerySet[Any, Any]) -> tuple[str, Sequence[Any]]:
    """These rows as a subquery of ids."""
    try:
        return found.order_by().values("pk").query.sql_with_params()
    except EmptyResultSet:  # Django's word for a query that it knows to find nothing
        return "SELECT NULL::bigint WHERE false", ()


def _newest(table: str, key: str, counted: str, columns: list[str], wanted: str) -> str:
    """The query of the newest rows of the departments that the SQL `wanted` names."""
    picked = ", ".join(["what.day", "wanted.id", "what.name", *(f'newest."{name}"' for name in columns)])
    return _NEWEST.format(columns=picked, departments=wanted, table=table, key=key, counted=counted)


def _risks_of(wanted: str, columns: list[str] = _RISK) -> str:
    return _newest("risk_departmentday", "principle", "count", columns, wanted)


def risks(departments: QuerySet[Department], day: date, principles: Iterable[str] = ALL) -> list[Risk]:
    """The newest risk figures of each department and principle; none where no live application is below it."""
    return risks_on(departments, [(day, principle) for principle in principles]).get(day, [])


def ranked(
    departments: QuerySet[Department], but_for: Sequence[int], most: int, always: Sequence[int], day: date, then: date
) -> tuple[list[Risk], dict[date, list[Risk]]]:
    """The newest overall figures of these departments; and all of those of the `most` worst, `but_for` some, and of
    `always`, with their overall ones of an earlier day (`then`): day → figures. One query, however many there are."""
    wanted, params = ids_of(departments)
    sql = _RANKED.format(overall=_risks_of(wanted), shown=_risks_of("SELECT id FROM picked"))
    names, days = [*ALL, OVERALL], [*(day for _ in ALL), then]
    found: dict[date, list[Risk]] = {}
    compared: list[Risk] = []
    with connection.cursor() as cursor:
        cursor.execute(sql, [*params, [OVERALL], [day], list(but_for), most, list(always), names, days])
        for of_all, on, *row in cursor.fetchall():
            (compared if of_all else found.setdefault(on, [])).append(Risk(*row))
    return compared, found


def overall(departments: QuerySet[Department], day: date, columns: Sequence[str]) -> dict[int, dict[str, Any]]:
    """These columns alone of each department's newest overall figures, for what compares very many: department → by
    column; none where no live application is below it."""
    wanted, params = ids_of(departments)
    with connection.cursor() as cursor:
        cursor.execute(_risks_of(wanted, list(columns)), [*params, [OVERALL], [day]])
        return {pk: dict(zip(columns, row, strict=True)) for _, pk, _, *row in cursor.fetchall()}


def risks_on(departments: QuerySet[Department], asked: Sequence[tuple[date, str]]) -> dict[date, list[Risk]]:
    """The same of several days at once, each with the principles asked of it: day → figures; one query."""
    wanted, params = ids_of(departments)
    found: dict[date, list[Risk]] = {}
    with connection.cursor() as cursor:
        cursor.execute(_risks_of(wanted), [*params, [principle for _, principle in asked], [day for day, _ in asked]])
        for day, *row in cursor.fetchall():
            found.setdefault(day, []).append(Risk(*row))
    return found


def coverages(departments: QuerySet[Department], day: date, frameworks: Iterable[str]) -> list[Coverage]:
    """The newest coverage of each department and framework; none where no live application is below it."""
    wanted, params = ids_of(departments)
    sql = _newest("risk_coverageday", "framework", "applications", _COVERAGE, wanted)
    names = list(frameworks)
    with connection.cursor() as cursor:
        cursor.execute(sql, [*params, names, [day] * len(names)])
        return [
            Coverage(department_id=department, framework=framework, **dict(zip(_COVERAGE, row, strict=True)))
            for _, department, framework, *row in cursor.fetchall()
        ]


def history(departments: QuerySet[Department], principle: str, since: date, until: date) -> list[Risk]:
    """Every kept day of these departments in the period, oldest first, begun by the figure that stood at its start."""
    wanted, params = ids_of(departments)
    sql = f"""
        SELECT kept.department_id, kept.principle, {", ".join(f'kept."{name}"' for name in _RISK)}
        FROM risk_departmentday kept JOIN ({wanted}) wanted(id) ON kept.department_id = wanted.id
        WHERE kept.principle = %s AND kept.count > 0 AND kept.day <= %s AND kept.day >= COALESCE((
            SELECT max(day) FROM risk_departmentday
            WHERE department_id = wanted.id AND principle = %s AND day <= %s), %s)
        ORDER BY kept.day, kept.department_id"""  # noqa: S608 - names of our own, values bound
    with connection.cursor() as cursor:
        cursor.execute(sql, [*params, principle, until, principle, since, since])
        return [Risk(*row) for row in cursor.fetchall()]


def held(told: Sequence[Risk], since: date, until: date) -> list[Risk]:
    """One department's figures as a course from `since` to `until`: what stood at its start holds from then on, and the
    last until the end, though they were taken before."""
    found = [replace(one, day=max(one.day, since)) for one in told]
    return [*found, replace(found[-1], day=until)] if found and found[-1].day < until else found


def counted_at() -> datetime | None:
    """When figures of departments were last taken; None before the first time."""
    return RollUpCount.objects.values_list("counted_at", flat=True).first()
