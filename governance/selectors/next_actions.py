"""Next best actions over many applications: the step that lowers each one's risk most, and the exact figure then.

Of a past day they are those of the judgements that were in force: each is made again from its stored inputs, with the
method of then.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db import connection

from governance.selectors.among import ALL, Among, live_then
from inventory.access import Permission
from inventory.models import AIApplication
from inventory.selectors.scope import Scope
from risk.method import MethodError, load_method
from risk.models import CurrentScore, ScoreSnapshot
from risk.scoring.fitness import NotComputableError, judge_fit
from risk.scoring.judgement import Judgement
from risk.scoring.method import Method
from risk.selectors import applications_then, cases
from risk.selectors.kept import kept
from risk.selectors.next_steps import ControlStep, QuestionStep, next_steps
from risk.selectors.replay import judged_again

_WORST_THEN = """AND score.id IS NOT NULL AND score.eu_class IS DISTINCT FROM 'prohibited'
ORDER BY score.overall_point DESC, app.id DESC LIMIT %(most)s"""
APPLICATIONS = 10  # those of the highest risk: what is tried for each costs the same however many there are


@dataclass(frozen=True, slots=True)
class NextAction:
    """One step for one application: its overall risk now (or on the past day), and exactly what it would be with it,
    alone."""

    application: AIApplication
    step: ControlStep | QuestionStep
    now: float
    then: float

    @property
    def gain(self) -> float:
        return self.now - self.then


def next_actions(scope: Scope, day: date, left: Among = ALL, most: int = APPLICATIONS) -> list[NextAction]:
    """Of the live applications with the highest risk among those `left`, the best step of each, the best gain first.

    The same road as the page of an application, so that the promise is the same there.
    """
    found = CurrentScore.objects.filter(counted_in__isnull=False).exclude(eu_class="prohibited")
    if not scope.everything:
        found = found.filter(counted_in__in=scope.departments().order_by().values("pk"))
    if left:
        found = found.filter(application__in=left.ids)
    worst = found.order_by("-overall_point", "-application_id").values_list("pk", flat=True)[:most]
    if not scope.everything:  # one that has moved out of sight counts here until it is judged anew
        here = scope.departments().order_by().values("pk")
        still = CurrentScore.objects.filter(pk__in=worst, application__department__in=here)
        worst = still.order_by("-overall_point", "-application_id").values_list("pk", flat=True)
    ids = list(worst)
    return kept(("next actions", ids, day), lambda: _best_of(ids, day))


def next_actions_then(scope: Scope, day: date, left: Among = ALL, most: int = APPLICATIONS) -> list[NextAction]:
    """The same at the end of a past day. Names and departments are today's."""
    columns = "app.id, score.id"
    sql, given = applications_then.query(columns, scope.user, live_then(scope, left), day, Permission.VIEW, _WORST_THEN)
    given |= {"most": most}
    return kept(("next actions then", sql, given), lambda: _best_then(sql, given))


def _best_then(sql: str, given: dict[str, Any]) -> list[NextAction]:
    with connection.cursor() as cursor:
        cursor.execute(sql, given)
        judged = dict(cursor.fetchall())
    applications = AIApplication.objects.filter(pk__in=judged).select_related("department").in_bulk()
    actions: list[NextAction] = []
    for one in ScoreSnapshot.objects.with_inputs().filter(pk__in=judged.values()):
        try:
            judgement, method = judged_again(one)
        except (MethodError, ValueError):  # its method is gone, or its inputs are: its history says so
            continue
        actions += _best(applications[one.application_id], judgement, method)
    return _ordered(actions)


def _best_of(ids: Sequence[int], day: date) -> list[NextAction]:
    rows = CurrentScore.objects.in_bulk(ids)
    applications = AIApplication.objects.filter(pk__in=rows).select_related("department").in_bulk()
    departments = {pk: one.department_id for pk, one in applications.items()}
    given, method = cases.load(list(rows), day, departments), load_method()
    actions: list[NextAction] = []
    for pk, case in given.items():
        try:
            judgement = judge_fit(case, day, method, cases.previous(rows[pk], method))
        except NotComputableError:  # it has a page of its own that says what doesn't fit
            continue
        actions += _best(applications[pk], judgement, method)
    return _ordered(actions)


def _best(application: AIApplication, judgement: Judgement, method: Method) -> list[NextAction]:
    """The best step, where any lowers the risk."""
    step = next(iter(next_steps(judgement, method=method)), None)
    return [NextAction(application, step, step.now, step.best)] if step is not None and step.best < step.now else []


def _ordered(actions: Sequence[NextAction]) -> list[NextAction]:
    return sorted(actions, key=lambda one: (-one.gain, one.application.name))
