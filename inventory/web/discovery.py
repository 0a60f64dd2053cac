"""What feeds report: AI apps that are used but not registered, and alerts."""

import re
from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from inventory import access
from inventory.access import Permission, requires
from inventory.choices import AlertState, ApplicationKind, Severity
from inventory.selectors import feeds
from inventory.selectors.register import DepartmentChoice, department_choices
from inventory.web.filters import Filters
from inventory.web.requests import PersonRequest

_MOST_OPTIONS = 200
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")


@requires(Permission.VIEW)
@require_GET
def sightings(request: PersonRequest) -> HttpResponse:
    """AI apps seen and not registered, by the use that the person may see."""
    seen_as = {str(value.value): label for value, label in feeds.SEEN_AS.items()}
    filters = Filters.from_request(request, sorts=list(feeds.SIGHTING_SORTS), own={"seen_as": list(seen_as)})
    chosen = filters.own.get("seen_as", ())
    page = feeds.sightings(
        request.user,
        department=filters.department,
        period=filters.period,
        operations=[int(one) for one in chosen],
        q=filters.q,
        sort=filters.sort,
        page=filters.page,
    )
    context = {
        "filters": filters,
        "page": page,
        "departments": _departments(request, filters),
        "operations": seen_as.items(),
        "seen_as": ",".join(chosen),
        "narrowed": filters.narrowed,
        "may_register": access.may(request.user, Permission.EDIT),
        "may_load": access.sees_everything(request.user, Permission.FEEDS),
    }
    return render(request, "inventory/sightings.html", context)


@requires(Permission.VIEW)
@require_GET
def alerts(request: PersonRequest) -> HttpResponse:
    """Alerts about the applications that the person may see."""
    filters = Filters.from_request(request, own={"state": AlertState.values, "severity": Severity.values})
    states, severities = filters.own.get("state", ()), filters.own.get("severity", ())
    application = _application(request)
    page = feeds.alerts(
        request.user,
        department=filters.department,
        states=states,
        severities=severities,
        kinds=filters.kinds,
        application=application,
        q=filters.q,
        page=filters.page,
    )
    for alert in page.object_list:
        alert.tone = feeds.SEVERITY_TONES.get(alert.severity, "neutral")
        alert.state_tone = feeds.STATE_TONES.get(alert.state, "neutral")
        alert.short_resource = _end(alert.resource)
        alert.tactic_words = ", ".join(_CAMEL.sub(" ", tactic) for tactic in alert.tactics)
    context = {
        "filters": filters,
        "page": page,
        "departments": _departments(request, filters),
        "kinds": ApplicationKind.choices,
        "states": [(",".join(feeds.OPEN), "All open"), *AlertState.choices],
        "state": ",".join(states),
        "severities": Severity.choices,
        "severity": ",".join(severities),
        "application": application,
        "narrowed": filters.narrowed or application,
    }
    return render(request, "inventory/alerts.html", context)


def _end(resource: str, most: int = 48) -> str:
    """The end of a resource id, which is what tells it from others."""
    return resource if len(resource) <= most else "…" + resource[-most:]


def _application(request: PersonRequest) -> Any:
    """The application that the list is narrowed to; one out of sight, or none at all, is a 404."""
    given = request.GET.get("application", "").strip()
    if not given:
        return None
    if not given.isdecimal() or len(given) > 15:
        raise Http404("No such AI application.")
    return access.application_or_404(request.user, int(given))


def _departments(request: PersonRequest, filters: Filters) -> list[DepartmentChoice]:
    """What the department filter offers: all while they are few, else the upper levels and the chosen one."""
    found = department_choices(request.user)
    if len(found) <= _MOST_OPTIONS:
        return found
    chosen = filters.department.pk if filters.department else None
    return [one for one in found if one.depth <= 1 or one.pk == chosen][: _MOST_OPTIONS * 2]
