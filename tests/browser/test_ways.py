"""The ways that people go through the pages, in a browser; `visit` fails on whatever a page complains about."""

import csv
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Visit, follow
from tests.browser.test_shell import violations, wider_than_the_screen
from tests.governance.estate import Estate, estate

__all__ = ["estate"]
pytestmark = pytest.mark.django_db(transaction=True)
Visits = Callable[..., Visit]
PAGES = [
    "/",
    "/departments/",
    "/departments/retail/",
    "/applications/",
    "/discovery/",
    "/activity/",
    "/analytics/",
    "/analytics/risk/",
    "/analytics/threats/",
    "/analytics/compliance/",
    "/alerts/",
    "/compliance/",
    "/compliance/gdpr/",
    "/compliance/gaps/",
    "/exports/?dataset=compliance&state=gap",
]


@pytest.fixture
def house(transactional_db: None, estate: Estate) -> Estate:
    return estate


def number(page: Page, selector: str) -> int:
    """The first number in an element's text."""
    found = re.search(r"[\d,]+", page.locator(selector).first.inner_text())
    assert found, selector
    return int(found[0].replace(",", ""))


def test_from_a_tile_to_the_list_behind_it(visit: Visits, house: Estate) -> None:
    page = visit(house.cast.dan).go("/")
    assert page.locator(".chart-plot.is-drawn").count() >= 1
    page.get_by_label("Kind", exact=True).select_option("model")
    page.wait_for_url("**/?kind=model*")
    expect(page.locator(".hub-subtitle")).to_contain_text("only model")
    for place in range(5):
        tile = page.locator(".tile").nth(place)
        counted = int(tile.locator(".tile-value").inner_text().replace(",", ""))
        label = tile.locator(".tile-label").inner_text()
        follow(page, tile.get_by_role("link"))
        if counted:
            shown = page.locator(".hub-pagination p").first.inner_text()
            assert f" of {counted:,} " in shown, label
        page.go_back(wait_until="load")
        expect(page.get_by_label("Kind", exact=True)).to_have_value("model")


def test_a_cell_of_the_matrix_opens_the_applications_behind_it(visit: Visits, house: Estate) -> None:
    page = visit(house.cast.dan).go("/")
    follow(page, page.locator(".matrix tbody tr", has_text="Retail Banking").locator("td").nth(2).get_by_role("link"))
    assert "principle=privacy_security" in page.url
    assert page.get_by_label("Risk shown").input_value() == "privacy_security"
    assert page.get_by_role("rowheader").first.get_by_role("link").inner_text() == "Credit Scorer"


def test_an_application_tells_why(visit: Visits, house: Estate) -> None:
    visited = visit(house.cast.alice)
    page = visited.go(f"/applications/{house.scorer.pk}/")
    assert page.get_by_role("heading", level=1).inner_text() == "Credit Scorer"
    expect(page.locator(".chart-plot.is-drawn").first).to_be_visible()
    shown = page.locator(".score-large").first.inner_text()
    visited.go("/applications/?q=scorer")
    assert page.locator("tbody .risk-number").first.inner_text().split()[0] == shown


def test_an_answer_moves_the_score(visit: Visits, house: Estate) -> None:
    visited = visit(house.cast.alice)
    page = visited.go(f"/applications/{house.summariser.pk}/questionnaire/?step=factors")
    score = page.locator("#effect .score-large")
    before = int(score.inner_text())
    page.locator("#scale-over_1m").check()
    expect(score).not_to_have_text(str(before))
    after = int(score.inner_text())
    assert after > before
    page.reload(wait_until="networkidle")
    assert page.locator("#scale-over_1m").is_checked()
    visited.go(f"/applications/{house.summariser.pk}/")
    assert int(page.locator(".score-large").first.inner_text()) == after


def test_from_compliance_to_a_file_of_gaps(visit: Visits, house: Estate, tmp_path: Path) -> None:
    page = visit(house.cast.dan).go("/compliance/")
    follow(page, page.get_by_role("link", name="List of gaps"))
    gaps = number(page, ".hub-tabs [aria-current] .tab-count")
    assert gaps > 0
    follow(page, page.get_by_role("link", name="Export", exact=True))
    assert page.get_by_label("What").input_value() == "compliance"
    with page.expect_download() as download:
        page.get_by_role("button", name="Export").click()
    download.value.save_as(tmp_path / "gaps.csv")
    rows = list(csv.DictReader((tmp_path / "gaps.csv").read_text(encoding="utf-8-sig").splitlines()))
    assert len(rows) == gaps
    assert {(row["state"], row["binding"]) for row in rows} == {("gap", "true")}


@pytest.mark.parametrize(("width", "theme"), [(390, "light"), (1280, "dark")])
def test_every_page_fits_and_is_readable(visit: Visits, house: Estate, width: int, theme: str) -> None:
    visited = visit(house.cast.dan, width=width, theme=theme)
    for path in [*PAGES, f"/applications/{house.scorer.pk}/", f"/applications/{house.scorer.pk}/activity/"]:
        page = visited.go(path)
        assert wider_than_the_screen(page) == 0, path
        assert violations(page) == [], path


def test_a_row_becomes_a_block_on_a_phone(visit: Visits, house: Estate) -> None:
    page = visit(house.cast.dan, width=390).go("/applications/")
    assert not page.locator(".table.stacks thead").is_visible()
    cell = page.locator(".table.stacks tbody td").first
    assert cell.get_attribute("data-label") == "Department"
    assert "is-cut" not in (page.locator(".table-scroll").first.get_attribute("class") or "")
