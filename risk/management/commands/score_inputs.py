"""Score applications or departments given as JSON Lines, without a database."""

from typing import Any

from django.core.management.base import CommandParser

from risk.management.jsonlines import JsonLinesCommand
from risk.method import load_method, newest
from risk.scoring.inputs import parse_application, parse_pairs
from risk.scoring.method import Method
from risk.scoring.portfolio import score_department
from risk.scoring.score import score_application

DEPARTMENT_FIELDS = ("index", "worst", "tail", "mean", "band", "critical_share", "high_share")


class Command(JsonLinesCommand):
    help = (
        "Score applications: JSON Lines in (answers, controls, signals), JSON Lines out (principles, overall). "
        "With --department each line is a list of [risk, exposure] pairs. Needs no database."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--department", action="store_true", help="each line is a department's [risk, exposure] pairs"
        )

    def handle(self, *, file: str | None, department: bool, **_: Any) -> None:
        method = load_method(newest())
        if department:
            self.answer_lines(file, lambda plain: department_line(plain, method))
        else:
            self.answer_lines(file, lambda plain: score_application(parse_application(plain, method), method).to_dict())


def department_line(plain: Any, method: Method) -> dict[str, Any]:
    """The score of one department; a department without applications has no values, which is not zero."""
    score = score_department(parse_pairs(plain), method)
    return score.to_dict() if score is not None else {**dict.fromkeys(DEPARTMENT_FIELDS), "count": 0}
