"""Analytics: charts of use, risk, threats and compliance beyond those of the overview, each leading to its rows."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from governance.selectors import usage
from governance.selectors.analytics import use
from governance.web import analytics_charts as drawn
from governance.web.links import framework_charts
from governance.web.overview import interactions_chart, sensitive_chart
from inventory.access import Permission, requires
from inventory.charts.base import Chart
from inventory.models import User
from inventory.selectors import feeds
from inventory.selectors.scope import Scope, options, scope_of
from inventory.web.as_of import At
from inventory.web.filters import Filters
from risk.web.as_of import at_of

SECTIONS = (
    ("analytics", "Use"),
    ("analytics_risk", "Risk"),
    ("analytics_threats", "Threats"),
    ("analytics_compliance", "Compliance and evidence"),
)
DAILY, BY_DAY = "daily figures of the feeds", "department figures by day"


def _shown(
    request: HttpRequest, route: str, filters: Filters, scope: Scope, at: At, shown: Sequence[Any]
) -> HttpResponse:
    """`shown`: (chart, columns of twelve, period in words, source) in their order."""
    read = [one.read_at for one in feeds.freshness() if one.read_at]
    context = {
        "filters": filters,
        "scope": scope,
        "at": at,
        "departments": options(scope),
        "shown": shown,
        "newest": max(read, default=None),
        "daily": DAILY,
        "tabs": [
            {"label": label, "url": reverse(f"governance:{name}") + filters.shared(), "active": name == route}
            for name, label in SECTIONS
        ],
        "section": dict(SECTIONS)[route],
        "heeds": "as_of",
    }
    return render(request, "governance/analytics.html", context)


def _asked(request: HttpRequest) -> tuple[Filters, Scope, At]:
    user: User = request.user  # type: ignore[assignment]
    filters = Filters.from_request(request)
    scope = scope_of(user, filters.department)
    return filters, scope, at_of(request, scope)


def _period(filters: Filters, day: date) -> str:
    first = day - timedelta(days=filters.period - 1)
    return f"{first:%-d %b}{f' {first.year}' if first.year != day.year else ''} – {day:%-d %b %Y}"


@require_safe
@requires(Permission.VIEW)
def use_page(request: HttpRequest) -> HttpResponse:
    """Who uses what AI, and with which data."""
    filters, scope, at = _asked(request)
    day, period = at.day, filters.period
    used = usage.use(scope, day, period)
    charts: list[tuple[Chart, int]] = [
        (interactions_chart(used.by_category, filters), 6),
        (drawn.visits(use.visits(scope, day, period), filters, day), 6),
        (sensitive_chart(used.sensitive, filters, day), 6),
        (drawn.users_by_app(use.users_by_app(scope, day, period), filters, day), 6),
        (drawn.labels(use.labels_referenced(scope, day, period), filters, day), 6),
        (drawn.types(use.types_shared(scope, day, period), filters, day), 6),
        (drawn.users_by_department(use.users_by_department(scope, day, period), filters, day), 12),
    ]
    words = _period(filters, day)
    return _shown(request, "analytics", filters, scope, at, [(*one, words, DAILY) for one in charts])


@require_safe
@requires(Permission.VIEW)
def risk_page(request: HttpRequest) -> HttpResponse:
    """Where the risk lies, where it comes from and where it goes."""
    filters, scope, at = _asked(request)
    words, on = _period(filters, at.day), f"As of {at.day:%-d %b %Y}"
    whole = scope.top is not None
    shown = [
        (drawn.bands_over_time(scope, at.day, filters.period), 6, words, BY_DAY),
        *([(drawn.course(scope, filters, at), 6, words, BY_DAY)] if whole else []),
        (drawn.ranking(scope, at), 6, on, BY_DAY),
    ]
    if not at.past:  # of past days the single scores are not at hand here
        shown.append((drawn.distribution(scope, filters), 6, on, "present scores"))
    if whole:
        shown.append((drawn.profile(scope, at), 6 if at.past else 12, on, BY_DAY))
    return _shown(request, "analytics_risk", filters, scope, at, shown)


@require_safe
@requires(Permission.VIEW)
def threats_page(request: HttpRequest) -> HttpResponse:
    """Which applications are attacked, and how."""
    filters, scope, at = _asked(request)
    day, period, words = at.day, filters.period, _period(filters, at.day)
    shown = [
        (drawn.attacks_by_day(use.attacks_by_day(scope, day, period), filters, day), 12, words, DAILY),
        (drawn.attacked(use.attacked(scope, day, period), filters, day), 6, words, DAILY),
    ]
    if not at.past:  # how alerts stood then is not kept
        shown.append((drawn.tactics(scope, filters), 6, "Now", "alerts of the feeds"))
    return _shown(request, "analytics_threats", filters, scope, at, shown)


@require_safe
@requires(Permission.VIEW)
def compliance_page(request: HttpRequest) -> HttpResponse:
    """How far requirements are met, and which evidence runs out."""
    filters, scope, at = _asked(request)
    covered = framework_charts(drawn.covered(scope, at.day), filters)
    on, source = f"As of {at.day:%-d %b %Y}", "answers, controls and evidence, by day"
    shown = [(covered.binding, 6, on, source), (covered.voluntary, 6, on, source)]
    if not at.past:
        shown.append((drawn.evidence(scope, filters, at.day), 12, on, "evidence of the controls"))
    return _shown(request, "analytics_compliance", filters, scope, at, shown)
