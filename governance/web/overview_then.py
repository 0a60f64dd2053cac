"""The overview as of a past day: what history holds. What is known of today alone is left out."""

from dataclasses import replace
from datetime import date
from typing import Any, TypeVar

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from governance.charts import Matrix, MatrixCell, MatrixColumn, MatrixRow
from governance.selectors import compliance, overview, usage
from governance.selectors.highest_then import highest_then
from governance.web.links import SERIOUS, address, applications_url, as_of_day, framework_charts
from governance.web.overview import (
    Tile,
    growth,
    interactions_chart,
    matrix_table,
    sensitive_chart,
)
from inventory.choices import Lifecycle
from inventory.models import Department
from inventory.selectors.scope import Scope, options
from inventory.web.as_of import At
from inventory.web.filters import Filters
from risk.method import load_method

Leading = TypeVar("Leading", MatrixCell, MatrixColumn, MatrixRow)  # parts of the matrix that lead somewhere


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
        "matrix": _leading_to_then(matrix_table(found.matrix, scope), day),
        "left_out": found.matrix.left_out,
        "interactions": interactions_chart(used.by_category, alone),
        "highest": highest_then(scope, day),
        "highest_note": _("Live then; a name opens its history as of that day"),
        "sensitive": sensitive_chart(used.sensitive, alone, day),
        "coverage": framework_charts(covered, alone),
        "period_words": _("%(period)s days up to %(day)s") % {"period": period, "day": f"{day:%-d %B %Y}"},
    }


def _tiles(
    chosen: Department | None,
    numbers: overview.Numbers,
    unseen: usage.Unregistered,
    covered: list[compliance.FrameworkFigures],
    at: At,
) -> list[Tile]:
    gaps = address("governance:gaps", department=chosen, as_of=at.day)
    live: dict[str, Any] = {"department": chosen, "lifecycle": Lifecycle.LIVE, "as_of": at.day}
    binding = [one for one in covered if one.framework.binding]
    overdue, share = sum(one.overdue for one in binding), numbers.serious_share
    people = ngettext("used by %(people)s person", "used by %(people)s people", unseen.people)
    return [
        Tile(_("AI applications"), numbers.applications, growth(numbers), applications_url(**live), "primary"),
        Tile(
            _("High or critical risk"),
            numbers.serious,
            _("none live") if share is None else _("%(share)s of live applications") % {"share": f"{share:.0%}"},
            applications_url(**live, band=SERIOUS),
            "bad",
            numbers.serious_change,
        ),
        Tile(
            _("Compliance gaps open"),
            sum(one.gap for one in binding),
            _("%(overdue)s past due then, with partly met ones") % {"overdue": f"{overdue:,}"},
            gaps,
            "warn",
        ),
        Tile(
            _("Unregistered AI apps"),
            unseen.apps,
            people % {"people": f"{unseen.people:,}"},
            "",
            "accent",
        ),
    ]


def _leading_to_then(shown: Matrix, day: date) -> Matrix:
    """Each row leads to its department, each cell and column to the applications, all as of that day."""

    def there(part: Leading) -> Leading:
        return replace(part, url=as_of_day(part.url, day))

    rows = [there(replace(row, cells=tuple(map(there, row.cells)))) for row in shown.rows]
    return replace(shown, columns=tuple(map(there, shown.columns)), rows=tuple(rows))
