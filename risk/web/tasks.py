"""Tasks: the page of the signed-in person, and giving one up."""

from collections.abc import Iterable

from django.core.paginator import Paginator
from django.db.models import F
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from inventory import access
from inventory.access import Permission, requires
from inventory.web.requests import PersonRequest
from risk.choices import TaskState
from risk.models import Task
from risk.services import tasks
from risk.web.addresses import address_of

A_PAGE = 50
CLOSED = 20  # closed tasks shown


@require_safe
@requires(Permission.VIEW)
def task_list(request: PersonRequest) -> HttpResponse:
    """The tasks of the person, those that are due first, of applications that they may see."""
    mine = (
        Task.objects.filter(owner=request.user, application__in=access.applications(request.user))
        .select_related("application__score", "owner")
        .order_by(F("due").asc(nulls_last=True), "id")
    )
    page = Paginator(mine.filter(state=TaskState.OPEN), A_PAGE).get_page(request.GET.get("page"))
    closed = mine.exclude(state=TaskState.OPEN).order_by("-closed_at", "-id")[:CLOSED]
    context = {
        "page": page,
        "open_tasks": with_addresses(page.object_list),
        "closed_tasks": with_addresses(closed),
        "today": timezone.localdate(),
    }
    return render(request, "risk/tasks.html", context)


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
