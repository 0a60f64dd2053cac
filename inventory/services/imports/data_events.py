"""Stores matches of data-loss rules and findings of sensitive information: a chunk is one COPY and one statement."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

from inventory.connectors.base import DataEvent
from inventory.connectors.content import record_key
from inventory.matching import Identifiers, Match, fold
from inventory.models import ImportBatch
from inventory.services.imports import sightings
from inventory.services.imports.ai_hosts import AIHosts
from inventory.services.pseudonyms import pseudonym

_TABLE = """
CREATE TEMPORARY TABLE IF NOT EXISTS import_event (
    record_id uuid, kind text, source text, at timestamptz, application_id bigint, seen_as text, folded text,
    pseudonym uuid, name text, policy text, rule text, severity text, enforcement text, information_types text[]
) ON COMMIT DELETE ROWS;
TRUNCATE import_event
"""

# The same match comes under another id from the other source: the same rule, person and minute.
_STORE = """
INSERT INTO inventory_dataevent (record_id, kind, source, at, application_id, seen_as, folded, department_id, pseudonym,
                                 policy, rule, severity, enforcement, information_types, batch_id)
SELECT e.record_id, e.kind, e.source, e.at, e.application_id, e.seen_as, e.folded,
       CASE WHEN by_id.pseudonym IS NULL THEN by_name.department_id ELSE by_id.department_id END,
       coalesce(by_id.pseudonym, by_name.pseudonym, e.pseudonym), e.policy, e.rule, e.severity, e.enforcement,
       e.information_types, %(batch)s
FROM import_event e
LEFT JOIN inventory_directoryuser by_id ON by_id.pseudonym = e.pseudonym
LEFT JOIN inventory_directoryuser by_name ON by_name.upn_pseudonym = e.pseudonym
WHERE NOT EXISTS (
    SELECT FROM inventory_dataevent twin
    WHERE twin.pseudonym = coalesce(by_id.pseudonym, by_name.pseudonym, e.pseudonym)
      AND twin.at >= date_trunc('minute', e.at) AND twin.at < date_trunc('minute', e.at) + interval '1 minute'
      AND twin.source <> e.source AND twin.kind = e.kind AND twin.policy = e.policy AND twin.rule = e.rule
)
ON CONFLICT (record_id) DO NOTHING
RETURNING application_id, at
"""

# As with interactions: people whom no user list holds are remembered by the name seen.
_NAMES = """
INSERT INTO inventory_seenuser (pseudonym, name)
SELECT DISTINCT ON (e.pseudonym) e.pseudonym, e.name FROM import_event e
WHERE e.pseudonym IS NOT NULL AND NOT EXISTS (
    SELECT FROM inventory_directoryuser d WHERE e.pseudonym IN (d.pseudonym, d.upn_pseudonym)
)
ON CONFLICT (pseudonym) DO NOTHING
"""


@dataclass
class Stored:
    """What became of a chunk's events; ignored are those that are neither about AI nor about anything registered."""

    stored: int = 0
    unmatched: int = 0
    ignored: int = 0
    newest_at: datetime | None = None


class DataEventWriter:
    """Stores the events of one file."""

    def __init__(self, batch: ImportBatch, identifiers: Identifiers, hosts: AIHosts) -> None:
        self._batch = batch
        self._hosts = hosts
        self._identifiers = identifiers

    def store(self, events: Sequence[DataEvent]) -> Stored:
        """Store the events, inside the caller's transaction."""
        found = [(one, *named) for one in events if (named := self._named(one)) is not None]
        ignored = len(events) - len(found)
        if not found:
            return Stored(ignored=ignored)
        with connection.cursor() as cursor:
            links = sightings.linked(cursor, {name for _, name, _ in found})
            added = sightings.added_by_links(cursor, {match.application for *_, match in found if match.application})
            rows = [_row(one, name, match, links.get(fold(name)), added) for one, name, match in found]
            carried = [(fold(name), match) for _, name, match in found if match.by in added]
            others = {(added[match.by], name) for name, match in carried if links.get(name) != match.application}
            sightings.carry(cursor, others)
            cursor.execute(_TABLE)
            with cursor.copy("COPY import_event FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)
            cursor.execute(_STORE, {"batch": self._batch.pk})
            written = cursor.fetchall()
            cursor.execute(_NAMES)
        unmatched = sum(application is None for application, _ in written)
        return Stored(len(written), unmatched, ignored, max((at for _, at in written), default=None))

    def _named(self, one: DataEvent) -> tuple[str, Match] | None:
        """The name of the sighting that the event would belong to, and what identifiers say it is about; None where it
        concerns nobody here."""
        match, site = self._identifiers.match(one.seen), self._hosts.site(one.seen.host)
        if match.application is None and not (one.about_ai or site):
            return None
        return (one.seen._replace(host=site).name if site else one.seen.name)[:300], match


def _row(one: DataEvent, name: str, match: Match, link: int | None, added: Collection[str]) -> tuple[Any, ...]:
    """The event as a row. What a person has linked by the name seen keeps the name, also where an identifier that came
    with a link says so already: both go back with the link."""
    kept = name if match.application in (None, link) or match.by in added else ""
    application = match.application or link
    return (
        *(UUID(bytes=record_key(one.record_id)), one.kind, one.source, one.at, application, kept, fold(kept)),
        *((pseudonym(one.user), one.user) if one.user else (None, None)),
        *(one.policy, one.rule, one.severity, one.enforcement, list(one.information_types)),
    )
