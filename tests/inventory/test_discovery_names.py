"""What comes after a link by the identifier that the link added goes back with it; and names are folded in one way."""

from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.db import connection

from inventory.models import AgentListing, AIApplication, CloudApp, DataEvent, Interaction, Ruling, Sighting
from inventory.services import discovery
from tests.builders import make_application
from tests.cast import Cast
from tests.inventory.feeds import test_activity_explorer as explorer
from tests.inventory.feeds import test_agents as agents
from tests.inventory.feeds import test_cloud_discovery as cloud
from tests.inventory.test_discovery import load, open_names, record

pytestmark = pytest.mark.django_db
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
