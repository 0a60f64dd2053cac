"""`manage.py method diff A B`: the estate under two methods in a dry run; a JSON summary is the last line."""

import sys
import time
from pathlib import Path
from typing import Any

import orjson
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from risk.method import MethodError, candidate, load_method, releases
from risk.scoring.method import Method
from risk.selectors.method_diff import Difference, difference


class Command(BaseCommand):
    help = (
        "Compare two versions of the method on every application, in a dry run that stores nothing: who moves, from "
        "which band to which, by which parts, and what departments come to. A version, or a folder with the files of "
        "a candidate; files it lacks are those of the newest release."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        diff = actions.add_parser("diff", help="compare two versions on the whole estate")
        diff.add_argument("before", metavar="A", help="a released version, or a folder")
        diff.add_argument("after", metavar="B", help="a released version, or a folder")

    def handle(self, *, before: str, after: str, **_: Any) -> None:
        started = time.monotonic()
        old, new = _method(before), _method(after)
        if old.principles != new.principles:
            raise CommandError("The two methods score different principles, so they can't be compared.")
        told = [0, started]

        def progress(more: int) -> None:
            told[0] += more
            if time.monotonic() - told[1] >= 1:
                told[1] = time.monotonic()
                sys.stderr.write(f"{told[0]} applications\n")

        found = difference(old, new, timezone.localdate(), progress)
        for line in lines(found):
            self.stdout.write(line)
        summary = {
            "before": found.before,
            "after": found.after,
            "applications": found.applications,
            "changed": found.changed,
            "band_changes": found.band_changes,
            "not_computable": found.not_computable,
            "seconds": round(time.monotonic() - started, 3),
        }
        self.stdout.write(orjson.dumps(summary).decode())


def _method(name: str) -> Method:
    """The released version of this name, or the candidate in this folder."""
    try:
        if name in releases():
            return load_method(name)
        folder = Path(name)
        if folder.is_dir():
            return candidate(folder, timezone.now().date())
    except MethodError as error:
        raise CommandError(str(error)) from error
    raise CommandError(f"{name!r} is neither a released version ({', '.join(releases())}) nor a folder.")


def lines(found: Difference) -> list[str]:
    """The difference for people, a line each."""
    out = [f"{before} → {after}: {count}" for before, after, count in found.bands]
    for mover in found.movers:
        out.append(f"{mover.external_id} {mover.name} ({mover.department}): {_move(mover)}")
        out += [f"    {label}: {was:.1f} → {now:.1f}" for label, was, now in mover.parts]
    out += [f"{one.name}: index {_move(one)}" for one in found.departments]
    return out + [f"application {key} can't be judged under {found.after}: {why}" for key, why in found.misfits]


def _move(one: Any) -> str:
    before, after = ("" if value is None else f"{value:.1f} " for value in (one.before, one.after))
    return f"{before}{one.band_before} → {after}{one.band_after}"
