"""Rules about attacks and alerts."""

from django.conf import settings

from governance.selectors.rules.base import Rule, Threshold

_ATTACKS_SEEN = (
    "SELECT EXISTS (SELECT FROM inventory_dailyusage) OR EXISTS (SELECT FROM inventory_alert)",
    "security alerts of Defender, or a Purview audit export",
)

# Marked interactions by app and department of the person, and alerts of the window that nobody dismissed. The same
# person often enough within a week is grave: the attempts of a single record can't be told as blocked or not.
_JAILBREAKS = """
WITH repeated AS (
    SELECT DISTINCT COALESCE(application_id, -sighting_id) AS app, department_id FROM (
        SELECT application_id, sighting_id, department_id FROM inventory_interaction
        WHERE jailbreak AND pseudonym IS NOT NULL AND at >= %(day)s::date - 6
        GROUP BY application_id, sighting_id, department_id, pseudonym HAVING count(*) >= %(by_one)s) often),
marked AS (
    SELECT COALESCE(application_id, -sighting_id) AS app, department_id, sum(jailbreak) AS n FROM inventory_dailyusage
    WHERE day BETWEEN %(from_day)s AND %(day)s AND jailbreak > 0 GROUP BY 1, 2)
SELECT 'use:' || m.app || ':' || COALESCE(m.department_id::text, '') AS key, m.department_id,
    CASE WHEN m.app < 0 THEN 'sighting' ELSE 'application' END AS kind, abs(m.app) AS ref,
    COALESCE(a.name, s.name) AS name, m.n AS amount, CASE WHEN r.app IS NULL THEN 2 ELSE 3 END AS gravity,
    CASE WHEN r.app IS NULL THEN 'marked interactions' ELSE 'marked interactions, several of one person' END AS note
FROM marked m LEFT JOIN repeated r ON r.app = m.app AND r.department_id IS NOT DISTINCT FROM m.department_id
    LEFT JOIN inventory_aiapplication a ON a.id = m.app LEFT JOIN inventory_sighting s ON s.id = -m.app
UNION ALL
SELECT 'alert:' || al.id, a.department_id, 'alert', al.id, al.title, 1,
    CASE WHEN al.type ILIKE '%%DetectedAttempt%%' OR al.type ILIKE '%%Agentic\\_Jailbreak%%' THEN 3 ELSE 2 END,
    CASE WHEN al.type ILIKE '%%BlockedAttempt%%' THEN 'blocked' ELSE 'not known to be blocked' END
        || COALESCE(', ' || a.name, '')
FROM inventory_alert al LEFT JOIN inventory_aiapplication a ON a.id = al.application_id
WHERE al.type ILIKE '%%Jailbreak%%' AND al.at > %(alerts_from)s AND al.state <> 'dismissed'"""

_INJECTIONS = """
SELECT 'use:' || COALESCE(u.application_id, -u.sighting_id) || ':' || COALESCE(u.department_id::text, '') AS key,
    u.department_id, CASE WHEN u.application_id IS NULL THEN 'sighting' ELSE 'application' END AS kind,
    COALESCE(u.application_id, u.sighting_id) AS ref, COALESCE(a.name, s.name) AS name, sum(u.injection) AS amount,
    3 AS gravity, 'marked interactions' AS note
FROM inventory_dailyusage u LEFT JOIN inventory_aiapplication a ON a.id = u.application_id
    LEFT JOIN inventory_sighting s ON s.id = u.sighting_id
WHERE u.day BETWEEN %(from_day)s AND %(day)s AND u.injection > 0
GROUP BY u.application_id, u.sighting_id, u.department_id, a.name, s.name
UNION ALL
SELECT 'alert:' || al.id, a.department_id, 'alert', al.id, al.title, 1, 3,
    CASE WHEN al.resource <> '' THEN al.resource ELSE COALESCE(a.name, '') END
FROM inventory_alert al LEFT JOIN inventory_aiapplication a ON a.id = al.application_id
WHERE (al.type ILIKE '%%ASCIISmuggling%%' OR al.type ILIKE '%%MaliciousUrl.ToolOutput%%')
    AND al.at > %(alerts_from)s AND al.state <> 'dismissed'"""

# The deadlines of the queue of alerts, so that the product knows one word *late* (settings.ALERT_HOURS)
_HOURS = " ".join(f"WHEN '{severity}' THEN {int(hours)}" for severity, hours in settings.ALERT_HOURS.items())
_LATE = f"""
SELECT al.id::text AS key, a.department_id, 'alert' AS kind, al.id AS ref, al.title AS name, 1 AS amount,
    CASE al.severity WHEN 'high' THEN 3 WHEN 'medium' THEN 2 ELSE 1 END AS gravity, COALESCE(a.name, '') AS note
FROM inventory_alert al LEFT JOIN inventory_aiapplication a ON a.id = al.application_id
WHERE al.state IN ('new', 'active', 'in_progress')
    AND al.at + (CASE al.severity {_HOURS} END) * interval '1 hour' < %(now)s"""  # noqa: S608 - constants of our own

# Days of a department on which its interactions, or what it sent, stand out of the 28 days before. Days without any
# use count as nothing; a department has to have been seen for long enough.
_UNUSUAL = """
WITH daily AS (
    SELECT department_id, day, sum(interactions) AS n, sum(uploaded) AS sent FROM inventory_dailyusage
    WHERE day BETWEEN %(day)s::date - 57 AND %(day)s GROUP BY 1, 2),
known AS (SELECT department_id, min(day) AS first FROM inventory_dailyusage GROUP BY 1),
filled AS (
    SELECT k.department_id, d.day::date AS day, COALESCE(daily.n, 0) AS n, COALESCE(daily.sent, 0) AS sent
    FROM known k CROSS JOIN generate_series(%(day)s::date - 57, %(day)s::date, interval '1 day') d(day)
        LEFT JOIN daily ON daily.department_id IS NOT DISTINCT FROM k.department_id AND daily.day = d.day::date
    WHERE d.day::date >= k.first),
rolling AS (
    SELECT *, count(*) OVER before AS days, avg(n) OVER before AS mean_n, stddev_pop(n) OVER before AS sd_n,
        avg(sent) OVER before AS mean_sent, stddev_pop(sent) OVER before AS sd_sent
    FROM filled WINDOW before AS (
        PARTITION BY department_id ORDER BY day ROWS BETWEEN 28 PRECEDING AND 1 PRECEDING)),
outstanding AS (
    SELECT r.*, median.n AS median_n, median.sent AS median_sent FROM rolling r CROSS JOIN LATERAL (
        SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY f.n) AS n,
            percentile_cont(0.5) WITHIN GROUP (ORDER BY f.sent) AS sent
        FROM filled f WHERE f.department_id IS NOT DISTINCT FROM r.department_id
            AND f.day BETWEEN r.day - 28 AND r.day - 1) median
    WHERE r.day >= %(from_day)s AND r.days >= %(days)s AND r.n >= %(events)s
        AND (r.n > r.mean_n + %(sigmas)s * r.sd_n OR r.sent > r.mean_sent + %(sigmas)s * r.sd_sent))
SELECT 'day:' || COALESCE(o.department_id::text, '') || ':' || o.day AS key, o.department_id, 'day' AS kind,
    o.department_id AS ref, to_char(o.day, 'FMDD Mon YYYY') AS name, o.n AS amount, 2 AS gravity,
    'usual: ' || round(o.mean_n) || ' a day, half of the days under ' || round(o.median_n::numeric) AS note
FROM outstanding o
WHERE (o.n > o.mean_n + %(sigmas)s * o.sd_n AND o.n > %(medians)s * o.median_n)
    OR (o.sent > o.mean_sent + %(sigmas)s * o.sd_sent AND o.sent > %(medians)s * o.median_sent)
UNION ALL
SELECT 'alert:' || al.id, a.department_id, 'alert', al.id, al.title, 1, 2, COALESCE(a.name, '')
FROM inventory_alert al LEFT JOIN inventory_aiapplication a ON a.id = al.application_id
WHERE (al.type ILIKE '%%\\_DOW%%' OR al.type ILIKE '%%AccessAnomaly%%')
    AND al.at > %(alerts_from)s AND al.state <> 'dismissed'"""

RULES = (
    Rule(
        number=5,
        key="jailbreaks",
        title="Jailbreak attempts",
        goals=("PS2", "RS2"),
        trigger="An interaction marked as a jailbreak attempt, or an alert about one that nobody dismissed, in 30 "
        "days. High where it was not blocked, or from {by_one} attempts by one person within 7 days.",
        action="Work through the alerts, and prove the controls against prompt attacks.",
        unit="attempts and alerts",
        route="risk:alerts",
        query={"technique": "AML.T0054"},
        sql=_JAILBREAKS,
        needs=_ATTACKS_SEEN,
        anchor="day",
        thresholds=(Threshold("by_one", "High: attempts by one person within 7 days", 3, 2, 1000),),
    ),
    Rule(
        number=6,
        key="indirect_injection",
        title="Indirect prompt injection",
        goals=("PS2", "RS2"),
        trigger="An interaction that read a poisoned resource, or an alert about hidden instructions or a malicious "
        "address in the output of a tool that nobody dismissed, in 30 days.",
        action="Find the poisoned source, take it out of what the application reads, and filter what tools return.",
        unit="interactions and alerts",
        route="risk:alerts",
        query={"technique": "AML.T0051,AML.T0068"},
        sql=_INJECTIONS,
        needs=_ATTACKS_SEEN,
        anchor="day",
    ),
    Rule(
        number=7,
        key="late_alerts",
        title="Threat alert past its deadline",
        goals=("RS2", "PS2"),
        trigger="An alert is still open after the deadline of its severity: "
        + ", ".join(f"{severity} {int(hours)} hours" for severity, hours in settings.ALERT_HOURS.items())
        + ".",
        action="Resolve it with the lesson learnt, or dismiss it with the reason.",
        unit="alerts",
        route="risk:alerts",
        query={"state": "new,active,in_progress", "late": "yes", "sort": "due"},
        sql=_LATE,
        needs=("SELECT EXISTS (SELECT FROM inventory_alert)", "security alerts of Defender"),
        anchor="now",
    ),
    Rule(
        number=14,
        key="unusual_activity",
        title="Unusual AI activity in a department",
        goals=("RS3",),
        trigger="On a day of the last 30 the interactions of a department, or what it sent, were above the mean of the "
        "28 days before by {sigmas} standard deviations and above {medians} times their median, with at least {events} "
        "interactions; it takes {days} days of history. Or an alert about unusual volume or access.",
        action="Ask the department what happened that day, and look at who used what.",
        unit="interactions and alerts",
        route="governance:departments",
        sql=_UNUSUAL,
        needs=_ATTACKS_SEEN,
        anchor="day",
        thresholds=(
            Threshold("sigmas", "Standard deviations above the mean", 3, 1, 20),
            Threshold("medians", "Times the median", 3, 1, 100),
            Threshold("events", "Interactions of the day, at least", 50),
            Threshold("days", "Days of history, at least", 14, 7, 28),
        ),
    ),
)
