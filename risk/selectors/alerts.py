"""The queue of alerts and one alert, as page, CSV and API show them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.paginator import Page, Paginator
from django.db.models import BooleanField, Case, Count, DateTimeField, ExpressionWrapper, F, Q, QuerySet, Value, When
from django.utils import timezone

from inventory import access
from inventory.access import Permission
from inventory.choices import AlertState, Severity
from inventory.connectors.alert_types import about_ai, mapped
from inventory.models import AIApplication, Alert, AlertStep, Department, User
from risk.method import load_method
from risk.selectors.techniques import Technique, choices, techniques, types_showing

A_PAGE = 25
OPEN = (AlertState.NEW, AlertState.ACTIVE, AlertState.IN_PROGRESS)
MINE, NOBODY = "me", "nobody"
_GRAVITY = {Severity.HIGH: 0, Severity.MEDIUM: 1, Severity.LOW: 2, Severity.INFORMATIONAL: 3}
# Word of the address → the columns it stands for. Open ones come first by deadline, as one works through them.
SORTS: dict[str, tuple[str, ...]] = {
    "due": ("finished", "due"),
    "severity": ("gravity", "at"),
    "at": ("at",),
    "state": ("state", "at"),
    "application": ("application__name", "at"),
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a list of alerts is narrowed to; empty: no restriction."""

    department: Department | None = None
    application: AIApplication | None = None
    states: Sequence[str] = ()
    severities: Sequence[str] = ()
    applications: QuerySet[AIApplication, Any] | None = None  # their ids
    tactics: Sequence[str] = ()  # of `signals.tactic_key`
    techniques: Sequence[str] = ()
    who: str = ""  # MINE or NOBODY
    late: bool = False
    tied: bool | None = None
    q: str = ""  # title, type, resource, application, or anything it names


def words() -> dict[str, list[str]]:
    """What the queue can be narrowed by besides what every list takes, with the words: page, CSV and API alike."""
    return {
        "state": AlertState.values,
        "severity": Severity.values,
        "tactic": tactic_words(),
        "technique": [key for key, _ in choices()],
        "who": [MINE, NOBODY],
        "late": ["yes"],
        "tied": ["yes", "no"],
    }


def tactic_words() -> list[str]:
    """The tactics that the method weighs."""
    return [key for key in load_method().alert_weights if key != "default"]


def wanted(
    department: Department | None,
    application: AIApplication | None,
    *,
    applications: QuerySet[AIApplication, Any] | None,
    own: Mapping[str, Sequence[str]],
    q: str,
) -> Wanted:
    """What was asked for; `applications`: ids of those whose alerts are looked for; `own`: by the names of `words`."""
    return Wanted(
        department=department,
        application=application,
        states=own.get("state", ()),
        severities=own.get("severity", ()),
        applications=applications,
        tactics=own.get("tactic", ()),
        techniques=own.get("technique", ()),
        who=next(iter(own.get("who", ())), ""),
        late=bool(own.get("late")),
        tied={"yes": True, "no": False}.get(next(iter(own.get("tied", ())), "")),
        q=q,
    )


@dataclass(frozen=True, slots=True)
class AlertRow:
    """An alert. `due`: by when it is to be closed, None where its severity has no deadline. `may_work`: whether the
    person may do something about it."""

    pk: int
    external_id: str
    title: str
    type: str
    unmapped: bool  # about AI, of a type that nothing here knows
    severity: str
    severity_name: str
    state: str
    state_name: str
    feed_says: str  # where that is something else
    at: datetime
    due: datetime | None
    late: bool
    open: bool
    closed_at: datetime | None
    tactics: tuple[str, ...]
    techniques: tuple[Technique, ...]
    application_id: int | None
    application: str
    department: str
    department_key: str
    resource: str
    entities: tuple[tuple[str, str], ...]
    assignee: str
    assignee_username: str
    outcome: str
    description: str
    may_work: bool = False


def found(user: User, wanted: Wanted) -> QuerySet[Alert]:
    """The alerts that the person may see and asked for, with `due`, `late`, `finished` and `gravity`."""
    rows = _timed(access.alerts(user)).select_related("application__department", "assignee").defer("raw")
    if wanted.department is not None and wanted.department.parent_id is not None:
        below = Department.objects.subtree_of(wanted.department).order_by().values("pk")
        rows = rows.filter(application__department__in=below)
    given: dict[str, Any] = {
        "application": wanted.application,
        "state__in": wanted.states,
        "severity__in": wanted.severities,
        "tactics__overlap": [form for one in wanted.tactics for form in _forms(one)],
        "late": wanted.late,
    }
    rows = rows.filter(**{name: value for name, value in given.items() if value})
    if wanted.applications is not None:
        rows = rows.filter(application__in=wanted.applications)
    if wanted.tied is not None:
        rows = rows.filter(application__isnull=not wanted.tied)
    if wanted.who:
        rows = rows.filter(assignee=user if wanted.who == MINE else None)
    if wanted.techniques:
        rows = rows.filter(_showing(wanted.techniques))
    return rows.filter(_text(wanted.q)) if wanted.q else rows


def queue(user: User, wanted: Wanted, *, sort: str = "", page: int = 1) -> Page:
    """A page of AlertRow. The same number of queries whatever the size."""
    shown = Paginator(ordered(found(user, wanted), sort), A_PAGE).get_page(page)
    here = list(shown.object_list)
    keys = [one.pk for one in here]
    workable = set(access.alerts(user, Permission.EDIT).filter(pk__in=keys).order_by().values_list("pk", flat=True))
    rows: Any = [row(one, may_work=one.pk in workable) for one in here]
    shown.object_list = rows
    return shown


def every(user: User, wanted: Wanted, sort: str = "") -> Iterator[AlertRow]:
    """All of them, streamed."""
    return (row(one) for one in ordered(found(user, wanted), sort).iterator(1000))


def ordered(rows: QuerySet[Alert], sort: str, other: Mapping[str, str] | None = None) -> QuerySet[Alert]:
    """The alerts in an order of SORTS; turned round by a leading "-". `other`: columns of then, by those of today."""
    down = sort.startswith("-")
    columns = [F((other or {}).get(name, name)) for name in SORTS[sort.removeprefix("-") or "due"]]
    order = [one.desc(nulls_last=True) if down else one.asc(nulls_last=True) for one in columns]
    return rows.order_by(*order, "-id")


def _timed(rows: QuerySet[Alert]) -> QuerySet[Alert]:
    deadline = Case(
        *(When(severity=one, then=F("at") + timedelta(hours=hours)) for one, hours in settings.ALERT_HOURS.items()),
        default=None,
        output_field=DateTimeField(null=True),
    )
    is_open = Q(state__in=OPEN)
    return rows.annotate(
        due=deadline,
        finished=ExpressionWrapper(~is_open, output_field=BooleanField()),
        gravity=Case(*(When(severity=one, then=Value(place)) for one, place in _GRAVITY.items()), default=Value(9)),
    ).annotate(late=ExpressionWrapper(is_open & Q(due__isnull=False, due__lt=timezone.now()), BooleanField()))


def _forms(key: str) -> Iterable[str]:
    """How feeds write a tactic: "Initial Access", "InitialAccess", "initial_access"."""
    words = key.split("_")
    return {key, " ".join(words).title(), "".join(words).title(), "".join(one.title() for one in words)}


def _showing(keys: Sequence[str]) -> Q:
    condition = Q(pk__in=[])
    for part in types_showing(keys):
        condition |= Q(type__icontains=part)
    for key in keys:
        condition |= Q(technique__icontains=key)
    return condition


def _text(q: str) -> Q:
    columns = ("title", "type", "resource", "application__name", "external_id", "entities")
    condition = Q()
    for column in columns:
        condition |= Q(**{f"{column}__icontains": q})
    return condition


def row(one: Alert, *, may_work: bool = False) -> AlertRow:
    """An alert of `found` as a row."""
    application = one.application
    return AlertRow(
        pk=one.pk,
        external_id=one.external_id or "",
        title=one.title,
        type=one.type,
        unmapped=about_ai(one.type) and not mapped(one.type),
        severity=one.severity,
        severity_name=str(Severity(one.severity).label),
        state=one.state,
        state_name=str(AlertState(one.state).label),
        feed_says=str(AlertState(one.feed_state).label) if one.contradicted else "",
        at=one.at,
        due=one.due,  # type: ignore[attr-defined]
        late=one.late,  # type: ignore[attr-defined]
        open=not one.closed,
        closed_at=one.resolved_at,
        tactics=tuple(one.tactics),
        techniques=techniques(one.type, one.technique),
        application_id=one.application_id,
        application=application.name if application else "",
        department=application.department.name if application else "",
        department_key=application.department.key if application else "",
        resource=one.resource,
        entities=tuple((kind, name) for kind, name in one.entities or ()),
        assignee=str(one.assignee or ""),
        assignee_username=one.assignee.username if one.assignee else "",
        outcome=one.outcome,
        description=one.description,
        may_work=may_work,
    )


def tally(user: User, wanted: Wanted | None = None) -> dict[str, int]:
    """How many open alerts there are in sight and wanted: all, mine, of nobody, late, tied to no application."""
    rows = found(user, wanted or Wanted()).select_related(None).defer(None).filter(state__in=OPEN).order_by()
    return rows.aggregate(
        open=Count("pk"),
        mine=Count("pk", filter=Q(assignee=user)),
        nobody=Count("pk", filter=Q(assignee=None)),
        overdue=Count("pk", filter=Q(late=True)),
        loose=Count("pk", filter=Q(application=None)),
    )


def one_of(user: User, pk: int) -> AlertRow:
    """One alert. Http404 where it is out of sight."""
    access.alert_or_404(user, pk)
    may_work = access.alerts(user, Permission.EDIT).filter(pk=pk).exists()
    return row(found(user, Wanted()).get(pk=pk), may_work=may_work)


def steps_of(pk: int) -> list[AlertStep]:
    """What was done about an alert, newest first."""
    return list(AlertStep.objects.filter(alert=pk).select_related("actor"))


def workers(user: User) -> list[User]:
    """People who may be given alerts of what this person sees, by name; at most 200. Who works elsewhere is
    named to nobody."""
    kinds = [kind for kind, granted in access.GRANTS.items() if Permission.EDIT in granted]
    here = access.around(user).order_by().values("pk")
    people = User.objects.filter(is_active=True, roles__kind__in=kinds, roles__department__in=here)
    return list(people.distinct().order_by("username")[:200])
