"""What each possible answer to a question would change: risk, class, controls asked. Exact, one answer at a time.

The cost of a question is its number of options, whatever else is answered: each option is judged once on a copy.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from risk.scoring.classify import Answer
from risk.scoring.judgement import Judgement
from risk.scoring.method import Method
from risk.scoring.questionnaire import Item, Step
from risk.scoring.vocabulary import EUClass
from risk.scoring.what_if import Changes, changed_case, clashes, tried

UNKNOWN, NONE = "unknown", "none"  # the words of forms for "I don't know" and for no option at all


@dataclass(frozen=True, slots=True)
class Consequence:
    """What follows from one answer. `stands`: it is the present one. `clash`: why it would be refused.

    `practices`: rules of prohibited practices that hold then, or may; `may_prohibit`: among them one that another
    answer rules out. `point`, `change`: the risk then, and against now; None for a prohibited practice, which is no
    number. `possible`: classes still possible then; `class_changes`: whether they differ from now. `controls`: how
    many more are asked. `sensitive`: how many more interactions count as above what it is approved for, which is why a
    graver answer can lower the risk: more is then allowed.
    """

    stands: bool = False
    clash: tuple[str, str, str] | None = None
    prohibited: bool = False
    may_prohibit: bool = False
    practices: frozenset[str] = frozenset()
    point: float | None = None
    change: float | None = None
    possible: tuple[str, ...] = ()
    class_changes: bool = False
    controls: int = 0
    sensitive: int = 0


def consequences(judgement: Judgement, item: Item, method: Method) -> dict[str, Consequence]:
    """Consequence by the option's word: `yes`, `no`, an option, `none`, `unknown`. Of a question with several options
    each one is put in, or taken out where it was chosen."""
    old = {(one.first, one.second, one.rule) for one in clashes(judgement.case, method)}
    found = {word: _one(judgement, item, answer, old, method) for word, answer in answers_of(item).items()}
    if item.step is not Step.PROHIBITED:
        return found
    anyway = frozenset.intersection(*(one.practices for one in found.values() if one.clash is None))
    return {word: replace(one, may_prohibit=bool(one.practices - anyway)) for word, one in found.items()}


def answers_of(item: Item) -> dict[str, Answer]:
    """Every answer that one more step can give, by the option's word."""
    if item.type == "yes_no":
        found: dict[str, Answer] = {"yes": True, "no": False}
    elif item.type == "multi":
        chosen = item.answer if isinstance(item.answer, list) else []
        order = [option for option, _ in item.options]
        found = {one: [o for o in order if (o in chosen) != (o == one)] for one in order}
        found[NONE] = []
    else:
        found = {option: option for option, _ in item.options}
    return {**found, UNKNOWN: None}


def _one(
    judgement: Judgement, item: Item, answer: Answer, old: set[tuple[str, str, str]], method: Method
) -> Consequence:
    answers: Mapping[str, Answer] = judgement.case.answers
    if item.key in answers and answers[item.key] == answer:
        return Consequence(stands=True, practices=_practices(judgement))
    changes = Changes(answers={item.key: answer})
    new = [(one.first, one.second, one.rule) for one in clashes(changed_case(judgement, changes), method)]
    clash = next((one for one in new if one not in old), None)
    if clash is not None:
        return Consequence(clash=clash)
    then = tried(judgement, changes, method)
    possible = then.classification.possible
    prohibited = then.inputs.prohibited
    before = judgement.inputs.prohibited
    return Consequence(
        prohibited=prohibited,
        practices=_practices(then),
        point=None if prohibited else then.score.point,
        change=None if prohibited or before else then.score.point - judgement.score.point,
        possible=possible,
        class_changes=possible != judgement.classification.possible,
        controls=_asked(then) - _asked(judgement),
        sensitive=then.case.usage.sensitive - judgement.case.usage.sensitive,
    )


def _practices(judgement: Judgement) -> frozenset[str]:
    return frozenset(one.rule for one in judgement.classification.reasons if one.class_ == EUClass.PROHIBITED)


def _asked(judgement: Judgement) -> int:
    return sum(one.applicable is not False for one in judgement.asked)
