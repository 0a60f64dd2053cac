"""Coverage: states in the order of the method, what counts in the mean, and dates that lie ahead."""

from datetime import date

import pytest

from risk.scoring.coverage import FrameworkCoverage, RequirementState, assess_requirements, mean_fulfilment
from risk.scoring.expressions import Truth
from risk.scoring.method import Method
from risk.scoring.vocabulary import State

TODAY = date(2026, 11, 22)


def everything(method: Method, value: Truth) -> dict[str, Truth]:
    return dict.fromkeys(method.facts, value)


def state(found: FrameworkCoverage, requirement: str) -> RequirementState:
    return next(one for one in (*found.requirements, *found.organisation) if one.requirement.id == requirement)


@pytest.mark.parametrize(
    ("worth", "expected", "low", "high"),
    [
        ({"GV-06": 1.0}, State.MET, 1.0, 1.0),
        ({"GV-06": 0.8}, State.MET, 0.8, 0.8),
        ({"GV-06": 0.79}, State.PARTIAL, 0.79, 0.79),
        ({"GV-06": 0.0}, State.GAP, 0.0, 0.0),
        ({"GV-06": None}, State.UNKNOWN, 0.0, 1.0),
        ({}, State.NOT_ASSESSED, None, None),
    ],
)
def test_states_of_one_control(
    worth: dict[str, float | None], expected: State, low: float | None, high: float | None, method: Method
) -> None:
    """AI literacy (Art. 4) is satisfied by one control only."""
    assert method.satisfied_by["eu_ai_act:4"] == ("GV-06",)
    found = state(assess_requirements(method, everything(method, True), worth, TODAY)["eu_ai_act"], "4")
    assert (found.state, found.low, found.high) == (expected, low, high)


@pytest.mark.parametrize(
    ("first", "second", "expected", "low", "high"),
    [
        (1.0, None, State.PARTIAL, 0.5, 1.0),
        (0.0, None, State.GAP, 0.0, 0.5),
        (None, None, State.UNKNOWN, 0.0, 1.0),
        (0.8, 0.9, State.MET, 0.85, 0.85),
        (0.0, 0.2, State.PARTIAL, 0.1, 0.1),
    ],
)
def test_states_of_two_controls(
    first: float | None, second: float | None, expected: State, low: float, high: float, method: Method
) -> None:
    key, (one, other) = next((k, c) for k, c in method.satisfied_by.items() if len(c) == 2 and k.startswith("gdpr:"))
    found = assess_requirements(method, everything(method, True), {one: first, other: second}, TODAY)["gdpr"]
    assessed = state(found, key.split(":", 1)[1])
    assert assessed.state == expected
    assert (assessed.low, assessed.high) == pytest.approx((low, high))
    assert set(assessed.missing) == {c for c, e in ((one, first), (other, second)) if e is None or e < 0.8}


def test_what_lies_ahead_is_upcoming_never_a_breach(method: Method) -> None:
    facts = {
        **everything(method, False),
        "eu_ai_act.in_scope": True,
        "eu_ai_act.high_risk": True,
        "role.provider": True,
    }
    facts["eu_ai_act.high_risk_annex_iii"] = True
    worth: dict[str, float | None] = dict.fromkeys(method.controls, 0.0)
    found = state(assess_requirements(method, facts, worth, TODAY)["eu_ai_act"], "9.2")
    assert found.state == State.UPCOMING
    assert found.obligation_from == found.due == date(2027, 12, 2)
    assert found.days_left == (date(2027, 12, 2) - TODAY).days
    on_the_day = state(assess_requirements(method, facts, worth, date(2027, 12, 2))["eu_ai_act"], "9.2")
    assert (on_the_day.state, on_the_day.days_left) == (State.GAP, None)


def test_date_follows_the_route(method: Method) -> None:
    facts = {**everything(method, True), "eu_ai_act.high_risk_annex_iii": False}
    worth: dict[str, float | None] = dict.fromkeys(method.controls, 1.0)
    by_product_law = state(assess_requirements(method, facts, worth, TODAY)["eu_ai_act"], "9.2")
    assert by_product_law.obligation_from == date(2028, 8, 2)
    both = state(assess_requirements(method, everything(method, True), worth, TODAY)["eu_ai_act"], "9.2")
    assert both.obligation_from == date(2027, 12, 2)


def test_organisation_requirements_stand_apart(method: Method) -> None:
    worth: dict[str, float | None] = dict.fromkeys(method.controls, 1.0)
    found = assess_requirements(method, everything(method, True), worth, TODAY)
    for coverage in found.values():
        assert all(one.requirement.level == "organisation" for one in coverage.organisation)
        assert all(one.requirement.level != "organisation" for one in coverage.requirements)
        assert coverage.low == coverage.high == 1.0
    uncovered = {one.requirement.key for c in found.values() for one in c.organisation if not one.controls}
    assert uncovered == set(method.uncovered)


def test_unknown_classification_is_never_not_applicable(method: Method) -> None:
    facts = {**everything(method, True), "eu_ai_act.in_scope": None}
    worth: dict[str, float | None] = dict.fromkeys(method.controls, 1.0)
    found = assess_requirements(method, facts, worth, TODAY)["eu_ai_act"]
    literacy = state(found, "4")
    assert (literacy.applicable, literacy.state, literacy.low, literacy.high) == (None, State.UNKNOWN, 0.0, 1.0)
    assert found.low is not None
    assert found.high == 1.0
    assert found.low < 1.0


def test_coverage_encloses_every_way_the_unknowns_turn_out(method: Method) -> None:
    worth: dict[str, float | None] = {c: (None, 0.0, 0.5, 1.0)[i % 4] for i, c in enumerate(method.controls)}
    open_facts = {**everything(method, True), "app.generative": None, "eu_ai_act.gpai_open_source": None}
    wide = assess_requirements(method, open_facts, worth, TODAY)
    for generative in (True, False):
        for value in (0.0, 0.3, 1.0):
            settled = {key: value if e is None else e for key, e in worth.items()}
            facts = {**open_facts, "app.generative": generative, "eu_ai_act.gpai_open_source": generative}
            for key, narrow in assess_requirements(method, facts, settled, TODAY).items():
                outer = wide[key]
                if narrow.low is not None and narrow.high is not None:
                    assert outer.low is not None
                    assert outer.high is not None
                    assert outer.low <= narrow.low + 1e-12, key
                    assert outer.high >= narrow.high - 1e-12, key


def test_mean_is_over_pairs_and_none_without_any(method: Method) -> None:
    assert mean_fulfilment([]) == (None, None)
    worth: dict[str, float | None] = dict.fromkeys(method.controls, 0.5)
    found = assess_requirements(method, everything(method, True), worth, TODAY)["gdpr"]
    assert mean_fulfilment([*found.requirements, *found.requirements]) == pytest.approx((0.5, 0.5))
    assert found.count(State.PARTIAL) == len(found.requirements)


def test_nothing_applies_where_every_fact_is_false(method: Method) -> None:
    found = assess_requirements(method, everything(method, False), {}, TODAY)
    assert found["eu_ai_act"].requirements == ()
    assert found["eu_ai_act"].low is None
    assert found["nist_ai_rmf"].requirements  # asked always
