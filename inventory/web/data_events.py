"""Where data-loss rules matched around AI applications."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from inventory.access import Permission, requires
from inventory.choices import DataEventKind, Severity
from inventory.selectors import data_events
from inventory.selectors.scope import options, scope_of
from inventory.web.filters import Filters
from inventory.web.requests import PersonRequest


@requires(Permission.VIEW)
@require_GET
def data_event_list(request: PersonRequest) -> HttpResponse:
    """Events about the applications that the person may see, and about unregistered ones by their people."""
    filters = Filters.from_request(request, own={"severity": Severity.values, "event": DataEventKind.values})
    severities, kinds = filters.own.get("severity", ()), filters.own.get("event", ())
    context = {
        "filters": filters,
        "page": data_events.events(
            request.user,
            department=filters.department,
            period=filters.period,
            severities=severities,
            kinds=kinds,
            q=filters.q,
            page=filters.page,
        ),
        "departments": options(scope_of(request.user, filters.department)),
        "severities": Severity.choices,
        "severity": ",".join(severities),
        "events": DataEventKind.choices,
        "event": ",".join(kinds),
        "narrowed": filters.narrowed,
    }
    return render(request, "inventory/data_events.html", context)
