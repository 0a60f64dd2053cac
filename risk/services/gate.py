"""What the judgement says against *approved* and *live*: a prohibited practice, a record that the law asks for and that
is missing or out of date, and signatures that are missing.

Only what is certain blocks. Where the class is still open, pages warn: an unanswered question is no duty yet.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import date

from django.utils import timezone

from inventory.choices import Lifecycle
from inventory.models import AIApplication
from inventory.services.lifecycle import Objection
from risk.choices import EUClass, RecordForm
from risk.method import load_method
from risk.models import Answer, Record
from risk.scoring.case import Case
from risk.scoring.classify import Classification
from risk.scoring.fitness import fitting
from risk.scoring.judgement import Judgement, classified
from risk.selectors import cases
from risk.selectors.classification import EXEMPT, FUNDAMENTAL_RIGHTS
from risk.selectors.records import Standing, standing_of

GUARDED = (Lifecycle.APPROVED, Lifecycle.LIVE)
Answers = Mapping[str, object]
Versions = Mapping[str, Sequence[Record]]  # of each form's record, oldest first

_PROHIBITED = Objection(
    "Its answers describe a practice that Art. 5 of the EU AI Act prohibits. Nothing cures that: change the use, answer"
    " the questions anew, or retire it.",
    "risk:classification",
)
# Fact of the classification → the record that the law asks for with it, and why before it is used
_ASKED = {
    EXEMPT: (
        RecordForm.EXEMPTION,
        "It is listed in Annex III and exempted. Art. 6(4) of the EU AI Act wants that documented before it is used",
    ),
    FUNDAMENTAL_RIGHTS: (
        RecordForm.FUNDAMENTAL_RIGHTS,
        "Art. 27 of the EU AI Act wants a fundamental rights impact assessment (its own record) before first use",
    ),
}


def objections(steps: Mapping[int, str]) -> dict[int, list[Objection]]:
    """Reasons against steps to approved or live, by application; a handful of queries however many they are."""
    wanted = sorted(application for application, state in steps.items() if state in GUARDED)
    if not wanted:
        return {}
    applications = AIApplication.objects.select_related("department").in_bulk(wanted)
    answers, versions, today = _answers(wanted), _versions(wanted), timezone.localdate()
    classes = _classes(applications, answers)
    return {
        pk: _reasons(one, classes.get(pk), answers.get(pk, {}), versions.get(pk, {}), today)
        for pk, one in applications.items()
    }


def objections_now(application: AIApplication, judgement: Judgement, versions: Versions) -> list[Objection]:
    """The same of one application that is judged already and whose records are read."""
    answers = judgement.case.answers
    return _reasons(application, judgement.classification if answers else None, answers, versions, judgement.day)


def _answers(applications: Collection[int]) -> dict[int, dict[str, object]]:
    found: dict[int, dict[str, object]] = {}
    rows = Answer.objects.filter(application__in=applications).order_by()
    for application, question, value in rows.values_list("application_id", "question", "value"):
        found.setdefault(application, {})[question] = value
    return found


def _versions(applications: Collection[int]) -> dict[int, dict[str, list[Record]]]:
    """Every version of every record, oldest first, without its text."""
    found: dict[int, dict[str, list[Record]]] = {}
    for one in Record.objects.filter(application__in=applications).defer("content").order_by("version"):
        found.setdefault(one.application_id, {}).setdefault(one.form, []).append(one)
    return found


def _classes(applications: Mapping[int, AIApplication], answers: Mapping[int, Answers]) -> dict[int, Classification]:
    """The classification of each that has answers, as these stand at this moment: nobody waits for a worker."""
    method, branches = load_method(), cases.tree()
    return {
        pk: classified(fitting(Case(given, branches.facts(applications[pk].department_id)), method), method)  # type: ignore[arg-type]
        for pk, given in answers.items()
    }


def _reasons(
    application: AIApplication, found: Classification | None, answers: Answers, versions: Versions, today: date
) -> list[Objection]:
    of_the_class = _of_the_class(application, found, answers, versions, today) if found is not None else []
    return [*of_the_class, *_unsigned(application, versions, today)]


def _of_the_class(
    application: AIApplication, found: Classification, answers: Answers, versions: Versions, today: date
) -> list[Objection]:
    if found.class_ == EUClass.PROHIBITED:
        return [_PROHIBITED]
    reasons = []
    for fact, (form, why) in _ASKED.items():
        if fact in found.facts:
            lack = _lack(standing_of(form, versions.get(form, ()), application, answers, today))
            if lack:
                reasons.append(Objection(f"{why}: {lack}.", "risk:record", (form,)))
    return reasons


def _lack(standing: Standing) -> str:
    """What is missing of a record that is asked for, in words; empty where one in force is approved."""
    if standing.current is not None and not standing.due:
        return ""
    if standing.open is not None:
        return f"version {standing.open.version} is not approved yet ({standing.open.get_state_display().lower()})"
    if standing.current is not None:
        return f"version {standing.current.version} no longer holds, because {' and '.join(standing.due)}"
    return "there is none yet" if standing.latest is None else "no version is approved"


def _unsigned(application: AIApplication, versions: Versions, today: date) -> list[Objection]:
    """What two people still have to sign, in words."""
    known = versions.get(RecordForm.IMPACT)
    standing = standing_of(RecordForm.IMPACT, known, application, {}, today) if known else None
    if standing is None or not standing.unsigned:
        return []
    what = "a restricted use: prohibited pending review" if standing.restricted else "a sensitive use"
    texts = "; ".join(f"“{text}”" for text in standing.unsigned)
    text = f"Its impact assessment names {what} ({texts}). Two people who did not write it have to sign it first."
    return [Objection(text, "risk:record", (RecordForm.IMPACT,))]
