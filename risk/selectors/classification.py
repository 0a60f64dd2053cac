"""The class under the EU AI Act as a page reads it: what it is, by which rules and articles, what is open."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.utils.translation import gettext_lazy

from risk.choices import EUClass
from risk.scoring.classify import Reason
from risk.scoring.coverage import RequirementState
from risk.scoring.expressions import Truth, names
from risk.scoring.judgement import ORGANISATION_QUESTIONS, Judgement, eu_class_option
from risk.scoring.method import ClassInfo, Method, Question, Transition
from risk.scoring.questionnaire import Step, step_of
from risk.scoring.tally import coverage_of

ACT = "eu_ai_act"
# Art. 25(1): what makes somebody a provider who was none, with what each one is called
ROLE_CHANGES = {
    "rebrands": gettext_lazy("Own name or trade mark"),
    "substantially_modifies": gettext_lazy("Substantial modification"),
    "repurposes": gettext_lazy("Changed intended purpose"),
}
EXEMPT = "eu_ai_act.annex_iii_exempt"
FUNDAMENTAL_RIGHTS = "eu_ai_act.fria_required"
PROVIDER = "role.provider"
# What each transitional provision is about; one that is not named here is shown wherever the class is not prohibited
_TRANSITION_OF = {
    "legacy_high_risk": "eu_ai_act.high_risk",
    "legacy_generative": "eu_ai_act.art50_2",
    "legacy_gpai": "eu_ai_act.gpai_model",
}


@dataclass(frozen=True, slots=True)
class Deciding:
    """A question that can still change the class. `step` is None where the organisation's page asks it."""

    question: Question
    step: Step | None


@dataclass(frozen=True, slots=True)
class Known:
    """A fact of the classification that holds, in words."""

    key: str
    text: str


@dataclass(frozen=True, slots=True)
class RoleChange:
    """One way of becoming the provider. `answer` None: not known, or never answered (`answered` False)."""

    key: str
    title: str
    question: Question
    answer: Truth
    answered: bool
    step: Step | None


@dataclass(frozen=True, slots=True)
class Practice:
    """A prohibited practice that was found, with the questions whose answers make it one."""

    reason: Reason
    questions: Sequence[str]


@dataclass(frozen=True, slots=True)
class NotRuledOut:
    """A prohibited practice is possible and not certain. Questions on Art. 5 that hold it up: `open` (nobody answered)
    and `unknown` ("I don't know"). `counted`: the class as the score counts it meanwhile, None where that is open too.
    """

    open: int
    unknown: int
    counted: str | None


@dataclass(frozen=True, slots=True)
class Obligations:
    """Duties that begin on one day, `days_left` from now; `day` None: they are in force."""

    day: date | None
    days_left: int | None
    duties: Sequence[RequirementState]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the page shows. `decided` is None while more than one class is possible."""

    decided: ClassInfo | None
    possible: Sequence[ClassInfo]
    articles: Sequence[str]
    starts: date | None
    reasons: Sequence[Reason]
    maybe: Sequence[Reason]
    deciding: Sequence[Deciding]
    facts: Sequence[Known]
    open_facts: Sequence[Known]
    transitions: Sequence[Transition]
    prohibited: bool
    not_ruled_out: NotRuledOut | None
    practices: Sequence[Practice]
    days_left: int | None  # until its rules apply; None where they do
    obligations: Sequence[Obligations]
    role_changes: Sequence[RoleChange]
    provider: Truth
    exempt: Truth
    fundamental_rights: Truth
    fundamental_rights_from: date | None


def classification(judgement: Judgement, method: Method) -> Outcome:
    """The outcome of the decision table for one application."""
    found = judgement.classification
    return Outcome(
        decided=method.classes[found.class_] if found.class_ else None,
        possible=[method.classes[one] for one in found.possible],
        articles=found.articles,
        starts=found.from_,
        reasons=[one for one in found.reasons if one.certain],
        maybe=[one for one in found.reasons if not one.certain and one.class_ and found.class_ != EUClass.PROHIBITED],
        deciding=[_deciding(method.questions[key], method) for key in found.decided_by],
        facts=[Known(key, method.facts[key].text) for key in found.facts],
        open_facts=[Known(key, method.facts[key].text) for key in found.open_facts],
        transitions=_transitions(judgement, method),
        prohibited=found.class_ == EUClass.PROHIBITED,
        not_ruled_out=not_ruled_out(judgement, method),
        practices=_practices(judgement, method),
        days_left=(found.from_ - judgement.day).days if found.from_ and found.from_ > judgement.day else None,
        obligations=_obligations(judgement, method),
        role_changes=[_role_change(key, str(title), judgement, method) for key, title in ROLE_CHANGES.items()],
        provider=judgement.facts.get(PROVIDER),
        exempt=judgement.facts.get(EXEMPT),
        fundamental_rights=judgement.facts.get(FUNDAMENTAL_RIGHTS),
        fundamental_rights_from=next(
            (rule.effective_from for rule in method.rules if FUNDAMENTAL_RIGHTS in rule.facts), None
        ),
    )


def not_ruled_out(judgement: Judgement, method: Method) -> NotRuledOut | None:
    """What still says that a practice may be prohibited; None where none may be, or where one is.

    A practice that is only possible weighs nothing in the score, which leaves it out of the classes that it counts.
    """
    found = judgement.classification
    if judgement.inputs.prohibited or EUClass.PROHIBITED not in found.possible:
        return None
    answers = judgement.case.answers
    deciding = [key for key in found.decided_by if step_of(key, method) is Step.PROHIBITED]
    counted = eu_class_option(found)
    return NotRuledOut(
        open=sum(key not in answers for key in deciding),
        unknown=sum(answers.get(key, ...) is None for key in deciding),
        counted=str(EUClass(counted).label) if counted else None,
    )


def _transitions(judgement: Judgement, method: Method) -> list[Transition]:
    """The transitional provisions about something that holds or may hold."""
    found = judgement.classification
    if found.class_ == EUClass.PROHIBITED:
        return []
    known = {*found.facts, *found.open_facts}
    return [one for one in method.transitions if _TRANSITION_OF.get(one.id) in (*known, None)]


def _practices(judgement: Judgement, method: Method) -> list[Practice]:
    rules = {rule.id: rule for rule in method.rules}
    found = []
    for reason in judgement.classification.reasons:
        if reason.certain and reason.class_ == EUClass.PROHIBITED:
            atoms = sorted(names(rules[reason.rule].when))
            found.append(Practice(reason, [atom.split(".")[1] for atom in atoms if atom.startswith("q.")]))
    return found


def _obligations(judgement: Judgement, method: Method) -> list[Obligations]:
    """Duties under the Act that apply or may apply: those in force together, the others by their day."""
    covered = coverage_of(judgement, method, (ACT,))[ACT]
    groups: dict[date | None, list[RequirementState]] = {}
    for one in (*covered.requirements, *covered.organisation):
        groups.setdefault(one.obligation_from if one.days_left else None, []).append(one)
    days = sorted(groups, key=lambda day: day or date.min)
    return [Obligations(day, groups[day][0].days_left, groups[day]) for day in days]


def _role_change(key: str, title: str, judgement: Judgement, method: Method) -> RoleChange:
    answer = judgement.case.answers.get(key)
    return RoleChange(
        key=key,
        title=title,
        question=method.questions[key],
        answer=answer if isinstance(answer, bool) else None,
        answered=key in judgement.case.answers,
        step=step_of(key, method),
    )


def _deciding(question: Question, method: Method) -> Deciding:
    return Deciding(question, None if question.id in ORGANISATION_QUESTIONS else step_of(question.id, method))
