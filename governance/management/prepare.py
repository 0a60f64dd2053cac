"""What comes before the first page: the database's shape and the static files; and, on the first run, the demo."""

import hashlib
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import CommandError, get_commands

from governance.embedded.keeper import die_with_parent
from governance.embedded.paths import PROJECT
from governance.management.migrated import migrate

Say = Callable[[str], None]


def prepare(say: Say) -> None:
    """Everything in order; each step is skipped when it has nothing to do."""
    with collecting_static(say):
        say("Preparing the database …")
        migrate()


@contextmanager
def collecting_static(say: Say) -> Iterator[None]:
    """Copy, compress and name the static files by their content, if one of them has changed: in a process of its
    own beside what happens in the block, since both keep a processor busy for some seconds."""
    fingerprint, marker = _static_fingerprint(), Path(settings.HUB_HOME) / "static.fingerprint"
    if Path(settings.STATIC_ROOT).is_dir() and marker.exists() and marker.read_text(encoding="ascii") == fingerprint:
        yield
        return
    say("Collecting static files …")
    marker.unlink(missing_ok=True)
    command = [sys.executable, "manage.py", "collectstatic", "--no-input", "--clear", "--verbosity", "0"]
    process = subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        yield
        told = process.communicate()[0].strip()
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait()
    if process.returncode:
        last = (told.splitlines() or ["no message"])[-1]
        raise CommandError(f"The static files could not be collected: {last}")
    marker.write_text(fingerprint, encoding="ascii")


def _static_fingerprint() -> str:
    """Changes when a static file comes, goes, or is written again."""
    parts = []
    for finder in get_finders():
        for path, storage in finder.list([]):
            status = os.stat(storage.path(path))
            parts.append(f"{path} {status.st_size} {status.st_mtime_ns}")
    return hashlib.sha256("\n".join(sorted(parts)).encode()).hexdigest()


class Demo:
    """Loads the demo on the first run, that is into an empty register, beside the web process, which can show its
    sign-in page meanwhile. `HUB_DEMO=0` leaves it out. A demo that fails is told, and the hub starts with what it has.
    """

    def __init__(self, logs: Path, say: Say) -> None:
        self.log, self.say = logs / "demo.log", say
        self.process: subprocess.Popen[bytes] | None = None
        self.wanted = _wants_demo()

    def start(self) -> None:
        """Begin, if there is anything to load."""
        if not self.wanted:
            return
        self.say("Loading the demo, a bank that does not exist (HUB_DEMO=0 leaves it out) …")
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [sys.executable, "manage.py", "seed_demo"],
                cwd=PROJECT,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=lambda: die_with_parent(signal.SIGTERM),
            )

    def finished(self) -> bool:
        """Whether there is nothing left to wait for."""
        if self.process is None:
            return True
        code = self.process.poll()
        if code:
            lines = self.log.read_text(encoding="utf-8", errors="replace").strip().splitlines() or ["no message"]
            self.say(f"The demo was not loaded to its end: {lines[-1]} (all of it: {self.log})")
        if code is not None:
            self.process = None
        return code is not None

    def stop(self) -> None:
        """Break off; what it had begun is one transaction, which is gone with it."""
        if self.process is not None:
            self.process.terminate()
            self.process.wait()


def _wants_demo() -> bool:
    from inventory.models import AIApplication

    return os.environ.get("HUB_DEMO") != "0" and "seed_demo" in get_commands() and not AIApplication.objects.exists()
