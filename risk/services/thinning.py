"""Thinning old score snapshots: what an auditor needs stays, what only repeats it goes.

Of snapshots older than `settings.SNAPSHOT_DAYS` these stay: whatever follows a changed input or method (it holds the
inputs, on which later ones lean), the first in another band, the last of each month, and the newest of an application.
What goes is the slow course between them, day by day. Deleted rows are the only exception to "append-only".
"""

from dataclasses import dataclass
from datetime import date, timedelta

import pgtrigger
from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from inventory import access, audit_log
from inventory.access import Permission
from inventory.models import AIApplication, User

CHUNK = 2000  # applications looked at in one statement

# `next_day` null: the newest of the application
_SPARE = """
SELECT id FROM (
    SELECT id, as_of, band, inputs IS NULL AS repeats,
           lag(band) OVER course AS band_before, lead(as_of) OVER course AS next_day
    FROM risk_scoresnapshot WHERE application_id BETWEEN %s AND %s
    WINDOW course AS (PARTITION BY application_id ORDER BY as_of, id)) AS snapshot
WHERE repeats AND as_of < %s AND band = band_before
  AND date_trunc('month', next_day) = date_trunc('month', as_of)"""


@dataclass(frozen=True, slots=True)
class Thinned:
    """How many snapshots there were, and how many of them went (or would go)."""

    snapshots: int
    deleted: int


@transaction.atomic
def thin_snapshots(*, actor: User | None, dry_run: bool = False, day: date | None = None) -> Thinned:
    """Delete what the rule spares, as of `day` (today by default); nothing with `dry_run`. Raises PermissionDenied."""
    access.require_everywhere(actor, Permission.ADMIN)
    before = (day or timezone.localdate()) - timedelta(days=settings.SNAPSHOT_DAYS)
    ids = list(AIApplication.objects.order_by("pk").values_list("pk", flat=True))
    deleted = 0
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM risk_scoresnapshot")
        snapshots = int(cursor.fetchone()[0])
        for start in range(0, len(ids), CHUNK):
            chunk = ids[start : start + CHUNK]
            if dry_run:
                cursor.execute(f"SELECT count(*) FROM ({_SPARE}) AS spare", [chunk[0], chunk[-1], before])  # noqa: S608
                deleted += int(cursor.fetchone()[0])
                continue
            with pgtrigger.ignore("risk.ScoreSnapshot:append_only"):
                cursor.execute(
                    f"DELETE FROM risk_scoresnapshot WHERE id IN ({_SPARE})",  # noqa: S608 - a constant
                    [chunk[0], chunk[-1], before],
                )
            deleted += cursor.rowcount
    if deleted and not dry_run:
        audit_log.record(
            actor=actor,
            action="snapshots.thinned",
            summary=f"{deleted:,} of {snapshots:,} score snapshots from before {before} deleted by the rule",
            details={"snapshots": snapshots, "deleted": deleted, "before": before.isoformat()},
        )
    return Thinned(snapshots, deleted)
