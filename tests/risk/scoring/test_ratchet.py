"""The ratchet over a life of changes: being asked more never looks like improvement, and answering releases it."""

import random
from dataclasses import replace
from datetime import timedelta

import pytest

from risk.scoring.case import Case, Stated
from risk.scoring.judgement import Judgement, Previous, judge
from risk.scoring.method import Method
from tests.risk.scoring.estate import DAY, a_full_case


def following(judgement: Judgement, case: Case, method: Method) -> Judgement:
    """The next judgement, as a recalculation makes it."""
    before = Previous(judgement.score, judgement.tier, judgement.case.held)
    return judge(case, judgement.day, method, before)


def graver(case: Case, dice: random.Random, method: Method) -> Case:
    """The case with one factor answered worse, or as bad as it was."""
    factor = dice.choice([one for one in method.factors.values() if one.id != "eu_class"])
    was = case.answers.get(factor.id)
    worse = [o for o, value in factor.options.items() if was is None or value >= factor.options[str(was)]]
    return replace(case, answers={**case.answers, factor.id: dice.choice(worse)})


@pytest.mark.parametrize("seed", range(25))
def test_a_rising_tier_never_lowers_a_point_until_the_new_controls_are_answered(seed: int, method: Method) -> None:
    dice = random.Random(seed)
    start = a_full_case(seed)
    mild = {key: method.factors[key].least for key in method.factors if key != "eu_class" and dice.random() < 0.8}
    judgement = judge(replace(start, answers={**start.answers, **mild}), DAY, method)
    for _ in range(8):
        after = following(judgement, graver(judgement.case, dice, method), method)
        if after.tier > judgement.tier and after.case.held is not None:
            assert after.score.point >= judgement.score.point - 1e-9
            for key, one in after.score.principles.items():
                assert one.point >= judgement.score.principles[key].point - 1e-9
        judgement = after


@pytest.mark.parametrize("seed", range(25))
def test_answering_what_it_waits_for_releases_it(seed: int, method: Method) -> None:
    dice = random.Random(seed)
    asked = [one for key, one in method.factors.items() if key != "eu_class"]
    judgement = judge(Case(answers={one.id: one.least for one in asked}), DAY, method)
    graver_now = {one.id: one.most for one in asked if dice.random() < 0.9}
    judgement = following(judgement, replace(judgement.case, answers={**judgement.case.answers, **graver_now}), method)
    held = judgement.case.held
    assert held is not None, "the tier is meant to rise"
    waiting = list(held.pending)
    dice.shuffle(waiting)
    for place, control in enumerate(waiting, start=1):
        controls = {**judgement.case.controls, control: Stated("verified", DAY - timedelta(days=1))}
        judgement = following(judgement, replace(judgement.case, controls=controls), method)
        if place < len(waiting):
            assert judgement.case.held is not None
            assert judgement.score.point >= held.overall - 1e-9
    assert judgement.case.held is None
    free = judge(replace(judgement.case, held=None), DAY, method)
    assert judgement.score == free.score
