"""A chart has room for its plot, however late the font or slow the processor."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import Visit
from tests.browser.test_ways import Visits
from tests.governance.estate import Estate, estate

__all__ = ["estate"]
pytestmark = pytest.mark.django_db(transaction=True)

CHART = "#chart-bands [data-chart]"
ROOM = """(chart) => {
  const { l, r, w } = chart._fullLayout._size;
  return { left: l, right: r, plot: w, wide: chart.clientWidth };
}"""
SEEM_WIDE = """() => {
  const measure = Element.prototype.getBoundingClientRect;
  Element.prototype.getBoundingClientRect = function () {
    const { x, y, width, height } = measure.call(this);
    const more = this.matches("#js-plotly-tester :is(g, text)") ? 5000 : 0;
    return new DOMRect(x - more, y, width + more, height);
  };
}"""


@pytest.fixture
def slow(visit: Visits, transactional_db: None, estate: Estate) -> Callable[..., Visit]:
    """A visit whose processor is three times slower than this machine's."""

    def begin(**options: bool) -> Visit:
        made = visit(estate.cast.dan, **options)
        made.wire().send("Emulation.setCPUThrottlingRate", {"rate": 3})
        return made

    return begin


def show(page: Page, address: str) -> None:
    page.goto(address, wait_until="commit")
    page.locator(CHART).scroll_into_view_if_needed()


def room(page: Page) -> dict[str, float]:
    expect(page.locator(CHART)).to_contain_class("is-drawn")
    found: dict[str, float] = page.locator(CHART).evaluate(ROOM)
    return found


def test_labels_are_measured_in_the_font_they_are_shown_in(slow: Callable[..., Visit]) -> None:
    made, held = slow(), list[Route]()
    page = made.page
    page.route("**/*.woff2", lambda route: held.append(route))
    show(page, f"{made.address}/departments/retail/")
    page.wait_for_function("() => window.Plotly && document.fonts.status === 'loading'")
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    expect(page.locator(CHART)).not_to_contain_class("is-drawn")
    for font in held:
        font.continue_()
    page.unroute("**/*.woff2")
    measured = room(page)
    show(page, f"{made.address}/departments/retail/")  # the font is there
    assert measured == room(page)


def test_labels_that_seem_wide_leave_the_plot_a_third(slow: Callable[..., Visit]) -> None:
    made = slow(bent=True)
    made.page.add_init_script(f"({SEEM_WIDE})()")
    show(made.page, f"{made.address}/departments/retail/")
    found = room(made.page)
    assert found["plot"] == pytest.approx(found["wide"] / 3, abs=2)
