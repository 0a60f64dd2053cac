"""Evaluates the rules: one statement a rule replaces its subjects, then the cards of all departments follow.

Everything in sets: no application, person or alert becomes a Python object; what does are the cards, of which there are
at most fifteen a department. One evaluation at a time, in one transaction, so that a page never sees half of one.
"""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from governance.models import (
    Recommendation,
    RecommendationAction,
    RecommendationState,
    RecommendationStep,
    RuleReading,
    RuleThreshold,
)
from governance.selectors.rules import RULES
from governance.selectors.rules.base import Anchors, Rule, anchors
from governance.selectors.rules.feeds import BLIND
from governance.services.recommendations import dated
from governance.services.recommendations.course import Found, Standing, turn
from inventory import audit_log
from inventory.choices import in_english

PAUSE = timedelta(seconds=60)  # after an evaluation, in which a ring starts none: beat comes by
_LOCK = 7_215_027  # of the evaluation, among PostgreSQL's advisory locks
_COLUMNS = "key, department_id, kind, ref, name, amount, gravity, note"
_REPLACE = f"""
WITH found ({_COLUMNS}) AS MATERIALIZED ({{sql}}),
gone AS (
    DELETE FROM governance_subject s WHERE s.rule = %(rule)s AND NOT EXISTS (SELECT FROM found f WHERE f.key = s.key))
INSERT INTO governance_subject AS s (rule, {_COLUMNS})
SELECT %(rule)s, left(key, 1000), department_id, kind, ref, left(name, 500), amount, gravity, note FROM found
ON CONFLICT (rule, key) DO UPDATE SET department_id = excluded.department_id, kind = excluded.kind, ref = excluded.ref,
    name = excluded.name, amount = excluded.amount, gravity = excluded.gravity, note = excluded.note
WHERE (s.department_id, s.kind, s.ref, s.name, s.amount, s.gravity, s.note) IS DISTINCT FROM
    (excluded.department_id, excluded.kind, excluded.ref, excluded.name, excluded.amount, excluded.gravity,
     excluded.note)"""  # noqa: S608 - constants of our own
# What belongs to no department counts at the root alone. UNION, so that a cycle in the tree would end.
_ADDED_UP = """
WITH RECURSIVE below (top, id) AS (
    SELECT id, id FROM inventory_department
    UNION SELECT below.top, child.id FROM below JOIN inventory_department child ON child.parent_id = below.id),
own AS (
    SELECT rule, COALESCE(department_id, (SELECT id FROM inventory_department WHERE parent_id IS NULL)) AS id,
        count(*) AS rows, sum(amount) AS amount, max(gravity) AS gravity,
        bool_or(department_id IS NOT NULL) AS placed
    FROM governance_subject GROUP BY 1, 2)
SELECT rule, top, sum(rows)::int, sum(amount)::bigint, max(gravity), (count(*) FILTER (WHERE placed))::int
FROM own JOIN below USING (id) GROUP BY rule, top ORDER BY rule, top"""
_NUMBERS = ["rows", "amount", "gravity", "departments", "missed", "state", "since", "owner", "reason", "until"]


@dataclass
class Outcome:
    """What an evaluation did: cards by action, and rules that lack their facts."""

    actions: Counter[str] = field(default_factory=Counter)
    lacking: dict[str, str] = field(default_factory=dict)


def evaluate_unless_just_done() -> Outcome | None:
    """What a ring asks for: None where an evaluation has just been, or is under way."""
    newest = RuleReading.objects.order_by("-evaluated_at").values_list("evaluated_at", flat=True).first()
    if newest is not None and timezone.now() - newest < PAUSE:
        return None
    return evaluate()


@transaction.atomic
def evaluate(now: datetime | None = None) -> Outcome | None:
    """Evaluate every rule; None where somebody else is at it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [_LOCK])
        if not cursor.fetchone()[0]:
            return None
    now = now or timezone.now()
    outcome, moments = Outcome(), anchors(now)
    given = moments.parameters()  # once: which names are ruled out is a sum over 30 days of use
    changed = {(one.rule, one.name): one.value for one in RuleThreshold.objects.all()}
    for rule in RULES.values():
        needs = _read(rule, rule.values(changed), given)
        if needs:
            outcome.lacking[rule.key] = needs
    _note_readings(outcome, moments)
    _go_on(outcome, now)
    dated.keep(timezone.localdate(now))
    if outcome.actions:
        audit_log.record(
            actor=None,
            action="recommendations.evaluated",
            summary="Recommendations: "
            + ", ".join(
                f"{count:,} {in_english(RecommendationAction(action).label).lower()}"
                for action, count in outcome.actions.items()
            ),
            details={"actions": dict(outcome.actions)},
        )
    return outcome


def _read(rule: Rule, values: dict[str, float], given: dict[str, Any]) -> str:
    """Replace what the rule found; what it needs instead, where its facts are not there."""
    with connection.cursor() as cursor:
        cursor.execute(rule.needs[0], given)
        if not cursor.fetchone()[0]:
            return in_english(rule.needs[1])
        cursor.execute(_REPLACE.format(sql=rule.sql), {**given, **values, "rule": rule.key})
    return ""


def _note_readings(outcome: Outcome, moments: Anchors) -> None:
    RuleReading.objects.bulk_create(
        [
            RuleReading(
                rule=rule.key,
                evaluated_at=moments.now,
                as_of=moments.of(rule),
                needs=outcome.lacking.get(rule.key, ""),
            )
            for rule in RULES.values()
        ],
        update_conflicts=True,
        unique_fields=["rule"],
        update_fields=["evaluated_at", "as_of", "needs"],
    )


def _go_on(outcome: Outcome, now: datetime) -> None:
    """Every card as its findings say. Those of rules without their facts keep their findings and complete by nothing,
    but the time of a dismissal ends for them too."""
    found, blind = _added_up(), _blind() | outcome.lacking.keys()
    steps, changed = [], []
    # The row locks keep a person's dismissal and this apart
    for card in Recommendation.objects.select_for_update().filter(rule__in=RULES):
        seen = found.pop((card.rule, card.department_id), Found())
        before = _values(card)
        if step := _moved(card, seen, now, blind=card.rule in blind):
            steps.append(step)
        if _values(card) != before:
            changed.append(card)
    Recommendation.objects.bulk_update(changed, _NUMBERS, batch_size=1000)
    fresh = [
        _new(rule, department, seen, now) for (rule, department), seen in found.items() if rule not in outcome.lacking
    ]
    Recommendation.objects.bulk_create(fresh, batch_size=1000)
    steps += [_step(card, RecommendationAction.FOUND, "") for card in fresh]
    RecommendationStep.objects.bulk_create(steps, batch_size=1000)
    outcome.actions.update(step.action for step in steps)


def _added_up() -> dict[tuple[str, int], Found]:
    with connection.cursor() as cursor:
        cursor.execute(_ADDED_UP)
        return {(rule, department): Found(*numbers) for rule, department, *numbers in cursor}


def _blind() -> set[str]:
    """The rules of which a feed is old or has never come, as the last of them says (its subjects are new by now)."""
    with connection.cursor() as cursor:
        cursor.execute(BLIND)
        kinds = {kind for (kind,) in cursor}
    return {rule.key for rule in RULES.values() if kinds.intersection(rule.feeds)}


def _values(card: Recommendation) -> tuple:
    return tuple(getattr(card, name) for name in ("rows", "amount", "gravity", "departments", "missed", "state"))


def _moved(card: Recommendation, found: Found, now: datetime, *, blind: bool) -> RecommendationStep | None:
    """Put into the card what was found; the step, where its state changes."""
    kept = Found(card.kept_rows or 0, card.kept_amount or 0, card.kept_gravity or 0)
    then = turn(Standing(card.state, card.missed, card.until, kept), found, timezone.localdate(now), blind=blind)
    card.rows, card.amount, card.departments, card.missed = found.rows, found.amount, found.departments, then.missed
    card.gravity = found.gravity or card.gravity  # of one with nothing left: as it last was
    if not then.action:
        return None
    card.state, card.since, card.reason, card.until = then.state, now, "", None
    return _step(card, then.action, then.why)


def _new(rule: str, department: int, found: Found, now: datetime) -> Recommendation:
    return Recommendation(
        rule=rule,
        department_id=department,
        state=RecommendationState.OPEN,
        since=now,
        found_at=now,
        gravity=found.gravity,
        rows=found.rows,
        amount=found.amount,
        departments=found.departments,
    )


def _step(card: Recommendation, action: str, why: str) -> RecommendationStep:
    return RecommendationStep(recommendation=card, action=action, text=why, rows=card.rows, amount=card.amount)
