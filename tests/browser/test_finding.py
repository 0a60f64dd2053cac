"""Finding things again, in a browser: the search by keyboard, the columns of the list, and a view kept under a name."""

import os
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from governance.models import SavedView
from tests.browser.test_shell import violations, wider_than_the_screen
from tests.browser.test_ways import Visits, house
from tests.governance.estate import Estate, estate

__all__ = ["estate", "house"]
pytestmark = pytest.mark.django_db(transaction=True)
LOOKS = [(1280, "light"), (390, "dark")]


def inside(page: Page, selector: str) -> bool:
    """Whether an open panel stands wholly between the left and right edges of the screen."""
    box = page.locator(selector).bounding_box()
    return box is not None and box["x"] >= 0 and box["x"] + box["width"] <= page.viewport_size["width"]  # type: ignore[index]


def test_searching_by_keyboard(visit: Visits, house: Estate) -> None:
    page = visit(house.cast.dan, width=1280).go("/applications/")
    page.keyboard.press("/")
    box = page.locator("#hub-search")
    expect(box).to_be_focused()
    page.keyboard.type("scorer")
    hits = page.locator("[data-search-hit]")
    expect(hits.first).to_contain_text("Credit Scorer")
    assert violations(page) == []
    page.keyboard.press("ArrowDown")
    expect(hits.first).to_be_focused()
    page.keyboard.press("ArrowUp")
    expect(box).to_be_focused()
    page.keyboard.press("Escape")
    expect(hits).to_have_count(0)
    expect(box).to_be_focused()
    page.keyboard.type(" ")
    page.keyboard.press("Backspace")
    page.keyboard.press("Control+a")
    page.keyboard.type("credit scor")
    expect(hits.first).to_contain_text("Credit Scorer")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/applications/{house.scorer.pk}/")


@pytest.mark.parametrize(("width", "theme"), LOOKS)
def test_choosing_columns_and_keeping_them_in_a_view(visit: Visits, house: Estate, width: int, theme: str) -> None:
    page = visit(house.cast.dan, width=width, theme=theme).go("/applications/?department=retail&sort=name")
    page.get_by_text("Columns", exact=True).click()
    assert inside(page, ".columns-menu .menu-panel")
    assert violations(page) == []
    picture(page, f"columns-{width}-{theme}")
    page.get_by_label("Fairness", exact=True).check()
    page.get_by_label("Owner", exact=True).last.uncheck()
    page.get_by_role("button", name="Show").click()
    page.wait_for_url("**columns=fairness**")
    assert "department=retail" in page.url
    assert "sort=name" in page.url
    assert page.locator("thead th", has_text="Fairness").count() == 1
    assert page.locator("thead th", has_text="Owner").count() == 0
    assert wider_than_the_screen(page) == 0
    page.locator(".save-view summary").click()
    assert inside(page, ".save-view .menu-panel")
    picture(page, f"views-{width}-{theme}")
    page.get_by_label("Save this view as").fill("Fair ones")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("Saved as “Fair ones”")).to_be_visible()
    assert "columns=fairness" in SavedView.objects.get(name="Fair ones").query
    page.goto(page.url.split("/applications/")[0] + "/views/")
    page.get_by_role("link", name="Fair ones").click()
    page.wait_for_url("**columns=fairness**")
    assert page.locator("thead th", has_text="Fairness").count() == 1


def picture(page: Page, name: str) -> None:
    if folder := os.environ.get("LOOKS"):
        page.screenshot(path=Path(folder) / f"{name}.png")
