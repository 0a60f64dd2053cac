"""A feed file is read in a process of its own, with the same result as in ours."""

import hashlib
import subprocess
import sys
from pathlib import Path

import pytest

from inventory.choices import BatchState
from inventory.connectors.base import UnknownFormatError
from inventory.models import ImportBatch, Interaction
from inventory.services.imports import ImportFailedError, import_file, reading
from tests.inventory.feeds.files import SAMPLES, audit_text, record, write

LONG_AGO = "2000-01-01T00:00:00+00:00"
AUDIT = SAMPLES / "audit_many.csv"


@pytest.fixture
def beside(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small files are read in a process of their own as well."""
    monkeypatch.setattr(reading, "SMALL", 0)


def parts(path: Path, kind: str = "purview_audit") -> list[tuple]:
    found = reading.read(path, kind, 0, LONG_AGO)
    return [(one.rows, one.content.count, one.content.rows, one.unreadable) for one in found]


def test_both_ways_give_the_same_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "CHUNK_ROWS", 4)
    here = parts(AUDIT)
    monkeypatch.setattr(reading, "SMALL", 0)
    assert parts(AUDIT) == here
    assert len(here) > 1


@pytest.mark.usefixtures("beside")
def test_an_error_of_the_reading_process_is_raised_here(tmp_path: Path) -> None:
    path = write(tmp_path, "odd.csv", "one,two\n1,2\n")
    with pytest.raises(UnknownFormatError, match="AuditData"):
        parts(path)


@pytest.mark.usefixtures("beside")
def test_whoever_stops_early_leaves_no_process_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "CHUNK_ROWS", 1)
    started: list[subprocess.Popen] = []

    class Noted(subprocess.Popen):
        def __init__(self, *args, **kwargs) -> None:
            super().__init__(*args, **kwargs)
            started.append(self)

    monkeypatch.setattr(subprocess, "Popen", Noted)
    source = reading.read(AUDIT, "purview_audit", 0, LONG_AGO)
    next(source)
    source.close()
    assert started[0].returncode is not None


@pytest.mark.usefixtures("beside")
def test_the_reading_process_knows_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_KEY", "not for parsers")
    seen: list[dict[str, str]] = []

    class Noted(subprocess.Popen):
        def __init__(self, *args, **kwargs) -> None:
            seen.append(kwargs["env"])
            super().__init__(*args, **kwargs)

    monkeypatch.setattr(subprocess, "Popen", Noted)
    parts(AUDIT)
    assert not [name for name in seen[0] if not name.startswith("PYTHON")]


@pytest.fixture
def dying(beside: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """The reading process dies without a word."""
    monkeypatch.setattr(sys, "executable", "/bin/true")


@pytest.mark.django_db
@pytest.mark.usefixtures("dying")
def test_a_reading_process_that_dies_is_an_interruption(tmp_path: Path) -> None:
    path = write(tmp_path, "audit.csv", audit_text(record()))
    with pytest.raises(ImportFailedError, match="nothing counts twice"):
        import_file(actor=None, path=path)
    assert ImportBatch.objects.get().state == BatchState.FAILED


@pytest.mark.django_db
@pytest.mark.usefixtures("beside")
def test_a_file_goes_in_through_the_reading_process(tmp_path: Path) -> None:
    path = write(tmp_path, "audit.csv", audit_text(record(), record()))
    summary = import_file(actor=None, path=path)
    assert (summary.stored, Interaction.objects.count()) == (2, 2)
    assert ImportBatch.objects.get().sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
