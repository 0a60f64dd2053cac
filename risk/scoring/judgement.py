"""One application judged as a whole on a day: class, facts, the controls asked, scores and coverage.

The single road from stated facts to figures; the worker, pages, what-if and the replay of a snapshot all take it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache

from risk.scoring.case import Case, Occurrence
from risk.scoring.classify import CLASSIFICATION, Answer, Classification, classify
from risk.scoring.controls import AskedControl, asked_controls
from risk.scoring.coverage import RequirementState, assess_requirements
from risk.scoring.expressions import Truth
from risk.scoring.facts import KnownFacts, follow
from risk.scoring.method import Method
from risk.scoring.score import (
    ApplicationInput,
    ApplicationScore,
    ControlInput,
    Event,
    Ratchet,
    Signals,
    effectiveness,
    score_application,
)
from risk.scoring.vocabulary import EU_CLASS_FACTOR, INHERENT_HIGH_FACT, INHERENT_HIGH_FROM, SCALE_FACTOR, EUClass

# Questions of the decision table that the organisation page answers once, through the fact of the same meaning.
ORGANISATION_QUESTIONS = {"public_body": "org.public_body", "public_service": "org.public_service_provider"}
# Classes without an option of their own in the factor count as minimal (contracts §3).
_AS_FACTOR = {EUClass.OUT_OF_SCOPE: "minimal", EUClass.GPAI_MODEL: "minimal"}
RATE_UNIT = 1000  # rates are per 1,000 interactions


@dataclass(frozen=True, slots=True)
class Judgement:
    """Everything that follows from a case on a day."""

    case: Case
    day: date
    classification: Classification
    known: KnownFacts
    facts: Mapping[str, Truth]
    asked: tuple[AskedControl, ...]
    inputs: ApplicationInput
    score: ApplicationScore
    tier: int

    @property
    def exposure(self) -> str | None:
        """The `scale` answer, which weighs the application in its department."""
        answer = self.case.answers.get(SCALE_FACTOR)
        return answer if isinstance(answer, str) else None


def judge(case: Case, day: date, method: Method) -> Judgement:
    """Judge a case as of a day. Pure: the same case, day and method give the same judgement."""
    classification = classification_of(case, method)
    known, facts = facts_of(case, classification, method)
    answers = factor_answers(case, classification, method)
    prohibited = classification.class_ == EUClass.PROHIBITED
    worst = inherent_worst(answers, prohibited, method)
    facts[INHERENT_HIGH_FACT] = worst >= INHERENT_HIGH_FROM
    asked = tuple(asked_controls(method, facts, worst, classification.class_, frozenset(case.controls)))
    inputs = ApplicationInput(
        answers=answers,
        controls=tuple(control_input(one, case, day) for one in asked),
        signals=signals_of(case, day, method),
        prohibited=prohibited,
        previous=case.held,
    )
    return Judgement(case, day, classification, known, facts, asked, inputs, score_application(inputs, method), 0)
