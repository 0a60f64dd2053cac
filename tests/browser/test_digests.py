"""The digest in a browser: choosing how often, and the way out of a mail, without signing in and without scripts."""

import pytest
from playwright.sync_api import expect

from governance.models import DigestChoice
from governance.services import digests
from tests.browser.test_shell import violations, wider_than_the_screen
from tests.cast import Cast

pytestmark = pytest.mark.django_db(transaction=True)


def test_choosing_and_stopping(visit, cast: Cast) -> None:
    page = visit(cast.carol, width=390, theme="dark").go("/account/")
    page.get_by_role("link", name="Choose how often").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("E-mail digest")
    expect(page.get_by_label("Every Monday morning")).to_be_checked()
    assert wider_than_the_screen(page) == 0
    assert violations(page) == []
    page.get_by_label("Every morning").check()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Your choice is saved.")).to_be_visible()
    expect(page.get_by_label("Every morning")).to_be_checked()
    page = visit(scripts=False).go(f"/digest/stop/{digests.stop_word(cast.carol)}/")
    page.get_by_role("button", name="Stop it").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("No more digests")
    assert DigestChoice.objects.get(user=cast.carol).frequency == "never"
