"""Stores interactions: a chunk is one COPY and a handful of statements over sets.

Of rows with one id the first of the chunk counts, unless a month knows the id already (each month has an index on it).
Only what is left is carried on and stored without asking again: `ON CONFLICT` costs three times as much.
That is exact because one chunk is stored at a time (`batches`), and the indexes refuse what it would get wrong.
Department and application are joined in SQL, and all figures are taken from the rows that were really new.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import connection
from django.utils import timezone

from inventory.connectors.base import VISIT, Seen
from inventory.connectors.content import Interactions
from inventory.matching import NO_MATCH, Identifiers, Match, fold
from inventory.models import ChangedApplication, Identifier, ImportBatch
from inventory.services import figures, working_hours
from inventory.services.imports import ai_hosts, months, sightings, twins
from inventory.services.pseudonyms import pseudonym

_MOST_MATCHES = 20_000  # ways of naming an application that are kept at hand

# The temporary tables have no statistics. Merge joins, which the planner then prefers, sort the whole chunk twice.
_TABLES = """
SET LOCAL work_mem = '64MB';
SET LOCAL enable_mergejoin = off;
CREATE TEMPORARY TABLE IF NOT EXISTS import_given (
    record_id uuid, at timestamptz, person int, way int, jailbreak bool, injection bool,
    labels text[], information_types text[], uploaded bigint, files smallint, unlabelled smallint
) ON COMMIT DELETE ROWS;
CREATE TEMPORARY TABLE IF NOT EXISTS import_row (LIKE import_given) ON COMMIT DELETE ROWS;
CREATE TEMPORARY TABLE IF NOT EXISTS import_person (
    no int, pseudonym uuid, department_id bigint
) ON COMMIT DELETE ROWS;
CREATE TEMPORARY TABLE IF NOT EXISTS import_seen (
    no int, application_id bigint, sighting_id bigint, operation smallint
) ON COMMIT DELETE ROWS;
CREATE TEMPORARY TABLE IF NOT EXISTS import_use (
    application_id bigint, sighting_id bigint, department_id bigint, day date, people uuid[], interactions int,
    sensitive int, jailbreak int, injection int, attacks int, visits int, uploaded bigint, off_hours int,
    files int, unlabelled int, first_at timestamptz, last_at timestamptz
) ON COMMIT DELETE ROWS;
TRUNCATE import_given, import_row, import_person, import_seen, import_use
"""

# People by object id or, for records that only know the name, by user principal name (contracts §2).
_PEOPLE = """
INSERT INTO import_person
SELECT given.no, coalesce(by_id.pseudonym, by_name.pseudonym, given.pseudonym),
       CASE WHEN by_id.pseudonym IS NULL THEN by_name.department_id ELSE by_id.department_id END
FROM unnest(%s::int[], %s::uuid[]) AS given (no, pseudonym)
LEFT JOIN inventory_directoryuser by_id ON by_id.pseudonym = given.pseudonym
LEFT JOIN inventory_directoryuser by_name ON by_name.upn_pseudonym = given.pseudonym
"""

_NAMES = """
INSERT INTO inventory_seenuser (pseudonym, name)
SELECT DISTINCT ON (person.pseudonym) person.pseudonym, given.name
FROM unnest(%s::int[], %s::text[]) AS given (no, name) JOIN import_person person USING (no)
WHERE NOT EXISTS (SELECT FROM inventory_directoryuser known WHERE known.pseudonym = person.pseudonym)
ON CONFLICT (pseudonym) DO NOTHING
"""

# In the order of the ids each page of an index is visited once. Hashing would read whole months.
_ONLY_NEW = """
SET LOCAL enable_hashjoin = off;
INSERT INTO import_row
SELECT g.* FROM (SELECT DISTINCT ON (record_id) * FROM import_given ORDER BY record_id, ctid) g
WHERE NOT EXISTS (SELECT FROM inventory_interaction i WHERE i.record_id = g.record_id);
SET LOCAL enable_hashjoin = on
"""

_STORE = """
INSERT INTO inventory_interaction (record_id, at, application_id, sighting_id, department_id, pseudonym, operation,
                                   jailbreak, injection, labels, information_types, uploaded, files, unlabelled,
                                   batch_id)
SELECT r.record_id, r.at, s.application_id, s.sighting_id, p.department_id, p.pseudonym, s.operation,
       r.jailbreak, r.injection, r.labels, r.information_types, r.uploaded, r.files, r.unlabelled, %s
FROM import_row r JOIN import_seen s ON s.no = r.way JOIN import_person p ON p.no = r.person
"""

# A row for each line of figures, and in it whose rows these are. Added up first over the small numbers that stand for
# ways of naming and people; in hashes, because sorting the people is what would take longest. Of a row only the time of
# day is asked; whether the day is one of work is asked of the sums.
_ADD_UP = f"""
WITH people AS (
    SELECT application_id, sighting_id, department_id, day, array_agg(pseudonym) AS people
    FROM (
        SELECT DISTINCT s.application_id, s.sighting_id, p.department_id, d.day, p.pseudonym
        FROM (SELECT DISTINCT way, person, (at AT TIME ZONE %(zone)s)::date AS day FROM import_row) d
        JOIN import_seen s ON s.no = d.way JOIN import_person p ON p.no = d.person
        WHERE p.pseudonym IS NOT NULL
    ) each_once GROUP BY 1, 2, 3, 4
), counts AS (
    SELECT s.application_id, s.sighting_id, d.department_id, d.day, sum(d.n - d.visits) AS interactions,
           sum(d.sensitive) AS sensitive, sum(d.jailbreak) AS jailbreak, sum(d.injection) AS injection,
           sum(d.attacks) AS attacks, sum(d.visits) AS visits, sum(d.uploaded) AS uploaded,
           sum(CASE WHEN {working_hours.WORKDAY.format(day="d.day")} THEN d.off_hours ELSE d.n - d.visits END)
               AS off_hours,
           sum(d.files) AS files, sum(d.unlabelled) AS unlabelled,
           min(d.first_at) AS first_at, max(d.last_at) AS last_at
    FROM (
        SELECT r.way, p.department_id, (at AT TIME ZONE %(zone)s)::date AS day, count(*) AS n,
               count(uploaded) AS visits, coalesce(sum(uploaded), 0) AS uploaded, coalesce(sum(files), 0) AS files,
               coalesce(sum(unlabelled), 0) AS unlabelled,
               count(*) FILTER (WHERE labels IS NOT NULL OR information_types IS NOT NULL) AS sensitive,
               count(*) FILTER (WHERE jailbreak) AS jailbreak, count(*) FILTER (WHERE injection) AS injection,
               count(*) FILTER (WHERE jailbreak OR injection) AS attacks, min(at) AS first_at, max(at) AS last_at,
               count(*) FILTER (WHERE uploaded IS NULL AND {working_hours.OUTSIDE.format(at="at")}) AS off_hours
        FROM import_row r JOIN import_person p ON p.no = r.person GROUP BY 1, 2, 3
    ) d JOIN import_seen s ON s.no = d.way GROUP BY 1, 2, 3, 4
)
INSERT INTO import_use
SELECT c.application_id, c.sighting_id, c.department_id, c.day, p.people, interactions, sensitive, jailbreak, injection,
       attacks, visits, uploaded, off_hours, files, unlabelled, first_at, last_at
FROM counts c LEFT JOIN people p ON {figures.same_line("p", "c")}
"""  # noqa: S608 - constants of ours

_TOTALS = """
SELECT coalesce(sum(interactions + visits), 0),
       coalesce(sum(interactions + visits) FILTER (WHERE application_id IS NULL), 0),
       max(last_at), array_agg(DISTINCT application_id) FILTER (WHERE application_id > 0)
FROM import_use
"""


@dataclass
class Stored:
    """What became of a chunk; ignored are visits to sites that are neither AI nor registered."""

    stored: int = 0
    unmatched: int = 0
    ignored: int = 0
    newest_at: datetime | None = None


class InteractionWriter:
    """Stores the chunks of one file. Identifiers are those of its beginning."""

    def __init__(self, batch: ImportBatch) -> None:
        self._batch = batch
        self.identifiers = Identifiers(_identifier_rows())
        self.hosts = ai_hosts.known()
        self._explorer = twins.told_by_explorer()
        self._matches: dict[Seen, Match] = {}
        self._named: set[str] = set()

    def store(self, chunk: Interactions) -> Stored:
        """Store the chunk and bring the daily figures and sightings up to date, inside the caller's transaction."""
        if not chunk.count:
            return Stored()
        with connection.cursor() as cursor:
            cursor.execute(_TABLES)
            foreign = self._seen(cursor, chunk)
            with cursor.copy("COPY import_given FROM STDIN (FORMAT binary)") as copy:
                copy.write(chunk.rows)
            ignored = self._ignore(cursor, foreign)
            self._people(cursor, chunk, here=_people_here(cursor) if foreign else None)
            cursor.execute("SELECT min(at), max(at) FROM import_given")
            first, last = cursor.fetchone()
            if first is None:
                return Stored(ignored=ignored)
            months.prepare(cursor, first, last, timezone.now())
            cursor.execute(_ONLY_NEW)
            replaced = self._settle_twins(cursor, chunk, first, last)
            result = self._keep(cursor)
            if replaced:
                sightings.take_out(cursor)
        result.ignored = ignored
        return result

    def _settle_twins(self, cursor: Any, chunk: Interactions, first: datetime, last: datetime) -> bool:
        """Leave each interaction that two feeds tell of in one of them; whether stored ones were replaced."""
        if self._batch.kind == twins.EXPLORER:
            twins.drop(cursor, first, last, _vague(chunk))
            return False
        if not self._explorer or self._batch.kind not in twins.BETTER:
            return False
        return twins.make_room(cursor, first, last, self._explorer, settings.TIME_ZONE)

    def _keep(self, cursor: Any) -> Stored:
        """Store what is left in `import_row`: all of it is new."""
        cursor.execute(_STORE, [self._batch.pk])
        cursor.execute(_ADD_UP, working_hours.in_force().parameters(settings.TIME_ZONE))
        cursor.execute(_TOTALS)
        stored, unmatched, newest_at, applications = cursor.fetchone()
        sightings.count(cursor)
        if stored:
            figures.add(cursor, settings.TIME_ZONE)
            ChangedApplication.objects.mark(applications or [])
        return Stored(stored, unmatched, newest_at=newest_at)

    def _ignore(self, cursor: Any, foreign: list[int]) -> int:
        """Take out the rows of ways that concern nobody here; returns how many."""
        if not foreign:
            return 0
        cursor.execute("DELETE FROM import_given WHERE way = ANY(%s)", [foreign])
        return int(cursor.rowcount)

    def _people(self, cursor: Any, chunk: Interactions, here: set[int] | None) -> None:
        """Who stands behind the names of the chunk; people of no user list are remembered by the name seen. `here`:
        the numbers of those who are left, because whoever only visits other sites is nobody's business."""
        names = list(chunk.people)
        cursor.execute(_PEOPLE, [list(range(len(names))), [pseudonym(name) if name else None for name in names]])
        unseen = [
            (no, name)
            for no, name in enumerate(names)
            if name and name not in self._named and (here is None or no in here)
        ]
        if unseen:
            cursor.execute(_NAMES, [[no for no, _ in unseen], [name[:300] for _, name in unseen]])
            if len(self._named) > _MOST_MATCHES * 10:
                self._named.clear()
            self._named.update(name for _, name in unseen)

    def _seen(self, cursor: Any, chunk: Interactions) -> list[int]:
        """Which application, or else which sighting, stands behind the ways of naming one. Returns the numbers of the
        ways that are visits to sites of no interest."""
        if len(self._matches) > _MOST_MATCHES:
            self._matches.clear()
        found: list[tuple[int, Seen, Match]] = []
        foreign: list[int] = []
        for no, seen in enumerate(chunk.seen):
            if seen not in self._matches:
                self._matches[seen] = self.identifiers.match(seen)
            match = self._matches[seen]
            if seen.operation == VISIT and match.application is None:
                site = self.hosts.site(seen.host)
                if not site and not match.candidates:
                    foreign.append(no)
                    continue
                seen = seen._replace(host=site or seen.host)  # all hosts below a site are that site
            found.append((no, seen, match))
        _tell_ways(cursor, found)
        return foreign


def _tell_ways(cursor: Any, found: list[tuple[int, Seen, Match]]) -> None:
    """Write into `import_seen` what stands behind each way. What a person has linked to its application, by its name or
    by an identifier that a link added, keeps the name seen beside it, so that the link can be taken back. Asked anew
    for each chunk: links come while a file is read."""
    links = sightings.linked(cursor, {seen.name for _, seen, _ in found})
    added = sightings.added_by_links(cursor, {match.application for _, _, match in found if match.application})
    folds = {no: fold(seen.name) for no, seen, _ in found}
    by_name = {no: links.get(folds[no]) for no, _, _ in found}
    applications = {no: match.application or by_name[no] for no, _, match in found}
    named = {no for no, application in applications.items() if application is None or application == by_name[no]}
    carried = {no: added[match.by] for no, _, match in found if match.by in added and no not in named}
    sightings.carry(cursor, {(link, folds[no]) for no, link in carried.items()})
    ids = sightings.find_or_make(
        cursor,
        [(seen, NO_MATCH if no in carried else match) for no, seen, match in found if no in named or no in carried],
    )
    cursor.execute(
        "INSERT INTO import_seen SELECT * FROM unnest(%s::int[], %s::bigint[], %s::bigint[], %s::smallint[])",
        [
            list(applications),
            list(applications.values()),
            [ids[folds[no]] if no in named or no in carried else None for no in applications],
            [sightings.OPERATIONS[seen.operation] for _, seen, _ in found],
        ],
    )


def _people_here(cursor: Any) -> set[int]:
    cursor.execute("SELECT DISTINCT person FROM import_given")
    return {person for (person,) in cursor.fetchall()}


def _vague(chunk: Interactions) -> list[int]:
    """Ways that name no application exactly: only a display name, or nothing."""
    return [no for no, seen in enumerate(chunk.seen) if not (seen.agent_id or seen.agent_name or seen.app_identity)]


def _identifier_rows() -> Iterator[tuple[str, str, int]]:
    return Identifier.objects.order_by().values_list("kind", "folded", "application_id").iterator(10_000)
