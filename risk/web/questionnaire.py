"""The questionnaire: one small step at a time, each answer saved as it is given and its effect shown."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from inventory import access
from inventory.access import Permission
from inventory.models import AIApplication
from inventory.web.requests import PersonRequest
from risk.choices import Principle
from risk.method import load_method
from risk.scoring.judgement import Judgement
from risk.scoring.questionnaire import Count, Item, step_of
from risk.selectors import cases
from risk.selectors.causes import answer_text
from risk.selectors.questionnaire import Questions, newer_answers, questions, told
from risk.services import assessments
from risk.services.assessments import UNANSWERED, same
from risk.web.answer_forms import NONE, SHOWN, UNKNOWN, Form, answer_of, as_answered, read, token
from risk.web.shell import shell

ANSWERED = "answered"  # rung in the page after a save: what the other answers would change is different now
Problems = dict[str, list[str]]  # what is wrong, by question


@require_http_methods(["GET", "POST"])
def questionnaire(request: PersonRequest, pk: int) -> HttpResponse:
    """One step. A POST saves what it holds: by htmx as soon as a choice is made, which brings its effect back; without
    scripts the whole step, which leads to the next."""
    permission = Permission.EDIT if request.method == "POST" else Permission.VIEW
    application = access.application_or_404(request.user, pk, permission, "score")
    step = request.GET.get("step", "")
    if request.method != "POST":
        return render(request, "risk/questionnaire.html", _page(request, application, step, {}))
    before = questions(cases.judge_fitting(application, timezone.localdate())[0], step)
    form = read(request.POST, before.asked)
    problems, overtaken = _save(request, application, form)
    if request.htmx:  # type: ignore[attr-defined]
        return _answer_to_htmx(request, application, before, problems, form)
    if problems or overtaken:
        context = _page(request, application, step, problems)
        return render(request, "risk/questionnaire.html", context | _as_sent(request, context, form), status=400)
    messages.success(request, _("Your answers are saved."))
    return redirect(_next_address(application, before))


@require_safe
def consequences(request: PersonRequest, pk: int) -> HttpResponse:
    """What each answer of a step would change: the page asks for it once it is there, and after each save."""
    application = access.application_or_404(request.user, pk, Permission.EDIT, "score")
    judgement, misfits = cases.judge_fitting(application, timezone.localdate())
    effects = {} if misfits else told(judgement, request.GET.get("step", ""))
    return render(request, "risk/_consequences.html", {"effects": effects})


def _save(request: PersonRequest, application: AIApplication, form: Form) -> tuple[Problems, set[str]]:
    """Save what the person changed; returns what is wrong, by question, and where somebody else answered meanwhile.

    By htmx a refused answer stays chosen on the page, with the reason, and comes with each later one: it must not keep
    those from being saved, so it is left out and the rest is tried again.
    """
    answers, wrong, overtaken = dict(form.answers), Problems(), set[str]()
    while True:
        try:
            assessments.save_answers(actor=request.user, application=application, answers=answers, seen=form.seen)
        except ValidationError as problems:
            if isinstance(problems, assessments.OvertakenError):
                overtaken |= problems.message_dict.keys()
            else:
                wrong |= problems.message_dict
            rest = {key: value for key, value in answers.items() if key not in wrong and key not in overtaken}
            if request.htmx and rest and len(rest) < len(answers):  # type: ignore[attr-defined]
                answers = rest
                continue
        return wrong, overtaken


def _as_sent(request: PersonRequest, context: dict[str, Any], form: Form) -> dict[str, Any]:
    """The page with what the person chose, none of it lost, and what it showed before."""
    found = context["found"]
    asked = [as_answered(item, form.chosen.get(item.key, ...)) for item in found.asked]
    sent = {key: text for key in context["tokens"] if (text := request.POST.get(SHOWN + key)) is not None}
    return {
        "found": replace(found, asked=asked),
        "tokens": context["tokens"] | sent,
        "newer": _newer(request, context["application"], found.asked, form),
    }


def _newer(
    request: PersonRequest, application: AIApplication, now: Sequence[Item], form: Form
) -> dict[str, dict[str, Any]]:
    """Where somebody else's answer is another than the page shows: theirs, and the person's own in words."""
    differ = [
        item.key
        for item in now
        if item.key in form.seen
        and item.key not in form.dropped
        and not same(form.chosen.get(item.key, UNANSWERED), answer_of(item))
        and not same(form.seen[item.key], answer_of(item))
    ]
    found = newer_answers(application, request.user, differ)
    return {
        key: {
            "theirs": one,
            "token": token(one.value),
            "mine": answer_text(key, form.chosen[key], load_method()) if key in form.chosen else "",
        }
        for key, one in found.items()
    }


def _answer_to_htmx(
    request: PersonRequest, application: AIApplication, before: Questions, problems: Problems, form: Form
) -> HttpResponse:
    """The effect, and the questions that come and go. Those that stay are not sent: nothing is replaced under the hand.

    `asked` in the form says which ones the page has: a later answer may have overtaken this one.
    """
    context = _page(request, application, before.current.step, problems)
    now = list(context["found"].asked)
    asked = {key for key in request.POST.getlist("asked") if step_of(key, load_method())}
    there = asked or {item.key for item in before.asked}
    context |= {
        "gone": sorted(there - {item.key for item in now}),
        "new": [(one, prior and prior.key) for prior, one in pairwise([None, *now]) if one and one.key not in there],
        "stayed": [item for item in now if item.key in there and item.key not in form.dropped],
        "replaced": [item for item in now if item.key in there and item.key in form.dropped],
        "settled": {item.key for item in now if same(form.chosen.get(item.key, UNANSWERED), answer_of(item))},
        "newer": _newer(request, application, now, form),
    }
    response = render(request, "risk/_saved.html", {**context, "swapped": True})
    response["HX-Trigger-After-Settle"] = ANSWERED
    return response


def _page(request: PersonRequest, application: AIApplication, step: str, problems: Problems) -> dict[str, Any]:
    judgement, misfits = cases.judge_fitting(application, timezone.localdate())
    found = questions(judgement, step)
    return {
        **shell(request.user, application, "questionnaire", judgement),
        "found": found,
        "steps": _steps(application, found),
        "effect": None if misfits else effect(judgement),
        "misfits": list(misfits.values()),
        "problems": problems,
        "tokens": {item.key: token(answer_of(item)) for item in found.asked},
        "elsewhere": {key: text for key, text in problems.items() if not _shown(key, found)},
        "method": load_method().version,
        "alone": (NONE, UNKNOWN),
    }


def _shown(key: str, found: Questions) -> bool:
    return any(item.key == key for item in found.asked)


def _steps(application: AIApplication, found: Questions) -> list[dict[str, str]]:
    address = reverse("risk:questionnaire", args=[application.pk])
    return [
        {
            "label": one.title,
            "url": f"{address}?step={one.step}",
            "state": "current" if one.current else "done" if one.settled else "todo",
            "note": _note(one.count),
        }
        for one in found.steps
    ]


def _note(count: Count) -> str:
    values = {"part": count.answered, "whole": count.asked, "unknown": count.unknown}
    if count.unknown:
        return _("%(part)s of %(whole)s, %(unknown)s of them not known") % values
    return _("%(part)s of %(whole)s") % values


def effect(judgement: Judgement) -> dict[str, Any]:
    """What the aside shows: the score by principle as it moves, and the class so far."""
    band = load_method().band
    return {
        "score": judgement.score,
        "prohibited": judgement.inputs.prohibited,
        "lines": [
            {"label": Principle(key).label, "score": one, "band": band(one.point)}
            for key, one in judgement.score.principles.items()
        ],
        "classification": judgement.classification,
        "controls": sum(one.applicable is not False for one in judgement.asked),
    }


def _next_address(application: AIApplication, before: Questions) -> str:
    """The step after the one just saved, as the answers now stand; after the last the summary."""
    found = questions(cases.judge_fitting(application, timezone.localdate())[0], before.current.step)
    if found.following is None:
        return reverse("risk:application", args=[application.pk])
    return reverse("risk:questionnaire", args=[application.pk]) + f"?step={found.following.step}"
