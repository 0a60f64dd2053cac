"""Coverage of departments by framework, added up from below: own applications, then the newest figures of children."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from math import isclose
from typing import Any

from django.db import connection

from risk.models import CoverageDay
from risk.services.writing import upsert

_COUNTS = [
    "applications", "met", "partial", "gap", "unknown", "upcoming", "not_assessed", "overdue", "assessed",
    "fulfilment_low", "fulfilment_high",
]  # fmt: skip
_COLUMNS = ["department_id", "framework", "day", *_COUNTS]
_TOLERANCE = 1e-9  # sums in another order differ in the last digits, which is no news

_OWN = """
SELECT counted_in_id, framework, count(*), sum(met), sum(partial), sum(gap), sum(unknown), sum(upcoming),
       sum(not_assessed), sum(overdue), sum(assessed), sum(fulfilment_low), sum(fulfilment_high)
FROM risk_currentscore JOIN risk_applicationcoverage USING (application_id)
WHERE counted_in_id = ANY(%s) GROUP BY counted_in_id, framework"""
_LATEST = """
SELECT DISTINCT ON (department_id, framework) department_id, framework, applications, met, partial, gap, unknown,
       upcoming, not_assessed, overdue, assessed, fulfilment_low, fulfilment_high
FROM risk_coverageday WHERE department_id = ANY(%s) AND day <= %s
ORDER BY department_id, framework, day DESC"""


@dataclass(slots=True)
class Counts:
    """What `CoverageDay` counts, in the order of its columns."""

    applications: int = 0
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

    def add(self, other: "Counts") -> None:
        """Add another department's counts to these."""
        for name in _COUNTS:
            setattr(self, name, getattr(self, name) + getattr(other, name))

    def same(self, other: "Counts") -> bool:
        """Whether both say the same."""
        return all(isclose(a, b, abs_tol=_TOLERANCE) for a, b in zip(self.values(), other.values(), strict=True))

    def values(self) -> tuple[float, ...]:
        """The counts in the order of their columns; dataclasses.astuple would copy deeply, at ten times the cost."""
        return tuple([getattr(self, name) for name in _COUNTS])


def roll_up(departments: set[int], parents: Mapping[int, int | None], day: date) -> int:
    """Write today's coverage of these departments, of which every ancestor is one; returns how many rows."""
    children = [pk for pk, parent in parents.items() if parent in departments]
    own = _read(_OWN, [list(departments)])
    latest = _read(_LATEST, [list(departments.union(children)), day])
    totals: dict[int, dict[str, Counts]] = {pk: {} for pk in departments}
    for pk in set(children) - departments:
        _add(totals[parents[pk] or 0], latest.get(pk, {}))
    for pk in sorted(departments, key=lambda pk: -_depth(pk, parents)):
        for framework, counts in own.get(pk, {}).items():
            totals[pk].setdefault(framework, Counts()).add(counts)
        parent = parents[pk]
        if parent in totals:
            _add(totals[parent], totals[pk])
    return _write(totals, latest, day)


def _depth(department: int, parents: Mapping[int, int | None]) -> int:
    depth, at = 0, parents[department]
    while at is not None:
        depth, at = depth + 1, parents[at]
    return depth


def _add(totals: dict[str, Counts], more: Mapping[str, Counts]) -> None:
    for framework, counts in more.items():
        totals.setdefault(framework, Counts()).add(counts)


def _write(totals: Mapping[int, Mapping[str, Counts]], latest: Mapping[int, Mapping[str, Counts]], day: date) -> int:
    rows = []
    for pk in sorted(totals):
        for framework in sorted({*totals[pk], *latest.get(pk, {})}):
            counts = totals[pk].get(framework, Counts())
            if not counts.same(latest.get(pk, {}).get(framework, Counts())):
                rows.append((pk, framework, day, *counts.values()))
    return upsert(CoverageDay, _COLUMNS, ["department_id", "framework", "day"], rows)


def _read(sql: str, params: list[Any]) -> dict[int, dict[str, Counts]]:
    found: dict[int, dict[str, Counts]] = {}
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        for department, framework, *numbers in cursor:
            found.setdefault(department, {})[framework] = Counts(*numbers)
    return found
