"""The pages of digests: one's own choice, the way out of a mail, and how sending goes."""

import re
from datetime import timedelta

import pytest
from django.core.signing import Signer
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from governance.models import Digest, DigestChoice
from governance.services import digests
from inventory.choices import AlertState, Severity
from inventory.models import AIApplication, Alert, AuditLogEntry, User
from tests.builders import make_application, make_user
from tests.cast import Cast
from tests.governance.estate import alert
from tests.governance.test_digests import MONDAY, morning, scorer, server
from tests.smtp import Inbox

__all__ = ["scorer", "server"]
pytestmark = pytest.mark.django_db
ONE_CLICK = {"List-Unsubscribe": "One-Click"}


def signed_in(who: User) -> Client:
    browser = Client()
    browser.force_login(who)
    return browser


def stop_path(word: str) -> str:
    return reverse("governance:digest_stop", args=(word,))


def test_everybody_chooses_for_themselves(cast: Cast) -> None:
    page = reverse("governance:digest")
    for who in (cast.alice, cast.bob, cast.carol, cast.dan, cast.eve, cast.ada):
        browser = signed_in(who)
        html = browser.get(page).content.decode()
        chosen = re.findall(r'value="(\w+)" checked', html)
        assert chosen == (["weekly"] if who in (cast.carol, cast.eve) else ["never"])
        assert browser.post(page, {"frequency": "daily"}).status_code == 302
        assert 'value="daily" checked' in browser.get(page).content.decode()
    assert AuditLogEntry.objects.filter(action="digest.chosen").count() == 6
    browser.post(page, {"frequency": "hourly"})
    assert DigestChoice.objects.get(user=cast.ada).frequency == "daily"


def test_it_says_when_none_is_sent(cast: Cast, settings) -> None:
    pages = reverse("inventory:account"), reverse("governance:digest")
    browser = signed_in(cast.carol)
    assert ["given no mail server" in browser.get(page).content.decode() for page in pages] == [True, True]
    settings.EMAIL_HOST = "mail.bank.example"
    assert ["given no mail server" in browser.get(page).content.decode() for page in pages] == [False, False]
    assert cast.carol.email in browser.get(pages[1]).content.decode()
    User.objects.filter(pk=cast.carol.pk).update(email="")
    assert "no e-mail address" in browser.get(pages[1]).content.decode()


def test_the_page_shows_what_one_would_tell(cast: Cast) -> None:
    browser, page = signed_in(cast.carol), reverse("governance:digest")
    assert "Nothing that a digest tells" in browser.get(page).content.decode()
    for department in (cast.cards, cast.treasury):
        alert(make_application(department, f"<i>Of {department.key}"), Severity.HIGH, AlertState.NEW)
    Alert.objects.update(received_at=timezone.now() - timedelta(days=1))
    html = browser.get(page).content.decode()
    assert "&lt;i&gt;Of cards" in html
    assert "Of treasury" not in html
    own = Alert.objects.get(application__department=cast.cards)
    assert f'href="{reverse("risk:alert", args=(own.pk,))}"' in html


def test_the_page_takes_few_queries_where_there_is_nothing_to_tell(cast: Cast) -> None:
    """Then every part is asked, since none of them fills the mail."""
    for who in (cast.ada, cast.carol):
        browser, page = signed_in(who), reverse("governance:digest")
        browser.get(page)
        with CaptureQueriesContext(connection) as queries:
            assert "Nothing" in browser.get(page).content.decode()
        assert len(queries) <= 15, who


def test_one_click_ends_it(cast: Cast, scorer: AIApplication, server: Inbox) -> None:
    digests.deliver(morning())
    address = str(server.messages[0]["List-Unsubscribe"]).strip(" <>")
    assert address.startswith("https://hub.bank.example/")
    program = Client(enforce_csrf_checks=True)  # knows no cookie and no token
    path = address.removeprefix("https://hub.bank.example")
    assert path == stop_path(digests.stop_word(cast.carol))
    page = program.get(path).content.decode()
    assert "Stop it" in page
    assert cast.carol.email not in page
    program.head(path)
    program.post(path)
    program.post(path, {"List-Unsubscribe": "Other"})
    assert not DigestChoice.objects.exists()
    answers = [program.post(path, ONE_CLICK) for _ in range(2)]
    assert [one.status_code for one in answers] == [200, 200]
    assert answers[0]["Cache-Control"].startswith("max-age=0")
    assert DigestChoice.objects.get().frequency == "never"
    (entry,) = AuditLogEntry.objects.filter(action="digest.chosen")
    assert (entry.actor, entry.summary) == (cast.carol, "E-mail digest: never, chosen by the link in a mail")
    assert not Client().session.keys()  # nobody was signed in by it


@pytest.mark.parametrize("change", [lambda word: "x", lambda word: word[:-1], lambda word: "9" + word, str.swapcase])
def test_no_other_word_ends_anything(cast: Cast, change) -> None:
    word = change(digests.stop_word(cast.carol))
    for answer in (Client().get(stop_path(word)), Client().post(stop_path(word), ONE_CLICK)):
        assert answer.status_code == 404
    assert not DigestChoice.objects.exists()


def test_a_word_signed_for_something_else_is_none(cast: Cast) -> None:
    assert digests.reader_of(Signer().sign(str(cast.carol.pk))) is None
    assert digests.reader_of(digests.stop_word(User(pk=987654))) is None


def test_administrators_see_how_sending_goes(cast: Cast, scorer: AIApplication, server: Inbox, settings) -> None:
    settings.EMAIL_HOST_PASSWORD = "correct horse battery"
    server.refused = {cast.carol.email}
    digests.deliver(morning())
    page, digest = reverse("governance:mail"), Digest.objects.get(user=cast.carol)
    again = reverse("governance:digest_again", args=(digest.pk,))
    for who in (cast.alice, cast.bob, cast.carol, cast.dan, cast.eve):
        assert [signed_in(who).get(page).status_code, signed_in(who).post(again).status_code] == [403, 403]
    browser = signed_in(cast.ada)
    html = browser.get(page).content.decode()
    assert "no such mailbox" in html
    assert f"127.0.0.1:{server.port}" in html
    assert "correct horse" not in html
    assert "Eve" not in browser.get(page, {"state": "failed"}).content.decode().split("<table")[1]
    server.refused = set()
    assert browser.post(again).status_code == 302
    assert Digest.objects.get(pk=digest.pk).state == "due"
    assert digests.send_due() == 1
    browser.post(again)
    assert Digest.objects.get(pk=digest.pk).state == "sent"
    assert "No mail server" not in html
    settings.EMAIL_HOST = ""
    assert "No mail server" in browser.get(page).content.decode()


def test_the_list_costs_the_same_whatever_there_is(cast: Cast) -> None:
    browser = signed_in(cast.ada)

    def cost(number: int) -> int:
        for _ in range(number):
            Digest.objects.create(user=make_user(f"u{Digest.objects.count()}"), period=MONDAY)
        with CaptureQueriesContext(connection) as queries:
            assert browser.get(reverse("governance:mail")).status_code == 200
        return len(queries)

    browser.get(reverse("governance:mail"))
    assert cost(3) == cost(27)
