"""`manage.py verify_scores`: make stored snapshots again, report those that differ; the last line is a JSON summary."""

import sys
import time
from typing import Any

import orjson
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from risk.selectors import replay

TOLD_EVERY = 5  # seconds between two words on how far it is


class Command(BaseCommand):
    help = (
        "Recompute stored scores from their stored inputs and the method they name, and report any that differ. "
        "Without --all: the newest snapshot of each application."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--all", action="store_true", help="every snapshot, not only the newest of each application"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        started = told = time.monotonic()
        count = different = 0
        with transaction.atomic():  # one view of the snapshots, and a cursor in the database
            for one in replay.replayed(replay.snapshots(newest_only=not options["all"])):
                count += 1
                if one.differences:
                    different += 1
                    self.stdout.write(_line(one))
                if time.monotonic() - told >= TOLD_EVERY:
                    told = time.monotonic()
                    sys.stderr.write(f"{count} snapshots\n")
        summary = {
            "snapshots": count,
            "same": count - different,
            "different": different,
            "seconds": round(time.monotonic() - started, 3),
        }
        self.stdout.write(orjson.dumps(summary).decode())
        if different:
            raise CommandError(f"{different} of {count} snapshots differ from what their inputs give.")


def _line(one: replay.Replay) -> str:
    snapshot = one.snapshot
    name = f"{snapshot.application.external_id} as of {snapshot.as_of} (snapshot {snapshot.pk})"
    return f"{name}: {'; '.join(one.differences)}"
