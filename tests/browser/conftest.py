"""A real Chromium (tests/chromium.py) on real pages."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import pytest
from django.conf import settings as django_settings
from django.test import Client
from playwright.sync_api import Browser, CDPSession, Locator, Page, expect
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

STORED = "local_storage,indexeddb,websql,file_systems,service_workers,cache_storage"  # what a page may keep


@dataclass
class Visit:
    """A page and all it complained about: console, content policy, failed answers, requests to other hosts, and what
    moved while it came."""

    page: Page
    address: str
    scripts: bool = True
    complaints: list[str] = field(default_factory=list)
    wires: list[CDPSession] = field(default_factory=list)

    def go(self, path: str) -> Page:
        """Open a page; it is there once nothing is under way and the charts near the screen are drawn."""
        self.page.goto(self.address + path, wait_until="load")
        if self.scripts:
            self.page.wait_for_function(SETTLED, polling=50)  # each frame would lay the page out again and again
            shifted = self.page.evaluate("window.shifted")
            self._note(shifted > MOST_SHIFTED, f"{path} shifted by {shifted}")
        return self.page

    def wire(self) -> CDPSession:
        """To the browser itself, for what Playwright has no words for. What it is told there ends with the visit."""
        self.wires.append(self.page.context.new_cdp_session(self.page))
        return self.wires[-1]

    def watch(self) -> None:
        self.page.add_init_script(SHIFTED)
        self.page.on("console", lambda message: self._note(message.type in {"error", "warning"}, message.text))
        self.page.on("pageerror", lambda error: self._note(True, str(error)))
        self.page.on("response", lambda answer: self._note(answer.status >= 500, f"{answer.status} {answer.url}"))
        self.page.on("request", lambda request: self._note(not self._own(request.url), f"other host: {request.url}"))

    def end(self, *, bent: bool) -> None:
        """Leave nothing of it but what the browser has loaded and compiled, for another one."""
        context = self.page.context
        self.wire().send("Storage.clearDataForOrigin", {"origin": self.address, "storageTypes": STORED})
        while self.wires:
            self.wires.pop().detach()
        for page in context.pages:
            if bent or page != self.page:
                page.close()
        context.clear_cookies()
        context.clear_permissions()
        if bent:
            self.page = context.new_page()
            self.watch()
            return
        context.set_offline(True)  # whatever it would send as it is left would come to the next test
        self.page.goto("about:blank")
        context.set_offline(False)
        self.page.unroute_all()
        self.page.emulate_media(media="null", reduced_motion="null")
        self.complaints = []

    def _note(self, bad: bool, text: str) -> None:
        if bad and "was preloaded using link preload but not used" not in text:  # a hint that a busy machine earns
            self.complaints.append(text)

    def _own(self, url: str) -> bool:
        return url.startswith((self.address, f"blob:{self.address}", "data:"))


def follow(page: Page, target: Locator) -> None:
    """Click, and be on the page that it leads to: a click alone returns while the old page still stands."""
    with page.expect_navigation(wait_until="load"):
        target.click()


Idle = defaultdict[tuple[str, bool], list[Visit]]


@pytest.fixture(scope="session")
def idle() -> Idle:
    """Visits that no test uses just now, by theme and whether they run scripts. A new page has to start a process, and
    to load and compile every script anew, which is half of what a page with charts costs; these have done so."""
    return defaultdict(list)


@pytest.fixture
def visit(browser: Browser, idle: Idle, live_server: LiveServer) -> Iterator[Callable[..., Visit]]:
    """`visit(user, width=1440, theme="light")`: a page signed in as the user; it must end without complaints. One that
    the test bends for good (listeners and scripts of its own) is `bent`, and not used again."""
    visits: list[tuple[Visit, list[Visit], bool]] = []

    def open_page(
        user: User | None = None, width: int = 1440, theme: str = "light", scripts: bool = True, bent: bool = False
    ) -> Visit:
        kept = idle[theme, scripts]
        made = kept.pop() if kept else new_visit(theme, scripts)
        visits.append((made, kept, bent))
        made.page.set_viewport_size({"width": width, "height": 900})
        if user is not None:
            client = Client()
            client.force_login(user)
            cookie = client.cookies[django_settings.SESSION_COOKIE_NAME]
            made.page.context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": live_server.url}])
        return made

    def new_visit(theme: str, scripts: bool) -> Visit:
        scheme: Literal["dark", "light"] = "dark" if theme == "dark" else "light"
        context = browser.new_context(color_scheme=scheme, java_script_enabled=scripts)
        made = Visit(context.new_page(), live_server.url, scripts)
        made.watch()
        return made

    yield open_page
    complaints = [text for made, *_ in visits for text in made.complaints]
    for made, kept, bent in visits:
        made.end(bent=bent)
        kept.append(made)
    assert complaints == []
