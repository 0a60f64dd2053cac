"""What the judgement says against *approved* and *live*: a prohibited practice, and signatures that are missing."""

from collections.abc import Mapping, Sequence

from django.db import connection

from inventory.choices import Lifecycle
from inventory.models import AIApplication
from risk import records
from risk.choices import EUClass, RecordForm
from risk.method import load_method
from risk.models import Answer
from risk.records.content import trigger_text
from risk.records.due import unsigned
from risk.scoring.case import Case
from risk.scoring.fitness import fitting
from risk.scoring.judgement import classified
from risk.selectors import cases

GUARDED = (Lifecycle.APPROVED, Lifecycle.LIVE)
_VERSIONS = """
SELECT application_id, state, triggers FROM risk_record
WHERE form = %s AND application_id = ANY(%s) ORDER BY application_id, version"""


def objections(steps: Mapping[int, str]) -> dict[int, list[str]]:
    """Reasons against steps to approved or live, by application; a handful of queries however many they are."""
    wanted = sorted(application for application, state in steps.items() if state in GUARDED)
    if not wanted:
        return {}
    found = {application: [_PROHIBITED] for application in prohibited(wanted)}
    for application, texts in waiting(wanted).items():
        found.setdefault(application, []).extend(texts)
    return found


_PROHIBITED = (
    "Its answers describe a practice that Art. 5 of the EU AI Act prohibits. Nothing cures that: change the use, answer"
    " the questions anew, or retire it."
)


def prohibited(applications: Sequence[int]) -> list[int]:
    """Those of the applications whose answers, as they stand this moment, are a prohibited practice."""
    method, branches = load_method(), cases.tree()
    answers: dict[int, dict[str, object]] = {}
    rows = Answer.objects.filter(application__in=applications).order_by()
    for application, question, value in rows.values_list("application_id", "question", "value"):
        answers.setdefault(application, {})[question] = value
    departments = dict(AIApplication.objects.filter(pk__in=answers).order_by().values_list("pk", "department_id"))
    found = []
    for application, given in answers.items():
        case = Case(given, branches.facts(departments[application]))  # type: ignore[arg-type]
        if classified(fitting(case, method), method).class_ == EUClass.PROHIBITED:
            found.append(application)
    return found


def waiting(applications: Sequence[int]) -> dict[int, list[str]]:
    """What two people still have to sign, by application, in words."""
    versions: dict[int, list[tuple[str, Sequence[str]]]] = {}
    with connection.cursor() as cursor:
        cursor.execute(_VERSIONS, [RecordForm.IMPACT, list(applications)])
        for application, state, triggers in cursor.fetchall():
            versions.setdefault(application, []).append((state, triggers))
    form = records.form(RecordForm.IMPACT)
    found = {}
    for application, known in versions.items():
        open_ones = unsigned(known)
        if open_ones:
            found[application] = [_words(form, open_ones)]
    return found


def _words(form: records.FormSchema, triggers: Sequence[str]) -> str:
    restricted = any(one.startswith("restricted:") for one in triggers)
    what = "a restricted use: prohibited pending review" if restricted else "a sensitive use"
    texts = "; ".join(f"“{trigger_text(form, one)}”" for one in triggers)
    return f"Its impact assessment names {what} ({texts}). Two people who did not write it have to sign it first."
