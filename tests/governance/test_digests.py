"""Digests as mail: who gets one and when, what arrives, what becomes of those that don't."""

from datetime import date, datetime, time, timedelta
from email.message import EmailMessage

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.test import override_settings
from django.utils import timezone

from governance.checks import mail_password_is_hidden
from governance.models import Digest
from governance.selectors.digests import next_period, span_of, wish_of
from governance.services import digests
from inventory.choices import AlertState, RoleKind, Severity
from inventory.models import AIApplication, AuditLogEntry, Department, User
from tests.builders import make_application, make_user
from tests.cast import Cast
from tests.governance.estate import alert
from tests.smtp import Inbox, inbox

pytestmark = pytest.mark.django_db
TODAY = timezone.localdate()
MONDAY = TODAY + timedelta(days=7 - TODAY.weekday())  # the next: its digest tells of today


def morning(day: date = MONDAY, hour: int = 8) -> datetime:
    return datetime.combine(day, time(hour), timezone.get_default_timezone())


@pytest.fixture
def server(settings):
    """Where mail goes: a real server."""
    with inbox() as running:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", running.port
        settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
        settings.EMAIL_TIMEOUT = 5
        settings.HUB_URL = "https://hub.bank.example"
        yield running


@pytest.fixture
def scorer(cast: Cast) -> AIApplication:
    """An application with something to tell."""
    application = make_application(cast.cards, "Credit Scorer")
    alert(application, Severity.HIGH, AlertState.NEW)
    return application


def states() -> dict[str, str]:
    return dict(Digest.objects.values_list("user__username", "state"))


def body(message: EmailMessage, kind: str) -> str:
    part = message.get_body((kind,))
    assert part is not None
    return part.get_content()


def test_leaders_get_one_on_monday_and_others_when_they_ask(cast: Cast) -> None:
    make_user("late", (RoleKind.LEADER, cast.cards))
    User.objects.filter(username="late").update(is_active=False)
    make_user("mute", (RoleKind.LEADER, cast.cards))
    User.objects.filter(username="mute").update(email="")
    assert digests.make_due(morning(hour=6)) == 0
    digests.make_due(morning())
    digests.make_due(morning(hour=9))
    assert states() == {"carol": "due", "eve": "due"}
    digests.make_due(morning(MONDAY + timedelta(days=1)))
    assert Digest.objects.count() == 2
    digests.choose(actor=cast.dan, frequency="daily")
    digests.choose(actor=cast.eve, frequency="never")
    digests.make_due(morning(MONDAY + timedelta(days=2)))
    digests.make_due(morning(MONDAY + timedelta(days=7)))
    late = Digest.objects.filter(period__gt=MONDAY).values_list("user__username", "period")
    assert set(late) == {
        ("dan", MONDAY + timedelta(days=2)),
        ("dan", MONDAY + timedelta(days=7)),
        ("carol", MONDAY + timedelta(days=7)),
    }


def test_a_choice_is_logged_once(cast: Cast) -> None:
    assert [wish_of(one).frequency for one in (cast.carol, cast.dan)] == ["weekly", "never"]
    assert digests.choose(actor=cast.dan, frequency="weekly")
    assert not digests.choose(actor=cast.dan, frequency="weekly")
    (entry,) = AuditLogEntry.objects.filter(action="digest.chosen")
    assert (entry.actor, entry.details) == (cast.dan, {"frequency": "weekly"})
    with pytest.raises(ValidationError):
        digests.choose(actor=cast.dan, frequency="hourly")


def test_what_arrives(cast: Cast, scorer: AIApplication, server: Inbox, settings) -> None:
    hostile = make_application(cast.cards, "<b>Bold</b> & Co")
    alert(hostile, Severity.HIGH, AlertState.NEW)
    assert digests.deliver(morning()) == 1
    (message,) = server.messages
    assert server.readers == [[cast.carol.email]]
    assert message["To"] == cast.carol.email
    assert message["Subject"] == "2 changes in Retail Banking"
    assert f"{MONDAY - timedelta(days=7):%-d %B %Y} to {MONDAY - timedelta(days=1):%-d %B %Y}" in body(message, "plain")
    digest = Digest.objects.get(user=cast.carol)
    assert message["Message-ID"] == f"<digest-{digest.pk}-{MONDAY:%Y%m%d}@hub.bank.example>"
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    text, html = body(message, "plain"), body(message, "html")
    assert "<b>Bold</b> & Co" in text
    assert "<b>Bold</b>" not in html
    assert "&lt;b&gt;Bold&lt;/b&gt; &amp; Co" in html
    for part in (text, html):
        assert "Credit Scorer" in part
        assert f"https://hub.bank.example/alerts/{scorer.alerts.get().pk}/" in part
        assert "because you lead a department" in part
    assert (digest.state, digest.told) == ("sent", 2)
    assert states()["eve"] == "nothing"  # nothing changed: no mail
    assert [one.object_id for one in AuditLogEntry.objects.filter(action="digest.sent")] == [str(cast.carol.pk)]
    secrets = (settings.SECRET_KEY, settings.PSEUDONYM_KEY.decode())
    assert not [one for one in secrets if one in message.as_string()]


def test_names_make_no_headers(cast: Cast, server: Inbox) -> None:
    Department.objects.filter(pk=cast.retail.pk).update(name="Retail\r\nBcc: thief@evil.example\x07")
    one = alert(make_application(cast.cards, "A\nB"), Severity.HIGH, AlertState.NEW)
    type(one).objects.update(title="Title\r\n.\r\nMAIL FROM:<x>")
    digests.deliver(morning())
    (message,) = server.messages
    assert message["Subject"] == "1 change in Retail Bcc: thief@evil.example"
    assert message["Bcc"] is None
    assert server.readers == [[cast.carol.email]]
    assert "Title . MAIL FROM:<x>" in body(message, "plain")


def test_the_next_one_tells_what_came_since(cast: Cast, scorer: AIApplication, server: Inbox) -> None:
    week = timedelta(days=7)
    digests.deliver(morning())
    digests.deliver(morning())
    assert len(server.messages) == 1
    digests.deliver(morning(MONDAY + week))
    assert len(server.messages) == 1
    assert Digest.objects.get(user=cast.carol, period=MONDAY + week).state == "nothing"
    span = span_of(cast.carol, MONDAY + 2 * week, wish_of(cast.carol).frequency)
    assert (span.then, span.now) == (MONDAY + timedelta(days=6), MONDAY + timedelta(days=13))
    Digest.objects.filter(period__gt=MONDAY).update(state="given_up")
    span = span_of(cast.carol, MONDAY + 2 * week, wish_of(cast.carol).frequency)
    assert span.then == MONDAY - timedelta(days=1)  # that one never told
    assert span_of(cast.carol, MONDAY + 10 * week, wish_of(cast.carol).frequency).then == MONDAY + timedelta(days=38)


def test_who_no_longer_wants_or_may_gets_none(cast: Cast, scorer: AIApplication, server: Inbox) -> None:
    other = make_user("other", (RoleKind.LEADER, cast.cards))
    digests.make_due(morning())
    digests.choose(actor=cast.carol, frequency="never")
    other.roles.all().delete()
    User.objects.filter(pk=cast.eve.pk).update(is_active=False)
    assert digests.send_due() == 0
    assert set(states().values()) == {"unwanted"}
    assert server.sessions == 0


def test_a_refused_reader_holds_up_nobody(cast: Cast, scorer: AIApplication, server: Inbox) -> None:
    other = make_user("other", (RoleKind.LEADER, cast.cards))
    server.refused = {cast.carol.email}
    assert digests.deliver(morning()) == 1
    failed = Digest.objects.get(user=cast.carol)
    assert (failed.state, failed.tries) == ("failed", 1)
    assert failed.error == "The mail server said 550 no such mailbox"
    assert failed.next_try > timezone.now() + timedelta(minutes=9)
    assert Digest.objects.get(user=other).state == "sent"
    assert digests.send_due() == 0  # not before its time
    waits = []
    for _ in range(digests.MOST_TRIES - 1):
        before = timezone.now()
        Digest.objects.filter(pk=failed.pk).update(next_try=before)
        digests.send_due()
        failed.refresh_from_db()
        waits.append(round((failed.next_try - before) / digests.FIRST_WAIT))
    assert (failed.state, failed.tries, waits) == ("given_up", 5, [4, 16, 64, 256])
    Digest.objects.filter(pk=failed.pk).update(next_try=timezone.now())
    assert digests.send_due() == 0
    server.refused = set()
    with pytest.raises(PermissionDenied):
        digests.try_again(actor=cast.dan, pk=failed.pk)
    assert digests.try_again(actor=cast.ada, pk=failed.pk)
    assert digests.send_due() == 1
    assert not digests.try_again(actor=cast.ada, pk=failed.pk)
    assert AuditLogEntry.objects.filter(action="digest.tried_again").count() == 1


def test_a_server_that_is_away_costs_one_try(cast: Cast, scorer: AIApplication, server: Inbox, settings) -> None:
    make_user("other", (RoleKind.LEADER, cast.cards))
    with inbox() as gone:
        settings.EMAIL_PORT = gone.port
    assert digests.deliver(morning()) == 0
    assert sorted(Digest.objects.exclude(user=cast.eve).values_list("state", "tries")) == [("due", 0), ("failed", 1)]
    assert "Connection refused" in Digest.objects.get(state="failed").error
    settings.EMAIL_PORT = server.port
    assert digests.send_due() == 1


def test_a_server_without_encryption_gets_nothing(cast: Cast, scorer: AIApplication, server: Inbox, settings) -> None:
    settings.EMAIL_USE_TLS = True
    settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD = "hub", "correct horse"
    assert digests.deliver(morning()) == 0
    assert server.messages == []
    error = Digest.objects.get(user=cast.carol).error
    assert error == "SMTPNotSupportedError: STARTTLS extension not supported by server."


def test_an_error_of_our_own_is_kept_as_well(cast: Cast, scorer: AIApplication, server: Inbox, monkeypatch) -> None:
    def broken(*args: object) -> None:
        raise ZeroDivisionError("half-written")

    monkeypatch.setattr(digests.digest_mail, "message", broken)
    assert digests.deliver(morning()) == 0
    assert Digest.objects.get(user=cast.carol).error == "ZeroDivisionError: half-written"
    assert states() == {"carol": "failed", "eve": "nothing"}


def test_a_later_one_takes_over(cast: Cast, scorer: AIApplication, server: Inbox) -> None:
    server.refused = {cast.carol.email}
    digests.deliver(morning())
    server.refused = set()
    next_monday = MONDAY + timedelta(days=7)
    Digest.objects.update(next_try=timezone.now())
    assert digests.deliver(morning(next_monday)) == 1
    assert list(Digest.objects.filter(user=cast.carol).values_list("period", "state")) == [
        (next_monday, "sent"),
        (MONDAY, "given_up"),
    ]
    assert "Credit Scorer" in body(server.messages[0], "plain")
    assert not digests.try_again(actor=cast.ada, pk=Digest.objects.get(user=cast.carol, period=MONDAY).pk)


def test_without_a_server_nothing_falls_due(cast: Cast, scorer: AIApplication, settings) -> None:
    assert settings.EMAIL_HOST == ""
    assert digests.deliver(morning()) == 0
    assert not Digest.objects.exists()


def test_a_password_in_the_clear_is_refused(settings) -> None:
    settings.EMAIL_HOST, settings.EMAIL_SECURITY, settings.EMAIL_HOST_PASSWORD = "mail.bank.example", "none", "secret"
    assert [one.id for one in mail_password_is_hidden(None)] == ["governance.E005"]
    for name, value in (("EMAIL_SECURITY", "tls"), ("EMAIL_HOST_PASSWORD", ""), ("EMAIL_HOST", "127.0.0.1")):
        with override_settings(**{name: value}):
            assert mail_password_is_hidden(None) == []


def test_old_rows_go(cast: Cast) -> None:
    Digest.objects.create(user=cast.carol, period=MONDAY - timedelta(days=401), state="sent")
    Digest.objects.create(user=cast.carol, period=MONDAY - timedelta(days=399), state="sent")
    digests.make_due(morning())
    assert Digest.objects.filter(user=cast.carol).count() == 2


def test_when_the_next_one_comes(cast: Cast) -> None:
    wednesday = date(2026, 11, 25)
    monday = Digest(period=date(2026, 11, 30))
    assert next_period(None, wednesday, "never") is None
    assert next_period(None, wednesday, "daily") == wednesday
    assert next_period(Digest(period=wednesday), wednesday, "daily") == date(2026, 11, 26)
    assert next_period(None, wednesday, "weekly") == monday.period
    assert next_period(None, monday.period, "weekly") == monday.period
    assert next_period(monday, monday.period, "weekly") == date(2026, 12, 7)
