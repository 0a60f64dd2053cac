"""Workers that send digests at once, or die over one: on real connections, to a real mail server."""

import subprocess
import sys
from datetime import timedelta
from threading import Event

import pytest
from django.db import connection
from django.utils import timezone

from governance.models import Digest
from governance.services import digests
from inventory.choices import AlertState, RoleKind, Severity
from inventory.models import AuditLogEntry
from tests.builders import make_application, make_user
from tests.cast import Cast
from tests.governance.estate import alert
from tests.governance.test_digests import morning, server
from tests.inventory.register.test_races import at_once
from tests.smtp import Inbox

__all__ = ["server"]
pytestmark = pytest.mark.django_db(transaction=True)

_WORKER = """
import sys, django
django.setup()
from django.conf import settings
from django.db import connection
from governance.services import digests
connection.settings_dict["NAME"] = sys.argv[1]
settings.HUB_URL = sys.argv[3]
settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_USE_TLS = "127.0.0.1", int(sys.argv[2]), False
digests.send_due()
"""


def test_two_workers_send_each_once(cast: Cast, server: Inbox) -> None:
    alert(make_application(cast.cards), Severity.HIGH, AlertState.NEW)
    for number in range(6):
        make_user(f"leader{number}", (RoleKind.LEADER, cast.cards))
    results = at_once(*[lambda: digests.deliver(morning())] * 3)
    assert sum(results) == 7
    readers = [reader for readers in server.readers for reader in readers]
    assert len(readers) == len(set(readers)) == 7
    assert set(Digest.objects.values_list("tries", flat=True)) == {1}


def test_a_worker_killed_between_sending_and_writing_sends_again_under_the_same_number(
    cast: Cast, server: Inbox, settings
) -> None:
    alert(make_application(cast.cards), Severity.HIGH, AlertState.NEW)
    digests.make_due(morning())
    Digest.objects.exclude(user=cast.carol).delete()
    arrived, dead = Event(), Event()

    def hold() -> None:
        arrived.set()
        dead.wait(30)

    server.arrived = hold
    given = [str(connection.settings_dict["NAME"]), str(server.port), settings.HUB_URL]
    with subprocess.Popen([sys.executable, "-c", _WORKER, *given]) as worker:
        assert arrived.wait(60)
        one = Digest.objects.get()
        assert (one.state, one.tries) == ("sending", 1)
        assert digests.send_due() == 0  # its time has not come
        worker.kill()  # SIGKILL, after the message arrived and before the row says so
    dead.set()
    server.arrived = lambda: None
    assert not AuditLogEntry.objects.filter(action="digest.sent").exists()
    Digest.objects.update(next_try=timezone.now())
    assert digests.send_due() == 1
    first, second = server.messages
    assert first["Message-ID"] == second["Message-ID"]
    assert AuditLogEntry.objects.filter(action="digest.sent").count() == 1
    one.refresh_from_db()
    assert (one.state, one.tries) == ("sent", 2)


def test_one_in_hand_is_left_alone_even_when_its_time_comes(cast: Cast, server: Inbox, monkeypatch) -> None:
    alert(make_application(cast.cards), Severity.HIGH, AlertState.NEW)
    arrived, go_on = Event(), Event()

    def slow() -> None:
        arrived.set()
        go_on.wait(30)

    def other() -> int:
        assert arrived.wait(30)
        try:
            return digests.send_due()
        finally:
            go_on.set()

    server.arrived = slow
    digests.make_due(morning())
    Digest.objects.filter(user=cast.eve).delete()
    monkeypatch.setattr(digests, "FIRST_WAIT", timedelta())  # its time comes at once
    assert at_once(digests.send_due, other) == [1, 0]
    assert len(server.messages) == 1


def test_one_that_kills_every_worker_ends(cast: Cast, server: Inbox) -> None:
    digests.make_due(morning())
    Digest.objects.update(state="sending", tries=digests.MOST_TRIES)
    assert digests.send_due() == 0
    assert set(Digest.objects.values_list("state", "error")) == {("given_up", "The worker ended while it was sent.")}
