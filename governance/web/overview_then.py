"""The overview as of a past day: what history holds. What is known of today alone is left out."""

from dataclasses import replace
from typing import Any

from governance.charts import Matrix
from governance.selectors import compliance, overview, usage
from governance.selectors.highest_then import highest_then
from governance.web.links import address, framework_charts
from governance.web.overview import (
    Tile,
    growth,
    interactions_chart,
    matrix_table,
    sensitive_chart,
)
from inventory.models import Department
from inventory.selectors.scope import Scope, options
from inventory.web.as_of import At
from inventory.web.filters import Filters
from risk.method import load_method


def page(scope: Scope, filters: Filters, at: At) -> dict[str, Any]:
    """Everything that the overview shows of that day, with the names of its template."""
    day, period = at.day, filters.period
    alone = replace(filters, kinds=(), bands=(), classes=(), owner="")  # roll-ups know departments alone
    covered = compliance.frameworks(scope, day)
    found = overview.figures(scope, day)
    used = usage.use(scope, day, period)
    return {
        "filters": filters,
        "scope": scope,
        "day": day,
        "method": load_method().version,
        "departments": options(scope),
        "tiles": _tiles(filters.department, found.numbers, used.unregistered, covered, at),
        "matrix": _leading_to_then(matrix_table(found.matrix, scope), found.matrix, at),
        "left_out": found.matrix.left_out,
        "interactions": interactions_chart(used.by_category, alone),
        "highest": highest_then(scope, day),
        "highest_note": "Live then; a name opens the application of today",
        "sensitive": sensitive_chart(used.sensitive, alone, day),
        "coverage": framework_charts(covered, alone),
        "period_words": f"{period} days up to {day:%-d %B %Y}",
    }


def _tiles(
    chosen: Department | None,
    numbers: overview.Numbers,
    unseen: usage.Unregistered,
    covered: list[compliance.FrameworkFigures],
    at: At,
) -> list[Tile]:
    departments = address("governance:departments", department=chosen, as_of=at.day)
    changes = address("governance:changes", department=chosen, from_=at.day)
    binding = [one for one in covered if one.framework.binding]
    overdue, share = sum(one.overdue for one in binding), numbers.serious_share
    people = "person" if unseen.people == 1 else "people"
    return [
        Tile("AI applications", numbers.applications, growth(numbers), changes, "primary"),
        Tile(
            "High or critical risk",
            numbers.serious,
            "none live" if share is None else f"{share:.0%} of live applications",
            departments,
            "bad",
            numbers.serious_change,
        ),
        Tile("Compliance gaps open", sum(one.gap for one in binding), f"past due then: {overdue:,}", "", "warn"),
        Tile("Unregistered AI apps", unseen.apps, f"used by {unseen.people:,} {people}", "", "accent"),
    ]


def _leading_to_then(shown: Matrix, found: overview.Matrix, at: At) -> Matrix:
    """Each row leads to its department as of that day; there is no list of the applications of then."""
    rows = []
    for row, behind in zip(shown.rows, (*found.whole, *found.parts), strict=True):
        url = address("governance:departments", department=behind.department, as_of=at.day)
        rows.append(replace(row, url=url, cells=tuple(replace(cell, url="") for cell in row.cells)))
    return replace(shown, columns=tuple(replace(one, url="") for one in shown.columns), rows=tuple(rows))
