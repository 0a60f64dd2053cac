"""Figures of departments: risk and coverage of each with everything below it, live applications only.

One roll-up at a time: two that overlap could write figures older than those the other has written. They take the
queue `ChangedDepartment`, whose rows are deleted in the transaction that writes the figures.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
from django.db import connection, transaction
from django.utils import timezone

from risk.choices import OVERALL, Band, Principle
from risk.method import load_method
from risk.models import ChangedDepartment, DepartmentDay
from risk.scoring.forecast import HORIZONS
from risk.scoring.portfolio import Floats, PortfolioScore, score_portfolio
from risk.selectors import cases
from risk.services import coverage
from risk.services.writing import upsert

_LOCK = 7_130_011  # advisory lock of the roll-up; any number that nothing else here uses
PRINCIPLES = (OVERALL, *Principle.values)
_FIGURES = ["index", "worst", "tail", "mean", "band", "critical_share", "high_share", "count"]
_BY_BAND = [f"{band}_count" for band in Band.values]
_FORECAST = [f"index_{days}d" for days in HORIZONS]
_COLUMNS = ["department_id", "day", "principle", *_FIGURES, *_BY_BAND, *_FORECAST, "worst_application_id"]
_KEY = ["department_id", "principle", "day"]

# One row a department, so that the estate does not become a hundred thousand Python rows
_OWN_POINTS = f"""
SELECT counted_in_id, array_agg(application_id ORDER BY application_id), array_agg(exposure ORDER BY application_id),
       {", ".join(f"array_agg({p}_point ORDER BY application_id)" for p in PRINCIPLES)},
       {", ".join(f"array_agg(coalesce(overall_{days}d, overall_point) ORDER BY application_id)" for days in HORIZONS)}
FROM risk_currentscore WHERE counted_in_id IS NOT NULL GROUP BY counted_in_id"""  # noqa: S608 - principles and days of our own

# Also where no figure of a department moved: what is behind one may have (risk.selectors.kept)
_COUNT_IT = """
INSERT INTO risk_rollupcount AS kept (id, number, counted_at) VALUES (1, 1, now())
ON CONFLICT (id) DO UPDATE SET number = kept.number + 1, counted_at = now()"""


@dataclass(frozen=True, slots=True)
class _Estate:
    """Live applications, sorted so that every sub-tree is one slice: `span` by department."""

    applications: Sequence[int]
    exposure: Floats
    risks: Floats  # one row a principle, in the order of PRINCIPLES, then one for each of the days HORIZONS
    span: Mapping[int, tuple[int, int]]


def roll_up_unless_busy() -> int:
    """Roll up what is in the queue, and what came meanwhile; nothing where another worker is at it.

    So one worker takes figures and the others are free to judge the next change. Whoever finds the lock taken has
    committed its rows before, and who holds it looks into the queue again after letting it go: none is left behind.
    (After a whole recalculation, which does not look again, beat's next ring takes them.) Returns how many rows were
    written.
    """
    written = 0
    while ChangedDepartment.objects.exists():
        with transaction.atomic():
            if not _is_free():
                break
            written += _roll_up_queue(None)
    return written


@transaction.atomic
def roll_up_changed(day: date | None = None) -> int:
    """Take the figures of the departments in the queue and of all above them, for today where no `day` is given,
    after whoever is at it. Returns how many rows were written."""
    if not ChangedDepartment.objects.exists():
        return 0
    _one_at_a_time()
    return _roll_up_queue(day)


def _roll_up_queue(day: date | None) -> int:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM risk_changeddepartment RETURNING department_id")
        changed = {row[0] for row in cursor}
    if not changed:
        return 0
    branches = cases.tree()
    touched = {above for pk in changed if pk in branches.parents for above in branches.path(pk)}
    return _roll_up(touched, branches, day or timezone.localdate())


@transaction.atomic
def roll_up_everything(day: date | None = None) -> int:
    """Take the figures of every department anew, for instance after the tree itself changed; for today by default."""
    _one_at_a_time()
    ChangedDepartment.objects.all().delete()
    branches = cases.tree()
    return _roll_up(set(branches.parents), branches, day or timezone.localdate())


def _is_free() -> bool:
    """Take the lock of the roll-up, until the transaction ends, if nobody has it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [_LOCK])
        return bool(cursor.fetchone()[0])


def _one_at_a_time() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])


def _roll_up(departments: set[int], branches: cases.Tree, day: date) -> int:
    written = _write_risk(departments, branches, day)
    written += coverage.roll_up(departments, branches.parents, day)
    with connection.cursor() as cursor:
        cursor.execute(_COUNT_IT)
    return written


def _write_risk(departments: set[int], branches: cases.Tree, day: date) -> int:
    estate = _estate(branches.parents)
    latest = _latest(departments, day)
    drafts = (row for pk in sorted(departments) for row in _rows(pk, day, estate))
    rows = [row for row in drafts if _differs(row, latest.get((row[0], row[2])))]
    return upsert(DepartmentDay, _COLUMNS, _KEY, rows)


def _rows(department: int, day: date, estate: _Estate) -> Iterable[tuple[Any, ...]]:
    start, end = estate.span[department]
    method = load_method()
    exposure = estate.exposure[start:end]
    now = [score_portfolio(risks, exposure, method) for risks in estate.risks[:, start:end]]
    ahead = [one.score.index if one else None for one in now[len(PRINCIPLES) :]]
    for principle, found in zip(PRINCIPLES, now, strict=False):
        later = ahead if principle == OVERALL else [None for _ in HORIZONS]
        yield (department, day, principle, *_figures(found, later, estate.applications[start:end]))


def _figures(
    found: PortfolioScore | None, ahead: Sequence[float | None], applications: Sequence[int]
) -> tuple[Any, ...]:
    if found is None:
        return (*[None] * (len(_FIGURES) - 1), 0, *[0] * len(_BY_BAND), *ahead, None)
    score = found.score
    return (*(getattr(score, name) for name in _FIGURES), *found.by_band, *ahead, applications[found.worst_at])


def _latest(departments: set[int], day: date) -> dict[tuple[int, str], tuple[Any, ...]]:
    """The newest row of each department and principle up to the day."""
    rows = (
        DepartmentDay.objects.filter(department__in=departments, day__lte=day)
        .order_by("department_id", "principle", "-day")
        .distinct("department_id", "principle")
        .values_list(*_COLUMNS)
    )
    return {(row[0], row[2]): row for row in rows}


def _differs(row: tuple[Any, ...], latest: tuple[Any, ...] | None) -> bool:
    """Whether a row says something new. A department that never had a live application has no row (contracts §3)."""
    if latest is None:
        return row[_COLUMNS.index("count")] > 0
    return row[3:] != latest[3:]


def _estate(parents: Mapping[int, int | None]) -> _Estate:
    """Every live application with a score, in the order in which a walk through the tree meets its department."""
    order, size = cases.walked(parents)
    with connection.cursor() as cursor:
        cursor.execute(_OWN_POINTS)
        own = {row[0]: row[1:] for row in cursor}
    applications: list[int] = []
    exposure: list[float] = []
    risks: list[list[float]] = [[] for _ in (*PRINCIPLES, *HORIZONS)]
    starts = []
    for department in order:
        starts.append(len(applications))
        if department in own:
            ids, weights, *points = own[department]
            applications += ids
            exposure += weights
            for row, values in zip(risks, points, strict=True):
                row += values
    starts.append(len(applications))
    span = {pk: (starts[i], starts[i + size[pk]]) for i, pk in enumerate(order)}
    return _Estate(applications, np.array(exposure, float), np.array(risks, float), span)
