"""Analytics: charts of use, risk, threats and compliance beyond those of the overview, each leading to its rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from governance.selectors import department, overview, rollups, usage
from governance.selectors.among import ALL, Among, among
from governance.selectors.analytics import use
from governance.selectors.analytics.risk import MOST
from governance.web import analytics_charts as drawn
from governance.web.departments import figures_source
from governance.web.links import BY_DEPARTMENT_ALONE, as_of_words, framework_charts
from governance.web.overview import interactions_chart, sensitive_chart
from inventory.access import Permission, requires
from inventory.charts.base import Chart
from inventory.choices import ApplicationKind
from inventory.models import User
from inventory.selectors import feeds
from inventory.selectors.scope import Scope, options, path_to, scope_of
from inventory.web.as_of import At
from inventory.web.filters import Filters
from risk.selectors.kept import one_standing
from risk.web.as_of import at_of

SECTIONS = (
    ("analytics", gettext_lazy("Use")),
    ("analytics_risk", gettext_lazy("Risk")),
    ("analytics_threats", gettext_lazy("Threats")),
    ("analytics_compliance", gettext_lazy("Compliance and evidence")),
)
DAILY, ALERTS = gettext_lazy("daily figures of the feeds"), gettext_lazy("alerts of the feeds")
BY_DAY, COVERED = gettext_lazy("department figures by day"), gettext_lazy("answers, controls and evidence, by day")
SCORES = gettext_lazy("present scores")


@dataclass(frozen=True)
class Asked:
    """What a page was asked for."""

    filters: Filters
    scope: Scope
    at: At

    @property
    def left(self) -> Among:
        return among(self.filters, self.at.then)

    @property
    def every_one(self) -> str:
        """What is said beside figures that a filter in force can't narrow: those kept by day."""
        return f" · {BY_DEPARTMENT_ALONE}" if self.left else ""

    @property
    def period(self) -> str:
        day = self.at.day
        first = day - timedelta(days=self.filters.period - 1)
        return f"{first:%-d %b}{f' {first.year}' if first.year != day.year else ''} – {day:%-d %b %Y}"

    @property
    def on(self) -> str:
        return as_of_words(self.at.day)


def _shown(
    request: HttpRequest, route: str, asked: Asked, shown: Sequence[Any], use_at: datetime | None = None
) -> HttpResponse:
    """`shown`: (chart, columns of twelve, period in words, source) in their order. Charts of today say how fresh their
    source is; those of a past day end on it. `use_at`: of when use is, where a file is being read meanwhile."""
    filters, scope, at = asked.filters, asked.scope, asked.at
    fresh = _fresh(at, {source for *__, source in shown})
    context = {
        "filters": filters,
        "scope": scope,
        "at": at,
        "departments": options(scope),
        "shown": [(*one, fresh.get(one[-1])) for one in shown],
        "use_at": use_at,
        "tabs": [
            {"label": label, "url": reverse(f"governance:{name}") + filters.shared(), "active": name == route}
            for name, label in SECTIONS
        ],
        "section": dict(SECTIONS)[route],
        "kinds": ApplicationKind.choices,
        "narrowed_words": asked.left.words,
    }
    return render(request, "governance/analytics.html", context)


def _fresh(at: At, sources: set[str]) -> dict[str, datetime | None]:
    """How fresh each source is, asked only of those that are shown."""
    if at.past:
        return {}
    found: dict[str, datetime | None] = {}
    of_feeds, judged = {str(DAILY), str(ALERTS)}, {str(BY_DAY), str(COVERED), str(SCORES)}
    if sources & of_feeds:
        read = max((one.read_at for one in feeds.freshness() if one.read_at), default=None)
        found = dict.fromkeys(of_feeds, read)
    if sources & judged:  # scores are judged first, and the figures of departments taken at once
        found |= dict.fromkeys(judged, rollups.counted_at())
    return found


def _asked(request: HttpRequest) -> Asked:
    user: User = request.user  # type: ignore[assignment]
    filters = Filters.from_request(request)
    scope = scope_of(user, filters.department)
    filters, at = at_of(request, filters, scope)
    return Asked(filters, scope, at)


@require_safe
@requires(Permission.VIEW)
@one_standing()
def use_page(request: HttpRequest) -> HttpResponse:
    """Who uses what AI, and with which data."""
    asked = _asked(request)
    filters, day = asked.filters, asked.at.day
    whose = (asked.scope, day, filters.period, asked.left)
    used = usage.use(*whose)
    charts: list[tuple[Chart, int]] = [
        (interactions_chart(used.by_category, filters), 6),
        (drawn.visits(use.visits(*whose), filters, day), 6),
        (sensitive_chart(used.sensitive, filters, day), 6),
        (drawn.users_by_app(use.users_by_app(*whose), filters, day), 6),
        (drawn.labels(use.labels_referenced(*whose), filters, day), 6),
        (drawn.types(use.types_shared(*whose), filters, day), 6),
        (drawn.users_by_department(use.users_by_department(*whose), filters, day), 12),
    ]
    return _shown(request, "analytics", asked, [(*one, asked.period, str(DAILY)) for one in charts], used.counted_at)


@require_safe
@requires(Permission.VIEW)
@one_standing()
def risk_page(request: HttpRequest) -> HttpResponse:
    """Where the risk lies, where it comes from and where it goes."""
    asked = _asked(request)
    filters, scope, at = asked.filters, asked.scope, asked.at
    left, words = asked.left, asked.period + asked.every_one
    whole = scope.top is not None
    source = _("scores of that day") if at.past else str(SCORES)
    by_department = figures_source(left, at)
    above = path_to(scope.user, scope.top)[:1] if scope.top else ()
    known = overview.figures(scope, at.day, MOST, above, left)  # what is ranked, and the principles
    days = department.course(scope.top, at.day, filters.period) if scope.top else None
    shown = [
        (drawn.bands_over_time(scope, at, filters.period, days), 6, words, str(BY_DAY)),
        *([(drawn.course(scope.top, at, days), 6, words, str(BY_DAY))] if scope.top and days is not None else []),
        (drawn.ranking(at, known, left), 6, asked.on, by_department),
    ]
    shown.append((drawn.distribution(scope, filters, at), 6, asked.on, source))
    shown.append((drawn.bands_by_department(scope, at, filters.period), 12, words, str(BY_DAY)))
    if whole:
        shown.append((drawn.profile(scope, at, known, left), 12, asked.on, by_department))
    return _shown(request, "analytics_risk", asked, shown)


@require_safe
@requires(Permission.VIEW)
@one_standing()
def threats_page(request: HttpRequest) -> HttpResponse:
    """Which applications are attacked, and how."""
    asked = _asked(request)
    filters, day = asked.filters, asked.at.day
    whose = (asked.scope, day, filters.period, asked.left)
    shown = [
        (drawn.attacks_by_day(use.attacks_by_day(*whose), filters, day), 12, asked.period, str(DAILY)),
        (drawn.attacked(use.attacked(*whose), filters, day), 6, asked.period, str(DAILY)),
    ]
    on = asked.on if asked.at.past else _("Now")
    shown.append((drawn.tactics(asked.scope, filters, asked.at), 6, on, str(ALERTS)))
    return _shown(request, "analytics_threats", asked, shown)


@require_safe
@requires(Permission.VIEW)
@one_standing()
def compliance_page(request: HttpRequest) -> HttpResponse:
    """How far requirements are met, and which evidence runs out."""
    asked = _asked(request)
    scope, day = asked.scope, asked.at.day
    past = asked.at.past  # which requirement of which application stood how is not kept by day
    covered = framework_charts(drawn.covered(scope, day, ALL if past else asked.left), asked.filters)
    on = asked.on + (asked.every_one if past else "")
    shown = [(covered.binding, 6, on, str(COVERED)), (covered.voluntary, 6, on, str(COVERED))]
    shown.append((drawn.evidence(scope, asked.filters, asked.at), 12, asked.on, _("evidence of the controls")))
    return _shown(request, "analytics_compliance", asked, shown)
