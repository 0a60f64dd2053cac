"""Departments: the tree, and one department with everything below it."""

from dataclasses import replace
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from governance import charts
from governance.selectors import compliance, department, overview, rollups, usage
from governance.selectors.among import ALL, Among, among
from governance.selectors.departments import SORTS, tree
from governance.selectors.highest_then import highest_then
from governance.selectors.not_computable import left_out
from governance.web import analytics_charts as drawn
from governance.web.links import (
    BY_DEPARTMENT_ALONE,
    address,
    applications_url,
    as_of_words,
    framework_charts,
    period_words,
    used_row,
)
from inventory import access
from inventory.access import Permission, requires
from inventory.choices import ApplicationKind
from inventory.models import Department, User
from inventory.selectors import unusual
from inventory.selectors.scope import Scope, options, path_to, scope_of
from inventory.web.as_of import At
from inventory.web.filters import Filters
from inventory.web.unusual import explained
from risk.choices import Band
from risk.selectors.kept import one_standing
from risk.selectors.movers import moving
from risk.web.as_of import at_of

CHART_ROWS = 12
BAND = "index_band"  # of the department; `band`, carried along from other pages, is that of applications
_OWN = {BAND: Band.values}
MOVERS, MOVERS_A_PAGE = 6, 10  # judged for their causes, so few


@require_safe
@requires(Permission.VIEW)
@one_standing()
def department_list(request: HttpRequest) -> HttpResponse:
    """The tree with index, parts, bands and trend; with `as_of`, as at the end of a past day, of all applications or
    of chosen ones."""
    user: User = request.user  # type: ignore[assignment]
    filters = Filters.from_request(request, sorts=SORTS, own=_OWN)
    scope = scope_of(user, filters.department)
    filters, at = at_of(request, filters, scope)
    left = among(filters, at.then)
    context = {
        "filters": filters,
        "scope": scope,
        "at": at,
        "departments": options(scope),
        "kinds": ApplicationKind.choices,
        "narrowed_words": left.words,
        "chosen": chosen(left, at),
        "bands": Band.choices,
        "band": ",".join(filters.own.get(BAND, ())),
        "not_computable": None if at.past else left_out(scope, left),  # who is left out today says nothing of then
        "page": tree(
            scope,
            at.day,
            q=filters.q,
            bands=filters.own.get(BAND, ()),
            sort=filters.sort or "-index",
            page=filters.page,
            among=left,
        ),
    }
    return render(request, "governance/departments.html", context)


def chosen(left: Among, at: At) -> str:
    """What links of a table carry along: the applications that are left, and the day."""
    return applications_url(**left.query, as_of=at.then).partition("?")[2]


@require_safe
@requires(Permission.VIEW)
@one_standing()
def department_page(request: HttpRequest, key: str) -> HttpResponse:
    """One department: index with its parts, principles, course, worst applications, use, compliance; with `as_of`, as
    at the end of a past day."""
    user: User = request.user  # type: ignore[assignment]
    filters = Filters.from_request(request)
    found = access.department_or_404(user, key)
    scope = scope_of(user, found)
    filters, at = at_of(request, filters, scope)
    day, left = at.day, among(filters, at.then)
    days, above = department.course(found, day, filters.period), path_to(user, found)
    known = overview.figures(scope, day, CHART_ROWS, above[:1], left)
    highest = highest_then(scope, day, left) if at.past else overview.highest(scope, left)
    below, figures = known.matrix, department.figures(scope, above, known, highest)
    ahead = department.ahead(figures.overall, day)
    of_all = department.ahead(days[-1] if days else None, day) if left else ahead
    used = usage.applications_used(scope, day, filters.period, left)
    words = period_words(filters.period, day, at.past)
    context = {
        "filters": filters,
        "figures": figures,
        "course": drawn.known_course(found, at, days, of_all),
        "ahead": ahead,
        "bands": bands_chart(found, below, at, left),
        "bands_course": drawn.bands_over_time(scope, at, filters.period, days),
        "profile": drawn.profile(scope, at, known, left),
        "below": below,
        "highest": highest,
        "used": [used_row(one, replace(filters, department=found), day) for one in used.apps],
        "use_at": used.counted_at,
        "counted_at": None if at.past else known.counted_at,
        "coverage": framework_charts(
            # Which requirement of which application stood how is not kept by day
            compliance.frameworks(scope, day, ALL if at.past else left),
            replace(filters, department=found),
        ),
        "kinds": ApplicationKind.choices,
        "narrowed_words": left.words,
        "chosen": chosen(left, at),
        "coverage_words": as_of_words(day, bool(left) and at.past),
        "day_words": as_of_words(day),
        "figures_source": figures_source(left, at),
        "course_words": f"{words} · {BY_DEPARTMENT_ALONE}" if left else words,
        "at": at,
        "period_words": words,
        "use_words": _("By the people of this department") + f" · {words}",
        "itself_url": applications_url(
            department=found, **{**left.query, "below": "no"}, lifecycle="live", as_of=at.then
        ),
        "query": filters.query(department=found),
        "below_url": address("governance:departments", department=found, **left.query, as_of=at.then),
        "live_url": applications_url(department=found, **left.query, lifecycle="live", as_of=at.then),
    }
    if not at.past:
        context |= _of_today(found, scope, filters, left)
    return render(request, "governance/department.html", context)


def figures_source(left: Among, at: At) -> str:
    """Where figures of departments come from: those of some applications alone are worked out from their scores."""
    if not left:
        return _("department figures by day")
    return _("scores of that day") if at.past else _("present scores")


def _of_today(found: Department, scope: Scope, filters: Filters, left: Among) -> dict[str, Any]:
    """What is known of today alone."""
    stood_out = explained(unusual.of(found, unusual.since(filters.period)))
    return {
        "moving": moving(scope.departments(), timezone.localdate(), MOVERS, among=left.ids),
        "all_moving": address("governance:ahead", department=found, **left.query),
        "not_computable": left_out(scope, left),
        "found": stood_out,
        "enough_told": bool(stood_out) or unusual.enough_told(),
    }


@require_safe
@requires(Permission.VIEW)
@one_standing()
def ahead_page(request: HttpRequest) -> HttpResponse:
    """Every live application that moves if nobody acts, each step with what is behind it; worst first."""
    user: User = request.user  # type: ignore[assignment]
    filters = Filters.from_request(request)
    scope = scope_of(user, filters.department)
    context = {
        "filters": filters,
        "scope": scope,
        "departments": options(scope),
        "kinds": ApplicationKind.choices,
        "page": moving(scope.departments(), timezone.localdate(), MOVERS_A_PAGE, filters.page, among(filters).ids),
    }
    return render(request, "governance/ahead.html", context)


def bands_chart(found: Department, below: overview.Matrix, at: At, left: Among) -> charts.Chart:
    """The bands of a department, of those below it and of what lies in none of them."""
    parts = [bands_row(row.department, row.overall, at, left) for row in below.parts if row.overall]
    if below.itself and parts:
        parts.append(bands_row(found, below.itself, at, left, alone=True))
    whole = (bands_row(found, row.overall, at, left) for row in below.whole if row.overall)
    return charts.bands_by_department(parts, next(whole, None))


def bands_row(
    department: Department, risk: rollups.Risk | overview.Bands, at: At, left: Among, *, alone: bool = False
) -> charts.DepartmentBands:
    """A department's bar in the chart of bands, leading to its applications as of the day; `alone`: without those of
    the departments below it."""
    asked = {**left.query, "below": "no" if alone else "", "lifecycle": "live", "as_of": at.then}
    return charts.DepartmentBands(
        name=_("%(name)s itself") % {"name": department.name} if alone else department.name,
        low=risk.low_count,
        moderate=risk.moderate_count,
        high=risk.high_count,
        critical=risk.critical_count,
        url=applications_url(department=department, **asked),
        any_band=applications_url(department=department, **{**asked, "band": ()}),
    )
