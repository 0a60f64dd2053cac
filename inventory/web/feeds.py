"""Feed files: uploading, following their reading, and what could not be read."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from inventory import access
from inventory.access import Permission, requires
from inventory.choices import BatchState, Door
from inventory.connectors.base import UnknownFormatError
from inventory.connectors.mapped import PREFIX
from inventory.connectors.registry import CONNECTORS
from inventory.models import Feed, ImportBatch, MappingProfile, QuarantinedRow
from inventory.selectors import batches, feed_health, feeds
from inventory.services import imports
from inventory.services.imports import again, captured, kinds, quarantine, undo
from inventory.web.downloads import csv_download
from inventory.web.filters import Filters
from inventory.web.requests import PersonRequest
from inventory.web.upload_guard import takes_upload

keeps_feeds = requires(Permission.FEEDS, everywhere=True)
sees_names = requires(Permission.NAMES, everywhere=True)
MEMBERS_SHOWN = 100


class UploadForm(forms.Form):
    """One feed file."""

    file = forms.FileField(
        label=_("File"),
        help_text=_(
            "Any of the feeds below, as CSV, JSON or a log, also in a zip or gz: its content tells which it is. "
            "About a table with a header of its own it asks once."
        ),
        error_messages={"empty": _("The file is empty.")},
    )


class CaptureForm(forms.Form):
    """Why capture of content is switched."""

    reason = forms.CharField(label=_("Reason"), max_length=500, help_text=_("It goes into the audit log."))


class RevealForm(forms.Form):
    """Why somebody needs to see quarantined lines."""

    reason = forms.CharField(
        label=_("Reason"),
        max_length=500,
        help_text=_("The lines may name people. Your reason goes into the audit log."),
    )


@takes_upload(lambda: settings.UPLOAD_MAX_BYTES)
@keeps_feeds
@require_http_methods(["GET", "POST"])
def feed_list(request: PersonRequest) -> HttpResponse:
    """Freshness of each kind, the files read, and the upload."""
    form = UploadForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        file = form.cleaned_data["file"]
        try:
            batch = imports.receive(actor=request.user, file_name=file.name, blocks=file.chunks())
        except (UnknownFormatError, imports.TooLargeError) as problem:
            form.add_error("file", str(problem))
        else:
            if batch.state == BatchState.UNMAPPED:
                return redirect("inventory:mapping", batch.pk)
            messages.success(
                request, gettext("%(file_name)s is uploaded and will be read.") % {"file_name": batch.file_name}
            )
            return redirect("inventory:batch", batch.pk)
    mappings = MappingProfile.objects.select_related("saved_by")
    context = {"form": form, "mappings": mappings, **_files(request, mappings), **_sources(), **_capture(request)}
    return render(request, "inventory/feeds.html", context)


def _files(request: PersonRequest, mappings: Iterable[MappingProfile]) -> dict:
    """The list of files as the address narrows it."""
    known: dict[str, list[tuple[str, Any]]] = {
        "state": BatchState.choices,
        "content": [
            *((kind, connector.title) for kind, connector in CONNECTORS.items()),
            *((kind, kinds.title(kind)) for kind in (kinds.ARCHIVE, *(PREFIX + one.name for one in mappings))),
        ],
        "door": Door.choices,
        "feed": list(Feed.objects.values_list("slug", "name")),
    }
    filters = Filters.from_request(request, own={name: dict(pairs) for name, pairs in known.items()})
    own = {name: filters.own.get(name, ()) for name in known}
    page = batches.page(
        filters.page, states=own["state"], kinds=own["content"], doors=own["door"], feeds=own["feed"], q=filters.q
    )
    bars = [(name, f"Any {name}", pairs, ",".join(own[name])) for name, pairs in known.items() if pairs]
    return {"page": page, "filters": filters, "bars": bars, "narrowed": filters.narrowed}


def _capture(request: PersonRequest) -> dict:
    """Whether content is captured, and the switch for who may turn it."""
    may_switch = access.sees_everything(request.user, Permission.ADMIN)
    return {"capture": captured.is_on(), "capture_form": CaptureForm() if may_switch else None}


def _sources() -> dict:
    """The feeds themselves, and how fresh each kind of content is."""
    folder = settings.DROP_FOLDER
    return {"health": feed_health.all_feeds(), "freshness": feeds.freshness(), "drop_folder": folder}


@keeps_feeds
@require_GET
def batch(request: PersonRequest, pk: int) -> HttpResponse:
    """One file: how far it is read, what became of its rows, and what is in quarantine."""
    return batch_page(request, found_batch(pk), RevealForm())


def found_batch(pk: int) -> ImportBatch:
    """The file with this number, or 404."""
    return get_object_or_404(ImportBatch.objects.select_related("uploaded_by", "undone_by", "feed"), pk=pk)


def batch_page(request: PersonRequest, found: ImportBatch, form: RevealForm, status: int = 200) -> HttpResponse:
    context = {
        **_progress(found),
        "page": feeds.quarantined(found, Filters.from_request(request).page),
        "reasons": feeds.quarantine_reasons(found),
        **_possible(found),
        "captured": found.captured.count(),
        "form": form if access.sees_everything(request.user, Permission.NAMES) else None,
    }
    return render(request, "inventory/batch.html", context, status=status)


def _possible(found: ImportBatch) -> dict:
    """What can be done with the file, and why not."""
    return {
        "may_undo": found.state in batches.ENDED and undo.holds(found),
        "again_kept": not again.refusal(found),
        "again_given": not again.refusal(found, given=True),
        "forgets_on": found.finished_at + timedelta(days=settings.FAILED_FILE_DAYS) if found.finished_at else None,
    }


def _progress(found: ImportBatch) -> dict:
    return {
        "batch": found,
        "title": kinds.title(found.kind),
        "members": found.members.order_by("pk")[:MEMBERS_SHOWN] if found.kind == kinds.ARCHIVE else (),
        "size": filesizeformat(found.size),
        "stored_note": gettext("new; %(n)s match nothing registered") % {"n": f"{found.unmatched:,}"}
        if found.unmatched
        else gettext("new"),
        "quarantine_tone": "bad" if found.quarantined else "",
        "at_work": found.state in batches.AT_WORK,
        "tone": batches.TONES.get(BatchState(found.state), "neutral"),
    }


@keeps_feeds
@require_GET
def batch_progress(request: PersonRequest, pk: int) -> HttpResponse:
    """The moving part of the page, asked for while the file is read; the whole page once it is done."""
    context = _progress(found_batch(pk))
    answer = render(request, "inventory/_batch_progress.html", context)
    if not context["at_work"]:
        answer.headers["HX-Refresh"] = "true"
    return answer


@keeps_feeds
@require_GET
def quarantine_lines(request: PersonRequest, pk: int) -> StreamingHttpResponse:
    """Line and reason of every quarantined row as CSV, without its text."""
    found = found_batch(pk)
    rows = QuarantinedRow.objects.filter(batch=found).order_by("line").values_list("line", "reason")
    return csv_download(f"quarantine-{pk}.csv", ("line", "reason"), rows.iterator(2000))


@sees_names
@require_POST
def quarantine_reveal(request: PersonRequest, pk: int) -> HttpResponse | StreamingHttpResponse:
    """The same with the texts, for who may see names; with a reason, which is logged."""
    found = found_batch(pk)
    form = RevealForm(request.POST)
    if not form.is_valid():
        access.require_everywhere(request.user, Permission.FEEDS)  # who may not open the page gets no page
        return batch_page(request, found, form, status=400)
    rows = quarantine.reveal(actor=request.user, batch=found, reason=form.cleaned_data["reason"])
    return csv_download(f"quarantine-{pk}-lines.csv", ("line", "reason", "text"), rows)
