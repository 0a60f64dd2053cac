"""The overview: tiles, matrix and charts, each leading to the list behind it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from governance import charts
from governance.charts import Matrix, MatrixCell, MatrixColumn, MatrixRow
from governance.selectors import compliance, overview, recommendations, usage
from governance.selectors.among import Among, among
from governance.selectors.not_computable import left_out
from governance.selectors.overview import DepartmentRow
from governance.selectors.recommendations_among import of_scope
from governance.selectors.rollups import Risk
from governance.web.links import (
    SERIOUS,
    address,
    applications_url,
    as_of_words,
    department_url,
    events_url,
    framework_charts,
    period_words,
)
from governance.web.recommendations import SEVERITY_TONES, card_url
from inventory import access
from inventory.access import Permission
from inventory.charts.base import score
from inventory.choices import ApplicationKind, Lifecycle
from inventory.selectors import feed_health, feeds
from inventory.selectors.events import CATEGORIES
from inventory.selectors.scope import Scope, options
from inventory.web.filters import Filters
from risk.choices import Band, Principle
from risk.method import load_method
from risk.selectors.alerts import OPEN
from risk.selectors.kept import one_standing


@one_standing()
def page(scope: Scope, filters: Filters, day: date) -> dict[str, Any]:
    """Everything the overview shows; the interactive file shows the same."""
    left, period = among(filters), filters.period
    files = feeds.files()
    fresh = feeds.freshness(files)
    covered = compliance.frameworks(scope, day, left)
    found = overview.figures(scope, day, among=left)
    used = usage.use(scope, day, period, left, files)
    numbers = overview.counted(scope, left) if left else found.numbers
    return {
        "filters": filters,
        "scope": scope,
        "day": day,
        "method": load_method().version,
        "departments": options(scope),
        "kinds": ApplicationKind.choices,
        "narrowed_words": left.words,
        "tiles": tiles(scope, filters, numbers, used.unregistered, covered),
        "matrix": matrix_table(found.matrix, scope, left),
        "left_out": found.matrix.left_out,
        "not_computable": left_out(scope, left),
        "interactions": interactions_chart(used.by_category, filters),
        "highest": overview.highest(scope, left),
        "highest_note": _("Live applications, only those chosen") if left else _("Live applications"),
        "sensitive": sensitive_chart(used.sensitive, filters, day),
        "coverage": framework_charts(covered, filters),
        "coverage_words": as_of_words(day),
        "counted_at": found.counted_at,
        "highest_url": applications_url(department=filters.department, **left.query, lifecycle="live", sort="-risk"),
        "recommendations": [(card, card_url(card, left)) for card in first(scope, left)],
        "tones": SEVERITY_TONES,
        "use_at": used.counted_at,
        "feeds": fresh,
        "silent": [feed.title for feed in fresh if not feed.read_at],
        "troubled": feed_health.troubled(feed_health.all_feeds()),
        "newest": max((feed.read_at for feed in fresh if feed.read_at), default=None),
        "may_load": access.sees_everything(scope.user, Permission.FEEDS),
        "may_register": access.may(scope.user, Permission.EDIT),
        "period_words": period_words(period, day, past=False),
    }


def first(scope: Scope, left: Among) -> list[recommendations.Card]:
    """The gravest recommendations under way, of the applications that are left."""
    found, most = of_scope(scope, left, keep=True), recommendations.TOP
    return recommendations.cards(scope, states=recommendations.UNDER_WAY, counted=found, most=most)


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
    alerts = usage.open_alerts(scope, left)
    binding = [one for one in covered if one.framework.binding]
    overdue = sum(one.overdue for one in binding)
    live = {**here, "lifecycle": Lifecycle.LIVE}
    people = ngettext("used by %(people)s person", "used by %(people)s people", unseen.people)
    used = people % {"people": f"{unseen.people:,}"}
    serious = [band for band in SERIOUS.split(",") if not filters.bands or band in filters.bands]
    return [
        Tile(_("AI applications"), numbers.applications, growth(numbers), applications_url(**live), "primary"),
        Tile(
            _("High or critical risk"),
            numbers.serious,
            _("none live")
            if numbers.serious_share is None
            else _("%(share)s of live applications") % {"share": f"{numbers.serious_share:.0%}"},
            applications_url(**{**live, "band": serious}) if serious else "",
            "bad",
            numbers.serious_change,
        ),
        Tile(
            _("Compliance gaps open"),
            sum(one.gap for one in binding),
            _("and %(partly)s partly met; %(overdue)s of both past due")
            % {"partly": f"{sum(one.partial for one in binding):,}", "overdue": f"{overdue:,}"},
            address("governance:gaps", **here),
            "warn",
        ),
        Tile(
            _("Unregistered AI apps"),
            unseen.apps,
            _("all of them · %(used)s") % {"used": used} if left else used,
            address("inventory:sightings", department=filters.department, period=filters.period, used="yes"),
            "accent",
        ),
        Tile(
            _("Open alerts"),
            alerts.all,
            _("%(high)s high severity") % {"high": f"{alerts.high:,}"},
            address("risk:alerts", **here, state=OPEN),
            "bad",
        ),
    ]


def growth(counted: overview.Numbers) -> str:
    """How the number of live applications moved."""
    moved = counted.applications_change
    if not moved:
        return _("live") if moved is None else _("live · unchanged in 30 days")
    return _("live · %(moved)s in 30 days") % {"moved": f"{'+' if moved > 0 else '−'}{abs(moved):,}"}


def matrix_table(found: overview.Matrix, scope: Scope, left: Among) -> Matrix:
    """Departments by principle; a cell leads to the department's live applications, the worst first, of those `left`
    that its figure is of."""
    live = {**left.query, "lifecycle": Lifecycle.LIVE}
    columns = [
        MatrixColumn(str(p.label), applications_url(department=scope.chosen, **live, principle=p, sort="-risk"))
        for p in Principle
    ]
    bands = {band.value: band.label.lower() for band in Band}
    rows = [*(matrix_row(row, columns, bands, left, _("all of it")) for row in found.whole)]
    rows += [matrix_row(row, columns, bands, left) for row in found.parts]
    if found.own:
        rows.append(matrix_row(found.own, columns, bands, left, _("without those below"), alone=True))
    return Matrix(_("Residual risk by department and principle"), tuple(columns), tuple(rows))


def matrix_row(
    row: DepartmentRow,
    columns: Sequence[MatrixColumn],
    bands: Mapping[str, str],
    left: Among,
    note: str = "",
    *,
    alone: bool = False,
) -> MatrixRow:
    """A department's six principles, each figure with its parts in words, which are looked up once for all of them.
    `alone`: of what lies directly in it."""
    name, below = row.department.name, "no" if alone else ""
    name = _("%(name)s itself") % {"name": name} if alone else name
    here = applications_url(department=row.department, **{**left.query, "below": below}, lifecycle=Lifecycle.LIVE)
    words = _(
        "%(department)s, %(principle)s: %(index)s, %(band)s. Worst application %(worst)s, worst quarter %(tail)s, "
        "mean %(mean)s of %(count)s live"
    )

    def cell(principle: Principle, called: str, risk: Risk) -> MatrixCell:
        parts = {"worst": score(risk.worst), "tail": score(risk.tail), "mean": score(risk.mean)}
        figures = {"index": score(risk.index), "band": bands[risk.band], "count": f"{risk.count:,}", **parts}
        title = words % {"department": name, "principle": called, **figures}
        return MatrixCell(risk.index, f"{here}&principle={principle}&sort=-risk", title)

    cells = (
        MatrixCell(None, "", _("%(name)s: no live application") % {"name": name})
        if risk is None
        else cell(principle, column.label, risk)
        for principle, column, risk in zip(Principle, columns, row.principles, strict=True)
    )
    return MatrixRow(name, tuple(cells), here if alone else department_url(row.department, left=left), note)


def interactions_chart(found: dict[str, list[tuple[date, int]]], filters: Filters) -> charts.Chart:
    """Interactions by day and category. Choosing applications leaves out what isn't registered."""
    series = [
        charts.DailySeries(name, str(label), found[name], events_url(filters, event="interaction", category=name))
        for name, label in CATEGORIES.items()
        if found[name] or not among(filters)
    ]
    return charts.interactions_over_time(series if any(found.values()) else [])


def sensitive_chart(found: list[usage.SensitiveUse], filters: Filters, day: date) -> charts.Chart:
    """Sensitive interactions by AI app; a part opens the events behind it."""
    parts = [str(words) for words in usage.SENSITIVE_PARTS.values()]
    return charts.sensitive_by_app([sensitive_app(one, filters, day) for one in found], parts)


def sensitive_app(one: usage.SensitiveUse, filters: Filters, day: date) -> charts.SensitiveApp:
    """An app's bar. One out of the person's sight opens nothing."""
    parts = {str(words): one.parts[part] for part, words in usage.SENSITIVE_PARTS.items()}
    if one.id is None and one.sighting is None:
        return charts.SensitiveApp(one.name, parts)
    about = {"application": one.id} if one.id else {"sighting": one.sighting}
    urls = {
        str(usage.SENSITIVE_PARTS[part]): events_url(filters, day, **about, event="sensitive", made_by=word)
        for part, word in ((usage.LABELLED, "label"), (usage.PERSONAL, "type"))
    }
    return charts.SensitiveApp(one.name, parts, events_url(filters, day, **about, event="sensitive"), urls)
