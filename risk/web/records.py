"""Written records of an application: impact assessment, Art. 27 assessment, exemption under Art. 6(3)."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from inventory import access
from inventory.access import Permission
from inventory.models import AIApplication
from inventory.web.requests import PersonRequest
from risk import records as forms
from risk.choices import RecordForm, RecordState
from risk.method import load_method
from risk.models import Record
from risk.records import FormSchema
from risk.records.content import gaps, pages, trigger_text
from risk.scoring.judgement import Judgement
from risk.selectors import cases
from risk.selectors import records as found
from risk.services import records
from risk.web.record_forms import seen_values, sent_values, shown_fields, tokens, with_emptied_rows
from risk.web.shell import shell

TONES = {
    RecordState.DRAFT: "neutral",
    RecordState.SUBMITTED: "info",
    RecordState.APPROVED: "good",
    RecordState.RETURNED: "warn",
    RecordState.WITHDRAWN: "neutral",
}
_OF_THE_WHOLE = ("record", "form", "section", "note", "on", "reference")  # problems that no single field has
Problems = dict[str, list[str]]
Pages = Sequence[tuple[str, Any, Any]]


@require_http_methods(["GET", "POST"])
def record(request: PersonRequest, pk: int, form: str) -> HttpResponse:
    """The newest version, or the one that the address names: to write in where it is a draft, else to read and sign."""
    application = access.application_or_404(request.user, pk, Permission.VIEW, "score")
    if form not in RecordForm.values:
        raise Http404("There is no such record.")
    if request.method == "POST":
        return _post(request, application, form)
    return _page(request, application, form, {})


def _post(request: PersonRequest, application: AIApplication, form: str) -> HttpResponse:
    action = _ACTIONS.get(request.POST.get("action", "save"))
    if action is None:
        raise Http404("There is no such step.")
    needed = Permission.REVIEW if action is _sign else Permission.EDIT
    access.require(request.user, needed, application.department)
    version = found.version_of(application, form, None)
    try:
        said = action(request, application, form, version)
    except ValidationError as problems:
        return _refused(request, application, form, problems.message_dict)
    if request.htmx:  # type: ignore[attr-defined]
        return _page(request, application, form, {}, fragment=True)
    messages.success(request, said)
    return redirect(_address(application, form, request))


def _refused(request: PersonRequest, application: AIApplication, form: str, problems: Problems) -> HttpResponse:
    if request.htmx:  # type: ignore[attr-defined]
        return _page(request, application, form, problems, fragment=True)
    return _page(request, application, form, problems, status=400)


def _start(request: PersonRequest, application: AIApplication, form: str, version: Record | None) -> str:
    records.start(actor=request.user, application=application, form=form)
    return "A draft is begun, with what the register knows or the version before said."


def _save(request: PersonRequest, application: AIApplication, form: str, version: Record | None) -> str:
    one = _existing(version)
    schema = forms.form(form, one.release)
    every = list(pages(schema, one.content))
    section = next((s for s in schema.sections if s.id == request.GET.get("section", schema.sections[0].id)), None)
    if section is None:
        raise Http404("There is no such section.")
    values = sent_values(request.POST, section)
    if request.htmx:  # type: ignore[attr-defined]
        __, shown, stored = every[_place(request, schema, every)]
        values = with_emptied_rows(values, section, stored if shown == section else {})
    seen = seen_values(request.POST, section)
    records.save(actor=request.user, record=one, section=section.id, values=values, row=_row(request), seen=seen)
    return "Saved."


def _submit(request: PersonRequest, application: AIApplication, form: str, version: Record | None) -> str:
    _save(request, application, form, version)  # the button sends what the page holds, saved already or not
    records.submit(actor=request.user, record=_existing(version))
    return "Submitted. This version is frozen; reviewers sign it or send it back."


def _withdraw(request: PersonRequest, application: AIApplication, form: str, version: Record | None) -> str:
    records.withdraw(actor=request.user, record=_read(request, version), reason=request.POST.get("note", ""))
    return "Withdrawn. Begin a new version to change it."


def _sign(request: PersonRequest, application: AIApplication, form: str, version: Record | None) -> str:
    agrees = request.POST.get("agrees") == "yes"
    note = request.POST.get("note", "")
    one = records.sign(actor=request.user, record=_read(request, version), agrees=agrees, note=note)
    if one.state == RecordState.SUBMITTED:
        return "Signed. Another person has to sign as well."
    return f"{one.get_state_display()}."


def _report(request: PersonRequest, application: AIApplication, form: str, version: Record | None) -> str:
    current = application.records.filter(form=form, state=RecordState.APPROVED).order_by("-version").first()
    try:
        on = date.fromisoformat(request.POST.get("on", ""))
    except ValueError as error:
        raise ValidationError({"on": _("Write the day as 2026-11-22.")}) from error
    reference = request.POST.get("reference", "")
    records.report(actor=request.user, record=_existing(current), on=on, reference=reference)
    return "Noted."


_ACTIONS = {
    "start": _start,
    "save": _save,
    "add": _save,  # a row: the page comes back with the next one
    "submit": _submit,
    "withdraw": _withdraw,
    "sign": _sign,
    "report": _report,
}


def _existing(version: Record | None) -> Record:
    if version is None:
        raise Http404("There is no version yet.")
    return version


def _read(request: PersonRequest, newest: Record | None) -> Record:
    """The newest version, where it is the one that the person had before them: nobody signs what they never saw."""
    one = _existing(newest)
    if request.POST.get("version") != str(one.version):
        raise ValidationError(
            {
                "record": _("Version %(version)s came since this page was opened. Read it first.")
                % {"version": one.version}
            }
        )
    return one


def _page(
    request: PersonRequest,
    application: AIApplication,
    form: str,
    problems: Problems,
    *,
    status: int = 200,
    fragment: bool = False,
) -> HttpResponse:
    judgement = cases.judge_now(application, timezone.localdate())
    one = found.version_of(application, form, _number(request, "version"))
    if one is None and "version" in request.GET:
        raise Http404("There is no such version.")
    standing = found.standing(application, form, judgement.case.answers, judgement.day)
    context = {
        **({} if fragment else shell(request.user, application, _tab(form), judgement)),
        "application": application,
        "form": forms.form(form),
        "standing": standing,
        "record": one,
        "problems": problems,
        "notes": [text for key in _OF_THE_WHOLE for text in problems.get(key, ())],
        "may_edit": access.may(request.user, Permission.EDIT, application.department),
        **_writing(request, application, one, judgement, problems),
        **_reviewing(request, application, one),
    }
    name = "risk/_record_saved.html" if fragment else "risk/record.html"
    return render(request, name, {**context, "swapped": fragment}, status=status)


def _tab(form: str) -> str:
    return "impact" if form == RecordForm.IMPACT else "classification"


def _writing(
    request: PersonRequest, application: AIApplication, one: Record | None, judgement: Judgement, problems: Problems
) -> dict[str, Any]:
    """The pages of the version: one of them to write in, or all of them to read."""
    if one is None:
        return {}
    schema = forms.form(one.form, one.release)
    every = list(pages(schema, one.content))
    suggested = found.suggested_goals(judgement)
    writable = one.state == RecordState.DRAFT and access.may(request.user, Permission.EDIT, application.department)
    reading = not writable or "whole" in request.GET
    at = _place(request, schema, every)
    title, section, values = every[at]
    given = tokens(section, values, request.POST)
    if problems:
        values = {**values, **sent_values(request.POST, section)}  # as it was sent, nothing of it lost
    fields = shown_fields(section, values, problems, suggested)
    return {
        "writable": writable,
        "reading": reading,
        "title": title,
        "section": section,
        "fields": fields,
        "tokens": given,
        "sent": [i for one in fields for i in one.inputs if i.name in request.POST],  # these are on the page that asks
        "steps": _steps(application, one, every, at),
        "back": _page_address(application, one.form, every, at - 1) if at else "",
        "onward": _page_address(application, one.form, every, at + 1) if at + 1 < len(every) else "",
        "here": _page_address(application, one.form, every, at),
        "missing": _missing(application, schema, one, every) if writable else [],
        "whole": [(name, shown_fields(part, given, {}, suggested)) for name, part, given in every] if reading else [],
        "triggers": [trigger_text(schema, trigger) for trigger in one.triggers],
    }


def _missing(application: AIApplication, schema: FormSchema, one: Record, every: Pages) -> list[dict[str, str]]:
    """Each field that still has to be filled, with where it stands."""
    return [
        {"text": f"{title}: {field.text}", "url": f"{_page_address(application, one.form, every, at)}#{field.id}"}
        for at, title, field in gaps(schema, one.content, load_method())
    ]


def _reviewing(request: PersonRequest, application: AIApplication, one: Record | None) -> dict[str, Any]:
    """Who signed, who may, and how the versions differ."""
    if one is None:
        return {}
    schema = forms.form(one.form, one.release)
    signatures = found.signatures_of(one)
    needed = records.needed(schema, one)
    authors = {*one.authors, one.submitted_by_id}
    may_review = access.may(request.user, Permission.REVIEW, application.department)
    agreed = sum(signature.agrees for signature in signatures)
    signed = any(signature.person_id == request.user.pk for signature in signatures)
    return {
        "tone": TONES[RecordState(one.state)],
        "signatures": signatures,
        "needed": needed,
        "dropped": [trigger_text(schema, trigger) for trigger in records.dropped_by(one)],
        "agreed": agreed,
        "unsigned_by": needed - agreed if one.state == RecordState.SUBMITTED else needed,
        "authors": found.names_of(one.authors),
        "may_sign": may_review and request.user.pk not in authors and not signed,
        "is_author": may_review and request.user.pk in authors,
        "versions": found.versions_of(application, one.form),
    }


def _place(request: PersonRequest, schema: FormSchema, every: Pages) -> int:
    """Which of the pages the address means."""
    wanted, row, seen = request.GET.get("section", ""), _row(request), 0
    for at, (__, section, _values) in enumerate(every):
        if section.id == wanted:
            if not section.per or seen == row:
                return at
            seen += 1
    return 0


def _row(request: PersonRequest) -> int:
    return _number(request, "row") or 0


def _number(request: PersonRequest, name: str) -> int | None:
    text = request.GET.get(name, "")
    return int(text) if text.isdecimal() and len(text) < 5 else None


def _steps(application: AIApplication, one: Record, every: Pages, current: int) -> list[dict[str, str]]:
    steps = []
    for at, (title, section, values) in enumerate(every):
        empty = [field for field in section.fields if field.needed and not values.get(field.id)]
        state = "current" if at == current else "todo" if empty else "done"
        note = f"{len(empty)} to fill" if empty else ""
        steps.append(
            {
                "label": title.lstrip("0123456789 "),
                "url": _page_address(application, one.form, every, at),
                "state": state,
                "note": note,
            }
        )
    return steps


def _page_address(application: AIApplication, form: str, every: Pages, at: int) -> str:
    section = every[at][1]
    row = sum(other.id == section.id for _form, other, _values in every[:at])
    query = {"section": section.id, **({"row": row} if section.per else {})}
    return f"{reverse('risk:record', args=[application.pk, form])}?{urlencode(query)}"


def _address(application: AIApplication, form: str, request: PersonRequest) -> str:
    """Where a saved form without scripts leads: the page asked for, else the record."""
    if request.POST.get("action") == "add":
        return request.get_full_path()
    onward = request.POST.get("onward", "") if request.POST.get("action", "save") == "save" else ""
    own = reverse("risk:record", args=[application.pk, form])
    if onward.startswith(f"{own}?"):
        return onward
    return own
