"""Plain JSON in and out: what cannot be is refused with its place, what is absent is unknown."""

from typing import Any

import pytest
from hypothesis import given, settings

from risk.scoring.application import ApplicationInput
from risk.scoring.inputs import InputError, parse_application, parse_pairs, plain_application
from risk.scoring.method import Method
from risk.scoring.score import score_application
from tests.risk.scoring.conftest import ENGINE
from tests.risk.scoring.strategies import METHOD, applications

CONTROL = {"id": "GV-01", "severity": 4, "status": "attested", "age": 1, "interval": 90, "principles": {"fairness": 1}}


@pytest.mark.parametrize(
    ("plain", "said"),
    [
        ([], "input must be an object"),
        (None, "input must be an object"),
        ({"answer": {}}, "input has no 'answer'"),
        ({"answers": {"scale": "huge"}}, "answers.scale is 'huge', not one of under_100"),
        ({"answers": {"scale": ["under_100"]}}, "answers.scale"),
        ({"answers": {"size": "big"}}, "answers has no 'size'"),
        ({"answers": None}, "answers must be an object"),
        ({"controls": {}}, "controls must be a list"),
        ({"controls": ["GV-01"]}, "controls\\[0\\] must be an object"),
        ({"controls": [{**CONTROL, "status": "done"}]}, "controls\\[0\\].status is 'done', not one of not_started"),
        ({"controls": [{**CONTROL, "age": -1}]}, "controls\\[0\\].age must not be negative"),
        ({"controls": [{**CONTROL, "age": "old"}]}, "controls\\[0\\].age must be a number"),
        ({"controls": [{**CONTROL, "age": True}]}, "controls\\[0\\].age must be a number"),
        ({"controls": [{**CONTROL, "age": float("nan")}]}, "controls\\[0\\].age must be a number"),
        ({"controls": [{**CONTROL, "interval": 0}]}, "controls\\[0\\].interval must be above 0"),
        ({"controls": [{**CONTROL, "severity": 9}]}, "controls\\[0\\].severity must not be above 5"),
        ({"controls": [{**CONTROL, "principles": {"charm": 1}}]}, "controls\\[0\\].principles has no 'charm'"),
        ({"controls": [{**CONTROL, "principles": {"fairness": 2}}]}, "must not be above 1"),
        ({"controls": [{**CONTROL, "applicable": "yes"}]}, "controls\\[0\\].applicable must be true or false"),
        ({"controls": [{"id": "XX-99"}]}, "controls\\[0\\].interval is missing"),
        ({"controls": [{"id": 7}]}, "controls\\[0\\].id must be a text"),
        ({"signals": {"telemetry": 1}}, "signals.telemetry must be true or false"),
        ({"signals": {"events": [{"severity": "odd"}]}}, "signals.events\\[0\\].severity is 'odd'"),
        ({"signals": {"events": [{"severity": "low"}]}}, "signals.events\\[0\\].principles is missing"),
        ({"signals": {"rates": {"clicks": 1}}}, "signals.rates has no 'clicks'"),
        ({"signals": {"rates": {"blocked_attacks": -1}}}, "signals.rates.blocked_attacks must not be negative"),
        ({"signals": {"drift": "much"}}, "signals.drift must be a number"),
        ({"prohibited": "no"}, "prohibited must be true or false"),
        ({"previous": {"principles": {}}}, "previous.overall is missing"),
    ],
)
def test_what_cannot_be_is_refused(plain: Any, said: str, method: Method) -> None:
    with pytest.raises(InputError, match=said):
        parse_application(plain, method)


def test_what_is_absent_is_unknown(method: Method) -> None:
    empty = parse_application({}, method)
    assert empty == ApplicationInput(answers={})
    found = score_application(empty, method)
    assert found.low < 10
    assert found.high > 90


def test_a_control_of_the_library_brings_its_own_numbers(method: Method) -> None:
    control = parse_application({"controls": [{"id": "GV-01", "status": None}]}, method).controls[0]
    library = method.controls["GV-01"]
    assert (control.severity, control.interval, control.principles) == (4, 180, library.principles)
    assert (control.status, control.age, control.applicable) == (None, 0, True)


@given(applications)
@settings(ENGINE, max_examples=60)
def test_every_input_survives_being_stored(inp: ApplicationInput) -> None:
    again = parse_application(plain_application(inp), METHOD)
    assert again == inp
    assert score_application(again, METHOD) == score_application(inp, METHOD)


@pytest.mark.parametrize(
    ("plain", "said"),
    [
        ({}, "must be a list"),
        ([[1]], "pair 1 is not"),
        ([[1, 1], [101, 1]], "risk of pair 2 must not be above 100"),
        ([[1, 0]], "exposure of pair 1 must be above 0"),
        ([[None, 1]], "risk of pair 1 must be a number"),
    ],
)
def test_pairs_that_cannot_be_are_refused(plain: Any, said: str) -> None:
    with pytest.raises(InputError, match=said):
        parse_pairs(plain)
