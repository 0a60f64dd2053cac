"""Agents that inventories list, beside what the register knows of them."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from inventory import access
from inventory.access import Permission, requires
from inventory.choices import ApplicationKind
from inventory.selectors import agents as selector
from inventory.selectors.chosen import left
from inventory.selectors.scope import options, scope_of
from inventory.web.filters import Filters
from inventory.web.requests import PersonRequest


@requires(Permission.VIEW)
@require_GET
def agents(request: PersonRequest) -> HttpResponse:
    """Listed agents that the person may see, and registered ones that nobody has seen."""
    filters = Filters.from_request(request, sorts=list(selector.SORTS), own={"standing": selector.STANDINGS})
    chosen = filters.own.get("standing", ())
    standing = chosen[0] if chosen else ""
    looked = selector.Looked(request.user, filters.department, left(request.user, filters))
    context = {
        "filters": filters,
        "page": selector.agents(looked, standing=standing, q=filters.q, sort=filters.sort, page=filters.page),
        "counts": selector.counts(looked),
        "never": selector.never_seen(looked),
        "kinds": ApplicationKind.choices,
        "departments": options(scope_of(request.user, filters.department)),
        "standings": selector.STANDINGS.items(),
        "standing": standing,
        "narrowed": filters.narrowed,
        "may_register": access.may(request.user, Permission.EDIT),
        "may_load": access.sees_everything(request.user, Permission.FEEDS),
    }
    return render(request, "inventory/agents.html", context)
