"""Measure: `bench [--only NAME]` prints a table and writes `bench.json` into HUB_HOME."""

import sys
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from governance import embedded
from governance.bench.clusters import Bench, BenchError
from governance.bench.measures import GROUPS
from governance.bench.results import TARGETS, Row, row, store, table


class Command(BaseCommand):
    help = "Measure speed and size in throw-away clusters; prints a table and writes bench.json into HUB_HOME."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        known = f"with what is measured together with it; one of {', '.join(TARGETS)}"
        parser.add_argument("--only", choices=list(TARGETS), metavar="NAME", help=known)
        parser.add_argument(
            "--share",
            type=float,
            default=1.0,
            help="with a part of the rows and applications, to try the bench itself; such figures are not kept",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        home, share = Path(settings.HUB_HOME), options["share"]
        rows: list[Row] = []
        failed = []
        with Bench(home / "bench", self.say, share=share) as bench:
            for group, names in GROUPS.items():
                if options["only"] not in (None, *names):
                    continue
                self.say(f"Measuring {', '.join(names)} …")
                try:
                    readings = group(bench)
                except (BenchError, embedded.ServerError) as error:
                    failed.append(f"{', '.join(names)}: {error}")
                    continue
                measured = [row(name, readings[name]) for name in names]
                rows += measured
                if share == 1:
                    store(home / "bench.json", measured)
        if rows:
            self.stdout.write(table(rows))
        if failed:
            raise CommandError("Not measured: " + "; ".join(failed))

    def say(self, text: str) -> None:
        """Progress, on stderr."""
        print(text, file=sys.stderr, flush=True)
