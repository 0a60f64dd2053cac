"""Recommendations as they stood at the end of a past day.

Their steps say in which state a card was. What it counted, how grave that was and which findings there were is kept
day by day (services.recommendations.dated); of days before that was kept, the steps tell what was counted when it came
into its state, and nothing of severity, departments or findings. Departments and rights are today's: an application
that lies out of the person's sight by now is counted and not named.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

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
from governance.selectors.among import ALL, Among
from governance.selectors.recommendation_evidence import A_PAGE
from governance.selectors.recommendations import UNASSIGNED, Place, places_among
from governance.selectors.recommendations_among import OF_APPLICATIONS, Counted, Figures, counted, of_chosen
from governance.selectors.recommendations_kept import findings, first_kept, oldest
from governance.selectors.rules import RULES
from governance.selectors.rules.base import Rule
from inventory import access
from inventory.access import Permission
from inventory.models import Department, User
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
    """A card as it stood. `since`: of the state; `text`: why, `by`: who, empty where it came about by itself. `rows`
    and `amount` are those of the day; where `severity` is empty, they were counted when it came into its state.
    `of_findings`: the amount is their number alone, since how much each was is not kept."""

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
    of_findings: bool = False

    # What is known of today alone
    trigger = owner_username = ""
    until = None

    @property
    def reason(self) -> str:
        """Of a dismissal."""
        return self.text if self.state == RecommendationState.DISMISSED else ""

    @property
    def amount_kept(self) -> int | None:
        """The amount where it is known."""
        return None if self.of_findings else self.amount

    def fits(self, states: Sequence[str], severities: Sequence[str]) -> bool:
        """Whether it is one of those asked for; empty: any."""
        return (not states or self.state in states) and (not severities or self.severity in severities)

    @property
    def state_name(self) -> str:
        return str(RecommendationState(self.state).label)

    @property
    def severity_name(self) -> str:
        return str(Gravity[self.severity.upper()].label) if self.severity else ""


@dataclass(frozen=True, slots=True)
class LineThen:
    """A finding of then. `day`: from when on it stood so; how much it was is not kept."""

    kind: str
    name: str
    department: str
    department_key: str
    severity: str
    day: date
    amount, note = None, ""

    @property
    def since(self) -> datetime:
        """The end of that day."""
        return end_of(self.day)

    @property
    def severity_name(self) -> str:
        return str(Gravity[self.severity.upper()].label)


def cards(scope: Scope, day: date, left: Among = ALL) -> list[CardThen]:
    """Every card of what is looked at, the newest state first. `left`: of what was found of such applications then
    alone."""
    parts = Q(pk__in=[top.pk for top in scope.tops]) | Q(pk__in=scope.rows().order_by().values("pk"))
    figures = _figures(scope.user, Department.objects.filter(parts), day, left)
    places = places_among(scope, figures)
    found = [
        replace(card, places=tuple(places.get((card.rule.key, card.department.pk), ())) if card.severity else ())
        for card in _with(_stood(_steps(scope), day), figures, left)
    ]
    return sorted(found, key=lambda card: (-card.since.timestamp(), card.pk))


def of_departments(
    user: User | None,
    departments: QuerySet[Department],
    day: date,
    left: Among = ALL,
    permission: Permission = Permission.VIEW,
) -> list[CardThen]:
    """The cards of these departments, by department and rule, without places."""
    found = _with(_stood(_steps_in(departments), day), _figures(user, departments, day, left, permission), left)
    return sorted(found, key=lambda card: (card.department.key, card.rule.key))


def card_or_404(user: User, pk: int, day: date, left: Among = ALL) -> CardThen:
    """One card; Http404 where its department is out of sight, or it was not there yet."""
    seen = access.departments(user).order_by().values("pk")
    found = _stood(RecommendationStep.objects.filter(recommendation=pk, recommendation__department__in=seen), day)
    if not found:
        raise Http404("No such recommendation then.")
    figures = _figures(user, Department.objects.filter(pk=found[0].department.pk), day, left)
    whole = _with(found, figures, left)
    return whole[0] if whole else replace(found[0], rows=0, amount=0, of_findings=True)


def evidence(user: User, card: CardThen, day: date, left: Among = ALL, page: int = 1) -> Page:
    """A page of LineThen: what was found, of the applications that are left, the gravest first."""
    shown: Page = Paginator(spells(user, card, day, left), A_PAGE).get_page(page)
    shown.object_list = lines(shown.object_list)
    return shown


def every_line(user: User, card: CardThen, day: date, left: Among = ALL) -> Iterator[LineThen]:
    """All that `evidence` shows."""
    return (_line(one) for one in spells(user, card, day, left).iterator(500))


def lines(found: Iterable[SubjectSpell]) -> list[LineThen]:
    """These findings as rows."""
    return [_line(one) for one in found]


def places(user: User, card: CardThen, day: date, left: Among = ALL, most: int = 200) -> list[tuple[str, str, int]]:
    """The departments in which something was found: key, name and how many findings, those with the most first."""
    found = spells(user, card, day, left).order_by()
    rows = found.values_list("department__key", "department__name").annotate(n=Count("pk"))
    return [(key or "", name or UNASSIGNED, n) for key, name, n in rows.order_by("-n", "department__name")[:most]]


def first_day(scope: Scope) -> date | None:
    """The day on which the first of them was found."""
    return _first(_steps(scope))


def first_day_in(departments: QuerySet[Department]) -> date | None:
    """The same of these departments."""
    return _first(_steps_in(departments))


def first_day_of(pk: int) -> date | None:
    """The day on which a card was found."""
    return _first(RecommendationStep.objects.filter(recommendation=pk))


def first_findings_of(pk: int) -> date | None:
    """The first day of which what a card rests on is known."""
    found, kept = first_day_of(pk), first_kept()
    return max(found, kept) if found and kept else None


def _first(steps: QuerySet[RecommendationStep]) -> date | None:
    first = steps.aggregate(at=Min("at"))["at"]
    return timezone.localdate(first) if first else None


def _steps(scope: Scope) -> QuerySet[RecommendationStep]:
    return _steps_in(Department.objects.filter(pk__in=[top.pk for top in scope.tops]))


def _steps_in(departments: QuerySet[Department]) -> QuerySet[RecommendationStep]:
    here = departments.order_by().values("pk")
    return RecommendationStep.objects.filter(recommendation__rule__in=RULES, recommendation__department__in=here)


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
    if day < oldest():
        return {}
    kept = RecommendationDay.objects.filter(recommendation__in=cards.order_by().values("pk"), day__lte=day)
    newest = kept.order_by("recommendation_id", "-day").distinct("recommendation_id")
    department = (f"recommendation__department__{name}" for name in ("key", "name", "parent_id"))
    figures = ("rows", "amount", "gravity", "departments", *department)
    rows = newest.values_list("recommendation__rule", "recommendation__department_id", *figures)
    return {(rule, pk): Figures(*found) for rule, pk, *found in rows}


def _figures(
    user: User | None,
    departments: QuerySet[Department],
    day: date,
    left: Among,
    permission: Permission = Permission.VIEW,
) -> Counted:
    """What was counted in these departments; of the applications that are left, their findings."""
    chosen = counted(user, left, departments, permission)
    if chosen is not None:
        return chosen
    return _counted(Recommendation.objects.filter(department__in=departments.order_by().values("pk")), day)


def _with(cards: Sequence[CardThen], figures: Counted, left: Among) -> list[CardThen]:
    """The cards with what was counted; of the applications that are left, those alone of which something was found."""
    found = []
    for card in cards:
        one = figures.get((card.rule.key, card.department.pk))
        if one is not None:
            card = replace(card, rows=one.rows, amount=one.amount, departments=one.departments)
            found.append(replace(card, severity=Gravity(one.gravity).name.lower(), of_findings=bool(left)))
        elif not left:
            found.append(card)
    return found


def spells(user: User, card: CardThen, day: date, left: Among = ALL) -> QuerySet[SubjectSpell]:
    """The findings behind a card; those of no department at the root alone."""
    found = findings(day).filter(of_chosen(user, left), _in_sight(user, card.rule), rule=card.rule.key)
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
