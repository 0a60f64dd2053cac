"""The list of AI applications."""

from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from inventory import access
from inventory.access import Permission, requires
from inventory.choices import ApplicationKind, Lifecycle
from inventory.selectors.scope import options, scope_of
from inventory.web.downloads import list_download
from inventory.web.filters import Filters, tell
from inventory.web.requests import PersonRequest
from risk.choices import OVERALL, Band, EUClass, Principle
from risk.selectors import applications
from risk.web import columns

OWN = {"points": applications.POINTS}
_AFRESH = ("columns", "page")  # what a choice of columns doesn't keep of the address


@require_safe
@requires(Permission.VIEW)
def application_list(request: PersonRequest) -> HttpResponse:
    """Every application the person may see: search, filters, sort, pages."""
    filters = Filters.from_request(request, sorts=applications.SORTS, own=OWN)
    principle = filters.principle or OVERALL
    chosen, problems = columns.read(request.GET)
    tell(request, problems)
    page = applications.page(request.user, applications.wanted(filters), filters.page)
    own = columns.principles(chosen)
    context = {
        "filters": filters,
        "page": page,
        "rows": [(row, row.of(own)) for row in page.object_list],
        "columns": chosen,
        "column_choices": [(key, columns.called(key, principle), key in chosen) for key in columns.CALLED],
        "columns_kept": [(key, value) for key, values in request.GET.lists() if key not in _AFRESH for value in values],
        "own_principles": [(one, Principle(one).label) for one in own],
        "departments": options(scope_of(request.user, filters.department)),
        "kinds": ApplicationKind.choices,
        "lifecycles": Lifecycle.choices,
        "bands": Band.choices,
        "classes": [*EUClass.choices, (applications.OPEN_CLASS, "Not decided")],
        "principles": Principle.choices,
        "shown": Principle(principle).label if principle != OVERALL else "Overall",
        "overall": principle == OVERALL,
        "may_register": access.may(request.user, Permission.EDIT),
        "may_export": access.may(request.user, Permission.EXPORT),
        "mine": request.user.username,
    }
    return render(request, "risk/applications.html", context)


@require_safe
@requires(Permission.EXPORT)
def application_csv(request: PersonRequest) -> StreamingHttpResponse:
    """The list as the address narrows, sorts and shows it, all pages of it."""
    filters = Filters.from_request(request, sorts=applications.SORTS, own=OWN)
    wanted = applications.wanted(filters)
    chosen, _ = columns.read(request.GET)
    rows = (columns.cells(row, chosen, wanted.principle) for row in applications.every(request.user, wanted))
    return list_download(request, "applications", "applications.csv", columns.header(chosen), rows)
