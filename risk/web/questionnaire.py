"""The questionnaire: one small step at a time, each answer saved as it is given and its effect shown."""

from itertools import pairwise
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from inventory import access
from inventory.access import Permission
from inventory.models import AIApplication
from inventory.web.requests import PersonRequest
from risk.choices import Principle
from risk.method import load_method
from risk.scoring.judgement import Judgement
from risk.scoring.questionnaire import step_of
from risk.selectors import cases
from risk.selectors.questionnaire import Questions, questions, told
from risk.services import assessments
from risk.web.answer_forms import NONE, UNKNOWN, given_answers
from risk.web.shell import shell

ANSWERED = "answered"  # rung in the page after a save: what the other answers would change is different now
Problems = dict[str, list[str]]  # what is wrong, by question


@require_http_methods(["GET", "POST"])
def questionnaire(request: PersonRequest, pk: int) -> HttpResponse:
    """One step. A POST saves what it holds: by htmx as soon as a choice is made, which brings its effect back; without
    scripts the whole step, which leads to the next."""
    permission = Permission.EDIT if request.method == "POST" else Permission.VIEW
    application = access.application_or_404(request.user, pk, permission)
    step = request.GET.get("step", "")
    if request.method != "POST":
        return render(request, "risk/questionnaire.html", _page(request, application, step, {}))
    before = questions(cases.judge_fitting(application, timezone.localdate())[0], step)
    problems = _save(request, application, before)
    if request.htmx:  # type: ignore[attr-defined]
        return _answer_to_htmx(request, application, before, problems)
    if problems:
        return render(request, "risk/questionnaire.html", _page(request, application, step, problems), status=400)
    messages.success(request, "Your answers are saved.")
    return redirect(_next_address(application, before))


@require_safe
def consequences(request: PersonRequest, pk: int) -> HttpResponse:
    """What each answer of a step would change: the page asks for it once it is there, and after each save."""
    application = access.application_or_404(request.user, pk, Permission.EDIT)
    judgement, misfits = cases.judge_fitting(application, timezone.localdate())
    effects = {} if misfits else told(judgement, request.GET.get("step", ""))
    return render(request, "risk/_consequences.html", {"effects": effects})


def _save(request: PersonRequest, application: AIApplication, shown: Questions) -> Problems:
    """Save the answers of the form; returns what is wrong, by question.

    By htmx a refused answer stays chosen on the page, with the reason, and comes with each later one: it must not keep
    those from being saved, so it is left out and the rest is tried again.
    """
    answers, wrong = given_answers(request.POST, list(shown.asked)), Problems()
    while True:
        try:
            assessments.save_answers(actor=request.user, application=application, answers=answers)
        except ValidationError as problems:
            wrong |= problems.message_dict
            rest = {key: value for key, value in answers.items() if key not in wrong}
            if request.htmx and rest and len(rest) < len(answers):  # type: ignore[attr-defined]
                answers = rest
                continue
        return wrong


def _answer_to_htmx(
    request: PersonRequest, application: AIApplication, before: Questions, problems: Problems
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
        "stayed": [item for item in now if item.key in there],
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
            "state": "current" if one.current else "done" if one.finished else "todo",
            "note": f"{one.answered} of {one.asked}",
        }
        for one in found.steps
    ]


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
