"""Next best actions: what is promised, of which applications, and to whom."""

from django.test import Client
from django.utils import timezone

from governance.selectors.next_actions import next_actions
from inventory.models import AIApplication
from inventory.selectors.scope import scope_of
from risk.selectors import cases
from risk.selectors.next_steps import next_steps
from tests.governance.estate import Estate


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
