"""Every score can be taken apart, and its parts add up to it: exactly, as shown."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from risk.scoring.application import (
    ApplicationInput,
    ApplicationScore,
    Contribution,
    ControlInput,
    PrincipleScore,
    Ratchet,
    Signals,
)
from risk.scoring.explain import explain, shown, total
from risk.scoring.inputs import parse_application
from risk.scoring.method import Method
from risk.scoring.score import score_application
from risk.scoring.vocabulary import Kind
from tests.risk.scoring.conftest import ENGINE, golden
from tests.risk.scoring.strategies import METHOD, applications

CASES = {case["id"]: case["input"] for case in golden()["applications"]}


@given(applications, st.booleans())
@settings(ENGINE, max_examples=80)
def test_bars_add_up(inp: ApplicationInput, held: bool) -> None:
    if held:
        points = dict.fromkeys(METHOD.principles, 60.0)
        inp = replace(inp, previous=Ratchet(60.0, points, tuple(c.id for c in inp.controls)))
    found = explain(inp, METHOD)
    plain = score_application(inp, METHOD)
    assert (found.low, found.point, found.high) == (plain.low, plain.point, plain.high)
    parts: list[PrincipleScore | ApplicationScore] = [*found.principles.values(), found]
    for one in parts:
        assert total(one.contributions) == pytest.approx(one.point, abs=1e-9)
        bars, point = shown(one.contributions, one.point)
        assert point == round(one.point, 1)
        assert sum(round(bar.value * 10) for bar in bars) == round(point * 10)
        assert all(bar.value for bar in bars)


@given(st.lists(st.floats(-200, 200), min_size=1, max_size=30), st.integers(0, 3))
@settings(ENGINE, max_examples=80)
def test_rounding_adds_up_for_any_bars(values: list[float], decimals: int) -> None:
    bars = [Contribution(Kind.CONTROL, str(i), "", value) for i, value in enumerate(values)]
    point = total(bars)
    rounded, target = shown(bars, point, decimals)
    unit = 10**decimals
    assert sum(round(bar.value * unit) for bar in rounded) == round(target * unit)
    by_key = {bar.key: bar.value for bar in rounded}
    assert all(abs(by_key.get(bar.key, 0.0) - bar.value) <= 1 / unit + 1e-9 for bar in bars)


def test_parts_of_the_worked_example(method: Method) -> None:
    """Case A4, fairness: the floor adds nothing, controls take off 75.67 % of the inherent risk, signals add 29.50."""
    found = explain(parse_application(CASES["A4"], method), method).principles["fairness"]

    def of(*kinds: Kind) -> float:
        return total(bar for bar in found.contributions if bar.kind in kinds)

    assert of(Kind.IMPACT, Kind.LIKELIHOOD, Kind.FLOOR) == pytest.approx(67.65, abs=0.005)
    assert of(Kind.CONTROL) == pytest.approx(16.46 - 67.65, abs=0.01)
    assert of(Kind.EVENT, Kind.DRIFT) == pytest.approx(45.96 - 16.46, abs=0.01)
    assert of(Kind.UNKNOWN) == 0
    assert found.contributions[0].key == "data_sensitivity"


def test_what_is_not_known_is_named(method: Method) -> None:
    found = explain(parse_application(CASES["A5"], method), method)
    open_items = {bar.key for bar in found.contributions if bar.kind == Kind.UNKNOWN}
    assert open_items == {"scale", "exposure", "RM-02", "AG-06", "telemetry"}
    fairness = found.principles["fairness"]
    unknown = [bar for bar in fairness.contributions if bar.kind == Kind.UNKNOWN]
    assert total(unknown) == pytest.approx(fairness.point - fairness.low)
    assert "AG-06" not in {bar.key for bar in unknown}  # it has no weight for fairness


def test_prohibited_is_one_bar(method: Method) -> None:
    found = explain(parse_application(CASES["A6"], method), method)
    assert [(bar.kind, bar.value) for bar in found.contributions] == [(Kind.PROHIBITED, 100.0)]


def test_bound_below_the_worst_principle_is_a_bar(method: Method) -> None:
    """One principle without any control far above the rest: overall is the worst minus 25, and the bars say so."""
    rest = dict.fromkeys([p for p in method.principles if p != "fairness"], 1.0)
    answers = {factor.id: factor.most for factor in method.factors.values()}
    verified = ControlInput("C-1", 5, "verified", 0, 90, True, rest)
    found = explain(ApplicationInput(answers, (verified,), Signals(telemetry=True)), method)
    assert found.low == pytest.approx(found.principles["fairness"].low - 25)
    assert [bar.value for bar in found.contributions if bar.kind == Kind.BOUND] == [-25]
    assert total(found.contributions) == pytest.approx(found.point)


def test_held_value_is_a_bar(method: Method) -> None:
    control = ControlInput("GV-07", 3, None, 0, 365, True, {"accountability": 0.8})
    inp = parse_application(CASES["A1"], method)
    held = Ratchet(50.0, {"fairness": 30.0}, ("GV-07",))
    found = explain(replace(inp, controls=(*inp.controls, control), previous=held), method)
    assert found.point == 50.0
    assert [bar.key for bar in found.contributions if bar.kind == Kind.HELD] == ["ratchet"]
    assert total(found.contributions) == pytest.approx(50.0)


def test_no_signal_no_bar(method: Method) -> None:
    inp = replace(parse_application(CASES["A3"], method), signals=Signals(telemetry=True))
    bars = [bar for bar in explain(inp, method).contributions if bar.kind in (Kind.EVENT, Kind.RATE, Kind.DRIFT)]
    assert bars == []
