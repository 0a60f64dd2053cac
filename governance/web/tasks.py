"""What the signed-in person is to do: tasks of applications, and the recommendations given to them."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from governance.selectors.recommendations import given_to
from governance.web.recommendations import TONES
from inventory.access import Permission, requires
from inventory.web.requests import PersonRequest
from risk.web.tasks import of_person


@require_safe
@requires(Permission.VIEW)
def task_list(request: PersonRequest) -> HttpResponse:
    """Tasks, those that are due first, and recommendations under way, the gravest first."""
    context = {
        **of_person(request.user, request.GET.get("page")),
        "recommendations": given_to(request.user),
        "tones": TONES,
    }
    return render(request, "governance/tasks.html", context)
