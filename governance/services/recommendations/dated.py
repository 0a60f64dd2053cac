"""Keeps what past days need: the figures of cards, and which findings there were, each once as long as it stays.

Set-based, inside the evaluation's transaction; evaluating again on the same day leaves the day as it ended.
"""

from datetime import date, timedelta

from django.db import connection

from governance.selectors.recommendations_kept import KEPT

_FIGURES = """
INSERT INTO governance_recommendationday AS kept (recommendation_id, day, gravity, rows, amount, departments)
SELECT card.id, %(day)s, card.gravity, card.rows, card.amount, card.departments FROM governance_recommendation card
    LEFT JOIN LATERAL (
        SELECT * FROM governance_recommendationday d WHERE d.recommendation_id = card.id AND d.day <= %(day)s
        ORDER BY d.day DESC LIMIT 1) newest ON TRUE
WHERE (card.gravity, card.rows, card.amount, card.departments) IS DISTINCT FROM
    (newest.gravity, newest.rows, newest.amount, newest.departments)
ON CONFLICT (recommendation_id, day) DO UPDATE SET gravity = excluded.gravity, rows = excluded.rows,
    amount = excluded.amount, departments = excluded.departments"""
_ENDED = """
UPDATE governance_subjectspell spell SET until = %(day)s WHERE until IS NULL AND NOT EXISTS (
    SELECT FROM governance_subject s WHERE s.rule = spell.rule AND s.key = spell.key
        AND (s.department_id, s.kind, s.ref, s.name, s.gravity) IS NOT DISTINCT FROM
            (spell.department_id, spell.kind, spell.ref, spell.name, spell.gravity))"""
# What went and came again within a day stood at its end, as at that of the day before
_RESUMED = """
UPDATE governance_subjectspell spell SET until = NULL FROM governance_subject s
WHERE spell.until = %(day)s AND s.rule = spell.rule AND s.key = spell.key
    AND (s.department_id, s.kind, s.ref, s.name, s.gravity) IS NOT DISTINCT FROM
        (spell.department_id, spell.kind, spell.ref, spell.name, spell.gravity)
    AND NOT EXISTS (
        SELECT FROM governance_subjectspell open
        WHERE open.until IS NULL AND open.rule = spell.rule AND open.key = spell.key)"""
_BEGUN = """
INSERT INTO governance_subjectspell (rule, key, department_id, kind, ref, name, gravity, day)
SELECT rule, key, department_id, kind, ref, name, gravity, %(day)s FROM governance_subject s
WHERE NOT EXISTS (
    SELECT FROM governance_subjectspell spell
    WHERE spell.until IS NULL AND spell.rule = s.rule AND spell.key = s.key)"""
# What came and went within a day did not stand at its end
_CLEARED = "DELETE FROM governance_subjectspell WHERE until <= day OR until < %(oldest)s"
# The newest row before the oldest day still says how that day stood
_CLEARED_FIGURES = """
DELETE FROM governance_recommendationday old WHERE old.day < %(oldest)s AND EXISTS (
    SELECT FROM governance_recommendationday newer
    WHERE newer.recommendation_id = old.recommendation_id AND newer.day > old.day AND newer.day <= %(oldest)s)"""


def keep(day: date) -> None:
    """The day as it stands now."""
    given = {"day": day, "oldest": day - timedelta(days=KEPT)}
    with connection.cursor() as cursor:
        for statement in (_FIGURES, _ENDED, _CLEARED, _RESUMED, _BEGUN, _CLEARED_FIGURES):
            cursor.execute(statement, given)
