"""Controls left open while somebody else states: the choice comes beside the control, and is taken by a click."""

from collections.abc import Callable

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from inventory.models import AIApplication
from risk.services import controls
from tests.browser.conftest import Visit
from tests.browser.test_fast_hands import begun
from tests.cast import Cast, cast

__all__ = ["begun", "cast"]
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize(("choice", "note"), [("Keep Bob", "Bob's words"), ("Save my change", "My words")])
def test_the_person_decides(
    visit: Callable[..., Visit], cast: Cast, begun: AIApplication, choice: str, note: str
) -> None:
    controls.state_control(actor=cast.alice, application=begun, control="GV-01", status="planned", note="First.")
    page = visit(cast.alice).go(reverse("risk:controls", args=[begun.pk]) + "?family=GV")
    controls.state_control(actor=cast.bob, application=begun, control="GV-01", status="attested", note="Bob's words")
    words, status = page.locator("[name=GV-01-note]"), page.locator("[name=GV-01-status]")
    words.fill("My words")
    words.blur()
    expect(page.locator("#newer-GV-01")).to_contain_text("Bob's words")
    assert begun.control_states.get(control="GV-01").note == "Bob's words"
    page.get_by_label(choice).check()
    expect(words).to_have_value(note)
    expect(status).to_have_value("attested")
    expect(page.locator("#newer-GV-01")).to_be_hidden()
    found = begun.control_states.get(control="GV-01")
    assert (found.status, found.note) == ("attested", note)
