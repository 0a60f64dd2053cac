"""The first screen of a leader: as things stand, or as of a past day."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from governance.web import overview, overview_then
from inventory.access import Permission, requires
from inventory.models import User
from inventory.selectors.scope import Scope, scope_of
from inventory.web.as_of import At
from inventory.web.filters import Filters
from risk.web.as_of import at_of


@require_safe
@requires(Permission.VIEW)
def overview_page(request: HttpRequest) -> HttpResponse:
    """The overview; `as_of`: of the end of a past day."""
    user: User = request.user  # type: ignore[assignment]
    filters = Filters.from_request(request)
    scope = scope_of(user, filters.department)
    filters, at = at_of(request, filters, scope)
    return render(request, "governance/overview.html", {**shown_of(scope, filters, at), "at": at})


def shown_of(scope: Scope, filters: Filters, at: At) -> dict[str, Any]:
    """Everything that the overview shows, with the names of its template."""
    return overview_then.page(scope, filters, at) if at.past else overview.page(scope, filters, at.today)
