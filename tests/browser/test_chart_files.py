"""A chart taken away as a file: its figures, and pictures that stand alone, without a word against the policy."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.test import Client
from playwright.sync_api import expect

from tests.browser.test_ways import Visits
from tests.governance.estate import Estate, estate
from tests.governance.test_analytics import behind

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


def test_the_table_opens_by_keyboard_what_the_chart_opens_by_mouse(visit: Visits, house: Estate) -> None:
    """Each linked cell holds as many as the list it opens; a day of a line, and each part of a bar."""
    page, client = visit(house.cast.dan).go("/?period=365"), Client()
    client.force_login(house.cast.dan)
    shown = {}
    for key in ("interactions", "sensitive", "compliance"):
        table = page.locator(f"#chart-{key} .chart-table")
        assert not table.locator("td a").count()  # a year of addresses is not sent along
        table.locator("summary").focus()
        page.keyboard.press("Enter")
        expect(table.locator("td a").first).to_be_visible()
        cells = table.locator("td a").evaluate_all("all => all.map((a) => [a.getAttribute('href'), a.textContent])")
        shown[key] = {url: int(text.replace(",", "")) for url, text in cells}
        assert len(shown[key]) == len(cells)
    assert all(shown.values()), shown
    counted = {key: sum(numbers.values()) for key, numbers in shown.items()}
    assert (counted["interactions"], counted["sensitive"]) == (125, 4)
    for key, numbers in shown.items():
        assert numbers == {url: behind(client, url) for url in numbers}, key
    page.locator("#chart-interactions td a").first.focus()
    with page.expect_navigation(wait_until="load"):
        page.keyboard.press("Enter")
    assert "/activity/?" in page.url
