"""Next best actions over many applications: the step that lowers each one's risk most, and the exact figure then."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from governance.selectors.among import ALL, Among
from inventory.models import AIApplication
from inventory.selectors.scope import Scope
from risk.method import load_method
from risk.models import CurrentScore
from risk.scoring.fitness import NotComputableError, judge_fit
from risk.selectors import cases
from risk.selectors.kept import kept
from risk.selectors.next_steps import ControlStep, QuestionStep, next_steps

APPLICATIONS = 10  # those of the highest risk: what is tried for each costs the same however many there are


@dataclass(frozen=True, slots=True)
class NextAction:
    """One step for one application: its overall risk now, and exactly what it would be then, alone."""

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


def _best_of(ids: Sequence[int], day: date) -> list[NextAction]:
    rows = CurrentScore.objects.in_bulk(ids)
    applications = AIApplication.objects.filter(pk__in=rows).select_related("department").in_bulk()
    departments = {pk: one.department_id for pk, one in applications.items()}
    given, method = cases.load(list(rows), day, departments), load_method()
    actions = []
    for pk, case in given.items():
        try:
            judgement = judge_fit(case, day, method, cases.previous(rows[pk], method))
        except NotComputableError:  # it has a page of its own that says what doesn't fit
            continue
        step = next(iter(next_steps(judgement)), None)
        if step is not None and step.best < step.now:
            actions.append(NextAction(applications[pk], step, step.now, step.best))
    return sorted(actions, key=lambda one: (-one.gain, one.application.name))
