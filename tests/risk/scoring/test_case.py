"""A case as it is stored and judged: what evidence is worth after its last day, and controls that do not apply."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from risk.scoring.case import Case, Stated, from_plain, to_plain
from risk.scoring.judgement import judge
from risk.scoring.method import Method

DAY = date(2026, 7, 15)
STATEMENTS = [
    Stated("planned", DAY),
    Stated("planned", DAY, DAY + timedelta(days=9)),
    Stated("evidenced", DAY, None, DAY + timedelta(days=90)),
    Stated("verified", DAY, DAY + timedelta(days=9), DAY),
    Stated("attested", DAY, applicable=False),
    Stated(None, DAY, applicable=False),
]


@pytest.mark.parametrize("stated", STATEMENTS)
def test_a_statement_is_read_as_it_was_written(stated: Stated) -> None:
    case = Case(controls={"GV-01": stated})
    assert from_plain(to_plain(case)) == case


def test_evidence_that_has_run_out_is_worth_an_attestation(method: Method) -> None:
    held = Stated("verified", DAY - timedelta(days=10), valid_until=DAY)
    assert held.status_on(DAY) == "verified"
    assert held.status_on(DAY + timedelta(days=1)) == "attested"
    after = DAY + timedelta(days=1)
    attested = replace(held, status="attested", valid_until=None)
    points = [judge(Case(controls={"GV-01": one}), after, method).score.point for one in (held, attested)]
    assert points[0] == points[1]
    assert judge(Case(controls={"GV-01": held}), DAY, method).score.point < points[0]


def test_the_end_of_evidence_does_not_touch_what_needs_none() -> None:
    planned = Stated("planned", DAY, valid_until=DAY)
    assert planned.status_on(DAY + timedelta(days=400)) == "planned"


def test_a_control_that_two_people_ruled_out_is_not_asked(method: Method) -> None:
    asked = {one.control.id for one in judge(Case(), DAY, method).asked}
    case = Case(controls={"GV-01": Stated("not_started", DAY, applicable=False)})
    judged = judge(case, DAY, method)
    assert "GV-01" in asked
    assert "GV-01" not in {one.control.id for one in judged.asked}
    assert "GV-01" not in {one.id for one in judged.inputs.controls}
