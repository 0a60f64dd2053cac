"""A chart has room for its plot, however late the font, the page's width or the processor."""

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
  return { left: l, right: r, plot: w, drawn: chart._fullLayout.width, wide: chart.clientWidth };
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
def slow(visit: Visits, transactional_db: None, estate: Estate) -> Callable[[], Visit]:
    """A visit whose processor is three times slower than this machine's."""

    def begin() -> Visit:
        made = visit(estate.cast.dan)
        session = made.page.context.new_cdp_session(made.page)
        session.send("Emulation.setCPUThrottlingRate", {"rate": 3})
        return made

    return begin


def show(page: Page, address: str) -> None:
    page.goto(address, wait_until="commit")
    page.locator(CHART).scroll_into_view_if_needed()


def room(page: Page) -> dict[str, float]:
    expect(page.locator(CHART)).to_contain_class("is-drawn")
    found: dict[str, float] = page.locator(CHART).evaluate(ROOM)
    return found


def test_labels_are_measured_in_the_font_they_are_shown_in(slow: Callable[[], Visit]) -> None:
    late, held = slow(), list[Route]()
    late.page.route("**/*.woff2", lambda route: held.append(route))
    show(late.page, f"{late.address}/departments/retail/")
    late.page.wait_for_function("() => window.Plotly && document.fonts.status === 'loading'")
    late.page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    expect(late.page.locator(CHART)).not_to_contain_class("is-drawn")
    for font in held:
        font.continue_()
    late.page.unroute("**/*.woff2")
    measured = room(late.page)
    show(late.page, f"{late.address}/departments/retail/")  # the font is there
    assert measured == room(late.page)


def test_labels_that_seem_wide_leave_the_plot_a_third(slow: Callable[[], Visit]) -> None:
    made = slow()
    made.page.add_init_script(f"({SEEM_WIDE})()")
    show(made.page, f"{made.address}/departments/retail/")
    found = room(made.page)
    assert found["plot"] == pytest.approx(found["wide"] / 3, abs=2)


def test_a_chart_hidden_when_its_turn_comes_is_drawn_at_its_width_once_shown(slow: Callable[[], Visit]) -> None:
    made, held = slow(), list[Route]()
    made.page.route("**/plotly-basic*.js", lambda route: held.append(route))
    show(made.page, f"{made.address}/departments/retail/")
    made.page.wait_for_load_state("domcontentloaded")
    hide = "(hidden) => { document.querySelector('#chart-bands').hidden = hidden; }"
    expect(made.page.locator("html")).to_contain_class("has-script")
    made.page.evaluate(hide, True)
    for script in held:
        script.continue_()
    made.page.unroute("**/plotly-basic*.js")
    made.page.wait_for_function("() => window.Plotly")
    made.page.evaluate(hide, False)
    found = room(made.page)
    assert found["drawn"] == found["wide"] > 0
