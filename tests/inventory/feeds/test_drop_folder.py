"""The watched folder: whole files come in once, and whoever may write to it can't make us read anything else."""

import os
from pathlib import Path

import pytest
from pytest_django import Settings

from inventory import tasks
from inventory.choices import BatchState, Door
from inventory.models import ImportBatch, Interaction
from inventory.services import feeds, imports
from inventory.services.imports import drop_folder, uploads
from tests.cast import Cast
from tests.inventory.feeds.files import SAMPLES

pytestmark = pytest.mark.django_db
BODY = (SAMPLES / "audit_many.csv").read_bytes()


@pytest.fixture
def folder(settings: Settings, tmp_path: Path) -> Path:
    settings.MEDIA_ROOT = tmp_path / "uploads"
    settings.DROP_FOLDER = str(tmp_path / "drop")
    settings.DROP_SETTLE_SECONDS = 0
    (tmp_path / "drop").mkdir()
    return tmp_path / "drop"


def put(folder: Path, name: str | bytes, content: bytes = BODY) -> Path:
    path = Path(os.fsdecode(os.fsencode(str(folder)) + b"/" + name)) if isinstance(name, bytes) else folder / name
    path.write_bytes(content)
    return path


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.is_file() or path.is_symlink())


def test_a_file_is_taken_read_and_moved(folder: Path) -> None:
    put(folder, "audit.csv")
    tasks.look_into_drop_folder()
    batch = ImportBatch.objects.get()
    assert (batch.door, batch.file_name, batch.state) == (Door.FOLDER, "audit.csv", BatchState.WAITING)
    assert names(folder) == []
    assert names(folder / "done") == [f"{batch.pk}-audit.csv"]
    tasks.run_waiting_imports()
    batch.refresh_from_db()
    assert (batch.rows, batch.stored, batch.ignored) == (6, 5, 1)
    tasks.look_into_drop_folder()
    assert ImportBatch.objects.count() == 1


def test_without_a_folder_nothing_happens(settings: Settings, folder: Path) -> None:
    settings.DROP_FOLDER = ""
    put(folder, "audit.csv")
    assert drop_folder.look() == 0
    settings.DROP_FOLDER = str(folder / "nowhere")
    assert drop_folder.look() == 0


def test_what_is_being_written_is_left_alone(folder: Path, settings: Settings) -> None:
    settings.DROP_SETTLE_SECONDS = 3600
    path = put(folder, "audit.csv")
    os.utime(path, (1, 1))  # a time that is set says nothing about when it was
    assert drop_folder.look() == 0
    settings.DROP_SETTLE_SECONDS = 0
    for name in (".audit.csv", "audit.csv.part", "audit.TMP", "~audit.csv"):
        put(folder, name)
    assert drop_folder.look() == 1
    assert names(folder) == sorted([".audit.csv", "audit.csv.part", "audit.TMP", "~audit.csv"])


def test_a_file_that_grows_while_it_is_copied_waits(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(folder, "audit.csv")
    whole = drop_folder.receive

    def slow(**given):
        blocks = given["blocks"]

        def growing():
            for block in blocks:
                (path,) = folder.glob(".taking-*")
                with path.open("ab") as file:
                    file.write(b"more\n")
                yield block

        return whole(**{**given, "blocks": growing()})

    with monkeypatch.context() as patch:
        patch.setattr(drop_folder, "receive", slow)
        patch.setattr(drop_folder, "_BLOCK", 100_000)
        assert drop_folder.look() == 0
    assert not ImportBatch.objects.exists()
    assert list(uploads.folder().iterdir()) == []
    assert drop_folder.look() == 1  # whole now
    assert names(folder / "done") == [f"{ImportBatch.objects.get().pk}-audit.csv"]


def test_links_pipes_and_second_names_are_never_read(folder: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret.csv"
    secret.write_bytes(BODY)
    (folder / "link.csv").symlink_to(secret)
    os.link(secret, folder / "hard.csv")
    os.mkfifo(folder / "pipe.csv")
    assert drop_folder.look() == 0
    assert not ImportBatch.objects.exclude(state=BatchState.FAILED).exists()
    assert sorted(ImportBatch.objects.values_list("file_name", flat=True)) == ["hard.csv", "link.csv", "pipe.csv"]
    assert secret.read_bytes() == BODY
    assert len(list((folder / "failed").iterdir())) == 3
    assert drop_folder.look() == 0
    assert ImportBatch.objects.count() == 3
    assert not uploads.folder().exists() or list(uploads.folder().iterdir()) == []


def test_ends_that_are_links_are_not_used(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (folder / "done").symlink_to(tmp_path / "elsewhere")
    put(folder, "audit.csv")
    assert drop_folder.look() == 0
    assert names(folder) == ["audit.csv", "done"]


def test_a_file_that_can_not_be_moved_holds_up_no_other(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(folder, "a.csv", b"unknown\n")
    put(folder, "b.csv")
    put(folder, "c.csv")
    whole_move, whole_receive = drop_folder._move, drop_folder.receive

    def move(path: Path, end: str, mark: str) -> None:
        if end == drop_folder.FAILED:
            raise OSError(28, "No space left on device")
        whole_move(path, end, mark)

    def receive(**given):
        if given["file_name"] == "b.csv":
            raise OSError(5, "Input/output error")
        return whole_receive(**given)

    with monkeypatch.context() as patch:
        patch.setattr(drop_folder, "_move", move)
        patch.setattr(drop_folder, "receive", receive)
        assert drop_folder.look() == 1
    assert [batch.file_name for batch in ImportBatch.objects.all()] == ["c.csv"]
    assert len(list(folder.glob(".taking-*"))) == 2
    assert drop_folder.look() == 1  # and they are taken once it works
    assert sorted(ImportBatch.objects.values_list("file_name", flat=True)) == ["a.csv", "b.csv", "c.csv"]
    assert names(folder) == []


def test_odd_names_are_only_shown(folder: Path) -> None:
    odd = [b"\xff\xfe.csv", "новый файл;rm -rf.csv".encode(), b"a\nb\t.csv", b"-rf.csv", b"x" * 251 + b".csv"]
    for name in odd:
        put(folder, name)
    assert drop_folder.look() == 5
    shown = set(ImportBatch.objects.values_list("file_name", flat=True))
    assert shown == {"\ufffd\ufffd.csv", "новый файл;rm -rf.csv", "a\ufffdb\ufffd.csv", "-rf.csv", "x" * 251 + ".csv"}
    assert names(folder) == []
    assert len(names(folder / "done")) == 5


def test_the_same_file_twice_counts_once(folder: Path) -> None:
    for _ in range(2):
        put(folder, "audit.csv")
        drop_folder.look()
        imports.run_waiting()
    assert list(ImportBatch.objects.order_by("pk").values_list("stored", "duplicates")) == [(5, 0), (0, 5)]
    assert len(names(folder / "done")) == 2


def test_what_nobody_can_read_is_seen_and_put_aside(folder: Path, settings: Settings) -> None:
    put(folder, "odd.csv", b"a,b\n1,2\n")
    assert drop_folder.look() == 0
    batch = ImportBatch.objects.get()
    assert batch.state == BatchState.FAILED
    assert "fits no file we know" in batch.error
    assert names(folder / "failed") == [f"{batch.pk}-odd.csv"]
    settings.UPLOAD_MAX_BYTES = 100
    put(folder, "large.csv")
    assert drop_folder.look() == 0
    assert ImportBatch.objects.filter(error__contains="larger than").exists()


def test_a_file_whose_reading_fails_moves_on_to_failed(folder: Path) -> None:
    put(folder, "audit.csv")
    drop_folder.look()
    batch = ImportBatch.objects.get()
    for path in uploads.folder().iterdir():
        path.unlink()
    imports.run_waiting()
    assert names(folder / "done") == []
    assert names(folder / "failed") == [f"{batch.pk}-audit.csv"]


def test_a_look_that_died_is_taken_up_again(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(folder, "audit.csv")

    def dies(*args: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(drop_folder, "_move", dies)
        with pytest.raises(KeyboardInterrupt):
            drop_folder.look()
    assert drop_folder.look() == 1
    imports.run_waiting()
    assert Interaction.objects.count() == 5
    assert [batch.file_name for batch in ImportBatch.objects.all()] == ["audit.csv"] * 2
    assert names(folder) == []


def test_the_folder_of_a_feed_is_that_feeds(folder: Path, cast: Cast, settings: Settings) -> None:
    feed, _ = feeds.create_feed(actor=cast.ada, slug="users", name="Users", kind="entra_users")
    (folder / "users").mkdir()
    (folder / "stranger").mkdir()
    put(folder / "stranger", "audit.csv")
    put(folder / "users", "wrong.csv")
    put(folder / "users", "people.csv", b"userPrincipalName,id,department\nann@x.example,1,Cards\n")
    settings.DROP_DELETE = True
    assert drop_folder.look() == 1
    good, bad = ImportBatch.objects.get(state="waiting"), ImportBatch.objects.get(state="failed")
    assert (good.feed, good.file_name, bad.feed) == (feed, "people.csv", feed)
    assert "this feed takes" in bad.error
    assert names(folder / "users" / "done") == []  # deleted, as the setting says
    assert names(folder / "users" / "failed") == [f"{bad.pk}-wrong.csv"]
    assert names(folder / "stranger") == ["audit.csv"]
