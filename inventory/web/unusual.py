"""Unusual activity: the days found, one of them with its course, and what people say about it."""

from collections.abc import Mapping, Sequence
from datetime import date

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from inventory import access
from inventory.access import Permission, requires
from inventory.charts.base import Chart
from inventory.charts.usual import UsualDay, usual_course
from inventory.choices import ApplicationKind, UsageMetric
from inventory.models import AIApplication, Department, UnusualDay, User
from inventory.selectors import chosen, unusual
from inventory.selectors.scope import options, path_to, scope_of
from inventory.selectors.unusual import Course
from inventory.services import unusual as service
from inventory.unusual import State, Verdict
from inventory.web.downloads import list_download
from inventory.web.filters import Filters, Words
from inventory.web.requests import PersonRequest

STATES = (("open", gettext_lazy("Open")), ("dismissed", gettext_lazy("Dismissed")))
OWN: dict[str, Words] = {"metric": dict(UsageMetric.choices), "state": dict(STATES)}
CSV_COLUMNS = ("day", "metric", "value", "explanation", "application", "department", "state", "reason")
AROUND = 35  # days of the course beside a finding
UNITS = {
    UsageMetric.INTERACTIONS: gettext_lazy("Interactions per day"),
    UsageMetric.SENSITIVE: gettext_lazy("% of the day's interactions with a label or information type"),
    UsageMetric.OFF_HOURS: gettext_lazy("% of the day's interactions outside working hours"),
}
_NOTES = {
    State.UNUSUAL: gettext_lazy("unusual"),
    State.TOO_YOUNG: gettext_lazy("not enough data"),
    State.TOO_FEW: gettext_lazy("too few to judge"),
}


@requires(Permission.VIEW)
@require_GET
def unusual_list(request: PersonRequest) -> HttpResponse:
    """Every unusual day of the applications and departments that the person may see."""
    filters = Filters.from_request(request, own=OWN)
    metrics, states = filters.own.get("metric", ()), filters.own.get("state", ())
    page = unusual.page_of(_asked(request.user, filters), filters.page)
    context = {
        "filters": filters,
        "page": page,
        "found": [(one, unusual.explained(one)) for one in page],
        "departments": options(scope_of(request.user, filters.department)),
        "kinds": ApplicationKind.choices,
        "metrics": UsageMetric.choices,
        "metric": ",".join(metrics),
        "states": STATES,
        "state": ",".join(states),
        "narrowed": filters.narrowed,
        "may_export": access.may(request.user, Permission.EXPORT),
    }
    return render(request, "inventory/unusual.html", context)


def _asked(user: User, filters: Filters) -> QuerySet[UnusualDay]:
    states = filters.own.get("state", ())
    return unusual.found_in(
        user,
        department=filters.department,
        metrics=filters.own.get("metric", ()),
        state=states[0] if len(states) == 1 else "",
        period=filters.period,
        left=chosen.left(user, filters),
    )


@requires(Permission.EXPORT)
@require_GET
def unusual_csv(request: PersonRequest) -> StreamingHttpResponse:
    """The list as the address narrows it, all pages of it."""
    mine = access.unusual_days(request.user, Permission.EXPORT).order_by().values("pk")
    rows = _asked(request.user, Filters.from_request(request, own=OWN)).filter(pk__in=mine)
    return list_download(
        request, "unusual days", "unusual.csv", CSV_COLUMNS, (_cells(one) for one in rows.iterator(1000))
    )


def _cells(one: UnusualDay) -> tuple[object, ...]:
    application = one.application.name if one.application else ""
    department = one.application.department if one.application else one.department
    state = "dismissed" if one.dismissed else "open"
    return (one.day, one.metric, one.value, unusual.explained(one), application, department, state, one.reason)


@requires(Permission.VIEW)
@require_GET
def unusual_day(request: PersonRequest, pk: int) -> HttpResponse:
    """One finding: what it was, what is usual, and how the days before and since went."""
    return _day_page(request, access.unusual_day_or_404(request.user, pk))


def _day_page(request: PersonRequest, one: UnusualDay, problem: str = "", reason: str = "") -> HttpResponse:
    subject: AIApplication | Department = one.application or one.department  # type: ignore[assignment]
    course = unusual.course_around(subject, UsageMetric(one.metric), one.day, AROUND)
    context = {
        "one": one,
        "explained": unusual.explained(one),
        "chart": chart_of(course, {(one.metric, one.day): one}),
        "may_edit": access.unusual_days(request.user, Permission.EDIT).filter(pk=one.pk).exists(),
        "problem": problem,
        "given": reason,
    }
    return render(request, "inventory/unusual_day.html", context, status=400 if problem else 200)


@requires(Permission.EDIT)
@require_POST
def dismiss(request: PersonRequest, pk: int) -> HttpResponse:
    """Say why it is nothing to look into."""
    one = access.unusual_day_or_404(request.user, pk, Permission.EDIT)
    reason = request.POST.get("reason", "")
    try:
        service.dismiss(actor=request.user, finding=one, reason=reason)
    except ValidationError as problem:
        return _day_page(request, one, problem.messages[0], reason)
    messages.success(request, _("Dismissed. It comes back by itself should the figure rise by a quarter."))
    return redirect("inventory:unusual_day", pk)


@requires(Permission.EDIT)
@require_POST
def reopen(request: PersonRequest, pk: int) -> HttpResponse:
    """Take a dismissal back."""
    service.reopen(actor=request.user, finding=access.unusual_day_or_404(request.user, pk, Permission.EDIT))
    return redirect("inventory:unusual_day", pk)


@requires(Permission.VIEW)
@require_GET
def unusual_department(request: PersonRequest, key: str) -> HttpResponse:
    """A department's use, its own people's and those below, day by day with what is usual."""
    filters = Filters.from_request(request)
    department = access.department_or_404(request.user, key)
    found = unusual.of(department, unusual.since(filters.period))
    courses = unusual.courses_kept(department, filters.period)
    context = {
        "filters": filters,
        "department": department,
        "path": path_to(request.user, department),
        "standings": [(one.metric.label, one.standing) for one in courses],
        "charts": charts_of(courses, found),
        "found": explained(found),
        "period_words": _("Last %(period)s days") % {"period": filters.period},
    }
    return render(request, "inventory/unusual_department.html", context)


def explained(found: Sequence[UnusualDay]) -> list[tuple[UnusualDay, str]]:
    """Findings with their sentence."""
    return [(one, unusual.explained(one)) for one in found]


def charts_of(courses: Sequence[Course], found: Sequence[UnusualDay]) -> list[Chart]:
    """A chart a metric; what was found is linked."""
    by_day = {(one.metric, one.day): one for one in found}
    return [chart_of(one, by_day) for one in courses]


def chart_of(course: Course, found: Mapping[tuple[str, date], UnusualDay]) -> Chart:
    """The chart of one metric."""
    days = [_point(course, judged.day, judged.verdict, found) for judged in course.days]
    title = _("%(label)s, and what is usual") % {"label": course.metric.label}
    return usual_course(
        days, title=title, unit=str(UNITS[course.metric]), share=course.share, key=f"usual-{course.metric.value}"
    )


def _point(
    course: Course, day: date, verdict: Verdict | None, found: Mapping[tuple[str, date], UnusualDay]
) -> UsualDay:
    if verdict is None:
        return UsualDay(day, None, note=_("not counted then"))
    one = found.get((course.metric.value, day))
    return UsualDay(
        day=day,
        value=verdict.value,
        low=verdict.low,
        high=verdict.high,
        limit=verdict.limit,
        unusual=verdict.state == State.UNUSUAL,
        note=str(_NOTES.get(verdict.state, "")),
        url=reverse("inventory:unusual_day", args=[one.pk]) if one else "",
    )
