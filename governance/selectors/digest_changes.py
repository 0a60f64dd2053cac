"""The three things that changed most where a person leads, between the ends of two days: what an e-mail digest tells.

The order is a rule, not a guess: incidents and alerts first, then applications that came into a grave band, grave
recommendations, evidence that ends, and departments whose index moved (docs/decisions/0035). Each part reads what the
reader may see, as the page behind its address does.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import chain, islice
from typing import Any

from django.db import connection
from django.db.models import Case, Count, Exists, F, Max, OuterRef, Q, QuerySet, Value, When, Window
from django.db.models.functions import DenseRank
from django.urls import reverse
from django.utils.http import urlencode

from governance.models import RecommendationState
from governance.selectors import recommendations, rollups
from inventory import access
from inventory.charts.base import score
from inventory.choices import Severity
from inventory.models import AIApplication, Department, User
from inventory.selectors.scope import Scope, scope_of
from risk.choices import OVERALL, Band, EUClass, IncidentSeverity
from risk.models import IncidentAlert
from risk.selectors import alerts, evidence, incidents
from risk.selectors.causes import shown_change
from risk.selectors.history import end_of
from risk.selectors.kept import kept

MOST = 3
ENDS_WITHIN = 30  # days
LEAST_MOVE = 1.0  # of an index, as it is shown

# Of each application that counts in a grave band now: how it stood at the end of the earlier day. "Newly": it did not
# count then, or in a lighter band. One that moved to another department is asked for by where it is: what it counts for
# follows only with the next judgement.
_NEWLY_GRAVE = """
SELECT a.id, a.name, d.name, now.band, now.overall_point, COALESCE(now.eu_class, ''),
    COALESCE(app.lifecycle = 'live', false), COALESCE(score.band, ''), score.overall_point
FROM risk_currentscore now
JOIN inventory_aiapplication a ON a.id = now.application_id
JOIN inventory_department d ON d.id = a.department_id
LEFT JOIN LATERAL (
    SELECT lifecycle FROM inventory_aiapplicationevent
    WHERE pgh_obj_id = a.id AND pgh_created_at < %(begin)s
    ORDER BY pgh_created_at DESC, pgh_id DESC LIMIT 1) app ON true
LEFT JOIN LATERAL (
    SELECT band, overall_point FROM risk_scoresnapshot
    WHERE application_id = a.id AND as_of <= %(then)s ORDER BY as_of DESC, id DESC LIMIT 1) score ON true
WHERE now.counted_in_id = ANY(%(departments)s) AND now.band = ANY(%(grave)s)
  AND a.department_id = ANY(%(departments)s)
  AND (app.lifecycle IS DISTINCT FROM 'live' OR score.band IS NULL
       OR array_position(%(bands)s, score.band::text) < array_position(%(bands)s, now.band::text))
ORDER BY array_position(%(bands)s, now.band::text) DESC, now.overall_point DESC, a.id LIMIT %(most)s"""


@dataclass(frozen=True, slots=True)
class Span:
    """From the end of the day `then` to the end of the later day `now`."""

    then: date
    now: date

    @property
    def words(self) -> str:
        """Its days, first and last."""
        first = self.then + timedelta(days=1)
        last = f"{self.now:%-d %B %Y}"
        return last if first == self.now else f"{first:%-d %B %Y} to {last}"

    @property
    def begin(self) -> datetime:
        return end_of(self.then)

    @property
    def end(self) -> datetime:
        return end_of(self.now)


@dataclass(frozen=True, slots=True)
class Told:
    """One change. `kind`: what it is, in words; the address is that of a page the reader may open."""

    kind: str
    title: str
    note: str
    route: str
    args: tuple[Any, ...] = ()
    query: Mapping[str, Any] = field(default_factory=dict)

    @property
    def path(self) -> str:
        asked = {name: value for name, value in self.query.items() if value}
        return reverse(self.route, args=self.args) + (f"?{urlencode(asked)}" if asked else "")


@dataclass(frozen=True)
class Led(Scope):
    """The departments that a person leads, with all below them."""

    def departments(self) -> QuerySet[Department]:
        return access.led(self.user)

    def applications(self) -> QuerySet[AIApplication]:
        return access.applications(self.user).filter(department__in=self.departments().order_by().values("pk"))


def watched(user: User) -> Scope:
    """What a digest to this person looks at: where they lead; for who leads nothing, all that they see."""
    led = access.led(user)
    tops = tuple(led.exclude(parent__in=led.order_by().values("pk")).order_by("name"))
    return Led(user, None, tops) if tops else scope_of(user)


def told(scope: Scope, span: Span) -> list[Told]:
    """The changes that come first, at most MOST of them. What comes later is asked for only while there is room."""
    found = chain.from_iterable(part(scope, span) for part in _PARTS)
    return list(islice(found, MOST))


def everything_of(scope: Scope, span: Span) -> str:
    """The address of the page with all changes of the same days."""
    asked = {"from": span.then.isoformat(), "to": span.now.isoformat(), **_department(scope)}
    return f"{reverse('governance:changes')}?{urlencode(asked)}"


def _department(scope: Scope) -> dict[str, str]:
    """The filter that narrows a page to the scope, where one department is all of it."""
    return {"department": scope.top.key} if scope.top and scope.top.parent_id else {}


def _behind(scope: Scope) -> QuerySet[AIApplication, Any] | None:
    """The ids of its applications; None: no restriction, what is tied to none counts as well."""
    return None if scope.everything else scope.applications().order_by().values("pk")


def _incidents(scope: Scope, span: Span) -> Iterator[Told]:
    """Recorded meanwhile, critical before high, the newest first, whatever became of them."""
    rows = incidents.narrowed(
        scope.user,
        severities=[IncidentSeverity.CRITICAL, IncidentSeverity.HIGH],
        applications=_behind(scope),
    ).filter(created_at__gte=span.begin, created_at__lt=span.end)
    critical_first = Case(When(severity=IncidentSeverity.CRITICAL, then=Value(0)), default=Value(1))
    for one in rows.order_by(critical_first, "-created_at", "-pk")[:MOST]:
        kind = f"Incident of {one.severity} severity"
        note = f"{one.application.name} · {one.get_state_display().lower()}"
        yield Told(kind, one.title, note, "risk:incident", (one.pk,))


def _alerts(scope: Scope, span: Span) -> Iterator[Told]:
    """Of the gravest severity, received meanwhile and still open, by application, the most first. What belongs to an
    incident is told as that."""
    rows = access.alerts(scope.user).filter(severity=Severity.HIGH, state__in=alerts.OPEN)
    rows = rows.filter(received_at__gte=span.begin, received_at__lt=span.end)
    behind = _behind(scope)
    if behind is not None:
        rows = rows.filter(application__in=behind)
    rows = rows.exclude(Exists(IncidentAlert.objects.filter(alert=OuterRef("pk"))))
    counted = rows.order_by().values("application", "application__name")
    counted = counted.annotate(n=Count("pk"), newest=Max("pk"), title=Max("title"))
    for one in counted.order_by("-n", "-newest")[:MOST]:
        name = one["application__name"] or "Tied to no application"
        if one["n"] == 1:
            yield Told("Alert of high severity", one["title"], name, "risk:alert", (one["newest"],))
            continue
        narrowed = {"application": one["application"]} if one["application"] else {"tied": "no"}
        query = {"severity": Severity.HIGH.value, "state": ",".join(alerts.OPEN), **narrowed}
        yield Told("Alerts of high severity", f"{one['n']:,} new alerts", name, "risk:alerts", (), query)


def _grave(scope: Scope, span: Span) -> Iterator[Told]:
    """Applications that count in a grave band and did not before, the gravest first."""
    bands = list(Band.values)
    given: dict[str, Any] = {
        "then": span.then,
        "begin": span.begin,
        "departments": list(scope.departments().order_by("pk").values_list("pk", flat=True)),
        "bands": bands,
        "grave": [Band.HIGH.value, Band.CRITICAL.value],
        "most": MOST,
    }
    rows = kept(("newly grave", sorted(given.items())), lambda: _newly_grave(given))
    for pk, name, department, band, point, eu_class, counted, was, before in rows:
        now = f"Risk {score(point)}"
        if eu_class == EUClass.PROHIBITED:  # a gate is no number
            now = str(EUClass.PROHIBITED.label)
        then = f"was {Band(was).label}, {score(before)}" if counted and was else "did not count before"
        kind = f"Newly in the band {Band(band).label}"
        yield Told(kind, name, f"{department} · {now}; {then}", "risk:application", (pk,))


def _newly_grave(given: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(_NEWLY_GRAVE, given)
        return cursor.fetchall()


def _recommendations(scope: Scope, span: Span) -> Iterator[Told]:
    """Found, or come back, meanwhile, of high severity and not yet taken up."""
    found = recommendations.cards(scope, states=[RecommendationState.OPEN], severities=["high"])
    for one in found:
        if span.begin <= one.since < span.end:
            unit = one.rule.counted % {"n": one.amount}
            title, note = str(one.rule.title), f"{one.department.name} · {one.amount:,} {unit}"
            yield Told("Recommendation of high severity", title, note, "governance:recommendation", (one.pk,))


_EVIDENCE = (
    ("Evidence that ran out", "ran out", evidence.EXPIRED),
    (f"Evidence that runs out within {ENDS_WITHIN} days", "runs out", str(ENDS_WITHIN)),
)


def _evidence(scope: Scope, span: Span) -> Iterator[Told]:
    """What ran out meanwhile, and what came to run out within ENDS_WITHIN days: each is told once."""
    wanted = evidence.Wanted(applications=_behind(scope))
    found = evidence.evidence_in(scope.user, wanted, span.now)
    soon = span.now + timedelta(days=ENDS_WITHIN)
    came_near = Q(valid_until__gt=span.then + timedelta(days=ENDS_WITHIN)) | Q(added_at__gte=span.begin)
    near = Q(came_near, valid_until__range=(span.now, soon), added_at__lt=span.end)
    ran_out = Q(valid_until__range=_before(span))
    # The first of each part, with how many there are, and its place among the applications from either end: together
    # one more than there are
    found = found.filter(ran_out | near).annotate(part=Case(When(ran_out, then=0), default=1))
    places = (Window(DenseRank(), F("part"), order_by=order) for order in ("application", "-application"))
    counted = found.annotate(n=Window(Count("pk"), F("part")), applications=sum(places, start=Value(-1)))
    firsts: Any = counted.select_related("application").order_by("part", "valid_until", "pk").distinct("part")
    for first in firsts:
        kind, verb, ends = _EVIDENCE[first.part]
        title = first.title if first.n == 1 else f"{first.n:,} items, the first: {first.title}"
        more = f" and {first.applications - 1:,} more" if first.applications > 1 else ""
        note = f"{first.application.name}{more} · {verb} on {first.valid_until:%-d %b %Y}"
        yield Told(kind, title, note, "risk:evidence", (), {"ends": ends, **_department(scope)})


def _before(span: Span) -> tuple[date, date]:
    """The last days of what counted at the end of the earlier day, and at the end of the later one no longer."""
    return span.then, span.now - timedelta(days=1)


def _indexes(scope: Scope, span: Span) -> Iterator[Told]:
    """Departments whose index moved by LEAST_MOVE or more, up or down, the most first."""
    days = (span.then, span.now)
    found = rollups.risks_on(scope.departments(), [(day, OVERALL) for day in days])
    before, after = ({one.department_id: one.index for one in found.get(day, [])} for day in days)
    moves = [(shown_change(before[pk], after[pk]), pk) for pk in before.keys() & after.keys()]
    grave = sorted((one for one in moves if abs(one[0]) >= LEAST_MOVE), key=lambda one: (-abs(one[0]), one[1]))[:MOST]
    named = Department.objects.in_bulk([pk for _, pk in grave])
    for move, pk in grave:
        verb = "rose" if move > 0 else "fell"
        title = f"{named[pk].name}: {verb} from {score(before[pk])} to {score(after[pk])}"
        yield Told("Risk index of a department", title, f"{move:+.1f}", "governance:department", (named[pk].key,))


_PARTS: tuple[Callable[[Scope, Span], Iterator[Told]], ...] = (
    *(_incidents, _alerts, _grave),
    *(_recommendations, _evidence, _indexes),
)
