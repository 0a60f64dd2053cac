"""AI apps in the cloud as a discovery service reports them."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from inventory.access import Permission, requires
from inventory.selectors import cloud_apps
from inventory.web.filters import Filters
from inventory.web.requests import PersonRequest


@requires(Permission.VIEW, everywhere=True)
@require_GET
def cloud_app_list(request: PersonRequest) -> HttpResponse:
    """The reported apps. Their figures are the whole organisation's, so they are for who sees all of it."""
    filters = Filters.from_request(request)
    context = {"filters": filters, "page": cloud_apps.reported(filters.q, filters.page), "narrowed": bool(filters.q)}
    return render(request, "inventory/cloud_apps.html", context)
