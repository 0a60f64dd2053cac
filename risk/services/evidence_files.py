"""The files of evidence: kept under the SHA-256 of their content, so that the same content lies there once.

A file is whole, checked and on disk before any row names it. Nothing here is ever run or shown; see `file_types`.
"""

import hashlib
import os
import time
import unicodedata
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from django.conf import settings

from risk.choices import FileKind
from risk.services.file_types import BLOCK, RefusedError, recognise

_INCOMING = "incoming"
_ABANDONED = 24 * 3600  # seconds after which a half-received file is nobody's any more
_NAME_LENGTH = 200
_TEXT_SUFFIXES = (".txt", ".csv", ".json", ".md", ".log")


@dataclass(frozen=True, slots=True)
class Stored:
    """A file that lies in the store."""

    sha256: str
    size: int
    kind: FileKind


def root() -> Path:
    """The folder of the store."""
    return Path(settings.EVIDENCE_ROOT)


def path_of(sha256: str) -> Path:
    """Where the content with this hash lies. The hash comes from a row, never from an address."""
    return root() / sha256[:2] / sha256


def store(blocks: Iterable[bytes]) -> Stored:
    """Keep a file, in bounded memory. Raises RefusedError: too large, empty, or of a kind that is not taken."""
    draft = _incoming() / uuid4().hex
    try:
        sha256, size = _write(draft, blocks)
        kind = recognise(draft)
        final = path_of(sha256)
        final.parent.mkdir(mode=0o700, exist_ok=True)
        draft.replace(final)  # the same bytes again: this also mends a damaged copy
        _sync(final.parent)
        _sync(final.parent.parent)
    finally:
        draft.unlink(missing_ok=True)
    return Stored(sha256, size, kind)


def hash_of(path: Path) -> str:
    """The SHA-256 of a file's content."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            digest.update(block)
    return digest.hexdigest()


def stored_hashes() -> Iterator[str]:
    """The hash that each file of the store is named after."""
    for folder in root().glob("[0-9a-f][0-9a-f]"):
        yield from (path.name for path in folder.iterdir())


def safe_name(given: str, kind: FileKind) -> str:
    """A name to save the file under: no path, no invisible or direction-turning characters, and the suffix of what it
    is, so that `invoice.pdf.exe` or `report.html` can't pass for something else."""
    name = unicodedata.normalize("NFC", given.replace("\\", "/").rsplit("/", 1)[-1])
    name = "".join(char for char in name if unicodedata.category(char)[0] != "C" and char not in '<>:"|?*').strip(" .")
    allowed = _TEXT_SUFFIXES if kind == FileKind.TEXT else (".jpg", ".jpeg") if kind == FileKind.JPEG else (f".{kind}",)
    stem, dot, suffix = name.rpartition(".")
    if f".{suffix.lower()}" in allowed and dot:
        return f"{stem[:_NAME_LENGTH] or 'evidence'}.{suffix}"
    return f"{name[:_NAME_LENGTH] or 'evidence'}.{kind}"


def _write(draft: Path, blocks: Iterable[bytes]) -> tuple[str, int]:
    digest, size = hashlib.sha256(), 0
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        for block in blocks:
            size += len(block)
            if size > settings.EVIDENCE_MAX_BYTES:
                raise RefusedError(f"The file is larger than {settings.EVIDENCE_MAX_BYTES / 1024**2:,.0f} MB.")
            digest.update(block)
            file.write(block)
        file.flush()
        os.fsync(file.fileno())
    return digest.hexdigest(), size


def _incoming() -> Path:
    root().mkdir(mode=0o700, parents=True, exist_ok=True)
    folder = root() / _INCOMING
    folder.mkdir(mode=0o700, exist_ok=True)
    limit = time.time() - _ABANDONED
    for file in folder.iterdir():  # what a killed process left behind
        try:
            if file.stat().st_mtime < limit:
                file.unlink(missing_ok=True)
        except FileNotFoundError:
            continue
    return folder


def _sync(folder: Path) -> None:
    """Make a rename in this folder survive a power cut."""
    with _opened(folder) as handle:
        os.fsync(handle)


@contextmanager
def _opened(folder: Path) -> Iterator[int]:
    handle = os.open(folder, os.O_RDONLY)
    try:
        yield handle
    finally:
        os.close(handle)
