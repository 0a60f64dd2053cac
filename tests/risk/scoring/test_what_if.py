"""What a step promises is what the next judgement gives."""

from dataclasses import replace

import pytest

from risk.scoring.application import Ratchet
from risk.scoring.case import Case, Occurrence, Usage
from risk.scoring.judgement import Judgement, Previous, judge
from risk.scoring.method import Method
from risk.scoring.vocabulary import OVERALL
from risk.scoring.what_if import (
    Changes,
    clashes,
    control_effects,
    question_effects,
    tried,
    value_of,
)
from tests.risk.scoring.estate import DAY, a_full_case

SEEDS = range(12)


def judged(seed: int, method: Method, **changes: object) -> Judgement:
    return judge(replace(a_full_case(seed), **changes), DAY, method)


@pytest.mark.parametrize("seed", SEEDS)
def test_stating_a_control_gives_what_was_promised(seed: int, method: Method) -> None:
    case = a_full_case(seed)
    first = judge(case, DAY, method)
    waiting = tuple(c.id for c in first.inputs.controls if c.status is None)[:3]
    held = Ratchet(90.0, dict.fromkeys(method.principles, 80.0), waiting) if waiting and seed % 2 else None
    judgement = judge(replace(case, held=held), DAY, method)
    for measure in (OVERALL, "fairness"):
        found = control_effects(judgement, method, measure)
        assert [one.gain for one in found] == sorted((one.gain for one in found), reverse=True)
        for one in found:
            for status, promised in (("evidenced", one.evidenced), ("verified", one.then)):
                if promised is not None:
                    after = tried(judgement, Changes(controls={one.control: status}), method)
                    assert value_of(after, measure) == pytest.approx(promised, abs=1e-9)


def test_no_control_that_would_help_is_left_out(method: Method) -> None:
    judgement = judged(3, method)
    offered = {one.control for one in control_effects(judgement, method)}
    for control in judgement.inputs.controls:
        after = tried(judgement, Changes(controls={control.id: "verified"}), method)
        assert (after.score.point < judgement.score.point - 1e-9) <= (control.id in offered)


@pytest.mark.parametrize("seed", SEEDS)
def test_each_answer_gives_what_was_promised(seed: int, method: Method) -> None:
    judgement = judged(seed, method, usage=Usage())
    before = Previous(judgement.score, judgement.tier, judgement.case.held)
    for one in question_effects(judgement, method, most=12):
        assert one.best <= one.worst
        if one.question == "telemetry":
            continue
        for option, promised in one.options.items():
            answer = {"yes": True, "no": False}.get(option, option)
            case = replace(judgement.case, answers={**judgement.case.answers, one.question: answer})
            assert judge(case, DAY, method, before).score.point == pytest.approx(promised, abs=1e-9)


def test_seeing_use_that_shows_nothing_lowers_the_point(method: Method) -> None:
    judgement = judge(Case(), DAY, method)
    found = {one.question: one for one in question_effects(judgement, method, most=20)}
    assert found["telemetry"].best < found["telemetry"].now
    seen = tried(judgement, Changes(telemetry=True), method)
    assert seen.inputs.signals.telemetry
    assert not seen.inputs.signals.rates


def test_nothing_is_promised_where_a_practice_is_prohibited(method: Method) -> None:
    answers = {"ai_system": True, "union_nexus": True, "exclusion": [], "p_a": True}
    judgement = judge(Case(answers=answers), DAY, method)
    assert judgement.inputs.prohibited
    assert control_effects(judgement, method) == []
    assert question_effects(judgement, method) == []


def test_alerts_can_be_tried_in_every_way(method: Method) -> None:
    one = Occurrence("high", (), DAY, True, ref="7", label="Odd")
    judgement = judge(replace(a_full_case(2), occurrences=(one,)), DAY, method)
    now = judgement.score.point
    worse = tried(judgement, Changes(alerts=("critical", "low")), method)
    closed = tried(judgement, Changes(closed=frozenset({"7"})), method)
    gone = tried(judgement, Changes(dismissed=frozenset({"7"})), method)
    assert gone.score.point < closed.score.point < now < worse.score.point
    assert judgement.case.occurrences == (one,)  # a copy was tried


def test_no_change_changes_nothing(method: Method) -> None:
    judgement = judged(5, method)
    assert not Changes()
    assert tried(judgement, Changes(), method).score == judgement.score


def test_a_contradiction_is_named(method: Method) -> None:
    assert clashes(Case(answers={"app.agentic": True}), method) == []
    found = clashes(Case(answers={"app.agentic": True, "app.generative": False}), method)
    assert ("app.agentic", "app.generative") in {(one.first, one.second) for one in found}
