"""Every page of a test's own transaction, in a browser: what holds of any page, whoever made it.

No server sees what a test has not committed, and the whole demo is made once, in a transaction. So the browser's
requests are answered here, by Django's test client.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextvars import copy_context
from http import HTTPStatus
from urllib.parse import urlsplit

from django.contrib.staticfiles import finders
from django.test import Client
from playwright.sync_api import Browser, Page, Route

from tests.browser.conftest import Visit
from tests.browser.test_shell import violations, wider_than_the_screen

HOST = "localhost"
PATIENCE = 120_000  # milliseconds: a busy machine is slow, and not wrong
WIDE, NARROW = {"width": 1280, "height": 900}, {"width": 390, "height": 900}
# All that differs between the themes is colour: what else axe knows it has said already, in light
COLOURS = {"runOnly": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}}


# Axe takes its time for each element. Of a chart it can judge the frame only (words before shapes it leaves open), and
# rows beyond the first few say nothing new.
BARE_CHARTS = """document.querySelectorAll(".chart-plot").forEach((one) => one.replaceWith(one.cloneNode(false)))"""
FEW_ROWS = """document.querySelectorAll("tbody > tr:nth-child(n + 7)").forEach((one) => one.remove())"""
DARK = """() => {
  document.documentElement.dataset.bsTheme = "dark";
  return document.getAnimations().length === 0;  // a colour on its way is neither the old nor the new
}"""


def _answers(client: Client) -> Callable[[Route], None]:
    """Answers a request with the client, or with the file of static/ that it asks for."""
    here = copy_context()  # Playwright calls from a context of its own, which would have a connection of its own

    def answer(route: Route) -> None:
        asked = urlsplit(route.request.url)
        path = asked.path + (f"?{asked.query}" if asked.query else "")
        if asked.path.startswith("/static/"):
            file = finders.find(asked.path.removeprefix("/static/"))
            route.fulfill(path=file) if file else route.fulfill(status=HTTPStatus.NOT_FOUND)
            return
        headers = {name: value for name, value in route.request.headers.items() if name.startswith("hx-")}
        told = here.copy().run(client.get, path, headers=headers, SERVER_NAME=HOST)
        route.fulfill(status=told.status_code, headers=dict(told.headers), body=told.getvalue())

    return answer


def is_page(client: Client, path: str) -> bool:
    """Whether an address is a whole page, and not a part of one, a file, or a way elsewhere."""
    told = client.get(path, SERVER_NAME=HOST)
    return told.status_code == HTTPStatus.OK and not told.streaming and b"<!doctype html>" in told.content[:200]


def _faults_of(page: Page) -> list[str]:
    """What is wrong with the page that stands open in light and wide; it isn't fit for use afterwards."""
    over = {"1280": wider_than_the_screen(page)}
    page.evaluate(BARE_CHARTS)
    page.set_viewport_size(NARROW)
    over["390"] = wider_than_the_screen(page)
    page.set_viewport_size(WIDE)
    page.evaluate(FEW_ROWS)
    found = [f"light: {one}" for one in violations(page)]
    page.wait_for_function(DARK)
    found += [f"dark: {one}" for one in violations(page, COLOURS)]
    return found + [f"wider than {width} by {more}" for width, more in over.items() if more]


def faults(browser: Browser, client: Client, paths: Iterable[str]) -> tuple[int, list[str]]:
    """How many pages were looked at, and what is wrong with them, wide and narrow, light and dark."""
    context = browser.new_context(viewport=WIDE, color_scheme="light", reduced_motion="reduce")
    context.set_default_timeout(PATIENCE)
    context.route("**/*", _answers(client))
    visited, wrong, looked = Visit(context.new_page(), f"http://{HOST}"), [], 0
    visited.watch()
    for path in filter(lambda one: is_page(client, one), paths):
        looked += 1
        wrong += [f"{path} {one}" for one in _faults_of(visited.go(path)) + visited.complaints]
        visited.complaints.clear()
    context.close()
    return looked, wrong
