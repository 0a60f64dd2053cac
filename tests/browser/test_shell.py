"""The shell in a browser: signing in, navigation, theme, phone, no scripts; readable, and silent under the policy."""

from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.test import Client
from playwright.sync_api import Page, expect

from inventory.models import User
from tests.cast import Cast

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def ada(transactional_db: None, cast: Cast) -> User:
    return cast.ada


def violations(page: Page, only: dict[str, Any] | None = None) -> list[str]:
    """What axe has against a page, of all its rules or those of `only`. None wants style sheets fetched anew."""
    options = {"resultTypes": ["violations"], "preload": False, **(only or {})}
    found = Axe().run(page, options=options).response["violations"]
    return [f"{one['id']}: {node['html'][:120]}" for one in found for node in one["nodes"]]


def wider_than_the_screen(page: Page) -> int:
    return page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_signing_in(visit, ada, theme):
    ada.set_password("correct horse battery")
    ada.save()
    page = visit(theme=theme).go("/people/")
    assert "/accounts/login/" in page.url
    assert violations(page) == []
    page.get_by_label("User name or e-mail").fill("ada")
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_be_visible()
    page.get_by_label("Password").fill("correct horse battery")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("People")


@pytest.mark.parametrize(("width", "theme"), [(390, "dark"), (1280, "light"), (1920, "dark")])
def test_pages_fit_and_are_readable(visit, ada, width, theme):
    page = visit(ada, width=width, theme=theme).go("/people/")
    assert wider_than_the_screen(page) == 0
    assert violations(page) == []
    assert page.evaluate("document.documentElement.dataset.bsTheme") == theme


def test_the_theme_is_kept(visit, ada):
    visited = visit(ada)
    page = visited.go("/people/")
    page.get_by_text("Ada", exact=True).first.click()
    page.get_by_role("button", name="Dark").click()
    assert page.evaluate("document.documentElement.dataset.bsTheme") == "dark"
    visited.go("/people/")
    assert page.evaluate("document.documentElement.dataset.bsTheme") == "dark"


def test_navigation_on_a_phone(visit, ada):
    page = visit(ada, width=390).go("/people/")
    link = page.get_by_role("link", name="Department tree")
    assert not link.is_visible()
    page.get_by_role("button", name="Menu").click()
    link.click()
    page.wait_for_url("**/settings/departments/")


def test_who_is_signed_in_stays_in_reach_on_a_low_screen(visit, ada):
    page = visit(ada).go("/people/")
    page.set_viewport_size({"width": 1280, "height": 420})
    menu = page.locator(".hub-user > summary")
    expect(menu).to_be_in_viewport(ratio=1)
    menu.click()
    expect(page.get_by_role("button", name="Sign out")).to_be_in_viewport(ratio=1)


def test_paper_has_no_navigation(visit, ada):
    page = visit(ada).go("/people/?role=auditor")
    address = page.locator("[data-print-address]")
    expect(address).to_be_hidden()
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    expect(page.locator(".hub-nav")).to_be_hidden()
    expect(page.locator(".filter-bar")).to_be_hidden()
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    expect(address).to_contain_text("/people/?role=auditor ·")


def test_a_long_table_begins_on_the_first_sheet_and_goes_on_over_the_next(visit, ada):
    page = visit(ada).go("/people/")
    page.emulate_media(media="print")
    card = page.locator(".hub-card:has(> .is-flush)").first
    assert card.evaluate("one => [getComputedStyle(one).breakInside, getComputedStyle(one).display]") == [
        "auto",
        "block",
    ]
    assert card.locator("tbody tr").first.evaluate("one => getComputedStyle(one).breakInside") == "avoid"


def test_without_scripts_everything_is_reachable(visit, ada):
    page = visit(ada, width=390, scripts=False).go("/people/")
    assert page.get_by_role("link", name="Department tree").is_visible()
    page.get_by_text("Ada", exact=True).first.click()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()


def test_the_keyboard_comes_first_to_the_content(visit, ada):
    page = visit(ada).go("/people/")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to content"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "content"


@pytest.mark.parametrize("path", ["/nothing-here/", "/departments/none/"])
def test_what_does_not_exist_is_a_page_that_says_so(visit, ada, path):
    client = Client()
    client.force_login(ada)
    assert client.get(path).status_code == 404
    visited = visit(ada)
    page = visited.go(path)
    visited.complaints.clear()  # the browser notes the 404 itself
    assert "This page doesn't exist" in page.content()
    assert violations(page) == []
