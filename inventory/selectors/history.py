"""What happened to one application: the audit log says who and why, the row history says what changed.

Both carry the time of their transaction, which joins them: also a register import, whose one entry names no
application.
"""

import itertools
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import Q

from inventory import access
from inventory.access import Permission
from inventory.choices import ApplicationKind, Lifecycle, Origin
from inventory.models import AIApplication, AuditLogEntry, Department, Identifier, User

LIMIT = 200  # row versions and entries read for one page
FIELDS = (
    "external_id",
    "name",
    "purpose",
    "kind",
    "origin",
    "vendor",
    "department_id",
    "lifecycle",
    "owner_id",
    "deputy_id",
    "next_review",
)
_LABELS = {
    "lifecycle": "life cycle",
    "department_id": "department",
    "owner_id": "owner",
    "deputy_id": "deputy",
    "external_id": "external id",
}


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


@dataclass(slots=True)
class Moment:
    """What one transaction did to the application."""

    at: datetime
    entries: list[Entry] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)


def application_history(user: User | None, application: AIApplication, before: datetime | None = None) -> list[Moment]:
    """The newest LIMIT versions and entries (of before `before`), newest first. Raises PermissionDenied for who may not
    see the application. A constant number of queries."""
    access.require(user, Permission.VIEW, application.department)
    moments: dict[datetime, Moment] = {}

    def moment(at: datetime) -> Moment:
        return moments.setdefault(at, Moment(at))

    for at, change in _row_changes(application, before):
        moment(at).changes.append(change)
    addresses = access.may(user, Permission.AUDIT, application.department)
    for entry in _entries(application, list(moments), before):
        moment(entry.at).entries.append(_entry(entry, addresses))
    return [moments[at] for at in sorted(moments, reverse=True)]


def _entries(application: AIApplication, times: list[datetime], before: datetime | None) -> Iterable[AuditLogEntry]:
    own = Q(object_type=AIApplication._meta.model_name, object_id=str(application.pk))
    found = AuditLogEntry.objects.filter(own | Q(object_type="", at__in=times))
    if before:
        found = found.filter(at__lt=before)
    return found.select_related("actor", "on_behalf_of")[:LIMIT]


def _entry(entry: AuditLogEntry, addresses: bool) -> Entry:
    return Entry(
        actor=str(entry.actor or "System"),
        on_behalf_of=str(entry.on_behalf_of or ""),
        action=entry.action,
        summary=entry.summary,
        reason=entry.reason,
        address=(entry.address or "") if addresses else "",
        details=entry.details,
    )


def _row_changes(application: AIApplication, before: datetime | None) -> list[tuple[datetime, Change]]:
    versions = AIApplication.pgh_event_model.objects.filter(pgh_obj_id=application.pk)  # type: ignore[attr-defined]
    identifiers = Identifier.pgh_event_model.objects.filter(application_id=application.pk)  # type: ignore[attr-defined]
    if before:
        versions, identifiers = (
            versions.filter(pgh_created_at__lt=before),
            identifiers.filter(pgh_created_at__lt=before),
        )
    # one more than shown: the oldest shown is compared with the one before it
    rows = list(versions.order_by("-pgh_id").values("pgh_created_at", "pgh_label", *FIELDS)[: LIMIT + 1])[::-1]
    names = _Names(rows)
    found: list[tuple[datetime, Change]] = []
    if rows and rows[0]["pgh_label"] == "insert":
        found += _differences({}, rows[0], names)
    for previous, row in itertools.pairwise(rows):
        found += _differences(previous, row, names)
    for event in identifiers.order_by("-pgh_id").values("pgh_created_at", "pgh_label", "kind", "value")[:LIMIT]:
        text = f"{event['kind']}:{event['value']}"
        change = Change("identifier", text, "") if event["pgh_label"] == "delete" else Change("identifier", "", text)
        found.append((event["pgh_created_at"], change))
    return found


def _differences(previous: dict[str, Any], row: dict[str, Any], names: "_Names") -> list[tuple[datetime, Change]]:
    return [
        (
            row["pgh_created_at"],
            Change(
                _LABELS.get(name, name.replace("_", " ")),
                names.text(name, previous.get(name)),
                names.text(name, row[name]),
            ),
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
            return self._departments.get(value, "a removed department")
        if name in ("owner_id", "deputy_id"):
            return self._people.get(value, "a removed person")
        return str(self._choices.get(name, {}).get(value, value))
