"""What the decision table says of many applications: each different set of answers to its questions is judged once, on
the explained path, and remembered. So there is one decision table, and most applications share its answers.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from risk.scoring.array_expressions import Truths
from risk.scoring.classify import CLASSIFICATION, Classification
from risk.scoring.codebook import Cases, Numbers, codebook
from risk.scoring.expressions import KLEENE
from risk.scoring.judgement import ORGANISATION_QUESTIONS, classified, eu_class_option, table_answers
from risk.scoring.method import Method
from risk.scoring.questionnaire import class_questions
from risk.scoring.vocabulary import EUClass

MOST_KINDS = 10_000  # bounds memory; an estate has far fewer unless everybody answers the table differently
NOT_SETTLED = 2  # in place of a truth: the table says nothing about this fact


@dataclass(frozen=True, slots=True)
class Kind:
    """What follows from the answers to the decision table.

    `facts`: what it says of each fact of the method, NOT_SETTLED where nothing. `questions` of the table are asked,
    `answered` of them answered.
    """

    classification: Classification
    option: str | None  # of the class factor; None while a higher one is possible
    facts: Truths
    questions: int
    answered: int

    @property
    def prohibited(self) -> bool:
        """Whether the gate is closed."""
        return self.classification.class_ == EUClass.PROHIBITED


class Kinds:
    """The kinds of one method in this process."""

    def __init__(self, method: Method) -> None:
        self.method = method
        self.known: dict[bytes, Kind] = {}
        keys = {key: place for place, key in enumerate(codebook(method).keys)}
        self._columns = [keys[key] for key in method.questions if key not in ORGANISATION_QUESTIONS]

    def of(self, cases: Cases) -> list[Kind]:
        """The kind of each row. Forgets all first where there are too many."""
        if len(self.known) > MOST_KINDS:
            self.known = {}
        table = np.column_stack([cases.organisation, cases.answers[:, self._columns]]).astype(np.int32)
        found = []
        for row, key in enumerate(_row_keys(table)):
            if key not in self.known:
                self.known[key] = self._judged(cases, row)
            found.append(self.known[key])
        return found

    def _judged(self, cases: Cases, row: int) -> Kind:
        method = self.method
        case = codebook(method).answered(cases, row)
        classification = classified(case, method)
        asked = class_questions(case.answers, table_answers(case, method), classification, method)
        return Kind(
            classification=classification,
            option=eu_class_option(classification),
            facts=_facts(classification, method),
            questions=len(asked),
            answered=sum(one.id in case.answers for one in asked),
        )


def _facts(classification: Classification, method: Method) -> Truths:
    """What the table says of each fact, as `facts.combine` takes it."""
    own = {
        key: None if key in classification.open_facts else False
        for key, fact in method.facts.items()
        if fact.source == CLASSIFICATION
    }
    known = {**own, **dict.fromkeys(classification.facts, True)}
    return np.array([KLEENE[known[key]] if key in known else NOT_SETTLED for key in method.facts], np.int8)


@lru_cache(maxsize=4)
def kinds(method: Method) -> Kinds:
    """The kinds of a method in this process."""
    return Kinds(method)


def _row_keys(table: Numbers) -> list[bytes]:
    """Each row as bytes, equal where the rows are."""
    data, width = np.ascontiguousarray(table).tobytes(), table.shape[1] * table.itemsize
    return [data[start : start + width] for start in range(0, len(data), width)]
