"""Recommendations as they stood at the end of a past day, by what happened to each up to then.

Its steps say in which state a card was, and what was counted when it came into it. How it grew in between, its
severity and its findings are known of today alone.
"""

from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Min, QuerySet
from django.utils import timezone

from governance.models import RecommendationAction, RecommendationState, RecommendationStep
from governance.selectors.rules import RULES
from governance.selectors.rules.base import Rule
from inventory.models import Department
from inventory.selectors.scope import Scope
from risk.selectors.history import end_of

# What leaves the state as it is, being assigned, is not named
_INTO = {
    RecommendationAction.FOUND: RecommendationState.OPEN,
    RecommendationAction.STARTED: RecommendationState.IN_PROGRESS,
    RecommendationAction.DISMISSED: RecommendationState.DISMISSED,
    RecommendationAction.REOPENED: RecommendationState.OPEN,
    RecommendationAction.COMPLETED: RecommendationState.COMPLETED,
}


@dataclass(frozen=True, slots=True)
class CardThen:
    """A card as it stood. `since`: of the state; `rows` and `amount` were counted then; `text`: why, `by`: who, empty
    where it came about by itself."""

    pk: int
    rule: Rule
    department: Department
    state: str
    since: datetime
    rows: int
    amount: int
    text: str
    by: str

    @property
    def state_name(self) -> str:
        return str(RecommendationState(self.state).label)


def cards(scope: Scope, day: date) -> list[CardThen]:
    """Every card of what is looked at, the newest state first; one query."""
    steps = _steps(scope).filter(at__lt=end_of(day), action__in=_INTO).select_related("recommendation__department")
    newest = steps.select_related("actor").order_by("recommendation_id", "-at", "-id").distinct("recommendation_id")
    found = [
        CardThen(
            pk=step.recommendation_id,
            rule=RULES[step.recommendation.rule],
            department=step.recommendation.department,
            state=_INTO[RecommendationAction(step.action)],
            since=step.at,
            rows=step.rows,
            amount=step.amount,
            text=step.text,
            by=str(step.actor or ""),
        )
        for step in newest
    ]
    return sorted(found, key=lambda card: (-card.since.timestamp(), card.pk))


def first_day(scope: Scope) -> date | None:
    """The day on which the first of them was found."""
    first = _steps(scope).aggregate(at=Min("at"))["at"]
    return timezone.localdate(first) if first else None


def _steps(scope: Scope) -> QuerySet[RecommendationStep]:
    tops = [top.pk for top in scope.tops]
    return RecommendationStep.objects.filter(recommendation__rule__in=RULES, recommendation__department__in=tops)
