"""Stores alerts: a chunk is one COPY and one statement. A later record of an alert brings its state up to date."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from inventory.choices import AlertState
from inventory.connectors.alert_types import about_ai
from inventory.connectors.base import SecurityAlert, Seen
from inventory.connectors.content import SecurityAlerts
from inventory.matching import Identifiers
from inventory.models import ChangedApplication, Identifier, ImportBatch
from inventory.services.imports.encryption import encrypt

_MOST_BYTES = 64 * 1024  # of a record that are kept
_CLOSED = [AlertState.RESOLVED.value, AlertState.DISMISSED.value]
_COLUMNS = "external_id, type, title, severity, state, tactics, technique, resource, description, application_id, at"

_TABLE = """
CREATE TEMPORARY TABLE IF NOT EXISTS import_alert (
    external_id text, type text, title text, severity text, state text, tactics text[], technique text, resource text,
    description text, application_id bigint, at timestamptz, raw bytea
) ON COMMIT DELETE ROWS;
TRUNCATE import_alert
"""

# An alert stays with the application it was once tied to. What came before and says nothing new is not written.
_STORE = f"""
INSERT INTO inventory_alert AS a ({_COLUMNS}, raw, batch_id, latest_batch_id, resolved_at)
SELECT {_COLUMNS}, raw, %(batch)s, %(batch)s, CASE WHEN state = ANY(%(closed)s) THEN now() END FROM import_alert
ON CONFLICT (external_id) DO UPDATE SET
    type = excluded.type, title = excluded.title, severity = excluded.severity, state = excluded.state,
    tactics = excluded.tactics, technique = excluded.technique, resource = excluded.resource,
    description = excluded.description, at = excluded.at, raw = excluded.raw,
    application_id = coalesce(a.application_id, excluded.application_id), latest_batch_id = excluded.latest_batch_id,
    resolved_at = CASE WHEN excluded.state = ANY(%(closed)s) THEN coalesce(a.resolved_at, now()) END
WHERE (a.type, a.title, a.severity, a.state, a.tactics, a.technique, a.resource, a.description, a.at,
       a.application_id IS NULL AND excluded.application_id IS NOT NULL)
      IS DISTINCT FROM
      (excluded.type, excluded.title, excluded.severity, excluded.state, excluded.tactics, excluded.technique,
       excluded.resource, excluded.description, excluded.at, false)
RETURNING a.application_id, a.at
"""  # noqa: S608 - constants of this file


@dataclass
class Stored:
    """What became of a chunk: new or changed alerts, those of them tied to no application, and those ignored because
    they are neither about AI nor about anything registered."""

    stored: int
    unmatched: int
    ignored: int
    newest_at: datetime | None


class AlertWriter:
    """Stores the chunks of one file. Identifiers are those of its beginning."""

    def __init__(self, batch: ImportBatch) -> None:
        self._batch = batch
        rows = Identifier.objects.order_by().values_list("kind", "folded", "application_id")
        self._identifiers = Identifiers(rows.iterator(10_000))

    def store(self, chunk: SecurityAlerts) -> Stored:
        """Store the alerts and queue the applications they are about, inside the caller's transaction."""
        rows = [row for one in chunk.alerts.values() if (row := self._row(one)) is not None]
        ignored = len(chunk.alerts) - len(rows)
        if not rows:
            return Stored(0, 0, ignored, None)
        with connection.cursor() as cursor:
            cursor.execute(_TABLE)
            with cursor.copy("COPY import_alert FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)
            cursor.execute(_STORE, {"closed": _CLOSED, "batch": self._batch.pk})
            written = cursor.fetchall()
        ChangedApplication.objects.mark({application for application, _ in written if application})
        unmatched = sum(application is None for application, _ in written)
        return Stored(len(written), unmatched, ignored, max((at for _, at in written), default=None))

    def _row(self, one: SecurityAlert) -> tuple[Any, ...] | None:
        """The alert as a row; None where it concerns nobody here."""
        match = self._identifiers.match(Seen(azure_resource=one.resource))
        if match.application is None and not about_ai(one.type or one.title):
            return None
        return (
            *(one.alert_id, one.type, one.title, one.severity, one.state, list(one.tactics)),
            *(", ".join(one.techniques)[:200], one.resource, one.description, match.application, one.at),
            encrypt(one.raw[:_MOST_BYTES]),
        )
