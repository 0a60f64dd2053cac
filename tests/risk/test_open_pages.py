"""Pages left open while somebody else answers: only what a person changed is saved, and nothing is replaced unseen."""

import json
import re
from html import unescape
from typing import Any

import pytest
from django.urls import reverse

from inventory.models import AIApplication
from risk.services import assessments
from tests.cast import Cast
from tests.risk.test_pages import HTMX, as_, shown


def answer(who: Any, application: AIApplication, **answers: Any) -> None:
    assessments.save_answers(actor=who, application=application, answers=answers)


def stored(application: AIApplication) -> dict[str, Any]:
    return dict(application.answers.values_list("question", "value"))


@pytest.fixture
def address(application: AIApplication) -> str:
    return reverse("risk:questionnaire", args=[application.pk]) + "?step=factors"


def held(page: str) -> dict[str, str]:
    """The hidden answers that a page shows."""
    return {key: unescape(value) for key, value in re.findall(r'name="(shown:[^"]+)"[^>]* value="([^"]*)"', page)}


def test_an_open_page_overwrites_no_newer_answer(cast: Cast, application: AIApplication, address: str) -> None:
    answer(cast.alice, application, scale="under_10k", consequence="none")
    opened = held(shown(as_(cast.alice), address))
    assert opened["shown:scale"] == '"under_10k"'
    answer(cast.bob, application, scale="over_1m")
    sent = {**opened, "q:scale": "under_10k", "q:consequence": "economic"}  # the whole step, one of it changed
    page = as_(cast.alice).post(address, sent, headers=HTMX).content.decode()
    assert stored(application) == {"scale": "over_1m", "consequence": "economic"}
    assert "Bob" in page  # the page still shows the old one: it says whose is newer
    assert 'id="shown-consequence"' in page  # and what it has saved is what it shows from now on
    assert 'id="shown-scale"' not in page


@pytest.mark.parametrize("headers", [HTMX, {}])
def test_a_third_answer_is_put_beside_theirs_and_the_person_decides(
    cast: Cast, application: AIApplication, address: str, headers: dict[str, str]
) -> None:
    answer(cast.alice, application, scale="under_10k")
    opened = held(shown(as_(cast.alice), address))
    answer(cast.bob, application, scale="over_1m")
    sent = {**opened, "q:scale": "under_1m", "q:consequence": "none"}
    page = as_(cast.alice).post(address, sent, headers=headers).content.decode()
    assert stored(application)["scale"] == "over_1m"
    assert "answered “Over 1 million”" in page
    assert "Save mine: “Under 1 million”" in page
    if headers:
        assert stored(application)["consequence"] == "none"  # holds up no other
    else:  # the step is shown again as it was sent
        assert re.search(r'value="under_1m" id="scale-under_1m" checked', page)
        assert re.search(r'id="consequence-none" checked', page)
        assert held(page)["shown:scale"] == '"under_10k"'

    as_(cast.alice).post(address, {**sent, "over:scale": json.dumps("over_1m")}, headers=headers)
    assert stored(application)["scale"] == "under_1m"


def test_theirs_can_be_kept(cast: Cast, application: AIApplication, address: str) -> None:
    answer(cast.bob, application, scale="over_1m")
    sent = {"shown:scale": "", "q:scale": "under_1m", "over:scale": "theirs"}
    page = as_(cast.alice).post(address, sent, headers=HTMX).content.decode()
    assert stored(application) == {"scale": "over_1m"}
    assert re.search(r'<fieldset class="question" id="scale" hx-swap-oob="true"', page)  # the page shows theirs now
    assert re.search(r'id="scale-over_1m" checked', page)
    assert "Save mine" not in page


def test_a_decision_about_an_older_answer_decides_nothing(cast: Cast, application: AIApplication, address: str) -> None:
    answer(cast.bob, application, scale="under_10k")
    sent = {"shown:scale": "", "q:scale": "under_1m", "over:scale": json.dumps("over_1m")}
    page = as_(cast.alice).post(address, sent, headers=HTMX).content.decode()
    assert stored(application) == {"scale": "under_10k"}
    assert "Save mine: “Under 1 million”" in page


def test_ones_own_newer_answer_is_no_quarrel(cast: Cast, application: AIApplication, address: str) -> None:
    answer(cast.alice, application, scale="over_1m")
    page = as_(cast.alice).post(address, {"shown:scale": "", "q:scale": "under_1m"}, headers=HTMX).content.decode()
    assert stored(application) == {"scale": "under_1m"}
    assert "Save mine" not in page


@pytest.mark.parametrize("headers", [HTMX, {}])
def test_what_is_left_as_it_was_is_not_saved_again(
    cast: Cast, application: AIApplication, address: str, headers: dict[str, str]
) -> None:
    """Also not over one's own newer answer from another page, nor does it hold up the step."""
    answer(cast.alice, application, scale="under_10k")
    opened = held(shown(as_(cast.alice), address))
    answer(cast.alice, application, scale="over_1m")
    sent = {**opened, "q:scale": "under_10k", "q:consequence": "none"}
    assert as_(cast.alice).post(address, sent, headers=headers).status_code == (200 if headers else 302)
    assert stored(application) == {"scale": "over_1m", "consequence": "none"}


def test_the_same_answer_is_no_quarrel(cast: Cast, application: AIApplication, address: str) -> None:
    answer(cast.bob, application, scale="over_1m")
    page = as_(cast.alice).post(address, {"shown:scale": "", "q:scale": "over_1m"}, headers=HTMX).content.decode()
    assert "Save mine" not in page
    assert application.answers.get().answered_by == cast.bob


def test_boxes_are_measured_against_what_the_page_showed(cast: Cast, application: AIApplication) -> None:
    address = reverse("risk:questionnaire", args=[application.pk]) + "?step=scope"
    answer(cast.alice, application, role=["uses"])
    opened = held(shown(as_(cast.alice), address))
    answer(cast.bob, application, role=[])
    as_(cast.alice).post(address, {**opened, "q:role": ["", "uses"], "q:ai_system": "yes"}, headers=HTMX)
    assert stored(application) == {"role": [], "ai_system": True}
    page = as_(cast.alice).post(address, {**opened, "q:role": ["", "uses", "imports"]}, headers=HTMX).content.decode()
    assert stored(application)["role"] == []
    assert "answered “none of these”" in page


@pytest.mark.parametrize("hostile", ["[", "{}", "1", "[" * 9999, '["\\u0000", 1]', '"><script>alert(1)</script>'])
def test_what_no_page_of_ours_showed_counts_as_nothing(
    cast: Cast, application: AIApplication, address: str, hostile: str
) -> None:
    sent = {"shown:scale": hostile, "over:scale": hostile, "q:scale": "under_1m"}
    page = as_(cast.alice).post(address, sent, headers=HTMX)
    assert page.status_code == 200
    assert "<script" not in page.content.decode()
    assert stored(application) == {"scale": "under_1m"}
