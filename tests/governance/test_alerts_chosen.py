"""The queue of alerts of chosen applications: their stage, and what lies directly in a department."""

import csv
import io
from typing import Any

import pytest
from django.test import Client

from inventory.choices import AlertState, Lifecycle, Severity
from inventory.models import AIApplication, Alert
from inventory.services import sessions
from tests.builders import make_application
from tests.governance.estate import Estate, alert
from tests.governance.test_applications_then import FIRST, dan
from tests.governance.then import noon

__all__ = ["dan"]

ASKED: list[dict[str, Any]] = [
    {"lifecycle": "live"},
    {"lifecycle": "idea,suspended"},
    {"department": "retail"},
    {"department": "retail", "below": "no"},
    {"department": "retail", "below": "no", "lifecycle": "live"},
    {"kind": "model", "department": "retail"},
    {"owner": "alice"},
    {"band": "critical,high"},
    {"class": "open"},
    {"kind": ["model", "agent"]},
]


@pytest.fixture
def told(estate: Estate) -> Estate:
    """An alert about each application, and one about nothing registered."""
    Alert.objects.all().delete()
    halted = make_application(estate.cast.retail, "Halted", lifecycle=Lifecycle.SUSPENDED)
    for one in (estate.scorer, estate.summariser, estate.hostile, estate.draft, halted, None):
        alert(one, Severity.HIGH, AlertState.NEW)
    return estate


def listed(client: Client, **asked: Any) -> list[int]:
    page = client.get("/alerts/", asked)
    assert "not applied here" not in page.content.decode()
    return sorted(row.pk for row in page.context["page"].object_list)


def about(*applications: AIApplication) -> list[int]:
    return sorted(Alert.objects.filter(application__in=applications).values_list("pk", flat=True))


def test_below_no_leaves_what_lies_directly_in_it(told: Estate, client: Client) -> None:
    client.force_login(told.cast.dan)
    halted = AIApplication.objects.get(name="Halted")
    assert listed(client, department="retail") == about(told.scorer, told.summariser, told.draft, halted)
    assert listed(client, department="retail", below="no") == about(told.summariser, told.draft, halted)
    assert listed(client, department="retail", below="no", lifecycle="live") == about(told.summariser)
    body = client.get("/alerts/?department=retail&below=no").content.decode()
    assert "Departments below" in body


@pytest.mark.parametrize("who", ["dan", "carol"])
@pytest.mark.parametrize("asked", ASKED)
def test_page_file_interface_and_looks_agree(told: Estate, client: Client, who: str, asked: dict[str, Any]) -> None:
    user = getattr(told.cast, who)
    client.force_login(user)
    found = listed(client, **asked)
    text = b"".join(client.get("/alerts/alerts.csv", asked).streaming_content).decode("utf-8-sig")  # type: ignore[attr-defined]
    assert sorted(int(row["id"]) for row in csv.DictReader(io.StringIO(text))) == found
    _, token = sessions.create_token(actor=user, days=7)
    machine = Client(headers={"Authorization": f"Token {token}"})
    assert sorted(row["id"] for row in machine.get("/api/v1/alerts/", asked).json()["results"]) == found
    for one in client.get("/alerts/", asked).context["views"]:
        assert client.get(one["url"]).context["page"].paginator.count == one["count"], one["label"]


def test_the_stage_is_that_of_then(dan: Client, estate: Estate) -> None:
    """The summariser was an idea on the first day, and is live today."""
    one = alert(estate.summariser, Severity.HIGH, AlertState.NEW)
    Alert.objects.filter(pk=one.pk).update(at=noon(FIRST))
    assert one.pk in listed(dan, lifecycle="idea", as_of=FIRST)
    assert one.pk not in listed(dan, lifecycle="live", as_of=FIRST)
    assert one.pk in listed(dan, lifecycle="live")
    assert one.pk not in listed(dan, lifecycle="idea")
