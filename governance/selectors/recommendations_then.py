"""Recommendations as they stood at the end of a past day.

Their steps say in which state a card was. What it counted, how grave that was and which findings there were is kept
day by day (services.recommendations.dated); of days before that was kept, the steps tell what was counted when it came
into its state, and nothing of severity, departments or findings. Departments and rights are today's: an application
that lies out of the person's sight by now is counted and not named.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from django.core.paginator import Page, Paginator
from django.db.models import Count, Min, Q, QuerySet
from django.http import Http404
from django.utils import timezone

from governance.models import (
    Gravity,
    Recommendation,
    RecommendationAction,
    RecommendationDay,
    RecommendationState,
    RecommendationStep,
    SubjectSpell,
)
from governance.selectors.recommendation_evidence import A_PAGE
from governance.selectors.recommendations import UNASSIGNED, Place, places_among
from governance.selectors.recommendations_among import OF_APPLICATIONS, Figures
from governance.selectors.rules import RULES
from governance.selectors.rules.base import Rule
from inventory import access
from inventory.models import Department, User
from inventory.selectors.scope import Scope
from risk.selectors.history import end_of

KEPT = 400  # days: a year, and a month to look back from
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
    """A card as it stood. `since`: of the state; `text`: why, `by`: who, empty where it came about by itself. `rows`
    and `amount` are those of the day; where `severity` is empty, they were counted when it came into its state."""

    pk: int
    rule: Rule
    department: Department
    state: str
    since: datetime
    rows: int
    amount: int
    text: str
    by: str
    severity: str = ""
    departments: int = 0
    places: tuple[Place, ...] = ()

    @property
    def state_name(self) -> str:
        return str(RecommendationState(self.state).label)

    @property
    def severity_name(self) -> str:
        return str(Gravity[self.severity.upper()].label) if self.severity else ""


@dataclass(frozen=True, slots=True)
class LineThen:
    """A finding of then. `day`: from when on it stood so."""

    kind: str
    name: str
    department: str
    department_key: str
    severity: str
    day: date

    @property
    def severity_name(self) -> str:
        return str(Gravity[self.severity.upper()].label)


def cards(scope: Scope, day: date) -> list[CardThen]:
    """Every card of what is looked at, the newest state first."""
    found = _stood(_steps(scope), day)
    parts = Q(pk__in=[top.pk for top in scope.tops]) | Q(pk__in=scope.rows().order_by().values("pk"))
    counted = _counted(Recommendation.objects.filter(department__in=Department.objects.filter(parts)), day)
    places = places_among(scope, counted)
    found = [_with(card, counted, tuple(places.get((card.rule.key, card.department.pk), ()))) for card in found]
    return sorted(found, key=lambda card: (-card.since.timestamp(), card.pk))


def card_or_404(user: User, pk: int, day: date) -> CardThen:
    """One card; Http404 where its department is out of sight, or it was not there yet."""
    seen = access.departments(user).order_by().values("pk")
    found = _stood(RecommendationStep.objects.filter(recommendation=pk, recommendation__department__in=seen), day)
    if not found:
        raise Http404("No such recommendation then.")
    return _with(found[0], _counted(Recommendation.objects.filter(pk=pk), day))


def evidence(user: User, card: CardThen, day: date, page: int = 1) -> Page:
    """A page of LineThen: what was found, the gravest first."""
    shown: Page = Paginator(_spells(user, card, day), A_PAGE).get_page(page)
    shown.object_list = [_line(one) for one in shown.object_list]
    return shown


def every_line(user: User, card: CardThen, day: date) -> Iterator[LineThen]:
    """All that `evidence` shows."""
    return (_line(one) for one in _spells(user, card, day).iterator(500))


def places(user: User, card: CardThen, day: date, most: int = 200) -> list[tuple[str, str, int]]:
    """The departments in which something was found: key, name and how many findings, those with the most first."""
    rows = (
        _spells(user, card, day).order_by().values_list("department__key", "department__name").annotate(n=Count("pk"))
    )
    return [(key or "", name or UNASSIGNED, n) for key, name, n in rows.order_by("-n", "department__name")[:most]]


def first_day(scope: Scope) -> date | None:
    """The day on which the first of them was found."""
    return _first(_steps(scope))


def first_day_of(pk: int) -> date | None:
    """The day on which a card was found."""
    return _first(RecommendationStep.objects.filter(recommendation=pk))


def first_kept() -> date | None:
    """The first day of which severity and findings are known."""
    at_the_root = RecommendationDay.objects.filter(
        recommendation__department__parent=None
    )  # whatever is found is there
    first = at_the_root.aggregate(day=Min("day"))["day"]
    return max(first, _oldest()) if first else None


def _oldest() -> date:
    """Before it, what had ended is cleared."""
    return timezone.localdate() - timedelta(days=KEPT)


def _first(steps: QuerySet[RecommendationStep]) -> date | None:
    first = steps.aggregate(at=Min("at"))["at"]
    return timezone.localdate(first) if first else None


def _steps(scope: Scope) -> QuerySet[RecommendationStep]:
    tops = [top.pk for top in scope.tops]
    return RecommendationStep.objects.filter(recommendation__rule__in=RULES, recommendation__department__in=tops)


def _stood(steps: QuerySet[RecommendationStep], day: date) -> list[CardThen]:
    """Each card in the state into which its newest step up to the day's end brought it; one query."""
    steps = steps.filter(at__lt=end_of(day), action__in=_INTO).select_related("recommendation__department", "actor")
    return [
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
        for step in steps.order_by("recommendation_id", "-at", "-id").distinct("recommendation_id")
    ]


def _counted(cards: QuerySet[Recommendation], day: date) -> dict[tuple[str, int], Figures]:
    """What these cards counted at the day's end, by rule and department, where that was kept; one query."""
    if day < _oldest():
        return {}
    kept = RecommendationDay.objects.filter(recommendation__in=cards.order_by().values("pk"), day__lte=day)
    newest = kept.order_by("recommendation_id", "-day").distinct("recommendation_id")
    department = (f"recommendation__department__{name}" for name in ("key", "name", "parent_id"))
    figures = ("rows", "amount", "gravity", "departments", *department)
    rows = newest.values_list("recommendation__rule", "recommendation__department_id", *figures)
    return {(rule, pk): Figures(*found) for rule, pk, *found in rows}


def _with(card: CardThen, counted: dict[tuple[str, int], Figures], places: tuple[Place, ...] = ()) -> CardThen:
    one = counted.get((card.rule.key, card.department.pk))
    if one is None:
        return card
    severity = Gravity(one.gravity).name.lower()
    return replace(
        card, rows=one.rows, amount=one.amount, severity=severity, departments=one.departments, places=places
    )


def _spells(user: User, card: CardThen, day: date) -> QuerySet[SubjectSpell]:
    """The findings that stood at the day's end; those of no department at the root alone."""
    if day < _oldest():
        return SubjectSpell.objects.none()
    stood = Q(until=None) | Q(until__gt=day)
    found = SubjectSpell.objects.filter(stood, _in_sight(user, card.rule), rule=card.rule.key, day__lte=day)
    found = found.select_related("department")
    if card.department.parent_id is not None:
        found = found.filter(department__in=Department.objects.subtree_of(card.department).order_by().values("pk"))
    return found.order_by("-gravity", "name", "pk")


def _in_sight(user: User, rule: Rule) -> Q:
    """What is not of an application, or of one that the person sees today. What people did counts by their department,
    whichever the application belongs to."""
    if access.sees_everything(user):
        return Q()
    alerts = access.alerts(user).order_by().values("pk")
    found = ~Q(kind="alert") | Q(ref__in=alerts)
    if rule.of_people:
        return found
    applications = access.applications(user).order_by().values("pk")
    return found & (~Q(kind__in=OF_APPLICATIONS) | Q(ref=None) | Q(ref__in=applications))


def _line(one: SubjectSpell) -> LineThen:
    place = one.department
    return LineThen(
        kind=one.kind,
        name=one.name,
        department=place.name if place else UNASSIGNED,
        department_key=place.key if place else "",
        severity=Gravity(one.gravity).name.lower(),
        day=one.day,
    )
