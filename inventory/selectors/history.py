"""What happened to one application: the audit log says who and why, the row history says what changed.

Both carry the time of their transaction, which joins them: also a register import, whose one entry names no
application. Pages are cut between moments, never within one: a transaction may have written any number of rows.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import Count, F, Q, QuerySet, Window
from django.db.models.functions import RowNumber
from django.utils.translation import gettext_lazy as _

from inventory import access
from inventory.access import Permission
from inventory.choices import ApplicationKind, Lifecycle, Origin
from inventory.models import AIApplication, AuditLogEntry, Department, Identifier, User

MOMENTS = 25  # on a page
SHOWN = 40  # entries, and rows changed, of one moment on a page of many
_LABELS = {
    "external_id": _("external id"),
    "name": _("name"),
    "purpose": _("purpose"),
    "kind": _("kind"),
    "origin": _("origin"),
    "vendor": _("vendor"),
    "department_id": _("department"),
    "lifecycle": _("life cycle"),
    "owner_id": _("owner"),
    "deputy_id": _("deputy"),
    "next_review": _("next review"),
}
FIELDS = tuple(_LABELS)


@dataclass(frozen=True, slots=True)
class Change:
    """One field before and after, as text; empty before: it was set; empty after: it was removed."""

    field: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of the audit log. `address` only for who may read the audit log."""

    actor: str  # "System" for commands and workers
    on_behalf_of: str
    action: str
    summary: str
    reason: str
    address: str
    details: Mapping[str, Any]
    id: int = 0  # 0: made of the row history, no entry of its own


@dataclass(slots=True)
class Moment:
    """What one transaction did to the application. `left_out`: further entries and changes that are not shown."""

    at: datetime
    entries: list[Entry] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    left_out: int = 0

    @property
    def people(self) -> list[tuple[str, str]]:
        """Who did it and for whom, each once."""
        return list(dict.fromkeys((one.actor, one.on_behalf_of) for one in self.entries))


@dataclass(frozen=True, slots=True)
class Page:
    """Moments, newest first. `older`: whether there are any before them."""

    moments: Sequence[Moment]
    older: bool


def application_history(
    user: User | None,
    application: AIApplication,
    before: datetime | None = None,
    others: Iterable[QuerySet[Any, Any]] = (),
) -> Page:
    """The newest MOMENTS (of before `before`). `others`: times of what storeys above know of the application, each as
    a query of one column. Raises PermissionDenied for who may not see the application. A constant number of queries."""
    access.require(user, Permission.VIEW, application.department)
    times = _times(application, before, others)
    return Page(_moments(user, application, times[:MOMENTS], 0, SHOWN), len(times) > MOMENTS)


def moment_of(
    user: User | None,
    application: AIApplication,
    at: datetime,
    page: int,
    size: int,
    others: Iterable[QuerySet[Any, Any]] = (),
) -> tuple[Moment | None, int]:
    """One moment with the entries and changes of a page (from 1) of it, and how many pages it has; None: nothing of the
    application's own happened then. Raises PermissionDenied for who may not see the application."""
    access.require(user, Permission.VIEW, application.department)
    if not any(times.filter(**{column: at}).exists() for column, times in _sources(application, others)):
        return None, 1
    found = _moments(user, application, [at], (page - 1) * size, size)[0]
    whole = max(_entries(application, [at]).count(), _identifiers(application, [at]).count())
    return found, max(1, -(-whole // size))


def _own(application: AIApplication) -> Q:
    return Q(object_type=AIApplication._meta.model_name, object_id=str(application.pk))


def _versions_of(application: AIApplication) -> QuerySet[Any]:
    return AIApplication.pgh_event_model.objects.filter(pgh_obj_id=application.pk)  # type: ignore[attr-defined]


def _times(application: AIApplication, before: datetime | None, others: Iterable[QuerySet[Any, Any]]) -> list[datetime]:
    """The newest times at which anything happened, one more than a page shows."""
    first, *more = (_newest(times, column, before) for column, times in _sources(application, others))
    return list(first.union(*more).order_by("-at")[: MOMENTS + 1])


def _sources(
    application: AIApplication, others: Iterable[QuerySet[Any, Any]]
) -> Iterator[tuple[str, QuerySet[Any, Any]]]:
    """All that is kept of what happened to the application, each as a query of its times, with their column."""
    yield "at", AuditLogEntry.objects.filter(_own(application)).values_list("at", flat=True)
    identifiers = Identifier.pgh_event_model.objects.filter(application_id=application.pk)  # type: ignore[attr-defined]
    for events in (_versions_of(application), identifiers):
        yield "pgh_created_at", events.values_list("pgh_created_at", flat=True)
    for times in others:
        yield "pgh_created_at", times


def _newest(times: QuerySet[Any, Any], column: str, before: datetime | None) -> QuerySet[Any, Any]:
    """The newest different times of a source, as many as could be on a page: each can be read off its index."""
    found = times.filter(**{f"{column}__lt": before}) if before else times
    return found.order_by(f"-{column}").distinct()[: MOMENTS + 1]


def _moments(
    user: User | None, application: AIApplication, times: Sequence[datetime], start: int, size: int
) -> list[Moment]:
    """What happened at these times: of each, `size` entries and `size` rows from the place `start` on."""
    moments = {at: Moment(at) for at in times}
    for at, change in _versions(application, times) if start == 0 else ():
        moments[at].changes.append(change)
    for at, change, whole in _identifier_changes(application, times, start, size):
        moments[at].changes.append(change)
        moments[at].left_out = max(0, whole - start - size)
    addresses = access.may(user, Permission.AUDIT, application.department)
    rows = _numbered(_entries(application, times), "at", "-id", start, size)
    left = {}
    for entry in rows.select_related("actor", "on_behalf_of"):
        moments[entry.at].entries.append(_entry(entry, addresses))
        left[entry.at] = max(0, entry.whole - start - size)
    for at, more in left.items():
        moments[at].left_out += more
    return [moments[at] for at in times]


def _entries(application: AIApplication, times: Sequence[datetime]) -> QuerySet[AuditLogEntry]:
    """Entries about the application, and those of its transactions that name nothing: an import of many."""
    return AuditLogEntry.objects.filter(_own(application) | Q(object_type=""), at__in=times)


def _identifiers(application: AIApplication, times: Sequence[datetime]) -> QuerySet[Any]:
    events = Identifier.pgh_event_model.objects  # type: ignore[attr-defined]
    return events.filter(application_id=application.pk, pgh_created_at__in=times)


def _numbered(rows: QuerySet[Any], time: str, order: str, start: int, size: int) -> QuerySet[Any]:
    """`size` rows of each time, from a place on; `whole`: how many it has."""
    place = Window(RowNumber(), partition_by=[F(time)], order_by=[F(order[1:]).desc()])
    whole = Window(Count("*"), partition_by=[F(time)])
    found = rows.annotate(place=place, whole=whole).filter(place__gt=start, place__lte=start + size)
    return found.order_by(f"-{time}", order)


def _entry(entry: AuditLogEntry, addresses: bool) -> Entry:
    return Entry(
        actor=str(entry.actor or _("System")),
        on_behalf_of=str(entry.on_behalf_of or ""),
        action=entry.action,
        summary=entry.summary,
        reason=entry.reason,
        address=(entry.address or "") if addresses else "",
        details=entry.details,
        id=entry.pk,
    )


# The last version of each transaction, and the last one before it: what lies between nobody else has ever seen
_STEPS = """
SELECT moment.at, moment.last, (
    SELECT max(pgh_id) FROM inventory_aiapplicationevent WHERE pgh_obj_id = %(pk)s AND pgh_id < moment.first)
FROM (SELECT pgh_created_at AS at, min(pgh_id) AS first, max(pgh_id) AS last
      FROM inventory_aiapplicationevent WHERE pgh_obj_id = %(pk)s AND pgh_created_at = ANY(%(times)s)
      GROUP BY pgh_created_at) AS moment"""


def _versions(application: AIApplication, times: Sequence[datetime]) -> list[tuple[datetime, Change]]:
    """What each transaction changed of the application's own fields."""
    with connection.cursor() as cursor:
        cursor.execute(_STEPS, {"pk": application.pk, "times": list(times)})
        steps = cursor.fetchall()
    wanted = {pk for _, *pair in steps for pk in pair if pk is not None}
    rows = {row["pgh_id"]: row for row in _versions_of(application).filter(pgh_id__in=wanted).values("pgh_id", *FIELDS)}
    names = _Names(list(rows.values()))
    return [
        (at, change) for at, last, former in steps for change in _differences(rows.get(former, {}), rows[last], names)
    ]


def _identifier_changes(
    application: AIApplication, times: Sequence[datetime], start: int, size: int
) -> Iterable[tuple[datetime, Change, int]]:
    """Identifiers given and taken, with how many there are at that time."""
    rows = _numbered(_identifiers(application, times), "pgh_created_at", "-pgh_id", start, size)
    for at, label, kind, value, whole in rows.values_list("pgh_created_at", "pgh_label", "kind", "value", "whole"):
        text = f"{kind}:{value}"
        change = Change(str(_("identifier")), *((text, "") if label == "delete" else ("", text)))
        yield at, change, whole


def _differences(previous: dict[str, Any], row: dict[str, Any], names: "_Names") -> list[Change]:
    """The fields in which two versions differ."""
    return [
        Change(
            str(_LABELS[name]),
            names.text(name, previous.get(name)),
            names.text(name, row[name]),
        )
        for name in FIELDS
        if (row[name] or "") != (previous.get(name) or "")
    ]


class _Names:
    """Ids of departments and people in old versions → their present names; two queries."""

    def __init__(self, rows: list[dict[str, Any]]) -> None:
        ids: dict[str, set[int]] = defaultdict(set)
        for row in rows:
            for name in ("department_id", "owner_id", "deputy_id"):
                if row[name] is not None:
                    ids[name].add(row[name])
        people = ids["owner_id"] | ids["deputy_id"]
        self._people = {user.pk: str(user) for user in User.objects.filter(pk__in=people)}
        departments = Department.objects.filter(pk__in=ids["department_id"])
        self._departments = dict(departments.values_list("pk", "name"))
        self._choices: dict[str, dict[str, Any]] = {
            "kind": dict(ApplicationKind.choices),
            "origin": dict(Origin.choices),
            "lifecycle": dict(Lifecycle.choices),
        }

    def text(self, name: str, value: Any) -> str:
        if value is None or value == "":
            return ""
        if name == "department_id":
            return self._departments.get(value, str(_("a removed department")))
        if name in ("owner_id", "deputy_id"):
            return self._people.get(value, str(_("a removed person")))
        return str(self._choices.get(name, {}).get(value, value))
