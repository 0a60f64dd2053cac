"""A worker that is killed outright, as a process of its own on the real database: nothing is lost or counted twice."""

import os
import signal
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from django.db import connection
from django.utils import timezone
from pytest_django import Settings

from inventory.choices import BatchState
from inventory.models import DailyUsage, ImportBatch, Interaction, QuarantinedRow
from inventory.services import imports
from inventory.services.imports import batches, undo
from tests.inventory.feeds.files import audit_text, guid, record

# Reads in chunks of 20 rows and rests after each, so that it can be killed in between; undoing rests before it commits.
WORKER = """
import sys, time
import django
from django.db import connections
connections.settings["default"]["NAME"] = sys.argv[1]
django.setup()
from django.conf import settings
settings.MEDIA_ROOT = sys.argv[2]
from inventory.services import imports
from inventory.services.imports import batches, reading, undo
reading.CHUNK_ROWS = 20
whole, wait = batches._store, time.sleep
def store(*given):
    whole(*given)
    wait(0.3)
batches._store = store
take_back = undo.UNDOERS["purview_audit"].remove
def remove(batch):
    found = take_back(batch)
    print("taken back", flush=True)
    wait(60)
    return found
undo.UNDOERS["purview_audit"] = undo.Undoer(undo.UNDOERS["purview_audit"].find, remove)
imports.run_batch(int(sys.argv[3])) if sys.argv[4] == "read" else undo.carry_out(int(sys.argv[3]))
"""


@pytest.fixture
def batch(transactional_db: None, settings: Settings, tmp_path: Path) -> ImportBatch:
    settings.MEDIA_ROOT = tmp_path / "uploads"
    rows = [record(Id=guid(n % 90), UserId=f"u{n % 7}@x.example") if n % 11 else "{broken" for n in range(100)]
    return imports.receive(actor=None, file_name="audit.csv", blocks=[audit_text(*rows).encode()])


def start(batch: ImportBatch, what: str) -> subprocess.Popen:
    name = str(connection.settings_dict["NAME"])
    command = [sys.executable, "-c", WORKER, name, str(django_settings.MEDIA_ROOT), str(batch.pk), what]
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "governance.settings"}
    return subprocess.Popen(command, env=environment, cwd=django_settings.BASE_DIR, stdout=subprocess.PIPE)


def kill(worker: subprocess.Popen) -> None:
    os.kill(worker.pid, signal.SIGKILL)
    worker.wait()


def test_a_killed_worker_loses_nothing_and_counts_nothing_twice(batch: ImportBatch) -> None:
    worker = start(batch, "read")
    try:
        while worker.poll() is None and not batch.rows:
            time.sleep(0.05)
            batch.refresh_from_db()
    finally:
        kill(worker)
    batch.refresh_from_db()
    assert batch.state == BatchState.RUNNING
    assert 0 < batch.rows < 100
    assert Interaction.objects.count() == batch.stored
    ImportBatch.objects.update(heartbeat_at=timezone.now() - batches.STALE_AFTER - timedelta(seconds=1))
    imports.run_waiting()
    batch.refresh_from_db()
    assert (batch.state, batch.rows, batch.quarantined) == (BatchState.DONE, 100, 10)
    assert batch.stored == Interaction.objects.count() == sum(DailyUsage.objects.values_list("interactions", flat=True))
    assert QuarantinedRow.objects.count() == 10


def test_a_killed_undo_has_changed_nothing_and_is_done_by_the_next(batch: ImportBatch) -> None:
    imports.run_batch(batch.pk)
    batch.refresh_from_db()
    undo.ask(actor=None, batch=batch, reason="x")
    worker = start(batch, "undo")
    assert worker.stdout is not None
    try:
        assert worker.stdout.readline() == b"taken back\n"
        assert not undo.carry_out(batch.pk)  # somebody is at it
    finally:
        kill(worker)
    assert Interaction.objects.count() == batch.stored
    deadline = time.monotonic() + 60  # until PostgreSQL has noticed that the worker is gone
    while not undo.carry_out(batch.pk) and time.monotonic() < deadline:
        time.sleep(0.1)
    batch.refresh_from_db()
    assert batch.state == BatchState.UNDONE
    assert not Interaction.objects.exists()
    assert not DailyUsage.objects.exists()
