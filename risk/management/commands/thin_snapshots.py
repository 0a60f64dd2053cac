"""`manage.py thin_snapshots`: delete old score snapshots that only repeat others; a JSON summary is the last line."""

import time
from typing import Any

import orjson
from django.core.management.base import BaseCommand, CommandParser

from risk.services.thinning import thin_snapshots


class Command(BaseCommand):
    help = (
        "Thin old score snapshots. Those after a changed input or method, the first in another band, the last of each "
        "month and the newest of each application stay. Beat does it every night."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="only count what would be deleted")

    def handle(self, *args: Any, **options: Any) -> None:
        started = time.monotonic()
        found = thin_snapshots(actor=None, dry_run=options["dry_run"])
        summary = {
            "snapshots": found.snapshots,
            "deleted": found.deleted,
            "seconds": round(time.monotonic() - started, 3),
        }
        self.stdout.write(orjson.dumps(summary).decode())
