"""Evidence: the pages that list it, and adding, correcting, withdrawing and downloading it."""

import logging
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Page
from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST, require_safe

from inventory import access
from inventory.access import Permission, requires
from inventory.choices import ApplicationKind
from inventory.models import AIApplication
from inventory.selectors.scope import options, scope_of
from inventory.web.as_of import At
from inventory.web.downloads import attachment
from inventory.web.filters import Filters
from inventory.web.forms import add_service_errors
from inventory.web.requests import PersonRequest
from risk.choices import OVERALL
from risk.method import load_method
from risk.models import Evidence
from risk.scoring.method import Control
from risk.selectors import applications, applications_then, evidence_then
from risk.selectors import evidence as found_evidence
from risk.selectors.evidence import CURRENT, ENDS, EXPIRED, WITHDRAWN, Wanted, wanted_by
from risk.services import evidence, evidence_files
from risk.services.assessments import OvertakenError
from risk.services.evidence import Proof, Upload
from risk.services.file_types import ALLOWED
from risk.web.as_of import at_of
from risk.web.open_forms import OpenForm, values_of
from risk.web.shell import shell

logger = logging.getLogger(__name__)
ENDINGS = {
    CURRENT: "Current",
    EXPIRED: "Expired",
    **{str(days): f"Ends in {days} days" for days in ENDS},
    WITHDRAWN: "Withdrawn",
}


def _day(label: Any, required: bool, help_text: Any = "") -> forms.DateField:
    widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    return forms.DateField(label=label, required=required, widget=widget, help_text=help_text)


class CorrectionForm(OpenForm):
    """The words and dates of an item of evidence. Kinds that the control asks for stand first."""

    title = forms.CharField(max_length=300, label=_("What it shows"))
    kind = forms.ChoiceField(label=_("Kind"))
    issued = _day(_("Issued"), required=True)
    valid_until = _day(_("Valid until"), required=False, help_text=_("Empty: no end."))

    def __init__(
        self, *args: Any, control: Control, stored: Mapping[str, Any] = MappingProxyType({}), **kwargs: Any
    ) -> None:
        super().__init__(*args, stored=stored, **kwargs)
        kinds = load_method().evidence_kinds
        wanted = [(key, kinds[key]) for key in control.evidence]
        others = [(key, name) for key, name in kinds.items() if key not in control.evidence]
        self.fields["kind"].choices = [("Asked for here", wanted), ("Other kinds", others)]  # type: ignore[attr-defined]

    def proof(self, link: str = "") -> Proof:
        """What the valid form says."""
        given = self.cleaned_data
        return Proof(
            kind=given["kind"],
            title=given["title"],
            issued=given["issued"],
            valid_until=given["valid_until"],
            link=link,
        )


class EvidenceForm(CorrectionForm):
    """A new item: a file or a link."""

    link = forms.CharField(max_length=2000, required=False, label=_("Link"), help_text=_("https:// only; or a file."))
    file = forms.FileField(required=False, label=_("File"), help_text=f"{ALLOWED}.")

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if not self.errors and bool(given.get("link")) == bool(given.get("file")):
            self.add_error("file", gettext("Give either a file or a link."))
        return given


@require_safe
@requires(Permission.VIEW)
def evidence_list(request: PersonRequest) -> HttpResponse:
    """The evidence of every application in sight, what ends first at the top."""
    kinds = load_method().evidence_kinds
    filters = Filters.from_request(request, own={"evidence": kinds, "ends": ENDINGS})
    scope = scope_of(request.user, filters.department)
    filters, at = at_of(request, filters, scope)
    page, counts, wanted = _listed(request, filters, at)
    context = {
        "filters": filters,
        "at": at,
        "of_then": _(
            "Evidence that had been added by the end of this day, with the words and dates of then. Names of"
            " applications and departments are today’s, and so are the rights to see them."
        ),
        "wanted": wanted,
        "departments": options(scope),
        "application_kinds": ApplicationKind.choices,
        "page": page,
        "counts": counts,
        "ends_within": counts.within.items(),
        "kinds": kinds.items(),
        "endings": ENDINGS.items(),
        "may_export": access.may(request.user, Permission.EXPORT),
    }
    return render(request, "risk/evidence.html", context)


def _listed(request: PersonRequest, filters: Filters, at: At) -> tuple[Page, found_evidence.Counts, Wanted]:
    """The page of the list, how much ends when, and what was asked for."""
    wanted = wanted_by({**filters.own, "q": (filters.q,)}, filters.department)
    behind = replace(applications.wanted(filters), q="", sort="", principle=OVERALL)
    if at.past:
        wanted = replace(wanted, applications=applications_then.seen(request.user, behind, at.day))
        return evidence_then.page(wanted, at.day, filters.page), evidence_then.counts(wanted, at.day), wanted
    wanted = replace(wanted, applications=applications.among(behind))
    page = found_evidence.page(request.user, wanted, at.day, filters.page)
    return page, found_evidence.counts(request.user, wanted, at.day), wanted


@require_safe
def evidence_of(request: PersonRequest, pk: int) -> HttpResponse:
    """Every file and link of one application: for which control, what it shows, until when."""
    application = access.application_or_404(request.user, pk)
    items = found_evidence.items_of(application, timezone.localdate())
    context = {
        **shell(request.user, application, "application_evidence"),
        "items": [item for item in items if item.state != WITHDRAWN],
        "withdrawn": [item for item in items if item.state == WITHDRAWN],
    }
    return render(request, "risk/application_evidence.html", context)


def add_evidence(request: PersonRequest, application: AIApplication, form: EvidenceForm, control: str) -> bool:
    """Add what the form says; what is wrong stands on the form."""
    if not form.is_valid():
        return False
    file = form.cleaned_data["file"]
    try:
        evidence.add(
            actor=request.user,
            application=application,
            control=control,
            proof=form.proof(form.cleaned_data["link"]),
            upload=Upload(file.name, file.chunks()) if file else None,
        )
    except ValidationError as problems:
        add_service_errors(form, problems)
        return False
    return True


@require_http_methods(["GET", "POST"])
def evidence_item(request: PersonRequest, pk: int, item: int) -> HttpResponse:
    """Correct the words and dates of an item, or withdraw it."""
    application = access.application_or_404(request.user, pk, Permission.EDIT)
    found = _item(application, item)
    control = load_method().controls[found.control]
    stored = values_of(found, evidence.FIELDS)
    form = CorrectionForm(request.POST or None, initial=stored, stored=stored, control=control)
    if request.method == "POST" and _correct(request, found, form):
        messages.success(request, gettext("Saved. The score follows."))
        return redirect("risk:control", application.pk, found.control)
    context = {
        **shell(request.user, application, "application_evidence"),
        "item": found,
        "control": control,
        "form": form,
    }
    return render(request, "risk/evidence_item.html", context, status=400 if form.errors else 200)


def _correct(request: PersonRequest, item: Evidence, form: CorrectionForm) -> bool:
    """Save what the person changed; what is wrong, and what somebody else corrected meanwhile, stands on the form."""
    if form.keeps_theirs:
        return True
    if not form.is_valid():
        return False
    try:
        proof = replace(form.proof(), **{**form.stored, **form.changed()})
        evidence.change(actor=request.user, item=item, proof=proof, seen=form.seen)
    except OvertakenError as problems:
        last = found_evidence.last_correction(item)
        item = Evidence.objects.get(pk=item.pk)
        form.overtaken(values_of(item, evidence.FIELDS), last and last.actor, item.changed_at)
        add_service_errors(form, problems)
        return False
    except ValidationError as problems:
        add_service_errors(form, problems)
        return False
    return True


@require_POST
def withdraw_evidence(request: PersonRequest, pk: int, item: int) -> HttpResponse:
    """Withdraw an item, with the reason."""
    application = access.application_or_404(request.user, pk, Permission.EDIT)
    found = _item(application, item)
    try:
        evidence.withdraw(actor=request.user, item=found, why=request.POST.get("why", ""))
    except ValidationError as problems:
        messages.error(request, " ".join(problems.messages))
        return redirect("risk:evidence_item", application.pk, found.pk)
    messages.success(request, gettext("Withdrawn. It stays on record, and the score follows."))
    return redirect("risk:control", application.pk, found.control)


@require_GET
def evidence_file(request: PersonRequest, pk: int, item: int) -> HttpResponseBase:
    """The file as a download; who took it is written down."""
    application = access.application_or_404(request.user, pk)
    found = _item(application, item)
    if found.file_id is None:
        raise Http404("This is a link, not a file.")
    try:
        file = evidence_files.path_of(found.file_id).open("rb")
    except FileNotFoundError:
        logger.error("The file of evidence %s is missing in the store: %s", found.pk, found.file_id)
        messages.error(
            request, gettext("The stored file is missing. Tell who runs this site: `manage.py check_evidence`.")
        )
        return redirect(reverse("risk:control", args=[application.pk, found.control]))
    evidence.note_download(actor=request.user, item=found)
    return attachment(file, found.file_name)


def _item(application: AIApplication, pk: int) -> Evidence:
    return get_object_or_404(Evidence.objects.select_related("application", "file"), application=application, pk=pk)
