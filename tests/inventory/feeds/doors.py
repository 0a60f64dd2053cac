"""The four doors that a feed file comes in by, and what became of it there, in a database as it was before."""

import json
from collections.abc import Callable
from io import StringIO
from pathlib import Path

from django.conf import settings as django_settings
from django.core.management import call_command
from django.db import transaction
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from inventory.models import ImportBatch
from inventory.services import feeds, imports
from tests.cast import Cast
from tests.inventory.feeds.test_api_door import send

NAMES = ("rows", "stored", "duplicates", "quarantined", "ignored", "unmatched")


class _TakeBackError(Exception):
    """Ends a transaction whose work was only to be counted."""


def own_folders(settings: Settings, folder: Path) -> None:
    """Uploads and the watched folder within this one, looked into at once."""
    settings.MEDIA_ROOT = folder / "uploads"
    settings.DROP_FOLDER = str(folder / "drop")
    settings.DROP_SETTLE_SECONDS = 0
    (folder / "drop").mkdir()


def taken_back(act: Callable[[], None]) -> tuple[str | int, ...]:
    """What the door made of the file, in a database as it was before."""
    found: list[tuple[str | int, ...]] = []
    try:
        with transaction.atomic():
            act()
            batch = ImportBatch.objects.get()
            if batch.state == "waiting":
                imports.run_batch(batch.pk)
                batch.refresh_from_db()
            assert batch.state == "done", batch.error
            found.append((batch.kind, *(getattr(batch, name) for name in NAMES)))
            raise _TakeBackError
    except _TakeBackError:
        return found[0]


def _page(path: Path, cast: Cast) -> None:
    client = Client()
    client.force_login(cast.ada)
    with path.open("rb") as file:
        assert client.post(reverse("inventory:feeds"), {"file": file}).status_code == 302


def _console(path: Path, cast: Cast) -> None:
    out = StringIO()
    call_command("ingest", str(path), stdout=out, stderr=StringIO())
    told, batch = json.loads(out.getvalue()), ImportBatch.objects.get()
    assert told == told | {name: getattr(batch, name) for name in ("kind", *NAMES)}


def _machine(path: Path, cast: Cast) -> None:
    _, given = feeds.create_feed(actor=cast.ada, slug="relay", name="Relay")
    body = path.read_bytes()
    assert send(given, body, slug="relay", content_type="application/octet-stream").status_code == 202


def _folder(path: Path, cast: Cast) -> None:
    (Path(django_settings.DROP_FOLDER) / path.name).write_bytes(path.read_bytes())
    imports.look_into_drop_folder()


DOORS = (_page, _console, _machine, _folder)
