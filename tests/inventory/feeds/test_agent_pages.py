"""The page of agents: who sees which, what is said of each, and what neither inventory nor feed has seen."""

import json
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from inventory.models import AgentListing
from inventory.selectors import agents
from inventory.services.imports import import_file
from tests.builders import make_application
from tests.cast import Cast
from tests.inventory.feeds.files import write
from tests.inventory.feeds.test_agents import CLAIMS, FORMS, sample

pytestmark = pytest.mark.django_db


def page(client: Client, user: Any, **asked: str) -> Any:
    client.force_login(user)
    return client.get(reverse("inventory:agents"), asked)


def names(client: Client, user: Any, **asked: str) -> list[str]:
    return [row.name for row in page(client, user, **asked).context["page"].object_list]


def test_each_of_the_cast_sees_their_own(client: Client, cast: Cast) -> None:
    make_application(cast.cards, "Claims Desk", identifiers=[("agent_id", CLAIMS)])
    import_file(actor=None, path=sample("many_xdr_ai_agents"))
    AgentListing.objects.filter(name="HRFaqBot").update(department=cast.treasury)
    for person in (cast.alice, cast.bob, cast.carol):
        assert names(client, person) == ["ClaimsTriageBot"]
    assert names(client, cast.eve) == ["HRFaqBot"]
    for person in (cast.dan, cast.ada):
        assert len(names(client, person)) == 2
    assert client.post(reverse("inventory:agents")).status_code == 405


def test_an_agent_of_many_inventories_is_one_row_with_what_each_says(cast: Cast) -> None:
    for source in FORMS:
        import_file(actor=None, path=sample(f"many_{source}"))
    found = {
        row.name: row for row in agents.agents(agents.Looked(cast.ada), sort="name").object_list if len(row.sources) > 1
    }
    assert set(found) == {"ClaimsTriageBot", "HRFaqBot", "OrphanPricingAgent"}
    claims, faq, pricing = (found[name] for name in sorted(found))
    assert (len(claims.sources), claims.owners, claims.everyone, claims.state) == (7, 1, False, "published")
    assert (faq.everyone, faq.powers) == (True, ["its maker's rights", "HTTP requests"])
    assert (pricing.owners, pricing.everyone, pricing.powers) == (0, True, ["HTTP requests", "MCP servers"])


def test_registered_or_not_owned_or_not(client: Client, cast: Cast) -> None:
    make_application(cast.cards, "Claims Desk", identifiers=[("agent_id", CLAIMS)])
    for source in ("xdr_agents", "coe_kit"):
        import_file(actor=None, path=sample(f"many_{source}"))
    assert names(client, cast.ada, standing="registered") == ["ClaimsTriageBot"]
    assert set(names(client, cast.ada, standing="unregistered")) == {"OrphanPricingAgent", "HRFaqBot"}
    assert set(names(client, cast.ada, standing="ownerless")) == {"OrphanPricingAgent", "HRFaqBot"}
    assert names(client, cast.ada, standing="open") == ["OrphanPricingAgent"]
    assert names(client, cast.ada, q="pricing") == ["OrphanPricingAgent"]
    assert agents.counts(agents.Looked(cast.ada)) == {"agents": 3, "unregistered": 2}


def test_what_is_registered_and_never_seen_is_named(client: Client, cast: Cast) -> None:
    make_application(cast.cards, "Listed", identifiers=[("agent_id", CLAIMS)])
    make_application(cast.cards, "Ghost", identifiers=[("agent_id", "ghost-1"), ("agent_id", "ghost-2")])
    make_application(cast.cards, "No agent", identifiers=[("host", "x.example")])
    import_file(actor=None, path=sample("many_coe_kit"))
    answer = page(client, cast.alice)
    assert [one.name for one in answer.context["never"].first] == ["Ghost"]
    assert "Ghost" in answer.content.decode()
    assert agents.never_seen(agents.Looked(cast.eve)).count == 0


def test_kind_and_owner_are_those_of_the_application(client: Client, cast: Cast) -> None:
    ours = make_application(cast.cards, "Claims Desk", identifiers=[("agent_id", CLAIMS)], kind="agent")
    make_application(cast.cards, "Ghost", identifiers=[("agent_id", "ghost-1")], kind="model", owner=cast.bob)
    import_file(actor=None, path=sample("many_coe_kit"))
    AgentListing.objects.filter(application=None).update(department=cast.treasury)
    for asked, found, never in (
        ({"kind": "agent"}, ["ClaimsTriageBot"], 0),
        ({"kind": "model"}, [], 1),
        ({"owner": "bob"}, [], 1),
        ({"owner": "-"}, ["ClaimsTriageBot"], 0),
        ({"band": "critical"}, [], 0),
        ({"department": "cards"}, ["ClaimsTriageBot"], 1),
    ):
        for person in (cast.alice, cast.ada):
            shown = page(client, person, **asked)
            assert [row.name for row in shown.context["page"].object_list] == found, asked
            assert shown.context["counts"] == {"agents": len(found), "unregistered": 0}
            assert shown.context["never"].count == never, asked
            assert "not applied here" not in shown.content.decode()
    assert ours.name in page(client, cast.ada, kind="agent").content.decode()
    assert names(client, cast.eve, kind="agent") == []  # out of sight


def test_hostile_names_are_shown_as_they_are(client: Client, cast: Cast) -> None:
    import_file(actor=None, path=sample("hostile_xdr_agents"))
    text = page(client, cast.ada).content.decode()
    assert "=HYPERLINK(&quot;http://evil.example&quot;)" in text
    assert "<script>alert(1)" not in text


def test_an_empty_page_says_what_to_do(client: Client, cast: Cast) -> None:
    assert "Load an inventory of agents" in page(client, cast.ada).content.decode()
    assert "No agent fits" in page(client, cast.ada, q="zzz").content.decode()


def test_the_page_asks_as_much_for_many_as_for_few(client: Client, cast: Cast, tmp_path: Path) -> None:
    counts = []
    for many in (3, 30):
        rows = [{"AgentId": f"a-{n}", "AgentName": f"Bot {n}", "PublishedStatus": "Published"} for n in range(many)]
        import_file(actor=None, path=write(tmp_path, "a.json", json.dumps(rows)))
        page(client, cast.ada)
        with CaptureQueriesContext(connection) as found:
            page(client, cast.ada)
        counts.append(len(found))
    assert counts[0] == counts[1]
