"""Recalculations as the page shows them."""

from django.core.paginator import Page, Paginator
from django.db.models import QuerySet

from inventory.models import ChangedApplication
from risk.models import RescoreRun

PER_PAGE = 25


def newest() -> RescoreRun | None:
    """The run that was asked for last."""
    return _runs().first()


def runs(page: int) -> "Page[RescoreRun]":
    """Every run, the newest first."""
    return Paginator(_runs(), PER_PAGE).get_page(page)


def waiting_changes() -> int:
    """How many applications changed and wait to be judged, runs apart."""
    return ChangedApplication.objects.count()


def _runs() -> "QuerySet[RescoreRun]":
    return RescoreRun.objects.select_related("department", "asked_by").order_by("-asked_at", "-id")
