"""What comes out of the printer: charts whole, answers, tables without what only a screen can do."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from governance.models import Recommendation
from governance.services import recommendations
from tests.browser.conftest import Visit
from tests.browser.test_shell import wider_than_the_screen
from tests.governance.estate import Estate, estate

__all__ = ["estate"]
pytestmark = pytest.mark.django_db(transaction=True)
Visits = Callable[..., Visit]
A4 = {"width": 718, "height": 900}  # between its margins, in CSS pixels


@pytest.fixture
def house(transactional_db: None, estate: Estate) -> Estate:
    return estate


def on_paper(page: Page) -> None:
    page.emulate_media(media="print")
    page.set_viewport_size(A4)
    page.evaluate("dispatchEvent(new Event('beforeprint'))")


@pytest.mark.parametrize("path", ["/", "/departments/retail/", "/compliance/"])
def test_paper_has_the_charts_whole_and_no_navigation(visit: Visits, house: Estate, path: str) -> None:
    """On the compliance page none is near the screen, and on the overview they are narrow on it."""
    page = visit(house.cast.dan, width=1280).go(path)
    page.wait_for_function("() => window.Plotly")
    on_paper(page)
    charts = page.locator("[data-chart]")
    expect(page.locator("[data-chart].is-drawn")).to_have_count(charts.count())
    assert charts.count() >= 2
    for selector in (".hub-nav", ".hub-filters", ".chart-files", ".btn"):
        for one in page.locator(selector).all():
            expect(one).to_be_hidden()
    widths = page.locator(".chart-plot .main-svg:first-child").evaluate_all("all => all.map((one) => one.clientWidth)")
    assert set(widths) == {650}
    assert wider_than_the_screen(page) == 0


def test_paper_shows_the_figures_of_a_chart_that_is_not_drawn(visit: Visits, house: Estate) -> None:
    visited = visit(house.cast.dan, scripts=False)
    page = visited.go("/compliance/")
    expect(page.locator(".chart-table table").first).to_be_hidden()
    page.emulate_media(media="print")
    expect(page.locator(".chart-table table").first).to_be_visible()
    expect(page.locator(".chart-table > summary").first).to_be_hidden()


def test_paper_keeps_answers_and_leaves_out_what_only_a_screen_can_do(visit: Visits, house: Estate) -> None:
    visited = visit(house.cast.ada)
    page = visited.go(f"/applications/{house.scorer.pk}/questionnaire/?step=factors")
    on_paper(page)
    question = page.locator("#scale")
    expect(question.locator("legend")).to_be_visible()
    expect(question.locator(".form-check:visible")).to_have_text("Over 1 million")
    recommendations.evaluate()
    page = visited.go(f"/recommendations/{Recommendation.objects.earliest('pk').pk}/")
    work = page.locator(".hub-card", has=page.get_by_role("heading", name="Work on it"))
    page.emulate_media(media="screen")
    expect(work).to_be_visible()
    on_paper(page)
    expect(work).to_be_hidden()
    expect(page.get_by_role("heading", name="What to do")).to_be_visible()
    for one in page.get_by_role("link", name="Do it", include_hidden=True).all():
        expect(one).to_be_hidden()


def test_a_sum_stands_once_on_paper(visit: Visits, house: Estate) -> None:
    page = visit(house.cast.dan).go("/compliance/eu_ai_act/")
    on_paper(page)
    assert page.locator("tfoot").first.evaluate("one => getComputedStyle(one).display") == "table-row-group"
