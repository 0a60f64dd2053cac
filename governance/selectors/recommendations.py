"""Recommendations as page, overview, CSV and API show them: cards, the evidence behind each, and its history."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.contrib.postgres.expressions import ArraySubquery
from django.core.paginator import Page, Paginator
from django.db import connection
from django.db.models import Count, OuterRef, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce, JSONObject
from django.http import Http404
from django.utils.translation import gettext as _

from governance.models import (
    Gravity,
    Recommendation,
    RecommendationState,
    RecommendationStep,
    RuleReading,
    RuleThreshold,
    Subject,
)
from governance.selectors.rules import RULES
from governance.selectors.rules.base import Rule
from inventory import access
from inventory.access import Permission
from inventory.models import Department, User
from inventory.selectors.scope import Scope

A_PAGE = 25
TOP = 3
PLACES = 3  # departments named on a card
UNDER_WAY = (RecommendationState.OPEN, RecommendationState.IN_PROGRESS)
SEVERITIES = {one.name.lower(): one.value for one in Gravity}
UNASSIGNED = "Unassigned"


@dataclass(frozen=True, slots=True)
class Place:
    """A department in which something is found; `key` is empty for what belongs to none."""

    key: str
    name: str
    rows: int
    amount: int


@dataclass(frozen=True, slots=True)
class Card:
    """A recommendation for a department with everything below it. `amount` is the sum over its `rows`; `as_of`: the
    moment up to which its rule looked, which is the newest that feeds told of; None where it lacks its facts."""

    pk: int
    rule: Rule
    trigger: str
    department: Department
    state: str
    state_name: str
    since: datetime
    found_at: datetime
    severity: str
    rows: int
    amount: int
    departments: int
    missed: int
    owner: str
    owner_username: str
    reason: str
    until: date | None
    as_of: datetime | None
    places: tuple[Place, ...] = ()

    @property
    def elsewhere(self) -> int:
        """What the places leave of the amount."""
        return self.amount - sum(one.amount for one in self.places)

    @property
    def under_way(self) -> bool:
        return self.state in UNDER_WAY

    @property
    def severity_name(self) -> str:
        return str(Gravity[self.severity.upper()].label)


@dataclass(frozen=True, slots=True)
class Line:
    """A subject as a row. `seen`: whether its own page can be opened by who looks."""

    kind: str
    ref: int | None
    name: str
    department: str
    department_key: str
    amount: int
    severity: str
    note: str
    since: datetime
    seen: bool

    @property
    def severity_name(self) -> str:
        return str(Gravity[self.severity.upper()].label)


@dataclass(frozen=True, slots=True)
class Lacking:
    """A rule that says nothing, and what it needs."""

    rule: Rule
    needs: str


def cards(
    scope: Scope, *, states: Sequence[str] = (), severities: Sequence[str] = (), most: int | None = None
) -> list[Card]:
    """The cards of what is looked at, the gravest first: one query for them, one for places."""
    found = _narrowed(_of_scope(scope), states, severities)
    rows = list(found.select_related("department", "owner").order_by("-gravity", "-amount", "pk")[:most])
    return _as_cards(rows, _places(scope.top, scope, rows) if rows and scope.top else {})


def tally(scope: Scope) -> dict[str, int]:
    """How many cards there are by state."""
    return dict(_of_scope(scope).order_by().values_list("state").annotate(n=Count("pk")))


def lacking() -> tuple[list[Lacking], datetime | None]:
    """The rules that lack their facts, and when the rules were last evaluated; None: never."""
    readings = {one.rule: one for one in RuleReading.objects.all()}
    rules = [RULES[key] for key, one in readings.items() if one.needs and key in RULES]
    found = [Lacking(rule, str(rule.needs[1])) for rule in rules]
    found.sort(key=lambda one: one.rule.number)
    return found, max((one.evaluated_at for one in readings.values()), default=None)


def of_departments(
    departments: QuerySet[Department], *, states: Sequence[str] = (), severities: Sequence[str] = ()
) -> QuerySet[Recommendation]:
    """Every card of these departments, by department and rule."""
    found = Recommendation.objects.filter(rule__in=RULES, department__in=departments.order_by().values("pk"))
    found = _narrowed(found, states, severities).select_related("department", "owner")
    return found.order_by("department__key", "rule")


def as_cards(rows: Sequence[Recommendation]) -> list[Card]:
    """These as cards, without places."""
    return _as_cards(rows, {})


def card_or_404(user: User, pk: int) -> Card:
    """One card. Http404 where its department is out of sight."""
    found = of_departments(access.departments(user)).filter(pk=pk).first()
    if found is None:
        raise Http404("No such recommendation.")
    return _as_cards([found], {})[0]


def evidence(user: User, card: Card, *, within: Department | None = None, page: int = 1) -> Page:
    """A page of Line: the subjects of a card, or those that lie in one department, not in those below it: as many as
    `places` says."""
    pages = Paginator(_subjects(card, within), A_PAGE)
    if within is None:
        pages.count = card.rows  # counted by the evaluation, in the transaction that wrote them
    shown: Page = pages.get_page(page)
    shown.object_list = lines(user, list(shown.object_list))
    return shown


def every_line(user: User, card: Card, within: Department | None = None) -> Iterator[Line]:
    """All that `evidence` shows, some hundred at a time."""
    block: list[Subject] = []
    for subject in _subjects(card, within).iterator(500):
        block.append(subject)
        if len(block) == 500:
            yield from lines(user, block)
            block = []
    yield from lines(user, block)


def subjects_of(card: Card) -> QuerySet[Subject]:
    """The rows behind a card."""
    return _subjects(card, None)


def lines(user: User, subjects: Sequence[Subject]) -> list[Line]:
    """Rows as who looks may see them: two queries for what can be opened."""

    def refs(*kinds: str) -> set[int]:
        return {one.ref for one in subjects if one.kind in kinds and one.ref is not None}

    apps, alerts = refs("application", "agent"), refs("alert")
    seen = set(access.applications(user).filter(pk__in=apps).values_list("pk", flat=True)) if apps else set()
    open_alerts = set(access.alerts(user).filter(pk__in=alerts).values_list("pk", flat=True)) if alerts else set()
    opened = {"application": seen, "agent": seen, "alert": open_alerts}
    return [
        Line(
            kind=one.kind,
            ref=one.ref,
            name=one.name,
            department=one.department.name if one.department else UNASSIGNED,
            department_key=one.department.key if one.department else "",
            amount=one.amount,
            severity=Gravity(one.gravity).name.lower(),
            note=one.note,
            since=one.since,
            seen=one.ref in opened[one.kind] if one.kind in opened else True,
        )
        for one in subjects
    ]


def places(card: Card, most: int = 200) -> list[Place]:
    """The departments of a card, those with the most first; what belongs to none has no key."""
    rows = (
        _subjects(card, None)
        .order_by()
        .values("department__key", "department__name")
        .annotate(rows=Count("pk"), sum=Sum("amount"))
        .order_by("-sum", "department__name")
    )
    return [
        Place(row["department__key"] or "", row["department__name"] or UNASSIGNED, row["rows"], row["sum"])
        for row in rows[:most]
    ]


def steps(pk: int) -> list[RecommendationStep]:
    """What happened to a card, newest first."""
    return list(RecommendationStep.objects.filter(recommendation=pk).select_related("actor")[:200])


def owners(department: Department) -> list[User]:
    """People who may be given a card of the department: who holds a right there or above; at most 200."""
    above = Department.objects.path_of(department).order_by().values("pk")
    kinds = [kind for kind, granted in access.GRANTS.items() if Permission.VIEW in granted]
    people = User.objects.filter(is_active=True, roles__kind__in=kinds, roles__department__in=above)
    return list(people.distinct().order_by("username")[:200])


def changed_thresholds() -> dict[tuple[str, str], float]:
    """Those that an administrator has set."""
    return {(one.rule, one.name): one.value for one in RuleThreshold.objects.all()}


def _of_scope(scope: Scope) -> QuerySet[Recommendation]:
    return Recommendation.objects.filter(rule__in=RULES, department__in=[top.pk for top in scope.tops])


def _narrowed(
    found: QuerySet[Recommendation], states: Sequence[str], severities: Sequence[str]
) -> QuerySet[Recommendation]:
    if states:
        found = found.filter(state__in=states)
    if severities:
        found = found.filter(gravity__in=[SEVERITIES[one] for one in severities])
    changed = RuleThreshold.objects.filter(rule=OuterRef("rule")).values(one=JSONObject(name="name", value="value"))
    reading = RuleReading.objects.filter(rule=OuterRef("rule"), needs="")
    looked = reading.values(upto=Coalesce("as_of", "evaluated_at"))  # what goes by the clock is as of then
    return found.annotate(changed=ArraySubquery(changed), as_of=Subquery(looked))


def _subjects(card: Card, within: Department | None) -> QuerySet[Subject]:
    """The subjects of a card; those that belong to no department stand at the root alone."""
    found = Subject.objects.filter(rule=card.rule.key).select_related("department")
    if within is not None:
        found = found.filter(department=within)
    elif card.department.parent_id is not None:
        found = found.filter(department__in=Department.objects.subtree_of(card.department).order_by().values("pk"))
    return found.order_by("-gravity", "-amount", "pk")


def _places(top: Department, scope: Scope, cards: Sequence[Recommendation]) -> dict[str, list[Place]]:
    """By rule the parts of the whole with the most, a few of each, as their own cards have them; among them what lies
    in a department itself. Of the organisation that is left to what is elsewhere: most of it is nobody's."""
    parts, values = scope.rows().order_by().values("pk").query.sql_with_params()
    own = {card.rule: (card.rows, card.amount) for card in cards}
    itself = _("%(name)s itself") % {"name": top.name}
    places: dict[str, list[Place]] = {}
    with connection.cursor() as cursor:
        cursor.execute(_PLACES.format(parts=parts), [list(own), *values, PLACES])
        for rule, rows, amount, *place in cursor.fetchall():
            if rule not in places:
                left = (own[rule][0] - rows, own[rule][1] - amount)
                places[rule] = [Place(top.key, itself, *left)] if top.parent_id and left[0] > 0 else []
            places[rule].append(Place(*place))
    return {rule: sorted(found, key=lambda one: (-one.amount, one.name))[:PLACES] for rule, found in places.items()}


_PLACES = """
SELECT rule, all_rows, all_amount, key, name, rows, amount FROM (
    SELECT card.rule, part.key, part.name, card.rows, card.amount,
        (sum(card.rows) OVER of_rule)::int all_rows, (sum(card.amount) OVER of_rule)::bigint all_amount,
        row_number() OVER (PARTITION BY card.rule ORDER BY card.amount DESC, part.name) AS place
    FROM governance_recommendation card JOIN inventory_department part ON part.id = card.department_id
    WHERE card.rule = ANY(%s) AND card.rows > 0 AND card.department_id IN ({parts})
    WINDOW of_rule AS (PARTITION BY card.rule)
) ranked WHERE place <= %s ORDER BY rule, place"""


def _as_cards(rows: Sequence[Recommendation], places: dict[str, list[Place]]) -> list[Card]:
    changed = {(row.rule, one["name"]): one["value"] for row in rows for one in row.changed}  # type: ignore[attr-defined]
    return [
        Card(
            pk=row.pk,
            rule=RULES[row.rule],
            trigger=RULES[row.rule].in_words(changed),
            department=row.department,
            state=row.state,
            state_name=row.get_state_display(),
            since=row.since,
            found_at=row.found_at,
            severity=Gravity(row.gravity).name.lower(),
            rows=row.rows,
            amount=row.amount,
            departments=row.departments,
            missed=row.missed,
            owner=str(row.owner or ""),
            owner_username=row.owner.username if row.owner else "",
            reason=row.reason,
            until=row.until,
            as_of=row.as_of,  # type: ignore[attr-defined]
            places=tuple(places.get(row.rule, ())),
        )
        for row in rows
    ]
