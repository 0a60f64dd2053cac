"""What must be there before the first page: the database's shape, the static files, the demo, somebody to sign in."""

import hashlib
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import CommandError, call_command, get_commands

from governance.embedded.paths import PROJECT
from governance.management.migrated import migrate

Say = Callable[[str], None]


def prepare(say: Say) -> None:
    """Everything in order; each step is skipped when it has nothing to do."""
    with collecting_static(say):
        say("Preparing the database …")
        migrate()
        load_demo(say)


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


def load_demo(say: Say) -> None:
    """On the first run, with an empty register, load the demo; `HUB_DEMO=0` leaves it out.

    A demo that fails is told and leaves an empty hub, which is what `HUB_DEMO=0` gives as well.
    """
    from inventory.models import AIApplication

    if os.environ.get("HUB_DEMO") == "0" or "seed_demo" not in get_commands() or AIApplication.objects.exists():
        return
    say("Loading the demo, a bank that does not exist (HUB_DEMO=0 leaves it out) …")
    try:
        call_command("seed_demo", stdout=_Quiet(), stderr=_Quiet())
    except CommandError as error:
        say(f"The demo could not be loaded, the hub starts empty: {error}")


class _Quiet:
    """Takes a command's summary, which is for those who called it by name."""

    def write(self, text: str) -> int:
        return len(text)

    def flush(self) -> None:
        """Nothing is held back."""
