"""Next best actions: what is promised, of which applications, and to whom; today and on a past day."""

from datetime import timedelta

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from governance.selectors.next_actions import next_actions, next_actions_then
from inventory.models import AIApplication
from inventory.selectors.scope import scope_of
from risk.selectors import cases
from risk.selectors.next_steps import next_steps
from risk.selectors.replay import judged_again
from tests.governance.estate import Estate
from tests.governance.test_applications_then import FIRST, SECOND, dan
from tests.governance.then import judged, stood

__all__ = ["dan"]


def test_no_next_action_names_what_moved_out_of_sight(estate: Estate) -> None:
    scope, today = scope_of(estate.cast.carol), timezone.localdate()
    assert estate.scorer in [one.application for one in next_actions(scope, today)]
    AIApplication.objects.filter(pk=estate.scorer.pk).update(department=estate.cast.treasury)
    assert estate.scorer not in [one.application for one in next_actions(scope, today)]


def test_next_actions_promise_what_the_application_promises(estate: Estate, client: Client) -> None:
    today = timezone.localdate()
    found = next_actions(scope_of(estate.cast.carol), today)
    assert {one.application for one in found} == {estate.scorer, estate.summariser}
    assert [one.gain for one in found] == sorted((one.gain for one in found), reverse=True)
    for one in found:
        best = next_steps(cases.judge_now(one.application, today))[0]
        assert (one.step, one.now, one.then) == (best, best.now, best.best)
    client.force_login(estate.cast.carol)
    assert "Credit Scorer" in client.get("/recommendations/next/").content.decode()
    fragment = client.get("/recommendations/next/", headers={"hx-request": "true"}).content.decode()
    assert "Credit Scorer" in fragment
    assert "<html" not in fragment
    client.force_login(estate.cast.eve)
    assert "Credit Scorer" not in client.get("/recommendations/next/").content.decode()


def test_next_actions_are_of_the_chosen_applications(estate: Estate, client: Client) -> None:
    client.force_login(estate.cast.dan)
    everything = {one.application for one, _ in client.get("/recommendations/next/").context["actions"]}
    assert len({one.kind for one in everything}) > 1
    for query, fits in (
        ("kind=model", lambda one: one.kind == "model"),
        ("band=high,critical", lambda one: one.score.band in {"high", "critical"}),
        ("owner=alice", lambda one: one.owner == estate.cast.alice),
    ):
        page = client.get(f"/recommendations/next/?{query}")
        found = {one.application for one, _ in page.context["actions"]}
        assert found == {one for one in everything if fits(one)}, query
        assert "not applied here" not in page.content.decode()


@pytest.fixture
def past(dan: Client, estate: Estate) -> Client:
    """Later than the two past states of `dan`, both applications were judged as they are today."""
    for one in (estate.scorer, estate.summariser):
        newest = one.snapshots.latest("as_of", "id")
        judged(one, SECOND + timedelta(days=2), newest.overall_point, newest.band)
    cache.clear()
    return dan


def test_of_a_past_day_they_are_those_of_the_judgements_of_then(past: Client, estate: Estate) -> None:
    day = SECOND + timedelta(days=3)
    found = next_actions_then(scope_of(estate.cast.dan), day)
    assert {one.application for one in found} == {estate.scorer, estate.summariser}
    for one in found:
        stored = one.application.snapshots.filter(as_of__lte=day).latest("as_of", "id")
        best = next_steps(judged_again(stored)[0])[0]
        assert (one.step, one.now, one.then) == (best, best.now, best.best)
        assert one.now == pytest.approx(stored.overall_point)
    page = past.get(f"/recommendations/next/?as_of={day}")
    body = page.content.decode()
    assert f"As of {day:%-d %B %Y}" in body
    assert "not applied here" not in body
    assert f"/applications/{estate.scorer.pk}/history/?as_of={day}" in body
    assert [one for one, _ in page.context["actions"]] == found
    fragment = past.get(f"/recommendations/next/?as_of={day}", headers={"hx-request": "true"}).content.decode()
    assert "Risk then" in fragment
    assert "<html" not in fragment


def test_of_a_past_day_only_what_was_live_in_sight_and_chosen(past: Client, estate: Estate) -> None:
    def names(who: str, **asked: object) -> set[AIApplication]:
        past.force_login(getattr(estate.cast, who))
        return {one.application for one, _ in past.get("/recommendations/next/", asked).context["actions"]}

    day = SECOND + timedelta(days=3)
    assert names("dan", as_of=FIRST) == {estate.scorer}  # the summariser was an idea
    assert names("dan", as_of=day, kind=estate.summariser.kind) == {estate.summariser}
    assert names("eve", as_of=day) == set()
    AIApplication.objects.filter(pk=estate.scorer.pk).update(department=estate.cast.treasury)
    cache.clear()
    assert estate.scorer not in names("carol", as_of=day)
    assert estate.scorer in names("dan", as_of=day)
    stood(estate.scorer, day, lifecycle="retired")
    cache.clear()
    assert estate.scorer not in names("dan", as_of=day)


def test_a_past_day_takes_as_many_queries_for_one_as_for_two(past: Client, estate: Estate) -> None:
    def cost(query: str) -> int:
        cache.clear()
        with CaptureQueriesContext(connection) as queries:
            assert past.get(f"/recommendations/next/?{query}").status_code == 200
        return len(queries)

    day = SECOND + timedelta(days=3)
    cost(f"as_of={day}")
    assert cost(f"as_of={day}") == cost(f"as_of={FIRST}") <= 15


def test_if_nobody_acts_says_that_it_is_of_today(past: Client) -> None:
    body = past.get(f"/ahead/?department=retail&as_of={SECOND}").content.decode()
    assert "is kept of departments alone" in body
    assert f'href="/departments/retail/?as_of={SECOND}"' in body
    assert "is kept of departments alone" not in past.get("/ahead/?department=retail").content.decode()
