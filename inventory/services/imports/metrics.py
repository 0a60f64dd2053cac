"""Stores metrics: a chunk is one COPY and one statement. A later value of the same measurement corrects it."""

from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from inventory.connectors.base import Seen
from inventory.connectors.content import MetricValues
from inventory.matching import Identifiers
from inventory.models import ChangedApplication, Identifier, ImportBatch

_TABLE = """
CREATE TEMPORARY TABLE IF NOT EXISTS import_metric (
    system text, folded text, application_id bigint, metric text, "group" text, value float8, at timestamptz
) ON COMMIT DELETE ROWS;
TRUNCATE import_metric
"""

# A system that no identifier names may be named by its id in the register, or by its name where only one has it.
_BY_REGISTER = """
WITH named AS (
    SELECT lower(a.external_id) AS folded, a.id, 1 AS rank FROM inventory_aiapplication a
    WHERE lower(a.external_id) IN (SELECT folded FROM import_metric WHERE application_id IS NULL)
    UNION ALL
    SELECT lower(a.name), min(a.id), 2 FROM inventory_aiapplication a
    WHERE lower(a.name) IN (SELECT folded FROM import_metric WHERE application_id IS NULL)
    GROUP BY lower(a.name) HAVING count(*) = 1
), best AS (
    SELECT DISTINCT ON (folded) folded, id FROM named ORDER BY folded, rank
)
UPDATE import_metric m SET application_id = b.id FROM best b WHERE m.application_id IS NULL AND m.folded = b.folded
"""

# A value stays with the application it was once tied to. A file read a second time corrects nothing: other files may
# have corrected what it says.
_STORE = """
WITH stored AS (
    INSERT INTO inventory_metric AS m (system, folded, application_id, metric, "group", value, at, batch_id)
    SELECT system, folded, application_id, metric, "group", value, at, %(batch)s FROM import_metric
    ON CONFLICT (folded, metric, "group", at) DO UPDATE SET
        value = CASE WHEN %(again)s THEN m.value ELSE excluded.value END,
        application_id = coalesce(m.application_id, excluded.application_id),
        batch_id = excluded.batch_id, stored_at = now()
    WHERE (m.value <> excluded.value AND NOT %(again)s)
       OR (m.application_id IS NULL AND excluded.application_id IS NOT NULL)
    RETURNING application_id, at, xmax <> 0 AS corrected
)
SELECT count(*), count(*) FILTER (WHERE application_id IS NULL), max(at),
       array_agg(DISTINCT application_id) FILTER (WHERE application_id > 0), bool_or(corrected)
FROM stored
"""


@dataclass
class Stored:
    """What became of a chunk: new or corrected values, and those of them tied to no application."""

    stored: int
    unmatched: int
    newest_at: datetime | None


class MetricWriter:
    """Stores the chunks of one file. Identifiers are those of its beginning. `again`: the file was read before."""

    def __init__(self, batch: ImportBatch, *, again: bool = False) -> None:
        self._batch = batch
        self._again = again
        rows = Identifier.objects.order_by().values_list("kind", "folded", "application_id")
        self._identifiers = Identifiers(rows.iterator(10_000))

    def store(self, chunk: MetricValues) -> Stored:
        """Store the values and queue the applications they are of, inside the caller's transaction."""
        if not chunk.values:
            return Stored(0, 0, None)
        values = list(chunk.values.values())
        known = {system: self._application(system) for system in {one.system for one in values}}
        with connection.cursor() as cursor:
            cursor.execute(_TABLE)
            with cursor.copy("COPY import_metric FROM STDIN") as copy:
                for one in values:
                    folded = one.system.casefold()
                    copy.write_row((one.system, folded, known[one.system], one.metric, one.group, one.value, one.at))
            cursor.execute(_BY_REGISTER)
            cursor.execute(_STORE, {"batch": self._batch.pk, "again": self._again})
            stored, unmatched, newest_at, applications, corrected = cursor.fetchone()
        if corrected:
            self._batch.irreversible = "It corrected values that were there before; what they were is not kept."
        ChangedApplication.objects.mark(applications or [])
        return Stored(stored, unmatched, newest_at)

    def _application(self, system: str) -> int | None:
        """The application that has the name as an identifier of any kind."""
        resource = system if system.startswith("/") else ""
        named = Seen(agent_id=system, app_identity=system, azure_resource=resource, host=system, repository=system)
        return self._identifiers.match(named).application
