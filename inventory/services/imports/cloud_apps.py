"""Stores what a discovery service reports of AI apps in the cloud; the latest report of an app counts: the one that saw
it last, or that was handed over last (`order`)."""

from typing import Any

from django.db import connection

from inventory.connectors.base import CloudApp, Seen
from inventory.connectors.content import Latest
from inventory.matching import NO_MATCH, Identifiers, Match, fold
from inventory.models import Identifier, ImportBatch, User
from inventory.services.imports import sightings
from inventory.services.imports.ai_hosts import is_generative
from inventory.services.imports.order import is_late

_KINDS = ["cloud_apps"]
_COLUMNS = (
    "key, name, category, domains, safety, tags, transactions, uploaded, downloaded, users, last_seen, application_id,"
    " sighting_id"
)
_TABLE = """
CREATE TEMPORARY TABLE IF NOT EXISTS import_cloud_app (
    key text, name text, category text, domains text[], safety float8, tags text[], transactions bigint,
    uploaded bigint, downloaded bigint, users bigint, last_seen timestamptz, application_id bigint, sighting_id bigint,
    folded text, sites text[], link bigint
) ON COMMIT DELETE ROWS;
TRUNCATE import_cloud_app
"""
_STORE = f"""
INSERT INTO inventory_cloudapp AS c ({_COLUMNS})
SELECT {_COLUMNS} FROM import_cloud_app
ON CONFLICT (key) DO UPDATE SET
    name = excluded.name, category = excluded.category, domains = excluded.domains, safety = excluded.safety,
    tags = excluded.tags, transactions = excluded.transactions, uploaded = excluded.uploaded,
    downloaded = excluded.downloaded, users = excluded.users, last_seen = excluded.last_seen,
    application_id = excluded.application_id, sighting_id = coalesce(excluded.sighting_id, c.sighting_id),
    updated_at = statement_timestamp()
WHERE (c.name, c.category, c.domains, c.safety, c.tags, c.transactions, c.uploaded, c.downloaded, c.users, c.last_seen,
       c.application_id, c.sighting_id)
      IS DISTINCT FROM
      (excluded.name, excluded.category, excluded.domains, excluded.safety, excluded.tags, excluded.transactions,
       excluded.uploaded, excluded.downloaded, excluded.users, excluded.last_seen, excluded.application_id,
       coalesce(excluded.sighting_id, c.sighting_id))
RETURNING application_id, last_seen
"""  # noqa: S608 - constants of this file

# What an older report says of an app is what is known of it already; to whom it belongs may have become known since
_SAID = "name, category, domains, safety, tags, transactions, uploaded, downloaded, users, last_seen"
_OLDER = f"""
UPDATE import_cloud_app i SET ({_SAID}) = ROW ({", ".join(f"c.{one}" for one in _SAID.split(", "))})
FROM inventory_cloudapp c WHERE c.key = i.key AND (%s OR i.last_seen < c.last_seen)
"""  # noqa: S608 - constants of this file

# What nothing registered has stands in the discovery beside what logs tell: as the site that they know already, else by
# its name. What a person has linked by that name is that application's, and keeps the name, also where an identifier
# that came with a `link` says so already: both go back with the link.
_SIGHT = """
WITH site AS (
    SELECT key, application_id, link, unnest(domains) AS host, unnest(sites) AS folded FROM import_cloud_app
), known AS (
    SELECT site.key, site.application_id, site.link, s.id, s.folded, s.interactions + s.visits AS use
    FROM site JOIN inventory_sighting s ON lower(s.host) = site.host
    UNION ALL
    SELECT site.key, site.application_id, site.link, s.id, s.folded, s.interactions + s.visits
    FROM site JOIN inventory_sighting s ON s.folded = site.folded
)
UPDATE import_cloud_app i SET sighting_id = best.id FROM (
    SELECT DISTINCT ON (k.key) k.key, k.id FROM known k LEFT JOIN inventory_ruling r ON r.folded = k.folded
    WHERE k.application_id IS NULL OR k.application_id = r.application_id OR k.link IS NOT NULL
    ORDER BY k.key, k.use DESC, k.id
) best WHERE best.key = i.key;
INSERT INTO inventory_sighting AS s (name, folded, operations, agent_id, app_identity, host, candidates, reason,
                                     interactions, first_seen, last_seen)
SELECT DISTINCT ON (i.folded) i.name, i.folded, '{}', '', '', coalesce(i.domains[1], ''), '{}',
       'Reported by a discovery service; nothing registered has one of its domains.', 0,
       coalesce(i.last_seen, now()), coalesce(i.last_seen, now())
FROM import_cloud_app i LEFT JOIN inventory_ruling r ON r.folded = i.folded
WHERE i.sighting_id IS NULL
  AND (i.application_id IS NULL OR i.application_id = r.application_id OR i.link IS NOT NULL)
ORDER BY i.folded, i.key
ON CONFLICT (folded) DO NOTHING;
UPDATE import_cloud_app i SET sighting_id = s.id
FROM inventory_sighting s LEFT JOIN inventory_ruling r ON r.folded = s.folded
WHERE s.folded = i.folded AND i.sighting_id IS NULL
  AND (i.application_id IS NULL OR i.application_id = r.application_id OR i.link IS NOT NULL);
INSERT INTO inventory_carriedname (ruling_id, folded)
SELECT DISTINCT i.link, s.folded FROM import_cloud_app i JOIN inventory_sighting s ON s.id = i.sighting_id
LEFT JOIN inventory_ruling r ON r.folded = s.folded
WHERE i.link IS NOT NULL AND r.application_id IS DISTINCT FROM i.application_id
ON CONFLICT DO NOTHING;
UPDATE inventory_sighting s SET last_seen = greatest(s.last_seen, i.last_seen)
FROM import_cloud_app i WHERE i.sighting_id = s.id AND i.last_seen IS NOT NULL;
UPDATE import_cloud_app i SET application_id = r.application_id
FROM inventory_sighting s JOIN inventory_ruling r ON r.folded = s.folded AND r.application_id IS NOT NULL
WHERE s.id = i.sighting_id AND i.application_id IS NULL
"""


class CloudAppSink:
    """Stores chunks of a report and counts them into the batch."""

    def __init__(self, batch: ImportBatch, actor: User | None) -> None:
        rows = Identifier.objects.order_by().values_list("kind", "folded", "application_id")
        self._identifiers = Identifiers(rows.iterator(10_000))

    def store(self, content: Latest, batch: ImportBatch) -> int:
        """New or changed apps; ignored are those that are neither generative AI nor registered."""
        found = [(one, match) for one in content.rows.values() if (match := self._match(one)) is not None]
        batch.ignored += len(content.rows) - len(found)
        if not found:
            return 0
        with connection.cursor() as cursor:
            added = sightings.added_by_links(cursor, {match.application for _, match in found if match.application})
            rows = [_row(one, match, added.get(match.by)) for one, match in found]
            cursor.execute(_TABLE)
            with cursor.copy("COPY import_cloud_app FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)
            cursor.execute(_SIGHT)
            cursor.execute(_OLDER, [is_late(batch, _KINDS)])
            cursor.execute(_STORE)
            written = cursor.fetchall()
        batch.duplicates += len(rows) - len(written)
        batch.unmatched += sum(application is None for application, _ in written)
        batch.newest_at = max((at for at in [batch.newest_at, *(at for _, at in written)] if at), default=None)
        return len(written)

    def finish(self) -> dict[str, int]:
        return {}

    def _match(self, one: CloudApp) -> Match | None:
        """By its domains; None where it is neither generative AI nor registered."""
        matches = (self._identifiers.match(Seen(host=host)) for host in one.domains)
        found = next((match for match in matches if match.application is not None), NO_MATCH)
        return None if found is NO_MATCH and not is_generative(one.category) else found


def _row(one: CloudApp, match: Match, link: int | None) -> tuple[Any, ...]:
    return (
        *(one.key, one.name, one.category, list(one.domains), one.safety, list(one.tags)),
        *(one.transactions, one.uploaded, one.downloaded, one.users, one.last_seen, match.application, None),
        *(fold(one.name), [fold(host) for host in one.domains], link),
    )
