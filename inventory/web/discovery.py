"""What feeds report: AI apps that are used but not registered."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from inventory import access
from inventory.access import Permission, requires
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
