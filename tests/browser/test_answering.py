"""Answering and writing in a browser: saved as one goes, the hand stays where it is, each choice tells its effect."""

from collections.abc import Callable

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from inventory.models import AIApplication
from risk.models import Record
from risk.services import records, scores
from tests.browser.conftest import Visit, follow
from tests.builders import make_application
from tests.cast import Cast, cast

__all__ = ["cast"]
pytestmark = pytest.mark.django_db(transaction=True)
Visits = Callable[..., Visit]


@pytest.fixture
def begun(transactional_db: None, cast: Cast) -> AIApplication:
    found = make_application(cast.cards, "Card helper", owner=cast.alice)
    scores.rescore_changed()
    return found


def test_a_choice_tells_its_effect_and_telling_follows_the_answers(
    visit: Visits, cast: Cast, begun: AIApplication
) -> None:
    page = visit(cast.alice).go(reverse("risk:questionnaire", args=[begun.pk]) + "?step=factors")
    told = page.locator("#then-consequence-none")
    expect(told).to_contain_text("risk ")
    before = told.inner_text()
    page.locator("#scale-under_100").check()
    expect(page.locator("#then-scale-under_100")).to_be_empty()
    expect(told).not_to_have_text(before)
    assert dict(begun.answers.values_list("question", "value")) == {"scale": "under_100"}
    page.locator("#scale-under_100").focus()
    page.keyboard.press("ArrowRight")  # the next option of the same question, as with any radio
    expect(page.locator("#then-scale-under_10k")).to_be_empty()
    assert begun.answers.get(question="scale").value == "under_10k"


def test_writing_is_saved_as_one_leaves_a_field_and_the_hand_stays(
    visit: Visits, cast: Cast, begun: AIApplication
) -> None:
    draft = records.start(actor=cast.alice, application=begun, form="impact")
    page = visit(cast.alice).go(reverse("risk:record", args=[begun.pk, "impact"]) + "?section=uses")
    page.locator("#uses-0-who-input").fill("Clerks")
    page.keyboard.press("Tab")
    expect(page.locator(".control-saved")).to_contain_text("saved")
    expect(page.locator("#uses-0-what-input")).to_be_focused()
    assert Record.objects.get(pk=draft.pk).content["uses"] == [{"who": "Clerks", "what": "", "where": ""}]
    expect(page.get_by_role("link", name="Use 1: Clerks", exact=True)).to_be_visible()
    page.get_by_role("button", name="Add a row").click()
    expect(page.locator("#uses-1-who-input")).to_be_visible()


def test_nothing_typed_while_it_is_saved_is_lost(visit: Visits, cast: Cast, begun: AIApplication) -> None:
    records.start(actor=cast.alice, application=begun, form="impact")
    seen = visit(cast.alice)
    where = reverse("risk:record", args=[begun.pk, "impact"]) + "?section=uses"
    page = seen.go(where)
    page.locator("#uses-0-who-input").focus()
    texts = {"who": "Clerks of the card office", "what": "Reading letters and answers", "where": "In two offices"}
    with page.expect_response(lambda answer: "two" in (answer.request.post_data or "")):  # the last is saved
        for text in texts.values():
            page.keyboard.type(text, delay=25)
            page.keyboard.press("Tab")
    page = seen.go(where)
    for key, text in texts.items():
        expect(page.locator(f"#uses-0-{key}-input")).to_have_value(text)


def test_without_scripts_the_parts_are_walked_one_by_one(visit: Visits, cast: Cast, begun: AIApplication) -> None:
    records.start(actor=cast.alice, application=begun, form="fundamental_rights")
    page = visit(cast.alice, scripts=False).go(reverse("risk:record", args=[begun.pk, "fundamental_rights"]))
    page.locator("#period-input").fill("Daily")
    follow(page, page.get_by_role("button", name="Save", exact=True))
    assert Record.objects.get().content["period"] == "Daily"
