"""What a page says when the hub does not answer it, or no longer to this person."""

from collections.abc import Callable

import pytest
from django.conf import settings
from django.urls import reverse
from playwright.sync_api import Page, expect

from inventory.models import AIApplication
from risk.models import RescoreRun
from tests.browser.conftest import Visit
from tests.browser.test_answering import begun
from tests.cast import Cast, cast

__all__ = ["begun", "cast"]
pytestmark = pytest.mark.django_db(transaction=True)
Visits = Callable[..., Visit]


def away(page: Page, path: str) -> None:
    page.route(f"**{path}*", lambda route: route.abort())


def refusals(visited: Visit) -> None:
    """What the browser and htmx say of answers that a test makes fail are no complaints."""
    expected = ("Failed to load resource", "htmx:", "Response Status Error Code 401")
    visited.complaints[:] = [one for one in visited.complaints if not one.startswith(expected)]


def test_a_save_that_fails_is_said_where_it_was_made(visit: Visits, cast: Cast, begun: AIApplication) -> None:
    address = reverse("risk:questionnaire", args=[begun.pk])
    visited = visit(cast.alice)
    page = visited.go(f"{address}?step=factors")
    page.wait_for_load_state("networkidle")
    away(page, address)
    page.locator("#scale-under_100").check()
    expect(page.locator("#scale [data-request-problem][role=alert]")).to_have_text(
        "Not saved. The hub can't be reached. Try again in a moment."
    )
    page.unroute_all()
    with page.expect_response(lambda answer: answer.request.method == "POST"):
        page.locator("#scale-under_10k").check()
    expect(page.locator("[data-request-problem]")).to_have_count(0)
    assert begun.answers.get(question="scale").value == "under_10k"
    refusals(visited)


def test_who_was_signed_out_meanwhile_is_told_so(visit: Visits, cast: Cast, begun: AIApplication) -> None:
    """A redirect to the sign-in page would be followed by htmx, put into the page and taken for a saved answer."""
    visited = visit(cast.alice)
    page = visited.go(reverse("risk:questionnaire", args=[begun.pk]) + "?step=factors")
    page.wait_for_load_state("networkidle")
    page.context.clear_cookies(name=settings.SESSION_COOKIE_NAME)
    page.locator("#scale-under_100").check()
    expect(page.locator("#scale [data-request-problem][role=alert]")).to_contain_text("Not saved. You are signed out.")
    expect(page.get_by_label("Password")).to_have_count(0)
    assert not begun.answers.exists()
    refusals(visited)


def test_what_asks_again_and_again_says_once_that_it_fails(visit: Visits, cast: Cast, begun: AIApplication) -> None:
    run = RescoreRun.objects.create(asked_by=cast.ada)
    visited = visit(cast.ada)
    page = visited.go("/recalculation/")
    away(page, reverse("risk:run_progress", args=[run.pk]))
    note = page.locator("#run-progress").get_by_role("alert")
    expect(note).to_have_text("This could not be fetched. The hub can't be reached. Try again in a moment.")
    note.evaluate("one => one.dataset.first = ''")
    with page.expect_event("requestfailed"), page.expect_event("requestfailed"):
        pass
    expect(note).to_have_count(1)
    expect(note).to_have_attribute("data-first", "")
    page.unroute_all()
    expect(note).to_have_count(0)
    refusals(visited)
