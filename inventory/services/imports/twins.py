"""The same interaction comes out of the audit log and out of the activity explorer, under two ids that nothing links.

What both have is the person, the minute and the application. An interaction of the explorer that has such a twin out
of another feed is that one again, and counts as a duplicate; one that came first makes room for the twin, which tells
more (docs/decisions/0021).
"""

from typing import Any

from inventory.models import ImportBatch
from inventory.services import figures
from inventory.services.imports.undo_interactions import GONE

EXPLORER = "activity_explorer"

# One pass over what the people of the chunk did in its time, hashed: there is no index by person.
_DROP = """
WITH near AS (
    SELECT DISTINCT i.pseudonym, date_trunc('minute', i.at) AS minute, i.operation, i.application_id, i.sighting_id
    FROM inventory_interaction i
    WHERE i.at >= date_trunc('minute', %(first)s::timestamptz)
      AND i.at < date_trunc('minute', %(last)s::timestamptz) + interval '1 minute'
      AND i.uploaded IS NULL
      AND i.pseudonym IN (SELECT pseudonym FROM import_person)
      AND i.batch_id NOT IN (SELECT id FROM inventory_importbatch WHERE kind = %(explorer)s)
)
DELETE FROM import_row r USING import_seen s, import_person p
WHERE s.no = r.way AND p.no = r.person AND r.uploaded IS NULL AND EXISTS (
    SELECT FROM near n WHERE n.pseudonym = p.pseudonym AND n.minute = date_trunc('minute', r.at)
    AND (n.application_id = s.application_id OR n.sighting_id = s.sighting_id
         OR (r.way = ANY(%(vague)s) AND n.operation = s.operation))
)
"""


def drop(cursor: Any, first: Any, last: Any, vague: list[int]) -> None:
    """Take twins of other feeds' interactions out of `import_row`. `vague`: ways that don't name an application."""
    cursor.execute(_DROP, {"first": first, "last": last, "explorer": EXPLORER, "vague": vague})


# `vague`: an application known only by the name that people see.
_REPLACE = """
WITH twin AS (
    SELECT DISTINCT p.pseudonym, date_trunc('minute', r.at) AS minute, s.application_id, s.sighting_id, s.operation
    FROM import_row r JOIN import_seen s ON s.no = r.way JOIN import_person p ON p.no = r.person
    WHERE r.uploaded IS NULL AND p.pseudonym IS NOT NULL
), vague AS (
    SELECT id FROM inventory_sighting WHERE app_identity = '' AND agent_id = ''
), gone AS (
    DELETE FROM inventory_interaction i USING twin t
    WHERE i.at >= date_trunc('minute', %(first)s::timestamptz)
      AND i.at < date_trunc('minute', %(last)s::timestamptz) + interval '1 minute'
      AND i.batch_id = ANY(%(batches)s) AND i.uploaded IS NULL
      AND i.pseudonym = t.pseudonym AND date_trunc('minute', i.at) = t.minute
      AND (i.application_id = t.application_id OR i.sighting_id = t.sighting_id
           OR (i.operation = t.operation AND i.sighting_id IN (SELECT id FROM vague)))
    RETURNING i.*
), told_less AS (
    -- Its file says what it still holds. The row of a file that is being read belongs to who reads it.
    UPDATE inventory_importbatch b SET stored = b.stored - g.n, duplicates = b.duplicates + g.n,
           unmatched = greatest(0, least(b.unmatched - g.unmatched, b.stored - g.n))
    FROM (SELECT batch_id, count(*) AS n, count(sighting_id) AS unmatched FROM gone GROUP BY 1) g
    WHERE b.id = g.batch_id AND b.state IN ('waiting', 'done', 'failed')
)
INSERT INTO import_gone
SELECT application_id, sighting_id, department_id, (at AT TIME ZONE %(zone)s)::date, pseudonym, at,
       jailbreak, injection, labels, information_types, uploaded
FROM gone
"""


def told_by_explorer() -> list[int]:
    """The files of the explorer that stored anything."""
    found = ImportBatch.objects.filter(kind=EXPLORER, stored__gt=0).order_by("pk")
    return list(found.values_list("pk", flat=True))


def make_room(cursor: Any, first: Any, last: Any, batches: list[int], zone: str) -> bool:
    """Delete what the explorer told of the interactions in `import_row`, and take it out of the daily figures; whether
    there was any. The sightings follow when the new rows are counted (`sightings.take_out`)."""
    cursor.execute(GONE)
    cursor.execute(_REPLACE, {"first": first, "last": last, "batches": batches, "zone": zone})
    if not cursor.rowcount:
        return False
    figures.take_out(cursor, zone)
    return True
