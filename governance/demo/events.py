"""Writes the single events of the last weeks, out of the daily figures: these add up to those, mark by mark."""

from collections.abc import Iterable, Mapping
from datetime import datetime, time, timedelta
from typing import Any

from django.conf import settings
from django.db import connection

from governance.demo.copying import copy_into
from governance.demo.world import World
from inventory.choices import ApplicationKind, Operation
from inventory.services.imports import months

DAYS = 30  # of single events: what the explorer shows at first

# Each row of daily figures becomes its interactions: the first were outside working hours, the first marked as attacks,
# the last sensitive; each of the day's people comes at least once. Where files are read, one with a label of its own is
# read by each interaction that carries one, and those without are spread evenly. What looks random hangs on the row and
# number alone.
_EXPAND = """
WITH usage AS (
    SELECT u.*, row_number() OVER (ORDER BY u.day, application_id, sighting_id, department_id) AS row, f.batch,
           concat_ws('|', application_id, 's', sighting_id, 'd', department_id, u.day) AS whose
    FROM inventory_dailyusage u JOIN demo_files f ON u.day BETWEEN f.first AND f.last
    WHERE f.kind = 'purview_audit' AND u.interactions > 0
), people AS (
    SELECT pseudonym, concat_ws('|', application_id, 's', sighting_id, 'd', department_id, day) AS whose,
           row_number() OVER (PARTITION BY application_id, sighting_id, department_id, day ORDER BY pseudonym) AS place
    FROM inventory_dailyuser WHERE day >= %(first)s
), touched AS (
    SELECT labels, information_types, interactions,
           concat_ws('|', application_id, 's', sighting_id, 'd', department_id, day) AS whose,
           sum(interactions) OVER (PARTITION BY application_id, sighting_id, department_id, day ORDER BY digest) AS upto
    FROM inventory_dailysensitive WHERE day >= %(first)s
), events AS (
    SELECT u.*, n, md5(%(seed)s || whose || ':' || n)::uuid AS key,
           ('x' || substr(md5('at' || whose || n), 1, 7))::bit(28)::int AS chance,
           u.unlabelled * n / u.interactions - u.unlabelled * (n - 1) / u.interactions AS bare
    FROM usage u CROSS JOIN LATERAL generate_series(1, u.interactions) n
)
INSERT INTO inventory_interaction (record_id, at, application_id, sighting_id, department_id, pseudonym, operation,
                                   jailbreak, injection, labels, information_types, files, unlabelled, batch_id)
SELECT e.key,
       (e.day + CASE WHEN e.n <= coalesce(e.off_hours, 0) THEN time '19:30' + make_interval(secs => chance %% 9000)
                     ELSE time '07:30' + make_interval(secs => chance %% 39000) END) AT TIME ZONE %(zone)s AS at,
       e.application_id, e.sighting_id, e.department_id, p.pseudonym,
       CASE WHEN a.kind IN (%(copilot)s, %(agent)s) THEN %(as_copilot)s WHEN a.id IS NOT NULL THEN %(as_connected)s
            ELSE coalesce(s.operations[1], %(as_app)s) END,
       e.n <= e.jailbreak, e.n > e.jailbreak AND e.n <= e.jailbreak + e.injection,
       nullif(t.labels, '{}'), nullif(t.information_types, '{}'),
       nullif(e.bare + (e.files > e.unlabelled AND coalesce(t.labels, '{}') <> '{}')::int, 0),
       CASE WHEN e.bare > 0 OR (e.files > e.unlabelled AND t.labels <> '{}') THEN e.bare END, e.batch
FROM events e
LEFT JOIN inventory_aiapplication a ON a.id = e.application_id
LEFT JOIN inventory_sighting s ON s.id = e.sighting_id
LEFT JOIN people p ON p.whose = e.whose
     AND p.place = CASE WHEN e.n <= e.users THEN e.n ELSE chance %% greatest(e.users, 1) + 1 END
LEFT JOIN touched t ON t.whose = e.whose AND e.n - (e.interactions - e.sensitive) <= t.upto
     AND e.n - (e.interactions - e.sensitive) > t.upto - t.interactions
ORDER BY at"""

# Visits by the people of the day; what was sent is spread evenly.
_VISITS = """
WITH usage AS (
    SELECT u.*, f.batch, concat_ws('|', application_id, 's', sighting_id, 'd', department_id, u.day) AS whose
    FROM inventory_dailyusage u JOIN demo_files f ON u.day BETWEEN f.first AND f.last
    WHERE f.kind = 'cloud_discovery' AND u.visits > 0
), visits AS (
    SELECT u.*, n, md5(%(seed)s || 'visit' || whose || ':' || n)::uuid AS key,
           ('x' || substr(md5('visit' || whose || n), 1, 7))::bit(28)::int AS chance,
           u.uploaded * n / u.visits - u.uploaded * (n - 1) / u.visits AS sent
    FROM usage u CROSS JOIN LATERAL generate_series(1, u.visits) n
)
INSERT INTO inventory_interaction (record_id, at, application_id, sighting_id, department_id, pseudonym, operation,
                                   jailbreak, injection, uploaded, batch_id)
SELECT v.key, (v.day + time '07:30' + make_interval(secs => chance %% 39000)) AT TIME ZONE %(zone)s AS at,
       v.application_id, v.sighting_id, v.department_id, p.people[chance %% cardinality(p.people) + 1], %(as_visit)s,
       false, false, v.sent, v.batch
FROM visits v
JOIN inventory_dailypeople p ON p.day = v.day AND p.application_id IS NOT DISTINCT FROM v.application_id
     AND p.sighting_id IS NOT DISTINCT FROM v.sighting_id AND p.department_id IS NOT DISTINCT FROM v.department_id
ORDER BY at"""


def write_events(world: World, files: Iterable[Mapping[str, Any]]) -> int:
    """The events of the last DAYS days, as the audit files and logs of these days brought them; returns how many."""
    first = world.day(min(DAYS, world.days))
    every = {"purview_audit": world.story.feeds.audit.every, "cloud_discovery": world.story.feeds.proxy.every}
    brought = [
        (one["kind"], one["id"], until - timedelta(days=every[one["kind"]] - 1), until)
        for one in files
        if one["kind"] in every
        for until in [one["newest_at"].date()]
    ]
    with connection.cursor() as cursor:
        begin = datetime.combine(first, time(), world.now.tzinfo)
        months.prepare(cursor, begin, world.now, world.now)
        cursor.execute("CREATE TEMP TABLE demo_files (kind text, batch bigint, first date, last date) ON COMMIT DROP")
        copy_into(
            cursor,
            "demo_files",
            ((kind, pk, max(since, first), until) for kind, pk, since, until in brought if until >= first),
        )
        given: dict[str, Any] = {
            "first": first,
            "seed": str(world.chance.whole(0, 2**31, "events")),
            "zone": settings.TIME_ZONE,
            "copilot": ApplicationKind.COPILOT.value,
            "agent": ApplicationKind.AGENT.value,
            "as_copilot": Operation.COPILOT.value,
            "as_connected": Operation.CONNECTED.value,
            "as_app": Operation.AI_APP.value,
            "as_visit": Operation.VISIT.value,
        }
        count = 0
        for statement in (_EXPAND, _VISITS):
            cursor.execute(statement, given)
            count += int(cursor.rowcount)
        return count
