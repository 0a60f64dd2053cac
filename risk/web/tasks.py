"""Tasks: what a page shows of a person's, and giving one up. The page is the roof's, which adds its own."""

from collections.abc import Iterable
from typing import Any

from django.core.paginator import Paginator
from django.db.models import F
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from inventory import access
from inventory.access import Permission
from inventory.models import User
from inventory.web.requests import PersonRequest
from risk.choices import TaskState
from risk.models import Task
from risk.services import tasks
from risk.web.addresses import address_of

A_PAGE = 50
CLOSED = 20  # closed tasks shown


def of_person(user: User, page: str | None) -> dict[str, Any]:
    """What a page of tasks shows of a person's: those that are due first, of applications that they may see."""
    mine = (
        Task.objects.filter(owner=user, application__in=access.applications(user))
        .select_related("application__score", "owner")
        .order_by(F("due").asc(nulls_last=True), "id")
    )
    shown = Paginator(mine.filter(state=TaskState.OPEN), A_PAGE).get_page(page)
    closed = mine.exclude(state=TaskState.OPEN).order_by("-closed_at", "-id")[:CLOSED]
    return {
        "page": shown,
        "open_tasks": with_addresses(shown.object_list),
        "closed_tasks": with_addresses(closed),
        "today": timezone.localdate(),
    }


@require_POST
def cancel(request: PersonRequest, pk: int) -> HttpResponse:
    """Give a task up."""
    task = Task.objects.filter(pk=pk).first()
    if task is None:
        raise Http404("No such task.")
    task.application = access.application_or_404(request.user, task.application_id, Permission.EDIT)
    tasks.cancel(actor=request.user, task=task)
    return redirect(reverse("risk:application", args=[task.application_id]) + "#tasks")


def with_addresses(found: Iterable[Task]) -> list[tuple[Task, str]]:
    """Each task with the page on which it is done."""
    return [(one, address_of(one.application_id, "", one.control or one.question)) for one in found]
