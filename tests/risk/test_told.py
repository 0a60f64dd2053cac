"""The history of an application on its page: in words, a page of moments at a time."""

import re
from html import unescape

import pytest
from django.test import Client

from inventory.models import AIApplication
from risk.choices import ControlStatus
from risk.method import load_method
from risk.services import assessments, controls
from risk.web.application import MOMENTS_A_PAGE
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


@pytest.mark.django_db(transaction=True)  # a transaction is a moment
def test_older_moments_are_on_the_next_page(cast: Cast, alice: Client, application: AIApplication) -> None:
    for number in range(MOMENTS_A_PAGE + 2):
        status = (ControlStatus.PLANNED, ControlStatus.IN_PROGRESS)[number % 2]
        controls.state_control(actor=cast.alice, application=application, control="GV-01", status=status)
    address = f"/applications/{application.pk}/history/"
    first = shown(alice, address)
    assert first.count("GV-01 of") == MOMENTS_A_PAGE
    assert "Newest" not in first
    link = re.search(r'href="(\?before=[^"]+)">Older', first)
    assert link
    second = shown(alice, address + link[1])
    assert second.count("GV-01 of") == 2
    assert "Registered" in second
    assert ">Older" not in second
    assert ">Newest" in second
    assert "It was left out." in shown(alice, f"{address}?before=yesterday")
