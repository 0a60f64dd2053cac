"""Rules about use: what is used without being known, and what goes into it."""

from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from governance.selectors.rules.base import INTERACTIONS, USE, Rule, Threshold

USE_SEEN = (
    "SELECT EXISTS (SELECT FROM inventory_dailyusage)",
    _("interactions or visits: a Purview audit export or a cloud discovery log"),
)
_MIB = 1024 * 1024

# Of each AI app that is not sanctioned: its use by department, and by how many people of all departments. Sanctioned is
# what is registered and in review, approved or live, and of what is not registered, what Defender calls sanctioned or
# monitored; what Discovery ruled out is left out for as long. A person counts once, so people of departments don't add
# up.
_UNSANCTIONED = f"""
WITH used AS (
    SELECT COALESCE(u.application_id, -u.sighting_id) AS app, u.department_id,
        sum(u.interactions + u.visits) AS uses, sum(u.uploaded) AS uploaded
    FROM inventory_dailyusage u LEFT JOIN inventory_aiapplication a ON a.id = u.application_id
    WHERE u.day BETWEEN %(from_day)s AND %(day)s
        AND (u.application_id IS NULL OR a.lifecycle NOT IN ('in_review', 'approved', 'live'))
    GROUP BY 1, 2),
people AS (
    SELECT COALESCE(application_id, -sighting_id) AS app, department_id, count(DISTINCT pseudonym) AS n,
        grouping(department_id) AS whole
    FROM inventory_dailyuser WHERE day BETWEEN %(from_day)s AND %(day)s
        AND COALESCE(application_id, -sighting_id) IN (SELECT app FROM used)
    GROUP BY GROUPING SETS ((1, 2), (1))),
apps AS (
    SELECT app, sum(uploaded) AS uploaded, COALESCE(
        (SELECT n FROM people p WHERE p.app = used.app AND p.whole = 1), 0) AS n FROM used GROUP BY app),
said AS (
    SELECT app, min(safety) AS score, bool_or(EXISTS (
        SELECT FROM unnest(tags) tag WHERE lower(tag) IN ('sanctioned', 'monitored'))) AS sanctioned
    FROM (
        SELECT -s.id AS app, c.safety, c.tags FROM inventory_sighting s JOIN inventory_cloudapp c
            ON c.sighting_id = s.id OR (s.host <> '' AND s.host = ANY(c.domains))
        UNION ALL SELECT application_id, safety, tags FROM inventory_cloudapp WHERE application_id IS NOT NULL) known
    GROUP BY app)
SELECT used.app || ':' || COALESCE(used.department_id::text, '') AS key, used.department_id,
    CASE WHEN used.app < 0 THEN 'sighting' ELSE 'application' END AS kind, abs(used.app) AS ref,
    COALESCE(s.name, a.name) AS name, used.uses AS amount,
    CASE WHEN said.score <= %(score)s OR apps.uploaded >= %(high_mib)s * {_MIB} THEN 3 ELSE 2 END AS gravity,
    COALESCE(p.n, 0) || ' people' || CASE WHEN used.uploaded > 0
        THEN ', ' || round(used.uploaded / {_MIB}.0, 1) || ' MiB sent' ELSE '' END
        || CASE WHEN used.app > 0 THEN ', registered but ' || replace(a.lifecycle, '_', ' ') ELSE '' END
        || COALESCE(', safety ' || round(said.score::numeric, 1) || ' of 10', '') AS note
FROM used JOIN apps USING (app)
    LEFT JOIN people p ON p.app = used.app AND p.whole = 0 AND p.department_id IS NOT DISTINCT FROM used.department_id
    LEFT JOIN inventory_sighting s ON s.id = -used.app LEFT JOIN inventory_aiapplication a ON a.id = used.app
    LEFT JOIN said ON said.app = used.app
WHERE used.uses > 0 AND (apps.n >= %(people)s OR apps.uploaded >= %(mib)s * {_MIB})
    AND NOT (s.id IS NOT NULL AND (s.folded = ANY(%(ruled)s) OR COALESCE(said.sanctioned, FALSE)))
UNION ALL
SELECT 'cloud:' || c.key, NULL, 'cloud_app', NULL, c.name, c.transactions,
    CASE WHEN c.safety <= %(score)s OR c.uploaded >= %(high_mib)s * {_MIB} THEN 3 ELSE 2 END,
    c.users || ' people, ' || round(c.uploaded / {_MIB}.0, 1) || ' MiB sent, as cloud discovery adds up its own period'
FROM inventory_cloudapp c LEFT JOIN inventory_sighting s ON s.id = c.sighting_id
WHERE c.application_id IS NULL AND NOT COALESCE(s.folded, '') = ANY(%(ruled)s)
    AND NOT EXISTS (SELECT FROM unnest(c.tags) tag WHERE lower(tag) IN ('sanctioned', 'monitored'))
    AND NOT EXISTS (SELECT FROM used JOIN inventory_sighting o ON o.id = -used.app
        WHERE used.uses > 0 AND (o.id = c.sighting_id OR (o.host <> '' AND o.host = ANY(c.domains))))
    AND c.transactions > 0 AND (c.users >= %(people)s OR c.uploaded >= %(mib)s * {_MIB})"""  # noqa: S608 - a constant of our own

# Sensitive information in what went to an AI app outside (operations 2 and 5: an AI app or site, a visit to one), and
# matches of data-loss rules where nothing registered fits. Feeds keep no confidence of a type, so each counts. A
# finding of types tells of what an interaction tells of: it counts where none of that app, department and day does.
_SENSITIVE = """
WITH held AS (
    SELECT s.id AS sighting_id, s.name, d.department_id, d.day, d.interactions AS n
    FROM inventory_dailysensitive d JOIN inventory_sighting s ON s.id = d.sighting_id
    WHERE d.day BETWEEN %(from_day)s AND %(day)s AND d.application_id IS NULL AND d.information_types <> '{}'
        AND s.operations && ARRAY[2, 5]::smallint[]),
events AS (
    SELECT sighting_id, name, department_id, n, NULL::uuid AS who FROM held
    UNION ALL
    SELECT s.id, COALESCE(s.name, e.seen_as), e.department_id, 1, e.pseudonym
    FROM inventory_dataevent e LEFT JOIN inventory_sighting s ON s.folded = e.folded
        LEFT JOIN (SELECT DISTINCT sighting_id, COALESCE(department_id, 0) AS place, day FROM held) told
            ON told.sighting_id = s.id AND told.place = COALESCE(e.department_id, 0)
            AND told.day = (e.at AT TIME ZONE %(zone)s)::date
    WHERE e.application_id IS NULL AND e.at > %(events_from)s AND (e.kind = 'dlp_match' OR told.day IS NULL)),
counted AS (
    SELECT sighting_id, min(name) AS name, department_id, sum(n) AS n, count(DISTINCT who) AS people,
        sum(sum(n)) OVER (PARTITION BY lower(name)) AS whole
    FROM events GROUP BY sighting_id, lower(name), department_id),
-- Daily figures know nobody: who it was is looked up where that alone decides
open AS (SELECT sighting_id FROM counted WHERE n >= %(high_people)s AND n < %(high_events)s),
sent AS (
    SELECT sighting_id, department_id, count(DISTINCT who) AS people FROM (
        SELECT sighting_id, department_id, who FROM events
        UNION ALL SELECT sighting_id, department_id, pseudonym FROM inventory_interaction
        WHERE at >= %(from_at)s AND at < %(until_at)s AND application_id IS NULL AND information_types IS NOT NULL
            AND operation IN (2, 5) AND sighting_id IN (SELECT sighting_id FROM open)) one
    GROUP BY 1, 2)
SELECT COALESCE('s' || sighting_id, 'n' || lower(name)) || ':' || COALESCE(department_id::text, '') AS key,
    department_id, CASE WHEN sighting_id IS NULL THEN 'data_event' ELSE 'sighting' END AS kind, sighting_id AS ref,
    COALESCE(NULLIF(name, ''), 'App without a name') AS name, n AS amount,
    CASE WHEN n >= %(high_events)s OR people >= %(high_people)s OR EXISTS (
        SELECT FROM sent WHERE sent.sighting_id = counted.sighting_id AND sent.people >= %(high_people)s
            AND sent.department_id IS NOT DISTINCT FROM counted.department_id) THEN 3 ELSE 2 END AS gravity,
    CASE WHEN people > 0 THEN people || ' people in data-loss matches or findings' ELSE '' END AS note
FROM counted WHERE whole >= %(events)s"""

# Labelled data that AI reads where no data-loss rule has ever spoken up for the same app and department in the window
_LABELLED = """
WITH grave AS (
    SELECT lower(key) AS word, level FROM inventory_sensitivitylabel WHERE level IN ('confidential', 'special_category')
    UNION SELECT lower(name), level FROM inventory_sensitivitylabel
    WHERE level IN ('confidential', 'special_category')),
marked AS (
    SELECT d.*, found.top FROM inventory_dailysensitive d CROSS JOIN LATERAL (
        SELECT bool_or(grave.level = 'special_category') AS top FROM unnest(d.labels) label
        JOIN grave ON grave.word = lower(label)) found
    WHERE d.day BETWEEN %(from_day)s AND %(day)s AND d.labels <> '{}' AND found.top IS NOT NULL),
summed AS (
    SELECT application_id, CASE WHEN application_id IS NULL THEN sighting_id END AS sighting_id, department_id,
        sum(interactions) AS n,
        COALESCE(sum(interactions) FILTER (WHERE top), 0) AS top
    FROM marked GROUP BY 1, 2, 3)
SELECT COALESCE('a' || application_id, 's' || sighting_id) || ':' || COALESCE(m.department_id::text, '') AS key,
    m.department_id, CASE WHEN application_id IS NULL THEN 'sighting' ELSE 'application' END AS kind,
    COALESCE(application_id, sighting_id) AS ref, COALESCE(a.name, s.name) AS name, n AS amount,
    CASE WHEN top > 0 THEN 3 ELSE 2 END AS gravity,
    CASE WHEN top > 0 THEN top || ' with a label of the highest level' ELSE '' END AS note
FROM summed m LEFT JOIN inventory_aiapplication a ON a.id = application_id
    LEFT JOIN inventory_sighting s ON s.id = sighting_id
WHERE n >= %(interactions)s AND NOT EXISTS (
    SELECT FROM inventory_dataevent e WHERE e.kind = 'dlp_match' AND e.at > %(events_from)s
        AND e.department_id IS NOT DISTINCT FROM m.department_id
        AND (e.application_id = m.application_id OR (e.application_id IS NULL AND e.folded = s.folded)))"""

_LABELS_KNOWN = """SELECT EXISTS (SELECT FROM inventory_sensitivitylabel WHERE level <> '')
    AND EXISTS (SELECT FROM inventory_dailyusage)"""
# Files that AI read, each as often as it was read: names are not kept, so nobody can tell them apart. The department
# decides whether it is too many; the rows say which app read those without a label.
_UNLABELLED = """
WITH read AS (
    SELECT COALESCE(application_id, -sighting_id) AS app, department_id, sum(files) AS files,
        sum(unlabelled) AS unlabelled
    FROM inventory_dailyusage WHERE day BETWEEN %(from_day)s AND %(day)s AND files > 0 GROUP BY 1, 2),
whole AS (
    SELECT department_id, sum(files) AS files, sum(unlabelled) AS unlabelled FROM read GROUP BY 1
    HAVING sum(files) >= %(files)s AND sum(unlabelled) * 100 >= sum(files) * %(share)s)
SELECT app || ':' || COALESCE(read.department_id::text, '') AS key, read.department_id,
    CASE WHEN app < 0 THEN 'sighting' ELSE 'application' END AS kind, abs(app) AS ref,
    COALESCE(a.name, s.name) AS name, read.unlabelled AS amount, 2 AS gravity,
    'of ' || read.files || ' read here; all AI apps of the department: ' || whole.unlabelled || ' of ' || whole.files
        || ', ' || floor(whole.unlabelled * 100.0 / whole.files) || ' %%' AS note
FROM read JOIN whole ON whole.department_id IS NOT DISTINCT FROM read.department_id
    LEFT JOIN inventory_aiapplication a ON a.id = app LEFT JOIN inventory_sighting s ON s.id = -app
WHERE read.unlabelled > 0"""
_FILES_COUNTED = (
    "SELECT EXISTS (SELECT FROM inventory_dailyusage WHERE files > 0)",
    _("a Purview audit export whose records name the documents that AI read"),
)

RULES = (
    Rule(
        number=1,
        key="unsanctioned_app",
        title=_("Unsanctioned AI app in use"),
        goals=("A1", "PS2"),
        trigger=_(
            "An AI app that is not registered nor sanctioned or monitored in Defender, or registered and "
            "neither in review nor approved nor live, was used by at least {people:person|people} or was "
            "sent at least {mib} MiB in 30 days. "
            "High where its safety is at most {score} of 10 or it was sent at least {high_mib} MiB."
        ),
        action=_("Register it and put it in review, match it to an application, or block it."),
        unit=_("uses"),
        counted=ngettext_lazy("use", "uses", "n"),
        route="inventory:sightings",
        sql=_UNSANCTIONED,
        needs=(
            "SELECT EXISTS (SELECT FROM inventory_dailyusage) OR EXISTS (SELECT FROM inventory_cloudapp)",
            USE_SEEN[1],
        ),
        anchor="day",
        of_people=True,
        feeds=USE,
        thresholds=(
            Threshold("people", _("People who used it"), 3),
            Threshold("mib", _("Sent to it, MiB"), 10, 0.1),
            Threshold("score", _("High: safety of the app at most (0–10)"), 4, 0, 10),
            Threshold("high_mib", _("High: sent to it, MiB"), 100, 0.1),
        ),
    ),
    Rule(
        number=2,
        key="sensitive_outside",
        title=_("Sensitive data sent to external AI"),
        goals=("PS1",),
        trigger=_(
            "At least {events:interaction|interactions} with an AI app outside held a sensitive information "
            "type, or a data-loss rule matched there, in 30 days. A finding of such a type counts on "
            "days of which no interaction tells of one. High from {high_events:event|events} or "
            "{high_people:person|people} of one department."
        ),
        action=_("Warn or block by a data-loss rule, and offer an approved app for the same work."),
        unit=_("events"),
        counted=ngettext_lazy("event", "events", "n"),
        route="inventory:data_events",
        sql=_SENSITIVE,
        needs=USE_SEEN,
        anchor="day",
        of_people=True,
        feeds=INTERACTIONS,
        thresholds=(
            Threshold("events", _("Events"), 1),
            Threshold("high_events", _("High: events of one department"), 5),
            Threshold("high_people", _("High: people of one department"), 3),
        ),
    ),
    Rule(
        number=3,
        key="labelled_unprotected",
        title=_("Protect labelled content from AI processing"),
        goals=("PS1", "A4"),
        trigger=_(
            "At least {interactions:interaction|interactions} asked for content labelled Confidential or higher in 30 "
            "days, and no data-loss rule matched for that app in that department. High for the "
            "highest level."
        ),
        action=_("Put the label under a data-loss rule for AI apps."),
        unit=_("interactions"),
        counted=ngettext_lazy("interaction", "interactions", "n"),
        route="inventory:dictionary",
        sql=_LABELLED,
        needs=(
            _LABELS_KNOWN,
            _("the list of sensitivity labels, so that it is known which are Confidential, and a Purview audit export"),
        ),
        anchor="day",
        of_people=True,
        feeds=INTERACTIONS,
        thresholds=(Threshold("interactions", _("Interactions"), 1),),
    ),
    Rule(
        number=4,
        key="unlabelled_data",
        title=_("Label the data AI reads"),
        goals=("A4",),
        trigger=_(
            "Of at least {files:file|files} of Word, Excel, PowerPoint or PDF that AI read for a department in 30 "
            "days, each counted as often as it was read, at least {share} % have no sensitivity label."
        ),
        action=_("Label the places that AI reads most."),
        unit=_("unlabelled files read"),
        counted=ngettext_lazy("unlabelled file read", "unlabelled files read", "n"),
        route="inventory:dictionary",
        sql=_UNLABELLED,
        needs=_FILES_COUNTED,
        anchor="day",
        of_people=True,
        feeds=INTERACTIONS,
        thresholds=(
            Threshold("files", _("Files read for a department"), 50),
            Threshold("share", _("Of them without a label, %"), 40, 1, 100),
        ),
    ),
)
