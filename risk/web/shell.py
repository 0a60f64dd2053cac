"""The head that all pages of one application share: name, badges, tabs."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db.models import Sum
from django.urls import reverse
from django.utils import timezone

from inventory import access
from inventory.access import Permission
from inventory.models import AIApplication, DailyUsage, User
from risk.models import CurrentScore
from risk.selectors.signals import WINDOW_DAYS, window_start


@dataclass(frozen=True)
class Tab:
    """A page of the application; `count` says how far it is ("9/12")."""

    label: str
    url: str
    active: bool
    count: str = ""


def shell(user: User, application: AIApplication, active: str) -> dict[str, Any]:
    """What base_application.html needs, beside what the page itself shows. `active`: the route of the page."""
    score = CurrentScore.objects.filter(pk=application.pk).first()
    return {
        "application": application,
        "score": score,
        "tabs": _tabs(application, score, active),
        "may_edit": access.may(user, Permission.EDIT, application.department),
        "interactions": _interactions(application),
        "interaction_days": WINDOW_DAYS,
        "open_questions": max(0, score.questions_asked - score.questions_answered) if score else 0,
    }


def _tabs(application: AIApplication, score: CurrentScore | None, active: str) -> list[Tab]:
    counts = {}
    if score is not None:
        counts = {
            "questionnaire": f"{score.questions_answered}/{score.questions_asked}",
            "controls": f"{score.controls_answered}/{score.controls_asked}",
        }
    labels = {
        "application": "Summary",
        "questionnaire": "Questionnaire",
        "classification": "Classification",
        "controls": "Controls",
        "activity": "Activity",
        "history": "History",
    }
    return [
        Tab(label, reverse(f"risk:{route}", args=[application.pk]), route == active, counts.get(route, ""))
        for route, label in labels.items()
    ]


def _interactions(application: AIApplication) -> int:
    today = timezone.localdate()
    found = DailyUsage.objects.filter(application=application, day__range=(window_start(today), today + timedelta(1)))
    return found.aggregate(all=Sum("interactions"))["all"] or 0
