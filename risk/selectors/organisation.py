"""Facts about the organisation as they hold for a department."""

from dataclasses import dataclass

from inventory.models import Department
from risk.method import load_method
from risk.models import OrganisationAnswer
from risk.scoring.facts import settle
from risk.scoring.questions import fact_questions
from risk.selectors import cases


@dataclass(frozen=True, slots=True)
class OrganisationFact:
    """One fact. `own`: the department answers it itself, with `value`; else `value` comes from `source` above it.

    `derived`: nobody answered, it follows from another fact.
    """

    key: str
    text: str
    value: bool | None
    own: bool
    answered: bool
    source: str
    derived: bool
    overrides: int  # departments below that answer differently


def organisation_facts(department: Department) -> list[OrganisationFact]:
    """Every fact of the organisation as it holds for this department, in the order of the vocabulary; four queries."""
    method, branches = load_method(), cases.tree()
    path = branches.path(department.pk)
    names = dict(Department.objects.filter(pk__in=path).order_by().values_list("pk", "name"))
    below = OrganisationAnswer.objects.filter(
        department__in=Department.objects.subtree_of(department).exclude(pk=department.pk)
    ).values_list("question", "value")
    effective = branches.facts(department.pk)
    settled = settle(effective, method)
    overrides = list(below)
    found = []
    for key, text in fact_questions(method, ("organisation",)).items():
        source = next((pk for pk in path if key in branches.answers.get(pk, {})), None)
        derived = effective.get(key) is None and settled.get(key) is not None
        found.append(
            OrganisationFact(
                key=key,
                text=text,
                value=settled.get(key),
                own=source == department.pk,
                answered=source is not None,
                source=names.get(source or 0, ""),
                derived=derived,
                overrides=sum(question == key and value is not effective.get(key) for question, value in overrides),
            )
        )
    return found
