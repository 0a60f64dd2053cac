"""The list of AI applications."""

from dataclasses import replace

from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from inventory import access
from inventory.access import Permission, requires
from inventory.choices import ApplicationKind, Lifecycle
from inventory.selectors.asked import Problem
from inventory.selectors.scope import Scope, options, scope_of
from inventory.web.as_of import At
from inventory.web.downloads import list_download
from inventory.web.filters import Filters, Words, tell
from inventory.web.requests import PersonRequest
from risk.choices import OVERALL, Band, EUClass, Principle
from risk.selectors import applications, applications_then
from risk.web import columns
from risk.web.as_of import at_of

OWN: dict[str, Words] = {"points": {word: word.replace("-", "–") for word in applications.POINTS}, "below": ("no",)}
_AFRESH = ("columns", "page")  # what a choice of columns doesn't keep of the address


@require_safe
@requires(Permission.VIEW)
def application_list(request: PersonRequest) -> HttpResponse:
    """Every application the person may see: search, filters, sort, pages; with `as_of`, as it stood at the end
    of a past day."""
    filters, scope, at, wanted = _asked(request)
    principle = filters.principle or OVERALL
    chosen, problems = columns.read(request.GET)
    tell(request, problems)
    if at.past:
        page = applications_then.page(request.user, wanted, at.day, filters.page)
    else:
        page = applications.page(request.user, wanted, filters.page)
    own = columns.principles(chosen)
    context = {
        "filters": filters,
        "at": at,
        "page": page,
        "rows": [(row, row.of(own)) for row in page.object_list],
        "columns": chosen,
        "column_choices": [(key, columns.called(key, principle), key in chosen) for key in columns.CALLED],
        "columns_kept": [(key, value) for key, values in request.GET.lists() if key not in _AFRESH for value in values],
        "own_principles": [(one, Principle(one).label) for one in own],
        "departments": options(scope),
        "kinds": ApplicationKind.choices,
        "lifecycles": Lifecycle.choices,
        "bands": Band.choices,
        "classes": [*EUClass.choices, (applications.OPEN_CLASS, "Not decided")],
        "principles": Principle.choices,
        "shown": Principle(principle).label if principle != OVERALL else "Overall",
        "overall": principle == OVERALL,
        "may_register": access.may(request.user, Permission.EDIT),
        "may_export": access.may(request.user, Permission.EXPORT),
    }
    return render(request, "risk/applications.html", context)


@require_safe
@requires(Permission.EXPORT)
def application_csv(request: PersonRequest) -> StreamingHttpResponse:
    """The list as the address narrows, sorts and shows it, all pages of it."""
    _, _, at, wanted = _asked(request)
    chosen, _ = columns.read(request.GET)
    if at.past:
        name, found = f"applications-{at.day}.csv", applications_then.every(request.user, wanted, at.day)
    else:
        name, found = "applications.csv", applications.every(request.user, wanted)
    rows = (columns.cells(row, chosen, wanted.principle) for row in found)
    return list_download(request, "applications", name, columns.header(chosen), rows)


def _asked(request: PersonRequest) -> tuple[Filters, Scope, At, applications.Wanted]:
    filters = Filters.from_request(request, sorts=applications.SORTS, own=OWN)
    scope = scope_of(request.user, filters.department)
    filters, at = at_of(request, filters, scope)
    wanted = applications.wanted(filters)
    if at.past and wanted.sort and wanted.sort.removeprefix("-") not in applications_then.SORTS:
        tell(request, [Problem("sort", wanted.sort, "a past day can't be sorted by")])
        wanted = replace(wanted, sort="")
    return filters, scope, at, wanted
