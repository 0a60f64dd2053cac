"""Write docs/method.md from the released files of the method."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from risk.method import load_method, newest
from risk.method.description import describe

PAGE = Path("docs") / "method.md"


class Command(BaseCommand):
    help = "Write docs/method.md from the released files of the method. Needs no database."
    requires_system_checks: list[str] = []
    requires_migrations_checks = False

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--out", type=Path, default=settings.BASE_DIR / PAGE, help=f"file to write, else {PAGE}")
        parser.add_argument("--check", action="store_true", help="write nothing; fail where the page is not current")

    def handle(self, *, out: Path, check: bool, **_: Any) -> None:
        text = describe(load_method(newest()))
        if not check:
            out.write_text(text, encoding="utf-8")
            self.stderr.write(f"Wrote {out}.")
        elif not out.exists() or out.read_text(encoding="utf-8") != text:
            raise CommandError(f"{out} is not current. Run `manage.py describe_method`.")
