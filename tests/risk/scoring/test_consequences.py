"""What each answer would change is what it changes; and what is not asked changes nothing at all."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from risk.scoring.case import Case, Stated
from risk.scoring.classify import AnswerError, checked
from risk.scoring.consequences import answers_of, consequences
from risk.scoring.judgement import ORGANISATION_QUESTIONS, Judgement, judge
from risk.scoring.method import Question
from risk.scoring.questionnaire import Standing, asked_keys, items, step_of
from risk.scoring.vocabulary import EU_CLASS_FACTOR
from risk.scoring.what_if import Changes, clashes, tried
from tests.risk.scoring.conftest import ENGINE
from tests.risk.scoring.strategies import METHOD

DAY = date(2026, 11, 22)
STATEMENTS = st.sampled_from(["attested", "verified", "not_started"]).map(lambda status: Stated(status, DAY))


def options_of(key: str) -> list[Any]:
    """Every answer that a question takes; of a multi each option alone and a pair."""
    if key in METHOD.factors:
        return list(METHOD.factors[key].options)
    if key in METHOD.facts:
        return [True, False]
    question: Question = METHOD.questions[key]
    if question.type == "yes_no":
        return [True, False]
    every = list(question.options)
    return every if question.type == "choice" else [[], *([one] for one in every), every[:2]]


KEYS = [
    key
    for key in (*METHOD.factors, *METHOD.facts, *METHOD.questions)
    if key != EU_CLASS_FACTOR and key not in ORGANISATION_QUESTIONS and step_of(key, METHOD) is not None
]
# Those that end the run early leave little to see, so they are mostly answered the usual way
USUAL: dict[str, Any] = {"ai_system": True, "union_nexus": True, "exclusion": []} | {
    f"p_{x}": False for x in ("a", "b", "ba", "bb", "c", "d", "e", "f", "g", "h")
}


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """A questionnaire somewhere on its way, without contradictions; some controls stated."""
    answers: dict[str, Any] = dict(USUAL) if draw(st.integers(0, 3)) else {}
    for key in draw(st.lists(st.sampled_from(KEYS), max_size=25, unique=True)):
        answers[key] = draw(st.sampled_from([*options_of(key), None]))
    facts = {key: draw(st.none() | st.booleans()) for key in ORGANISATION_QUESTIONS.values() if draw(st.booleans())}
    controls = draw(st.dictionaries(st.sampled_from(list(METHOD.controls)), STATEMENTS, max_size=4))
    case = Case(answers, facts, controls)
    while found := clashes(case, METHOD):
        for one in found:
            for key in (one.first, *one.second.split(", ")):
                answers.pop(key, None)
        if clashes(replace(case, answers=answers), METHOD) == found:  # the table itself: begin anew
            answers.clear()
        case = replace(case, answers=dict(answers))
    return case


def figures(judgement: Judgement) -> tuple[Any, ...]:
    """Class, asked controls and score."""
    return (
        judgement.classification.class_,
        judgement.classification.possible,
        tuple((one.control.id, one.applicable) for one in judgement.asked),
        judgement.score.low,
        judgement.score.point,
        judgement.score.high,
    )


@given(cases(), st.data())
@settings(ENGINE, max_examples=60)
def test_a_question_that_is_not_asked_changes_nothing(case: Case, data: st.DataObject) -> None:
    """Whatever somebody would answer to it, short of contradicting an answer that stands."""
    judgement = judge(case, DAY, METHOD)
    shown = {one.key: one for one in items(judgement, METHOD)}
    hidden = [key for key in KEYS if key not in asked_keys(judgement, METHOD)]
    for key in data.draw(st.lists(st.sampled_from(hidden), max_size=4, unique=True)) if hidden else ():
        if key in shown and shown[key].standing is Standing.DERIVED:
            continue  # it is known: another answer than the derived one would contradict
        if _waits_for_its_turn(key, judgement):
            continue  # it comes once the question before it is answered
        for answer in options_of(key):
            after = replace(case, answers={**case.answers, key: answer})
            if clashes(after, METHOD):
                continue
            assert figures(judge(after, DAY, METHOD)) == figures(judgement), (key, answer)


def _waits_for_its_turn(key: str, judgement: Judgement) -> bool:
    """Asked only after a wider question: of a question, that of its `ask_if`; of a fact, what it implies."""
    if key in METHOD.questions:
        return METHOD.questions[key].ask_if is not None and key in judgement.classification.decided_by
    return any(
        judgement.facts.get(other) is None and other not in judgement.case.answers
        for other in METHOD.facts[key].implies
    )


@given(cases(), st.data())
@settings(ENGINE, max_examples=40)
def test_what_is_told_is_what_happens(case: Case, data: st.DataObject) -> None:
    judgement = judge(case, DAY, METHOD)
    asked = [one for one in items(judgement, METHOD) if one.standing is not Standing.DERIVED]
    item = data.draw(st.sampled_from(asked)) if asked else None
    if item is None:
        return
    told = consequences(judgement, item, METHOD)
    for word, answer in answers_of(item).items():
        one = told[word]
        if one.stands or one.clash:
            continue
        then = tried(judgement, Changes(answers={item.key: answer}), METHOD)
        assert one.prohibited == then.inputs.prohibited
        assert one.point == (None if one.prohibited else then.score.point)
        assert one.possible == then.classification.possible
        assert one.controls == _asked(then) - _asked(judgement)


def _asked(judgement: Judgement) -> int:
    return sum(one.applicable is not False for one in judgement.asked)


def item_of(key: str, answers: Mapping[str, Any]):
    judgement = judge(Case(dict(answers)), DAY, METHOD)
    return judgement, next(one for one in items(judgement, METHOD) if one.key == key)


def test_the_present_answer_stands_and_a_box_can_be_cleared() -> None:
    judgement, item = item_of("role", {"role": ["uses", "imports"]})
    told = consequences(judgement, item, METHOD)
    assert not any(one.stands for one in told.values())
    assert answers_of(item)["uses"] == ["imports"]
    judgement, item = item_of("scale", {"scale": "over_1m"})
    assert consequences(judgement, item, METHOD)["over_1m"].stands


def test_a_prohibited_practice_is_told_without_a_number() -> None:
    judgement, item = item_of("p_c", {**USUAL, "p_c": False})
    then = consequences(judgement, item, METHOD)["yes"]
    assert then.prohibited
    assert then.point is None
    assert then.possible == ("prohibited",)


def test_what_would_be_refused_is_told_before() -> None:
    judgement, item = item_of("app.agentic", {"app.generative": None, "app.agentic": None, "app.mrm_model": True})
    assert consequences(judgement, item, METHOD)["yes"].clash is not None


@pytest.mark.parametrize("key", KEYS)
def test_every_question_offers_only_what_it_takes(key: str) -> None:
    """All questions of the method are reachable as items once they are answered, and take what they offer."""
    judgement = judge(Case({**USUAL, key: None}), DAY, METHOD)
    item = next((one for one in items(judgement, METHOD) if one.key == key), None)
    if item is None:
        assert METHOD.questions[key].ask_if is not None  # hangs on another answer
        return
    for answer in answers_of(item).values():
        if key in METHOD.questions:
            try:
                checked(METHOD.questions[key], answer)
            except AnswerError as error:
                pytest.fail(str(error))
