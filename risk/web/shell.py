"""The head that all pages of one application share: name, badges, tabs."""

from dataclasses import dataclass
from typing import Any

from django.db.models import Sum
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from inventory import access
from inventory.access import Permission
from inventory.models import AIApplication, DailyUsage, User
from risk.choices import EUClass, RecordForm
from risk.method import load_method
from risk.models import CurrentScore
from risk.scoring.judgement import Judgement
from risk.scoring.questionnaire import Progress, progress_of
from risk.selectors.signals import WINDOW_DAYS, window_start


@dataclass(frozen=True)
class Tab:
    """A page of the application; `count` says how far it is ("9/12")."""

    label: str
    url: str
    active: bool
    count: str = ""


def shell(user: User, application: AIApplication, active: str, judgement: Judgement | None = None) -> dict[str, Any]:
    """What base_application.html needs, beside what the page itself shows. `active`: the route of the page.

    With a `judgement` the counts are those of this moment, else those of the stored score.
    """
    score = getattr(application, "score", None)
    progress = progress_of(judgement, load_method()) if judgement is not None else score
    return {
        "application": application,
        "score": score,
        "classified": judgement.classification if judgement is not None else None,
        "stopped": (judgement.classification.class_ if judgement is not None else score and score.eu_class)
        == EUClass.PROHIBITED,  # a prohibited practice: answering more questions is not what to do next
        "progress": progress,
        "tabs": _tabs(application, progress, active),
        "may_edit": access.may(user, Permission.EDIT, application.department),
        "interactions": judgement.case.usage.interactions if judgement is not None else _interactions(application),
        "interaction_days": WINDOW_DAYS,
        "open_questions": progress.questions_asked - progress.questions_answered if progress else 0,
    }


def _tabs(application: AIApplication, progress: Progress | CurrentScore | None, active: str) -> list[Tab]:
    counts = {}
    if progress is not None:
        counts = {
            "questionnaire": f"{progress.questions_answered}/{progress.questions_asked}",
            "controls": f"{progress.controls_answered}/{progress.controls_asked}",
        }
    labels = {
        "application": _("Summary"),
        "questionnaire": _("Questionnaire"),
        "classification": _("Classification"),
        "impact": _("Impact assessment"),
        "controls": _("Controls"),
        "application_evidence": _("Evidence"),
        "what_if": _("What-if"),
        "activity": _("Activity"),
        "history": _("History"),
    }
    return [
        Tab(label, _tab_address(route, application), route == active, counts.get(route, ""))
        for route, label in labels.items()
    ]


def _tab_address(route: str, application: AIApplication) -> str:
    if route == RecordForm.IMPACT:
        return reverse("risk:record", args=[application.pk, route])
    return reverse(f"risk:{route}", args=[application.pk])


def _interactions(application: AIApplication) -> int:
    today = timezone.localdate()
    found = DailyUsage.objects.filter(application=application, day__range=(window_start(today), today))
    return found.aggregate(all=Sum("interactions"))["all"] or 0
