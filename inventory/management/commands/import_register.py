"""`manage.py import_register FILE [--dry-run] [--create-departments]`: the register from a CSV file."""

import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from inventory.services.register_import import COLUMNS, import_register


class Command(BaseCommand):
    help = (
        f"Import AI applications from a CSV file with the columns {', '.join(COLUMNS)} (UTF-8; comma or semicolon)."
        " Everything or nothing; run it again as often as you like. Problems go to stderr by line and column, the last"
        " line of stdout is a JSON summary. Exit 0: done, 1: the file has problems, 2: wrong use."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", metavar="FILE", type=Path)
        parser.add_argument("--dry-run", action="store_true", help="check and count, change nothing")
        parser.add_argument(
            "--create-departments", action="store_true", help="add departments that the file names and you don't have"
        )

    def handle(self, *args: Any, file: Path, dry_run: bool, create_departments: bool, **options: Any) -> None:
        try:
            stream = file.open("rb")
        except OSError as error:
            raise CommandError(f"{file} can't be read: {error.strerror}.", returncode=2) from error
        with stream:
            result = import_register(
                stream, actor=None, file_name=file.name, dry_run=dry_run, create_departments=create_departments
            )
        for note in result.notes:
            self.stderr.write(self.style.NOTICE(f"note: {note}"))
        for problem in result.problems:
            self.stderr.write(str(problem))
        self.stdout.write(json.dumps(result.summary()))
        if result.problems:
            raise CommandError(f"Nothing was imported: {len(result.problems)} problems to mend.", returncode=1)
        if dry_run:
            self.stderr.write("Dry run: nothing was changed.")
