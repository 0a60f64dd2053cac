"""The daily figures: kept up to date with every change, from the rows that changed, in the same transaction.

Callers fill temporary tables: `import_use` (rows just stored, added up by line of figures, with their people),
`import_row` with `import_seen` and `import_person` (the same rows one by one), `import_delta` (rows that move from one
line of figures to another), and `import_gone` (rows just deleted).
"""

from typing import Any

from inventory.services import working_hours

LINE = "application_id, sighting_id, department_id, day"  # what tells one line of figures from another
# Of two lines that become one, each person once
PEOPLE_OF_BOTH = "people = ARRAY(SELECT unnest(d.people) UNION SELECT unnest(excluded.people) ORDER BY 1)"


def same_line(one: str, other: str) -> str:
    """SQL: whether two rows are of one line. Equality with 0 for null: unlike IS NOT DISTINCT FROM it can be hashed."""
    columns = ("application_id", "sighting_id", "department_id")
    equal = [f"coalesce({one}.{column}, 0) = coalesce({other}.{column}, 0)" for column in columns]
    return " AND ".join([f"{one}.day = {other}.day", *equal])


def _people_come(lines: str) -> str:
    """The people of these lines are among those of the figures."""
    return f"""
INSERT INTO inventory_dailypeople AS d ({LINE}, people)
SELECT {LINE}, ARRAY(SELECT unnest(people) ORDER BY 1) FROM {lines} WHERE people IS NOT NULL
ON CONFLICT (application_id, sighting_id, day, department_id)
DO UPDATE SET {PEOPLE_OF_BOTH}
"""  # noqa: S608 - constants of this file


def _people_go(rows: str) -> str:
    """The people of these rows are no longer among those of their lines of figures."""
    return f"""
UPDATE inventory_dailypeople d
SET people = ARRAY(SELECT unnest(d.people) EXCEPT SELECT unnest(g.people) ORDER BY 1)
FROM (SELECT {LINE}, array_agg(DISTINCT pseudonym) AS people FROM {rows} GROUP BY {LINE}) g
WHERE {same_line("d", "g")}
"""  # noqa: S608 - constants of this file


# The people first: how many they are then is the number of distinct users.
_ADD = f"""
WITH people AS (
    {_people_come("import_use")} RETURNING {LINE}, cardinality(people) AS users
)
INSERT INTO inventory_dailyusage AS d
       ({LINE}, interactions, users, sensitive, jailbreak, injection, attacks,
        visits, uploaded, off_hours, files, unlabelled)
SELECT c.application_id, c.sighting_id, c.department_id, c.day, interactions, coalesce(p.users, 0), sensitive,
       jailbreak, injection, attacks, visits, uploaded, off_hours, files, unlabelled
FROM import_use c LEFT JOIN people p ON {same_line("p", "c")}
ON CONFLICT (application_id, sighting_id, day, department_id) DO UPDATE SET
    interactions = d.interactions + excluded.interactions, users = greatest(d.users, excluded.users),
    sensitive = d.sensitive + excluded.sensitive, jailbreak = d.jailbreak + excluded.jailbreak,
    injection = d.injection + excluded.injection, attacks = d.attacks + excluded.attacks,
    visits = d.visits + excluded.visits, uploaded = d.uploaded + excluded.uploaded,
    off_hours = d.off_hours + excluded.off_hours, files = d.files + excluded.files,
    unlabelled = d.unlabelled + excluded.unlabelled
"""  # noqa: S608 - constants of this file

_DIGEST = "md5(coalesce(labels, '{}')::text || '/' || coalesce(information_types, '{}')::text)::uuid"

_ADD_SENSITIVE = f"""
INSERT INTO inventory_dailysensitive AS d
       (application_id, sighting_id, department_id, day, labels, information_types, digest, interactions)
SELECT s.application_id, s.sighting_id, p.department_id, (r.at AT TIME ZONE %(zone)s)::date,
       coalesce(r.labels, '{{}}'), coalesce(r.information_types, '{{}}'), {_DIGEST}, count(*)
FROM import_row r JOIN import_seen s ON s.no = r.way JOIN import_person p ON p.no = r.person
WHERE r.labels IS NOT NULL OR r.information_types IS NOT NULL
GROUP BY 1, 2, 3, 4, 5, 6, 7
ON CONFLICT (application_id, sighting_id, day, department_id, digest)
DO UPDATE SET interactions = d.interactions + excluded.interactions
"""  # noqa: S608 - constants of this file


# To look at for unusual activity again
_CHANGED = "INSERT INTO inventory_changedday (day) SELECT DISTINCT day FROM {rows}"


def add(cursor: Any, zone: str) -> None:
    """Count the rows just stored."""
    cursor.execute(_CHANGED.format(rows="import_use"))
    cursor.execute(_ADD)
    cursor.execute(_ADD_SENSITIVE, {"zone": zone})


_DELTA = """
CREATE TEMPORARY TABLE IF NOT EXISTS import_delta (
    application_id bigint, sighting_id bigint, day date, old_department bigint, department_id bigint, old uuid,
    pseudonym uuid, jailbreak bool, injection bool, labels text[], information_types text[], uploaded bigint,
    files int, unlabelled int, off_hours bool
) ON COMMIT DELETE ROWS;
TRUNCATE import_delta
"""

# People whom the list knows by object id, and the same people where a record only knew their name.
_MOVE = f"""
WITH known AS (
    SELECT pseudonym AS old, pseudonym AS new, department_id FROM inventory_directoryuser
    WHERE department_id IS NOT NULL
    UNION ALL
    SELECT upn_pseudonym, pseudonym, department_id FROM inventory_directoryuser WHERE upn_pseudonym <> pseudonym
), moved AS (
    UPDATE inventory_interaction i SET department_id = k.department_id, pseudonym = k.new
    FROM known k WHERE i.department_id IS NULL AND i.pseudonym = k.old
    RETURNING i.application_id, i.sighting_id, (i.at AT TIME ZONE %(zone)s)::date, NULL::bigint, i.department_id,
              k.old, i.pseudonym, i.jailbreak, i.injection, i.labels, i.information_types,
              i.uploaded, i.files, i.unlabelled, {working_hours.off("i")}
)
INSERT INTO import_delta SELECT * FROM moved
"""  # noqa: S608 - constants of this file

_RENAME = f"""
WITH renamed AS (
    UPDATE inventory_interaction i SET pseudonym = s.new
    FROM import_superseded s WHERE i.pseudonym = s.old
    RETURNING i.application_id, i.sighting_id, (i.at AT TIME ZONE %(zone)s)::date, i.department_id, i.department_id,
              s.old, i.pseudonym, i.jailbreak, i.injection, i.labels, i.information_types,
              i.uploaded, i.files, i.unlabelled, {working_hours.off("i")}
)
INSERT INTO import_delta SELECT * FROM renamed
"""  # noqa: S608 - constants of this file


_PEOPLE_LEAVE = _people_go(
    "(SELECT application_id, sighting_id, old_department AS department_id, day, old AS pseudonym FROM import_delta) m"
)
_PEOPLE_ARRIVE = _people_come(
    f"(SELECT {LINE}, array_agg(DISTINCT pseudonym) AS people FROM import_delta GROUP BY {LINE}) m"  # noqa: S608 - as above
)

# Each row leaves one line of figures and arrives at another (perhaps the same one, when only its person was renamed).
_STEPS = """
SELECT application_id, sighting_id, old_department AS department_id, day, -1 AS step, jailbreak, injection, labels,
       information_types, uploaded, files, unlabelled, off_hours FROM import_delta
UNION ALL
SELECT application_id, sighting_id, department_id, day, 1, jailbreak, injection, labels, information_types, uploaded,
       files, unlabelled, off_hours
FROM import_delta
"""

_USAGE_MOVES = f"""
INSERT INTO inventory_dailyusage AS d
       (application_id, sighting_id, department_id, day, interactions, users, sensitive, jailbreak, injection, attacks,
        visits, uploaded, off_hours, files, unlabelled)
SELECT application_id, sighting_id, department_id, day, coalesce(sum(step) FILTER (WHERE uploaded IS NULL), 0), 0,
       coalesce(sum(step) FILTER (WHERE labels IS NOT NULL OR information_types IS NOT NULL), 0),
       coalesce(sum(step) FILTER (WHERE jailbreak), 0), coalesce(sum(step) FILTER (WHERE injection), 0),
       coalesce(sum(step) FILTER (WHERE jailbreak OR injection), 0),
       coalesce(sum(step) FILTER (WHERE uploaded IS NOT NULL), 0), coalesce(sum(step * uploaded), 0),
       coalesce(sum(step) FILTER (WHERE off_hours), 0), coalesce(sum(step * files), 0),
       coalesce(sum(step * unlabelled), 0)
FROM ({_STEPS}) steps GROUP BY 1, 2, 3, 4
ON CONFLICT (application_id, sighting_id, day, department_id) DO UPDATE SET
    interactions = d.interactions + excluded.interactions, sensitive = d.sensitive + excluded.sensitive,
    jailbreak = d.jailbreak + excluded.jailbreak, injection = d.injection + excluded.injection,
    attacks = d.attacks + excluded.attacks, visits = d.visits + excluded.visits,
    uploaded = d.uploaded + excluded.uploaded, off_hours = d.off_hours + excluded.off_hours,
    files = d.files + excluded.files, unlabelled = d.unlabelled + excluded.unlabelled
"""  # noqa: S608 - constants of this file
_USERS_ANEW = f"""
WITH touched AS (
    SELECT DISTINCT application_id, sighting_id, department_id, day FROM ({_STEPS}) steps
), counted AS (
    SELECT t.*, coalesce(cardinality(p.people), 0) AS users
    FROM touched t LEFT JOIN inventory_dailypeople p ON {same_line("p", "t")}
)
UPDATE inventory_dailyusage d SET users = c.users FROM counted c WHERE {same_line("d", "c")}
"""  # noqa: S608 - constants of this file
_SENSITIVE_MOVES = f"""
INSERT INTO inventory_dailysensitive AS d
       (application_id, sighting_id, department_id, day, labels, information_types, digest, interactions)
SELECT application_id, sighting_id, department_id, day, coalesce(labels, '{{}}'), coalesce(information_types, '{{}}'),
       {_DIGEST}, sum(step)
FROM ({_STEPS}) steps WHERE labels IS NOT NULL OR information_types IS NOT NULL
GROUP BY 1, 2, 3, 4, 5, 6, 7
ON CONFLICT (application_id, sighting_id, day, department_id, digest)
DO UPDATE SET interactions = d.interactions + excluded.interactions
"""  # noqa: S608 - constants of this file


def move_unassigned(cursor: Any, zone: str) -> int:
    """Give Unassigned interactions of people whom the user list knows their department and lasting pseudonym, and take
    their figures along. Returns how many interactions moved."""
    cursor.execute(_DELTA)
    cursor.execute(_MOVE, working_hours.in_force().parameters(zone))
    moved = cursor.rowcount
    if moved:
        _carry(cursor)
    return moved


def rename(cursor: Any, zone: str) -> None:
    """Carry the rows of people in `import_superseded` over to their new pseudonym."""
    cursor.execute("SELECT EXISTS (SELECT FROM import_superseded)")
    if cursor.fetchone()[0]:
        cursor.execute(_DELTA)
        cursor.execute(_RENAME, working_hours.in_force().parameters(zone))
        _carry(cursor)


def _carry(cursor: Any) -> None:
    """Take the figures along with the rows of `import_delta`."""
    cursor.execute("ANALYZE import_delta")
    cursor.execute(_CHANGED.format(rows="import_delta"))
    for statement in (_PEOPLE_LEAVE, _PEOPLE_ARRIVE, _USAGE_MOVES, _USERS_ANEW, _SENSITIVE_MOVES):
        cursor.execute(statement)
    _forget_empty(cursor)


def _forget_empty(cursor: Any) -> None:
    cursor.execute("DELETE FROM inventory_dailyusage WHERE interactions = 0 AND visits = 0")
    cursor.execute("DELETE FROM inventory_dailypeople WHERE people = '{}'")
    cursor.execute("DELETE FROM inventory_dailysensitive WHERE interactions = 0")


# Each person of these rows of whom no other row of the same line of figures is left
_PEOPLE_GO = _people_go("""(
    SELECT DISTINCT application_id, sighting_id, department_id, day, pseudonym
    FROM import_gone WHERE pseudonym IS NOT NULL
    EXCEPT
    SELECT application_id, sighting_id, department_id, (at AT TIME ZONE %(zone)s)::date, pseudonym
    FROM inventory_interaction
    WHERE at >= (SELECT min(at) FROM import_gone) - interval '1 day'
      AND at <= (SELECT max(at) FROM import_gone) + interval '1 day'
      AND pseudonym IN (SELECT pseudonym FROM import_gone)
) gone""")
_USAGE_GOES = f"""
WITH gone AS (
    SELECT application_id, sighting_id, department_id, day, count(*) - count(uploaded) AS interactions,
           count(uploaded) AS visits, coalesce(sum(uploaded), 0) AS uploaded,
           count(*) FILTER (WHERE labels IS NOT NULL OR information_types IS NOT NULL) AS sensitive,
           count(*) FILTER (WHERE jailbreak) AS jailbreak, count(*) FILTER (WHERE injection) AS injection,
           count(*) FILTER (WHERE jailbreak OR injection) AS attacks, count(*) FILTER (WHERE off_hours) AS off_hours,
           coalesce(sum(files), 0) AS files, coalesce(sum(unlabelled), 0) AS unlabelled
    FROM import_gone GROUP BY 1, 2, 3, 4
), counted AS (
    SELECT g.*, coalesce(cardinality(p.people), 0) AS users
    FROM gone g LEFT JOIN inventory_dailypeople p ON {same_line("p", "g")}
)
UPDATE inventory_dailyusage d SET
    interactions = d.interactions - g.interactions, users = g.users, sensitive = d.sensitive - g.sensitive,
    jailbreak = d.jailbreak - g.jailbreak, injection = d.injection - g.injection, attacks = d.attacks - g.attacks,
    visits = d.visits - g.visits, uploaded = d.uploaded - g.uploaded, off_hours = d.off_hours - g.off_hours,
    files = d.files - g.files, unlabelled = d.unlabelled - g.unlabelled
FROM counted g WHERE {same_line("d", "g")}
"""  # noqa: S608 - constants of this file
_SENSITIVE_GOES = f"""
UPDATE inventory_dailysensitive d SET interactions = d.interactions - g.interactions
FROM (SELECT application_id, sighting_id, department_id, day, {_DIGEST} AS digest, count(*) AS interactions
      FROM import_gone WHERE labels IS NOT NULL OR information_types IS NOT NULL GROUP BY 1, 2, 3, 4, 5) g
WHERE d.digest = g.digest AND {same_line("d", "g")}
"""  # noqa: S608 - constants of this file


def take_out(cursor: Any, zone: str) -> None:
    """The rows of `import_gone` were deleted: take them out of the figures again."""
    cursor.execute(_CHANGED.format(rows="import_gone"))
    cursor.execute(_PEOPLE_GO, {"zone": zone})
    cursor.execute(_USAGE_GOES)
    cursor.execute(_SENSITIVE_GOES)
    _forget_empty(cursor)
