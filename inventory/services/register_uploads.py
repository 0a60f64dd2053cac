"""Register files between preview and confirmation: kept per person under the digest of their bytes."""

import hashlib
import json
import os
import re
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from django.conf import settings

from inventory.models import User
from inventory.services.register_import import ImportResult

KEPT_SECONDS = 24 * 3600
MOST_BYTES = 20 * 1024 * 1024  # about 60,000 rows: what is imported within a page's request
_DIGEST = re.compile(r"[0-9a-f]{64}")


class TooLarge(Exception):
    """The upload is larger than MOST_BYTES."""


@dataclass(frozen=True, slots=True)
class Preview:
    """What a dry run of an uploaded file said. `result` has the members of ImportResult as plain values."""

    file_name: str
    create_departments: bool
    summary: dict[str, int]
    result: dict[str, Any]


def keep(user: User, chunks: Iterable[bytes]) -> str:
    """Store an upload; returns the SHA-256 of its bytes, under which it is found again."""
    folder = _folder(user)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    _forget_old(folder)
    digest, size = hashlib.sha256(), 0
    draft = _draft(folder)
    try:
        with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            for chunk in chunks:
                size += len(chunk)
                if size > MOST_BYTES:
                    raise TooLarge
                digest.update(chunk)
                file.write(chunk)
        draft.replace(folder / f"{digest.hexdigest()}.csv")
    finally:
        draft.unlink(missing_ok=True)
    return digest.hexdigest()


def path(user: User, digest: str) -> Path | None:
    """The kept file, or None: unknown, another person's, or too old."""
    return _existing(user, digest, "csv")


def keep_preview(user: User, digest: str, result: ImportResult, file_name: str, create_departments: bool) -> None:
    """Store what the dry run said, beside the file."""
    preview = Preview(file_name, create_departments, result.summary(), asdict(result))
    folder = _folder(user)
    draft = _draft(folder)
    try:
        with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            json.dump(asdict(preview), file)
        draft.replace(folder / f"{digest}.json")
    finally:
        draft.unlink(missing_ok=True)


def preview(user: User, digest: str) -> Preview | None:
    """What the dry run of the kept file said."""
    found = _existing(user, digest, "json")
    return Preview(**json.loads(found.read_text(encoding="utf-8"))) if found else None


def forget(user: User, digest: str) -> None:
    """Delete a kept file and its preview."""
    for suffix in ("csv", "json"):
        if found := _existing(user, digest, suffix):
            found.unlink(missing_ok=True)


def forget_expired() -> None:
    """Delete what anybody uploaded and did not confirm in time."""
    for folder in _root().glob("*/"):
        _forget_old(folder)


def _root() -> Path:
    return Path(settings.MEDIA_ROOT) / "register"


def _folder(user: User) -> Path:
    return _root() / str(user.pk)


def _draft(folder: Path) -> Path:
    """Where a file is written before it gets its name, so that nobody reads half of one."""
    return folder / f".{os.getpid()}-{time.monotonic_ns()}"


def _existing(user: User, digest: str, suffix: str) -> Path | None:
    if not _DIGEST.fullmatch(digest):
        return None
    found = _folder(user) / f"{digest}.{suffix}"
    try:
        fresh = found.stat().st_mtime >= time.time() - KEPT_SECONDS
    except FileNotFoundError:
        return None
    return found if fresh else None


def _forget_old(folder: Path) -> None:
    limit = time.time() - KEPT_SECONDS
    for file in folder.iterdir():
        try:
            if file.stat().st_mtime < limit:
                file.unlink(missing_ok=True)
        except FileNotFoundError:  # a second upload of the same person tidies at the same time
            continue
