"""A chart taken away as a file: its figures, and pictures that stand alone, without a word against the policy."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.test_ways import Visits
from tests.governance.estate import Estate, estate

__all__ = ["estate"]
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def house(transactional_db: None, estate: Estate) -> Estate:
    return estate


def test_figures_and_pictures_of_a_chart(visit: Visits, house: Estate, tmp_path: Path) -> None:
    page = visit(house.cast.dan, theme="dark").go("/departments/retail/")
    chart = page.locator("#chart-bands")
    chart.scroll_into_view_if_needed()
    made = {}
    for kind in ("csv", "svg", "png"):
        chart.locator(".chart-files > summary").click()
        with page.expect_download() as taken:
            chart.locator(f"[data-chart-file={kind}]").click()
        assert taken.value.suggested_filename == f"bands.{kind}"
        taken.value.save_as(tmp_path / kind)
        made[kind] = (tmp_path / kind).read_bytes()
    lines = made["csv"].decode("utf-8-sig").splitlines()
    assert lines[0] == "Department,Critical,High,Moderate,Low"
    assert len(lines) - 1 == chart.locator(".chart-table tbody tr").count()
    picture = made["svg"].decode()
    assert picture.startswith("<svg")
    for words in ("Risk bands by department", "Live applications", "Source: department figures by day"):
        assert words in picture
    assert "var(--hub" not in picture
    assert made["png"].startswith(b"\x89PNG")
    assert page.evaluate("document.documentElement.dataset.bsTheme") == "dark"


# As Plotly tells of a click on the last day of lines on which there was anything
CLICK = """(plot) => {
  const { x } = plot.data[0];
  const day = x.findLastIndex((_, at) => plot.data.some((line) => line.y[at]));
  plot.emit("plotly_click", { points: plot.data.map((data) => ({ data, y: data.y[day], pointNumber: day })) });
  return x[day];
}"""


def test_a_day_of_a_line_opens_its_events(visit: Visits, house: Estate) -> None:
    page = visit(house.cast.dan).go("/?period=365")
    chart = page.locator("#chart-interactions .chart-plot")
    chart.scroll_into_view_if_needed()
    expect(chart).to_have_class(re.compile("is-drawn"))
    with page.expect_navigation(wait_until="load"):
        day = chart.evaluate(CLICK)
    assert "/activity/?" in page.url
    assert page.url.endswith(f"&since={day}&until={day}")
