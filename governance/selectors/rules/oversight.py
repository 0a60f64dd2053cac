"""Rules about what the register lacks: assessments, signatures, and duties of the EU AI Act."""

from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from governance.selectors.rules.base import INTERACTIONS, Rule, Threshold
from governance.selectors.rules.usage import USE_SEEN

# That a later change of the register makes the approved impact assessment due sooner is said on the record's own page.
_UNASSESSED = """
WITH used AS (
    SELECT application_id, department_id, sum(interactions) AS n FROM inventory_dailyusage
    WHERE day BETWEEN %(from_day)s AND %(day)s AND application_id IS NOT NULL GROUP BY 1, 2),
people AS (
    SELECT application_id, department_id, count(DISTINCT pseudonym) AS n FROM inventory_dailyuser
    WHERE day BETWEEN %(from_day)s AND %(day)s AND application_id IS NOT NULL GROUP BY 1, 2),
app AS (
    SELECT application_id, sum(used.n) AS n, max(used.n) FILTER (WHERE used.department_id IS NOT NULL) AS most,
        max(people.n) AS people
    FROM used LEFT JOIN people USING (application_id, department_id) GROUP BY 1)
SELECT a.id::text AS key, a.department_id, 'application' AS kind, a.id AS ref, a.name, app.n AS amount,
    CASE WHEN c.eu_class IN ('prohibited', 'high_risk') OR EXISTS (
        SELECT FROM risk_record r WHERE r.application_id = a.id AND r.form = 'impact' AND r.triggers <> '{}')
        THEN 3 ELSE 2 END AS gravity,
    'use of all departments; up to ' || COALESCE(app.people, 0) || ' people of one' AS note
FROM app JOIN inventory_aiapplication a ON a.id = app.application_id
    LEFT JOIN risk_currentscore c ON c.application_id = a.id
WHERE (app.most >= %(interactions)s OR app.people >= %(people)s) AND NOT EXISTS (
    SELECT FROM risk_record r WHERE r.application_id = a.id AND r.form = 'impact' AND r.state = 'approved'
        AND r.closed_at + make_interval(months => %(review_months)s) > %(now)s)"""

# Uses named in versions after the approved one that it does not cover (as risk.records.due.unsigned), duties of a
# high-risk system that are not met, and prohibited practices that are not retired
_GAPS = """
WITH approved AS (
    SELECT DISTINCT ON (application_id) application_id, version, triggers FROM risk_record
    WHERE form = 'impact' AND state = 'approved' ORDER BY application_id, version DESC),
unsigned AS (
    SELECT r.application_id, count(DISTINCT t) AS n FROM risk_record r
        LEFT JOIN approved USING (application_id) CROSS JOIN LATERAL unnest(r.triggers) t
    WHERE r.form = 'impact' AND r.version > COALESCE(approved.version, 0)
        AND t <> ALL(COALESCE(approved.triggers, '{}')) GROUP BY 1),
open AS (
    SELECT application_id, 'signatures' AS what, n, 'uses that two people still have to sign' AS note FROM unsigned
    UNION ALL
    SELECT c.application_id, 'duties', v.partial + v.gap + v.unknown,
        'duties of a high-risk system not met: ' || v.gap || ' gaps, ' || v.partial || ' partly met, ' || v.unknown
        || ' unknown'
    FROM risk_currentscore c JOIN risk_applicationcoverage v
        ON v.application_id = c.application_id AND v.framework = 'eu_ai_act'
    WHERE c.eu_class = 'high_risk' AND v.partial + v.gap + v.unknown >= %(duties)s
    UNION ALL
    SELECT application_id, 'prohibited', 1, 'a prohibited practice (Art. 5)' FROM risk_currentscore
    WHERE eu_class = 'prohibited')
SELECT open.what || ':' || a.id AS key, a.department_id, 'application' AS kind, a.id AS ref, a.name,
    open.n AS amount, 3 AS gravity, open.note
FROM open JOIN inventory_aiapplication a ON a.id = open.application_id WHERE a.lifecycle <> 'retired'"""

RULES = (
    Rule(
        number=12,
        key="unassessed_use",
        title=_("AI in use without assessment"),
        goals=("A1",),
        trigger=_(
            "A registered application had at least {interactions:interaction|interactions} or {people:person|people} "
            "in one department in 30 days, and no impact assessment of it is approved and in force. "
            "High where it is high-risk or its assessment names a sensitive use."
        ),
        action=_("Write the impact assessment and have it approved."),
        unit=_("interactions"),
        counted=ngettext_lazy("interaction", "interactions", "n"),
        route="risk:applications",
        sql=_UNASSESSED,
        needs=USE_SEEN,
        anchor="day",
        feeds=INTERACTIONS,
        thresholds=(
            Threshold("interactions", _("Interactions in one department"), 10),
            Threshold("people", _("People in one department"), 3),
        ),
    ),
    Rule(
        number=13,
        key="oversight_gap",
        title=_("Sensitive use without oversight, or a gap under the EU AI Act"),
        goals=("A2",),
        trigger=_(
            "A sensitive or restricted use lacks its two signatures, a high-risk system leaves at least "
            "{duties:duty|duties} unmet, or a prohibited practice is not retired."
        ),
        action=_("Have the assessment signed by two people, prove the controls behind the duties, or retire it."),
        unit=_("open points"),
        counted=ngettext_lazy("open point", "open points", "n"),
        route="governance:gaps",
        query={"framework": "eu_ai_act"},
        sql=_GAPS,
        needs=("SELECT EXISTS (SELECT FROM risk_currentscore)", _("registered applications with answers")),
        anchor="now",
        thresholds=(Threshold("duties", _("Duties that are not met"), 1, 1, 1000),),
    ),
)
