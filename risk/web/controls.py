"""The controls of one application: each stated one by one, or the whole page at once."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods
from django_htmx.http import reswap, retarget

from inventory import access
from inventory.access import Permission
from inventory.models import AIApplication
from inventory.web.requests import PersonRequest
from inventory.web.upload_guard import takes_upload
from risk.scoring.judgement import Judgement
from risk.selectors import cases
from risk.selectors.controls import (
    BY_FAMILY,
    NOT_APPLICABLE,
    Controls,
    OneControl,
    control_log,
    controls_of,
    one_control,
    people_of,
    requests_of,
)
from risk.selectors.evidence import WITHDRAWN
from risk.selectors.told import statement_lines
from risk.services import applicability
from risk.web.control_forms import StateForm, forms_of, save_state
from risk.web.evidence import EvidenceForm, add_evidence
from risk.web.questionnaire import effect
from risk.web.shell import shell

SHOWN = (
    ("", gettext_lazy("All")),
    ("open", gettext_lazy("Open")),
    ("answered", gettext_lazy("Answered")),
    ("mine", gettext_lazy("Mine")),
    ("overdue", gettext_lazy("Overdue")),
    ("expiring", gettext_lazy("Running out")),
    ("inherited", gettext_lazy("Inherited")),
    (NOT_APPLICABLE, gettext_lazy("Not applicable")),
)
_DONE = {
    "ask": gettext_lazy("Asked. Until another person agrees, the control counts as it was."),
    "approve": gettext_lazy("Agreed: the control is no longer asked here."),
    "refuse": gettext_lazy("Refused: the control is asked as before."),
}


@require_http_methods(["GET", "POST"])
def control_list(request: PersonRequest, pk: int) -> HttpResponse:
    """The asked controls by family. A POST states every control whose fields it changes."""
    permission = Permission.EDIT if request.method == "POST" else Permission.VIEW
    application = access.application_or_404(request.user, pk, permission, "score")
    show, family = request.GET.get("show", ""), request.GET.get("family", "")
    problems: dict[str, StateForm] = {}
    if request.method == "POST":
        problems, saved = _save_all(request, application)
        if not problems:
            said = ngettext("%(n)s control saved.", "%(n)s controls saved.", saved) % {"n": saved}
            messages.success(request, said)
            return redirect(f"{reverse('risk:controls', args=[pk])}?{urlencode({'show': show, 'family': family})}")
    judgement = cases.judge_now(application, timezone.localdate())
    found = controls_of(application, judgement, request.user, show, family)
    form_of = forms_of(request, application, [line for one in found.shown for line in one.lines])
    context = {
        **shell(request.user, application, "controls", judgement),
        "found": found,
        "rows": {
            one.key: [(line, problems.get(line.control.id) or form_of(line.control.id)) for line in one.lines]
            for one in found.shown
        },
        "shown": [(value, label, value == show) for value, label in SHOWN],
        "show": show,
        "steps": _steps(application, found, show),
        "every": found.shown == found.families,
        "people": people_of(application),
        **_effect(judgement),
    }
    return render(request, "risk/controls.html", context, status=400 if problems else 200)


@require_http_methods(["GET", "POST"])
def control(request: PersonRequest, pk: int, key: str) -> HttpResponse:
    """One control with its evidence. A POST states it; htmx gets back how it went, with the effect beside it."""
    permission = Permission.EDIT if request.method == "POST" else Permission.VIEW
    application = access.application_or_404(request.user, pk, permission, "score")
    day = timezone.localdate()
    judgement = cases.judge_now(application, day)
    around = one_control(application, judgement, request.user, key)
    if around is None:
        raise Http404(_("There is no such control."))
    line = around.line
    if request.method == "GET":
        return _control_page(request, application, judgement, around, forms_of(request, application, [line])(key))
    form = forms_of(request, application)(key, request.POST)
    if not line.why:
        raise Http404(_("This control is not asked here."))
    saved = save_state(request, application, key, form)
    if not request.htmx:  # type: ignore[attr-defined]
        if saved:
            messages.success(request, _decided(application, key, form) if form.decided else _("Saved."))
            return redirect("risk:control", pk, key)
        return _control_page(request, application, judgement, around, form, status=400)
    judgement = cases.judge_now(application, day)
    after = one_control(application, judgement, request.user, key)
    show = request.GET.get("show", "")
    family = request.GET.get("family") or (line.control.family if show in BY_FAMILY else "")  # the one on the page
    found = controls_of(application, judgement, request.user, show, family)
    context = {
        **shell(request.user, application, "controls", judgement),
        "line": after and after.line,
        "form": form,
        "saved": saved
        and not form.keeps_theirs
        and bool(form.cleaned_data["status"]),  # without a state nothing is stated
        "swapped": True,
        "found": found,
        "steps": _steps(application, found, show),
        **_effect(judgement),
    }
    if form.decided and saved:  # the fields show the other's, or both: they come anew
        context |= {"form": forms_of(request, application)(key), "decided": _decided(application, key, form)}
        return reswap(retarget(render(request, "risk/_control_decided.html", context), f"#fields-{key}"), "outerHTML")
    return render(request, "risk/_control_saved.html", context)


def _decided(application: AIApplication, key: str, form: StateForm) -> str:
    """Which statement holds, once a person decided between theirs and somebody else's."""
    if not form.keeps_theirs:
        return _("Saved: your change holds.")
    state = application.control_states.select_related("stated_by").filter(control=key).first()
    if state is None or state.stated_by is None:
        return _("The other’s statement holds; your change is dropped.")
    return _("%(person)s’s statement holds; your change is dropped.") % {"person": state.stated_by}


@takes_upload(lambda: settings.EVIDENCE_MAX_BYTES)
@require_http_methods(["POST"])
def control_evidence(request: PersonRequest, pk: int, key: str) -> HttpResponse:
    """Add a file or a link as evidence for a control."""
    application = access.application_or_404(request.user, pk, Permission.EDIT)
    judgement = cases.judge_now(application, timezone.localdate())
    around = one_control(application, judgement, request.user, key)
    if around is None:
        raise Http404(_("There is no such control."))
    form = EvidenceForm(request.POST, request.FILES, control=around.line.control, prefix="evidence")
    if add_evidence(request, application, form, key):
        messages.success(request, _("The evidence is added."))
        return redirect("risk:control", pk, key)
    state_form = forms_of(request, application)(key)
    return _control_page(request, application, judgement, around, state_form, evidence_form=form, status=400)


@require_http_methods(["POST"])
def not_applicable(request: PersonRequest, pk: int, key: str) -> HttpResponse:
    """Ask to leave a control out, decide what was asked, or take it back, as the form's `do` says: the `request` that
    was on the page, since nobody decides what they never read."""
    application = access.application_or_404(request.user, pk, Permission.EDIT)
    actor, do, why = request.user, request.POST.get("do", ""), request.POST.get("why", "")
    found = [one for one in requests_of(application, key) if str(one.pk) == request.POST.get("request")]
    try:
        if do == "ask":
            applicability.ask(actor=actor, application=application, control=key, reason=why)
        elif not found:
            raise Http404(_("Nothing was asked about this control."))
        elif do in ("approve", "refuse"):
            applicability.decide(actor=actor, request=found[0], approve=do == "approve", why=why)
        else:
            applicability.take_back(actor=actor, request=found[0], why=why)
    except ValidationError as problems:
        messages.error(request, " ".join(problems.messages))
    else:
        messages.success(request, _DONE.get(do, _("Taken back: the control is asked again.")))
    return redirect(reverse("risk:control", args=[pk, key]) + "#not-applicable")


def _control_page(
    request: PersonRequest,
    application: AIApplication,
    judgement: Judgement,
    around: OneControl,
    form: StateForm,
    evidence_form: EvidenceForm | None = None,
    status: int = 200,
) -> HttpResponse:
    """Everything about one control: what is asked, what was stated, its evidence, and who did what."""
    line, items = around.line, around.items
    day, key = judgement.day, line.control.id
    context = {
        **shell(request.user, application, "controls", judgement),
        "line": line,
        "form": form,
        "items": [item for item in items if item.state != WITHDRAWN],
        "withdrawn": [item for item in items if item.state == WITHDRAWN],
        "evidence_form": evidence_form
        or EvidenceForm(prefix="evidence", control=line.control, initial={"issued": day}),
        "people": people_of(application),
        "log": [(entry, statement_lines(entry.details)) for entry in control_log(application, key)],
        "requests": around.requests,
        "may_decide": access.may(request.user, Permission.REVIEW, application.department),
        **_effect(judgement),
    }
    return render(request, "risk/control.html", context, status=status)


def _steps(application: AIApplication, found: Controls, show: str) -> list[dict[str, str]]:
    """The families as steps."""
    address = reverse("risk:controls", args=[application.pk])
    current = {one.key for one in found.shown} if len(found.shown) == 1 else set()
    return [
        {
            "label": one.name,
            "url": f"{address}?{urlencode({'family': one.key, **({'show': show} if show else {})})}",
            "state": "current" if one.key in current else "done" if one.answered == one.asked else "todo",
            "note": _("%(part)s of %(whole)s") % {"part": one.answered, "whole": one.asked},
        }
        for one in found.families
    ]


def _effect(judgement: Judgement) -> dict[str, Any]:
    return {"effect": effect(judgement)}


@transaction.atomic
def _save_all(request: PersonRequest, application: AIApplication) -> tuple[dict[str, StateForm], int]:
    """State every control of the page that has a status; all or none. Returns the forms where one is wrong, and how
    many changed."""
    judgement = cases.judge_now(application, timezone.localdate())
    before = dict(application.control_states.values_list("control", "stated_at"))
    form_of = forms_of(request, application)
    forms_ = {key: form_of(key, request.POST) for key in _given(request.POST, judgement)}
    saved = [save_state(request, application, key, form) for key, form in forms_.items()]
    if not all(saved):
        transaction.set_rollback(True)
        return forms_, 0  # all of them: what was right is not saved either, and stays on the page
    after = dict(application.control_states.values_list("control", "stated_at"))
    return {}, sum(before.get(key) != at for key, at in after.items())


def _given(data: QueryDict, judgement: Judgement) -> list[str]:
    """The asked controls of which the form holds a status."""
    return [one.control.id for one in judgement.asked if data.get(f"{one.control.id}-status")]
