"""The ways that people go through the pages, in a browser; `visit` fails on whatever a page complains about."""

import csv
import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from governance.models import Recommendation
from governance.services import recommendations
from inventory.models import Department
from tests.browser.conftest import Visit, follow
from tests.browser.test_every_page import turn, turn_back
from tests.browser.test_shell import violations, wider_than_the_screen
from tests.governance.estate import Estate, estate

__all__ = ["estate"]
pytestmark = pytest.mark.django_db(transaction=True)
Visits = Callable[..., Visit]
# Pages of which axe looks at the colours itself, which takes longer than all else: those with parts that others lack.
# test_every_page looks at each page of the site, with all other rules and with a formula for colours.
PAGES = ("/", "/departments/retail/", "/applications/", "/activity/", "/analytics/threats/", "/alerts/", "/changes/")


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


def test_back_from_a_filter_the_bar_says_what_the_page_shows(visit: Visits, house: Estate) -> None:
    page = visit(house.cast.dan).go("/")
    page.get_by_label("Kind", exact=True).select_option("model")
    page.wait_for_url("**/?kind=model*")
    page.go_back(wait_until="load")
    expect(page.locator(".hub-subtitle")).not_to_contain_text("only model")
    expect(page.get_by_label("Kind", exact=True)).to_have_value("")


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


COLOURS = {"runOnly": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}}


def test_their_colours_are_readable(visit: Visits, house: Estate) -> None:
    recommendations.evaluate()
    visited, application = visit(house.cast.dan, width=1280, theme="dark"), f"/applications/{house.scorer.pk}/"
    visited.page.emulate_media(reduced_motion="reduce")
    advice = f"/recommendations/{Recommendation.objects.earliest('pk').pk}/"
    for path in [*PAGES, advice, application, f"{application}activity/"]:
        page = visited.go(path)
        assert page.get_by_role("heading", level=1).count() == 1, path
        assert wider_than_the_screen(page) == 0, path
        assert violations(page, COLOURS) == [], path
        turn(page, 390, "light")
        assert wider_than_the_screen(page) == 0, path
        assert violations(page, COLOURS) == [], path
        turn_back(page, 1280)


def test_a_recommendation_is_dismissed_and_opened_again(visit: Visits, house: Estate) -> None:
    recommendations.evaluate()
    page = visit(house.cast.bob).go("/recommendations/")
    follow(page, page.locator(".advice-card h2 a").first)
    title = page.get_by_role("heading", level=1).inner_text()
    page.get_by_label("Reason for dismissing it").fill("Known, and under way elsewhere")
    page.get_by_label("Until, at most").fill(f"{timezone.localdate() + timedelta(days=30)}")
    follow(page, page.get_by_role("button", name="Dismiss", exact=True))
    expect(page.locator("#content")).to_contain_text("Known, and under way elsewhere")
    expect(page.locator(".badge", has_text="Dismissed").first).to_be_visible()
    page.get_by_label("Why it is opened again").fill("It isn't after all")
    follow(page, page.get_by_role("button", name="Open again"))
    expect(page.get_by_role("heading", level=1)).to_have_text(title)
    expect(page.locator(".badge", has_text="Dismissed")).to_have_count(0)
    expect(page.get_by_role("button", name="Dismiss", exact=True)).to_be_visible()


LONG = "Retail Banking, Wealth and Asset Management of the Northern Region"
OVERLAPPING = """() => [...document.querySelectorAll(".chart-plot.is-drawn")].flatMap((plot) =>
  ["xtick", "ytick"].flatMap((axis) => {
    const labels = [...plot.querySelectorAll(`.${axis} text`)].map((one) => ({
      text: one.textContent, box: one.getBoundingClientRect(),
    }));
    const over = ({ box: a }, { box: b }) => Math.min(a.right, b.right) - Math.max(a.left, b.left) > 2
      && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 2;
    const whole = plot.getBoundingClientRect();
    const out = ({ box }) => Math.max(whole.left - box.left, box.right - whole.right, box.bottom - whole.bottom);
    const pairs = labels.flatMap((one, place) => labels.slice(place + 1).map((other) => [one, other]));
    return [
      ...pairs.filter(([one, other]) => over(one, other)).map(([one, other]) => `${one.text} is over ${other.text}`),
      ...labels.filter((one) => out(one) > 1).map((one) => `${one.text} is ${one.box.width ? "cut" : "left out"}`),
    ].map((text) => `${plot.dataset.chart}: ${text}`);
  }))"""


def test_labels_of_a_chart_stand_apart_and_whole(visit: Visits, house: Estate) -> None:
    """Every chart of the pages, with long names, on a phone and wide."""
    Department.objects.filter(key="retail").update(name=LONG)
    house.scorer.name = f"{LONG} Credit Scorer"
    house.scorer.save()
    most = ["/analytics/", "/departments/retail/?period=365"]
    for width, paths in ((390, [*most, "/?period=365", "/analytics/risk/?period=365"]), (1280, most)):
        visited = visit(house.cast.dan, width=width)
        visited.page.set_viewport_size({"width": width, "height": 9000})  # so that all of them are drawn
        for path in paths:
            page = visited.go(path)
            assert page.locator(".chart-plot.is-drawn").count() >= 3, path
            assert page.evaluate(OVERLAPPING) == [], (width, path)


def test_a_row_becomes_a_block_on_a_phone(visit: Visits, house: Estate) -> None:
    page = visit(house.cast.dan, width=390).go("/applications/")
    assert not page.locator(".table.stacks thead").is_visible()
    cell = page.locator(".table.stacks tbody td").first
    assert cell.get_attribute("data-label") == "Department"
    assert "is-cut" not in (page.locator(".table-scroll").first.get_attribute("class") or "")


def test_charts_side_by_side_fill_their_row_and_the_worst_are_not_cut(visit: Visits, house: Estate) -> None:
    page = visit(house.cast.dan, width=1280).go("/analytics/risk/")
    ends = page.locator(".grid > .span-6 > .chart-card").evaluate_all(
        "all => all.map((one) => [one.getBoundingClientRect().top, one.getBoundingClientRect().bottom])"
    )
    assert len(ends) >= 4
    assert ends[0] == ends[1]
    assert ends[2] == ends[3]
    page = visit(house.cast.dan, width=1280).go("/")
    tables = page.locator(".table-scroll", has=page.locator(".table.stacks"))
    assert tables.count() >= 1
    assert page.locator(".table-scroll.is-cut").count() == 0
