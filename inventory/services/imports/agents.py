"""Stores listings of agents: a chunk is one COPY and a handful of statements over sets.

Which application an agent is, is known by its ids. What is registered nowhere becomes a sighting, so that it stands in
the discovery beside what is used and not registered.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from inventory.choices import AgentState
from inventory.connectors.base import ListedAgent, Seen
from inventory.connectors.content import ListedAgents
from inventory.matching import AGENT_ID, Identifiers, Match, fold, normal
from inventory.models import Department, Identifier, ImportBatch
from inventory.services.imports import sightings
from inventory.services.pseudonyms import pseudonym

# Said by the inventory, in the order of the columns; the first four tell whose listing it is.
_FACTS = (
    "source, key, agent, ids, name, platform, environment, owners, department_id, state, created_at, published_at,"
    " used_at, as_of, authentication, access, everyone, shared_with, knowledge, tools, channels, model, autonomous,"
    " maker_credentials, http, mcp, orphaned, application_id, candidates, sighting_id"
)
_SAID = _FACTS.split(", ids, ")[1].split(", application_id")[0].split(", ")
_NAMED = ", ".join(_SAID)
_OURS, _THEIRS = (", ".join(f"{table}.{one}" for one in _SAID) for table in ("a", "excluded"))
_TYPES = (
    "source text, key text, agent text, ids text[], name text, platform text, environment text, owners uuid[],"
    " department_id bigint, state text, created_at timestamptz, published_at timestamptz, used_at timestamptz,"
    " as_of timestamptz, authentication text, access text, everyone bool, shared_with int, knowledge text[],"
    " tools text[], channels text[], model text, autonomous bool, maker_credentials bool, http bool, mcp bool,"
    " orphaned bool, application_id bigint, candidates bigint[], sighting_id bigint, folded text, link bigint"
)
_TABLE = f"""
CREATE TEMPORARY TABLE IF NOT EXISTS import_agent ({_TYPES}) ON COMMIT DELETE ROWS;
TRUNCATE import_agent
"""

# Listings that share an id are of one agent; the listing that was here first gives it its name.
_SAME_AGENT = """
WITH known AS (
    SELECT i.source, i.key, min(a.agent) AS agent, array_agg(DISTINCT a.agent) AS all_of_them
    FROM import_agent i JOIN inventory_agentlisting a ON a.ids && i.ids GROUP BY i.source, i.key
), joined AS (
    UPDATE inventory_agentlisting a SET agent = k.agent
    FROM known k WHERE cardinality(k.all_of_them) > 1 AND a.agent = ANY(k.all_of_them) AND a.agent <> k.agent
)
UPDATE import_agent i SET agent = k.agent FROM known k WHERE k.source = i.source AND k.key = i.key
"""

# The department that the inventory names goes before that of the first owner whom the user list knows.
_DEPARTMENTS = """
UPDATE import_agent i SET department_id = found.department_id
FROM (
    SELECT DISTINCT ON (i.source, i.key) i.source, i.key, d.department_id
    FROM import_agent i CROSS JOIN LATERAL unnest(i.owners) WITH ORDINALITY AS owner (pseudonym, place)
    JOIN inventory_directoryuser d ON d.pseudonym = owner.pseudonym OR d.upn_pseudonym = owner.pseudonym
    WHERE i.department_id IS NULL AND d.department_id IS NOT NULL
    ORDER BY i.source, i.key, owner.place
) found
WHERE found.source = i.source AND found.key = i.key
"""

_NAMES = """
INSERT INTO inventory_seenuser (pseudonym, name)
SELECT DISTINCT ON (pseudonym) given.pseudonym, given.name
FROM unnest(%s::uuid[], %s::text[]) AS given (pseudonym, name)
WHERE NOT EXISTS (
    SELECT FROM inventory_directoryuser d WHERE d.pseudonym = given.pseudonym OR d.upn_pseudonym = given.pseudonym
)
ON CONFLICT (pseudonym) DO NOTHING
"""

# A sighting for each listed agent that is registered nowhere and still exists, by its name. What a person has linked by
# that name is that application's, and keeps the name, also where an identifier that came with a `link` says so already:
# both go back with the link. A sighting that nobody used yet is as old as its listing; use has its own dates.
_SIGHT = """
INSERT INTO inventory_sighting AS s (name, folded, operations, agent_id, app_identity, host, candidates, reason,
                                     interactions, first_seen, last_seen)
SELECT DISTINCT ON (i.folded) i.name, i.folded, '{}', i.key, '', '', i.candidates,
       'Listed in an inventory of agents; nothing registered has its id.', 0,
       least(coalesce(i.created_at, i.as_of, now()), now()), coalesce(i.used_at, i.as_of, now())
FROM import_agent i LEFT JOIN inventory_ruling r ON r.folded = i.folded
WHERE i.state <> %(deleted)s
  AND (i.application_id IS NULL OR i.application_id = r.application_id OR i.link IS NOT NULL)
ORDER BY i.folded, i.key
ON CONFLICT (folded) DO UPDATE SET agent_id = coalesce(nullif(s.agent_id, ''), excluded.agent_id);
UPDATE import_agent i SET sighting_id = s.id
FROM inventory_sighting s LEFT JOIN inventory_ruling r ON r.folded = s.folded
WHERE s.folded = i.folded
  AND (i.application_id = r.application_id OR i.link IS NOT NULL
       OR (i.application_id IS NULL AND i.state <> %(deleted)s));
INSERT INTO inventory_carriedname (ruling_id, folded)
SELECT DISTINCT i.link, i.folded FROM import_agent i LEFT JOIN inventory_ruling r ON r.folded = i.folded
WHERE i.link IS NOT NULL AND r.application_id IS DISTINCT FROM i.application_id
ON CONFLICT DO NOTHING;
UPDATE import_agent i SET application_id = r.application_id
FROM inventory_sighting s JOIN inventory_ruling r ON r.folded = s.folded AND r.application_id IS NOT NULL
WHERE s.id = i.sighting_id AND i.application_id IS NULL
"""

# A listing of an earlier time than what is known says nothing new; one that is tied to an application stays with it.
_STORE = f"""
WITH stored AS (
    INSERT INTO inventory_agentlisting AS a ({_FACTS}, batch_id)
    SELECT {_FACTS}, %(batch)s FROM import_agent ORDER BY source, key
    ON CONFLICT (source, key) DO UPDATE SET
        (agent, ids, {_NAMED}, application_id, candidates, sighting_id, batch_id, changed_at) = ROW (
        excluded.agent, excluded.ids, {_THEIRS},
        coalesce(a.application_id, excluded.application_id), excluded.candidates,
        coalesce(excluded.sighting_id, a.sighting_id), excluded.batch_id, now())
    WHERE (a.as_of IS NULL OR excluded.as_of IS NULL OR excluded.as_of >= a.as_of)
      AND ((a.ids, {_OURS}) IS DISTINCT FROM
           (excluded.ids, {_THEIRS})
           OR (a.application_id IS NULL AND excluded.application_id IS NOT NULL))
    RETURNING application_id, as_of
)
SELECT count(*), count(*) FILTER (WHERE application_id IS NULL), max(as_of) FROM stored
"""  # noqa: S608 - constants of this file


@dataclass
class Stored:
    """What became of a chunk: new or changed listings, and those of them tied to no application."""

    stored: int
    unmatched: int
    newest_at: datetime | None


class AgentWriter:
    """Stores the chunks of one file. Identifiers and departments are those of its beginning."""

    def __init__(self, batch: ImportBatch) -> None:
        self._batch = batch
        rows = Identifier.objects.order_by().values_list("kind", "folded", "application_id")
        self._identifiers = Identifiers(rows.iterator(10_000))
        self._departments = dict(_department_names())

    def store(self, chunk: ListedAgents) -> Stored:
        """Store the listings, inside the caller's transaction."""
        if not chunk.agents:
            return Stored(0, 0, None)
        agents = list(chunk.agents.values())
        with connection.cursor() as cursor:
            found = list(self._rows(agents))
            added = sightings.added_by_links(cursor, {match.application for _, match, _ in found if match.application})
            rows = [(*row, _link(by, added)) for row, _, by in found]
            cursor.execute(_TABLE)
            with cursor.copy("COPY import_agent FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)
            cursor.execute("ANALYZE import_agent")
            cursor.execute(_SAME_AGENT)
            cursor.execute(_DEPARTMENTS)
            owners = {pseudonym(name): name[:300] for one in agents for name in one.owners}
            cursor.execute(_NAMES, [list(owners), list(owners.values())])
            cursor.execute(_SIGHT, {"deleted": AgentState.DELETED.value})
            cursor.execute(_STORE, {"batch": self._batch.pk})
            return Stored(*cursor.fetchone())

    def _rows(self, agents: list[ListedAgent]) -> Iterator[tuple[tuple[Any, ...], Match, set[str]]]:
        """The agents as rows, each key once: ids that differ only in what stands before the GUID are one."""
        seen: set[tuple[str, str]] = set()
        for one in sorted(agents, key=lambda one: one.as_of.timestamp() if one.as_of else 0.0, reverse=True):
            key = normal(AGENT_ID, one.agent_id)
            if (one.source, key) not in seen:
                seen.add((one.source, key))
                yield self._row(key, one)

    def _row(self, key: str, one: ListedAgent) -> tuple[tuple[Any, ...], Match, set[str]]:
        """The agent as a row, the application that it is, and by which identifiers."""
        ids = sorted({key, *(normal(AGENT_ID, other) for other in one.other_ids)})
        match, by = self._match(ids)
        owners = [pseudonym(name) for name in one.owners] if one.owners_given else None
        row = (
            *(one.source, key, key, ids, one.name, one.platform, one.environment, owners),
            *(self._departments.get(one.department.strip().casefold()), one.state),
            *(one.created_at, one.published_at, one.used_at, one.as_of, one.authentication, one.access, one.everyone),
            *(one.shared_with, list(one.knowledge), list(one.tools), list(one.channels), one.model, one.autonomous),
            *(one.maker_credentials, one.http, one.mcp, one.orphaned, match.application, list(match.candidates), None),
            fold(one.name),
        )
        return row, match, by

    def _match(self, ids: list[str]) -> tuple[Match, set[str]]:
        """The application that holds one of the ids, or that of the identity which Copilot Studio makes of one."""
        found = [self._identifiers.match(Seen(agent_id=one)) for one in ids]
        found += [self._identifiers.match(Seen(app_identity=f"Copilot.Studio.{one}")) for one in ids]
        fits = {match.application for match in found if match.application}
        if len(fits) == 1:
            return Match(fits.pop()), {match.by for match in found if match.application}
        return Match(None, tuple(sorted({*fits, *(c for match in found for c in match.candidates)}))), set()


def _link(by: Collection[str], added: Mapping[str, int]) -> int | None:
    """The link without which none of these identifiers would be there; None where there is one all the same."""
    links = [link for one in by if (link := added.get(one)) is not None]
    return min(links) if links and len(links) == len(by) else None


def _department_names() -> Iterator[tuple[str, int]]:
    """Folded key, name or alias with the department; what comes later goes before: a key before a name."""
    rows = list(Department.objects.order_by("-pk").values_list("pk", "key", "name", "aliases"))
    yield from ((alias.strip().casefold(), pk) for pk, _, _, aliases in rows for alias in aliases)
    yield from ((name.strip().casefold(), pk) for pk, _, name, _ in rows)
    yield from ((key.strip().casefold(), pk) for pk, key, _, _ in rows)
