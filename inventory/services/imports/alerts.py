"""Stores alerts: a chunk is one COPY and one statement. A later record of an alert brings its state up to date."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection
from psycopg.types.json import Jsonb

from inventory.choices import AlertAction, AlertState
from inventory.connectors.alert_entities import ACCOUNT, APPLICATION
from inventory.connectors.alert_types import about_ai
from inventory.connectors.base import SecurityAlert, Seen
from inventory.connectors.content import SecurityAlerts
from inventory.matching import Identifiers
from inventory.models import ChangedApplication, Identifier, ImportBatch
from inventory.services.imports.ai_hosts import site_of
from inventory.services.imports.encryption import encrypt
from inventory.services.pseudonyms import pseudonym, unnamed

_MOST_BYTES = 64 * 1024  # of a record that are kept
_CLOSED = [AlertState.RESOLVED.value, AlertState.DISMISSED.value]
_COLUMNS = (
    "external_id, type, title, severity, feed_state, tactics, technique, resource, description, application_id, at,"
    " entities"
)

_TABLE = """
CREATE TEMPORARY TABLE IF NOT EXISTS import_alert (
    external_id text, type text, title text, severity text, feed_state text, tactics text[], technique text,
    resource text, description text, application_id bigint, at timestamptz, entities jsonb, raw bytea
) ON COMMIT DELETE ROWS;
TRUNCATE import_alert
"""

# What the feed says anew of alerts that are here goes into their history. The rows are held, so that a person who
# decides in the same moment decides before or after the feed, never in between.
_SAID = """
WITH known AS (
    SELECT a.id, a.external_id, a.feed_state FROM inventory_alert a JOIN import_alert USING (external_id)
    ORDER BY a.id FOR UPDATE OF a
)
INSERT INTO inventory_alertstep (alert_id, action, text, about)
SELECT known.id, %(feed)s, '', said.feed_state FROM known JOIN import_alert said USING (external_id)
WHERE known.feed_state IS DISTINCT FROM said.feed_state AND known.feed_state <> ''
"""

# A feed that says something new moves the state, unless a person has decided (docs/decisions/0024).
_NEXT = """CASE WHEN a.decided_at IS NULL AND a.feed_state IS DISTINCT FROM excluded.feed_state
    THEN excluded.feed_state ELSE a.state END"""

# An alert stays with the application it was once tied to, and a person's word on that stands. What came before and says
# nothing new is not written.
_INSERT = f"""
INSERT INTO inventory_alert AS a ({_COLUMNS}, state, raw, batch_id, latest_batch_id, resolved_at)
SELECT {_COLUMNS}, feed_state, raw, %(batch)s, %(batch)s, CASE WHEN feed_state = ANY(%(closed)s) THEN now() END
FROM import_alert
"""  # noqa: S608 - constants of this file
_STORE = f"""{_INSERT}
ON CONFLICT (external_id) DO UPDATE SET
    type = excluded.type, title = excluded.title, severity = excluded.severity, feed_state = excluded.feed_state,
    tactics = excluded.tactics, technique = excluded.technique, resource = excluded.resource,
    description = excluded.description, at = excluded.at, raw = excluded.raw, entities = excluded.entities,
    application_id = CASE WHEN a.tied_at IS NULL THEN coalesce(a.application_id, excluded.application_id)
        ELSE a.application_id END,
    latest_batch_id = excluded.latest_batch_id, state = {_NEXT},
    resolved_at = CASE WHEN ({_NEXT}) = ANY(%(closed)s) THEN coalesce(a.resolved_at, now()) END
WHERE (a.type, a.title, a.severity, a.feed_state, a.tactics, a.technique, a.resource, a.description, a.at, a.entities,
       a.tied_at IS NULL AND a.application_id IS NULL AND excluded.application_id IS NOT NULL)
      IS DISTINCT FROM
      (excluded.type, excluded.title, excluded.severity, excluded.feed_state, excluded.tactics, excluded.technique,
       excluded.resource, excluded.description, excluded.at, excluded.entities, false)
RETURNING a.application_id, a.at
"""
# A file read a second time tells nothing of the alerts that are here: other files may have told what came after it
_STORE_AGAIN = f"""{_INSERT}
ON CONFLICT (external_id) DO UPDATE SET
    application_id = excluded.application_id, latest_batch_id = excluded.latest_batch_id
WHERE a.tied_at IS NULL AND a.application_id IS NULL AND excluded.application_id IS NOT NULL
RETURNING a.application_id, a.at
"""


@dataclass
class Stored:
    """What became of a chunk: new or changed alerts, those of them tied to no application, and those ignored because
    they are neither about AI nor about anything registered."""

    stored: int
    unmatched: int
    ignored: int
    newest_at: datetime | None


class AlertWriter:
    """Stores the chunks of one file. Identifiers are those of its beginning. `again`: the file was read before."""

    def __init__(self, batch: ImportBatch, *, again: bool = False) -> None:
        self._batch = batch
        self._again = again
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
            if not self._again:
                cursor.execute(_SAID, {"feed": AlertAction.FEED.value})
            store = _STORE_AGAIN if self._again else _STORE
            cursor.execute(store, {"closed": _CLOSED, "batch": self._batch.pk})
            written = cursor.fetchall()
        ChangedApplication.objects.mark({application for application, _ in written if application})
        unmatched = sum(application is None for application, _ in written)
        return Stored(len(written), unmatched, ignored, max((at for _, at in written), default=None))

    def _row(self, one: SecurityAlert) -> tuple[Any, ...] | None:
        """The alert as a row; None where it concerns nobody here."""
        application = self._identifiers.match(Seen(azure_resource=one.resource)).application
        apps = () if application else [name for kind, name in one.entities if kind == APPLICATION]
        sites = [site_of(name) for name in apps]
        if application is None:
            application = self._named(apps, sites)
        if application is None and not any(sites) and not about_ai(one.type or one.title):
            return None
        return (
            *(one.alert_id, one.type, unnamed(one.title)[:300], one.severity, one.state, list(one.tactics)),
            *(", ".join(one.techniques)[:200], one.resource, unnamed(one.description), application, one.at),
            _entities(one),
            encrypt(one.raw[:_MOST_BYTES]),
        )

    def _named(self, apps: Collection[str], sites: Collection[str]) -> int | None:
        """The registered application that an alert means by the name of an app in the cloud, if it means one alone."""
        seen = [*(Seen(app_identity=app) for app in apps), *(Seen(host=site) for site in sites if site)]
        found = {match.application for match in map(self._identifiers.match, seen)} - {None}
        return found.pop() if len(found) == 1 else None


def _entities(one: SecurityAlert) -> Jsonb | None:
    """What it names, people by pseudonym, also those in links and commands."""
    pairs = [[kind, pseudonym(name) if kind == ACCOUNT else unnamed(name)] for kind, name in one.entities]
    return Jsonb(pairs) if pairs else None
