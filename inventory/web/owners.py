"""Who can be chosen as owner in a filter bar: asked for when somebody is about to, so that no page pays for it."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from inventory.access import Permission, requires
from inventory.selectors.people import owners_like
from inventory.web.requests import PersonRequest


@requires(Permission.VIEW)
@require_GET
def owner_options(request: PersonRequest) -> HttpResponse:
    """The fragment with the owners in sight who are called as is being typed."""
    found = owners_like(request.user, request.GET.get("owner", ""))
    return render(request, "inventory/_owner_options.html", {"found": found})
