"""By keyboard alone: everything is reached and seen, nothing traps, and the focus comes back to where it was."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page, expect

from inventory.models import Alert
from tests.browser.conftest import SETTLED, Visit, follow
from tests.builders import make_application
from tests.cast import Cast, cast

__all__ = ["cast"]
pytestmark = pytest.mark.django_db(transaction=True)
Visits = Callable[..., Visit]

# What has the focus: whether it lies on the screen with a visible mark, and nothing lies over it
STOP = """() => {
  const one = document.activeElement;
  if (one === document.body) return null;
  one.dataset.walked = "yes";
  one.scrollIntoView({ block: "nearest", behavior: "instant" });
  const box = one.getBoundingClientRect();
  const marked = (pseudo) => getComputedStyle(one, pseudo).outlineStyle !== "none";
  const over = document.elementFromPoint(box.x + Math.min(box.width / 2, 20), box.y + Math.min(box.height / 2, 12));
  const free = !over || one.contains(over) || over.contains(one) || over.closest("label")?.contains(one);
  const seen = box.width > 1 && box.height > 1 && box.bottom > 0 && box.top < innerHeight;
  return [one.outerHTML.slice(0, 120), seen, marked() || marked("::after"), Boolean(free)];
}"""
LEFT_OUT = """() => [...document.querySelectorAll("a[href], button, select, textarea, summary, input")]
  .filter((one) => !one.dataset.walked && one.tabIndex >= 0 && !one.disabled && one.checkVisibility())
  .filter((one) => one.type !== "radio" && !one.closest("details:not([open]) > :not(summary)"))
  .map((one) => one.outerHTML.slice(0, 120))"""


def walk(page: Page, most: int = 250) -> list[str]:
    """Everything that is wrong on the way through a page by Tab."""
    wrong = []
    for _ in range(most):
        page.keyboard.press("Tab")
        stop = page.evaluate(STOP)
        if stop is None:
            break
        if not all(stop[1:]):
            wrong.append(f"{stop[0]}: seen {stop[1]}, marked {stop[2]}, free {stop[3]}")
    else:
        wrong.append("it never ends")
    return wrong + [f"not reached: {one}" for one in page.evaluate(LEFT_OUT)]


@pytest.fixture
def house(transactional_db: None, cast: Cast) -> Cast:
    application = make_application(cast.cards, "Card helper", owner=cast.alice)
    make_application(cast.retail, "Another", owner=cast.alice)
    for hours in range(12):  # more than a screen of them, so that some lie behind the bar
        values = {"severity": "high", "state": "active", "feed_state": "active", "type": "AI.Azure_Jailbreak"}
        at = timezone.now() - timedelta(hours=hours)
        Alert.objects.create(title=f"Alert {hours}", application=application, at=at, **values)
    return cast


def test_every_stop_is_reached_seen_and_marked(visit: Visits, house: Cast) -> None:
    visited = visit(house.bob, width=1280)
    for path in ("/", "/applications/", "/alerts/", "/exports/"):
        page = visited.go(path)
        assert walk(page) == [], path


def test_menus_close_with_escape_and_when_the_focus_leaves(visit: Visits, house: Cast) -> None:
    page = visit(house.bob, width=1280).go("/applications/")
    columns = page.locator("details[data-menu] > summary", has_text="Columns")
    menu = columns.locator("..")
    columns.focus()
    page.keyboard.press("Enter")
    expect(menu).to_have_attribute("open", "")
    page.keyboard.press("Tab")
    page.keyboard.press("Escape")
    expect(columns).to_be_focused()
    expect(menu).not_to_have_attribute("open", "")
    page.keyboard.press("Enter")
    page.keyboard.press("Shift+Tab")
    expect(menu).not_to_have_attribute("open", "")


def test_the_navigation_of_a_phone_closes_with_escape(visit: Visits, house: Cast) -> None:
    page = visit(house.bob, width=390).go("/alerts/")
    button = page.get_by_role("button", name="Menu")
    button.focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.locator("#hub-search")).to_be_focused()
    page.keyboard.press("Escape")
    expect(button).to_be_focused()
    expect(button).to_have_attribute("aria-expanded", "false")


def test_a_filter_is_chosen_key_by_key_and_the_focus_comes_back(visit: Visits, house: Cast) -> None:
    page = visit(house.bob, width=1280).go("/applications/")
    band = page.locator("#filter-band")
    band.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")  # the first step alone would have loaded the page anew
    expect(band).to_have_value("moderate")
    with page.expect_navigation(wait_until="load"):
        page.keyboard.press("Enter")
    page.wait_for_function(SETTLED)
    assert page.url.endswith("?band=moderate")
    expect(band).to_be_focused()
    page.keyboard.press("ArrowUp")
    with page.expect_navigation(wait_until="load"):
        page.keyboard.press("Tab")
    assert page.url.endswith("?band=low")
    expect(page.locator("#filter-class")).to_be_focused()


def test_sorting_by_keyboard_stays_at_the_head_of_its_column(visit: Visits, house: Cast) -> None:
    page = visit(house.bob, width=1280).go(reverse("risk:applications"))
    head = page.locator(".sortable a", has_text="Owner")
    head.focus()
    with page.expect_navigation(wait_until="load"):
        page.keyboard.press("Enter")
    expect(page.locator(".sortable[aria-sort] a")).to_be_focused()
    follow(page, page.locator(".sortable a", has_text="Department"))  # by mouse it begins at its top, as ever
    expect(page.locator(".sortable[aria-sort] a")).not_to_be_focused()


def test_the_focus_goes_to_the_answer_of_what_was_sent(visit: Visits, house: Cast) -> None:
    visited = visit(house.bob, width=1280)
    page = visited.go("/applications/")
    page.locator(".save-view > summary").click()
    page.locator("#view-name").fill("Mine")
    with page.expect_navigation(wait_until="load"):
        page.keyboard.press("Enter")
    expect(page.locator(".messages")).to_be_focused()
    expect(page.locator(".messages")).to_contain_text("Saved as “Mine”")
    page.reload()
    expect(page.locator("body")).to_be_focused()
    page = visited.go("/incidents/record/")
    page.locator("main form").first.evaluate("one => { one.noValidate = true; }")
    with page.expect_navigation(wait_until="load"):
        page.locator("main form button[type=submit]").first.press("Enter")
    assert page.evaluate("document.activeElement.matches('main .note-error, main [aria-invalid=true]')")
    visited.complaints[:] = [one for one in visited.complaints if "400 (Bad Request)" not in one]


def test_the_focus_comes_back_to_columns_and_filters_that_were_dropped(visit: Visits, house: Cast) -> None:
    page = visit(house.bob, width=1280).go("/applications/?band=low")
    columns = page.locator(".columns-menu > summary")
    columns.press("Enter")
    with page.expect_navigation(wait_until="load"):
        page.locator(".columns-menu button").press("Enter")
    expect(columns).to_be_focused()
    with page.expect_navigation(wait_until="load"):
        page.locator(".filter-chip > a").press("Enter")
    expect(page.locator("#filter-department")).to_be_focused()
