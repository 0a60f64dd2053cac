"""Classify uses under the EU AI Act from answers given as JSON Lines, without a database."""

from typing import Any

from risk.management.jsonlines import JsonLinesCommand
from risk.method import load_method, newest
from risk.scoring.classify import AnswerError, classify


class Command(JsonLinesCommand):
    help = (
        "Classify under the EU AI Act: JSON Lines in (answers by question; absent is no, null is unknown), "
        "JSON Lines out (class, possible, decided_by, facts, open_facts, articles, from). Needs no database."
    )

    def handle(self, *, file: str | None, **_: Any) -> None:
        method = load_method(newest())

        def answer(plain: Any) -> dict[str, Any]:
            if not isinstance(plain, dict):
                raise AnswerError("a line must be an object with answers by question")
            return classify(plain, method).to_dict()

        self.answer_lines(file, answer)
