"""The pages of feeds, discovery and alerts, met by the whole cast."""

import csv
import io
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from inventory.choices import AlertState, BatchState, Severity
from inventory.models import Alert, ImportBatch, User
from inventory.services import imports
from tests.builders import make_application
from tests.cast import Cast
from tests.inventory.feeds.files import LABEL, SAMPLES, audit_text, days_ago, record, users_text, write

pytestmark = pytest.mark.django_db
NASTY = '<script>alert("x")</script>'


@pytest.fixture(autouse=True)
def _own_folder(settings: Settings, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path / "uploads"


def page(client: Client, user: User, route: str, *args: Any, **query: Any) -> str:
    client.force_login(user)
    answer = client.get(reverse(route, args=args), query)
    assert answer.status_code == 200, answer.status_code
    return answer.content.decode()


@pytest.fixture
def seen(cast: Cast, tmp_path: Path) -> None:
    """Ann of Cards and Tom of Treasury use an unregistered site; a stranger uses another one."""
    people = users_text(("ann@x.example", "Ann", "1", "Cards"), ("tom@x.example", "Tom", "2", "Treasury"))
    imports.import_file(actor=None, path=write(tmp_path, "users.csv", people))
    site = {"AppIdentity": "AIApp.SaaS.ChatGPT", "Operation": "AIAppInteraction"}
    marked = {"AccessedResources": [{"SensitivityLabelId": LABEL}]}
    records = [
        record(UserId="ann@x.example", event=marked, **site),
        record(UserId="ann@x.example", CreationTime=days_ago(50), **site),
        record(UserId="tom@x.example", **site),
        record(UserId="tom@x.example", **site),
        record(UserId="stranger@x.example", AgentName=NASTY),
    ]
    imports.import_file(actor=None, path=write(tmp_path, "audit.csv", audit_text(*records)))


# Feeds


def test_feeds_are_the_administrators(client: Client, cast: Cast) -> None:
    batch = ImportBatch.objects.create(file_name="x.csv", kind="purview_audit")
    for person in (cast.alice, cast.bob, cast.carol, cast.dan, cast.eve):
        client.force_login(person)
        for route, args in (
            ("feeds", ()),
            ("batch", (batch.pk,)),
            ("batch_progress", (batch.pk,)),
            ("quarantine_lines", (batch.pk,)),
        ):
            assert client.get(reverse(f"inventory:{route}", args=args)).status_code == 403
        assert client.post(reverse("inventory:feeds")).status_code == 403
        assert client.post(reverse("inventory:quarantine_reveal", args=[batch.pk])).status_code == 403


def test_an_upload_from_the_page_to_its_counts(client: Client, cast: Cast) -> None:
    client.force_login(cast.ada)
    file = SimpleUploadedFile(f"{NASTY}.csv", (SAMPLES / "audit_many.csv").read_bytes())
    answer = client.post(reverse("inventory:feeds"), {"file": file})
    batch = ImportBatch.objects.get()
    assert answer.headers["Location"] == reverse("inventory:batch", args=[batch.pk])
    waiting = page(client, cast.ada, "inventory:batch", batch.pk)
    assert 'hx-trigger="every 2s"' in waiting
    assert "<script>alert" not in waiting
    imports.run_batch(batch.pk)
    moving = client.get(reverse("inventory:batch_progress", args=[batch.pk]))
    assert moving.headers["HX-Refresh"] == "true"
    done = page(client, cast.ada, "inventory:batch", batch.pk)
    assert reverse("inventory:batch_progress", args=[batch.pk]) not in done
    assert "Every row could be read" in done
    assert "<script>alert" not in page(client, cast.ada, "inventory:feeds")


def test_a_file_of_no_known_kind_is_refused_with_words(client: Client, cast: Cast) -> None:
    client.force_login(cast.ada)
    for content, words in ((b"a\n1\n", "fits no file we know"), (b"", "empty")):
        answer = client.post(reverse("inventory:feeds"), {"file": SimpleUploadedFile("x.csv", content)})
        assert words in answer.content.decode()
    assert not ImportBatch.objects.exists()


def test_a_body_that_says_it_is_too_large_is_refused_unread(client: Client, cast: Cast, settings: Settings) -> None:
    settings.UPLOAD_MAX_BYTES = -(1 << 20)
    client.force_login(cast.ada)
    answer = client.post(reverse("inventory:feeds"), {"file": SimpleUploadedFile("x.csv", b"AuditData\n")})
    assert answer.status_code == 400


def test_the_quarantine_download_has_no_text_without_a_reason(client: Client, cast: Cast, tmp_path: Path) -> None:
    rows = audit_text("=cmd|ann@x.example", record())
    imports.import_file(actor=None, path=write(tmp_path, "audit.csv", rows))
    batch = ImportBatch.objects.get()
    client.force_login(cast.ada)
    assert "not readable as JSON" in page(client, cast.ada, "inventory:batch", batch.pk)
    plain = b"".join(client.get(reverse("inventory:quarantine_lines", args=[batch.pk]))).decode("utf-8-sig")
    assert "ann@x.example" not in plain
    assert [row[0] for row in csv.reader(io.StringIO(plain))] == ["line", "2"]
    url = reverse("inventory:quarantine_reveal", args=[batch.pk])
    assert client.post(url, {"reason": ""}).status_code == 400
    whole = b"".join(client.post(url, {"reason": "Ticket 7"})).decode("utf-8-sig")
    assert "ann@x.example" in whole


def test_no_cell_of_a_download_is_a_formula(client: Client, cast: Cast, tmp_path: Path) -> None:
    text = 'UserId,AuditData\n=HYPERLINK("x"),{\n'
    imports.import_file(actor=None, path=write(tmp_path, "audit.csv", text))
    client.force_login(cast.ada)
    url = reverse("inventory:quarantine_reveal", args=[ImportBatch.objects.get().pk])
    answer = b"".join(client.post(url, {"reason": "Ticket 7"})).decode("utf-8-sig")
    (_, (line, _, cell)) = csv.reader(io.StringIO(answer))
    assert (line, cell) == ("2", '\'=HYPERLINK("x"),{')


# Discovery


@pytest.mark.usefixtures("seen")
def test_each_sees_the_use_of_their_departments(client: Client, cast: Cast) -> None:
    shares = {}
    for name in ("alice", "bob", "carol", "dan", "eve", "ada"):
        client.force_login(getattr(cast, name))
        found = client.get(reverse("inventory:sightings")).context["page"].object_list
        shares[name] = {row.name: (row.interactions, row.users, row.sensitive, row.departments) for row in found}
    retail = {"AIApp.SaaS.ChatGPT": (1, 1, 1, ["Cards"])}
    everything = {"AIApp.SaaS.ChatGPT": (3, 2, 1, ["Cards", "Treasury"]), NASTY: (1, 1, 0, ["Unassigned"])}
    assert shares == {
        "alice": retail,
        "bob": retail,
        "carol": retail,
        "eve": {"AIApp.SaaS.ChatGPT": (2, 1, 0, ["Treasury"])},
        "dan": everything,
        "ada": everything,
    }


@pytest.mark.usefixtures("seen")
def test_discovery_can_be_narrowed(client: Client, cast: Cast) -> None:
    def names(**query: Any) -> list[str]:
        client.force_login(cast.dan)
        found = client.get(reverse("inventory:sightings"), query).context["page"].object_list
        return [row.name if row.name != NASTY else "nasty" for row in found]

    assert names() == ["AIApp.SaaS.ChatGPT", "nasty"]
    assert names(sort="interactions") == ["nasty", "AIApp.SaaS.ChatGPT"]
    assert names(sort="name") == ["nasty", "AIApp.SaaS.ChatGPT"]
    assert names(q="chat") == ["AIApp.SaaS.ChatGPT"]
    assert names(seen_as="1") == ["nasty"]
    assert names(department="retail") == ["AIApp.SaaS.ChatGPT"]
    assert names(department="organisation") == ["AIApp.SaaS.ChatGPT", "nasty"]
    client.force_login(cast.dan)
    rows = client.get(reverse("inventory:sightings"), {"period": "90", "q": "chat"}).context["page"].object_list
    assert (rows[0].interactions, rows[0].users) == (4, 2)
    assert rows[0].first_seen < rows[0].last_seen
    client.force_login(cast.eve)
    assert client.get(reverse("inventory:sightings"), {"department": "retail"}).status_code == 404


@pytest.mark.usefixtures("seen")
def test_names_from_outside_stay_text(client: Client, cast: Cast) -> None:
    found = page(client, cast.ada, "inventory:sightings")
    assert "<script>alert" not in found
    assert "&lt;script&gt;alert" in found


def test_candidates_of_a_tie_are_named_to_who_may_see_them(client: Client, cast: Cast, tmp_path: Path) -> None:
    end = "8ad83f3e-b424-4d54-8ddb-15dc19247088"
    make_application(cast.retail, "Retail Twin", identifiers=[("agent_id", f"A.{end}")])
    make_application(cast.treasury, "Treasury Twin", identifiers=[("agent_id", f"B.{end}")])
    people = users_text(("ann@x.example", "Ann", "1", "Retail"))
    imports.import_file(actor=None, path=write(tmp_path, "users.csv", people))
    text = audit_text(record(AgentId=end, UserId="ann@x.example"))
    imports.import_file(actor=None, path=write(tmp_path, "audit.csv", text))
    assert "Treasury Twin" in page(client, cast.dan, "inventory:sightings")
    found = page(client, cast.carol, "inventory:sightings")
    assert "Retail Twin" in found
    assert "Treasury Twin" not in found


@pytest.mark.usefixtures("seen")
def test_a_long_list_costs_the_same_queries(
    client: Client, cast: Cast, tmp_path: Path, django_assert_num_queries: Any
) -> None:
    client.force_login(cast.dan)
    page(client, cast.dan, "inventory:sightings")
    cache.clear()
    with CaptureQueriesContext(connection) as few:
        client.get(reverse("inventory:sightings"))
    text = audit_text(*(record(AgentName=f"Agent {n}") for n in range(40)))
    imports.import_file(actor=None, path=write(tmp_path, "more.csv", text))
    cache.clear()
    with django_assert_num_queries(len(few)):
        assert len(client.get(reverse("inventory:sightings")).context["page"].object_list) == 25


# Alerts


@pytest.fixture
def alerts(cast: Cast) -> None:
    now = timezone.now()
    rows = [
        ("Jailbreak attempt blocked", make_application(cast.cards, "Card Helper"), AlertState.NEW, Severity.HIGH),
        (NASTY, make_application(cast.treasury, "Cash Forecast"), AlertState.RESOLVED, Severity.LOW),
        ("Unusual spending of tokens", None, AlertState.IN_PROGRESS, Severity.MEDIUM),
    ]
    for number, (title, application, state, severity) in enumerate(rows):
        Alert.objects.create(
            title=title,
            application=application,
            state=state,
            severity=severity,
            at=now - timedelta(hours=number),
            tactics=["Impact"],
        )


@pytest.mark.usefixtures("alerts")
def test_alerts_follow_the_sight_of_applications(client: Client, cast: Cast) -> None:
    def titles(user: User, **query: Any) -> list[str]:
        client.force_login(user)
        found = client.get(reverse("risk:alerts"), query).context["page"].object_list
        return [alert.title.split()[0] for alert in found]

    nasty = NASTY.split()[0]
    assert titles(cast.carol) == ["Jailbreak"]
    assert titles(cast.eve) == [nasty]
    assert titles(cast.dan) == ["Jailbreak", "Unusual", nasty]  # what is open comes first
    assert titles(cast.dan, state="new,active,in_progress") == ["Jailbreak", "Unusual"]
    assert titles(cast.dan, severity="low") == [nasty]
    assert titles(cast.dan, department="retail") == ["Jailbreak"]
    assert titles(cast.dan, q="cash") == [nasty]
    assert titles(cast.dan, kind="agent") == []
    application = Alert.objects.get(severity=Severity.HIGH).application_id
    assert titles(cast.dan, application=str(application)) == ["Jailbreak"]
    client.force_login(cast.eve)
    assert client.get(reverse("risk:alerts"), {"application": str(application)}).status_code == 404
    assert "<script>alert" not in page(client, cast.dan, "risk:alerts")


def test_empty_pages_say_what_fills_them(client: Client, cast: Cast) -> None:
    assert "Load a Purview audit export" in page(client, cast.ada, "inventory:sightings")
    assert "No alerts" in page(client, cast.carol, "risk:alerts")
    assert "Upload a user list" in page(client, cast.ada, "inventory:feeds")
    assert "fits these filters" in page(client, cast.carol, "inventory:sightings", q="nothing")
    batch = ImportBatch.objects.create(file_name="x", state=BatchState.FAILED, error="Broken.")
    assert "Broken." in page(client, cast.ada, "inventory:batch", batch.pk)
