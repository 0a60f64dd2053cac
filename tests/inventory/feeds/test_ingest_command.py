"""`manage.py ingest` beyond reading files: lists, undoing, reading again, the drop folder, feeds."""

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from inventory.models import Interaction
from inventory.services import feeds
from tests.cast import Cast
from tests.inventory.feeds.files import SAMPLES

pytestmark = pytest.mark.django_db
FILE = SAMPLES / "audit_many.csv"


@pytest.fixture(autouse=True)
def _own_folder(settings: Settings, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path / "uploads"


def ingest(*words: Any, **options: Any) -> list[dict[str, Any]]:
    out = StringIO()
    call_command("ingest", *map(str, words), stdout=out, stderr=StringIO(), **options)
    return [json.loads(line) for line in out.getvalue().splitlines()]


def test_files_are_listed_undone_and_read_again(cast: Cast) -> None:
    feeds.create_feed(actor=cast.ada, slug="relay", name="Relay")
    (read,) = ingest(FILE, feed="relay")
    assert (read["rows"], read["stored"], read["ignored"]) == (6, 5, 1)
    ingest(FILE)
    newest, first = ingest("--list")
    assert (newest["from"], first["from"], first["state"]) == ("Console", "Relay (Console)", "done")
    assert [row["batch"] for row in ingest("--list", "--feed", "relay")] == [first["batch"]]
    assert ingest("--list", "--state", "failed") == []
    with pytest.raises(CommandError, match="Say why"):
        ingest("--undo", first["batch"])
    (undone,) = ingest("--undo", first["batch"], "--reason", "Wrong month")
    assert undone["interactions"] == 5
    assert not Interaction.objects.exists()
    with pytest.raises(CommandError, match="no longer have"):
        ingest("--again", first["batch"])
    (again,) = ingest("--again", first["batch"], FILE)
    assert (again["state"], again["stored"]) == ("done", 5)


def test_wrong_words_end_with_two() -> None:
    for words in ((), ("--undo", 7), ("--feed", "nobody", FILE)):
        with pytest.raises(CommandError) as refused:
            ingest(*words)
        assert refused.value.returncode == 2


def test_the_drop_folder_is_read_at_once(settings: Settings, tmp_path: Path) -> None:
    settings.DROP_FOLDER, settings.DROP_SETTLE_SECONDS = str(tmp_path), 0
    (tmp_path / "audit.csv").write_bytes(FILE.read_bytes())
    ingest("--drop-folder")
    assert Interaction.objects.count() == 5
