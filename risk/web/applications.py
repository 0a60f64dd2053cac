"""The list of AI applications."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from inventory import access
from inventory.access import Permission, requires
from inventory.choices import ApplicationKind, Lifecycle
from inventory.selectors.scope import options, scope_of
from inventory.web.filters import Filters
from inventory.web.requests import PersonRequest
from risk.choices import OVERALL, Band, EUClass, Principle
from risk.selectors import applications


@require_safe
@requires(Permission.VIEW)
def application_list(request: PersonRequest) -> HttpResponse:
    """Every application the person may see: search, filters, sort, pages."""
    filters = Filters.from_request(request, sorts=applications.SORTS)
    principle = filters.principle or OVERALL
    context = {
        "filters": filters,
        "page": applications.page(request.user, applications.wanted(filters), filters.page),
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
