"""Everything a judgement needs, read for many applications at once: six queries however many they are."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import orjson
from django.db import connection

from inventory.models import AIApplication, Department
from inventory.selectors.dictionary import Names, names
from risk.method import load_method
from risk.models import CurrentScore
from risk.scoring.application import ApplicationScore, PrincipleScore, Ratchet
from risk.scoring.case import APPROVED_FOR, Case, Measures, Occurrence, Usage, stated
from risk.scoring.fitness import NotComputableError, fitting, judge_fit, misfits
from risk.scoring.judgement import Judgement, Previous, judge
from risk.scoring.method import Method
from risk.selectors import signals
from risk.selectors.keys import array

# One row an application, so that a hundred thousand times forty statements don't become Python rows; and one for each
# of their departments and those above. UNION, not UNION ALL: a cycle that slipped past the services ends here.
_STATED = """
WITH RECURSIVE path AS (
    SELECT id, parent_id FROM inventory_department WHERE id = ANY(%(departments)s::bigint[])
    UNION SELECT above.id, above.parent_id FROM inventory_department above JOIN path ON above.id = path.parent_id
)
SELECT 'answers', application_id, jsonb_object_agg(question, value)::text FROM risk_answer
WHERE application_id = ANY(%(ids)s) GROUP BY application_id
UNION ALL
SELECT 'controls', application_id, jsonb_object_agg(
    control, CASE WHEN evidenced_until IS NOT NULL
                      THEN jsonb_build_array(status, as_of, due, valid_until, NOT not_applicable, not_applicable_until,
                                             evidenced_until)
                  WHEN not_applicable_until IS NOT NULL
                      THEN jsonb_build_array(status, as_of, due, valid_until, NOT not_applicable, not_applicable_until)
                  WHEN valid_until IS NOT NULL OR not_applicable
                      THEN jsonb_build_array(status, as_of, due, valid_until, NOT not_applicable)
                  WHEN due IS NULL THEN jsonb_build_array(status, as_of)
                  ELSE jsonb_build_array(status, as_of, due) END)::text
FROM risk_controlstate WHERE application_id = ANY(%(ids)s) GROUP BY application_id
UNION ALL
SELECT 'departments', id, json_build_array(parent_id, (
    SELECT jsonb_object_agg(question, value) FROM risk_organisationanswer WHERE department_id = path.id))::text
FROM path"""
_MEASURED = f"""
UNION ALL
SELECT 'measures', application_id, json_agg(json_build_array(metric, worst, number))::text
FROM ({signals.MEASURES}) delivered(application_id, metric, worst, number) GROUP BY application_id"""  # noqa: S608 - a constant


@dataclass(frozen=True, slots=True)
class Tree:
    """The departments by id: what is above each, and what was answered for it about the organisation."""

    parents: Mapping[int, int | None]
    answers: Mapping[int, Mapping[str, bool | None]]

    def facts(self, department: int) -> dict[str, bool | None]:
        """Organisation facts for a department: the nearest one up the tree that answered wins (contracts §2)."""
        found: dict[str, bool | None] = {}
        at: int | None = department
        while at is not None:
            for question, value in self.answers.get(at, {}).items():
                found.setdefault(question, value)
            at = self.parents.get(at)
        return found

    def path(self, department: int) -> list[int]:
        """The department and those above it, up to the organisation."""
        found = []
        at: int | None = department
        while at is not None:
            found.append(at)
            at = self.parents.get(at)
        return found


def tree() -> Tree:
    """The department tree with its organisation answers, in one query."""
    parents: dict[int, int | None] = {}
    answers: dict[int, dict[str, bool | None]] = {}
    given = ("organisation_answers__question", "organisation_answers__value")
    for department, parent, question, value in Department.objects.order_by().values_list("id", "parent_id", *given):
        parents[department] = parent
        if question is not None:
            answers.setdefault(department, {})[question] = value
    return Tree(parents, answers)


def load(
    applications: Sequence[int],
    day: date,
    departments: Mapping[int, int] | None = None,
    *,
    signals_too: bool = True,
    dictionary: Callable[[], Names] = names,
) -> dict[int, Case]:
    """The case of each application as it stands now, signals up to `day`; ids that are gone are left out.

    `departments`: department by application, where the caller has read it already. Without `signals_too` the case
    holds what people stated alone: class, facts, controls asked and coverage hang on nothing else. `dictionary`: where
    labels and types are read from, if any is named.
    """
    if departments is None:
        departments = dict(
            AIApplication.objects.filter(pk__in=applications).order_by().values_list("id", "department_id")
        )
    ids = list(departments)
    answers, controls, branches, measured = _stated(ids, set(departments.values()), day if signals_too else None)
    events, counts = _seen(ids, day, answers, dictionary) if signals_too else ({}, {})
    facts = {department: branches.facts(department) for department in set(departments.values())}
    return {
        application: Case(
            answers=answers.get(application, {}),
            organisation=facts[department],
            controls={key: stated(values) for key, values in controls.get(application, {}).items()},
            occurrences=events.get(application, ()),
            usage=counts.get(application, Usage()),
            measures=measured.get(application, Measures()),
        )
        for application, department in departments.items()
    }


def _seen(
    ids: Sequence[int], day: date, answers: Mapping[int, Mapping[str, Any]], dictionary: Callable[[], Names]
) -> tuple[dict[int, tuple[Occurrence, ...]], dict[int, Usage]]:
    """Alerts and incidents, and use, of each application."""
    approved = {application: given[APPROVED_FOR] for application, given in answers.items() if APPROVED_FOR in given}
    alerts = signals.alerts(ids, day)
    return signals.occurrences(ids, day, alerts), signals.usage(ids, day, alerts, approved, dictionary)


def previous(row: CurrentScore | None, method: Method) -> Previous | None:
    """The judgement before, as the ratchet needs it (docs/method.md §3)."""
    if row is None:
        return None
    principles = {p: _principle(row, p) for p in method.principles}
    score = ApplicationScore(principles, row.overall_low, row.overall_high, row.overall_point, row.band)
    held = Ratchet(row.held[0], row.held[1], tuple(row.held[2])) if row.held else None
    return Previous(score, row.tier, held)


def _principle(row: CurrentScore, principle: str) -> PrincipleScore:
    low, high, point, inherent = (getattr(row, f"{principle}_{part}") for part in ("low", "high", "point", "inherent"))
    return PrincipleScore(low, high, point, inherent, inherent, inherent)  # the ends of inherent are not kept


def judge_now(application: AIApplication, day: date, dictionary: Callable[[], Names] = names) -> Judgement:
    """The judgement of one application as it stands this moment.

    The same road as the worker's, so a page shows an answer's effect before the worker has written it. Raises
    NotComputableError where something stored doesn't fit the method; a page of its own then says what. `dictionary`:
    where labels and types are read from, for who needs it besides.
    """
    try:
        return judge_fit(case_now(application, day, dictionary), day, load_method(), _previous_of(application))
    except NotComputableError as error:
        error.application = application.pk
        raise


def judge_fitting(application: AIApplication, day: date) -> tuple[Judgement, Mapping[str, str]]:
    """The judgement of what fits the method, and what does not: the ground on which it is answered again."""
    method, case = load_method(), case_now(application, day)
    return judge(fitting(case, method), day, method, _previous_of(application)), misfits(case, method)


def case_now(application: AIApplication, day: date, dictionary: Callable[[], Names] = names) -> Case:
    """Everything that is stated and seen of one application at this moment."""
    there = {application.pk: application.department_id}
    return load([application.pk], day, there, dictionary=dictionary)[application.pk]


def _previous_of(application: AIApplication) -> Previous | None:
    return previous(getattr(application, "score", None), load_method())


def _stated(
    applications: list[int], departments: Collection[int], day: date | None
) -> tuple[dict[int, dict[str, Any]], dict[int, dict[str, Any]], Tree, dict[int, Measures]]:
    """The answers and the control states of each application, the departments with those above them, and the metrics of
    the window that ends with a day (None: none)."""
    found: dict[str, dict[int, Any]] = {"answers": {}, "controls": {}, "departments": {}, "measures": {}}
    given: dict[str, Any] = {"ids": applications, "departments": array(departments)}
    with connection.cursor() as cursor:
        if day is None:
            cursor.execute(_STATED, given)
        else:
            cursor.execute(_STATED + _MEASURED, given | signals.measured(day))
        for what, key, text in cursor:
            found[what][key] = orjson.loads(text)
    branches = found["departments"].items()
    above = Tree({pk: parent for pk, (parent, _) in branches}, {pk: told for pk, (_, told) in branches if told})
    delivered = ((application, *row) for application, rows in found["measures"].items() for row in rows)
    return found["answers"], found["controls"], above, signals.measures_of(delivered)


def walked(parents: Mapping[int, int | None]) -> tuple[list[int], dict[int, int]]:
    """The departments with each sub-tree together, its head first, and how many each sub-tree has."""
    children: dict[int | None, list[int]] = {}
    for pk, parent in parents.items():
        children.setdefault(parent, []).append(pk)
    order: list[int] = []
    waiting = list(children.get(None, ()))
    while waiting:
        pk = waiting.pop()
        order.append(pk)
        waiting += children.get(pk, ())
    size = dict.fromkeys(parents, 1)
    for pk in reversed(order):
        parent = parents[pk]
        if parent is not None:
            size[parent] += size[pk]
    return order, size
