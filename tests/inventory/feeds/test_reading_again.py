"""Reading a file again, and how long files and their rows are kept."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone
from pytest_django import Settings

from inventory.choices import BatchState
from inventory.models import (
    AuditLogEntry,
    CloudApp,
    DirectoryUser,
    ImportBatch,
    InformationType,
    QuarantinedRow,
    SensitivityLabel,
)
from inventory.services import imports
from inventory.services.imports import again, batches, uploads
from tests.builders import make_application
from tests.cast import Cast
from tests.inventory.feeds.files import days_ago, guid, users_text
from tests.inventory.feeds.test_cloud_discovery import app
from tests.inventory.feeds.test_undo import first_file, second_file, take, take_back

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _own_folder(settings: Settings, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path / "uploads"


def test_a_file_that_failed_is_kept_for_a_time_and_goes_on(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    batch = imports.receive(actor=None, file_name="audit.csv", blocks=[second_file().encode()])
    with monkeypatch.context() as patch:
        patch.setattr(batches, "SINKS", {"purview_audit": Broken})
        imports.run_batch(batch.pk)
    batch.refresh_from_db()
    assert batch.state == BatchState.FAILED
    assert len(list(uploads.folder().iterdir())) == 1
    again.read_again(actor=cast.ada, batch=batch)
    imports.run_waiting()
    batch.refresh_from_db()
    assert (batch.state, batch.stored, batch.error) == (BatchState.DONE, 6, "")
    assert list(uploads.folder().iterdir()) == []
    with pytest.raises(ValidationError, match="Undo it first"):
        again.read_again(actor=cast.ada, batch=batch)


class Broken:
    """Stands for a database that refuses a row."""

    def __init__(self, *args: Any) -> None:
        pass

    def store(self, *args: Any) -> int:
        from django.db import DataError

        raise DataError("no")


def test_another_file_is_not_taken_for_the_same(cast: Cast) -> None:
    batch = take(second_file())
    take_back(batch)
    with pytest.raises(ValidationError, match="no longer have"):
        again.read_again(actor=cast.ada, batch=batch)
    with pytest.raises(ValidationError, match="another file"):
        again.read_again(actor=cast.ada, batch=batch, blocks=[first_file().encode()])
    assert list(uploads.folder().iterdir()) == []
    batch.refresh_from_db()
    assert batch.state == BatchState.UNDONE


def test_what_failed_is_not_kept_for_ever(
    cast: Cast, settings: Settings, django_capture_on_commit_callbacks: Any
) -> None:
    batch = imports.receive(actor=None, file_name="audit.csv", blocks=[first_file().encode()])
    ImportBatch.objects.filter(pk=batch.pk).update(state=BatchState.FAILED, finished_at=timezone.now())
    imports.purge()
    assert len(list(uploads.folder().iterdir())) == 1
    with django_capture_on_commit_callbacks(execute=True):
        imports.purge(now=timezone.now() + timedelta(days=settings.FAILED_FILE_DAYS + 1))
    assert list(uploads.folder().iterdir()) == []


def test_rows_of_files_go_when_all_they_stored_has_gone(cast: Cast, settings: Settings) -> None:
    batch = take(second_file())
    years = timedelta(days=settings.BATCH_RETENTION_DAYS + 1)
    imports.purge(now=timezone.now() + timedelta(days=settings.INTERACTION_RETENTION_DAYS + 1))
    assert ImportBatch.objects.filter(pk=batch.pk).exists()
    imports.purge(now=timezone.now() + years)
    assert not ImportBatch.objects.exists()
    assert not QuarantinedRow.objects.exists()
    assert AuditLogEntry.objects.filter(action="feed.purged").values_list("details__batches", flat=True)[0] == 1


def people_of_a_list() -> list[tuple]:
    return list(DirectoryUser.objects.order_by("upn").values_list("upn", "name", "department__name"))


def test_an_older_user_list_read_again_takes_nothing_back(cast: Cast) -> None:
    old = users_text(("ann@x.example", "Ann", guid(1), "Cards"), ("bob@x.example", "Bob", "", "Cards"))
    new = users_text(("anna@x.example", "Anna", guid(1), "Retail"), ("bob@x.example", "Bob", guid(2), "Retail"))
    take(old, "users.csv")
    take(new, "users.csv")
    now = people_of_a_list()
    assert {row[1:] for row in now} == {("Anna", cast.retail.name), ("Bob", cast.retail.name)}
    again_read = take(old, "users.csv")
    assert (again_read.stored, again_read.duplicates) == (0, 2)
    assert people_of_a_list() == now
    DirectoryUser.objects.filter(upn="bob@x.example").delete()
    assert take(old, "users.csv").stored == 1  # whom nobody knows any more is told anew
    assert people_of_a_list() == [now[0], ("bob@x.example", "Bob", cast.cards.name)]


def test_the_same_user_list_is_news_once_the_first_is_undone(cast: Cast) -> None:
    first = take(users_text(("ann@x.example", "Ann", guid(1), "Cards")), "users.csv")
    take_back(first)
    assert take(users_text(("ann@x.example", "Ann", guid(1), "Cards")), "users.csv").stored == 1


@pytest.mark.parametrize(
    ("header", "model"),
    [
        ("Priority,Name,DisplayName,Guid", SensitivityLabel),
        ("Name,Id,Publisher,RecommendedConfidence", InformationType),
    ],
)
def test_an_older_dictionary_read_again_takes_nothing_back(cast: Cast, header: str, model: Any) -> None:
    def listed(name: str) -> str:
        cells = {"Name": name, "DisplayName": name, "Guid": guid(1), "Id": guid(1)}
        return f"{header}\n{','.join(cells.get(column, '1') for column in header.split(','))}\n"

    take(listed("Secret"), "list.csv")
    take(listed("Top secret"), "list.csv")
    found = take(listed("Secret"), "list.csv")
    assert (found.stored, found.duplicates) == (0, 1)
    assert model.objects.get(key=guid(1)).name == "Top secret"


def apps(*told: dict[str, Any]) -> str:
    return json.dumps({"value": list(told)})


def test_an_older_report_of_cloud_apps_takes_nothing_back(cast: Cast) -> None:
    seen = {"lastSeenDateTime": f"{days_ago(9)}Z"}
    old = apps(app(1, userCount=3, **seen), app(2, userCount=3))
    take(old, "apps.json")
    take(apps(app(1, userCount=8, lastSeenDateTime=f"{days_ago(1)}Z"), app(2, userCount=8)), "apps.json")
    known = list(CloudApp.objects.order_by("key").values_list("users", "last_seen"))
    assert [users for users, _ in known] == [8, 8]
    for found in (take(old, "apps.json"), take(apps(app(1, userCount=4, **seen)), "apps.json")):
        assert (found.stored, found.duplicates) == (0, found.rows)
        assert list(CloudApp.objects.order_by("key").values_list("users", "last_seen")) == known
    host = app(1)["domains"][0]
    application = make_application(cast.retail, identifiers=[("host", host)])
    assert take(old, "apps.json").stored == 1  # whose it is may have become known since
    assert list(CloudApp.objects.order_by("key").values_list("application", "users")) == [
        (application.pk, 8),
        (None, 8),
    ]
