"""Inventories of agents: every form, who owns an agent, which application it is, and what a later listing changes."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inventory.choices import AgentState
from inventory.connectors.base import ListedAgent, Unreadable
from inventory.models import AgentListing, AuditLogEntry, QuarantinedRow, Sighting
from inventory.services.imports import Summary, import_file
from inventory.services.imports.encryption import decrypt
from inventory.services.pseudonyms import pseudonym
from tests.builders import make_application
from tests.cast import Cast
from tests.inventory.feeds.files import SAMPLES, items, users_text, write
from tests.inventory.feeds.test_records import VALUES

FOLDER = SAMPLES / "agents"
CLAIMS = "8ad83f3e-b424-4d54-8ddb-15dc19247088"
OWNER = "claims.handler2@northwind.example"
SOURCES = ("xdr_agents", "xdr_ai_agents", "power_platform", "copilot_studio_kit", "coe_kit")
FORMS = (*SOURCES, "entra_identity", "agent_registry")


def sample(name: str) -> Path:
    return next(FOLDER.glob(f"{name}.*"))


def listed(source: str) -> list[ListedAgent]:
    found = items(sample(f"many_{source}").read_bytes(), "agents")
    assert all(isinstance(one, ListedAgent) for one in found)
    return found


def ingest(path: Path) -> Summary:
    summary = import_file(actor=None, path=path)
    assert summary.kind == "agents"
    assert summary.rows == summary.stored + summary.duplicates + summary.quarantined + summary.ignored
    assert summary.unmatched <= summary.stored
    return summary


@pytest.mark.parametrize("source", FORMS)
def test_every_form_is_recognised_and_says_who_the_agent_is(source: str) -> None:
    first, second = listed(source)
    assert (first.source, first.name) == (source, "ClaimsTriageBot")
    assert first.created_at is not None
    assert first.created_at.date().isoformat() == "2026-03-02"
    assert first.agent_id == (CLAIMS if source != "entra_identity" else "aa010000-0000-4000-8000-000000000001")
    assert second.name in ("HRFaqBot", "OrphanPricingAgent")


def test_what_the_forms_say_of_an_agent() -> None:
    xdr, pricing = listed("xdr_agents")
    assert (xdr.owners, xdr.tools, xdr.knowledge) == (
        (OWNER,),
        ("Send email",),
        ("https://northwind.sharepoint.example/sites/claims",),
    )
    assert (xdr.everyone, xdr.mcp, xdr.http) == (False, False, False)
    assert (pricing.everyone, pricing.mcp, pricing.http, pricing.owners) == (True, True, True, ())
    _, faq = listed("xdr_ai_agents")
    assert (faq.access, faq.everyone, faq.authentication, faq.http) == ("Any", True, "None", True)
    _, kit = listed("copilot_studio_kit")
    assert (kit.autonomous, kit.maker_credentials, kit.http, kit.mcp) == (True, True, True, False)
    assert (kit.department, kit.used_at) == ("Human Resources", datetime(2026, 2, 3, tzinfo=UTC))
    assert [one.orphaned for one in listed("coe_kit")] == [False, True]
    assert [one.owners_given for one in listed("entra_identity")] == [False, True]
    assert listed("agent_registry")[0].other_ids == ("aa010000-0000-4000-8000-000000000001",)


def test_odd_spellings_mean_the_same() -> None:
    first, number, broken, gone = items(sample("odd_xdr_agents").read_bytes(), "agents")
    assert (first.owners, first.shared_with, first.tools) == (("a@x.example", "b@x.example"), 2, ("HTTP request", "7"))
    assert (first.state, first.autonomous, first.as_of) == ("blocked", True, datetime(2026, 7, 14, 9, 30, tzinfo=UTC))
    assert (number.agent_id, number.name, number.state, number.owners_given) == ("4711", "4711", "draft", False)
    assert isinstance(broken, Unreadable)
    assert b"no id" in broken.raw
    assert b"secret agent" not in broken.raw
    assert (gone.state, gone.as_of) == ("deleted", datetime(2026, 7, 13, 22, tzinfo=UTC))


def test_hostile_listings_are_held_in_bounds() -> None:
    found = items(sample("hostile_xdr_agents").read_bytes(), "agents")
    assert [type(one) for one in found] == [ListedAgent, ListedAgent, Unreadable, ListedAgent]
    assert (len(found[0].platform), found[0].as_of) == (100, None)
    assert found[1].agent_id == "a b"
    assert len(found[1].tools) == 1
    assert len(found[1].tools[0]) == 300
    assert len(found[3].agent_id) == 300


@given(
    st.dictionaries(
        st.sampled_from(["AgentId", "AgentName", "PublishedStatus", "Owners", "Timestamp", "properties"]), VALUES
    )
)
def test_no_listing_breaks_the_reader(odd: dict[str, Any]) -> None:
    whole = {"AgentId": "a", "AgentName": "n", "PublishedStatus": "Draft"}
    for one in items(json.dumps([whole, odd]), "agents"):
        assert isinstance(one, ListedAgent | Unreadable)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("name", "stored", "quarantined"),
    [
        ("none_copilot_studio_kit", 0, 0),
        ("one_coe_kit", 1, 0),
        *((f"many_{source}", 2, 0) for source in FORMS),
        ("odd_xdr_agents", 3, 1),
        ("hostile_xdr_agents", 3, 1),
    ],
)
def test_each_sample_is_counted_to_the_row_and_again_stores_nothing(name: str, stored: int, quarantined: int) -> None:
    first = ingest(sample(name))
    assert (first.stored, first.duplicates, first.quarantined) == (stored, 0, quarantined)
    again = ingest(sample(name))
    assert (again.stored, again.duplicates, again.quarantined) == (0, stored, quarantined)
    assert AgentListing.objects.count() == stored


@pytest.mark.django_db
def test_instructions_are_kept_nowhere(tmp_path: Path) -> None:
    ingest(sample("odd_xdr_agents"))
    (row,) = QuarantinedRow.objects.all()
    assert b"secret agent" not in decrypt(row.raw)


def test_an_agent_is_the_application_that_holds_any_of_its_ids(cast: Cast) -> None:
    by_bot = make_application(cast.cards, "Claims", identifiers=[("agent_id", f"CopilotStudio.Declarative.{CLAIMS}")])
    summary = ingest(sample("many_xdr_agents"))
    assert (summary.stored, summary.unmatched) == (2, 1)
    assert AgentListing.objects.get(name="ClaimsTriageBot").application == by_bot
    ingest(sample("many_entra_identity"))
    assert AgentListing.objects.get(source="entra_identity", name="ClaimsTriageBot").application is None
    other = make_application(cast.cards, "Other", identifiers=[("agent_id", "aa010000-0000-4000-8000-000000000001")])
    ingest(sample("many_agent_registry"))  # both ids at once: a person has to say
    tied = AgentListing.objects.get(source="agent_registry", name="ClaimsTriageBot")
    assert (tied.application, tied.candidates) == (None, sorted([by_bot.pk, other.pk]))


def test_the_identity_that_copilot_studio_makes_is_known(cast: Cast) -> None:
    desk = make_application(
        cast.cards, "Desk", identifiers=[("app_identity", "Copilot.Studio.f4d97b45-1deb-40ce-9004-b473b79eab85")]
    )
    ingest(sample("many_power_platform"))
    assert AgentListing.objects.get(application=desk).name == "ClaimsTriageBot"


def test_an_agent_registered_later_is_tied_at_the_next_listing(cast: Cast) -> None:
    ingest(sample("many_coe_kit"))
    desk = make_application(cast.cards, "Desk", identifiers=[("agent_id", CLAIMS)])
    again = ingest(sample("many_coe_kit"))
    assert (again.stored, again.duplicates) == (1, 1)
    assert AgentListing.objects.get(name="ClaimsTriageBot").application == desk


@pytest.mark.django_db
def test_what_is_registered_nowhere_is_a_sighting() -> None:
    ingest(sample("many_coe_kit"))
    seen = Sighting.objects.get(name="HRFaqBot")
    assert (seen.interactions, seen.operations, seen.agent_id) == (0, [], "1f0b0000-0000-4000-8000-000000000009")
    assert AgentListing.objects.get(name="HRFaqBot").sighting_id == seen.pk
    ingest(sample("odd_xdr_agents"))
    assert not Sighting.objects.filter(name="Gone").exists()  # what is deleted needs nobody's attention


@pytest.mark.django_db
@pytest.mark.parametrize("order", [FORMS, FORMS[::-1]])
def test_listings_of_several_inventories_are_of_one_agent(order: tuple[str, ...]) -> None:
    for source in order:
        ingest(sample(f"many_{source}"))
    claims = AgentListing.objects.filter(name="ClaimsTriageBot")
    assert claims.count() == len(FORMS)
    assert len(set(claims.values_list("agent", flat=True))) == 1
    assert (
        AgentListing.objects.order_by().values("agent").distinct().count() == 4
    )  # claims, faq, pricing and its identity


def one(folder: Path, **given: Any) -> Summary:
    whole = {"AgentId": "a-1", "AgentName": "Bot", "PublishedStatus": "Draft", "Timestamp": "2026-07-14T00:00:00Z"}
    return ingest(write(folder, "agents.json", json.dumps([{**whole, **given}])))


@pytest.mark.django_db
def test_a_later_listing_counts_and_an_earlier_one_does_not(tmp_path: Path) -> None:
    one(tmp_path)
    earlier = one(tmp_path, Timestamp="2026-07-13T00:00:00Z", PublishedStatus="Published")
    assert (earlier.stored, earlier.duplicates) == (0, 1)
    assert AgentListing.objects.get().state == AgentState.DRAFT
    assert one(tmp_path, Timestamp="2026-07-15T00:00:00Z", PublishedStatus="Published").stored == 1
    assert AgentListing.objects.get().state == AgentState.PUBLISHED
    assert one(tmp_path, Timestamp="2026-07-15T00:00:00Z", Owners="[]").stored == 1  # the same id, other content


@pytest.mark.django_db
def test_within_a_file_the_latest_row_of_an_agent_counts(tmp_path: Path) -> None:
    rows = [
        {"AgentId": agent_id, "AgentName": name, "PublishedStatus": "Draft", "Timestamp": f"2026-07-{day}T00:00:00Z"}
        for agent_id, name, day in (("A-1", "new", 15), ("a-1", "old", 14), (f"X.{CLAIMS}", "x", 14), (CLAIMS, "y", 15))
    ]
    summary = ingest(write(tmp_path, "agents.json", json.dumps(rows)))
    assert (summary.stored, summary.duplicates) == (2, 2)
    assert sorted(AgentListing.objects.values_list("name", flat=True)) == ["new", "y"]


def test_owners_are_pseudonyms_and_give_the_department(cast: Cast, tmp_path: Path) -> None:
    people = users_text((OWNER, "Claims", "a3f1c2d4-0000-4000-8000-000000000102", "Treasury"))
    import_file(actor=None, path=write(tmp_path, "users.csv", people))
    ingest(sample("many_coe_kit"))
    ingest(sample("many_power_platform"))  # names the owner by object id
    found = AgentListing.objects.filter(name="ClaimsTriageBot")
    assert {one.department for one in found} == {cast.treasury}
    assert [str(owner) for one in found.filter(source="coe_kit") for owner in one.owners or []] == [pseudonym(OWNER)]
    assert OWNER not in str(list(AgentListing.objects.values()))
    assert AuditLogEntry.objects.filter(action="feed.imported").count() == 3


def test_the_named_department_goes_before_the_owners(cast: Cast, tmp_path: Path) -> None:
    people = users_text((OWNER, "Claims", "a3f1c2d4-0000-4000-8000-000000000102", "Treasury"))
    import_file(actor=None, path=write(tmp_path, "users.csv", people))
    cast.cards.aliases = ["insurance claims"]
    cast.cards.save()
    ingest(sample("many_copilot_studio_kit"))
    assert AgentListing.objects.get(name="ClaimsTriageBot").department == cast.cards
