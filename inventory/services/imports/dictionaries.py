"""Stores the dictionaries: a list adds and changes, and what an administrator stated about a level stays. An older one
(`order`) tells of what is here nothing new."""

from datetime import timedelta
from typing import Any

from django.db import connection
from django.utils import timezone

from inventory.connectors import levels
from inventory.connectors.content import Latest
from inventory.connectors.levels import Label
from inventory.models import ChangedApplication, DailySensitive, ImportBatch, SensitivityLabel, User
from inventory.services.imports.order import is_late

_LABELS = """
INSERT INTO inventory_sensitivitylabel AS d (key, name, rank, parent, level, stated)
SELECT key, name, rank, parent, '', false FROM unnest(%s::text[], %s::text[], %s::int[], %s::text[])
       AS given (key, name, rank, parent)
ON CONFLICT (key) DO UPDATE SET name = excluded.name, rank = excluded.rank, parent = excluded.parent
WHERE NOT %s AND (d.name, d.rank, d.parent) IS DISTINCT FROM (excluded.name, excluded.rank, excluded.parent)
"""

_TYPES = """
INSERT INTO inventory_informationtype AS d (key, name, level, stated)
SELECT key, name, level, false FROM unnest(%s::text[], %s::text[], %s::text[]) AS given (key, name, level)
ON CONFLICT (key) DO UPDATE SET
    name = excluded.name, level = CASE WHEN d.stated THEN d.level ELSE excluded.level END
WHERE NOT %s AND d.name <> excluded.name
"""

WINDOW_DAYS = 31  # of use that a level bears upon: the 30 days of the rates, and the day between two time zones


class LabelSink:
    """Stores chunks of a label list and counts them into the batch."""

    def __init__(self, batch: ImportBatch, actor: User | None) -> None:
        """As every sink; whose list it is makes no difference to its levels."""

    def store(self, content: Latest, batch: ImportBatch) -> int:
        rows = [(one.key, one.name, one.rank, one.parent) for one in content.rows.values()]
        stored = _store(_LABELS, rows, late=is_late(batch, ["sensitivity_labels"]))
        batch.duplicates += len(rows) - stored
        return stored

    def finish(self) -> dict[str, int]:
        """Work the levels out: they hang on the whole list."""
        return {"labels moved to another level": work_levels_out()}


class TypeSink:
    """Stores chunks of a list of information types and counts them into the batch."""

    def __init__(self, batch: ImportBatch, actor: User | None) -> None:
        self._stored = 0

    def store(self, content: Latest, batch: ImportBatch) -> int:
        rows = [(one.key, one.name, levels.of_type(one.name)) for one in content.rows.values()]
        stored = _store(_TYPES, rows, late=is_late(batch, ["information_types"]))
        self._stored += stored
        batch.duplicates += len(rows) - stored
        return stored

    def finish(self) -> dict[str, int]:
        return {"applications to judge again": mark_users_of_sensitive() if self._stored else 0}


def _store(statement: str, rows: list[tuple[Any, ...]], *, late: bool) -> int:
    """New or changed entries."""
    if not rows:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(statement, [*(list(column) for column in zip(*rows, strict=True)), late])
        return cursor.rowcount


def work_levels_out() -> int:
    """Give each label the level that its name, its parent and its rank suggest; returns how many changed.

    Inside the caller's transaction.
    """
    known = list(SensitivityLabel.objects.order_by("key"))
    suggested = levels.of_labels(
        Label(one.key, one.name, one.rank, one.parent, one.level if one.stated else "") for one in known
    )
    changed = [one for one in known if one.level != suggested[one.key]]
    for one in changed:
        one.level = suggested[one.key]
    SensitivityLabel.objects.bulk_update(changed, ["level"], batch_size=1000)
    if changed:
        mark_users_of_sensitive()
    return len(changed)


def mark_users_of_sensitive() -> int:
    """Queue the applications whose rate of sensitive interactions may be another one now."""
    since = timezone.localdate() - timedelta(days=WINDOW_DAYS)
    used = DailySensitive.objects.filter(day__gte=since, application__isnull=False).order_by()
    return ChangedApplication.objects.mark(used.values_list("application_id", flat=True).distinct().iterator())
