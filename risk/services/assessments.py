"""Answers: about one application, and once for the organisation or a department that differs.

Wrong answers raise ValidationError with a message for each question. An answer that contradicts another is refused
with both sides named (contracts §2), so the stored answers are always one consistent set.
"""

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.db.models.functions import Now

from inventory import access, audit_log
from inventory.access import Permission
from inventory.models import AIApplication, Department, User
from risk.method import load_method
from risk.models import Answer, OrganisationAnswer
from risk.scoring.case import Case
from risk.scoring.classify import AnswerError, checked
from risk.scoring.facts import Contradiction, contradictions
from risk.scoring.fitness import fitting
from risk.scoring.judgement import classified, stated_facts
from risk.scoring.method import Method
from risk.scoring.questionnaire import step_of
from risk.selectors import cases
from risk.services import scores

ORGANISATION = "organisation"
UNANSWERED = object()  # what a page shows of a question without an answer


class OvertakenError(ValidationError):
    """Answers that somebody else gave differently after the page was opened; nothing is saved."""


@transaction.atomic
def save_answers(
    *,
    actor: User | None,
    application: AIApplication,
    answers: Mapping[str, Any],
    reason: str = "",
    seen: Mapping[str, Any] | None = None,
) -> list[str]:
    """Store answers by question; None is an explicit "I don't know". Returns the questions whose answer changed.

    Questions: factors (an option), classification questions (true/false, an option, or a list of options) and
    questionnaire facts (true/false). `seen`: what the person saw stored when they answered (or UNANSWERED); where
    somebody else has answered otherwise since, theirs is not replaced unseen. Raises PermissionDenied,
    OvertakenError, or ValidationError by question. The score follows through the queue.
    """
    # no_key: a worker that writes this application's score must not wait for us while we wait for its queue row
    application = AIApplication.objects.select_for_update(of=("self",), no_key=True).get(pk=application.pk)
    access.require(actor, Permission.EDIT, application.department)
    method = load_method()
    clean = _clean(answers, method)
    stored = dict(application.answers.values_list("question", "value"))
    changes = {q: value for q, value in clean.items() if not same(stored.get(q, UNANSWERED), value)}
    if not changes:
        return []
    facts = cases.tree().facts(application.department_id)
    before = fitting(Case(stored, facts), method)  # what no longer fits is answered anew, and contradicts nothing
    _refuse_overtaken(actor, application, changes, before.answers, seen or {})
    after = replace(before, answers={**before.answers, **changes})
    _refuse(_clashes(after, method), _clashes(before, method), changes, method)
    Answer.objects.bulk_create(
        [Answer(application=application, question=q, value=v, answered_by=actor) for q, v in changes.items()],
        update_conflicts=True,
        unique_fields=["application", "question"],
        update_fields=["value", "answered_by"],
    )
    application.answers.filter(question__in=changes).update(answered_at=Now())
    audit_log.record(
        actor=actor,
        action="answers.saved",
        summary=f"Answered {', '.join(sorted(changes))} of {application.external_id}",
        obj=application,
        reason=reason,
        details={"changes": {q: [stored.get(q), value] for q, value in changes.items()}},
    )
    scores.mark([application.pk])
    return sorted(changes)


def same(one: Any, other: Any) -> bool:
    """Whether two answers are one: true is not 1, and the order of options does not count."""
    if isinstance(one, list) and isinstance(other, list):
        return sorted(map(str, one)) == sorted(map(str, other))
    return type(one) is type(other) and bool(one == other)


def _refuse_overtaken(
    actor: User | None,
    application: AIApplication,
    changes: Mapping[str, Any],
    stored: Mapping[str, Any],
    seen: Mapping[str, Any],
) -> None:
    """Raise OvertakenError for answers that replace one of somebody else which the person never saw."""
    newer = [q for q in changes if q in seen and q in stored and not same(stored[q], seen[q])]
    others = application.answers.filter(question__in=newer)
    if actor is not None:  # two pages of one person: what they changed last holds
        others = others.exclude(answered_by=actor)
    if found := list(others.values_list("question", flat=True)):
        raise OvertakenError(dict.fromkeys(found, "Answered otherwise since this page was opened: yours is not saved."))


def _clean(answers: Mapping[str, Any], method: Method) -> dict[str, Any]:
    """The answers as they are stored. Raises ValidationError naming every one that cannot be."""
    clean, wrong = {}, {}
    for question, value in answers.items():
        try:
            clean[question] = _checked(question, value, method)
        except AnswerError as problem:
            wrong[question] = str(problem)
    if wrong:
        raise ValidationError(wrong)
    return clean


def _checked(question: str, value: Any, method: Method) -> Any:
    if step_of(question, method) is None:
        raise AnswerError(f"{question} is no question that is asked about an application.")
    if value is None:
        return None
    if question in method.factors:
        if not isinstance(value, str) or value not in method.factors[question].options:
            raise AnswerError(f"Choose one of: {', '.join(method.factors[question].options)}.")
        return value
    if question in method.facts:
        if not isinstance(value, bool):
            raise AnswerError("Answer yes, no or “I don't know”.")
        return value
    given = checked(method.questions[question], value)
    if isinstance(given, list):  # in the order of the law, each once, so that the same choice is the same answer
        return [option for option in method.questions[question].options if option in given]
    return given


def _clashes(case: Case, method: Method) -> list[Contradiction]:
    """What the answers of a case and its classification say against each other."""
    stated = {key: value for key, value in stated_facts(case, method).items() if value is not None}
    return _contradictions({**dict.fromkeys(classified(case, method).facts, True), **stated}, method)


def _refuse(after: list[Contradiction], before: list[Contradiction], changed: Collection[str], method: Method) -> None:
    """Raise ValidationError for contradictions that were not there before: an old one must not block other answers."""
    found = [one for one in after if one not in before]
    if found:
        raise ValidationError(_messages(found, changed, method))


def _contradictions(stated: Mapping[str, bool | None], method: Method) -> list[Contradiction]:
    """What can't be true together, also through what the statements imply."""
    implied = {f: True for key, value in stated.items() if value for f in method.implied[key]}
    return contradictions({**implied, **{key: value for key, value in stated.items() if value is not None}}, method)


def _messages(found: list[Contradiction], changed: Collection[str], method: Method) -> dict[str, list[str]]:
    messages: dict[str, list[str]] = {}
    for one in found:
        first, second = method.facts[one.first].text, " / ".join(method.facts[f].text for f in one.second.split(", "))
        word = {"implies": "includes", "excludes": "rules out"}.get(one.rule, "needs one of")
        place = next((key for key in (one.second, one.first) if key in changed), next(iter(sorted(changed))))
        messages.setdefault(place, []).append(f"These contradict each other: “{first}” {word} “{second}”. Change one.")
    return messages


@transaction.atomic
def save_organisation_answers(
    *,
    actor: User | None,
    department: Department,
    answers: Mapping[str, bool | None],
    inherit: Collection[str] = (),
    reason: str = "",
) -> list[str]:
    """Store facts about the organisation (at its root) or about a department that differs; None: "I don't know".

    Questions in `inherit` lose the department's own answer, so that the nearest department above decides again.
    Everything below the department is judged anew. Returns what changed. Raises PermissionDenied or ValidationError.
    """
    access.require(actor, Permission.REVIEW, department)
    _lock(department)
    method = load_method()
    _check_organisation(answers, inherit, method)
    stored = dict(department.organisation_answers.values_list("question", "value"))
    changes = {q: value for q, value in answers.items() if stored.get(q, UNANSWERED) is not value}
    dropped = [q for q in inherit if q in stored]
    if not changes and not dropped:
        return []
    before = _contradictions(cases.tree().facts(department.pk), method)
    OrganisationAnswer.objects.bulk_create(
        [OrganisationAnswer(department=department, question=q, value=v, answered_by=actor) for q, v in changes.items()],
        update_conflicts=True,
        unique_fields=["department", "question"],
        update_fields=["value", "answered_by"],
    )
    department.organisation_answers.filter(question__in=changes).update(answered_at=Now())
    department.organisation_answers.filter(question__in=dropped).delete()
    _refuse(_contradictions(cases.tree().facts(department.pk), method), before, {*changes, *dropped}, method)
    audit_log.record(
        actor=actor,
        action="organisation_facts.saved",
        summary=f"Organisation facts of {department}: {', '.join(sorted({*changes, *dropped}))}",
        obj=department,
        department=department,
        reason=reason,
        details={"changes": {q: [stored.get(q), v] for q, v in changes.items()}, "inherited": dropped},
    )
    scores.mark(AIApplication.objects.in_department(department))
    return sorted({*changes, *dropped})


def _lock(department: Department) -> None:
    """Two people who answer for one department at once come one after the other."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT FROM inventory_department WHERE id = %s FOR NO KEY UPDATE", [department.pk])


def _check_organisation(answers: Mapping[str, bool | None], inherit: Collection[str], method: Method) -> None:
    wrong = {}
    for question in (*answers, *inherit):
        fact = method.facts.get(question)
        if fact is None or fact.source != ORGANISATION:
            wrong[question] = f"{question} is no fact about the organisation."
        elif question in answers and not isinstance(answers[question], bool | None):
            wrong[question] = "Answer yes, no or “I don't know”."
    if wrong:
        raise ValidationError(wrong)
