"""What feeds report: AI apps that are used but not registered, and alerts."""

from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from inventory import access
from inventory.access import Permission, requires
from inventory.choices import AlertState, ApplicationKind, Severity
from inventory.selectors import feeds
from inventory.selectors.scope import options, scope_of
from inventory.web.filters import Filters
from inventory.web.requests import PersonRequest


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
        "departments": options(scope_of(request.user, filters.department)),
        "operations": seen_as.items(),
        "seen_as": ",".join(chosen),
        "narrowed": filters.narrowed,
        "may_register": access.may(request.user, Permission.EDIT),
        "sees_all": access.sees_everything(request.user),
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
    context = {
        "filters": filters,
        "page": page,
        "departments": options(scope_of(request.user, filters.department)),
        "kinds": ApplicationKind.choices,
        "states": [(",".join(feeds.OPEN), "All open"), *AlertState.choices],
        "state": ",".join(states),
        "severities": Severity.choices,
        "severity": ",".join(severities),
        "application": application,
        "narrowed": filters.narrowed or application,
    }
    return render(request, "inventory/alerts.html", context)


def _end(resource: str, most: int = 40) -> str:
    """The last parts of a resource id, which tell it from others."""
    if len(resource) <= most:
        return resource
    start = resource.find("/", len(resource) - most)
    return "…" + resource[start if start >= 0 else -most :]


def _application(request: PersonRequest) -> Any:
    """The application that the list is narrowed to; one out of sight, or none at all, is a 404."""
    given = request.GET.get("application", "").strip()
    if not given:
        return None
    if not given.isdecimal() or len(given) > 15:
        raise Http404("No such AI application.")
    return access.application_or_404(request.user, int(given))
