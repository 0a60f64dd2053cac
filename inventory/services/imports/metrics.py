"""Stores metrics: a chunk is one COPY and one statement. A later value of the same measurement corrects it."""

from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from inventory.connectors.base import Seen
from inventory.connectors.content import MetricValues
from inventory.matching import Identifiers
from inventory.models import AIApplication, ChangedApplication, Identifier, ImportBatch

_TABLE = """
CREATE TEMPORARY TABLE IF NOT EXISTS import_metric (
    system text, folded text, application_id bigint, metric text, "group" text, value float8, at timestamptz
) ON COMMIT DELETE ROWS;
TRUNCATE import_metric
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
    """Stores the chunks of one file. Identifiers and names are those of its beginning. `again`: it was read before."""

    def __init__(self, batch: ImportBatch, *, again: bool = False) -> None:
        self._batch = batch
        self._again = again
        rows = Identifier.objects.order_by().values_list("kind", "folded", "application_id")
        self._identifiers = Identifiers(rows.iterator(10_000))
        self._names: dict[str, int | None] | None = None  # read where an identifier doesn't tell

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
            cursor.execute(_STORE, {"batch": self._batch.pk, "again": self._again})
            stored, unmatched, newest_at, applications, corrected = cursor.fetchone()
        if corrected:
            self._batch.irreversible = "It corrected values that were there before; what they were is not kept."
        ChangedApplication.objects.mark(applications or [])
        return Stored(stored, unmatched, newest_at)

    def _application(self, system: str) -> int | None:
        """The application that has the name as an identifier of any kind, else as its id in the register, else as its
        own where no other has it."""
        resource = system if system.startswith("/") else ""
        named = Seen(agent_id=system, app_identity=system, azure_resource=resource, host=system, repository=system)
        if application := self._identifiers.match(named).application:
            return application
        self._names = _names() if self._names is None else self._names
        return self._names.get(system.casefold())


def _names() -> dict[str, int | None]:
    """Folded external id or name → application; None for a name that several have. Folded here and never in SQL, whose
    `lower()` leaves "Straße" another name than the feed's."""
    names: dict[str, int | None] = {}
    ids: dict[str, int | None] = {}
    rows = AIApplication.objects.order_by("pk").values_list("pk", "external_id", "name")
    for pk, external_id, name in rows.iterator(10_000):
        ids.setdefault(external_id.casefold(), pk)
        names[name.casefold()] = None if name.casefold() in names else pk
    return names | ids
