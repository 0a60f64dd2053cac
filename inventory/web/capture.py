"""Content of prompts and answers: the switch, and reading what was captured."""

from django.contrib import messages
from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from inventory import access
from inventory.access import Permission, requires
from inventory.models import ImportBatch
from inventory.services.imports import captured
from inventory.web.downloads import csv_download
from inventory.web.feeds import CaptureForm, RevealForm, batch_page
from inventory.web.requests import PersonRequest


@requires(Permission.ADMIN, everywhere=True)
@require_POST
def capture_switch(request: PersonRequest) -> HttpResponse:
    """Switch capture on or off, with a reason."""
    form, on = CaptureForm(request.POST), request.POST.get("on") == "1"
    if form.is_valid():
        captured.switch(actor=request.user, on=on, reason=form.cleaned_data["reason"])
        captures, refuses = (
            _("Content is captured in files read from now on."),
            _("Content is refused in files read from now on."),
        )
        messages.success(request, captures if on else refuses)
    else:
        messages.error(request, _("Nothing is switched: say why."))
    return redirect("inventory:feeds")


@requires(Permission.NAMES, everywhere=True)
@require_POST
def content_reveal(request: PersonRequest, pk: int) -> HttpResponse | StreamingHttpResponse:
    """The captured texts of a file as CSV, with a reason, which is logged."""
    found = get_object_or_404(ImportBatch.objects.select_related("uploaded_by"), pk=pk)
    form = RevealForm(request.POST)
    if not form.is_valid():
        access.require_everywhere(request.user, Permission.FEEDS)  # who may not open the page gets no page
        return batch_page(request, found, form, status=400)
    rows = captured.reveal(actor=request.user, batch=found, reason=form.cleaned_data["reason"])
    return csv_download(f"content-{pk}.csv", ("line", "record", "text"), rows)
