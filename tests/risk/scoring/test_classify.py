"""The decision table against the worked and the labelled cases, and against every way of answering what is unknown."""

from datetime import date
from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from risk.method import check_cases, load_method, newest
from risk.scoring.classify import Answer, AnswerError, Classification, classify
from risk.scoring.method import Method, Question
from risk.scoring.questions import classify_so_far, finished, relevant_questions
from tests.risk.scoring.conftest import ENGINE, labelled_cases

METHOD = load_method(newest())
SHIPPED = [case.model_dump() for case in check_cases()]
LABELLED = labelled_cases()


def test_all_cases_are_there() -> None:
    assert (len(SHIPPED), len(LABELLED)) == (12, 60)


@pytest.mark.parametrize("case", [*SHIPPED, *LABELLED], ids=lambda case: case["id"])
def test_case(case: dict[str, Any], method: Method) -> None:
    found = classify(case["answers"], method)
    expected = case["expect"]
    assert found.class_ == expected["class"]
    assert list(found.possible) == expected.get("possible", [expected["class"]])
    assert list(found.decided_by) == expected.get("decided_by", [])
    if "open_facts" in expected:
        assert list(found.open_facts) == expected["open_facts"]
    assert set(expected.get("facts", ())) <= set(found.facts)
    assert not set(expected.get("not_facts", ())) & {*found.facts, *found.open_facts}
    assert set(expected.get("articles", ())) <= set(found.articles)
    if "from" in expected:
        assert found.from_ == expected["from"]


def test_facts_are_closed_under_implies(method: Method) -> None:
    answers: dict[str, Answer] = {
        "ai_system": True,
        "union_nexus": True,
        "role": ["uses"],
        "annex_iii": ["5b"],
        "profiling": True,
    }
    facts = set(classify(answers, method).facts)
    assert "app.allocates_opportunities" in facts
    assert facts == set().union(*(method.implied[fact] for fact in facts))


def test_absent_is_no_and_null_is_unknown(method: Method) -> None:
    assert classify({}, method).class_ == "out_of_scope"
    unknown = classify(dict.fromkeys(method.questions), method)
    assert unknown.class_ is None
    assert unknown.possible == method.headline_order
    assert unknown.decided_by == tuple(method.questions)
    assert unknown.facts == ()


def test_facts_behind_a_possible_stop_stay_open(method: Method) -> None:
    """If the practice is prohibited, the run ends there, and nobody says high-risk: so that is not certain yet."""
    answers: dict[str, Answer] = {
        "ai_system": True,
        "union_nexus": True,
        "p_d": True,
        "p_d_facts": None,
        "annex_iii": ["6d"],
    }
    found = classify({**answers, "profiling": True}, method)
    assert "eu_ai_act.high_risk" in found.open_facts
    assert "eu_ai_act.high_risk" not in found.facts
    assert "6(2)" not in found.articles


def test_date_is_that_of_the_class_and_delays_nothing(method: Method) -> None:
    base: dict[str, Answer] = {"ai_system": True, "union_nexus": True, "role": ["uses"]}
    assert classify({**base, "p_ba": True}, method).from_ == date(2026, 12, 2)
    assert classify({**base, "p_ba": True}, method).class_ == "prohibited"
    both = classify({**base, "p_ba": True, "p_a": True}, method)
    assert both.from_ == date(2025, 2, 2)
    assert classify(base, method).from_ is None


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        ({"no_such": True}, "no question 'no_such'"),
        ({"ai_system": "yes"}, "true, false or null"),
        ({"ai_system": 1}, "true, false or null"),
        ({"role": "uses"}, "a list of options"),
        ({"role": ["flies"]}, "no option 'flies'"),
        ({"role": [["uses"]]}, "no option"),
        ({"annex_i": ["section_a"]}, "one of none, section_a, section_b"),
        ({"annex_i": "section_c"}, "section_c"),
    ],
)
def test_impossible_answers_are_refused(answers: dict[str, Any], said: str, method: Method) -> None:
    with pytest.raises(AnswerError, match=said):
        classify(answers, method)


def test_questions_shrink_as_answers_come_in(method: Method) -> None:
    assert len(relevant_questions({}, method)) == len(method.questions)
    assert [q.id for q in relevant_questions({"union_nexus": False}, method)] == ["union_nexus"]
    started: dict[str, Answer] = {"ai_system": True, "union_nexus": True, "exclusion": [], "p_a": True}
    left = [q.id for q in relevant_questions(started, method)]
    assert "annex_iii" not in left
    assert "role" in left  # roles are facts of their own, also of a prohibited practice
    assert not finished(started, method)
    assert classify_so_far(started, method).class_ == "prohibited"


def test_follow_up_is_asked_only_where_it_can_matter(method: Method) -> None:
    assert "p_f_safety" in {q.id for q in relevant_questions({"p_f": None}, method)}
    assert "p_f_safety" not in {q.id for q in relevant_questions({"p_f": False}, method)}


# ---- every way of answering


def options(question: Question) -> list[Any]:
    if question.type == "yes_no":
        return [False, True]
    return list(question.options) if question.type == "choice" else [[], *([one] for one in question.options)]


OPTIONS = {question.id: options(question) for question in METHOD.questions.values()}


@st.composite
def partial_answers(draw: st.DrawFn) -> tuple[dict[str, Any], list[str]]:
    """Complete answers, in scope more often than not, and up to two questions of them to be unknown."""
    answers = {key: draw(st.sampled_from(values)) for key, values in OPTIONS.items() if draw(st.booleans())}
    if draw(st.integers(0, 4)):
        answers |= {"ai_system": True, "union_nexus": True, "exclusion": draw(st.sampled_from([[], ["open_source"]]))}
    if draw(st.integers(0, 3)):
        answers = {key: value for key, value in answers.items() if not key.startswith("p_")}
    likely = [key for key in OPTIONS if not key.startswith("p_")]
    open_ = draw(st.lists(st.sampled_from([*OPTIONS, *likely]), max_size=2, unique=True))
    return answers, open_


@given(partial_answers())
@settings(ENGINE, max_examples=100)
def test_what_is_certain_holds_in_every_way_of_answering(drawn: tuple[dict[str, Any], list[str]]) -> None:
    answers, open_ = drawn
    found = classify({**answers, **dict.fromkeys(open_)}, METHOD)
    for values in product(*(OPTIONS[key] for key in open_)):
        completed = classify({**answers, **dict(zip(open_, values, strict=True))}, METHOD)
        assert completed.class_ in found.possible
        assert set(found.facts) <= set(completed.facts)
        of_table = {fact for fact in completed.facts if METHOD.facts[fact].source == "classification"}
        assert of_table <= {*found.facts, *found.open_facts}
        if found.class_ is None:
            assert set(found.articles) <= set(completed.articles)


@given(partial_answers())
@settings(ENGINE, max_examples=100)
def test_only_the_named_questions_decide(drawn: tuple[dict[str, Any], list[str]]) -> None:
    """Unknown questions outside `decided_by` change neither the class nor a fact, whatever the others say."""
    answers, open_ = drawn
    found = classify({**answers, **dict.fromkeys(open_)}, METHOD)
    idle = [key for key in open_ if key not in found.decided_by]
    deciding = [key for key in open_ if key in found.decided_by]
    for fixed in product(*(OPTIONS[key] for key in deciding)):
        base = {**answers, **dict(zip(deciding, fixed, strict=True))}
        outcomes = {
            outcome(classify({**base, **dict(zip(idle, values, strict=True))}, METHOD))
            for values in product(*(OPTIONS[key] for key in idle))
        }
        assert len(outcomes) == 1


def outcome(found: Classification) -> tuple[str | None, tuple[str, ...]]:
    return found.class_, found.facts
