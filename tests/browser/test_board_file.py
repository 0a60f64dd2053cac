"""The board report as a file opened from disk: charts drawn, readable, both themes, not one complaint."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, expect

from governance.exports.board import html
from governance.selectors.board import board
from governance.services.board import tokens
from tests.browser.conftest import Visit
from tests.browser.test_shell import violations, wider_than_the_screen
from tests.governance.estate import Estate, estate

__all__ = ["estate"]
pytestmark = pytest.mark.django_db


@pytest.fixture
def file(estate: Estate, tmp_path: Path) -> Path:
    file = tmp_path / "board.html"
    file.write_bytes(b"".join(html.encode(board(None, None, timezone.localdate()))))
    return file


@pytest.mark.parametrize(("width", "theme"), [(1280, "light"), (390, "dark")])
def test_it_opens_from_disk_and_draws(browser: Browser, file: Path, width: int, theme: str) -> None:
    context = browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme="dark" if theme == "dark" else "light", offline=True
    )
    visited = Visit(context.new_page(), file.as_uri())
    visited.watch()
    page = visited.go("")
    assert page.evaluate("document.documentElement.dataset.bsTheme") == theme
    page.get_by_role("navigation").get_by_role("link", name="Cards").click()
    for name in ("profile", "course", "bands", "compliance", "voluntary"):
        chart = page.locator(f"[id^=chart-department-][id$=-{name}]").first
        chart.scroll_into_view_if_needed()
        expect(chart.locator(".chart-plot.is-drawn svg.main-svg").first).to_be_visible()
    chart.get_by_text("Show as table").click()
    expect(chart.get_by_role("table")).to_be_visible()
    assert wider_than_the_screen(page) == 0
    assert violations(page) == []
    assert visited.complaints == []
    context.close()


def test_paper_has_every_chart_in_light_colours(browser: Browser, file: Path) -> None:
    context = browser.new_context(color_scheme="dark", offline=True)
    page = context.new_page()
    page.goto(file.as_uri())
    expect(page.locator(".chart-plot.is-drawn").first).to_be_visible()
    page.evaluate("""() => addEventListener("beforeprint", () => {
        window.printed = [...document.querySelectorAll(".chart-plot")].map((one) => one._fullLayout?.font.color);
    })""")
    page.pdf(path=file.with_suffix(".pdf"))
    colours = page.evaluate("window.printed")
    assert len(colours) == page.locator(".chart-plot").count() > 8
    assert set(colours) == {tokens()["--hub-chart-text"]}
    context.close()
