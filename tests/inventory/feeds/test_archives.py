"""Archives: every kind of feed inside one, exact counts, and bounds that a bomb meets."""

import contextlib
import gzip
import io
import os
import struct
import zipfile
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pytest_django import Settings

from inventory import tasks
from inventory.choices import BatchState
from inventory.connectors import archives
from inventory.connectors.archives import ArchiveError, Unpacking
from inventory.models import ImportBatch, Interaction
from inventory.services import imports
from inventory.services.imports import ImportFailedError, import_file, uploads
from tests.cast import Cast
from tests.inventory.feeds.files import SAMPLES, audit_text, record, write

MOST = 1 << 30


@pytest.fixture(autouse=True)
def _own_folder(settings: Settings, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path / "uploads"
    settings.INTERACTION_RETENTION_DAYS = 100_000


def zipped(*files: tuple[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files:
            archive.writestr(name, content)
    return out.getvalue()


def unpacked(raw: bytes, most: int = MOST) -> list[tuple[str, bytes]]:
    return [(one.name, b"".join(one.blocks)) for one in Unpacking(io.BytesIO(raw), most).members("x.csv.gz")]


def test_members_come_out_with_a_name_and_never_a_path() -> None:
    raw = zipped(("../../etc/passwd", b"a"), ("C:" + r"\temp" + r"\b.csv", b"b"), ("dir/", b""), ("c\x01<i>.csv", b"c"))
    assert unpacked(raw) == [("passwd", b"a"), ("b.csv", b"b"), ("c <i>.csv", b"c")]
    assert unpacked(gzip.compress(b"abc")) == [("x.csv", b"abc")]
    assert unpacked(zipped(("a.gz", gzip.compress(b"abc")))) == [("a", b"abc")]


def _with_another_checksum(raw: bytes) -> bytes:
    at = raw.find(b"PK\x01\x02") + 16
    return raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :]


BOMB = zipped(("zeros", bytes(40 << 20)))


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (BOMB, "more than 250 times its size"),
        (gzip.compress(bytes(40 << 20)), "more than 250 times its size"),
        (zipped(*((f"{n}", b"") for n in range(1001))), "more than 1,000 files"),
        (zipped(("a.zip", zipped(("b.zip", zipped(("c", b"x")))))), "more than 2 deep"),
        (zipped(("a", os.urandom(3 << 20))), "more than 2 MB"),
        (zipped(("a", b"hello" * 99))[:-30], "damaged"),
        (_with_another_checksum(zipped(("a", b"hello" * 99))), "damaged"),
        (gzip.compress(b"hello" * 99)[:-6], "damaged"),
        (b"PK\x03\x04" + b"x" * 100, "damaged"),
        (b"PK\x05\x06" + bytes(8) + struct.pack("<L", 1 << 30) + bytes(6), "list of contents is too large"),
    ],
    ids=("bomb", "gzip bomb", "files", "deep", "large", "cut", "checksum", "gzip cut", "no archive", "contents"),
)
def test_what_means_harm_or_is_broken_has_a_clear_end(raw: bytes, words: str) -> None:
    with pytest.raises(ArchiveError, match=words):
        unpacked(raw, most=2 << 20 if "2 MB" in words else MOST)


def test_an_encrypted_archive_says_so() -> None:
    raw = bytearray(zipped(("a", b"secret")))
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        raw[raw.find(mark) + at] |= 1
    with pytest.raises(ArchiveError, match="encrypted"):
        unpacked(bytes(raw))


def test_a_64_bit_list_of_contents_is_measured_where_readers_look() -> None:
    wide = b"PK\x06\x06" + bytes(36) + struct.pack("<QQ", 1 << 40, 0)
    for at in (0, 1 << 60):  # where the locator says, or right before it
        locator = b"PK\x06\x07" + bytes(4) + struct.pack("<Q", at) + bytes(4)
        with pytest.raises(ArchiveError, match="too large"):
            archives._check_directory(io.BytesIO(wide + locator + b"PK\x05\x06" + bytes(18)))


def test_an_archive_within_is_bounded_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "_LARGEST_INNER", 1 << 20)
    with pytest.raises(ArchiveError, match="larger than 1 MB"):
        unpacked(zipped(("a.zip", zipped(("b", os.urandom(2 << 20))))))


@given(st.binary(max_size=300), st.sampled_from([b"PK\x03\x04", b"PK\x05\x06", b"\x1f\x8b\x08\x00"]))
def test_no_bytes_break_the_unpacking(raw: bytes, start: bytes) -> None:
    with contextlib.suppress(ArchiveError):
        unpacked(start + raw)


@given(st.integers(0, 400), st.integers(0, 255))
@example(151, 0)  # a file without a name
def test_no_flipped_byte_breaks_the_unpacking(place: int, byte: int) -> None:
    raw = bytearray(zipped(("a.csv", b"hello" * 50), ("b.gz", gzip.compress(b"x" * 50))))
    raw[place % len(raw)] = byte
    with contextlib.suppress(ArchiveError):
        unpacked(bytes(raw))


MIXED = zipped(
    ("export/audit.csv", (SAMPLES / "audit_many.csv").read_bytes()),
    ("users.csv", (SAMPLES / "users_many.csv").read_bytes()),
    ("spans.json.gz", gzip.compress((SAMPLES / "otel_spans" / "many.json").read_bytes())),
    ("readme.txt", b"nothing\n"),
)


@pytest.mark.django_db
def test_the_console_reads_every_file_of_an_archive_and_adds_up(tmp_path: Path) -> None:
    path = write(tmp_path, "export.zip", MIXED)
    first, again = import_file(actor=None, path=path), import_file(actor=None, path=path)
    alone = [import_file(actor=None, path=SAMPLES / name) for name in ("audit_many.csv", "users_many.csv")]
    assert (first.kind, first.rows) == ("archive", alone[0].rows + alone[1].rows + 8)
    assert first.rows == first.stored + first.duplicates + first.quarantined + first.ignored
    assert (again.stored, again.duplicates) == (0, first.stored + first.duplicates)
    archive = ImportBatch.objects.filter(kind="archive").order_by("pk")[0]
    assert (archive.rows, archive.state) == (0, BatchState.DONE)
    states = dict(archive.members.values_list("file_name", "state"))
    assert states == {"audit.csv": "done", "users.csv": "done", "spans.json": "done", "readme.txt": "failed"}


@pytest.mark.django_db
def test_a_gz_of_one_kind_reads_like_the_file_itself(tmp_path: Path) -> None:
    raw = audit_text(record(), record())
    summary = import_file(actor=None, path=write(tmp_path, "audit.csv.gz", gzip.compress(raw.encode())))
    assert (summary.kind, summary.stored) == ("purview_audit", 2)
    plain = import_file(actor=None, path=write(tmp_path, "audit.csv", raw))
    assert (plain.stored, plain.duplicates) == (0, 2)


def test_an_uploaded_archive_becomes_a_batch_for_each_file(cast: Cast) -> None:
    archive = imports.receive(actor=cast.ada, file_name="export.zip", blocks=[MIXED])
    assert archive.kind == "archive"
    tasks.run_import(archive.pk)
    archive.refresh_from_db()
    assert (archive.state, archive.rows) == (BatchState.DONE, 0)
    assert archive.members.count() == 4
    tasks.run_waiting_imports()
    assert set(archive.members.values_list("state", flat=True)) == {"done", "failed"}
    assert archive.members.get(file_name="audit.csv").stored == 5
    assert list(uploads.folder().iterdir()) == []


def test_an_unknown_table_in_an_archive_waits_for_its_mapping(cast: Cast) -> None:
    raw = zipped(("gateway.csv", (SAMPLES / "mapped" / "gateway.csv").read_bytes()))
    archive = imports.receive(actor=cast.ada, file_name="x.zip", blocks=[raw])
    tasks.run_import(archive.pk)
    assert archive.members.get().state == BatchState.UNMAPPED
    assert len(list(uploads.folder().iterdir())) == 1


@pytest.mark.parametrize("raw", [BOMB, zipped(), MIXED[:-40]], ids=("bomb", "empty", "cut"))
def test_a_bomb_stores_nothing_and_says_why(raw: bytes, cast: Cast, tmp_path: Path) -> None:
    archive = imports.receive(actor=cast.ada, file_name="bomb.zip", blocks=[raw])
    tasks.run_import(archive.pk)
    archive.refresh_from_db()
    assert archive.state == BatchState.FAILED
    assert "archive" in archive.error.lower()
    assert list(uploads.folder().iterdir()) == [uploads.kept_file(archive)]  # to be tried again, and nothing out of it
    with pytest.raises(ImportFailedError):
        import_file(actor=None, path=write(tmp_path, "bomb.zip", raw))
    assert not Interaction.objects.exists()


def test_a_worker_that_died_over_an_archive_leaves_no_file_twice(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = imports.receive(actor=cast.ada, file_name="export.zip", blocks=[MIXED])

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("inventory.services.imports.archives.finish", die)
        with pytest.raises(KeyboardInterrupt):
            tasks.run_import(archive.pk)
    ImportBatch.objects.filter(pk=archive.pk).update(heartbeat_at="2020-01-01T00:00:00Z")
    tasks.run_import(archive.pk)
    assert archive.members.count() == 4
    tasks.run_waiting_imports()
    assert list(uploads.folder().iterdir()) == []
