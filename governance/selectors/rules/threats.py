"""Rules about attacks and alerts."""

from django.conf import settings
from django.utils.functional import lazy
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from governance.selectors.rules.base import INTERACTIONS, Rule, Threshold
from inventory.choices import Severity
from inventory.unusual import Thresholds

USUAL = Thresholds()  # how many days are needed is no setting

_ATTACKS_SEEN = (
    "SELECT EXISTS (SELECT FROM inventory_dailyusage) OR EXISTS (SELECT FROM inventory_alert)",
    _("security alerts of Defender, or a Purview audit export"),
)

# Marked interactions by app and department of the person, and alerts of the window that nobody dismissed. The same
# person often enough within a week, with whichever apps, is grave: of one attempt nobody says whether it was blocked.
_JAILBREAKS = """
WITH repeated AS (
    SELECT DISTINCT app, department_id FROM (
        SELECT COALESCE(application_id, -sighting_id) AS app, department_id, count(*) OVER (PARTITION BY pseudonym) AS n
        FROM inventory_interaction
        WHERE jailbreak AND pseudonym IS NOT NULL AND at >= %(week_at)s AND at < %(until_at)s) attempt
    WHERE n >= %(by_one)s),
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
WITH marked AS (
    SELECT COALESCE(application_id, -sighting_id) AS app, department_id, sum(injection) AS n FROM inventory_dailyusage
    WHERE day BETWEEN %(from_day)s AND %(day)s AND injection > 0 GROUP BY 1, 2)
SELECT 'use:' || m.app || ':' || COALESCE(m.department_id::text, '') AS key, m.department_id,
    CASE WHEN m.app < 0 THEN 'sighting' ELSE 'application' END AS kind, abs(m.app) AS ref,
    COALESCE(a.name, s.name) AS name, m.n AS amount, 3 AS gravity, 'marked interactions' AS note
FROM marked m LEFT JOIN inventory_aiapplication a ON a.id = m.app LEFT JOIN inventory_sighting s ON s.id = -m.app
UNION ALL
SELECT 'alert:' || al.id, a.department_id, 'alert', al.id, al.title, 1, 3,
    CASE WHEN al.resource <> '' THEN al.resource ELSE COALESCE(a.name, '') END
FROM inventory_alert al LEFT JOIN inventory_aiapplication a ON a.id = al.application_id
WHERE (al.type ILIKE '%%ASCIISmuggling%%' OR al.type ILIKE '%%MaliciousUrl.ToolOutput%%')
    AND al.at > %(alerts_from)s AND al.state <> 'dismissed'"""


def _in_words() -> str:
    return ", ".join(f"{Severity(one).label.lower()} {int(hours)}" for one, hours in settings.ALERT_HOURS.items())


_deadlines = lazy(_in_words, str)

# The deadlines of the queue of alerts, so that the product knows one word *late* (settings.ALERT_HOURS)
_HOURS = " ".join(f"WHEN '{severity}' THEN {int(hours)}" for severity, hours in settings.ALERT_HOURS.items())
_LATE = f"""
SELECT al.id::text AS key, a.department_id, 'alert' AS kind, al.id AS ref, al.title AS name, 1 AS amount,
    CASE al.severity WHEN 'high' THEN 3 WHEN 'medium' THEN 2 ELSE 1 END AS gravity, COALESCE(a.name, '') AS note
FROM inventory_alert al LEFT JOIN inventory_aiapplication a ON a.id = al.application_id
WHERE al.state IN ('new', 'active', 'in_progress')
    AND al.at + (CASE al.severity {_HOURS} END) * interval '1 hour' < %(now)s"""  # noqa: S608 - constants of our own

# What the search for unusual days found in departments (docs/decisions/0026) and nobody dismissed, and alerts about the
# same. A department's finding and that of the one above it are two.
_UNUSUAL = """
SELECT 'day:' || u.id AS key, u.department_id, 'unusual_day' AS kind, u.id AS ref,
    d.name || ', ' || to_char(u.day, 'FMDD Mon YYYY') AS name, 1 AS amount, 2 AS gravity,
    CASE u.metric WHEN 'interactions' THEN u.hits || ' interactions'
        WHEN 'sensitive' THEN u.hits || ' of ' || u.total || ' interactions sensitive'
        ELSE u.hits || ' of ' || u.total || ' interactions off hours' END AS note
FROM inventory_unusualday u JOIN inventory_department d ON d.id = u.department_id
WHERE u.day BETWEEN %(from_day)s AND %(day)s AND u.dismissed_at IS NULL
UNION ALL
SELECT 'alert:' || al.id, a.department_id, 'alert', al.id, al.title, 1, 2, COALESCE(a.name, '')
FROM inventory_alert al LEFT JOIN inventory_aiapplication a ON a.id = al.application_id
WHERE (al.type ILIKE '%%\\_DOW%%' OR al.type ILIKE '%%AccessAnomaly%%')
    AND al.at > %(alerts_from)s AND al.state <> 'dismissed'"""

# Whether feeds told of enough days before the newest for it to be judged at all (inventory.unusual), or of such alerts
_ENOUGH_TOLD = f"""
WITH newest AS (
    SELECT day FROM inventory_dailyusage WHERE interactions > 0 AND day <= %(day)s ORDER BY day DESC LIMIT 1)
SELECT (
    SELECT count(*) FROM newest,
        generate_series(newest.day - {USUAL.window}, newest.day - 1, interval '1 day') one
    WHERE EXISTS (SELECT FROM inventory_dailyusage d WHERE d.day = one::date AND d.interactions > 0)
) >= {USUAL.history} OR EXISTS (
    SELECT FROM inventory_alert WHERE type ILIKE '%%\\_DOW%%' OR type ILIKE '%%AccessAnomaly%%')"""  # noqa: S608

RULES = (
    Rule(
        number=5,
        key="jailbreaks",
        title=_("Jailbreak attempts"),
        goals=("PS2", "RS2"),
        trigger=_(
            "An interaction marked as a jailbreak attempt, or an alert about one that nobody "
            "dismissed, in 30 days. High where it was not blocked, or from {by_one:attempt|attempts} by one "
            "person within 7 days."
        ),
        action=_("Work through the alerts, and prove the controls against prompt attacks."),
        unit=_("attempts and alerts"),
        counted=ngettext_lazy("attempt or alert", "attempts and alerts", "n"),
        route="risk:alerts",
        query={"technique": "AML.T0054"},
        sql=_JAILBREAKS,
        needs=_ATTACKS_SEEN,
        anchor="day",
        of_people=True,
        feeds=INTERACTIONS,
        thresholds=(Threshold("by_one", _("High: attempts by one person within 7 days"), 3, 2, 1000),),
    ),
    Rule(
        number=6,
        key="indirect_injection",
        title=_("Indirect prompt injection"),
        goals=("PS2", "RS2"),
        trigger=_(
            "An interaction that read a poisoned resource, or an alert about hidden instructions or "
            "a malicious address in the output of a tool that nobody dismissed, in 30 days."
        ),
        action=_("Find the poisoned source, take it out of what the application reads, and filter what tools return."),
        unit=_("interactions and alerts"),
        counted=ngettext_lazy("interaction or alert", "interactions and alerts", "n"),
        route="risk:alerts",
        query={"technique": "AML.T0051,AML.T0068"},
        sql=_INJECTIONS,
        needs=_ATTACKS_SEEN,
        anchor="day",
        of_people=True,
        feeds=INTERACTIONS,
    ),
    Rule(
        number=7,
        key="late_alerts",
        title=_("Threat alert past its deadline"),
        goals=("RS2", "PS2"),
        trigger=format_lazy(
            _("An alert is still open after the deadline of its severity, in hours: {hours}."), hours=_deadlines()
        ),
        action=_("Resolve it with the lesson learnt, or dismiss it with the reason."),
        unit=_("alerts"),
        counted=ngettext_lazy("alert", "alerts", "n"),
        route="risk:alerts",
        query={"state": "new,active,in_progress", "late": "yes", "sort": "due"},
        sql=_LATE,
        needs=("SELECT EXISTS (SELECT FROM inventory_alert)", _("security alerts of Defender")),
        anchor="now",
    ),
    Rule(
        number=14,
        key="unusual_activity",
        title=_("Unusual AI activity in a department"),
        goals=("RS3",),
        trigger=_(
            "A day of the last 30 on which the interactions, the sensitive share or the off-hours "
            "share of a department stood far above its usual and that nobody dismissed, "
            "or an alert about unusual volume or access."
        ),
        action=_("Ask the department what happened that day, and look at who used what."),
        unit=_("unusual days and alerts"),
        counted=ngettext_lazy("unusual day or alert", "unusual days and alerts", "n"),
        route="inventory:unusual",
        sql=_UNUSUAL,
        needs=(
            _ENOUGH_TOLD,
            format_lazy(_("at least {days} days of use before the newest, or such an alert"), days=USUAL.history),
        ),
        anchor="day",
        feeds=INTERACTIONS,
    ),
)
