"""What comes after a link by the identifier that the link added goes back with it; and names are folded in one way."""

from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.db import connection

from inventory.models import (
    AgentListing,
    AIApplication,
    CarriedName,
    ChangedApplication,
    CloudApp,
    DailySensitive,
    DailyUsage,
    DailyUser,
    DataEvent,
    ImportBatch,
    Interaction,
    Ruling,
    Sighting,
)
from inventory.services import discovery
from inventory.services.imports import undo
from tests.builders import make_application
from tests.cast import Cast
from tests.inventory.feeds import test_activity_explorer as explorer
from tests.inventory.feeds import test_agents as agents
from tests.inventory.feeds import test_cloud_discovery as cloud
from tests.inventory.test_discovery import MARKED, facts, load, open_names, record

pytestmark = pytest.mark.django_db
OTHER = "00000000-0000-4000-8000-0000000000ff"
NAMES = ["Straße", "İstanbul AI", "ΣΊΣΥΦΟΣ", "x" * 301, "ß" * 250]


@pytest.fixture
def letters(cast: Cast) -> AIApplication:
    return make_application(cast.retail, "Letter Writer", identifiers=[("host", "letters.example")])


def taken_back(cast: Cast) -> None:
    (ruling,) = Ruling.objects.all()
    sighting = Sighting.objects.get(folded=ruling.folded)
    discovery.take_back(actor=cast.ada, sighting=sighting, reason="Another one.")


def held(model: Any, application: AIApplication) -> tuple[int, int]:
    """How many the application has, and how many nobody has."""
    return tuple(model.objects.filter(application=one).count() for one in (application, None))


def matched(number: int, name: str) -> dict[str, Any]:
    rule = {"PolicyName": "DSPM for AI: Detect sensitive info", "RuleName": f"Rule {number}"}
    return explorer.activity(number, "DLP rule matched", AppIdentity=name, PolicyMatchInfo=rule)


def test_a_data_event_that_the_new_identifier_matches_goes_back_with_the_link(
    cast: Cast, letters: AIApplication, tmp_path: Path
) -> None:
    cloud.ingest(tmp_path, cloud.line())
    discovery.link(actor=cast.ada, sighting=Sighting.objects.get(), application=letters)
    explorer.ingest(tmp_path, explorer.match(1))
    own = {**explorer.match(2), "EndpointMetaData": {"TargetDomain": "letters.example"}}
    explorer.ingest(tmp_path, own)
    assert held(DataEvent, letters) == (2, 0)
    taken_back(cast)
    assert held(DataEvent, letters) == (1, 1)
    assert DataEvent.objects.get(application=letters).seen_as == ""


def test_an_agent_that_the_new_identifier_matches_goes_back_with_the_link(
    cast: Cast, letters: AIApplication, tmp_path: Path
) -> None:
    agents.ingest(agents.sample("one_coe_kit"))
    discovery.link(actor=cast.ada, sighting=Sighting.objects.get(), application=letters)
    agents.ingest(agents.sample("many_xdr_agents"))
    assert held(AgentListing, letters) == (2, 1)
    taken_back(cast)
    assert held(AgentListing, letters) == (0, 3)
    assert not AgentListing.objects.filter(sighting=None).exists()


def test_an_agent_of_the_applications_own_stays_when_a_link_goes_back(
    cast: Cast, letters: AIApplication, tmp_path: Path
) -> None:
    own = make_application(cast.retail, "Claims", identifiers=[("agent_id", agents.CLAIMS)])
    load(tmp_path, record(AgentName="ClaimsTriageBot"))
    discovery.link(actor=cast.ada, sighting=Sighting.objects.get(), application=letters)
    agents.ingest(agents.sample("one_coe_kit"))
    taken_back(cast)
    assert held(AgentListing, own) == (1, 0)


def test_a_reported_app_that_the_new_identifier_matches_goes_back_with_the_link(
    cast: Cast, letters: AIApplication, tmp_path: Path
) -> None:
    cloud.ingest(tmp_path, cloud.line())
    discovery.link(actor=cast.ada, sighting=Sighting.objects.get(), application=letters)
    domains = ["chatgpt.com"]
    cloud.report(tmp_path, cloud.app(1, domains=domains), cloud.app(2, domains=["letters.example"]))
    assert held(CloudApp, letters) == (2, 0)
    taken_back(cast)
    assert held(CloudApp, letters) == (1, 1)
    assert open_names() == {"chatgpt.com"}


def other_name(number: int) -> dict[str, Any]:
    """An interaction with the agent that the link knows by its id, after it was given another name."""
    return record(AgentId=f"T_x.{agents.CLAIMS}", AgentName=f"Claims {number}", UserId="ann@x.example", event=MARKED)


def test_what_the_new_identifier_matches_under_another_name_goes_back_with_the_link(
    cast: Cast, letters: AIApplication, tmp_path: Path
) -> None:
    """Until then it counts for the application and stands in no list; then it is seen as what feeds call it."""
    load(tmp_path, record(AgentId=f"T_x.{agents.CLAIMS}", AgentName="ClaimsTriageBot"))
    before = facts()
    discovery.link(actor=cast.ada, sighting=Sighting.objects.get(), application=letters)
    load(tmp_path, other_name(1), other_name(2), other_name(2))
    assert held(Interaction, letters) == (4, 0)
    assert open_names() == set()
    taken_back(cast)
    assert held(Interaction, letters) == (0, 4)
    assert not DailyUsage.objects.filter(application=letters).exists()
    assert sum(DailyUsage.objects.values_list("sensitive", flat=True)) == 3
    assert open_names() == {"ClaimsTriageBot", "Claims 1", "Claims 2"}
    later = ImportBatch.objects.order_by("-pk")[0]
    undo.ask(actor=None, batch=later, reason="Wrong file.")
    undo.carry_out(later.pk)
    assert facts() == before


def test_a_name_that_is_linked_itself_stays_when_the_other_link_goes_back(
    cast: Cast, letters: AIApplication, tmp_path: Path
) -> None:
    load(tmp_path, record(AgentId=f"T_x.{agents.CLAIMS}", AgentName="ClaimsTriageBot"))
    first = Sighting.objects.get()
    discovery.link(actor=cast.ada, sighting=first, application=letters)
    load(tmp_path, other_name(1), other_name(2))
    discovery.link(actor=cast.ada, sighting=Sighting.objects.get(name="Claims 1"), application=letters)
    discovery.take_back(actor=cast.ada, sighting=first, reason="Another one.")
    assert held(Interaction, letters) == (1, 2)
    assert open_names() == {"ClaimsTriageBot", "Claims 2"}


def test_a_name_that_another_link_carries_too_stays_until_that_one_goes(
    cast: Cast, letters: AIApplication, tmp_path: Path
) -> None:
    load(tmp_path, record(AgentId=f"T_x.{agents.CLAIMS}", AgentName="ClaimsTriageBot"))
    load(tmp_path, record(AgentId=f"T_x.{OTHER}", AgentName="Payouts"))
    for one in Sighting.objects.all():
        discovery.link(actor=cast.ada, sighting=one, application=letters)
    load(tmp_path, other_name(1), {**other_name(1), **record(AgentId=f"T_x.{OTHER}", AgentName="Claims 1")})
    found = {ruling.name: Sighting.objects.get(folded=ruling.folded) for ruling in Ruling.objects.all()}
    discovery.take_back(actor=cast.ada, sighting=found["Payouts"], reason="Another one.")
    assert held(Interaction, letters) == (3, 1)
    discovery.take_back(actor=cast.ada, sighting=found["ClaimsTriageBot"], reason="Another one.")
    assert held(Interaction, letters) == (0, 4)


def test_what_goes_back_under_a_name_of_another_application_becomes_that_ones(
    cast: Cast, letters: AIApplication, tmp_path: Path
) -> None:
    """The identifier of one link goes before the name of another, until that link is taken back."""
    other = make_application(cast.retail, "Claims")
    load(tmp_path, record(AgentName="Claims 1"))
    discovery.link(actor=cast.ada, sighting=Sighting.objects.get(), application=other)
    load(tmp_path, record(AgentId=f"T_x.{agents.CLAIMS}", AgentName="ClaimsTriageBot"))
    first = Sighting.objects.get(name="ClaimsTriageBot")
    discovery.link(actor=cast.ada, sighting=first, application=letters)
    load(tmp_path, other_name(1))
    assert (held(Interaction, letters), held(Interaction, other)) == ((2, 0), (1, 0))
    discovery.take_back(actor=cast.ada, sighting=first, reason="Another one.")
    assert (held(Interaction, letters), held(Interaction, other)) == ((0, 1), (2, 1))
    assert sum(DailyUsage.objects.filter(application=other).values_list("interactions", flat=True)) == 2
    assert other.pk in ChangedApplication.objects.values_list("application", flat=True)
    assert open_names() == {"ClaimsTriageBot"}


def test_what_an_identifier_of_its_own_matches_stays(cast: Cast, tmp_path: Path) -> None:
    own = make_application(cast.retail, "Claims", identifiers=[("agent_id", agents.CLAIMS)])
    load(tmp_path, record(AgentName="ClaimsTriageBot"))
    discovery.link(actor=cast.ada, sighting=Sighting.objects.get(), application=own)
    load(tmp_path, other_name(1))
    assert not CarriedName.objects.exists()
    taken_back(cast)
    assert held(Interaction, own) == (1, 1)


def test_beside_what_is_open_under_the_name_it_is_seen_all_the_same(
    cast: Cast, letters: AIApplication, tmp_path: Path
) -> None:
    load(tmp_path, record(AgentId=f"T_x.{agents.CLAIMS}", AgentName="ClaimsTriageBot"))
    discovery.link(actor=cast.ada, sighting=Sighting.objects.get(), application=letters)
    load(tmp_path, other_name(1), record(AgentName="Claims 1"))
    assert open_names() == {"Claims 1"}
    assert held(Interaction, letters) == (2, 1)


@pytest.mark.parametrize("back", [True, False], ids=["taken back", "linked itself"])
def test_lines_of_one_day_that_meet_become_one(
    cast: Cast, letters: AIApplication, tmp_path: Path, *, back: bool
) -> None:
    """Of one name and day, some is the application's by the identifier of a link, and some is nobody's."""
    load(tmp_path, record(AgentId=f"T_x.{agents.CLAIMS}", AgentName="ClaimsTriageBot"))
    first = Sighting.objects.get()
    discovery.link(actor=cast.ada, sighting=first, application=letters)
    loose = [record(AgentName="Claims 1", UserId=user, event=MARKED) for user in ("ann@x.example", "ian@x.example")]
    load(tmp_path, other_name(1), other_name(1), *loose)
    second = Sighting.objects.get(name="Claims 1")
    apart = DailyUsage.objects.filter(sighting=second).values_list("interactions", "users")
    assert sorted(apart) == [(2, 1), (2, 2)]
    if back:
        discovery.take_back(actor=cast.ada, sighting=first, reason="Another one.")
    else:
        discovery.link(actor=cast.ada, sighting=second, application=letters)
    assert held(Interaction, letters) == ((0, 5) if back else (5, 0))
    (line,) = DailyUsage.objects.filter(sighting=second)
    assert (line.interactions, line.users, line.sensitive) == (4, 2, 4)
    assert (line.application == letters) != back
    assert DailyUser.objects.filter(sighting=second).count() == 2
    assert list(DailySensitive.objects.filter(sighting=second).values_list("interactions", flat=True)) == [4]


def test_listings_events_and_reports_under_another_name_go_back_too(
    cast: Cast, letters: AIApplication, tmp_path: Path
) -> None:
    load(tmp_path, record(AgentId=f"T_x.{agents.CLAIMS}", AgentName="Bot"))
    cloud.ingest(tmp_path, cloud.line())
    for one in Sighting.objects.all():
        discovery.link(actor=cast.ada, sighting=one, application=letters)
    agents.ingest(agents.sample("one_coe_kit"))
    explorer.ingest(
        tmp_path, {**explorer.match(1), "EndpointMetaData": {"TargetDomain": "chatgpt.com"}, "AppIdentity": "Chat"}
    )
    cloud.report(tmp_path, cloud.app(1, displayName="Chat app", domains=["x.chatgpt.com"]))
    assert [held(model, letters) for model in (AgentListing, DataEvent, CloudApp)] == [(1, 0)] * 3
    assert open_names() == set()
    for ruling in list(Ruling.objects.all()):
        discovery.take_back(actor=cast.ada, sighting=Sighting.objects.get(folded=ruling.folded), reason="No.")
    assert [held(model, letters) for model in (AgentListing, DataEvent, CloudApp)] == [(0, 1)] * 3
    assert {"Bot", "chatgpt.com"} <= open_names()
    assert list(AgentListing.objects.values_list("sighting__folded", flat=True)) == ["claimstriagebot"]


@pytest.mark.parametrize("name", NAMES)
def test_data_events_meet_their_ruling_whatever_the_name(
    cast: Cast, letters: AIApplication, tmp_path: Path, name: str
) -> None:
    load(tmp_path, record(AppIdentity=name, Operation="AIAppInteraction"))
    explorer.ingest(tmp_path, matched(1, name))
    discovery.link(actor=cast.ada, sighting=Sighting.objects.get(), application=letters)
    explorer.ingest(tmp_path, matched(2, name.upper()))
    letters.identifiers.all().delete()
    explorer.ingest(tmp_path, matched(3, name))
    assert held(DataEvent, letters) == (3, 0)
    taken_back(cast)
    assert held(DataEvent, letters) == (0, 3)
    assert held(Interaction, letters) == (0, 1)


@pytest.mark.parametrize("name", NAMES)
def test_reported_apps_meet_their_ruling_whatever_the_name(
    cast: Cast, letters: AIApplication, tmp_path: Path, name: str
) -> None:
    load(tmp_path, record(AppIdentity=name, Operation="AIAppInteraction"))
    discovery.link(actor=cast.ada, sighting=Sighting.objects.get(), application=letters)
    cloud.report(tmp_path, cloud.app(1, displayName=name, domains=[]))
    assert held(CloudApp, letters) == (1, 0)
    assert Sighting.objects.count() == 1
    taken_back(cast)
    assert held(CloudApp, letters) == (0, 1)


def test_events_that_were_stored_before_are_folded_the_same_way(db: None, tmp_path: Path) -> None:
    explorer.ingest(tmp_path, *(matched(n, name) for n, name in enumerate(NAMES)))
    stored = set(DataEvent.objects.values_list("seen_as", "folded"))
    assert len(stored) == len(NAMES)
    DataEvent.objects.update(folded="")
    migration = import_module("inventory.migrations.0012_events_by_folded_name")
    with connection.schema_editor() as editor:
        migration.fold(apps, editor)
    assert set(DataEvent.objects.values_list("seen_as", "folded")) == stored


def test_people_in_arrays_are_those_that_stood_in_rows(cast: Cast, letters: AIApplication, tmp_path: Path) -> None:
    """Rows and back again: people of an application, of what is linked to it and of what is open, several in a line."""
    load(tmp_path, record(AgentId=f"T_x.{agents.CLAIMS}", AgentName="ClaimsTriageBot"))
    discovery.link(actor=cast.ada, sighting=Sighting.objects.get(), application=letters)
    people = [record(AgentName="Open", UserId=f"{name}@x.example") for name in ("ann", "ian", "eve")]
    load(tmp_path, other_name(1), *people)
    before, migration = facts(), import_module("inventory.migrations.0018_people_of_a_day")
    view = "SELECT application_id, sighting_id, department_id, day, pseudonym FROM inventory_dailyuser ORDER BY 2, 5"
    with connection.cursor() as cursor:
        cursor.execute(view)
        shown = cursor.fetchall()
        assert len(shown) == 5
        cursor.execute(migration.TO_ROWS)
        cursor.execute(view)
        assert cursor.fetchall() == shown
        cursor.execute("DELETE FROM inventory_dailypeople")
        cursor.execute(migration.TO_ARRAYS)
    assert facts() == before
