"""Two judgements, taken apart into the changes between them: each alone, all together the whole difference."""

from dataclasses import replace
from datetime import timedelta

import pytest

from risk.scoring.application import Ratchet
from risk.scoring.case import Case, Occurrence, Stated, Usage
from risk.scoring.compare import CauseKind, differences
from risk.scoring.judgement import judge
from risk.scoring.method import Method
from risk.scoring.vocabulary import OVERALL
from risk.scoring.what_if import value_of
from tests.risk.scoring.estate import DAY, a_full_case

LATER = DAY + timedelta(days=75)


def other_method(method: Method) -> Method:
    """The same method with one number changed."""
    return replace(method, version="draft", parameters=replace(method.parameters, max_mitigation=0.7))


@pytest.mark.parametrize("seed", range(10))
def test_the_effects_add_up_to_the_difference(seed: int, method: Method) -> None:
    new = other_method(method) if seed % 3 == 0 else method
    held = Ratchet(70.0, dict.fromkeys(method.principles, 60.0), ("RM-01", "GV-01")) if seed % 2 else None
    before = judge(a_full_case(seed), DAY, method)
    after = judge(replace(a_full_case(seed + 100, LATER), held=held), LATER, new)
    found = differences(before, after, method, new)
    for measure in (OVERALL, *method.principles):
        whole = value_of(after, measure) - value_of(before, measure)
        assert sum(one.effects[measure] for one in found) == pytest.approx(whole, abs=1e-9)


@pytest.mark.parametrize("seed", range(10))
def test_what_is_taken_over_from_a_judgement_changes_nothing(seed: int, method: Method) -> None:
    like = judge(a_full_case(seed), DAY, method)
    other = a_full_case(seed + 100)
    half = replace(like.case, controls={**like.case.controls, **dict(list(other.controls.items())[::2])})
    ended = Stated(None, DAY, applicable=False, agreed_until=DAY - timedelta(days=1))
    for case in (like.case, other, half, replace(half, controls={**half.controls, next(iter(half.controls)): ended})):
        for day, new in ((DAY, method), (LATER, method), (DAY, other_method(method))):
            assert judge(case, day, new, like=like) == judge(case, day, new)


def test_each_change_is_named_once_with_what_it_was(method: Method) -> None:
    alert = Occurrence("high", (), DAY, True, ref="7", label="Odd")
    case = Case(
        answers={"scale": "under_10k", "novelty": "pilot"},
        organisation={"org.public_body": False},
        controls={"GV-01": Stated("attested", DAY), "RM-02": Stated("attested", DAY - timedelta(days=85))},
        occurrences=(alert,),
    )
    changed = Case(
        answers={"scale": "over_1m", "novelty": "pilot"},
        organisation={"org.public_body": True},
        controls={"GV-01": Stated("verified", DAY), "RM-02": Stated("attested", DAY - timedelta(days=85))},
        occurrences=(replace(alert, open=False),),
        usage=Usage(100, 0, 1),
    )
    found = differences(judge(case, DAY, method), judge(changed, DAY + timedelta(days=400), method), method, method)
    kinds = [(one.kind, one.key) for one in found]
    assert kinds[:3] == [
        (CauseKind.ANSWER, "scale"),
        (CauseKind.ORGANISATION, "org.public_body"),
        (CauseKind.CONTROL, "GV-01"),
    ]
    assert (CauseKind.AGE, "RM-02") in kinds
    assert kinds[-3:] == [(CauseKind.FADING, ""), (CauseKind.ALERT, "7"), (CauseKind.USAGE, "")]
    assert found[0].before == "under_10k"
    assert found[0].after == "over_1m"
    assert found[0].effects[OVERALL] > 0 > found[2].effects[OVERALL]


def test_nothing_changed_is_nothing_to_say(method: Method) -> None:
    one = judge(a_full_case(1), DAY, method)
    assert differences(one, one, method, method) == ()


def test_what_a_new_method_cannot_read_is_named_and_taken_out_before_it(method: Method) -> None:
    scale = method.factors["scale"]
    options = {key: value for key, value in scale.options.items() if key != "under_1m"}
    new = replace(method, version="draft", factors={**method.factors, "scale": replace(scale, options=options)})
    case = Case(answers={"scale": "under_1m", "novelty": "pilot"}, controls={"GV-01": Stated("attested", DAY)})
    before = judge(case, DAY, method)
    for answers in ({"novelty": "pilot"}, {"novelty": "pilot", "scale": "over_1m"}):
        after = judge(replace(case, answers=answers), DAY, new)
        found = differences(before, after, method, new)
        kinds = [(one.kind, one.key) for one in found]
        assert kinds[:2] == [(CauseKind.MISFIT, "scale"), (CauseKind.METHOD, "draft")]
        assert kinds[2:] == ([(CauseKind.ANSWER, "scale")] if "scale" in answers else [])
        assert (found[0].before, found[0].after) == ("under_1m", None)
        for measure in (OVERALL, *method.principles):
            whole = value_of(after, measure) - value_of(before, measure)
            assert sum(one.effects[measure] for one in found) == pytest.approx(whole, abs=1e-9)
