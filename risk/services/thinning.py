"""Thinning old score snapshots: what an auditor needs stays, what only repeats it goes.

Of snapshots older than `settings.SNAPSHOT_DAYS` these stay: whatever follows a changed input or method (it holds the
inputs, on which later ones lean), the first in another band, the last of each month, the newest of an application, and
the one that was in force when somebody acted upon it: every act on the application in the audit log (decisions on
exceptions, signatures, verifications, steps in the life cycle), a step that an import of the register took, and a
switch of the method. What goes is the slow course between them, day by day. Deleted rows are the only exception to
"append-only".
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
from risk.selectors.keys import array

CHUNK = 2000  # applications looked at in one statement

# When somebody acted upon an application. An import of the register is one act on many, so the row history tells its
# steps; a switch of the method is one on all.
_ACTS = """
SELECT object_id::bigint AS application_id, at FROM inventory_auditlogentry
WHERE object_type = 'aiapplication' AND object_id = ANY(%s::text[])
UNION ALL
SELECT pgh_obj_id, pgh_created_at FROM (
    SELECT pgh_obj_id, pgh_created_at, lifecycle,
           lag(lifecycle) OVER (PARTITION BY pgh_obj_id ORDER BY pgh_id) AS before
    FROM inventory_aiapplicationevent WHERE pgh_obj_id = ANY(%s::bigint[])) AS step
WHERE lifecycle <> before
UNION ALL
SELECT application_id, since FROM risk_methodinforce, unnest(%s::bigint[]) AS application_id"""
# `next_day` null: the newest of the application
_SPARE = f"""
WITH acts AS MATERIALIZED ({_ACTS})
SELECT id FROM (
    SELECT id, application_id, as_of, band, inputs IS NULL AS repeats, computed_at,
           lag(band) OVER course AS band_before, lead(as_of) OVER course AS next_day,
           lead(computed_at) OVER course AS next_at
    FROM risk_scoresnapshot WHERE application_id = ANY(%s::bigint[])
    WINDOW course AS (PARTITION BY application_id ORDER BY as_of, id)) AS snapshot
WHERE repeats AND as_of < %s AND band = band_before
  AND date_trunc('month', next_day) = date_trunc('month', as_of)
  AND NOT EXISTS (SELECT FROM acts WHERE acts.application_id = snapshot.application_id
                  AND acts.at >= computed_at AND acts.at < next_at)"""  # noqa: S608 - constants


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
    with connection.cursor() as cursor, pgtrigger.ignore("risk.ScoreSnapshot:append_only"):
        cursor.execute("SELECT count(*) FROM risk_scoresnapshot")
        snapshots = int(cursor.fetchone()[0])
        for start in range(0, len(ids), CHUNK):
            chosen: list[str | date] = [*[array(ids[start : start + CHUNK])] * 4, before]
            if dry_run:
                cursor.execute(f"SELECT count(*) FROM ({_SPARE}) AS spare", chosen)  # noqa: S608
                deleted += int(cursor.fetchone()[0])
            else:
                cursor.execute(f"DELETE FROM risk_scoresnapshot WHERE id IN ({_SPARE})", chosen)  # noqa: S608
                deleted += cursor.rowcount
    if deleted and not dry_run:
        audit_log.record(
            actor=actor,
            action="snapshots.thinned",
            summary=f"{deleted:,} of {snapshots:,} score snapshots from before {before} deleted by the rule",
            details={"snapshots": snapshots, "deleted": deleted, "before": before.isoformat()},
        )
    return Thinned(snapshots, deleted)
