"""The departments page: the tree that a person sees, with the figures of each department."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from governance.selectors import rollups
from governance.selectors.rollups import Risk
from inventory.models import Department
from inventory.selectors.scope import Scope
from risk.choices import OVERALL

CHANGE_DAYS = 30
DEEPEST = 6
# What the tree can be ordered by; siblings are ordered, a child always stands below its parent.
SORTS = ("name", "index", "worst", "tail", "mean", "count", "change")


@dataclass(frozen=True)
class TreeRow:
    """A department in the tree. `risk` is None where no live application is below it; `change` is that of the index
    over CHANGE_DAYS, None where there was no figure then."""

    department: Department
    depth: int
    risk: Risk | None
    change: float | None

    @property
    def indent(self) -> int:
        """The depth, as far as a page can show it."""
        return min(self.depth, DEEPEST)


def tree(scope: Scope, day: date, *, q: str = "", bands: Sequence[str] = (), sort: str = "-index") -> list[TreeRow]:
    """The departments looked at, parents before children. Searching or choosing bands leaves only those that fit,
    without indentation."""
    seen = scope.departments()
    known = {one.pk: one for one in seen.select_related("head")}
    now = {risk.department_id: risk for risk in rollups.risks(seen, day, [OVERALL])}
    then = {risk.department_id: risk for risk in rollups.risks(seen, day - timedelta(days=CHANGE_DAYS), [OVERALL])}
    rows = {pk: _row(one, now.get(pk), then.get(pk)) for pk, one in known.items()}
    if q or bands:
        fitting = [row for row in rows.values() if _fits(row, q.casefold(), bands)]
        return _ordered(fitting, sort)
    below: dict[int | None, list[TreeRow]] = {}
    for row in rows.values():
        parent = row.department.parent_id if row.department.parent_id in rows else None
        below.setdefault(parent, []).append(row)
    return _walked(below, sort)


def _row(department: Department, now: Risk | None, then: Risk | None) -> TreeRow:
    return TreeRow(department, 0, now, now.index - then.index if now and then else None)


def _fits(row: TreeRow, q: str, bands: Sequence[str]) -> bool:
    named = q in row.department.name.casefold() or q in row.department.key.casefold()
    return named and (not bands or (row.risk is not None and row.risk.band in bands))


def _ordered(rows: list[TreeRow], sort: str) -> list[TreeRow]:
    """By name, or by a figure with those that have none at the end; equal ones by name."""
    key, down = sort.removeprefix("-"), sort.startswith("-")
    rows = sorted(rows, key=lambda row: row.department.name.casefold(), reverse=key == "name" and down)
    if key not in SORTS or key == "name":
        return rows

    def figure(row: TreeRow) -> tuple[bool, float]:
        value = row.change if key == "change" else getattr(row.risk, key) if row.risk else None
        return (value is None, 0.0 if value is None else -value if down else value)

    return sorted(rows, key=figure)


def _walked(below: dict[int | None, list[TreeRow]], sort: str) -> list[TreeRow]:
    found: list[TreeRow] = []
    waiting = [(row, 0) for row in reversed(_ordered(below.get(None, []), sort))]
    while waiting:
        row, depth = waiting.pop()
        found.append(TreeRow(row.department, depth, row.risk, row.change))
        children = _ordered(below.get(row.department.pk, []), sort)
        waiting += [(child, depth + 1) for child in reversed(children)]
    return found
