"""A chart taken away as a file: its figures, and pictures that stand alone, without a word against the policy."""

from __future__ import annotations

from pathlib import Path

import pytest

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
