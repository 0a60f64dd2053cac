"""Check a version of the method as a whole, and run the worked cases that travel with its decision table."""

import json
from hashlib import sha256
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from risk.method import MethodError, check_cases, load_method, read_method, released_texts, releases
from risk.method.schema import CheckSchema
from risk.records import check_forms
from risk.scoring.classify import AnswerError, classify
from risk.scoring.method import Method


class Command(BaseCommand):
    help = (
        "Check the method: every file, every name used in another file, the list of uncovered requirements, and the "
        "worked cases of the decision table. All problems are printed at once. Needs no database."
    )
    requires_system_checks: list[str] = []
    requires_migrations_checks = False

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "method", nargs="?", help="version, also one whose folder is not released yet; else the newest"
        )

    def handle(self, *, method: str | None, **_: Any) -> None:
        try:
            version = method or list(releases())[-1]
            is_draft = version not in releases()
            texts = released_texts(version)
            if is_draft and not texts:
                raise CommandError(f"There is no method {version!r}. Released: {', '.join(releases())}.")
            loaded = read_method(texts, version, timezone.now().date()) if is_draft else load_method(version)
            failures = [fault for case in check_cases(version) if (fault := case_fault(case, loaded))]
        except MethodError as error:
            raise CommandError(str(error)) from error
        if failures:
            raise CommandError("\n".join([f"{len(failures)} worked cases fail:", *failures]))
        if not is_draft and (wrong := check_forms()):
            raise CommandError(str(MethodError(wrong)))
        if is_draft:
            self.stderr.write(f"{version} is not released. To release it, pin these under `files` in releases.yaml:")
            for file, text in sorted(texts.items()):
                self.stderr.write(f"  {file}: {sha256(text).hexdigest()}")
        self.stdout.write(json.dumps(summary(loaded, len(check_cases(version)))))


def summary(method: Method, cases: int) -> dict[str, Any]:
    """What was checked, in numbers."""
    return {
        "method": method.version,
        "digest": method.digest,
        "controls": len(method.controls),
        "frameworks": len(method.frameworks),
        "requirements": len(method.requirements),
        "questions": len(method.questions),
        "rules": len(method.rules),
        "cases": cases,
    }


def case_fault(case: CheckSchema, method: Method) -> str:
    """What a worked case expects and does not get; empty where it holds."""
    try:
        found = classify(case.answers, method)
    except AnswerError as error:
        return f"  {case.id}: {error}"
    expected = case.expect
    faults = []
    if "class" in expected and found.class_ != expected["class"]:
        faults.append(f"class is {found.class_}, not {expected['class']}")
    for name, values in (("facts", found.facts), ("articles", found.articles)):
        missing = [one for one in expected.get(name, ()) if one not in values]
        faults += [f"{name} lacks {', '.join(missing)}"] if missing else []
    wrong = [one for one in expected.get("not_facts", ()) if one in (*found.facts, *found.open_facts)]
    faults += [f"facts has {', '.join(wrong)}"] if wrong else []
    if "from" in expected and found.from_ != expected["from"]:
        faults.append(f"from is {found.from_}, not {expected['from']}")
    return f"  {case.id} ({case.app}): {'; '.join(faults)}" if faults else ""
