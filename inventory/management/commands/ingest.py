"""`manage.py ingest FILE…`: one JSON line per file on stdout, progress on stderr. And what can be done with files read:
`--list`, `--again ID`, `--undo ID --reason WORDS`; `--drop-folder` looks into the watched folder once."""

from argparse import ArgumentTypeError
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import orjson
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser

from inventory.choices import BatchState
from inventory.connectors.mapped import PREFIX
from inventory.connectors.registry import CONNECTORS
from inventory.models import Feed, ImportBatch
from inventory.selectors import batches
from inventory.services import imports
from inventory.services.imports import ImportFailedError, import_file
from inventory.services.imports import again as reading
from inventory.services.imports import undo as undoing

_LISTED = ("rows", "stored", "duplicates", "quarantined", "ignored", "unmatched", "sha256", "error")


def _kind(word: str) -> str:
    if word and word not in CONNECTORS and not word.startswith(PREFIX):
        raise ArgumentTypeError(f"{word} is none of {', '.join(sorted(CONNECTORS))}, mapped:<name>")
    return word


class Command(BaseCommand):
    help = "Read feed files, recognised by their content, also in a zip or gz: one JSON line per file on stdout."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("files", nargs="*", metavar="FILE", type=Path)
        parser.add_argument(
            "--kind",
            type=_kind,
            default="",
            help=f"the kind, instead of recognising it: {', '.join(sorted(CONNECTORS))}, or mapped:<a saved mapping>",
        )
        parser.add_argument("--feed", metavar="SLUG", default="", help="in the name of this feed; list only its files")
        other = parser.add_mutually_exclusive_group()
        other.add_argument("--list", action="store_true", help="list the files read and to be read, newest first")
        other.add_argument("--undo", metavar="ID", type=int, help="take back what a file stored (with --reason)")
        other.add_argument("--again", metavar="ID", type=int, help="read a file again: the one kept, or FILE")
        other.add_argument("--drop-folder", action="store_true", help="take and read what lies in DROP_FOLDER")
        parser.add_argument("--reason", default="", help="why a file is undone, for the audit log")
        parser.add_argument("--state", choices=BatchState.values, action="append", default=[], help="for --list")

    def handle(self, *args: Any, **options: Any) -> None:
        """Exit code 0 also with quarantined rows; 1 where a file could not be read, or the thing asked not be done."""
        feed = self._feed(options["feed"])
        if options["list"]:
            for row in batches.found(states=options["state"], feeds=[feed.slug] if feed else []).iterator(500):
                self._say(_told(row))
        elif options["drop_folder"]:
            imports.look_into_drop_folder()
            imports.run_waiting()
        elif options["undo"] is not None:
            self._undo(_batch(options["undo"]), options["reason"])
        elif options["again"] is not None:
            self._again(_batch(options["again"]), options["files"])
        elif not options["files"]:
            raise CommandError("Name the files to read.", returncode=2)
        else:
            self._read(options["files"], options["kind"] or (feed.kind if feed else ""), feed)

    def _read(self, files: list[Path], kind: str, feed: Feed | None) -> None:
        failed = 0
        for path in files:
            try:
                summary = import_file(actor=None, path=path, kind=kind, feed=feed, progress=self._progress)
            except (ImportFailedError, OSError) as problem:
                failed += 1
                self.stderr.write(f"{path}: {problem}")
                continue
            self._say(asdict(summary))
        if failed:
            raise CommandError(f"{failed} of {len(files)} files could not be read.")

    def _undo(self, batch: ImportBatch, reason: str) -> None:
        effect = undoing.effect(batch)
        try:
            undoing.ask(actor=None, batch=batch, reason=reason)
        except ValidationError as problem:
            raise CommandError(" ".join(problem.messages)) from problem
        undoing.carry_out(batch.pk)
        batch.refresh_from_db()
        if batch.state != BatchState.UNDONE:
            raise CommandError("It could no longer be undone; the audit log says why.")
        self._say({"batch": batch.pk, **dict(effect.takes)})

    def _again(self, batch: ImportBatch, files: list[Path]) -> None:
        try:
            reading.read_again(actor=None, batch=batch, blocks=_blocks(files[0]) if files else None)
        except (ValidationError, imports.TooLargeError, OSError) as problem:
            words = " ".join(problem.messages) if isinstance(problem, ValidationError) else str(problem)
            raise CommandError(words) from problem
        imports.run_batch(batch.pk)
        batch.refresh_from_db()
        self._say(_told(batch))
        if batch.state == BatchState.FAILED:
            raise CommandError(batch.error)

    def _feed(self, slug: str) -> Feed | None:
        if not slug:
            return None
        found = Feed.objects.filter(slug=slug).first()
        if found is None:
            known = ", ".join(Feed.objects.values_list("slug", flat=True)) or "none yet"
            raise CommandError(f"There is no feed “{slug}”. Known are: {known}.", returncode=2)
        return found

    def _say(self, found: dict[str, Any]) -> None:
        self.stdout.write(orjson.dumps(found).decode())

    def _progress(self, batch: ImportBatch) -> None:
        percent = batch.bytes_read * 100 // max(1, batch.size)
        self.stderr.write(f"{batch.file_name}: {batch.rows:,} rows read, {percent} %")


def _batch(pk: int) -> ImportBatch:
    found = ImportBatch.objects.filter(pk=pk).first()
    if found is None:
        raise CommandError(f"There is no file with the number {pk}. --list shows them.", returncode=2)
    return found


def _blocks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            yield block


def _told(row: ImportBatch) -> dict[str, Any]:
    named = {"batch": row.pk, "file": row.file_name, "from": row.source, "door": row.door, "kind": row.kind}
    return {**named, "state": row.state, "created": row.created_at, **{name: getattr(row, name) for name in _LISTED}}
