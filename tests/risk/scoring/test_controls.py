"""Which controls are asked, what a duty pulls in, and that asking more never looks like improvement."""

from dataclasses import replace

import pytest

from risk.scoring.classify import classify
from risk.scoring.controls import AskedControl, asked_controls, next_ratchet, tier_of
from risk.scoring.expressions import Truth, evaluate
from risk.scoring.facts import combine, contradictions, settle
from risk.scoring.method import Method
from risk.scoring.score import ApplicationInput, ApplicationScore, ControlInput, Ratchet, score_application
from risk.scoring.vocabulary import Why

IN_SCOPE = {"ai_system": True, "union_nexus": True}


def facts_of(method: Method, answers: dict, *true: str, inherent: float = 20.0) -> dict[str, Truth]:
    stated = {
        key: key in true for key, fact in method.facts.items() if fact.source in ("questionnaire", "organisation")
    }
    return combine(method, classify({**IN_SCOPE, **answers}, method), stated, inherent)


def ids(asked: list[AskedControl]) -> set[str]:
    return {one.control.id for one in asked}


@pytest.mark.parametrize(
    ("inherent", "eu_class", "tier"),
    [(0, None, 1), (24.99, "minimal", 1), (25, None, 2), (49.9, None, 2), (50, None, 3), (10, "high_risk", 3)],
)
def test_tier(inherent: float, eu_class: str | None, tier: int) -> None:
    assert tier_of(inherent, eu_class) == tier


def test_as_many_controls_as_the_method_says(method: Method) -> None:
    """A chatbot is asked 49 of 80, an EU credit score 55."""
    chatbot = facts_of(
        method,
        {"role": ["develops_own_name", "uses"], "interacts": True, "synthetic": True},
        *("app.generative", "app.uses_rag", "app.personal_data", "app.third_party_component"),
        *("app.third_party_model", "app.interacts_with_people", "app.customer_facing", "app.internet_exposed"),
        inherent=45,
    )
    assert len(asked_controls(method, chatbot, 45, "transparency", set())) == 49
    credit = facts_of(
        method,
        {"role": ["develops_own_name", "uses"], "annex_iii": ["5b"], "profiling": True},
        *("app.predictive", "app.trains_model", "app.personal_data", "app.profiling", "app.dpia_required"),
        *("app.affects_individuals", "app.allocates_opportunities", "org.eu_financial_entity"),
        inherent=68,
    )
    assert len(asked_controls(method, credit, 68, "high_risk", set())) == 55


def test_every_binding_duty_that_applies_has_a_control(method: Method) -> None:
    """Whatever the tier: at inherent 5, duties pull in what the tier would leave out."""
    facts = facts_of(
        method,
        {"role": ["uses"], "interacts": True, "synthetic": True},
        *("app.generative", "app.personal_data", "app.third_party_component", "app.critical_function"),
        "org.eu_financial_entity",
        inherent=5,
    )
    asked = asked_controls(method, facts, 5, None, set())
    assert {one.why for one in asked} == {Why.TIER, Why.BINDING}
    for requirement in method.requirements.values():
        if method.frameworks[requirement.framework].binding and requirement.key not in method.uncovered:
            applies = evaluate(requirement.applies_to, facts.get)
            possible = [c for c in method.satisfied_by[requirement.key] if c in ids(asked)]
            available = [
                c
                for c in method.satisfied_by[requirement.key]
                if evaluate(method.controls[c].applies_when, facts.get) is not False
            ]
            assert possible or not available or applies is False, requirement.key


def test_above_the_tier_a_control_counts_once_answered(method: Method) -> None:
    facts = facts_of(method, {"role": ["uses"]})
    above = next(c.id for c in method.controls.values() if c.tier == 3 and str(c.applies_when) == "always")
    before = ids(asked_controls(method, facts, 20, None, set()))
    after = asked_controls(method, facts, 20, None, {above})
    assert above not in before
    assert {one.control.id: one.why for one in after}[above] == Why.ANSWERED


def test_unknown_fact_makes_applicability_unknown_never_false(method: Method) -> None:
    asked = {one.control.id: one for one in asked_controls(method, {}, 60, None, set())}
    assert set(asked) == set(method.controls)
    for control in method.controls.values():
        assert asked[control.id].applicable is (True if str(control.applies_when) == "always" else None) or (
            "risk.inherent_high" in str(control.applies_when)
        )


# ---- facts


def test_facts_that_follow_become_known(method: Method) -> None:
    settled = settle({"app.multi_agent": True, "app.personal_data": False}, method)
    assert settled["app.generative"] is True
    assert settled["app.profiling"] is False  # it would imply personal data
    assert settled["app.mrm_model"] is False  # excludes generative
    assert settled["app.predictive"] is None


def test_contradictions_name_both_sides(method: Method) -> None:
    found = contradictions({"app.agentic": True, "app.generative": False, "app.mrm_model": True}, method)
    assert [(one.first, one.second, one.rule) for one in found] == [("app.agentic", "app.generative", "implies")]
    both = contradictions({"app.generative": True, "app.mrm_model": True}, method)
    assert [(one.first, one.second) for one in both] == [("app.mrm_model", "app.generative")]
    duties = dict.fromkeys(method.facts["eu_ai_act.transparency"].one_of, False)
    assert contradictions({"eu_ai_act.transparency": True, **duties}, method)[-1].rule == "one_of"


def test_no_classification_is_unknown_not_no(method: Method) -> None:
    facts = combine(method, None, {}, None)
    assert facts["eu_ai_act.high_risk"] is None
    assert facts["risk.inherent_high"] is None
    assert combine(method, None, {}, 50.0)["risk.inherent_high"] is True


# ---- the ratchet


def scored(method: Method, controls: list[ControlInput], held: Ratchet | None = None) -> ApplicationScore:
    answers = {factor.id: list(factor.options)[1] for factor in method.factors.values()}
    return score_application(ApplicationInput(answers, tuple(controls), previous=held), method)


def control(id_: str, status: str | None) -> ControlInput:
    return ControlInput(id_, 5, status, 0, 365, True, {"fairness": 1.0, "accountability": 1.0})


def test_point_is_held_until_the_new_controls_are_answered(method: Method) -> None:
    before = scored(method, [control("GV-05", "not_started")])
    fresh = [c for c in method.controls.values() if c.tier == 2][:2]
    asked = [AskedControl(c, True, Why.TIER) for c in [method.controls["GV-05"], *fresh]]
    held = next_ratchet(None, before, 1, 2, asked, {"GV-05"})
    assert held is not None
    assert set(held.pending) == {c.id for c in fresh}

    loose = scored(method, [control("GV-05", "not_started"), *(control(c.id, None) for c in fresh)])
    assert loose.point < before.point  # asking more looks like improvement …
    kept = scored(method, [control("GV-05", "not_started"), *(control(c.id, None) for c in fresh)], held)
    assert kept.point >= before.point  # … and the ratchet says no
    assert kept.low <= kept.point <= kept.high
    assert all(kept.principles[p].point >= one.point for p, one in before.principles.items())

    one_left = next_ratchet(held, kept, 2, 2, asked, {"GV-05", fresh[0].id})
    assert one_left is not None
    assert one_left.pending == (fresh[1].id,)
    assert one_left.overall == held.overall
    assert next_ratchet(one_left, kept, 2, 2, asked, {"GV-05", *(c.id for c in fresh)}) is None


def test_answered_controls_release_the_engine_too(method: Method) -> None:
    held = Ratchet(90.0, {}, ("GV-07",))
    assert scored(method, [control("GV-07", "not_started")], held).point < 90
    assert scored(method, [control("GV-07", None)], held).point == 90
    released = replace(control("GV-07", None), applicable=False)
    assert scored(method, [released], held).point < 90


def test_no_ratchet_without_a_rise(method: Method) -> None:
    before = scored(method, [])
    asked = [AskedControl(method.controls["GV-07"], True, Why.TIER)]
    assert next_ratchet(None, before, 3, 3, asked, set()) is None
    assert next_ratchet(None, before, 3, 2, asked, set()) is None
    assert next_ratchet(None, None, 1, 3, asked, set()) is None
