"""The overview: tiles, matrix and charts, each leading to the list behind it."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from governance import charts
from governance.charts import Matrix, MatrixCell, MatrixColumn, MatrixRow
from governance.selectors import compliance, overview, recommendations, usage
from governance.selectors.among import among
from governance.selectors.not_computable import left_out
from governance.selectors.overview import DepartmentRow
from governance.selectors.rollups import Risk
from governance.web.links import (
    EVERY_ONE,
    SERIOUS,
    address,
    applications_url,
    department_url,
    events_url,
    framework_charts,
)
from governance.web.recommendations import SEVERITY_TONES
from inventory import access
from inventory.access import Permission
from inventory.choices import ApplicationKind, Lifecycle
from inventory.models import Department
from inventory.selectors import feed_health, feeds
from inventory.selectors.scope import Scope, options
from inventory.web.filters import Filters
from risk.choices import Band, Principle
from risk.method import load_method
from risk.selectors.alerts import OPEN


def page(scope: Scope, filters: Filters, day: date) -> dict[str, Any]:
    """Everything the overview shows; the interactive file shows the same."""
    left, period = among(filters), filters.period
    fresh = feeds.freshness()
    covered = compliance.frameworks(scope, day, left)
    found = overview.figures(scope, day)
    used = usage.use(scope, day, period, left)
    return {
        "filters": filters,
        "scope": scope,
        "day": day,
        "method": load_method().version,
        "departments": options(scope),
        "kinds": ApplicationKind.choices,
        "narrowed_words": left.words,
        # What roll-ups hold is not told apart by kind, band, class or owner, and says so while one is chosen
        "every_one": EVERY_ONE if left else "",
        "tiles": tiles(scope, filters, found.numbers, used.unregistered, covered),
        "matrix": matrix_table(found.matrix, scope),
        "left_out": found.matrix.left_out,
        "not_computable": left_out(scope),
        "interactions": interactions_chart(used.by_category, filters),
        "highest": overview.highest(scope, left),
        "highest_note": "Live applications, only those chosen" if left else "Live applications",
        "sensitive": sensitive_chart(used.sensitive, filters, day),
        "coverage": framework_charts(covered, filters),
        "highest_url": applications_url(department=filters.department, **left.query, lifecycle="live", sort="-risk"),
        "recommendations": recommendations.cards(scope, states=recommendations.UNDER_WAY, most=recommendations.TOP),
        "tones": SEVERITY_TONES,
        "feeds": fresh,
        "troubled": feed_health.troubled(feed_health.all_feeds()),
        "newest": max((feed.read_at for feed in fresh if feed.read_at), default=None),
        "may_load": access.sees_everything(scope.user, Permission.FEEDS),
        "may_register": access.may(scope.user, Permission.EDIT),
        "period_words": f"Last {period} days",
    }


@dataclass(frozen=True)
class Tile:
    """A number, with the list whose length it is. `change` is over 30 days, more being worse."""

    label: str
    value: int
    note: str
    href: str
    tone: str
    change: int | None = None


def tiles(
    scope: Scope,
    filters: Filters,
    numbers: overview.Numbers,
    unseen: usage.Unregistered,
    covered: list[compliance.FrameworkFigures],
) -> list[Tile]:
    """The five numbers of the first row."""
    left = among(filters)
    here: dict[str, Any] = {"department": filters.department, **left.query}
    counted = overview.counted(scope, left) if left else numbers
    alerts = usage.open_alerts(scope, left)
    binding = [one for one in covered if one.framework.binding]
    overdue = sum(one.overdue for one in binding)
    live = {**here, "lifecycle": Lifecycle.LIVE}
    people = "person" if unseen.people == 1 else "people"
    serious = [band for band in SERIOUS.split(",") if not filters.bands or band in filters.bands]
    return [
        Tile("AI applications", counted.applications, growth(counted), applications_url(**live), "primary"),
        Tile(
            "High or critical risk",
            counted.serious,
            "none live" if counted.serious_share is None else f"{counted.serious_share:.0%} of live applications",
            applications_url(**{**live, "band": serious}) if serious else "",
            "bad",
            counted.serious_change,
        ),
        Tile(
            "Compliance gaps open",
            sum(one.gap for one in binding),
            f"{overdue:,} past due, with partly met ones",
            address("governance:gaps", **here),
            "warn",
        ),
        Tile(
            "Unregistered AI apps",
            unseen.apps,
            f"{'all of them · ' if left else ''}used by {unseen.people:,} {people}",
            address("inventory:sightings", department=filters.department, period=filters.period, used="yes"),
            "accent",
        ),
        Tile(
            "Open alerts",
            alerts.all,
            f"{alerts.high:,} high severity",
            address("risk:alerts", **here, state=OPEN),
            "bad",
        ),
    ]


def growth(counted: overview.Numbers) -> str:
    """How the number of live applications moved."""
    moved = counted.applications_change
    return "live" if moved is None else f"live · {moved:+,} in 30 days" if moved else "live · unchanged in 30 days"


def matrix_table(found: overview.Matrix, scope: Scope) -> Matrix:
    """Departments by principle; a cell leads to the department's live applications, the worst first."""
    chosen = scope.chosen
    columns = [
        MatrixColumn(
            str(p.label), applications_url(department=chosen, lifecycle=Lifecycle.LIVE, principle=p, sort="-risk")
        )
        for p in Principle
    ]
    rows = [*(matrix_row(row, "all of it") for row in found.whole), *(matrix_row(row) for row in found.parts)]
    return Matrix("Residual risk by department and principle", tuple(columns), tuple(rows))


def matrix_row(row: DepartmentRow, note: str = "") -> MatrixRow:
    """A department's six principles."""
    cells = (matrix_cell(row.department, p, risk) for p, risk in zip(Principle, row.principles, strict=True))
    return MatrixRow(row.department.name, tuple(cells), department_url(row.department), note)


def matrix_cell(department: Department, principle: Principle, risk: Risk | None) -> MatrixCell:
    """One figure with its parts in words."""
    if risk is None:
        return MatrixCell(None, "", f"{department.name}: no live application")
    url = applications_url(department=department, lifecycle=Lifecycle.LIVE, principle=principle, sort="-risk")
    words = (
        f"{department.name}, {principle.label}: {risk.index:.0f}, {Band(risk.band).label.lower()}. Worst application "
        f"{risk.worst:.0f}, worst quarter {risk.tail:.0f}, mean {risk.mean:.0f} of {risk.count:,} live"
    )
    return MatrixCell(risk.index, url, words)


def interactions_chart(found: dict[str, list[tuple[date, int]]], filters: Filters) -> charts.Chart:
    """Interactions by day and category. Choosing applications leaves out what isn't registered."""
    series = [
        charts.DailySeries(name, label, found[name], events_url(filters, event="interaction", category=name))
        for name, label in usage.CATEGORIES
        if found[name] or not among(filters)
    ]
    return charts.interactions_over_time(series if any(found.values()) else [])


def sensitive_chart(found: list[usage.SensitiveUse], filters: Filters, day: date) -> charts.Chart:
    """Sensitive interactions by AI app; a part opens the events behind it."""
    return charts.sensitive_by_app([sensitive_app(one, filters, day) for one in found], usage.SENSITIVE_PARTS)


def sensitive_app(one: usage.SensitiveUse, filters: Filters, day: date) -> charts.SensitiveApp:
    """An app's bar. One out of the person's sight opens nothing."""
    if one.id is None and one.sighting is None:
        return charts.SensitiveApp(one.name, one.parts)
    about = {"application": one.id} if one.id else {"sighting": one.sighting}
    urls = {
        part: events_url(filters, day, **about, event="sensitive", made_by=word)
        for part, word in ((usage.LABELLED, "label"), (usage.PERSONAL, "type"))
    }
    return charts.SensitiveApp(one.name, one.parts, events_url(filters, day, **about, event="sensitive"), urls)
