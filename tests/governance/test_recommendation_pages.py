"""What each person sees of recommendations: on their pages, on the overview, and over the API."""

import re
from datetime import timedelta
from html import unescape

import pytest
from django.db import connection
from django.db.models import Sum
from django.http import QueryDict
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from governance.models import Recommendation
from governance.selectors import recommendation_evidence as evidence
from governance.selectors import recommendations as selector
from governance.services import recommendations
from inventory.choices import AlertState, Severity
from inventory.models import Alert, DailyUsage
from inventory.selectors.scope import scope_of
from risk.services import scores
from tests.builders import make_application, make_department
from tests.cast import Cast
from tests.governance.test_recommendation_rules import sighting, use
from tests.governance.test_recommendations import RULE, card_of, shadow

MOST_QUERIES = 15


def everything(cast: Cast) -> None:
    """Findings of several rules, in several departments."""
    shadow(cast)
    app = make_application(cast.cards, "Card Helper")
    use(app, cast.cards, people=4, interactions=20, jailbreak=2, injection=1, attacks=3)
    for severity in (Severity.HIGH, Severity.LOW):
        Alert.objects.create(
            title="<b>Late</b>",
            type="AI.Azure_Agentic_Jailbreak",
            severity=severity,
            state=AlertState.ACTIVE,
            application=app,
            at=timezone.now() - timedelta(days=20),
        )
    scores.rescore_changed()
    recommendations.evaluate()


PERSONS = {"alice": "retail", "bob": "retail", "carol": "retail", "dan": "", "eve": "treasury", "ada": ""}


@pytest.mark.parametrize("who", PERSONS)
def test_each_number_is_the_sum_of_its_rows(cast: Cast, client: Client, who: str) -> None:
    everything(cast)
    user = getattr(cast, who)
    client.force_login(user)
    cards = selector.cards(scope_of(user))
    assert cards
    for card in cards:
        assert card.department.key == (PERSONS[who] or cast.root.key)
        page = client.get(f"/recommendations/{card.pk}/")
        assert page.status_code == 200
        assert page.context["page"].paginator.count == card.rows
        rows = [line for line, _ in page.context["rows"]]
        assert sum(line.amount for line in rows) == card.amount
        places = [one for one, _ in page.context["places"]]
        assert (sum(one.rows for one in places), sum(one.amount for one in places)) == (card.rows, card.amount)
        assert evidence.subjects_of(user, card).aggregate(sum=Sum("amount"))["sum"] == card.amount
        for line, href in page.context["rows"]:
            assert not href or client.get(href).status_code == 200, (line, href)
        assert client.get(page.context["action_url"]).status_code in (200, 403)
        for place in places:
            if place.key:
                narrowed = client.get(f"/recommendations/{card.pk}/?department={place.key}")
                assert (count := narrowed.context["page"].paginator.count) == place.rows
                csv = b"".join(client.get(f"/recommendations/{card.pk}/evidence.csv?department={place.key}"))
                assert csv.count(b"\r\n") == count + 1
        csv = b"".join(client.get(f"/recommendations/{card.pk}/evidence.csv"))
        assert csv.count(b"\r\n") == card.rows + 1


def test_the_places_of_a_card_add_up_with_what_lies_in_none_below(cast: Cast, client: Client) -> None:
    everything(cast)
    use(make_application(cast.retail, "Teller"), cast.retail, people=4, interactions=20, jailbreak=2, attacks=2)
    recommendations.evaluate()
    client.force_login(cast.carol)
    shown = client.get("/recommendations/").content.decode()
    own = 0
    for card in selector.cards(scope_of(cast.carol)):
        if card.places:
            assert sum(one.amount for one in card.places) + card.elsewhere == card.amount
            assert card.elsewhere >= 0
            for place in card.places:
                assert f"{place.name} ({place.amount})" in shown
                own += place.name == "Retail Banking itself"
                directly = {one.key: one.rows for one in evidence.places(cast.carol, card)}.get("retail")
                assert place.name != "Retail Banking itself" or place.rows == directly
    assert own
    for card in selector.cards(scope_of(cast.ada)):
        assert not card.places or sum(one.amount for one in card.places) + card.elsewhere == card.amount


def test_the_export_holds_the_states_that_are_shown(cast: Cast, client: Client) -> None:
    client.force_login(cast.ada)
    for asked, states in (("", "open,in_progress"), ("dismissed", "dismissed"), ("all", "")):
        html = unescape(client.get("/recommendations/", {"state": asked}).content.decode())
        (export,) = re.findall(r'class="btn" href="/exports/\?([^"]*)"', html)
        assert QueryDict(export).get("state", "") == states


def test_a_day_before_one_was_found_is_refused(cast: Cast, client: Client) -> None:
    everything(cast)
    client.force_login(cast.ada)
    card = selector.cards(scope_of(cast.ada))[0]
    day = timezone.localdate() - timedelta(days=3)
    said = client.get(f"/recommendations/{card.pk}/?as_of={day}")
    assert f"is before the first figures, of {timezone.localdate()}" in said.content.decode()
    assert said.context["card"].rows == card.rows


def test_one_is_told_as_one(cast: Cast, client: Client) -> None:
    everything(cast)
    client.force_login(cast.ada)
    html = client.get("/recommendations/").content.decode()
    assert "<b>1</b> interaction or alert<" in html  # the injection
    card = next(one for one in selector.cards(scope_of(cast.ada)) if one.amount == 1)
    assert (
        f"1 {card.rule.counted % {'n': 1}} in 1 finding" in client.get(f"/recommendations/{card.pk}/").content.decode()
    )


def test_nobody_sees_the_cards_of_others(cast: Cast, client: Client) -> None:
    everything(cast)
    client.force_login(cast.eve)
    for card in Recommendation.objects.exclude(department=cast.treasury):
        for path in ("", "evidence.csv"):
            assert client.get(f"/recommendations/{card.pk}/{path}").status_code == 404
    body = client.get("/recommendations/").content.decode()
    assert "Treasury" in body
    assert "Cards" not in body
    assert "Card Helper" not in body
    client.force_login(cast.bob)
    assert client.post(f"/recommendations/{card_of(cast.treasury).pk}/act/", {"action": "start"}).status_code == 404
    assert client.get("/recommendations/?department=treasury").status_code == 404
    assert client.get("/settings/recommendations/").status_code == 403


def test_hostile_names_are_escaped(cast: Cast, client: Client) -> None:
    everything(cast)
    client.force_login(cast.dan)
    body = client.get(f"/recommendations/{card_of(cast.root, 'late_alerts').pk}/").content.decode()
    assert "&lt;b&gt;Late" in body
    assert "<b>Late" not in body
    assert client.get("/recommendations/?state=nonsense&severity=x").status_code == 200
    for pk in (0, 10**30):
        assert client.get(f"/recommendations/{pk}/").status_code == 404


def test_the_list_narrows_by_the_address(cast: Cast, client: Client) -> None:
    everything(cast)
    client.force_login(cast.ada)

    def shown(query: str) -> set[str]:
        return {card.rule.key for card, *_ in client.get(f"/recommendations/?{query}").context["cards"]}

    assert {RULE, "late_alerts", "jailbreaks", "indirect_injection", "unassessed_use"} <= shown("")
    assert RULE not in shown("severity=high")
    assert shown("department=treasury") == {RULE}
    recommendations.dismiss(actor=cast.ada, pk=card_of(cast.root).pk, reason="x", until=timezone.localdate())
    assert RULE not in shown("")
    assert shown("state=dismissed") == {RULE}
    assert RULE in shown("state=all")
    page = client.get("/recommendations/")
    assert "No recommendation fits" in client.get("/recommendations/?state=completed").content.decode()
    for view in page.context["views"]:
        assert len(client.get(view["url"]).context["cards"]) == view["count"]
    assert {one.rule.key for one in page.context["lacking"]} >= {"unlabelled_data", "open_agent"}


def test_an_empty_page_says_why(cast: Cast, client: Client) -> None:
    client.force_login(cast.carol)
    assert "Not evaluated yet" in client.get("/recommendations/").content.decode()
    recommendations.evaluate()
    assert "Nothing to recommend" in client.get("/recommendations/").content.decode()


def test_the_settings_page(cast: Cast, client: Client) -> None:
    client.force_login(cast.ada)
    given = {"rule": RULE, "people": "4", "mib": "10", "score": "4", "high_mib": "100"}
    assert client.post("/settings/recommendations/", {**given, "people": "many"}).status_code == 400
    answer = client.post("/settings/recommendations/", {**given, "score": "99"})
    assert "Give a number from 0 to 10." in answer.content.decode()
    assert client.post("/settings/recommendations/", given).status_code == 302
    assert "by at least 4 people" in client.get("/settings/recommendations/").content.decode()


def test_pages_cost_the_same_for_three_and_thirty(cast: Cast, client: Client) -> None:
    everything(cast)
    client.force_login(cast.ada)
    paths = ("/recommendations/", f"/recommendations/{card_of(cast.root).pk}/")

    def cost(path: str) -> int:
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert client.get(path).status_code == 200
        return len(queries)

    for path in paths:
        cost(path)
    few = [cost(path) for path in paths]
    app = sighting("Elsewhere too")
    for n in range(30):
        use(app, make_department(f"Branch {n}", cast.retail), people=3)
    recommendations.evaluate()
    many = [cost(path) for path in paths]
    assert many == few
    assert max(many) <= MOST_QUERIES


def test_machines_read_the_same(cast: Cast, client: Client) -> None:
    everything(cast)
    client.force_login(cast.carol)
    listed = client.get("/api/v1/recommendations/?department=retail&state=open&limit=500").json()["results"]
    shown = {(card.pk, card.rows, card.amount) for card in selector.cards(scope_of(cast.carol))}
    assert {(one["id"], one["rows"], one["amount"]) for one in listed if one["department"] == "retail"} == shown
    assert {one["department"] for one in listed} == {"retail", "cards"}
    for one in listed:
        rows = client.get(f"/api/v1/recommendations/{one['id']}/evidence/?limit=500").json()
        assert (rows["count"], sum(row["amount"] for row in rows["results"])) == (one["rows"], one["amount"])
    assert client.get("/api/v1/recommendations/?severity=nonsense").status_code == 400
    assert client.get(f"/api/v1/recommendations/{card_of(cast.treasury).pk}/evidence/").status_code == 404


def test_the_overview_shows_the_gravest(cast: Cast, client: Client) -> None:
    everything(cast)
    client.force_login(cast.carol)
    shown = [card for card, _ in client.get("/").context["recommendations"]]
    assert 0 < len(shown) <= selector.TOP
    assert {card.department for card in shown} == {cast.retail}
    assert shown[0].severity == "high"
    client.force_login(cast.eve)
    assert [card.rule.key for card, _ in client.get("/").context["recommendations"]] == [RULE]


def test_a_card_says_of_which_day_its_figures_are(cast: Cast, client: Client) -> None:
    """The newest that feeds told of, not the day of the evaluation; nothing where the rule lacks its facts."""
    use(sighting(), cast.cards, 9, people=3)
    recommendations.evaluate()
    pk, day = card_of(cast.cards).pk, timezone.localdate() - timedelta(days=9)
    client.force_login(cast.carol)
    said = f"figures of {day - timedelta(days=29):%-d %b %Y} to {day:%-d %b %Y}"
    assert said in client.get("/recommendations/").content.decode()
    assert said in client.get(f"/recommendations/{pk}/").content.decode()
    DailyUsage.objects.all().delete()
    recommendations.evaluate()
    assert "figures of" not in client.get(f"/recommendations/{pk}/").content.decode()


def test_it_says_whose_use_counts_where(cast: Cast, client: Client) -> None:
    everything(cast)
    client.force_login(cast.ada)
    for rule, said in (("jailbreaks", True), (RULE, True), ("late_alerts", False), ("unassessed_use", False)):
        body = client.get(f"/recommendations/{card_of(cast.root, rule).pk}/").content.decode()
        assert ("counts in their own department" in body) == said, rule


def test_what_cannot_be_read_of_the_address_is_said_once(cast: Cast, client: Client) -> None:
    everything(cast)
    client.force_login(cast.dan)
    card = Recommendation.objects.filter(department=cast.root).latest("pk")
    for query in ("band=odd", "owner=nobody-here", "as_of=2999-01-01"):
        said = client.get(f"/recommendations/{card.pk}/?{query}").context["messages"]
        assert len(list(said)) == 1, query
