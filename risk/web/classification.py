"""The class under the EU AI Act: what it is and why, what it asks and from when, who decided; or the stop page."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from inventory import access
from inventory.access import Permission
from inventory.choices import Lifecycle
from inventory.models import AIApplication
from inventory.web.requests import PersonRequest
from risk.choices import RecordForm
from risk.method import load_method
from risk.scoring.judgement import Judgement
from risk.selectors import cases, records, trail
from risk.selectors.classification import classification
from risk.web.shell import shell

TRAIL_SHOWN = 12  # steps that are open at once; the others fold


@require_safe
def classification_page(request: PersonRequest, pk: int) -> HttpResponse:
    """The class with the articles behind it, what still decides it, and what follows from it with its dates."""
    application = access.application_or_404(request.user, pk, Permission.VIEW, "score")
    judgement = cases.judge_now(application, timezone.localdate())
    found = classification(judgement, load_method())
    steps = trail.trail(application, load_method())
    versions = records.versions_by_form(application)
    exemption, assessment = (
        records.standing_of(form, versions.get(form, ()), application, judgement.case.answers, judgement.day)
        for form in (RecordForm.EXEMPTION, RecordForm.FUNDAMENTAL_RIGHTS)
    )
    context = {
        **shell(request.user, application, "classification", judgement),
        **stop(application, judgement),
        "found": found,
        "method": load_method().version,
        "steps": steps[:TRAIL_SHOWN],
        "more_steps": steps[TRAIL_SHOWN:],
        "classes": trail.classes(application),
        "exemption": exemption,
        "assessment": assessment,
        "profiling": judgement.case.answers.get("profiling"),
    }
    return render(request, "risk/classification.html", context)


def stop(application: AIApplication, judgement: Judgement) -> dict[str, Any]:
    """What the stop card needs; nothing where no prohibited practice was found."""
    if not judgement.inputs.prohibited:
        return {}
    method = load_method()
    practices = classification(judgement, method).practices
    asked = list(dict.fromkeys(question for one in practices for question in one.questions))
    return {
        "practices": practices,
        "decided": trail.given(application, asked, method),
        "action": method.classes["prohibited"].action,
        "running": application.lifecycle in (Lifecycle.LIVE, Lifecycle.APPROVED),
    }
