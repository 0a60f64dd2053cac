"""How the class came about: who answered which question of the decision table when, and what became of the class."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import connection
from django.utils.translation import gettext_lazy as _

from inventory.models import AIApplication, AuditLogEntry, Department
from risk.choices import EUClass
from risk.models import Answer, OrganisationAnswer
from risk.scoring.judgement import ORGANISATION_QUESTIONS
from risk.scoring.method import Method, Question

LIMIT = 200  # versions of answers read for one page, the newest
NOBODY = _("The system")

# The class where it differs from that of the judgement before
_CLASSES = """
SELECT as_of, eu_class FROM (
    SELECT as_of, id, eu_class, lag(eu_class) OVER w AS former, row_number() OVER w AS place
    FROM risk_scoresnapshot WHERE application_id = %s WINDOW w AS (ORDER BY as_of, id)) AS judged
WHERE place = 1 OR eu_class IS DISTINCT FROM former ORDER BY as_of DESC, id DESC LIMIT 50"""


@dataclass(frozen=True, slots=True)
class Step:
    """An answer as it was given. `before`: in words what it was; empty for a first answer. `where`: the department, of
    an answer about the organisation."""

    at: datetime
    who: str
    question: str
    article: str
    before: str
    after: str
    reason: str
    where: str = ""


@dataclass(frozen=True, slots=True)
class ClassSince:
    """The class from a day on; `title` empty while it was not decided."""

    day: date
    title: str


@dataclass(frozen=True, slots=True)
class Given:
    """Who gave the answer that stands now."""

    question: Question
    answer: str
    who: str
    at: datetime | None


def trail(application: AIApplication, method: Method) -> list[Step]:
    """Every answer to a question of the table, newest first: row history for what, audit log for why."""
    versions = _versions(application, method) + _of_organisation(application, method)
    versions.sort(key=lambda one: (one["pgh_created_at"], one["pgh_id"]), reverse=True)
    times = {one["pgh_created_at"] for one in versions}
    entries = AuditLogEntry.objects.filter(at__in=times).exclude(reason="").values_list("at", "reason")
    reasons = dict(entries)
    steps = []
    for one in versions[:LIMIT]:
        question = method.questions[one["question"]]
        steps.append(
            Step(
                at=one["pgh_created_at"],
                who=one["answered_by__display_name"] or one["answered_by__username"] or str(NOBODY),
                question=question.text,
                article=question.article,
                before="" if one["before"] is _FIRST else words(question, one["before"]),
                after=str(_("taken back")) if one["pgh_label"] == "delete" else words(question, one["value"]),
                reason=reasons.get(one["pgh_created_at"], ""),
                where=one.get("where", ""),
            )
        )
    return steps


_FIRST = object()
_FIELDS = (
    *("pgh_id", "pgh_created_at", "pgh_label", "question", "value"),
    *("answered_by__display_name", "answered_by__username"),
)


def _versions(application: AIApplication, method: Method) -> list[dict[str, Any]]:
    events = Answer.pgh_event_model.objects.filter(  # type: ignore[attr-defined]
        application_id=application.pk, question__in=list(method.questions)
    )
    return _with_before(list(events.order_by("-pgh_id").values(*_FIELDS)[:LIMIT])[::-1], {})


def _of_organisation(application: AIApplication, method: Method) -> list[dict[str, Any]]:
    """The answers about the organisation that the table reads, of the departments up the tree."""
    questions = {fact: key for key, fact in ORGANISATION_QUESTIONS.items()}
    events = OrganisationAnswer.pgh_event_model.objects.filter(  # type: ignore[attr-defined]
        department_id__in=Department.objects.path_of(application.department).order_by().values("pk"),
        question__in=list(questions),
    )
    rows = [
        {**one, "question": questions[one["question"]], "where": one["department__name"]}
        for one in events.order_by("-pgh_id").values(*_FIELDS, "department__name")[:LIMIT]
    ]
    return _with_before(rows[::-1], {})


def _with_before(rows: list[dict[str, Any]], known: dict[tuple[str, str], Any]) -> list[dict[str, Any]]:
    """The rows, oldest first, each with the value before it; what changed nothing is left out."""
    found = []
    for row in rows:
        key = (row.get("where", ""), row["question"])
        before = known.get(key, _FIRST)
        known[key] = _FIRST if row["pgh_label"] == "delete" else row["value"]
        if before is _FIRST or before != row["value"] or row["pgh_label"] == "delete":
            found.append({**row, "before": before})
    return found


def words(question: Question, value: Any) -> str:
    """An answer as people read it."""
    if value is None:
        return str(_("not known"))
    if isinstance(value, bool):
        return str(_("yes") if value else _("no"))
    if isinstance(value, list):
        return "; ".join(question.options.get(option, option) for option in value) or str(_("none of these"))
    return question.options.get(str(value), str(value))


def given(application: AIApplication, questions: Sequence[str], method: Method) -> list[Given]:
    """Who gave the present answers to these questions; those of the organisation are left out."""
    rows = application.answers.filter(question__in=list(questions)).select_related("answered_by")
    found: Mapping[str, Answer] = {one.question: one for one in rows}
    return [
        Given(
            method.questions[key],
            words(method.questions[key], found[key].value),
            str(found[key].answered_by or NOBODY),
            found[key].answered_at,
        )
        for key in questions
        if key in found
    ]


def classes(application: AIApplication) -> list[ClassSince]:
    """The days on which the class became another, newest first."""
    with connection.cursor() as cursor:
        cursor.execute(_CLASSES, [application.pk])
        return [ClassSince(day, str(EUClass(found).label) if found else "") for day, found in cursor.fetchall()]
