"""Controls left open while somebody else states: the choice comes beside the control, and is taken by a click."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Dialog, Page, expect

from inventory.models import AIApplication
from risk.services import controls
from tests.browser.conftest import Visit
from tests.browser.test_fast_hands import begun
from tests.cast import Cast, cast

__all__ = ["begun", "cast"]
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize(
    ("choice", "note", "holds"),
    [
        ("Keep Bob", "Bob's words", "Bob’s statement holds"),
        ("Save my change", "My words", "your change holds"),
    ],
)
def test_the_person_decides(
    visit: Callable[..., Visit], cast: Cast, begun: AIApplication, choice: str, note: str, holds: str
) -> None:
    page = overtaken(visit(cast.alice), cast, begun)
    words, status = page.locator("[name=GV-01-note]"), page.locator("[name=GV-01-status]")
    page.get_by_role("button", name=choice).focus()
    page.keyboard.press("ArrowDown")  # which must decide nothing
    assert begun.control_states.get(control="GV-01").note == "Bob's words"
    page.keyboard.press("Enter")
    expect(page.locator("#saved-GV-01")).to_contain_text(holds)
    expect(words).to_have_value(note)
    expect(status).to_have_value("attested")
    expect(status).to_be_focused()
    expect(page.locator("#newer-GV-01")).to_be_empty()
    found = begun.control_states.get(control="GV-01")
    assert (found.status, found.note) == ("attested", note)


def test_leaving_an_open_choice_is_asked_about(visit: Callable[..., Visit], cast: Cast, begun: AIApplication) -> None:
    page = overtaken(visit(cast.alice, bent=True), cast, begun)
    asked: list[str] = []

    def leave(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.accept()

    page.on("dialog", leave)
    page.get_by_role("link", name="History", exact=True).click()
    page.wait_for_url("**/history/")
    assert asked == ["beforeunload"]


def test_a_new_state_is_true_from_today(visit: Callable[..., Visit], cast: Cast, begun: AIApplication) -> None:
    old, today = timezone.localdate() - timedelta(400), timezone.localdate()
    controls.state_control(
        actor=cast.alice, application=begun, control="GV-01", status="planned", as_of=old, note="First."
    )
    page = visit(cast.alice).go(reverse("risk:controls", args=[begun.pk]) + "?family=GV")
    page.locator("[name=GV-01-status]").select_option("attested")
    expect(page.locator("#saved-GV-01")).to_contain_text("saved")
    expect(page.locator("[name=GV-01-as_of]")).to_have_value(today.isoformat())
    found = begun.control_states.get(control="GV-01")
    assert (found.status, found.as_of) == ("attested", today)


def overtaken(seen: Visit, cast: Cast, begun: AIApplication) -> Page:
    """Alice's page, on which she changed the note of a control that Bob stated after it was opened."""
    controls.state_control(actor=cast.alice, application=begun, control="GV-01", status="planned", note="First.")
    page = seen.go(reverse("risk:controls", args=[begun.pk]) + "?family=GV")
    controls.state_control(actor=cast.bob, application=begun, control="GV-01", status="attested", note="Bob's words")
    words = page.locator("[name=GV-01-note]")
    words.fill("My words")
    words.blur()
    expect(page.locator("#newer-GV-01")).to_contain_text("Bob's words")
    expect(page.locator("#newer-GV-01")).not_to_contain_text("As of")  # which is the same in both
    assert begun.control_states.get(control="GV-01").note == "Bob's words"
    return page
