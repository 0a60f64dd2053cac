"""The machines' door: what is signed and new comes in, everything else is told why not, and leaves nothing behind."""

import hmac
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from inventory.choices import BatchState, Door
from inventory.models import AuditLogEntry, Feed, FeedKey, ImportBatch, Interaction
from inventory.services import feeds, imports
from inventory.services.feeds import Credentials
from inventory.services.imports import uploads
from tests.cast import Cast
from tests.inventory.feeds.files import SAMPLES, audit_text, record

pytestmark = pytest.mark.django_db
BODY = (SAMPLES / "audit_many.csv").read_bytes()


@pytest.fixture(autouse=True)
def _own_folder(settings: Settings, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path / "uploads"


@pytest.fixture
def made(cast: Cast) -> tuple[Feed, Credentials]:
    return feeds.create_feed(actor=cast.ada, slug="purview", name="Purview relay", expected_hours=24)


def signature(key: str, body: bytes, timestamp: str) -> str:
    return "v1=" + hmac.new(key.encode(), timestamp.encode() + b"." + body, "sha256").hexdigest()


def send(given: Credentials, body: bytes = BODY, slug: str = "purview", **changes: Any) -> Any:
    """A call as a relay makes it, with some of it changed; None leaves a header out."""
    timestamp = str(changes.pop("timestamp", int(time.time())))
    content_type = changes.pop("content_type", "text/csv")
    headers = {
        "Authorization": f"Bearer {given.token}",
        "X-Hub-Timestamp": timestamp,
        "X-Hub-Signature": signature(given.signing_key, body, timestamp),
        **{name.replace("_", "-"): value for name, value in changes.items()},
    }
    kept = {name: value for name, value in headers.items() if value is not None}
    return Client().post(f"/api/v1/feeds/{slug}", body, content_type=content_type, headers=kept)


def test_an_empty_list_is_of_the_kind_of_its_feed(cast: Cast) -> None:
    _, given = feeds.create_feed(actor=cast.ada, slug="defender", name="Defender", kind="security_alerts")
    body = b'{"value":[]}'
    assert send(given, body, "defender", content_type="application/json").status_code == 202
    assert imports.run_batch(ImportBatch.objects.get().pk)
    batch = ImportBatch.objects.get()
    assert (batch.state, batch.kind, batch.rows) == (BatchState.DONE, "security_alerts", 0)
    _, given = feeds.create_feed(actor=cast.ada, slug="any", name="Any kind")
    assert send(given, body, "any", content_type="application/json").status_code == 422


def test_a_signed_call_becomes_a_batch_that_can_be_followed(made: tuple[Feed, Credentials]) -> None:
    feed, given = made
    answer = send(given, X_Hub_File_Name="../etc/<b>\n.csv")
    assert answer.status_code == 202, answer.content
    batch = ImportBatch.objects.get()
    assert answer.headers["Location"] == f"/api/v1/feeds/purview/batches/{batch.pk}"
    assert (batch.door, batch.feed, batch.file_name, batch.uploaded_by) == (Door.API, feed, "<b>\ufffd.csv", None)
    bearer = {"Authorization": f"Bearer {given.token}"}
    assert Client().get(answer.headers["Location"], headers=bearer).json()["state"] == "waiting"
    imports.run_batch(batch.pk)
    done = Client().get(answer.headers["Location"], headers=bearer).json()
    assert (done["state"], done["rows"], done["stored"], done["ignored"], done["percent"]) == ("done", 6, 5, 1, 100)
    assert AuditLogEntry.objects.get(action="feed.uploaded").summary.startswith("Feed Purview relay delivered")


@pytest.mark.parametrize(
    ("body", "content_type", "stored"),
    [
        (orjson.dumps([record() for _ in range(3)]), "application/json", 3),
        (b"\n".join(orjson.dumps(record()) for _ in range(2)), "application/x-ndjson; charset=utf-8", 2),
        (audit_text(record()).encode(), "application/octet-stream", 1),
    ],
    ids=["json", "ndjson", "csv"],
)
def test_each_form_comes_in(made: tuple[Feed, Credentials], body: bytes, content_type: str, stored: int) -> None:
    answer = send(made[1], body, content_type=content_type)
    assert answer.status_code == 202, answer.content
    imports.run_batch(answer.json()["batch"])
    assert ImportBatch.objects.get().stored == stored == Interaction.objects.count()


def test_the_upload_page_the_console_and_the_api_count_alike(made: tuple[Feed, Credentials], cast: Cast) -> None:
    counts = []
    for door in ("api", "upload", "console"):
        if door == "api":
            send(made[1])
        elif door == "upload":
            imports.receive(actor=cast.ada, file_name="x.csv", blocks=[BODY])
        else:
            imports.import_file(actor=None, path=SAMPLES / "audit_many.csv", feed=made[0])
        imports.run_waiting()
        batch = ImportBatch.objects.first()
        assert batch is not None
        counts.append((batch.rows, batch.stored + batch.duplicates, batch.quarantined, batch.ignored))
    assert counts == [(6, 5, 0, 1)] * 3
    assert Interaction.objects.count() == 5


@pytest.mark.parametrize(
    ("change", "status", "words"),
    [
        ({"Authorization": None}, 401, "No valid token"),
        ({"Authorization": "Bearer feed_wrong"}, 401, "No valid token"),
        ({"Authorization": "Bearer ÿÿÿ"}, 401, "No valid token"),
        ({"X_Hub_Signature": None}, 401, "v1="),
        ({"X_Hub_Signature": "v1=" + "0" * 64}, 401, "not that of this time and body"),
        ({"X_Hub_Signature": "v1=é"}, 401, "v1="),
        ({"X_Hub_Timestamp": None}, 401, "X-Hub-Timestamp"),
        ({"X_Hub_Timestamp": "٣"}, 401, "X-Hub-Timestamp"),
        ({"timestamp": 0}, 401, "300 seconds"),
        ({"timestamp": 99999999999}, 401, "300 seconds"),
        ({"content_type": "text/html"}, 415, "is not taken"),
        ({"Content_Encoding": "gzip"}, 415, "No content encoding"),
        ({"Transfer_Encoding": "chunked"}, 411, "Content-Length"),
        ({"body": b"a,b\n1,2\n"}, 422, "fits no file we know"),
        ({"slug": "another"}, 401, "No valid token"),
    ],
    ids=lambda value: str(value)[:40] if isinstance(value, dict) else "",
)
def test_what_is_not_right_is_refused_with_words(
    made: tuple[Feed, Credentials], change: dict[str, Any], status: int, words: str
) -> None:
    answer = send(made[1], **change)
    assert answer.status_code == status, answer.content
    assert words in answer.json()["detail"]
    assert not ImportBatch.objects.exists()
    assert not uploads.folder().exists() or list(uploads.folder().iterdir()) == []
    made[0].refresh_from_db()
    assert bool(made[0].refused_why) == ("No valid token" not in words)


def test_a_body_that_is_too_large_is_refused_unread(made: tuple[Feed, Credentials], settings: Settings) -> None:
    settings.FEED_MAX_BYTES = len(BODY) - 1
    assert send(made[1]).status_code == 413
    settings.FEED_MAX_BYTES = len(BODY)
    assert send(made[1]).status_code == 202


def test_a_call_is_taken_once(made: tuple[Feed, Credentials]) -> None:
    now = int(time.time())
    first = send(made[1], timestamp=now)
    again = send(made[1], timestamp=now)
    upper = send(made[1], timestamp=now, X_Hub_Signature=signature(made[1].signing_key, BODY, str(now)).upper())
    assert (first.status_code, again.status_code, upper.status_code) == (202, 409, 409)
    assert again.json()["url"] == first.headers["Location"]
    assert send(made[1], timestamp=now - 1).status_code == 202  # the same file in a call of its own
    assert ImportBatch.objects.count() == 2


def test_the_signature_covers_time_and_body(made: tuple[Feed, Credentials]) -> None:
    now = int(time.time())
    for body, timestamp in ((BODY + b"\n", now), (BODY, now - 1)):
        answer = send(
            made[1], body, timestamp=timestamp, X_Hub_Signature=signature(made[1].signing_key, BODY, str(now))
        )
        assert answer.status_code == 401
    assert not ImportBatch.objects.exists()


def test_keys_change_over_without_a_gap(made: tuple[Feed, Credentials], cast: Cast) -> None:
    feed, old = made
    new = feeds.rotate(actor=cast.ada, feed=feed, grace=24)
    assert send(old).status_code == 202
    assert send(new).status_code == 202
    mixed = Credentials(new.token, old.signing_key)
    assert send(mixed, timestamp=int(time.time()) - 2).status_code == 401
    FeedKey.objects.filter(expires_at__isnull=False).update(expires_at=timezone.now() - timedelta(seconds=1))
    assert send(old, timestamp=int(time.time()) - 3).status_code == 401
    last = feeds.rotate(actor=cast.ada, feed=feed, grace=0)
    assert send(new, timestamp=int(time.time()) - 4).status_code == 401
    assert send(last, timestamp=int(time.time()) - 5).status_code == 202
    assert feed.keys.count() == 2  # what ran out before is gone
    assert "token" in AuditLogEntry.objects.filter(action="feed.rotated")[0].details


def test_no_secret_lies_about(made: tuple[Feed, Credentials]) -> None:
    given = made[1]
    key = FeedKey.objects.get()
    stored = repr([key.token_digest, key.token_begins, bytes(key.signing_key)])
    logged = repr(list(AuditLogEntry.objects.values()))
    for secret in (given.token, given.signing_key):
        assert secret not in stored
        assert secret not in logged


def test_a_feed_that_is_off_or_called_from_elsewhere_is_closed(made: tuple[Feed, Credentials], cast: Cast) -> None:
    feed, given = made
    feeds.change_feed(actor=cast.ada, feed=feed, networks=["10.1.0.0/16", "2001:db8::/32"])
    assert send(given).status_code == 403
    feeds.change_feed(actor=cast.ada, feed=feed, networks=["127.0.0.9/8"])
    assert send(given).status_code == 202
    feeds.switch(actor=cast.ada, feed=feed, active=False)
    closed = send(given, timestamp=int(time.time()) - 1)
    assert (closed.status_code, closed.json()["detail"]) == (403, "This feed is switched off.")
    feed.refresh_from_db()
    assert feed.refused_why == "This feed is switched off."
    assert feed.networks == ["127.0.0.0/8"]


def test_a_feed_bound_to_a_kind_takes_no_other(made: tuple[Feed, Credentials], cast: Cast) -> None:
    feeds.change_feed(actor=cast.ada, feed=made[0], kind="entra_users")
    answer = send(made[1])
    assert answer.status_code == 422
    assert "this feed takes" in answer.json()["detail"]


def test_calls_are_counted_before_anybody_is_known(made: tuple[Feed, Credentials], monkeypatch: Any) -> None:
    from inventory.api.feeds import FeedThrottle

    monkeypatch.setattr(FeedThrottle, "THROTTLE_RATES", {"feed": "2/min"})
    answers = [send(made[1], Authorization=None).status_code for _ in range(3)]
    assert answers == [401, 401, 429]


def test_one_feed_sees_no_other_ones_batches(made: tuple[Feed, Credentials], cast: Cast) -> None:
    _, other = feeds.create_feed(actor=cast.ada, slug="other", name="Other")
    where = send(made[1]).headers["Location"]
    for path in (where, where.replace("purview", "other")):
        assert Client().get(path, headers={"Authorization": f"Bearer {other.token}"}).status_code in (401, 404)
    client = Client()
    client.force_login(cast.ada)  # a session opens nothing here
    assert client.get(where).status_code == 401
    assert client.post("/api/v1/feeds/purview", b"x", content_type="text/csv").status_code == 401


# Microsoft 365


def test_microsoft_365_is_answered_and_its_pointers_are_no_records(made: tuple[Feed, Credentials]) -> None:
    feed, given = made

    def post(body: str, **headers: str) -> Any:
        sent = {"Webhook-AuthID": given.token, **{name.replace("_", "-"): value for name, value in headers.items()}}
        return Client().post("/api/v1/feeds/purview", body, content_type="application/json", headers=sent)

    assert post('{"validationCode": "c1"}', Webhook_ValidationCode="c1").status_code == 200
    assert post('{"validationCode": "c2"}', Webhook_ValidationCode="c1").status_code == 422
    pointer = '[{"contentUri": "https://m.example/1", "contentId": "1"}, {"contentUri": "https://m.example/2"}]'
    assert post(pointer).json() == {"announced": 2}
    assert post("[1]").status_code == 422
    assert post("[" * 5000).status_code == 422
    assert post(pointer, Webhook_AuthID="feed_wrong").status_code == 401
    feed.refresh_from_db()
    assert feed.announced == 2
    assert not ImportBatch.objects.exists()
    assert send(given).status_code == 202
    feed.refresh_from_db()
    assert feed.announced == 0


# Making feeds


def test_only_an_administrator_makes_and_changes_feeds(made: tuple[Feed, Credentials], cast: Cast) -> None:
    feed = made[0]
    for person in (cast.alice, cast.bob, cast.carol, cast.dan, cast.eve):
        with pytest.raises(PermissionDenied):
            feeds.create_feed(actor=person, slug="x", name="X")
        with pytest.raises(PermissionDenied):
            feeds.change_feed(actor=person, feed=feed, name="X")
        with pytest.raises(PermissionDenied):
            feeds.switch(actor=person, feed=feed, active=False)
        with pytest.raises(PermissionDenied):
            feeds.rotate(actor=person, feed=feed, grace=0)


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"slug": "Übung"}, "slug"),
        ({"slug": "purview"}, "slug"),
        ({"slug": "done"}, "slug"),
        ({"slug": "../x"}, "slug"),
        ({"name": " "}, "name"),
        ({"kind": "nothing"}, "kind"),
        ({"expected_hours": 0}, "expected_hours"),
        ({"networks": ["10.0.0.0/99"]}, "networks"),
    ],
)
def test_what_a_feed_can_not_be_is_said_by_field(
    made: tuple[Feed, Credentials], cast: Cast, fields: dict[str, Any], named: str
) -> None:
    with pytest.raises(ValidationError) as refused:
        feeds.create_feed(actor=cast.ada, **{"slug": "new", "name": "New", **fields})
    assert list(refused.value.message_dict) == [named]


def test_a_batch_says_that_it_waits_until_it_is_read(made: tuple[Feed, Credentials]) -> None:
    send(made[1])
    assert ImportBatch.objects.get().state == BatchState.WAITING
    assert len(list(uploads.folder().iterdir())) == 1
