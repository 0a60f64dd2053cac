"""The pages of feeds as sources, of undoing and of reading again, met by the whole cast."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from inventory.choices import BatchState, Door
from inventory.models import Feed, ImportBatch
from inventory.selectors import feed_health
from inventory.selectors import feeds as feed_files
from inventory.services import feeds, imports
from tests.cast import Cast
from tests.inventory.feeds.files import audit_text, record

pytestmark = pytest.mark.django_db
NASTY = '<script>alert("x")</script>'


@pytest.fixture(autouse=True)
def _own_folder(settings: Settings, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path / "uploads"


def get(client: Client, route: str, *args: Any, **query: Any) -> str:
    answer = client.get(reverse(f"inventory:{route}", args=args), query)
    assert answer.status_code == 200, answer.status_code
    return answer.content.decode()


@pytest.fixture
def feed(cast: Cast) -> Feed:
    return feeds.create_feed(actor=cast.ada, slug="relay", name=f"Relay {NASTY}", expected_hours=24)[0]


@pytest.fixture
def batch(feed: Feed) -> ImportBatch:
    found = imports.receive(actor=None, file_name=f"{NASTY}.csv", blocks=[audit_text(record(), "{x").encode()])
    imports.run_batch(found.pk)
    found.refresh_from_db()
    return found


def test_feeds_are_the_administrators(client: Client, cast: Cast, batch: ImportBatch) -> None:
    for person in (cast.alice, cast.bob, cast.carol, cast.dan, cast.eve):
        client.force_login(person)
        for route, args in (("feed_add", ()), ("feed", ("relay",)), ("batch_undo", (batch.pk,))):
            assert client.get(reverse(f"inventory:{route}", args=args)).status_code == 403
        for route, args in (
            *(("feed_add", ()), ("feed_change", ("relay",)), ("feed_rotate", ("relay",)), ("feed_switch", ("relay",))),
            *(("batch_undo", (batch.pk,)), ("batch_again", (batch.pk,))),
        ):
            assert client.post(reverse(f"inventory:{route}", args=args), {"reason": "x"}).status_code == 403
    batch.refresh_from_db()
    assert (Feed.objects.count(), batch.state) == (1, BatchState.DONE)


def test_a_feed_is_made_and_shows_its_keys_once(client: Client, cast: Cast) -> None:
    client.force_login(cast.ada)
    given = {"name": "Defender", "slug": "Defender-Alerts", "expected_hours": "24", "networks": "10.0.0.1\n10.1.0.0/16"}
    answer = client.post(reverse("inventory:feed_add"), given)
    token, key = answer.context["given"].token, answer.context["given"].signing_key
    assert token in answer.content.decode()
    assert key in answer.content.decode()
    feed = Feed.objects.get(slug="defender-alerts")
    assert (feed.expected_hours, feed.networks) == (24, ["10.0.0.1/32", "10.1.0.0/16"])
    again = get(client, "feed", "defender-alerts")
    assert token not in again
    assert key not in again
    assert token[:10] in again
    wrong = client.post(reverse("inventory:feed_add"), {**given, "networks": "nowhere"}).content.decode()
    assert "is no address or network" in wrong
    assert "is taken" in wrong


def test_a_feed_is_changed_given_new_keys_and_switched_off(client: Client, cast: Cast, feed: Feed) -> None:
    client.force_login(cast.ada)
    where = reverse("inventory:feed_change", args=["relay"])
    assert client.post(where, {"name": "Renamed", "expected_hours": "168"}).status_code == 302
    assert client.post(where, {"name": ""}).status_code == 400
    rotated = client.post(reverse("inventory:feed_rotate", args=["relay"]), {"grace": "24"})
    assert rotated.context["given"].token in rotated.content.decode()
    assert client.post(reverse("inventory:feed_rotate", args=["relay"]), {"grace": "5"}).status_code == 400
    client.post(reverse("inventory:feed_switch", args=["relay"]), {"active": "0"})
    feed.refresh_from_db()
    assert (feed.name, feed.expected_hours, feed.active, feed.keys.count()) == ("Renamed", 168, False, 2)
    assert "Switched off" in get(client, "feed", "relay")


def test_each_state_of_a_feed_is_told(feed: Feed) -> None:
    now = timezone.now()

    def state(**passed: Any) -> str:
        return feed_health.of(feed, now + timedelta(**passed)).state

    def came(state: BatchState, at: Any) -> None:
        ImportBatch.objects.create(feed=feed, file_name="x", state=state, finished_at=at, error="Broken.")

    assert state() == "Nothing yet"
    assert state(hours=25) == "Late"
    came(BatchState.DONE, now)
    assert (state(), state(hours=25)) == ("Fresh", "Late")
    Feed.objects.update(refused_at=now + timedelta(minutes=1), refused_why="X")
    assert state() == "Refused"
    came(BatchState.FAILED, now + timedelta(minutes=2))
    assert (state(), feed_health.of(feed).error) == ("Failing", "Broken.")
    came(BatchState.DONE, now + timedelta(minutes=3))
    assert (state(), feed_health.of(feed).error) == ("Fresh", "")
    came(BatchState.UNDONE, now + timedelta(hours=20))
    assert state(hours=25) == "Late"  # what was undone is no news
    Feed.objects.update(active=False)
    assert state(hours=25) == "Switched off"


@pytest.mark.parametrize(
    ("newest", "told"), [(timedelta(days=400), timedelta()), (-timedelta(days=1), -timedelta(days=1)), (None, None)]
)
def test_a_record_of_a_wrong_clock_makes_no_feed_newer_than_its_file(
    feed: Feed, newest: timedelta | None, told: timedelta | None
) -> None:
    read = timezone.now() - timedelta(days=3)
    ImportBatch.objects.create(
        kind="purview_audit",
        feed=feed,
        file_name="f",
        state=BatchState.DONE,
        finished_at=read,
        newest_at=None if newest is None else read + newest,
    )
    expected = None if told is None else read + told
    assert {one.kind: one.newest_at for one in feed_files.freshness()}["purview_audit"] == expected
    (health,) = feed_health.all_feeds()
    assert health.newest_at == expected


def test_the_list_is_narrowed_by_state_content_door_feed_and_name(client: Client, cast: Cast, feed: Feed) -> None:
    rows = [
        ("a.csv", BatchState.DONE, "purview_audit", Door.UPLOAD, None),
        ("b.csv", BatchState.FAILED, "entra_users", Door.FOLDER, None),
        ("c.csv", BatchState.DONE, "purview_audit", Door.API, feed),
    ]
    now = timezone.now()
    for name, state, kind, door, whose in rows:
        ImportBatch.objects.create(
            file_name=name,
            state=state,
            kind=kind,
            door=door,
            feed=whose,
            sha256=name[0] * 64,
            finished_at=now,
        )
    client.force_login(cast.ada)

    def names(**query: str) -> str:
        found = client.get(reverse("inventory:feeds"), query).context["page"].object_list
        return "".join(sorted(row.file_name[0] for row in found))

    assert names() == "abc"
    assert names(state="failed") == "b"
    assert names(state="done,failed") == "abc"
    assert names(content="purview_audit") == "ac"
    assert names(door="folder") == "b"
    assert names(feed="relay") == "c"
    assert names(q="B.CS") == "b"
    assert names(q="A" * 64) == "a"
    assert "No file fits" in get(client, "feeds", state="undone")
    assert "left out" in get(client, "feeds", state="nonsense")


def test_names_from_outside_stay_text(client: Client, cast: Cast, batch: ImportBatch) -> None:
    client.force_login(cast.ada)
    for page in (
        *(get(client, "feeds"), get(client, "feed", "relay"), get(client, "batch", batch.pk)),
        get(client, "batch_undo", batch.pk),
    ):
        assert "<script>alert" not in page


def test_a_file_is_undone_after_a_look_at_what_goes(client: Client, cast: Cast, batch: ImportBatch) -> None:
    client.force_login(cast.ada)
    assert reverse("inventory:batch_undo", args=[batch.pk]) in get(client, "batch", batch.pk)
    assert "<dt>1</dt><dd>interaction</dd>" in get(client, "batch_undo", batch.pk)
    where = reverse("inventory:batch_undo", args=[batch.pk])
    assert client.post(where, {"reason": ""}).status_code == 400
    assert client.post(where, {"reason": "Wrong month"}).headers["Location"] == reverse(
        "inventory:batch", args=[batch.pk]
    )
    assert "being taken back" in get(client, "batch", batch.pk)
    imports.run_waiting()
    done = get(client, "batch", batch.pk)
    assert "Wrong month" in done
    assert "The same file" in done
    assert "It was undone before" in get(client, "batch_undo", batch.pk)


def test_a_file_is_read_again_from_its_page(client: Client, cast: Cast, batch: ImportBatch) -> None:
    client.force_login(cast.ada)
    where = reverse("inventory:batch_again", args=[batch.pk])
    answer = client.post(where, {"file": SimpleUploadedFile("x.csv", b"other")}, follow=True)
    assert "Undo it first" in answer.content.decode()
    ImportBatch.objects.update(state=BatchState.FAILED, error="Interrupted.")
    answer = client.post(where, {"file": SimpleUploadedFile("x.csv", b"other")}, follow=True)
    assert "another file" in answer.content.decode()
    batch.refresh_from_db()
    assert batch.state == BatchState.FAILED


def test_many_feeds_and_files_cost_the_same_queries(
    client: Client, cast: Cast, feed: Feed, django_assert_num_queries: Any
) -> None:
    client.force_login(cast.ada)
    get(client, "feeds")

    def add(number: int) -> None:
        for n in range(number):
            one = feeds.create_feed(actor=None, slug=f"f{number}-{n}", name=f"F {n}")[0]
            ImportBatch.objects.create(file_name="x", feed=one, uploaded_by=cast.ada, state=BatchState.FAILED)

    add(3)
    with CaptureQueriesContext(connection) as few:
        get(client, "feeds")
    add(30)
    with django_assert_num_queries(len(few)):
        get(client, "feeds")


def test_a_late_feed_shows_on_the_first_page(client: Client, cast: Cast, feed: Feed) -> None:
    client.force_login(cast.carol)
    assert "Late" not in client.get("/").content.decode()
    ImportBatch.objects.create(
        feed=feed, file_name="x", state=BatchState.DONE, finished_at=timezone.now() - timedelta(hours=25)
    )
    assert "Late" in client.get("/").content.decode()
