"""Where data-loss rules matched around AI applications."""

from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from inventory import access
from inventory.access import Permission, requires
from inventory.choices import ApplicationKind, DataEventKind, Severity
from inventory.models import User
from inventory.selectors import chosen, data_events
from inventory.selectors.scope import options, scope_of
from inventory.web.downloads import list_download
from inventory.web.filters import Filters, Words
from inventory.web.requests import PersonRequest

OWN: dict[str, Words] = {"severity": dict(Severity.choices), "event": dict(DataEventKind.choices)}
CSV_COLUMNS = (
    *("at", "event", "policy", "rule", "severity", "application", "registered", "information_types"),
    *("done_about_it", "department"),
)


@requires(Permission.VIEW)
@require_GET
def data_event_list(request: PersonRequest) -> HttpResponse:
    """Events about the applications that the person may see, and about unregistered ones by their people."""
    filters = Filters.from_request(request, own=OWN)
    wanted = _wanted(request.user, filters)
    context = {
        "filters": filters,
        "page": data_events.events(request.user, wanted, filters.page),
        "departments": options(scope_of(request.user, filters.department)),
        "kinds": ApplicationKind.choices,
        "severities": Severity.choices,
        "severity": ",".join(wanted.severities),
        "events": DataEventKind.choices,
        "event": ",".join(wanted.kinds),
        "narrowed": filters.narrowed,
        "may_export": access.may(request.user, Permission.EXPORT),
    }
    return render(request, "inventory/data_events.html", context)


@requires(Permission.EXPORT)
@require_GET
def data_event_csv(request: PersonRequest) -> StreamingHttpResponse:
    """The list as the address narrows it, all pages of it."""
    wanted = _wanted(request.user, Filters.from_request(request, own=OWN))
    rows = (
        (
            *(one.at.isoformat(), one.kind, one.policy, one.rule, one.severity, one.application),
            *("yes" if one.application_id else "no", "; ".join(one.information_types), one.enforcement, one.department),
        )
        for one in data_events.every(request.user, wanted)
    )
    return list_download(request, "data events", "data-events.csv", CSV_COLUMNS, rows)


def _wanted(user: User, filters: Filters) -> data_events.Wanted:
    return data_events.Wanted(
        department=filters.department,
        period=filters.period,
        severities=filters.own.get("severity", ()),
        kinds=filters.own.get("event", ()),
        q=filters.q,
        left=chosen.left(user, filters),
    )
