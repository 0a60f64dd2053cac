"""`manage.py ingest FILE… [--kind KIND]`: one JSON line per file on stdout, progress on stderr."""

from argparse import ArgumentTypeError
from dataclasses import asdict
from pathlib import Path
from typing import Any

import orjson
from django.core.management.base import BaseCommand, CommandError, CommandParser

from inventory.connectors.mapped import PREFIX
from inventory.connectors.registry import CONNECTORS
from inventory.models import ImportBatch
from inventory.services.imports import ImportFailedError, import_file


def _kind(word: str) -> str:
    if word and word not in CONNECTORS and not word.startswith(PREFIX):
        raise ArgumentTypeError(f"{word} is none of {', '.join(sorted(CONNECTORS))}, mapped:<name>")
    return word


class Command(BaseCommand):
    help = "Read feed files, recognised by their content, also in a zip or gz: one JSON line per file on stdout."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("files", nargs="+", metavar="FILE", type=Path)
        parser.add_argument(
            "--kind",
            type=_kind,
            default="",
            help=f"the kind, instead of recognising it: {', '.join(sorted(CONNECTORS))}, or mapped:<a saved mapping>",
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
