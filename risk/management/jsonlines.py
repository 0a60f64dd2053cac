"""JSON Lines in, JSON Lines out: one answer a line in the order of the input, a fault answered in its place."""

import json
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import orjson
from django.core.management.base import BaseCommand, CommandError, CommandParser

BOM = b"\xef\xbb\xbf"


class JsonLinesCommand(BaseCommand):
    """A command that answers each line by itself; it needs no database and starts nothing.

    A line that cannot be read gives `{"line","error"}`, and the command ends with exit code 1.
    """

    requires_system_checks: list[str] = []
    requires_migrations_checks = False

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", nargs="?", metavar="FILE", help="JSON Lines; standard input where it is left out")

    def answer_lines(self, file: str | None, answer: Callable[[Any], Any]) -> None:
        """Write `answer` of each line. `answer` raises ValueError for what it cannot take. Raises CommandError at the
        end where any line failed."""
        lines = failed = 0
        try:
            for number, line in _lines(file):
                lines += 1
                try:
                    text = orjson.dumps(answer(orjson.loads(line))).decode()
                except (ValueError, RecursionError) as error:
                    failed += 1
                    text = json.dumps({"line": number, "error": str(error) or "cannot be read"})
                self.stdout.write(text)
            self.stdout.flush()
        except BrokenPipeError:  # the reader has seen enough, as `| head` does
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return
        if failed:
            raise CommandError(f"{failed} of {lines} line{'' if lines == 1 else 's'} could not be read.")


def _lines(file: str | None) -> Iterator[tuple[int, bytes]]:
    """Number and content of every line that is not blank."""
    if file in (None, "-"):
        yield from _numbered(sys.stdin.buffer)
        return
    try:
        with Path(file or "").open("rb") as stream:
            yield from _numbered(stream)
    except OSError as error:
        raise CommandError(f"{file}: {error.strerror or error}") from error


def _numbered(stream: Any) -> Iterator[tuple[int, bytes]]:
    for number, line in enumerate(stream, start=1):
        text = line.removeprefix(BOM) if number == 1 else line
        if text.strip():
            yield number, text
