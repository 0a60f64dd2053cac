"""Files of evidence: what is taken, what is refused whatever it is called, and what becomes of the bytes."""

import os
import resource
import stat
import time
from pathlib import Path

import pytest

from risk.choices import FileKind
from risk.services import evidence_files
from risk.services.evidence_files import path_of, safe_name, store
from risk.services.file_types import RefusedError
from tests.risk.evidence import PDF, PNG, archive, office, open_document


@pytest.fixture(autouse=True)
def _folder(settings, tmp_path: Path) -> None:
    settings.EVIDENCE_ROOT = tmp_path / "evidence"


def files(root: Path) -> list[Path]:
    return [path for path in root.rglob("*") if path.is_file()]


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (PDF, FileKind.PDF),
        (PNG, FileKind.PNG),
        (b"\xff\xd8\xff\xe0" + bytes(30), FileKind.JPEG),
        (b"name,result\r\nalpha,passed\r\n", FileKind.TEXT),
        (b'{"passed": true, "note": "<script> in a value is text"}', FileKind.TEXT),
        ("\ufeffGeprüft am 3. März, bestanden: 12 € übrig".encode(), FileKind.TEXT),
        ("é".encode() * 40_000, FileKind.TEXT),  # characters across the borders of blocks
        (b"x" + "é".encode() * 40_000, FileKind.TEXT),
        (office("word/"), FileKind.DOCX),
        (office("xl/"), FileKind.XLSX),
        (office("ppt/"), FileKind.PPTX),
        (open_document("text"), FileKind.ODT),
        (open_document("spreadsheet"), FileKind.ODS),
    ],
)
def test_what_is_taken_is_told_by_its_content(content: bytes, kind: FileKind) -> None:
    assert store([content]).kind == kind


HOSTILE = {
    "nothing": b"",
    "white space": b" \n\t ",
    "HTML": b"<!DOCTYPE html><script>alert(1)</script>",
    "HTML after white space": b"\n\n   \t<html><body onload=alert(1)>",
    "HTML after a byte order mark": b"\xef\xbb\xbf<html>",
    "SVG": b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>',
    "SVG behind a declaration": b'<?xml version="1.0"?><svg onload="alert(1)"/>',
    "HTML in UTF-16": "<html><script>alert(1)</script>".encode("utf-16"),
    "script": b"#!/bin/sh\nrm -rf ~\n",
    "Windows program": b"MZ\x90\x00\x03\x00\x00\x00",
    "Linux program": b"\x7fELF\x02\x01\x01\x00",
    "text in another encoding": "Prüfung".encode("latin-1"),
    "a text that ends within a character": "Prüf€".encode()[:-1],
    "old Office": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600),
    "archive": archive("a.txt", "run.exe"),
    "Java archive": archive("META-INF/MANIFEST.MF", "Main.class"),
    "Word with macros": office("word/", "word/vbaProject.bin"),
    "Excel with macros in capitals": office("xl/", "xl/VBAPROJECT.BIN"),
    "OpenDocument with macros": archive(
        "Basic/Standard/Module1.xml", first=("mimetype", b"application/vnd.oasis.opendocument.text")
    ),
    "two documents in one": archive("[Content_Types].xml", "word/document.xml", "xl/workbook.xml"),
    "archive without an end": office()[:-30],
    "archive of nothing": b"PK\x03\x04" + bytes(200),
    "program before an archive": b"MZ\x90\x00" + office(),
    "flash": b"FWS\x09" + bytes(50),
    "mail": b"\x00\x01\x02",
}


@pytest.mark.parametrize("content", HOSTILE.values(), ids=HOSTILE.keys())
def test_what_a_browser_or_a_shell_would_run_is_refused(content: bytes, tmp_path: Path) -> None:
    with pytest.raises(RefusedError):
        store([content])
    assert files(tmp_path) == []


def test_an_archive_that_lies_about_its_parts_is_refused() -> None:
    good = bytearray(office())
    at = good.rfind(b"PK\x05\x06")
    good[at + 12 : at + 16] = (2**31).to_bytes(4, "little")
    with pytest.raises(RefusedError, match="too many parts"):
        store([bytes(good)])
    locator = office()
    at = locator.rfind(b"PK\x05\x06")
    with pytest.raises(RefusedError):
        store([locator[:at] + b"PK\x06\x07" + bytes(16) + locator[at:]])


def test_an_archive_of_very_many_parts_costs_no_memory() -> None:
    bomb = archive("[Content_Types].xml", "word/document.xml", *(f"word/{n:060}" for n in range(20_000)))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(RefusedError, match="too many parts"):
        store([bomb])
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 20_000  # KiB


def test_too_large_is_cut_off_on_the_way(settings, tmp_path: Path) -> None:
    settings.EVIDENCE_MAX_BYTES = 1000
    read = 0

    def endless():
        nonlocal read
        while True:
            read += 100
            yield b"a" * 100

    with pytest.raises(RefusedError, match="larger than"):
        store(endless())
    assert read <= 1200
    assert files(tmp_path) == []


def test_the_same_content_lies_there_once_and_only_for_us(tmp_path: Path) -> None:
    first, second = store([PDF[:5], PDF[5:]]), store([PDF])
    assert first == second
    (path,) = files(tmp_path)
    assert path == path_of(first.sha256)
    assert path.read_bytes() == PDF
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert {stat.S_IMODE(folder.stat().st_mode) for folder in (path.parent, path.parent.parent)} == {0o700}


def test_a_damaged_copy_is_mended_by_the_same_content() -> None:
    stored = store([PDF])
    path_of(stored.sha256).write_bytes(b"%PDF-9 rotten")
    assert evidence_files.hash_of(path_of(stored.sha256)) != stored.sha256
    store([PDF])
    assert evidence_files.hash_of(path_of(stored.sha256)) == stored.sha256


def test_a_sender_who_hangs_up_leaves_nothing(tmp_path: Path) -> None:
    def broken():
        yield PDF
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        store(broken())
    assert files(tmp_path) == []


def test_what_a_killed_process_left_is_tidied(tmp_path: Path) -> None:
    store([PDF])
    left = tmp_path / "evidence" / "incoming" / "abandoned"
    left.write_bytes(b"half")
    os.utime(left, (time.time() - 2 * 86400,) * 2)
    store([PNG])
    assert not left.exists()


@pytest.mark.parametrize(
    ("given", "kind", "name"),
    [
        ("report.pdf", FileKind.PDF, "report.pdf"),
        ("Report of March.PDF", FileKind.PDF, "Report of March.PDF"),
        ("../../etc/passwd", FileKind.TEXT, "passwd.txt"),
        ("team\\alice\\report.docx", FileKind.DOCX, "report.docx"),
        ("report.html", FileKind.TEXT, "report.html.txt"),
        ("report.pdf.exe", FileKind.PDF, "report.pdf.exe.pdf"),
        ("results.csv", FileKind.TEXT, "results.csv"),
        ("photo.jpeg", FileKind.JPEG, "photo.jpeg"),
        ("invoice\u202efdp.exe", FileKind.PDF, "invoicefdp.exe.pdf"),
        ('a"; filename="b.exe\r\nX: y.pdf', FileKind.PDF, "a; filename=b.exeX y.pdf"),
        ("nul\x00byte.png", FileKind.PNG, "nulbyte.png"),
        ("...", FileKind.PDF, "evidence.pdf"),
        ("", FileKind.TEXT, "evidence.txt"),
        (".pdf", FileKind.PDF, "pdf.pdf"),
        ("x" * 400 + ".pdf", FileKind.PDF, "x" * 200 + ".pdf"),
    ],
)
def test_a_name_is_made_safe(given: str, kind: FileKind, name: str) -> None:
    assert safe_name(given, kind) == name
