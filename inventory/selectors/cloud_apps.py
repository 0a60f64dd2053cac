"""AI apps in the cloud as a discovery service reports them."""

from django.core.paginator import Page, Paginator
from django.db.models import Q

from inventory.models import CloudApp

A_PAGE = 25


def reported(q: str = "", page: int = 1) -> Page:
    """A page of the apps, those with most users first."""
    found = CloudApp.objects.select_related("application").order_by("-users", "name", "key")
    if q:
        found = found.filter(Q(name__icontains=q) | Q(domains__icontains=q) | Q(tags__icontains=q))
    return Paginator(found, A_PAGE).get_page(page)
