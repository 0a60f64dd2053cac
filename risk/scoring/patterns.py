"""What many applications share: the class, the facts and the controls that follow from one pattern of answers.

A pattern is judged once on the explained path, by a case that stands for all of its kind; what remains of an
application are its factors, its statements about controls and its signals, which is array work (`bulk`).
"""

from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache
from typing import TypeAlias

import numpy as np
import orjson
from numpy.typing import NDArray

from risk.scoring.case import Case, Stated
from risk.scoring.classify import Classification
from risk.scoring.codebook import Cases, Flags, Numbers, codebook
from risk.scoring.controls import asked_controls
from risk.scoring.expressions import KLEENE
from risk.scoring.judgement import classified, eu_class_option, judge
from risk.scoring.method import Method
from risk.scoring.questionnaire import asked_keys
from risk.scoring.vocabulary import INHERENT_HIGH_FROM, TIER_FROM, EUClass, Why

Truths: TypeAlias = NDArray[np.int8]

MOST_PATTERNS = 10_000  # kinds and patterns: some 80 MB, with what the explained path keeps of them
_ANY_DAY = date(2000, 1, 1)  # nothing of a pattern depends on the day


@dataclass(frozen=True, slots=True)
class Kind:
    """What follows from the answers that are no factors, and from the facts of the organisation."""

    number: int
    classification: Classification
    option: str | None  # of the class factor; None while a higher one is possible

    @property
    def prohibited(self) -> bool:
        """Whether the gate is closed."""
        return self.classification.class_ == EUClass.PROHIBITED


@dataclass(frozen=True, slots=True)
class Pattern:
    """What follows from a kind, the tier, whether inherent risk is high, and which controls were found not to apply.

    Arrays have one place a control: asked where nothing is stated and where something is, whether it then applies for
    certain, and whether it is asked by its tier. `truths` are the facts in the order of the method: 1, 0 unknown, −1.
    `answered` of the questions asked, factors apart, are answered.
    """

    kind: Kind
    tier: int
    truths: Truths
    facts: str  # JSON: fact → true, or null while unknown
    asked_open: Flags
    asked_stated: Flags
    certain_open: Flags
    certain_stated: Flags
    by_tier: Flags
    questions: int
    answered: int


class Patterns:
    """The patterns of one method in this process."""

    def __init__(self, method: Method) -> None:
        self.method = method
        self.kinds: dict[bytes, Kind] = {}
        self.patterns: dict[tuple[int, int, bool, bytes], Pattern] = {}

    def renew(self) -> None:
        """Forget all where there are too many; only between chunks."""
        if len(self.kinds) + len(self.patterns) > MOST_PATTERNS:
            self.kinds, self.patterns = {}, {}

    def kinds_of(self, cases: Cases) -> list[Kind]:
        """The kind of each row."""
        book = codebook(self.method)
        table = np.column_stack([cases.organisation, cases.answers[:, book.others]]).astype(np.int32)
        found = []
        for row, key in enumerate(row_keys(table)):
            if key not in self.kinds:
                classification = classified(book.case(cases, row), self.method)
                option = eu_class_option(classification)
                self.kinds[key] = Kind(len(self.kinds), classification, option)
            found.append(self.kinds[key])
        return found

    def patterns_of(
        self, cases: Cases, kinds: list[Kind], worst: NDArray[np.float64], excluded: Flags
    ) -> list[Pattern]:
        """The pattern of each row. `worst`: its worst inherent point value; `excluded`: controls that don't apply."""
        tiers = np.select([worst >= start for _, start in TIER_FROM], [tier for tier, _ in TIER_FROM])
        high = worst >= INHERENT_HIGH_FROM
        keys = row_keys(excluded.astype(np.int32))
        found = []
        for row, key in enumerate(zip((k.number for k in kinds), tiers.tolist(), high.tolist(), keys, strict=True)):
            if key not in self.patterns:
                controls = dict(zip(self.method.controls, excluded[row].tolist(), strict=True))
                left_out = {name: Stated(None, _ANY_DAY, applicable=False) for name, out in controls.items() if out}
                case = replace(codebook(self.method).case(cases, row), controls=left_out, occurrences=(), held=None)
                self.patterns[key] = _pattern(case, kinds[row], float(worst[row]), self.method)
            found.append(self.patterns[key])
        return found


@lru_cache(maxsize=4)
def patterns(method: Method) -> Patterns:
    """The patterns of a method in this process."""
    return Patterns(method)


def row_keys(table: Numbers) -> list[bytes]:
    """Each row as bytes, equal where the rows are."""
    data, width = np.ascontiguousarray(table).tobytes(), table.shape[1] * table.itemsize
    return [data[start : start + width] for start in range(0, len(data), width)]


def _pattern(case: Case, kind: Kind, worst: float, method: Method) -> Pattern:
    """Judge the case, of whose statements only those are left that controls don't apply."""
    judged = judge(case, _ANY_DAY, method)
    everything = asked_controls(
        method, judged.facts, worst, kind.classification.class_, method.controls.keys(), case.controls.keys()
    )
    keys = asked_keys(judged, method)
    whether_stated = {one.control.id: one.applicable for one in everything}
    whether_open = {one.control.id: one.applicable for one in judged.asked}
    by_tier = {one.control.id for one in judged.asked if one.why == Why.TIER}
    return Pattern(
        kind=kind,
        tier=judged.tier,
        truths=np.array([KLEENE[judged.facts.get(fact)] for fact in method.facts], np.int8),
        facts=orjson.dumps({k: v for k, v in judged.facts.items() if v is not False}).decode(),
        asked_open=np.array([key in whether_open for key in method.controls]),
        asked_stated=np.array([key in whether_stated for key in method.controls]),
        certain_open=np.array([whether_open.get(key) is True for key in method.controls]),
        certain_stated=np.array([whether_stated.get(key) is True for key in method.controls]),
        by_tier=np.array([key in by_tier for key in method.controls]),
        questions=len(keys),
        answered=sum(key in case.answers for key in keys if key not in method.factors),
    )
