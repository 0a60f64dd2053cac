"""Every golden case of the scoring method, to the two (departments: four) decimals it is written with."""

from typing import Any

import pytest

from risk.scoring.inputs import parse_application, parse_pairs, plain_application
from risk.scoring.method import Method
from risk.scoring.portfolio import score_department
from risk.scoring.score import score_application
from tests.risk.scoring.conftest import golden

CASES = golden()


@pytest.mark.parametrize("case", CASES["applications"], ids=lambda case: case["id"])
def test_application(case: dict[str, Any], method: Method) -> None:
    found = score_application(parse_application(case["input"], method), method).to_dict()
    expected = case["expect"]
    assert found["overall"].pop("band") == expected["overall"].pop("band")
    assert found["overall"] == pytest.approx(expected["overall"], abs=0.005001)
    for principle, values in expected["principles"].items():
        without_inherent = {key: found["principles"][principle][key] for key in values}
        assert without_inherent == pytest.approx(values, abs=0.005001), principle


@pytest.mark.parametrize("case", CASES["applications"], ids=lambda case: case["id"])
def test_input_survives_being_stored(case: dict[str, Any], method: Method) -> None:
    once = parse_application(case["input"], method)
    assert parse_application(plain_application(once), method) == once


@pytest.mark.parametrize("case", CASES["departments"], ids=lambda case: case["id"])
def test_department(case: dict[str, Any], method: Method) -> None:
    score = score_department(parse_pairs(case["input"]), method)
    assert score is not None
    found, expected = score.to_dict(), dict(case["expect"])
    assert found.pop("band") == expected.pop("band")
    assert found == pytest.approx(expected, abs=0.000051)


def test_worked_example_by_hand(method: Method) -> None:
    """Case A1, inclusiveness, step by step as the method page works it out."""
    first = next(case for case in golden()["applications"] if case["id"] == "A1")
    score = score_application(parse_application(first["input"], method), method).principles["inclusiveness"]
    assert score.inherent == pytest.approx(23.72, abs=0.005)
    assert score.point == pytest.approx(23.72 * (1 - 0.85 * 0.1183), abs=0.005)


def test_no_department_has_no_score(method: Method) -> None:
    assert score_department([], method) is None
