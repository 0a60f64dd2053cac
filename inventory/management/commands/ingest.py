"""`manage.py ingest FILE… [--kind KIND]`: one JSON line per file on stdout, progress on stderr."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import orjson
from django.core.management.base import BaseCommand, CommandError, CommandParser

from inventory.connectors.registry import CONNECTORS
from inventory.models import ImportBatch
from inventory.services.imports import ImportFailedError, import_file


class Command(BaseCommand):
    help = "Read feed files, recognised by their content: Purview audit records, security alerts, an Entra user list."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("files", nargs="+", metavar="FILE", type=Path)
        parser.add_argument(
            "--kind", choices=sorted(CONNECTORS), default="", help="the kind, instead of recognising it"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Exit code 0 also with quarantined rows; 1 where a file could not be read at all."""
        failed = 0
        for path in options["files"]:
            try:
                summary = import_file(actor=None, path=path, kind=options["kind"], progress=self._progress)
            except (ImportFailedError, OSError) as problem:
                failed += 1
                self.stderr.write(f"{path}: {problem}")
                continue
            self.stdout.write(orjson.dumps(asdict(summary)).decode())
        if failed:
            raise CommandError(f"{failed} of {len(options['files'])} files could not be read.")

    def _progress(self, batch: ImportBatch) -> None:
        percent = batch.bytes_read * 100 // max(1, batch.size)
        self.stderr.write(f"{batch.file_name}: {batch.rows:,} rows read, {percent} %")
