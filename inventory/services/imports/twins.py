"""The same interaction comes out of the audit log and out of the activity explorer, under two ids that nothing links.

What both have is the person, the minute and the application. An interaction of the explorer that has such a twin out
of another feed is that one again, and counts as a duplicate (docs/decisions/0021).
"""

from typing import Any

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
