"""A real Chromium for the tests: a pytest plugin (`-p tests.chromium`), since two files' own would be two loops.

Without one these tests are skipped, and say so; with CI=true they may not be.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:  # a worker that opens no page needs none of it
    from playwright.sync_api import Browser

# Playwright's loop makes Django believe that this thread is asynchronous; the tests' own queries are not.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")


def chromium() -> str | None:
    """The browser to use: CHROMIUM, else one on PATH."""
    found = [os.environ.get("CHROMIUM"), *map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))]
    return next((path for path in found if path), None)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One for all tests of a worker."""
    program = chromium()
    if program is None:
        if os.environ.get("CI") == "true":
            pytest.fail(
                "No Chromium found, and with CI=true browser tests may not be skipped: apt-get install chromium"
            )
        pytest.skip("No Chromium found (set CHROMIUM, or install it: apt-get install chromium)")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield running
        running.close()
