"""The activity explorer tells of interactions that the audit log has too, and of visits that a proxy log has too, under
ids that nothing links.

What both have is the person, the minute and the application or site. What the explorer tells and has such a twin out
of another feed is that one again, and counts as a duplicate; what came first makes room for the twin, which tells
more (docs/decisions/0021). A visit is the twin of visits only.
"""

from typing import Any

from inventory.models import ImportBatch
from inventory.services import figures, working_hours
from inventory.services.imports.undo_interactions import GONE

EXPLORER = "activity_explorer"
BETTER = ("purview_audit", "cloud_discovery", "security_alerts")  # feeds that tell of the same, and more

# Where the explorer names an application by the name that people see (`loose`), which of the other feed's (`other`) it
# may be: those of which a part of an identity or a whole name is a word of that name, or all of it. A workload, or
# nothing, names none in particular. A thing is an application, or by its negative number a sighting.
_ALIKE = """
called AS (
    SELECT l.sighting_id, l.operation, words.word
    FROM loose l JOIN inventory_sighting g ON g.id = l.sighting_id,
         LATERAL (SELECT regexp_replace(g.folded, '\\W', '', 'g') AS word
                  UNION SELECT regexp_split_to_table(g.folded, '\\W+')) words
    WHERE words.word <> ''
), unnamed AS (
    SELECT DISTINCT sighting_id, operation FROM called
    WHERE (SELECT regexp_replace(folded, '\\W', '', 'g') FROM inventory_sighting WHERE id = sighting_id)
          IN ('notnamed', 'copilot', 'aiapp', 'connectedaiapp')
), parts AS (
    SELECT o.thing, o.operation, regexp_replace(part, '\\W', '', 'g') AS word
    FROM other o, LATERAL (
        SELECT unnest(ARRAY[name, app_identity, host]) FROM inventory_sighting WHERE id = -o.thing
        UNION ALL SELECT name FROM inventory_aiapplication WHERE id = o.thing
        UNION ALL SELECT value FROM inventory_identifier WHERE application_id = o.thing
    ) names (name), LATERAL regexp_split_to_table(lower(name), '\\.') part
), alike AS (
    SELECT c.sighting_id, p.thing, p.operation FROM called c JOIN parts p USING (operation, word)
    UNION SELECT u.sighting_id, o.thing, o.operation FROM unnamed u JOIN other o USING (operation)
)
"""

# One pass over what the people of the chunk did in its time, hashed: there is no index by person.
_DROP = f"""
WITH near AS (
    SELECT DISTINCT i.pseudonym, date_trunc('minute', i.at) AS minute, i.operation, i.uploaded IS NULL AS spoken,
           coalesce(i.application_id, -i.sighting_id) AS thing
    FROM inventory_interaction i
    WHERE i.at >= date_trunc('minute', %(first)s::timestamptz)
      AND i.at < date_trunc('minute', %(last)s::timestamptz) + interval '1 minute'
      AND i.pseudonym IN (SELECT pseudonym FROM import_person)
      AND i.batch_id NOT IN (SELECT id FROM inventory_importbatch WHERE kind = %(explorer)s)
), other AS (
    SELECT DISTINCT thing, operation FROM near WHERE spoken
), loose AS (
    SELECT DISTINCT sighting_id, operation FROM import_seen WHERE no = ANY(%(vague)s) AND application_id IS NULL
), {_ALIKE}
DELETE FROM import_row r USING import_seen s, import_person p
WHERE s.no = r.way AND p.no = r.person AND EXISTS (
    SELECT FROM near n WHERE n.pseudonym = p.pseudonym AND n.minute = date_trunc('minute', r.at)
    AND n.spoken = (r.uploaded IS NULL)
    AND (n.thing = coalesce(s.application_id, -s.sighting_id)
         OR (r.way = ANY(%(vague)s) AND n.operation = s.operation
             AND (s.sighting_id, n.thing, n.operation) IN (SELECT * FROM alike)))
)
"""  # noqa: S608 - constants of this file


def drop(cursor: Any, first: Any, last: Any, vague: list[int]) -> None:
    """Take twins of what other feeds told out of `import_row`. `vague`: ways that don't name an application."""
    cursor.execute(_DROP, {"first": first, "last": last, "explorer": EXPLORER, "vague": vague})


_REPLACE = f"""
WITH twin AS (
    SELECT DISTINCT p.pseudonym, date_trunc('minute', r.at) AS minute, s.operation, r.uploaded IS NULL AS spoken,
           coalesce(s.application_id, -s.sighting_id) AS thing
    FROM import_row r JOIN import_seen s ON s.no = r.way JOIN import_person p ON p.no = r.person
    WHERE p.pseudonym IS NOT NULL
), other AS (
    SELECT DISTINCT thing, operation FROM twin WHERE spoken
), loose AS (
    SELECT DISTINCT i.sighting_id, i.operation
    FROM inventory_interaction i JOIN inventory_sighting g ON g.id = i.sighting_id
    WHERE i.at >= date_trunc('minute', %(first)s::timestamptz)
      AND i.at < date_trunc('minute', %(last)s::timestamptz) + interval '1 minute'
      AND i.batch_id = ANY(%(batches)s) AND i.uploaded IS NULL AND g.app_identity = '' AND g.agent_id = ''
), {_ALIKE}, gone AS (
    DELETE FROM inventory_interaction i USING twin t
    WHERE i.at >= date_trunc('minute', %(first)s::timestamptz)
      AND i.at < date_trunc('minute', %(last)s::timestamptz) + interval '1 minute'
      AND i.batch_id = ANY(%(batches)s) AND t.spoken = (i.uploaded IS NULL)
      AND i.pseudonym = t.pseudonym AND date_trunc('minute', i.at) = t.minute
      AND (coalesce(i.application_id, -i.sighting_id) = t.thing
           OR (i.operation = t.operation AND (i.sighting_id, t.thing, t.operation) IN (SELECT * FROM alike)))
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
       jailbreak, injection, labels, information_types, uploaded, files, unlabelled, {working_hours.off("gone")}
FROM gone
"""  # noqa: S608 - constants of this file


def told_by_explorer() -> list[int]:
    """The files of the explorer that stored anything."""
    found = ImportBatch.objects.filter(kind=EXPLORER, stored__gt=0).order_by("pk")
    return list(found.values_list("pk", flat=True))


def make_room(cursor: Any, first: Any, last: Any, batches: list[int], zone: str) -> bool:
    """Delete what the explorer told of what is in `import_row`, and take it out of the daily figures; whether
    there was any. The sightings follow when the new rows are counted (`sightings.take_out`)."""
    cursor.execute(GONE)
    hours = working_hours.in_force().parameters(zone)
    cursor.execute(_REPLACE, {"first": first, "last": last, "batches": batches, **hours})
    if not cursor.rowcount:
        return False
    figures.take_out(cursor, zone)
    return True
