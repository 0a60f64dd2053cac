"""`manage.py rescore`: judge what changed, or everything; a JSON summary is the last line.

It works in its own process, and for everything also rings the workers, which then take their share.
"""

import sys
import time
from typing import Any

import orjson
from django.core.management.base import BaseCommand, CommandError, CommandParser

from inventory.models import ChangedApplication, Department
from risk.services import runs, scores


class Command(BaseCommand):
    help = (
        "Recalculate scores. Without options: the applications that changed. With --all: every one; "
        "with --department: those of a department and below."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--all", action="store_true", help="every application, changed or not")
        parser.add_argument("--department", metavar="KEY", help="external key; its sub-tree is included")

    def handle(self, *args: Any, **options: Any) -> None:
        started = time.monotonic()
        progress = _Progress()
        department = self._department(options["department"])
        if options["all"] or department is not None:
            outcome = self._everything(department, progress)
        else:
            progress.total = ChangedApplication.objects.count()
            outcome = scores.rescore_changed(progress)
        progress.end()
        summary = {
            "applications": outcome.applications,
            "changed": outcome.changed,
            "band_changes": outcome.band_changes,
            "seconds": round(time.monotonic() - started, 3),
        }
        self.stdout.write(orjson.dumps(summary).decode())

    def _everything(self, department: Department | None, progress: "_Progress") -> scores.Outcome:
        try:
            return runs.rescore_all(department, progress)
        except runs.RunError as problem:
            raise CommandError(str(problem)) from problem

    def _department(self, key: str | None) -> Department | None:
        if key is None:
            return None
        found = Department.objects.filter(key=key).first()
        if found is None:
            raise CommandError(f"There is no department with the key {key!r}.")
        return found


class _Progress:
    """Tells on stderr how far it is, once a second at most."""

    def __init__(self) -> None:
        self.done, self.total, self.told = 0, 0, time.monotonic()

    def __call__(self, more: int) -> None:
        self.done += more
        if time.monotonic() - self.told >= 1:
            self.told = time.monotonic()
            self._tell()

    def end(self) -> None:
        """The final count."""
        self._tell()

    def _tell(self) -> None:
        of = f" of {self.total}" if self.total else ""
        sys.stderr.write(f"{self.done}{of} applications\n")
