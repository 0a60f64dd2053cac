"""Fill an empty database with the demo bank: `seed_demo [--applications N] [--months M] [--seed S]`."""

import json
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Callable
from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from governance.demo.scale import default_departments
from governance.demo.seeding import NotEmptyError, Plan, seed
from governance.demo.story import load_story
from governance.services.recommendations.evaluation import evaluate_unless_just_done


def _whole(least: int, most: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        if not text.isdecimal() or not least <= int(text) <= most:
            raise ArgumentTypeError(f"a whole number from {least} to {most}")
        return int(text)

    return read


def _day(text: str) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise ArgumentTypeError("a day like 2026-11-22") from None
    if day > timezone.localdate():
        raise ArgumentTypeError("a day that has come: the demo's history ends there")
    return day


class Command(BaseCommand):
    """Prints progress on stderr and, last, one JSON line with what was written."""

    help = "Fill an empty database with the demo: a bank, its AI applications and a year of history."

    def add_arguments(self, parser: ArgumentParser) -> None:
        written = len(load_story().applications)
        parser.add_argument("--applications", type=_whole(1, 1_000_000), default=written, help=f"default {written}")
        parser.add_argument("--departments", type=_whole(len(load_story().departments), 5000), default=None)
        parser.add_argument("--months", type=_whole(1, 24), default=12, help="length of the history, default 12")
        parser.add_argument("--seed", type=_whole(0, 2**31), default=1, help="another number, another year")
        parser.add_argument("--as-of", type=_day, default=None, help="the day on which the history ends, default today")

    def handle(self, *args: Any, **options: Any) -> None:
        applications = options["applications"]
        plan = Plan(
            applications=applications,
            departments=options["departments"] or default_departments(applications, load_story()),
            months=options["months"],
            seed=options["seed"],
            as_of=options["as_of"] or timezone.localdate(),
        )
        try:
            summary = seed(plan, self.stderr.write)
        except NotEmptyError as problem:
            raise CommandError(str(problem)) from None
        evaluate_unless_just_done()  # so that the first page has its recommendations, before beat's first round
        self.stdout.write(json.dumps(summary))
