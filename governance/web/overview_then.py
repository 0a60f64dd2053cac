"""The overview as of a past day: what history holds. What is known of today alone is left out, and said."""

from dataclasses import replace
from datetime import date
from typing import Any, TypeVar

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from governance.charts import Matrix, MatrixCell, MatrixColumn, MatrixRow
from governance.selectors import compliance, overview, recommendations, recommendations_then, usage
from governance.selectors.among import among
from governance.selectors.highest_then import counted_then, highest_then
from governance.web.links import (
    EVERY_ONE,
    SERIOUS,
    address,
    applications_url,
    as_of_day,
    as_of_words,
    framework_charts,
    period_words,
)
from governance.web.overview import (
    Tile,
    growth,
    interactions_chart,
    matrix_table,
    sensitive_chart,
)
from governance.web.recommendations import SEVERITY_TONES, of_applications
from inventory.choices import ApplicationKind, Lifecycle
from inventory.selectors.scope import Scope, options
from inventory.web.as_of import At
from inventory.web.filters import Filters
from risk.selectors.alerts import OPEN
from risk.selectors.history import method_then
from risk.selectors.kept import kept, one_standing

Leading = TypeVar("Leading", MatrixCell, MatrixColumn, MatrixRow)  # parts of the matrix that lead somewhere


@one_standing()
def page(scope: Scope, filters: Filters, at: At) -> dict[str, Any]:
    """Everything that the overview shows of that day, with the names of its template."""
    day, period, left = at.day, filters.period, among(filters, at.then)
    covered = compliance.frameworks(scope, day)  # which requirement of which application stood how is not kept by day
    found = overview.figures(scope, day, among=left)
    used = usage.use(scope, day, period, left)
    numbers = counted_then(scope, left, day) if left else found.numbers
    found_then = recommendations_then.cards(scope, day, left=left)
    cards = [card for card in found_then if card.state in recommendations.UNDER_WAY]
    return {
        "filters": filters,
        "scope": scope,
        "day": day,
        "method": kept(("method of then", day), lambda: method_then(day)),
        "departments": options(scope),
        "kinds": ApplicationKind.choices,
        "narrowed_words": left.words,
        "coverage_words": as_of_words(day, bool(left)),
        "tiles": _tiles(scope, filters, numbers, used.unregistered, covered, at),
        "matrix": _leading_to_then(matrix_table(found.matrix, scope, left), day),
        "left_out": found.matrix.left_out,
        "use_at": used.counted_at,
        "interactions": interactions_chart(used.by_category, filters),
        "highest": highest_then(scope, day, left),
        "highest_note": _("Live then, only those chosen; a name opens its history as of that day")
        if left
        else _("Live then; a name opens its history as of that day"),
        "highest_url": applications_url(**_live(filters, at), sort="-risk"),
        "sensitive": sensitive_chart(used.sensitive, filters, day),
        "coverage": framework_charts(covered, filters),
        "recommendations_then": sorted(cards, key=_gravest)[: recommendations.TOP],
        "severities": SEVERITY_TONES,
        "of_then": address("governance:recommendations", **of_applications(left), as_of=at.then).partition("?")[2],
        "period_words": period_words(period, day, past=True),
    }


def _live(filters: Filters, at: At) -> dict[str, Any]:
    """The list of the live applications of that day, as the page is narrowed."""
    left = among(filters, at.then)
    return {"department": filters.department, **left.query, "lifecycle": Lifecycle.LIVE, "as_of": at.day}


def _gravest(card: recommendations_then.CardThen) -> tuple[int, int]:
    """As today's are ordered; what has no severity kept comes last."""
    return -recommendations.SEVERITIES.get(card.severity, 0), -card.amount


def _tiles(
    scope: Scope,
    filters: Filters,
    numbers: overview.Numbers,
    unseen: usage.Unregistered,
    covered: list[compliance.FrameworkFigures],
    at: At,
) -> list[Tile]:
    left, live = among(filters, at.then), _live(filters, at)
    binding = [one for one in covered if one.framework.binding]
    overdue, share = sum(one.overdue for one in binding), numbers.serious_share
    people = ngettext("used by %(people)s person", "used by %(people)s people", unseen.people)
    used = people % {"people": f"{unseen.people:,}"}
    serious = [band for band in SERIOUS.split(",") if not filters.bands or band in filters.bands]
    alerts = usage.open_alerts(scope, left, at.day)
    every = f"{EVERY_ONE} · " if left else ""
    return [
        Tile(_("AI applications"), numbers.applications, growth(numbers), applications_url(**live), "primary"),
        Tile(
            _("High or critical risk"),
            numbers.serious,
            _("none live") if share is None else _("%(share)s of live applications") % {"share": f"{share:.0%}"},
            applications_url(**{**live, "band": serious}) if serious else "",
            "bad",
            numbers.serious_change,
        ),
        Tile(
            _("Compliance gaps open"),
            sum(one.gap for one in binding),
            every
            + _("and %(partly)s partly met; %(overdue)s of both past due then")
            % {"partly": f"{sum(one.partial for one in binding):,}", "overdue": f"{overdue:,}"},
            address("governance:gaps", department=filters.department, as_of=at.day),
            "warn",
        ),
        Tile(
            _("Unregistered AI apps"),
            unseen.apps,
            _("all of them · %(used)s") % {"used": used} if left else used,
            address(
                "inventory:sightings",
                department=filters.department,
                period=filters.period,
                used="yes",
                as_of=at.day,
            ),
            "accent",
        ),
        Tile(
            _("Open alerts"),
            alerts.all,
            _("%(high)s high severity") % {"high": f"{alerts.high:,}"},
            address("risk:alerts", department=filters.department, **left.query, state=OPEN, as_of=at.day),
            "bad",
        ),
    ]


def _leading_to_then(shown: Matrix, day: date) -> Matrix:
    """Each row leads to its department, each cell and column to the applications, all as of that day."""

    def there(part: Leading) -> Leading:
        return replace(part, url=as_of_day(part.url, day))

    rows = [there(replace(row, cells=tuple(map(there, row.cells)))) for row in shown.rows]
    return replace(shown, columns=tuple(map(there, shown.columns)), rows=tuple(rows))
