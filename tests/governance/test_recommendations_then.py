"""Recommendations as of a past day: each in the state that its steps had brought it to."""

from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from governance.models import Gravity, Recommendation, RecommendationState, RecommendationStep
from governance.selectors.rules import RULES
from inventory.models import Department
from tests.cast import Cast
from tests.governance.then import noon

TODAY = timezone.localdate()
FOUND, STARTED, DISMISSED = (TODAY - timedelta(days=days) for days in (50, 30, 10))
ONE, OTHER = list(RULES)[:2]


def card(department: Department, rule: str, *steps: tuple[str, datetime, int]) -> Recommendation:
    """One with its course: (action, when, amount counted then)."""
    made = Recommendation.objects.create(
        rule=rule,
        department=department,
        state=RecommendationState.DISMISSED,
        since=steps[-1][1],
        found_at=steps[0][1],
        gravity=Gravity.HIGH,
        rows=99,
        amount=999,
        departments=1,
    )
    for action, at, amount in steps:
        RecommendationStep.objects.create(
            recommendation=made, action=action, at=at, rows=2, amount=amount, text=f"<b>{action}</b>"
        )
    return made


@pytest.fixture
def dan(cast: Cast, client: Client) -> Client:
    course = (("found", noon(FOUND), 5), ("started", noon(STARTED), 7), ("assigned", noon(STARTED), 7))
    card(cast.root, ONE, *course, ("dismissed", noon(DISMISSED), 9))
    card(cast.root, OTHER, ("found", noon(STARTED), 3), ("completed", noon(DISMISSED), 0))
    card(cast.retail, ONE, ("found", noon(FOUND), 1))
    client.force_login(cast.dan)
    return client


def states(client: Client, **query: object) -> dict[str, tuple[str, int]]:
    answer = client.get("/recommendations/", query)
    return {one.rule.key: (one.state, one.amount) for one in answer.context["cards"]}


def test_each_stands_where_its_steps_had_brought_it(dan: Client, cast: Cast) -> None:
    assert states(dan, as_of=FOUND) == {ONE: ("open", 5)}
    assert states(dan, as_of=STARTED) == {ONE: ("in_progress", 7), OTHER: ("open", 3)}
    assert states(dan, as_of=DISMISSED) == {}  # none of them is under way
    assert states(dan, as_of=DISMISSED, state="all") == {ONE: ("dismissed", 9), OTHER: ("completed", 0)}
    assert states(dan, as_of=DISMISSED, state="completed") == {OTHER: ("completed", 0)}
    assert states(dan, as_of=DISMISSED, department="retail") == {ONE: ("open", 1)}
    counts = {one["label"]: one["count"] for one in dan.get("/recommendations/", {"as_of": STARTED}).context["views"]}
    assert (counts["Under way"], counts["In progress"], counts["Dismissed"], counts["All"]) == (2, 1, 0, 2)


def test_the_page_says_so(dan: Client) -> None:
    body = dan.get("/recommendations/", {"as_of": STARTED, "who": "me"}).content.decode()
    assert f"As of {STARTED:%-d %B %Y}" in body
    assert "which is known of today alone" in body  # to whom it was given
    assert "Severity and findings of then are not kept" in body
    assert states(dan, as_of=STARTED, severity="high") == {}
    assert "&lt;b&gt;started&lt;/b&gt;" in body
    assert f"/recommendations/?state=completed&amp;as_of={STARTED}" in body
    assert 'id="lacking"' not in body
    assert 'id="lacking"' in dan.get("/recommendations/").content.decode()
    assert f"/recommendations/next/?as_of={STARTED}" in body


def test_before_the_first_was_found_nothing_is_known(dan: Client) -> None:
    body = dan.get("/recommendations/", {"as_of": FOUND - timedelta(days=1)}).content.decode()
    assert f"is before the first figures, of {FOUND}" in body
    assert "Back to today" not in body
    assert "As of:" not in body  # what was left out is not shown as chosen


def test_rights_are_those_of_today(dan: Client, cast: Cast) -> None:
    dan.force_login(cast.carol)
    assert states(dan, as_of=FOUND) == {ONE: ("open", 1)}
    dan.force_login(cast.eve)
    assert states(dan, as_of=FOUND) == {}
    assert dan.get("/recommendations/", {"as_of": FOUND, "department": "retail"}).status_code == 404


def test_as_many_queries_for_all_rules(dan: Client, cast: Cast) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as found:
            dan.get("/recommendations/", {"as_of": STARTED})
        return len(found)

    queries()
    few = queries()
    for rule in list(RULES)[2:]:
        card(cast.root, rule, ("found", noon(FOUND), 1))
    assert queries() == few <= 12
    assert len(states(dan, as_of=STARTED)) == len(RULES)


@pytest.mark.parametrize("days", [-51, 1])
def test_a_day_that_was_refused_is_no_choice_of_the_page(dan: Client, days: int) -> None:
    refused = TODAY + timedelta(days=days)
    answer = dan.get("/recommendations/", {"as_of": refused, "state": "all"})
    assert answer.context["filters"].as_of == ""
    assert not [one["url"] for one in answer.context["views"] if "as_of" in one["url"]]
    assert f"as_of={refused}&amp;dataset=" not in answer.content.decode()  # the export holds what the page shows
