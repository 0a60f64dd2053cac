"""Settings: the method in force, dry runs of another version, and the switch."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from inventory.access import Permission, requires
from inventory.web.requests import PersonRequest
from risk.choices import RunState
from risk.method import load_method
from risk.models import MethodComparison, MethodInForce
from risk.services import methods

SHOWN = 20  # dry runs and switches that are listed


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Permission.ADMIN, everywhere=True)
def method_page(request: PersonRequest) -> HttpResponse:
    """The method in force and the switches so far. A POST asks for a dry run, or switches."""
    problems: list[str] = []
    if request.method == "POST":
        try:
            return _act(request)
        except ValidationError as problem:
            problems = problem.messages
    context = {
        "method": load_method(),
        "versions": methods.versions(),
        "switches": MethodInForce.objects.select_related("set_by")[:SHOWN],
        "comparisons": MethodComparison.objects.select_related("asked_by").defer("result")[:SHOWN],
        "problems": problems,
        "reason": request.POST.get("reason", ""),
    }
    return render(request, "risk/method.html", context, status=400 if problems else 200)


def _act(request: PersonRequest) -> HttpResponse:
    version = request.POST.get("version", "")
    if request.POST.get("act") == "switch":
        methods.switch(actor=request.user, version=version, reason=request.POST.get("reason", ""))
        messages.success(
            request, _("Method %(version)s is in force. Every application is judged anew.") % {"version": version}
        )
        return redirect("risk:method")
    row = methods.ask(actor=request.user, before=load_method().version, after=version)
    return redirect("risk:method_comparison", pk=row.pk)


@require_safe
@requires(Permission.ADMIN, everywhere=True)
def comparison_page(request: PersonRequest, pk: int) -> HttpResponse:
    """A dry run: how far it is, then who moves and why. htmx asks again while it runs."""
    row = get_object_or_404(MethodComparison.objects.select_related("asked_by"), pk=pk)
    context = {"row": row, "found": row.result, "runs": row.state == RunState.RUNNING}
    template = "risk/_method_comparison.html" if request.htmx else "risk/method_comparison.html"  # type: ignore[attr-defined]
    return render(request, template, context)
