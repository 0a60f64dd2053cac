"""Counting coverage on arrays says what the readable way says, requirement by requirement."""

import random
from datetime import date, timedelta

import pytest

from risk.method import load_method
from risk.scoring.bulk import judge_many
from risk.scoring.case import Case, Stated
from risk.scoring.classify import Answer
from risk.scoring.codebook import codebook
from risk.scoring.judgement import judge
from risk.scoring.tally import ABSENT, LETTERS, coverage_of, overdue, tallies

DAY = date(2026, 11, 22)


def a_case(dice: random.Random) -> Case:
    """A case in which everything that can be open is open now and then."""
    method = load_method()
    answers: dict[str, Answer] = {}
    for factor in method.factors.values():
        if dice.random() < 0.8 and factor.id != "eu_class":
            answers[factor.id] = dice.choice([*factor.options, None])
    for fact in method.facts.values():
        if fact.source == "questionnaire" and dice.random() < 0.8:
            answers[fact.id] = dice.choice([True, False, None])
    for question in method.questions.values():
        if question.type == "yes_no" and dice.random() < 0.9:
            answers[question.id] = dice.choice([False, False, False, True, None])
    answers |= {"ai_system": True, "union_nexus": True, "exclusion": []} if dice.random() < 0.7 else {}
    controls = {
        control: Stated(
            dice.choice(list(method.control_status)),
            DAY - timedelta(days=dice.randint(0, 700)),
            dice.choice([None, DAY - timedelta(days=3), DAY + timedelta(days=3)]),
        )
        for control in dice.sample(list(method.controls), dice.randint(0, 60))
    }
    organisation = {
        fact.id: dice.choice([True, False, None]) for fact in method.facts.values() if fact.source == "organisation"
    }
    return Case(answers=answers, organisation=organisation, controls=controls)


def test_arrays_count_what_the_readable_way_counts() -> None:
    dice, method = random.Random(3), load_method()
    cases = [a_case(dice) for _ in range(40)]
    table = tallies(judge_many(codebook(method).encode(cases), DAY, method).standing, method)
    for row, case in enumerate(cases):
        judgement, found = judge(case, DAY, method), table.of(row)
        expected = coverage_of(judgement, method)
        assert {one.framework for one in found} == {key for key, one in expected.items() if one.requirements}
        for one in found:
            coverage = expected[one.framework]
            letters = {state.requirement.id: LETTERS[state.state] for state in coverage.requirements}
            keys = method.frameworks[one.framework].requirements
            assert one.states == "".join(letters.get(key, ABSENT) for key in keys)
            assert one.overdue == sum(overdue(state, DAY) for state in coverage.requirements)
            assert one.assessed == sum(state.counts for state in coverage.requirements)
            for state in LETTERS:
                assert getattr(one, state.value) == coverage.count(state)
            if coverage.low is not None and coverage.high is not None:
                assert one.low / one.assessed == pytest.approx(coverage.low, abs=1e-9)
                assert one.high / one.assessed == pytest.approx(coverage.high, abs=1e-9)
