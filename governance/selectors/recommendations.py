"""Recommendations as page, overview, CSV and API show them: cards, and the history of each."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.contrib.postgres.expressions import ArraySubquery
from django.db import connection
from django.db.models import OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce, JSONObject
from django.http import Http404
from django.utils import timezone
from django.utils.translation import gettext as _

from governance.models import (
    Gravity,
    Recommendation,
    RecommendationState,
    RecommendationStep,
    RuleReading,
    RuleThreshold,
)
from governance.selectors.among import ALL, Among
from governance.selectors.narrowing import WHOSE
from governance.selectors.recommendations_among import Counted, Figures, counted
from governance.selectors.rules import RULES
from governance.selectors.rules.base import WINDOW, Rule
from inventory import access
from inventory.models import Department, User
from inventory.selectors.scope import Scope

TOP = 3
PLACES = 3  # departments named on a card
UNDER_WAY = (RecommendationState.OPEN, RecommendationState.IN_PROGRESS)
SEVERITIES = {one.name.lower(): one.value for one in Gravity}
UNASSIGNED = "Unassigned"
MINE, NOBODY = WHOSE


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
    def again(self) -> bool:
        """Whether it is open and was not, in between, since it was first found."""
        return self.state == RecommendationState.OPEN and self.since > self.found_at

    @property
    def first_day(self) -> date | None:
        """The first of the days that its figures count, where these are days up to the newest told."""
        return timezone.localdate(self.as_of) - timedelta(days=WINDOW - 1) if self.as_of and self.rule.by_day else None

    @property
    def under_way(self) -> bool:
        return self.state in UNDER_WAY

    @property
    def severity_name(self) -> str:
        return str(Gravity[self.severity.upper()].label)


@dataclass(frozen=True, slots=True)
class Lacking:
    """A rule that says nothing, and what it needs."""

    rule: Rule
    needs: str


def cards(
    scope: Scope,
    *,
    states: Sequence[str] = (),
    severities: Sequence[str] = (),
    who: str = "",
    counted: Counted | None = None,
    most: int | None = None,
) -> list[Card]:
    """The cards of what is looked at, the gravest first: one query for them, one for places. `who`: MINE, of whichever
    of its departments, or NOBODY; `counted`: what is found of chosen applications, where these alone count."""
    found = _narrowed(_of_scope(scope, who), states, () if counted is not None else severities)
    ordered = whose(found, scope.user, who).select_related("department", "owner").order_by("-gravity", "-amount", "pk")
    if counted is None:
        rows = list(ordered[:most])
    else:
        rows = recounted(ordered, counted, severities)
        rows.sort(key=lambda row: (-row.gravity, -row.amount, row.pk))
        rows = rows[:most]
    whole = [row for row in rows if scope.top and row.department_id == scope.top.pk]
    if not whole or not scope.top:
        return _as_cards(rows, {})
    if counted is not None:
        return _as_cards(rows, places_among(scope, counted))
    named = _places(scope.top, scope, whole)
    return _as_cards(rows, {(rule, scope.top.pk): places for rule, places in named.items()})


def recounted(rows: Iterable[Recommendation], counted: Counted, severities: Sequence[str] = ()) -> list[Recommendation]:
    """Those of which something is found of the chosen applications, with the figures of that alone; never saved."""
    kept = []
    for row in rows:
        if figures := _fitting(counted, row.rule, row.department_id, severities):
            row.rows, row.amount, row.gravity = figures.rows, figures.amount, figures.gravity
            row.departments = figures.departments
            kept.append(row)
    return kept


def fitting(found: QuerySet[Recommendation], counted: Counted, severities: Sequence[str]) -> list[int]:
    """The ids of these, for what is cut before it is read whole."""
    rows = found.order_by().values_list("pk", "rule", "department_id")
    return [pk for pk, rule, department in rows if _fitting(counted, rule, department, severities)]


def _fitting(counted: Counted, rule: str, department: int, severities: Sequence[str]) -> Figures | None:
    figures = counted.get((rule, department))
    if figures and severities and figures.gravity not in [SEVERITIES[one] for one in severities]:
        return None
    return figures


def whose(found: QuerySet[Recommendation], user: User | None, who: str) -> QuerySet[Recommendation]:
    """Those given to the person (MINE), or to NOBODY; empty: all."""
    if who == MINE:
        return found.filter(owner=user) if user else found.none()
    return found.filter(owner=None) if who == NOBODY else found


def tally(scope: Scope, counted: Counted | None = None) -> Counter[str]:
    """How many cards there are by state; of those under way, how many are the person's (MINE), how many NOBODY's."""
    count: Counter[str] = Counter()
    columns = ("rule", "department_id", "state", "owner_id")
    for rule, department, state, owner in _of_scope(scope).order_by().values_list(*columns):
        if counted is None or (rule, department) in counted:
            count[state] += 1
            count[NOBODY] += state in UNDER_WAY and owner is None
    mine = whose(_of_scope(scope, MINE), scope.user, MINE).filter(state__in=UNDER_WAY).order_by()
    found = mine.values_list("rule", "department_id")
    count[MINE] = sum(counted is None or one in counted for one in found)
    return count


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


def card_or_404(user: User, pk: int, left: Among = ALL) -> Card:
    """One card; with the figures of what is found of the applications that are left. Http404 where its department is
    out of sight."""
    found = of_departments(access.departments(user)).filter(pk=pk).first()
    if found is None:
        raise Http404("No such recommendation.")
    figures = counted(user, left, Department.objects.filter(pk=found.department_id))
    if figures is not None and not recounted([found], figures):
        found.rows = found.amount = found.departments = 0
    return _as_cards([found], {})[0]


def steps(pk: int) -> list[RecommendationStep]:
    """What happened to a card, newest first."""
    return list(RecommendationStep.objects.filter(recommendation=pk).select_related("actor")[:200])


def given_to(user: User) -> list[Card]:
    """The cards under way that were given to the person, of departments that they see, the gravest first."""
    found = whose(of_departments(access.departments(user), states=UNDER_WAY), user, MINE)
    return as_cards(list(found.order_by("-gravity", "-amount", "pk")))


def changed_thresholds() -> dict[tuple[str, str], float]:
    """Those that an administrator has set."""
    return {(one.rule, one.name): one.value for one in RuleThreshold.objects.all()}


def _of_scope(scope: Scope, who: str = "") -> QuerySet[Recommendation]:
    """The cards of the whole; of what was given to somebody those of its parts too."""
    if who == MINE:
        return Recommendation.objects.filter(rule__in=RULES, department__in=scope.departments().order_by().values("pk"))
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


def places_among(scope: Scope, counted: Counted) -> dict[tuple[str, int], list[Place]]:
    """The same from figures that were counted of the whole and its parts, by rule and department of the card."""
    if scope.top is None:
        return {}
    top, itself = scope.top, _("%(name)s itself") % {"name": scope.top.name}
    parts: dict[str, list[Figures]] = {}
    for (rule, __), one in counted.items():
        if one.parent == top.pk and one.rows:
            parts.setdefault(rule, []).append(one)
    places: dict[tuple[str, int], list[Place]] = {}
    for rule, whole in ((rule, one) for (rule, department), one in counted.items() if department == top.pk):
        found = [Place(one.key, one.name, one.rows, one.amount) for one in parts.get(rule, ())]
        rows, amount = (sum(getattr(one, what) for one in found) for what in ("rows", "amount"))
        if found and top.parent_id and whole.rows > rows:
            found.append(Place(top.key, itself, whole.rows - rows, whole.amount - amount))
        places[rule, top.pk] = sorted(found, key=lambda one: (-one.amount, one.name))[:PLACES]
    return places


_PLACES = """
SELECT rule, all_rows, all_amount, key, name, rows, amount FROM (
    SELECT card.rule, part.key, part.name, card.rows, card.amount,
        (sum(card.rows) OVER of_rule)::int all_rows, (sum(card.amount) OVER of_rule)::bigint all_amount,
        row_number() OVER (PARTITION BY card.rule ORDER BY card.amount DESC, part.name) AS place
    FROM governance_recommendation card JOIN inventory_department part ON part.id = card.department_id
    WHERE card.rule = ANY(%s) AND card.rows > 0 AND card.department_id IN ({parts})
    WINDOW of_rule AS (PARTITION BY card.rule)
) ranked WHERE place <= %s ORDER BY rule, place"""


def _as_cards(rows: Sequence[Recommendation], places: Mapping[tuple[str, int], list[Place]]) -> list[Card]:
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
            places=tuple(places.get((row.rule, row.department_id), ())),
        )
        for row in rows
    ]
