"""A real Chromium (tests/chromium.py) on real pages."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from django.test import Client
from playwright.sync_api import Browser, Locator, Page, expect
from pytest_django.live_server_helper import LiveServer

from inventory.models import User

expect.set_options(timeout=15_000)  # milliseconds: a busy machine is slow, and not wrong


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in Path(item.path).parents:
            item.add_marker(pytest.mark.browser)


# Waiting for a quiet network costs half a second a page, and this says more
SETTLED = """() => {
  const near = (one) => one.offsetParent && one.getBoundingClientRect().top < innerHeight + 400;
  const charts = [...document.querySelectorAll("[data-chart]:not(.is-drawn, .has-failed)")];
  return !document.querySelector(".htmx-request") && !charts.some(near);
}"""


# What moves under the reader's eyes while a page comes, as the browser measures it: 0.1 is what is held good
SHIFTED = """window.shifted = 0;
new PerformanceObserver((list) => {
  for (const one of list.getEntries()) if (!one.hadRecentInput) window.shifted += one.value;
}).observe({ type: "layout-shift", buffered: true });"""
MOST_SHIFTED = 0.1


@dataclass
class Visit:
    """A page and all it complained about: console, content policy, failed answers, requests to other hosts, and what
    moved while it came."""

    page: Page
    address: str
    scripts: bool = True
    complaints: list[str] = field(default_factory=list)

    def go(self, path: str) -> Page:
        """Open a page; it is there once nothing is under way and the charts near the screen are drawn."""
        self.page.goto(self.address + path, wait_until="load")
        if self.scripts:
            self.page.wait_for_function(SETTLED)
            shifted = self.page.evaluate("window.shifted")
            self._note(shifted > MOST_SHIFTED, f"{path} shifted by {shifted}")
        return self.page

    def watch(self) -> None:
        self.page.add_init_script(SHIFTED)
        self.page.on("console", lambda message: self._note(message.type in {"error", "warning"}, message.text))
        self.page.on("pageerror", lambda error: self._note(True, str(error)))
        self.page.on("response", lambda answer: self._note(answer.status >= 500, f"{answer.status} {answer.url}"))
        self.page.on("request", lambda request: self._note(not self._own(request.url), f"other host: {request.url}"))

    def _note(self, bad: bool, text: str) -> None:
        if bad and "was preloaded using link preload but not used" not in text:  # a hint that a busy machine earns
            self.complaints.append(text)

    def _own(self, url: str) -> bool:
        return url.startswith((self.address, f"blob:{self.address}", "data:"))


def follow(page: Page, target: Locator) -> None:
    """Click, and be on the page that it leads to: a click alone returns while the old page still stands."""
    with page.expect_navigation(wait_until="load"):
        target.click()


@pytest.fixture
def visit(browser: Browser, live_server: LiveServer) -> Iterator[Callable[..., Visit]]:
    """`visit(user, width=1440, theme="light")`: a page signed in as the user; it must end without complaints."""
    visits: list[Visit] = []

    def open_page(user: User | None = None, width: int = 1440, theme: str = "light", scripts: bool = True) -> Visit:
        context = browser.new_context(
            viewport={"width": width, "height": 900},
            color_scheme="dark" if theme == "dark" else "light",
            java_script_enabled=scripts,
        )
        if user is not None:
            client = Client()
            client.force_login(user)
            cookie = client.cookies[django_settings.SESSION_COOKIE_NAME]
            context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": live_server.url}])
        made = Visit(context.new_page(), live_server.url, scripts)
        made.watch()
        visits.append(made)
        return made

    yield open_page
    complaints = [text for made in visits for text in made.complaints]
    for made in visits:
        made.page.context.close()
    assert complaints == []
