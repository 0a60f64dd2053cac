"""The rule about what we don't see."""

from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from governance.selectors.rules.base import Rule, Threshold

# A kind of feed is required where a feed that is switched on is bound to it, or where it has come more than once. The
# audit log itself comes with a documented delay, so it may be older. No file tells of what came after it was read: a
# wrong clock's record would keep an old feed from being named for as long as it lies ahead. Lists tell no
# time of their records, and are not old by it.
_BLIND = """
WITH kinds AS (
    SELECT kind, count(*) AS files,
        max(LEAST(newest_at, finished_at)) FILTER (WHERE newest_at IS NOT NULL) AS newest,
        sum(quarantined) FILTER (WHERE finished_at > %(now)s - interval '30 days') AS bad,
        sum(rows) FILTER (WHERE finished_at > %(now)s - interval '30 days') AS rows
    FROM inventory_importbatch WHERE state = 'done' AND kind <> '' GROUP BY kind),
seen AS (
    SELECT DISTINCT pseudonym, bool_or(department_id IS NOT NULL) OVER (PARTITION BY pseudonym) AS placed
    FROM inventory_dailyuser WHERE day BETWEEN %(from_day)s AND %(day)s),
placed AS (SELECT count(*) AS people, count(*) FILTER (WHERE NOT placed) AS lost FROM seen),
staff AS (
    SELECT department_id, count(*) AS people FROM inventory_directoryuser
    WHERE enabled AND department_id IS NOT NULL GROUP BY 1)
SELECT 'old:' || kind AS key, NULL::bigint AS department_id, 'feed' AS kind, NULL::bigint AS ref, kind AS name,
    1 AS amount, 3 AS gravity,
    'newest record ' || to_char(newest AT TIME ZONE %(zone)s, 'FMDD Mon YYYY HH24:MI') AS note
FROM kinds
WHERE newest < %(now)s - (CASE WHEN kind LIKE 'purview%%' THEN %(audit_hours)s ELSE %(hours)s END) * interval '1 hour'
    AND (files > 1 OR EXISTS (SELECT FROM inventory_feed f WHERE f.active AND f.kind = kinds.kind))
UNION ALL
SELECT 'never:' || f.id, NULL, 'feed', NULL, f.name, 1, 3,
    'switched on ' || to_char(f.created_at AT TIME ZONE %(zone)s, 'FMDD Mon YYYY') || ', nothing of it has come'
FROM inventory_feed f
WHERE f.active AND f.created_at < %(now)s - %(hours)s * interval '1 hour' AND NOT EXISTS (
    SELECT FROM inventory_importbatch b WHERE b.state = 'done' AND (b.feed_id = f.id OR b.kind = f.kind))
UNION ALL
SELECT 'bad:' || kind, NULL, 'feed', NULL, kind, 1, 3,
    bad || ' of ' || rows || ' rows of 30 days could not be read'
FROM kinds WHERE rows > 0 AND bad * 100.0 / rows >= %(bad_percent)s
UNION ALL
SELECT 'placed', NULL, 'people', NULL, 'People without a department', 1, 3,
    lost || ' of ' || people || ' people who used AI in 30 days are in no department'
FROM placed WHERE people > 0 AND lost * 100.0 / people >= %(lost_percent)s
UNION ALL
SELECT 'silent:' || d.id, d.id, 'department', d.id, d.name, 1, 3,
    'no use of AI seen for ' || %(silent_days)s::int || ' days, though ' || staff.people || ' people work there'
FROM staff JOIN inventory_department d ON d.id = staff.department_id
WHERE staff.people >= %(staff)s AND EXISTS (SELECT FROM inventory_dailyusage) AND NOT EXISTS (
    SELECT FROM inventory_dailyusage u
    WHERE u.department_id = d.id AND u.day > %(day)s::date - %(silent_days)s::int AND u.day <= %(day)s)"""

# The kinds that it names as old, or as switched on and never come
BLIND = """
SELECT name FROM governance_subject WHERE rule = 'blind_spot' AND key LIKE 'old:%'
UNION SELECT f.kind FROM governance_subject s JOIN inventory_feed f ON s.key = 'never:' || f.id
WHERE s.rule = 'blind_spot'"""

RULES = (
    Rule(
        number=15,
        key="blind_spot",
        title=_("We are blind here"),
        goals=("RS3", "A1"),
        trigger=_(
            "The newest record of a regular feed is older than {hours:hour|hours} ({audit_hours} for the "
            "Purview audit log), one that is switched on has brought nothing that long, at least "
            "{bad_percent} % of its rows could not be read, at least {lost_percent} % of active "
            "people have no department, or a department of at least {staff:person|people} shows no use for "
            "{silent_days:day|days}."
        ),
        action=_("Bring the feed up to date, or mend what could not be read."),
        unit=_("blind spots"),
        counted=ngettext_lazy("blind spot", "blind spots", "n"),
        route="inventory:feeds",
        sql=_BLIND,
        needs=("SELECT EXISTS (SELECT FROM inventory_importbatch WHERE state = 'done')", _("any feed at all")),
        anchor="now",
        thresholds=(
            Threshold("hours", _("Age of the newest record, hours"), 48, 1, 8760),
            Threshold("audit_hours", _("The same for the Purview audit log"), 72, 1, 8760),
            Threshold("bad_percent", _("Rows that could not be read, %"), 5, 0.1, 100),
            Threshold("lost_percent", _("Active people without a department, %"), 10, 0.1, 100),
            Threshold("staff", _("People of a silent department, at least"), 10),
            Threshold("silent_days", _("Days without any use"), 14, 1, 365),
        ),
    ),
)
