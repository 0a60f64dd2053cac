"""What-if: answers, controls and alerts tried on a copy. The address holds all of it; nothing is stored."""

from collections.abc import Iterator, Sequence
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from inventory import access
from inventory.access import Permission
from inventory.models import AIApplication, User
from inventory.web.requests import PersonRequest
from risk.choices import ControlStatus
from risk.method import load_method
from risk.scoring.case import Occurrence
from risk.scoring.classify import Answer
from risk.scoring.judgement import Judgement
from risk.scoring.method import Method, Question
from risk.scoring.questionnaire import Item, Standing, Step, items, step_of
from risk.scoring.what_if import Changes
from risk.selectors import cases
from risk.selectors.causes import answer_text, control_text
from risk.selectors.questionnaire import STEP_TITLES
from risk.selectors.what_if import Trial, trial
from risk.services import tasks
from risk.web.answer_forms import NONE, PREFIX, UNKNOWN
from risk.web.shell import shell

CONTROL, ALERT, NEW_ALERTS = "c:", "e:", "new:"
MOST_ALERTS = 9
_DIGITS = 6  # a longer number is not worked out, only bounded
_YES_NO = {"yes": True, "no": False}
_ALERT_CHOICES = (("resolved", _("Resolved")), ("dismissed", _("Dismissed, it was none")))


@require_http_methods(["GET", "HEAD", "POST"])
def what_if_page(request: PersonRequest, pk: int) -> HttpResponse:
    """Try changes, see the new score beside the old one. A POST makes tasks of what the address holds."""
    permission = Permission.EDIT if request.method == "POST" else Permission.VIEW
    application = access.application_or_404(request.user, pk, permission, "score")
    judgement = cases.judge_now(application, timezone.localdate())
    wanted = changes_of(request.GET, judgement, load_method())
    form = TaskForm(request.POST if request.method == "POST" else None, application=application)
    if request.method == "POST" and _plan(request, application, judgement, wanted, form):
        return redirect(reverse("risk:application", args=[pk]) + "#tasks")
    found = trial(judgement, wanted)
    address = _lean(request)
    context = {
        **shell(request.user, application, "what_if", judgement),
        "found": found,
        "wanted": wanted,
        "task_form": form,
        "address": address,
        "can_plan": tasks.may_follow(judgement, wanted),
    }
    if request.htmx:  # type: ignore[attr-defined]
        response = render(request, "risk/_what_if_effect.html", context)
        response["HX-Push-Url"] = address
        return response
    context |= fields(found, wanted, request.GET)
    return render(request, "risk/what_if.html", context, status=400 if form.errors else 200)


def _lean(request: PersonRequest) -> str:
    """The address of what is tried, without the fields that are as they are: one that a person can send on."""
    tried = QueryDict(mutable=True)
    for name, values in request.GET.lists():
        tried.setlist(name, [value for value in values if value])
    return f"{request.path}?{tried.urlencode()}" if any(tried.values()) else request.path


class TaskForm(forms.Form):
    """Who is to do it, and by when."""

    owner = forms.ModelChoiceField(User.objects.none(), required=False, to_field_name="username", label=_("For"))
    due = forms.DateField(
        required=False, label=_("Due"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )

    def __init__(self, data: QueryDict | None, *, application: AIApplication) -> None:
        """Offers the owner and the deputy of the application, and the person who was named."""
        named = data.get("owner", "") if data else ""
        known = [one.pk for one in (application.owner, application.deputy) if one is not None]
        super().__init__(data, initial={"owner": application.owner.username if application.owner else None})
        people = User.objects.filter(is_active=True)
        field: Any = self.fields["owner"]
        field.queryset = people.filter(pk__in=known) | people.filter(username=named)
        field.empty_label = gettext("Nobody yet")


def _plan(
    request: PersonRequest, application: AIApplication, judgement: Judgement, wanted: Changes, form: TaskForm
) -> bool:
    """Make the tasks; what is wrong stands on the form."""
    if not form.is_valid():
        return False
    try:
        made = tasks.plan(
            actor=request.user, application=application, judgement=judgement, changes=wanted, **form.cleaned_data
        )
    except ValidationError as problem:
        form.add_error(None, problem)
        return False
    count = len(made)
    text = (
        ngettext("%(n)s task made.", "%(n)s tasks made.", count) % {"n": count}
        if count
        else gettext("Each of these has an open task already.")
    )
    messages.success(request, text)
    return True


def changes_of(data: QueryDict, judgement: Judgement, method: Method) -> Changes:
    """The changes that an address holds; what cannot be read, or is as it is already, is left out."""
    answers, controls = {}, {}
    for name, values in data.lists():
        given = [str(value) for value in values if value]
        if name.startswith(PREFIX) and given:
            key = name.removeprefix(PREFIX)
            known, answer = _answer(key, given, method)
            if known and (key not in judgement.case.answers or judgement.case.answers[key] != answer):
                answers[key] = answer
        elif name.startswith(CONTROL) and given and given[-1] in ControlStatus.values:
            controls[name.removeprefix(CONTROL)] = given[-1]
    settled = [(one.ref, data.get(ALERT + one.ref, "")) for one in judgement.case.occurrences]
    alerts = {one.ref for one in judgement.case.occurrences if not _is_incident(one)}
    return Changes(
        answers=answers,
        controls={key: status for key, status in controls.items() if key in method.controls},
        alerts=tuple(_new_alerts(data, method)),
        closed=frozenset(ref for ref, value in settled if value == "resolved"),
        dismissed=frozenset(ref for ref, value in settled if value == "dismissed" and ref in alerts),
        telemetry=bool(data.get("telemetry")),
    )


def _answer(key: str, given: list[str], method: Method) -> tuple[bool, Answer]:
    """Whether this is an answer to a question that people answer about an application, and that answer."""
    value, question = given[-1], method.questions.get(key)
    if step_of(key, method) is None:
        return False, None
    if question and question.type == "multi":
        return _several(given, question)
    if value == UNKNOWN:
        return True, None
    if key in method.factors:
        return value in method.factors[key].options, value
    if key in method.facts or (question and question.type == "yes_no"):
        return value in _YES_NO, _YES_NO.get(value)
    return bool(question and value in question.options), value


def _several(given: list[str], question: Question) -> tuple[bool, Answer]:
    """Of a question with several options those that are chosen, in its own order; beside one of them "none" and "I
    don't know" say nothing."""
    chosen = [option for option in question.options if option in given]
    if chosen or NONE in given:
        return True, list[str](chosen)
    return UNKNOWN in given, None


def _new_alerts(data: QueryDict, method: Method) -> Iterator[str]:
    for severity in method.signal_severity:
        text = data.get(NEW_ALERTS + severity, "")
        if text.isascii() and text.isdigit():
            yield from [severity] * (min(int(text), MOST_ALERTS) if len(text) <= _DIGITS else MOST_ALERTS)


def fields(found: Trial, wanted: Changes, data: QueryDict) -> dict[str, Any]:
    """What can be tried, in groups: questions by step, controls by family, alerts."""
    method, words = load_method(), Words()
    steps: dict[Step, list[dict[str, Any]]] = {}
    for item in items(found.then, method):
        if item.standing is not Standing.DERIVED or item.key in wanted.answers:
            steps.setdefault(item.step, []).append(_question_field(item, found.now, data, words))
    families: dict[str, list[dict[str, Any]]] = {}
    for one in found.then.asked:
        if one.applicable is not False:
            families.setdefault(one.control.family, []).append(_control_field(one.control.id, found.now, data, words))
    return {
        "steps": [(STEP_TITLES[step], group) for step, group in steps.items()],
        "families": [(name, families[key]) for key, name in method.families.items() if key in families],
        "alerts": [
            {"name": ALERT + one.ref, "label": one.label or gettext("Alert"),
             "now": _alert_words(one.open, one.severity),
             "choices": [(value, text, data.get(ALERT + one.ref) == value) for value, text in _ways_to_settle(one)]}
            for one in found.now.case.occurrences if one.counts_on(found.now.day)
        ],
        "severities": [(NEW_ALERTS + one, one, data.get(NEW_ALERTS + one, "")) for one in method.signal_severity],
        "unseen": not found.now.inputs.signals.telemetry,
        "most_alerts": MOST_ALERTS,
    }  # fmt: skip


def _is_incident(one: Occurrence) -> bool:
    """Whether a reviewer recorded it, with its principles: it can be resolved, but never turns out to be none."""
    return bool(one.principles)


def _ways_to_settle(one: Occurrence) -> Sequence[tuple[str, Any]]:
    return _ALERT_CHOICES[:1] if _is_incident(one) else _ALERT_CHOICES


def _alert_words(is_open: bool, severity: str) -> str:
    return f"{severity}, {'open' if is_open else 'resolved'}"


class Words:
    """What the fields of a page have in common, translated once for all of them."""

    def __init__(self) -> None:
        self.now, self.unanswered = gettext("now %(now)s"), gettext("not answered")
        self.yes_no = [("yes", gettext("Yes")), ("no", gettext("No"))]
        self.none, self.unknown = (NONE, gettext("None of these")), (UNKNOWN, "I don't know")
        self.statuses = {value: str(label) for value, label in ControlStatus.choices}


def _question_field(item: Item, now: Judgement, data: QueryDict, words: Words) -> dict[str, Any]:
    name, answers, several = PREFIX + item.key, now.case.answers, item.type == "multi"
    options = words.yes_no if item.type == "yes_no" else [*item.options, *([words.none] if several else [])]
    given = answer_text(item.key, answers[item.key], load_method()) if item.key in answers else words.unanswered
    chosen = [value for value in data.getlist(name) if value]
    return {
        "name": name,
        "label": item.text,
        "now": words.now % {"now": given},
        "choices": [(value, label, value in chosen) for value, label in (*options, words.unknown)],
        "several": several,
        "changed": bool(chosen),
    }


def _control_field(key: str, now: Judgement, data: QueryDict, words: Words) -> dict[str, Any]:
    stated = now.case.controls.get(key)
    status = stated.status_on(now.day) if stated else None
    chosen = data.get(CONTROL + key, "")
    return {
        "name": CONTROL + key,
        "label": control_text(key, load_method()),
        "now": words.now % {"now": words.statuses.get(status or "", words.unanswered)},
        "choices": [(value, label, value == chosen) for value, label in words.statuses.items()],
        "changed": bool(chosen),
    }
