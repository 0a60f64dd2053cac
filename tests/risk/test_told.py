"""The history of an application on its page: in words, a page of moments at a time, however much one of them did."""

import re
from datetime import date
from html import unescape

import pytest
from django.db import transaction
from django.test import Client
from django.utils import timezone

from inventory import audit_log
from inventory.models import AIApplication, Identifier
from inventory.selectors.history import MOMENTS
from risk.choices import ControlStatus
from risk.method import load_method
from risk.services import assessments, controls
from tests.cast import Cast


@pytest.fixture
def alice(cast: Cast, client: Client) -> Client:
    client.force_login(cast.alice)
    return client


def shown(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200
    return unescape(answer.content.decode())


def test_questions_and_controls_by_their_words(cast: Cast, alice: Client, application: AIApplication) -> None:
    answers = {"scale": "over_1m", "app.personal_data": True, "p_a": None}
    assessments.save_answers(actor=cast.alice, application=application, answers=answers)
    controls.state_control(actor=cast.alice, application=application, control="GV-01", status=ControlStatus.PLANNED)
    body, method = shown(alice, f"/applications/{application.pk}/history/"), load_method()
    assert method.factors["scale"].question in body
    assert f"{method.facts['app.personal_data'].text}: yes" in body
    assert method.questions["p_a"].text in body
    assert method.controls["GV-01"].title in body
    assert "app.personal_data" not in body


def test_a_statement_tells_what_it_changed(cast: Cast, alice: Client, application: AIApplication) -> None:
    def state(**stated: object) -> None:
        controls.state_control(actor=cast.alice, application=application, control="GV-01", **stated)  # type: ignore[arg-type]

    state(status="planned", as_of=date(2026, 1, 5), note="Ask <b>Bob</b>.")
    state(status="attested", as_of=date(2026, 2, 6), note="Bob agreed.", due=date(2026, 3, 1), owner=cast.alice)
    for page in ("history/", "controls/GV-01/"):
        body = shown(alice, f"/applications/{application.pk}/{page}")
        assert "State: Planned → Attested" in body
        assert "As of: 5 Jan 2026 → 6 Feb 2026" in body
        assert "Note: “Ask <b>Bob</b>.” → “Bob agreed.”" in body
        assert "Next step by: 1 Mar 2026" in body
        assert "Seen to by: “alice”" in body


@pytest.mark.django_db(transaction=True)  # a transaction is a moment
def test_older_moments_are_on_the_next_page(cast: Cast, alice: Client, application: AIApplication) -> None:
    for number in range(MOMENTS + 2):
        status = (ControlStatus.PLANNED, ControlStatus.IN_PROGRESS)[number % 2]
        controls.state_control(actor=cast.alice, application=application, control="GV-01", status=status)
    address = f"/applications/{application.pk}/history/"
    first = shown(alice, address)
    assert first.count("GV-01 of") == MOMENTS
    assert "Newest" not in first
    link = re.search(r'href="(\?before=[^"]+)">Older', first)
    assert link
    second = shown(alice, address + link[1])
    assert second.count("GV-01 of") == 2
    assert "Registered" in second
    assert ">Older" not in second
    assert ">Newest" in second
    assert "It was left out." in shown(alice, f"{address}?before=yesterday")


def test_one_moment_names_a_person_once_and_a_past_day_its_hour(
    cast: Cast, alice: Client, application: AIApplication
) -> None:
    for control in ("GV-01", "GV-05"):  # in one transaction, that of the test
        controls.state_control(actor=cast.alice, application=application, control=control, status=ControlStatus.PLANNED)
    cells = re.findall(r"<td>(.*?)</td>", shown(alice, f"/applications/{application.pk}/history/"), re.DOTALL)
    assert cells[0].count(str(cast.alice)) == 1
    past = shown(alice, f"/applications/{application.pk}/history/?as_of={timezone.localdate()}")
    assert "just now</time>" not in past.split("What people did", 1)[1].split("Moves between bands")[0]


@pytest.mark.django_db(transaction=True)
def test_a_very_large_moment_is_one_moment_and_hides_nothing(
    cast: Cast, alice: Client, application: AIApplication
) -> None:
    """An import that gives 450 identifiers, a script that writes 450 entries: what came before is still there."""
    controls.state_control(actor=cast.alice, application=application, control="GV-01", status=ControlStatus.PLANNED)
    with transaction.atomic():
        for number in range(450):
            audit_log.record(actor=cast.alice, action="test.bulk", summary=f"Bulk entry {number:03}.", obj=application)
        Identifier.objects.bulk_create(
            Identifier(application=application, kind="host", value=f"h{n:03}.example", folded=f"h{n:03}.example")
            for n in range(450)
        )
    controls.state_control(actor=cast.alice, application=application, control="GV-05", status=ControlStatus.PLANNED)
    address = f"/applications/{application.pk}/history/"
    first = shown(alice, address)
    assert "GV-05 of" in first
    assert "GV-01 of" in first
    assert "Registered" in first
    link = re.search(r'href="([^"]+moment=[^"]+)">([\d,]+) more of this moment', first)
    assert link
    assert int(link[2]) == 2 * 450 - first.count("Bulk entry") - first.count("host:h")
    entries, identifiers, page = set(), set(), 1
    while True:
        body = shown(alice, f"{link[1]}&page={page}")
        assert "GV-01 of" not in body
        entries |= set(re.findall(r"Bulk entry \d+", body))
        identifiers |= set(re.findall(r"host:h\d+", body))
        if "More of this moment" not in body:
            break
        page += 1
    assert (len(entries), len(identifiers), page) == (450, 450, 5)
    assert alice.get(f"{address}?moment=2020-01-01T00:00:00Z").status_code == 404
    assert alice.get(f"{link[1]}&page=99999999").status_code == 404
