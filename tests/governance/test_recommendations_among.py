"""Recommendations narrowed by what applications are: only what is found of these counts, on every page and door."""

import csv
from io import StringIO

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from governance.models import Recommendation
from governance.selectors import recommendation_evidence as evidence
from governance.selectors import recommendations as selector
from governance.selectors.among import Among
from governance.selectors.recommendations_among import of_scope
from governance.services import recommendations
from inventory.choices import AlertState, Severity
from inventory.models import AIApplication, Alert
from inventory.selectors.scope import scope_of
from inventory.services.alerts import tie
from risk.models import CurrentScore
from risk.selectors.applications import Wanted
from risk.services import scores
from tests.builders import make_application, make_department
from tests.cast import Cast
from tests.governance.test_recommendation_rules import use
from tests.governance.test_recommendations import RULE, card_of, shadow


@pytest.fixture
def found(cast: Cast) -> AIApplication:
    """An agent in Cards and a model in Treasury, both attacked by people of Cards and each with a late alert; an AI
    app that is not registered."""
    shadow(cast)
    agent = make_application(cast.cards, "Card Agent", kind="agent", owner=cast.alice)
    model = make_application(cast.treasury, "Rates Model", kind="model")
    for app, jailbreaks in ((agent, 2), (model, 5)):
        use(app, cast.cards, people=4, interactions=20, jailbreak=jailbreaks)
        Alert.objects.create(
            title=f"About {app}",
            type="AI.Azure_Agentic_Jailbreak",
            severity=Severity.HIGH if app == agent else Severity.LOW,
            state=AlertState.ACTIVE,
            application=app,
            at=timezone.now() - timezone.timedelta(days=20),
        )
    scores.rescore_changed()
    CurrentScore.objects.filter(application=agent).update(band="critical", eu_class="prohibited")
    CurrentScore.objects.filter(application=model).update(band="low", eu_class="minimal")
    recommendations.evaluate()
    return agent


def shown(client: Client, query: str) -> dict[str, tuple[int, int, int]]:
    answer = client.get(f"/recommendations/?{query}")
    return {card.rule.key: (card.rows, card.amount, card.departments) for card, *_ in answer.context["cards"]}


@pytest.mark.usefixtures("found")
def test_a_card_counts_what_is_found_of_chosen_applications(cast: Cast, client: Client) -> None:
    client.force_login(cast.ada)
    assert shown(client, "")["jailbreaks"] == (4, 9, 2)  # two of use, both in Cards; two alerts
    for asked in ("kind=agent", "band=critical", "class=prohibited", "owner=alice", "kind=agent&band=critical"):
        assert shown(client, asked)["jailbreaks"] == (2, 3, 1), asked
        assert shown(client, asked)["late_alerts"] == (1, 1, 1)
        assert RULE not in shown(client, asked)
    assert shown(client, "kind=model")["jailbreaks"] == (2, 6, 2)
    assert shown(client, "kind=model&department=retail")["jailbreaks"] == (1, 5, 1)  # the alert is Treasury's
    assert shown(client, "kind=agent&band=low") == {}
    assert "late_alerts" in shown(client, "kind=agent&severity=high")
    assert "late_alerts" not in shown(client, "kind=model&severity=high")  # as grave as what is left
    assert "late_alerts" in shown(client, "kind=model&severity=low")


@pytest.mark.usefixtures("found")
def test_the_page_says_what_is_left_out_and_links_carry_it(cast: Cast, client: Client) -> None:
    client.force_login(cast.ada)
    answer = client.get("/recommendations/?kind=agent&owner=alice")
    body = answer.content.decode()
    assert "found of the chosen applications (agent, owned by alice)" in body.lower().replace("ai agent", "agent")
    assert "not applied here" not in body
    for view in answer.context["views"]:
        assert "kind=agent" in view["url"]
        assert len(client.get(view["url"]).context["cards"]) == view["count"]
    for card, _, url in answer.context["cards"]:
        page = client.get(url)
        assert page.context["page"].paginator.count == card.rows
        assert sum(line.amount for line, _ in page.context["rows"]) == card.amount
        places = page.context["places"]
        assert sum(one.rows for one, _ in places) == card.rows
        for one, there in places:
            assert client.get(there).context["page"].paginator.count == one.rows
        rows = list(csv.DictReader(StringIO(b"".join(client.get(page.context["csv_url"])).decode("utf-8-sig"))))
        back = page.context["list_url"]  # to the list of the same applications
        assert f'href="{back}"'.replace("&", "&amp;") in page.content.decode()
        assert client.get(back).context["left"] == page.context["left"]
        assert sum(int(row["amount"]) for row in rows) == card.amount
    none = client.get(f"/recommendations/{card_of(cast.root).pk}/?kind=agent").content.decode()
    assert "Nothing is found of these applications" in none
    assert "class=minimal" in client.get("/recommendations/?class=minimal").context["cards"][0][1]


@pytest.mark.usefixtures("found")
def test_places_are_of_the_same_findings(cast: Cast) -> None:
    for user, left in ((cast.ada, Wanted(kinds=["model"])), (cast.carol, Wanted(kinds=["agent"]))):
        scope = scope_of(user)
        for card in selector.cards(scope, counted=of_scope(scope, Among(left))):
            assert card.places
            assert sum(one.amount for one in card.places) + card.elsewhere == card.amount
            lines = list(evidence.every_line(user, card, left=Among(left)))
            assert (len(lines), sum(one.amount for one in lines)) == (card.rows, card.amount)


@pytest.mark.usefixtures("found")
def test_narrowing_tells_nothing_of_what_is_out_of_sight(cast: Cast, client: Client) -> None:
    """The model is used in Cards, so its name stands in the evidence; how it is judged is Treasury's alone."""
    client.force_login(cast.carol)
    assert shown(client, "")["jailbreaks"] == (3, 8, 1)
    assert shown(client, "kind=model") == {}
    assert shown(client, "band=low") == {}
    pk = card_of(cast.retail, "jailbreaks").pk
    assert client.get(f"/recommendations/{pk}/?class=minimal").context["card"].rows == 0
    assert client.get(f"/api/v1/recommendations/{pk}/evidence/?class=minimal").json()["count"] == 0


@pytest.mark.usefixtures("found")
def test_machines_and_exports_read_the_same(cast: Cast, client: Client) -> None:
    client.force_login(cast.ada)
    for asked in ("kind=agent", "kind=model&severity=low", "owner=alice&state=open", "class=minimal&who=nobody"):
        listed = client.get(f"/api/v1/recommendations/?{asked}&limit=500").json()
        own = {one["rule"]: one["amount"] for one in listed["results"] if one["department"] == cast.root.key}
        page = client.get(f"/recommendations/?{asked}").context["cards"]
        assert own == {card.rule.number: card.amount for card, *_ in page}, asked
        data = b"".join(client.get(f"/exports/download/?dataset=recommendations&format=csv&{asked}"))
        rows = list(csv.DictReader(StringIO(data.decode("utf-8-sig"))))
        assert len(rows) == listed["count"]
        assert {(row["department_key"], int(row["rule"]), int(row["amount"])) for row in rows} == {
            (one["department"], one["rule"], one["amount"]) for one in listed["results"]
        }
        for one in listed["results"]:
            there = client.get(f"/api/v1/recommendations/{one['id']}/evidence/?{asked.split('&')[0]}").json()
            assert there["count"] == one["rows"]
    pk = card_of(cast.root, "jailbreaks").pk
    assert client.get(f"/api/v1/recommendations/{pk}/evidence/?department=treasury").json()["count"] == 1
    assert client.get(f"/api/v1/recommendations/{pk}/evidence/?q=x").status_code == 400


@pytest.mark.usefixtures("found")
def test_mine_and_nobodys(cast: Cast, client: Client) -> None:
    pk = card_of(cast.root, "jailbreaks").pk
    recommendations.assign(actor=cast.ada, pk=pk, owner=cast.ada)
    client.force_login(cast.ada)
    assert set(shown(client, "who=me")) == {"jailbreaks"}
    assert "jailbreaks" not in shown(client, "who=nobody")
    assert shown(client, "who=nobody")
    assert set(shown(client, "who=me&kind=agent")) == {"jailbreaks"}
    counts = {one["label"]: one["count"] for one in client.get("/recommendations/").context["views"]}
    assert counts["Mine"] == 1
    assert counts["Mine"] + counts["Nobody's"] == counts["Under way"]
    assert 'aria-current="true">Mine <b>1</b>' in client.get("/recommendations/?who=me").content.decode()
    client.force_login(cast.dan)
    assert shown(client, "who=me") == {}


@pytest.mark.usefixtures("found")
def test_the_overview_begins_with_what_is_found_of_them(cast: Cast, client: Client) -> None:
    client.force_login(cast.ada)
    answer = client.get("/?kind=agent")
    cards = answer.context["recommendations"]
    assert cards
    for card, url in cards:
        assert client.get(url).context["card"].amount == card.amount
    assert RULE not in {card.rule.key for card, _ in cards}
    assert "No recommendation under way about these" in client.get("/?kind=agent&band=low").content.decode()


def test_what_the_overview_keeps_ends_with_an_act_and_with_an_evaluation(
    cast: Cast, client: Client, found: AIApplication
) -> None:
    client.force_login(cast.ada)

    def kept() -> dict[str, tuple[int, int]]:
        cards = client.get("/?kind=agent").context["recommendations"]
        assert all(shown(client, "kind=agent")[one.rule.key][:2] == (one.rows, one.amount) for one, _ in cards)
        return {one.rule.key: (one.rows, one.amount) for one, _ in cards}

    assert kept()["jailbreaks"] == (2, 3)
    assert kept()["late_alerts"] == (1, 1)
    model = AIApplication.objects.get(name="Rates Model")
    alert = Alert.objects.get(application=found).pk
    tie(actor=cast.ada, alerts=[alert], application=model, reason="It named the other one.")
    assert kept()["jailbreaks"] == (1, 2)
    assert "late_alerts" not in kept()
    use(found, cast.treasury, people=3, jailbreak=4)
    recommendations.evaluate()
    assert kept()["jailbreaks"] == (2, 6)


def test_as_many_queries_for_three_and_thirty(cast: Cast, client: Client, found: AIApplication) -> None:
    client.force_login(cast.ada)
    pk = card_of(cast.root, "jailbreaks").pk
    paths = (
        "/recommendations/?kind=agent",
        f"/recommendations/{pk}/?kind=agent",
        "/api/v1/recommendations/?kind=agent",
        "/?kind=agent",
    )

    def cost(path: str) -> int:
        with CaptureQueriesContext(connection) as queries:
            assert client.get(path).status_code == 200
        return len(queries)

    for path in paths:
        cost(path)
    few = [cost(path) for path in paths]
    for n in range(30):
        use(found, make_department(f"Branch {n}", cast.retail), people=3, jailbreak=1)
    recommendations.evaluate()
    assert Recommendation.objects.count() > 30
    for path in paths:
        cost(path)  # figures of departments are kept under the tree, which has grown
    assert [cost(path) for path in paths] == few
