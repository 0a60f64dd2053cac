"""The class under the EU AI Act as a page reads it: what it is, by which rules and articles, what is open."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from risk.choices import EUClass
from risk.scoring.classify import Reason
from risk.scoring.judgement import ORGANISATION_QUESTIONS, Judgement
from risk.scoring.method import ClassInfo, Method, Question, Transition
from risk.scoring.questionnaire import Step, step_of


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
    maybe_prohibited: bool


def classification(judgement: Judgement, method: Method) -> Outcome:
    """The outcome of the decision table for one application."""
    found = judgement.classification
    return Outcome(
        decided=method.classes[found.class_] if found.class_ else None,
        possible=[method.classes[one] for one in found.possible],
        articles=found.articles,
        starts=found.from_,
        reasons=[one for one in found.reasons if one.certain],
        maybe=[one for one in found.reasons if not one.certain and one.class_],
        deciding=[_deciding(method.questions[key], method) for key in found.decided_by],
        facts=[Known(key, method.facts[key].text) for key in found.facts],
        open_facts=[Known(key, method.facts[key].text) for key in found.open_facts],
        transitions=method.transitions if found.class_ in (EUClass.HIGH_RISK, EUClass.GPAI_MODEL, None) else (),
        prohibited=found.class_ == EUClass.PROHIBITED,
        maybe_prohibited=found.class_ != EUClass.PROHIBITED and EUClass.PROHIBITED in found.possible,
    )


def _deciding(question: Question, method: Method) -> Deciding:
    return Deciding(question, None if question.id in ORGANISATION_QUESTIONS else step_of(question.id, method))
