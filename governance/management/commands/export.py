"""`manage.py export DATASET --format csv|json|jsonl --out FILE [--department KEY] [--as-of ISO]`, and the board report:
`manage.py export board --format pdf|html|zip --out FILE [--department KEY]`."""

import os
import sys
import tempfile
from argparse import ArgumentTypeError
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import date
from pathlib import Path
from typing import IO, Any

import orjson
from django.core.checks import Tags
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from governance.exports.formats import FORMATS
from governance.selectors.datasets import DATASETS
from governance.selectors.extent import Extent
from governance.services import board, exports
from inventory.models import Department


def day(text: str) -> date:
    """The day of `--as-of`. A moment is refused: figures are kept by day, and a part of one can't be answered."""
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise ArgumentTypeError(f"{text!r} is no day in ISO 8601, such as 2026-11-22") from error


class Command(BaseCommand):
    requires_system_checks = [Tags.security]  # the others read every page's code, which takes as long as a small export
    help = "Write a dataset or the board report to a file; one audit entry says so. XLSX is not offered yet."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("dataset", choices=[*DATASETS, board.NAME])
        parser.add_argument(
            "--format",
            choices=[*FORMATS, *board.FORMATS],
            help="csv for a dataset, pdf for the board report by default",
        )
        parser.add_argument("--out", required=True, metavar="FILE", help="- writes to standard output")
        parser.add_argument("--department", metavar="KEY", help="external key; its sub-tree is included")
        parser.add_argument("--as-of", type=day, metavar="ISO", help="a day; the default is now")

    def handle(self, *args: Any, **options: Any) -> None:
        extent = Extent(None, options["as_of"] or timezone.localdate(), self._department(options["department"]))
        try:
            with self._making(options["dataset"], options["format"], extent) as run:
                write(run.chunks(), options["out"])
        except exports.NotKeptError as error:
            raise CommandError(str(error)) from error
        except OSError as error:
            raise CommandError(f"Can't write {options['out']}: {error.strerror or error}.") from error
        if options["out"] != "-":
            summary = {"dataset": options["dataset"], "rows": run.rows, "bytes": run.size, "sha256": run.sha256}
            self.stdout.write(orjson.dumps(summary).decode())

    def _making(self, name: str, given: str | None, extent: Extent) -> AbstractContextManager[exports.Run]:
        if name == board.NAME:
            return board.making(actor=None, format_name=self._fitting(name, given, list(board.FORMATS)), extent=extent)
        target = FORMATS[self._fitting(name, given, list(FORMATS))]
        return exports.making(actor=None, dataset=DATASETS[name], format=target, extent=extent)

    def _fitting(self, name: str, given: str | None, offered: list[str]) -> str:
        """The format asked for, else the first that is offered."""
        if given is not None and given not in offered:
            raise CommandError(f"{name} is not written as {given}, but as {' or '.join(offered)}.", returncode=2)
        return given or offered[0]

    def _department(self, key: str | None) -> Department | None:
        if key is None:
            return None
        found = Department.objects.filter(key=key).first()
        if found is None:
            raise CommandError(f"There is no department with the key {key!r}.")
        return found


def write(chunks: Iterable[bytes], out: str) -> None:
    """Write to `out`, or to standard output for "-". A file appears under its name only when it is complete."""
    if out == "-":
        for chunk in chunks:
            sys.stdout.buffer.write(chunk)
        sys.stdout.buffer.flush()
        return
    path = Path(out)
    if path.exists() and not path.is_file():  # a device or a pipe, which renaming would put out of the way
        with path.open("wb") as stream:
            stream.writelines(chunks)
        return
    with _draft(path) as draft:
        for chunk in chunks:
            draft.write(chunk)
        draft.flush()
        os.fsync(draft.fileno())


@contextmanager
def _draft(path: Path) -> Iterator[IO[bytes]]:
    """A file beside `path` that takes its name, with the permissions of a new file, when all went well."""
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as draft:
        try:
            yield draft
            umask = os.umask(0)
            os.umask(umask)
            os.fchmod(draft.fileno(), 0o666 & ~umask)
            os.replace(draft.name, path)
        except BaseException:
            os.unlink(draft.name)
            raise
