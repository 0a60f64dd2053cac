"""Recalculation: start one, follow it, stop it, go on with it. For administrators."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from inventory.access import Permission, requires
from inventory.web.filters import Filters
from inventory.web.requests import PersonRequest
from risk.choices import RunState
from risk.models import RescoreRun
from risk.selectors import runs as run_selectors
from risk.services import runs

administers = requires(Permission.ADMIN, everywhere=True)
TONES = {RunState.DONE: "good", RunState.FAILED: "bad", RunState.RUNNING: "info", RunState.CANCELLED: "neutral"}


@administers
@require_http_methods(["GET", "POST"])
def recalculation_page(request: PersonRequest) -> HttpResponse:
    """The newest run with its progress, those before it, and the button that asks for one."""
    if request.method == "POST":
        runs.start(actor=request.user)
        return redirect("risk:recalculation")
    newest = run_selectors.newest()
    context = {
        **_progress(newest),
        "page": run_selectors.runs(Filters.from_request(request).page),
        "waiting": run_selectors.waiting_changes(),
    }
    return render(request, "risk/recalculation.html", context)


def _progress(run: RescoreRun | None) -> dict[str, object]:
    return {
        "run": run,
        "at_work": run is not None and run.state == RunState.RUNNING,
        "may_resume": run is not None and run.state in (RunState.CANCELLED, RunState.FAILED),
        "tone": TONES[RunState(run.state)] if run else "",
    }


@administers
@require_GET
def run_progress(request: PersonRequest, pk: int) -> HttpResponse:
    """The moving part of the page, asked for while the run is at work; the whole page once it has ended."""
    context = _progress(get_object_or_404(RescoreRun.objects.select_related("department", "asked_by"), pk=pk))
    answer = render(request, "risk/_run_progress.html", context)
    if not context["at_work"]:
        answer.headers["HX-Refresh"] = "true"
    return answer


@administers
@require_POST
def cancel_run(request: PersonRequest, pk: int) -> HttpResponse:
    """Stop a run after the parts in hand."""
    if not runs.cancel(actor=request.user, run=get_object_or_404(RescoreRun, pk=pk)):
        messages.info(request, _("This recalculation had ended already."))
    return redirect("risk:recalculation")


@administers
@require_POST
def resume_run(request: PersonRequest, pk: int) -> HttpResponse:
    """Go on with a run that was stopped or failed."""
    if not runs.resume(actor=request.user, run=get_object_or_404(RescoreRun, pk=pk)):
        messages.info(request, _("There is nothing to go on with: it has ended, or another one runs."))
    return redirect("risk:recalculation")
