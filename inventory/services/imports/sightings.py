"""What records name and nothing registered has: kept under the name seen, for people to register or rule out."""

from collections.abc import Collection, Sequence
from typing import Any

from inventory.choices import Operation
from inventory.connectors.base import VISIT, Seen
from inventory.matching import Match, fold, told

OPERATIONS = {
    "CopilotInteraction": Operation.COPILOT.value,
    "AIAppInteraction": Operation.AI_APP.value,
    "ConnectedAIAppInteraction": Operation.CONNECTED.value,
    "TeamCopilotMsgInteraction": Operation.TEAM_COPILOT.value,
    VISIT: Operation.VISIT.value,
}

# 'infinity' until rows are counted: a sighting whose rows all turn out to be duplicates never was one.
_MAKE = """
INSERT INTO inventory_sighting AS s (name, folded, operations, agent_id, app_identity, host, candidates, reason,
                                     interactions, first_seen, last_seen)
SELECT name, folded, operations::smallint[], agent_id, app_identity, host, candidates::bigint[], reason, 0,
       'infinity', '-infinity'
FROM unnest(%s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[])
     AS given (name, folded, operations, agent_id, app_identity, host, candidates, reason)
ON CONFLICT (folded) DO UPDATE SET
    operations = ARRAY(SELECT DISTINCT o FROM unnest(s.operations || excluded.operations) o ORDER BY o),
    agent_id = coalesce(nullif(s.agent_id, ''), excluded.agent_id),
    app_identity = coalesce(nullif(s.app_identity, ''), excluded.app_identity),
    host = coalesce(nullif(s.host, ''), excluded.host),
    candidates = excluded.candidates, reason = excluded.reason
RETURNING folded, id
"""

_COUNT = """
UPDATE inventory_sighting s
SET interactions = s.interactions + n.interactions, visits = s.visits + n.visits,
    first_seen = least(s.first_seen, n.first_seen), last_seen = greatest(s.last_seen, n.last_seen)
FROM (SELECT sighting_id, sum(interactions) AS interactions, sum(visits) AS visits,
             min(first_at) AS first_seen, max(last_at) AS last_seen
      FROM import_use WHERE sighting_id IS NOT NULL GROUP BY sighting_id) n
WHERE s.id = n.sighting_id
"""

_FORGET_EMPTY = """
DELETE FROM inventory_sighting s USING import_seen n WHERE s.id = n.sighting_id AND s.first_seen = 'infinity'
"""


_TAKE_OUT = """
UPDATE inventory_sighting s SET interactions = s.interactions - n.interactions, visits = s.visits - n.visits
FROM (SELECT sighting_id, count(*) - count(uploaded) AS interactions, count(uploaded) AS visits
      FROM import_gone GROUP BY sighting_id) n
WHERE s.id = n.sighting_id
"""
# What nothing tells of any more, no inventory and no report either, never was seen
_FORGET_UNSEEN = """
DELETE FROM inventory_sighting s WHERE s.interactions <= 0 AND s.id IN (SELECT sighting_id FROM import_gone)
AND NOT EXISTS (SELECT FROM inventory_dailyusage d WHERE d.sighting_id = s.id)
AND NOT EXISTS (SELECT FROM inventory_agentlisting a WHERE a.sighting_id = s.id)
AND NOT EXISTS (SELECT FROM inventory_cloudapp c WHERE c.sighting_id = s.id)
"""
# Where the first or last time seen went, the rows that are left tell it anew
_TIMES = """
UPDATE inventory_sighting s SET first_seen = t.first_seen, last_seen = t.last_seen
FROM (SELECT i.sighting_id, min(i.at) AS first_seen, max(i.at) AS last_seen FROM inventory_interaction i
      WHERE i.sighting_id IN (
          SELECT n.sighting_id FROM import_gone n JOIN inventory_sighting o ON o.id = n.sighting_id
          GROUP BY n.sighting_id, o.first_seen, o.last_seen
          HAVING min(n.at) <= o.first_seen OR max(n.at) >= o.last_seen)
      GROUP BY i.sighting_id) t
WHERE s.id = t.sighting_id
"""


_CARRY = """
INSERT INTO inventory_carriedname (ruling_id, folded) SELECT * FROM unnest(%s::bigint[], %s::text[])
ON CONFLICT DO NOTHING
"""


def linked(cursor: Any, names: Collection[str]) -> dict[str, int]:
    """Folded name → the application to which a person has linked it."""
    cursor.execute(
        "SELECT folded, application_id FROM inventory_ruling WHERE application_id IS NOT NULL AND folded = ANY(%s)",
        [sorted({fold(name) for name in names})],
    )
    return dict(cursor.fetchall())


def added_by_links(cursor: Any, applications: Collection[int]) -> dict[str, int]:
    """Identifier of these applications (as `Match.by`) that a link added → the link."""
    if not applications:
        return {}
    cursor.execute(
        "SELECT unnest(identifiers), id FROM inventory_ruling WHERE application_id = ANY(%s)", [sorted(applications)]
    )
    return {told(*identifier.split(":", 1)): link for identifier, link in cursor.fetchall()}


def carry(cursor: Any, names: Collection[tuple[int, str]]) -> None:
    """Remember under which folded names, other than its own, a link's identifiers have matched."""
    if names:
        given = [list(column) for column in zip(*sorted(names), strict=True)]
        cursor.execute(_CARRY, given)


def find_or_make(cursor: Any, loose: Sequence[tuple[Seen, Match]]) -> dict[str, int]:
    """Folded name → id for ways of naming that match nothing, made where new. The first spelling is the one kept."""
    by_name: dict[str, list[tuple[Seen, Match]]] = {}
    for seen, match in loose:
        by_name.setdefault(fold(seen.name), []).append((seen, match))
    if not by_name:
        return {}
    rows = [_row(folded, found) for folded, found in sorted(by_name.items())]
    cursor.execute(_MAKE, [list(column) for column in zip(*rows, strict=True)])
    return dict(cursor.fetchall())


def _row(folded: str, found: list[tuple[Seen, Match]]) -> tuple[str, ...]:
    ways = [seen for seen, _ in found]
    tied = next((match for _, match in found if match.candidates), found[0][1])
    return (
        ways[0].name,
        folded,
        _array(sorted({OPERATIONS[seen.operation] for seen in ways})),
        next((seen.agent_id for seen in ways if seen.agent_id), ""),
        next((seen.app_identity for seen in ways if seen.app_identity), ""),
        next((seen.host for seen in ways if seen.host), ""),
        _array(tied.candidates),
        tied.reason[:200],
    )


def _array(numbers: Sequence[int]) -> str:
    return "{" + ",".join(map(str, numbers)) + "}"


def count(cursor: Any) -> None:
    """Count the rows of `import_use`, and forget what was made for duplicates only."""
    cursor.execute(_COUNT)
    cursor.execute(_FORGET_EMPTY)


def take_out(cursor: Any) -> None:
    """The rows of `import_gone` were deleted: bring the sightings they were counted in up to date."""
    for statement in (_TAKE_OUT, _FORGET_UNSEEN, _TIMES):
        cursor.execute(statement)
