"""Stores what a discovery service reports of AI apps in the cloud; the latest report of an app counts."""

from typing import Any

from django.db import connection

from inventory.connectors.base import CloudApp, Seen
from inventory.connectors.content import Latest
from inventory.matching import Identifiers
from inventory.models import Identifier, ImportBatch, User
from inventory.services.imports.ai_hosts import is_generative

_COLUMNS = (
    "key, name, category, domains, safety, tags, transactions, uploaded, downloaded, users, last_seen, application_id"
)
_TABLE = """
CREATE TEMPORARY TABLE IF NOT EXISTS import_cloud_app (
    key text, name text, category text, domains text[], safety float8, tags text[], transactions bigint,
    uploaded bigint, downloaded bigint, users bigint, last_seen timestamptz, application_id bigint
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
    application_id = excluded.application_id, updated_at = statement_timestamp()
WHERE (c.name, c.category, c.domains, c.safety, c.tags, c.transactions, c.uploaded, c.downloaded, c.users, c.last_seen,
       c.application_id)
      IS DISTINCT FROM
      (excluded.name, excluded.category, excluded.domains, excluded.safety, excluded.tags, excluded.transactions,
       excluded.uploaded, excluded.downloaded, excluded.users, excluded.last_seen, excluded.application_id)
RETURNING application_id, last_seen
"""  # noqa: S608 - constants of this file


class CloudAppSink:
    """Stores chunks of a report and counts them into the batch."""

    def __init__(self, batch: ImportBatch, actor: User | None) -> None:
        rows = Identifier.objects.order_by().values_list("kind", "folded", "application_id")
        self._identifiers = Identifiers(rows.iterator(10_000))

    def store(self, content: Latest, batch: ImportBatch) -> int:
        """New or changed apps; ignored are those that are neither generative AI nor registered."""
        rows = [row for one in content.rows.values() if (row := self._row(one)) is not None]
        batch.ignored += len(content.rows) - len(rows)
        if not rows:
            return 0
        with connection.cursor() as cursor:
            cursor.execute(_TABLE)
            with cursor.copy("COPY import_cloud_app FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)
            cursor.execute(_STORE)
            written = cursor.fetchall()
        batch.duplicates += len(rows) - len(written)
        batch.unmatched += sum(application is None for application, _ in written)
        batch.newest_at = max((at for at in [batch.newest_at, *(at for _, at in written)] if at), default=None)
        return len(written)

    def finish(self) -> dict[str, int]:
        return {}

    def _row(self, one: CloudApp) -> tuple[Any, ...] | None:
        matches = (self._identifiers.match(Seen(host=host)).application for host in one.domains)
        application = next((found for found in matches if found is not None), None)
        if application is None and not is_generative(one.category):
            return None
        return (
            *(one.key, one.name, one.category, list(one.domains), one.safety, list(one.tags)),
            *(one.transactions, one.uploaded, one.downloaded, one.users, one.last_seen, application),
        )
