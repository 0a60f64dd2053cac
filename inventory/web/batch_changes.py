"""What can be done with a file that was read: taking back what it stored, and reading it again."""

from django import forms
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST

from inventory.selectors import batches
from inventory.services.imports import TooLargeError
from inventory.services.imports import again as reading
from inventory.services.imports import undo as undoing
from inventory.web.feeds import found_batch, keeps_feeds
from inventory.web.forms import add_service_errors
from inventory.web.requests import PersonRequest
from inventory.web.upload_guard import takes_upload


class UndoForm(forms.Form):
    """Why a batch is undone."""

    reason = forms.CharField(label=_("Reason"), max_length=500, help_text=_("It goes into the audit log."))


@keeps_feeds
@require_http_methods(["GET", "POST"])
def undo(request: PersonRequest, pk: int) -> HttpResponse:
    """What undoing would take back; confirmed with a reason."""
    batch = found_batch(pk)
    form = UndoForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            undoing.ask(actor=request.user, batch=batch, reason=form.cleaned_data["reason"])
        except ValidationError as problems:
            add_service_errors(form, problems)
        else:
            messages.success(request, gettext("%(file_name)s will be undone.") % {"file_name": batch.file_name})
            return redirect("inventory:batch", pk)
    context = {
        "batch": batch,
        "form": form,
        "effect": undoing.effect(batch),
        "later": batches.repeats_after(batch),
    }
    return render(request, "inventory/batch_undo.html", context, status=400 if form.errors else 200)


@takes_upload(lambda: settings.UPLOAD_MAX_BYTES)
@keeps_feeds
@require_POST
def again(request: PersonRequest, pk: int) -> HttpResponse:
    """Read a file again: the one we still have, or the same one uploaded anew."""
    batch = found_batch(pk)
    file = request.FILES.get("file")
    try:
        reading.read_again(actor=request.user, batch=batch, blocks=file.chunks() if file else None)
    except (ValidationError, TooLargeError) as problem:
        messages.error(request, " ".join(problem.messages) if isinstance(problem, ValidationError) else str(problem))
    else:
        messages.success(request, gettext("%(file_name)s will be read again.") % {"file_name": batch.file_name})
    return redirect("inventory:batch", pk)
