"""The queue of alerts by hand and from the keyboard: what is chosen, where the focus goes, and what the bar does."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page, expect

from inventory.models import Alert
from tests.browser.conftest import Visit
from tests.builders import make_application
from tests.cast import Cast, cast

__all__ = ["cast"]
pytestmark = pytest.mark.django_db(transaction=True)
Visits = Callable[..., Visit]
TITLES = ["First", "Second", "Third", "Fourth"]


@pytest.fixture
def queue(transactional_db: None, cast: Cast, visit: Visits) -> Page:
    application = make_application(cast.cards, "Card helper", owner=cast.alice)
    for hours, title in enumerate(TITLES):
        at = timezone.now() - timedelta(hours=9 - hours)  # the oldest is due first
        values = {"severity": "high", "state": "active", "feed_state": "active", "type": "AI.Azure_Jailbreak"}
        Alert.objects.create(title=title, application=application, at=at, **values)
    return visit(cast.bob).go(reverse("risk:alerts"))


def chosen(page: Page) -> list[str]:
    """The titles of the rows whose box is ticked."""
    rows = page.locator("[data-queue-row]", has=page.locator("input[name=alert]:checked"))
    return rows.locator("[data-queue-open]").all_inner_texts()


def focused(page: Page) -> str:
    return page.evaluate("document.activeElement.textContent").strip()


def test_it_is_worked_from_the_keyboard(queue: Page) -> None:
    assert queue.locator("[data-queue-open]").all_inner_texts() == TITLES
    for key, title in (
        ("j", "First"),
        ("j", "Second"),
        ("j", "Third"),
        ("k", "Second"),
        ("k", "First"),
        ("k", "First"),
    ):
        queue.keyboard.press(key)
        assert focused(queue) == title
    queue.keyboard.press("x")
    queue.keyboard.press("j")
    queue.keyboard.press("x")
    assert chosen(queue) == ["First", "Second"]
    expect(queue.locator("[data-queue-count]")).to_have_text("2 chosen")
    queue.keyboard.press("a")
    assert chosen(queue) == TITLES
    expect(queue.locator("[data-queue-all]")).to_be_checked()
    queue.keyboard.press("a")
    assert chosen(queue) == []
    queue.locator("#alerts-q").focus()
    queue.keyboard.type("jaxk")  # letters like any others while one types
    expect(queue.locator("#alerts-q")).to_have_value("jaxk")
    assert chosen(queue) == []
    queue.locator("[data-queue-open]").nth(2).focus()
    queue.keyboard.press("x")
    queue.keyboard.press("Escape")
    expect(queue.locator("[data-queue-count]")).to_have_text("None chosen")


def test_single_keys_can_be_switched_off_and_stay_so(queue: Page) -> None:
    """WCAG 2.1.4: whoever speaks to their computer must not choose alerts by a word."""
    queue.keyboard.press("/")
    expect(queue.locator("#hub-search")).to_be_focused()
    queue.locator("[data-menu].hub-user summary").click()
    queue.get_by_role("button", name="Single-key shortcuts").click()
    expect(queue.get_by_role("button", name="Single-key shortcuts")).to_have_attribute("aria-pressed", "false")
    queue.reload()
    expect(queue.locator(".queue-keys")).to_be_hidden()
    for key in ("a", "j", "x", "/"):
        queue.keyboard.press(key)
    assert chosen(queue) == []
    expect(queue.locator("#hub-search")).not_to_be_focused()
    queue.locator("[data-queue-open]").first.focus()
    queue.keyboard.press("Escape")  # no letter: it keeps letting go


def test_a_stretch_is_chosen_and_dismissed_at_once(queue: Page) -> None:
    boxes = queue.locator("input[name=alert]")
    boxes.nth(1).click()
    boxes.nth(3).click(modifiers=["Shift"])
    assert chosen(queue) == TITLES[1:]
    everything = queue.locator("[data-queue-all]")
    assert everything.evaluate("box => box.indeterminate")
    reason, assignee = queue.locator("#queue-text"), queue.locator("#queue-assignee")
    queue.locator("[data-queue-action]").select_option("assign")
    expect(assignee).to_be_visible()
    expect(reason).to_be_hidden()
    queue.locator("[data-queue-action]").select_option("dismiss")
    expect(assignee).to_be_hidden()
    reason.fill("A drill")
    with queue.expect_navigation():
        reason.press("Enter")
    expect(queue.get_by_text("Done: 3 alerts.")).to_be_visible()
    assert set(Alert.objects.filter(state="dismissed", outcome="A drill").values_list("title", flat=True)) == set(
        TITLES[1:]
    )
    assert Alert.objects.get(title="First").state == "active"


def test_enter_opens_the_alert_of_the_row(queue: Page) -> None:
    queue.keyboard.press("j")
    with queue.expect_navigation():
        queue.keyboard.press("Enter")
    assert queue.url.endswith(reverse("risk:alert", args=[Alert.objects.get(title="First").pk]))


def test_the_keyboard_goes_on_at_what_came_of_it(queue: Page, cast: Cast, visit: Visits) -> None:
    visited = visit(cast.bob)
    page = visited.go(queue.get_by_role("link", name="First").get_attribute("href") or "")
    page.get_by_role("button", name="Resolve").press("Enter")
    expect(page.locator("main .note-error")).to_be_focused()
    page.get_by_label("Comment, lesson learnt or reason").fill("Tool output is filtered now.")
    page.get_by_role("button", name="Resolve").press("Enter")
    expect(page.locator(".messages")).to_be_focused()
    visited.complaints.clear()  # the browser notes the refusal, a 400, itself
