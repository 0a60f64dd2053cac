"""Lists tell a state: the one that was handed over last counts, whenever it is read (docs/decisions/0041)."""

import io
import json
import os
import zipfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import Settings

from inventory.choices import BatchState, Door
from inventory.models import CloudApp, DirectoryUser, ImportBatch, InformationType, SensitivityLabel
from inventory.services import imports
from inventory.services.imports import again, mappings
from inventory.services.imports.mappings import Told
from inventory.services.imports.uploads import Origin
from tests.builders import make_application
from tests.cast import Cast
from tests.inventory.feeds.files import days_ago, guid, users_text
from tests.inventory.feeds.test_cloud_discovery import app
from tests.inventory.feeds.test_undo import take, take_back

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _own_folder(settings: Settings, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path / "uploads"


def users(name: str, *others: str) -> str:
    listed = [
        ("ann@x.example", name, guid(1), "Cards"),
        *((f"{other}@x.example", other, "", "Cards") for other in others),
    ]
    return users_text(*listed)


def labels(name: str, *others: str) -> str:
    rows = [f"1,{one},{one},{guid(number)}\n" for number, one in enumerate((name, *others), 1)]
    return "Priority,Name,DisplayName,Guid\n" + "".join(rows)


def types(name: str, *others: str) -> str:
    rows = [f"{one},{guid(number)},Microsoft,75\n" for number, one in enumerate((name, *others), 1)]
    return "Name,Id,Publisher,RecommendedConfidence\n" + "".join(rows)


def apps(name: str, *others: str) -> str:
    told = enumerate((name, *others), 1)
    return json.dumps({"value": [app(number, displayName=one, lastSeenDateTime=None) for number, one in told]})


LISTS: list[tuple[Callable[..., str], Any]] = [
    (users, DirectoryUser), (labels, SensitivityLabel), (types, InformationType), (apps, CloudApp)
]  # fmt: skip
each_list = pytest.mark.parametrize(("listed", "model"), LISTS, ids=[one.__name__ for one, _ in LISTS])


def known(model: Any) -> set[str]:
    return set(model.objects.values_list("name", flat=True))


def handed_over(content: str, door: Door = Door.UPLOAD) -> ImportBatch:
    """It waits to be read."""
    return imports.receive(actor=None, file_name="list", blocks=[content.encode()], origin=Origin(door))


def read(batch: ImportBatch) -> ImportBatch:
    imports.run_batch(batch.pk)
    batch.refresh_from_db()
    assert batch.state == BatchState.DONE, batch.error
    return batch


@each_list
@pytest.mark.parametrize("door", [Door.UPLOAD, Door.API, Door.FOLDER])
def test_a_list_that_is_sent_again_after_another_is_the_latest_word(
    cast: Cast, listed: Callable[..., str], model: Any, door: Door
) -> None:
    """The state came back, so the very bytes did."""
    for name in ("First", "Second", "First"):
        assert read(handed_over(listed(name), door)).stored == 1
    assert known(model) == {"First"}
    same = read(handed_over(listed("First"), door))
    assert (same.stored, same.duplicates) == (0, 1)


@each_list
def test_a_list_that_is_read_late_tells_only_of_what_is_not_here(
    cast: Cast, listed: Callable[..., str], model: Any
) -> None:
    """It was handed over before the other, whenever a worker gets to it."""
    early = handed_over(listed("First", "Only here"))
    read(handed_over(listed("Second")))
    assert (read(early).stored, early.duplicates) == (1, 1)
    assert known(model) == {"Second", "Only here"}


@each_list
def test_a_list_that_goes_on_after_another_takes_nothing_back(
    cast: Cast, listed: Callable[..., str], model: Any
) -> None:
    broken = handed_over(listed("First"))
    ImportBatch.objects.filter(pk=broken.pk).update(state=BatchState.FAILED, finished_at=timezone.now())
    broken.refresh_from_db()
    read(handed_over(listed("Second")))
    again.read_again(actor=cast.ada, batch=broken)
    assert read(broken).stored == 0
    assert known(model) == {"Second"}


def test_an_undone_list_that_is_read_again_takes_nothing_back(cast: Cast) -> None:
    text = users("First")
    first = take(text, "users.csv")
    take_back(first)
    take(users("Second"), "users.csv")
    again.read_again(actor=cast.ada, batch=first, blocks=[text.encode()])
    assert read(first).stored == 0
    assert known(DirectoryUser) == {"Second"}


def test_a_list_that_was_undone_is_nobodys_later_word(cast: Cast) -> None:
    early = handed_over(users("First"))
    take_back(read(handed_over(users("Second"))))
    assert read(early).stored == 1
    assert known(DirectoryUser) == {"First"}


def test_a_list_out_of_an_archive_is_as_old_as_the_archive(cast: Cast) -> None:
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w") as archive:
        archive.writestr("users.csv", users("First"))
    packed = imports.receive(actor=None, file_name="x.zip", blocks=[whole.getvalue()])
    read(handed_over(users("Second")))
    imports.run_batch(packed.pk)
    assert read(packed.members.get()).stored == 0
    assert known(DirectoryUser) == {"Second"}


def test_lists_in_a_form_of_their_own_count_among_the_others(cast: Cast) -> None:
    early = handed_over(users("First"))
    own = imports.receive(
        actor=cast.ada, file_name="hr.csv", blocks=[b"Mail,Called,No\nann@x.example,Second," + guid(1).encode() + b"\n"]
    )
    mappings.save(actor=cast.ada, batch=own, told=Told("hr", "users", {"upn": 0, "name": 1, "object_id": 2}))
    assert read(own).stored == 1
    assert read(early).stored == 0
    assert known(DirectoryUser) == {"Second"}


def test_at_the_console_a_file_that_nobody_wrote_since_is_the_same_file(cast: Cast, tmp_path: Path) -> None:
    """Whoever reads a whole folder each night sends nothing anew; an export that is written anew is news."""
    path, other = tmp_path / "users.csv", tmp_path / "later.csv"
    path.write_text(users("First"))
    other.write_text(users("Second"))
    hour_ago = (timezone.now() - timedelta(hours=1)).timestamp()
    for file in (path, other):
        os.utime(file, (hour_ago, hour_ago))
        assert imports.import_file(actor=None, path=file).stored == 1
    again_read = imports.import_file(actor=None, path=path)
    assert (again_read.stored, again_read.duplicates) == (0, 1)
    assert known(DirectoryUser) == {"Second"}
    in_an_hour = (timezone.now() + timedelta(hours=1)).timestamp()
    os.utime(path, (in_an_hour, in_an_hour))
    assert imports.import_file(actor=None, path=path).stored == 1
    assert known(DirectoryUser) == {"First"}


def test_of_reported_apps_the_report_that_saw_them_last_counts(cast: Cast) -> None:
    """A report bears times of its own: they go before the order in which it came."""
    seen = {"lastSeenDateTime": f"{days_ago(9)}Z"}
    old = json.dumps({"value": [app(1, userCount=3, **seen)]})
    take(old, "apps.json")
    take(json.dumps({"value": [app(1, userCount=8, lastSeenDateTime=f"{days_ago(1)}Z")]}), "apps.json")
    assert take(old, "apps.json").stored == 0
    assert CloudApp.objects.get().users == 8
    application = make_application(cast.retail, identifiers=[("host", app(1)["domains"][0])])
    assert take(old, "apps.json").stored == 1  # whose it is may have become known since
    assert list(CloudApp.objects.values_list("application", "users")) == [(application.pk, 8)]


def test_whom_nobody_knows_any_more_is_told_anew(cast: Cast) -> None:
    take(users("First", "bob"), "users.csv")
    DirectoryUser.objects.filter(upn="bob@x.example").delete()
    assert take(users("First", "bob"), "users.csv").stored == 1
    assert known(DirectoryUser) == {"First", "bob"}
