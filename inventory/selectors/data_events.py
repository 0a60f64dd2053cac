"""Matches of data-loss rules and findings of sensitive information, as their pages show them."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import Q, QuerySet
from django.utils import timezone

from inventory import access
from inventory.access import Permission
from inventory.choices import DataEventKind, Enforcement, Severity
from inventory.models import AIApplication, DataEvent, Department, User
from inventory.selectors.dictionary import Names, names

A_PAGE = 25
SHOWN = 25  # on the page of an application
A_CHUNK = 1000


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which events: those of the last `period` days. Empty: no restriction."""

    department: Department | None = None
    period: int = 30
    severities: Sequence[str] = ()
    kinds: Sequence[str] = ()
    q: str = ""
    left: QuerySet[AIApplication, Any] | None = None  # ids: only these, and nothing that isn't registered


@dataclass(frozen=True, slots=True)
class EventRow:
    """An event without the person: only their department."""

    kind: str
    at: datetime
    application_id: int | None
    application: str  # its name, or the one under which it was seen
    department: str
    policy: str
    rule: str
    severity: str
    severity_name: str
    enforcement: str
    information_types: list[str]


def events(user: User, wanted: Wanted, page: int = 1) -> Page:
    """A page of EventRow, newest first: about applications that the person may see; where nothing registered fits, of
    the people of their departments (*Unassigned* ones for who sees everything)."""
    shown = Paginator(_narrowed(user, wanted), A_PAGE).get_page(page)
    rows = list(shown.object_list)
    shown.object_list = _rows(rows, _known(rows))  # type: ignore[assignment]  # a page takes any list
    return shown


def every(user: User, wanted: Wanted) -> Iterator[EventRow]:
    """All of them that the person may take away, streamed."""
    dictionary = names()
    found = _narrowed(user, wanted, Permission.EXPORT).iterator(A_CHUNK)
    while part := list(islice(found, A_CHUNK)):
        yield from _rows(part, dictionary)


def _narrowed(user: User, wanted: Wanted, permission: Permission = Permission.VIEW) -> QuerySet[DataEvent]:
    since = timezone.now() - timedelta(days=wanted.period)
    found = _in_sight(user, wanted.department, permission).filter(at__gte=since)
    if wanted.severities:
        found = found.filter(severity__in=wanted.severities)
    if wanted.kinds:
        found = found.filter(kind__in=wanted.kinds)
    if wanted.left is not None:
        found = found.filter(application__in=wanted.left)
    if q := wanted.q:
        text = Q(policy__icontains=q) | Q(rule__icontains=q) | Q(seen_as__icontains=q)
        found = found.filter(text | Q(application__name__icontains=q))
    return found.order_by("-at", "record_id")


def _in_sight(user: User, department: Department | None, permission: Permission) -> QuerySet[DataEvent]:
    found = DataEvent.objects.select_related("application", "department")
    if not access.sees_everything(user, permission):
        applications = access.applications(user, permission).order_by().values("pk")
        people = access.departments(user, permission).order_by().values("pk")
        found = found.filter(Q(application__in=applications) | Q(application=None, department__in=people))
    if department is not None and department.parent_id is not None:
        below = Department.objects.subtree_of(department).order_by().values("pk")
        found = found.filter(Q(application__department__in=below) | Q(application=None, department__in=below))
    return found


def events_of(application: AIApplication, period: int, dictionary: Callable[[], Names] = names) -> list[EventRow]:
    """The newest events about an application in the last `period` days, whoever's; types named by a `dictionary`."""
    found = DataEvent.objects.select_related("application", "department").filter(
        application=application, at__gte=timezone.now() - timedelta(days=period)
    )
    shown = list(found.order_by("-at", "record_id")[:SHOWN])
    return _rows(shown, _known(shown, dictionary))


def _known(shown: Sequence[DataEvent], dictionary: Callable[[], Names] = names) -> Names:
    """The dictionary, read only where one of these names a type."""
    return dictionary() if any(one.information_types for one in shown) else Names([], [])


def _rows(found: Sequence[DataEvent], dictionary: Names) -> list[EventRow]:
    return [
        EventRow(
            kind=str(DataEventKind(one.kind).label),
            at=one.at,
            application_id=one.application_id,
            application=one.application.name if one.application else one.seen_as,
            department=one.department.name if one.department else "Unassigned",
            policy=one.policy,
            rule=one.rule,
            severity=one.severity,
            severity_name=str(Severity(one.severity).label) if one.severity else "",
            enforcement=str(Enforcement(one.enforcement).label) if one.enforcement else "",
            information_types=[dictionary.type(given).name for given in one.information_types],
        )
        for one in found
    ]
