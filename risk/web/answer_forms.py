"""Reading answers out of a form: each question comes as `q:<key>`, and "unknown" is an answer."""

from typing import Any

from django.http import QueryDict

from risk.scoring.questionnaire import Item, Standing

PREFIX = "q:"
UNKNOWN = "unknown"
NONE = "none"
_YES_NO = {"yes": True, "no": False}


def given_answers(data: QueryDict, asked: list[Item]) -> dict[str, Any]:
    """The answers that the form holds, by question; a question without a choice is left as it is."""
    answers: dict[str, Any] = {}
    for item in asked:
        values = data.getlist(PREFIX + item.key)
        if item.type == "multi":
            _add_options(answers, item, [value for value in values if value], asked=bool(values))
        elif values:
            answers[item.key] = _one(item, values[0])
    return answers


def _one(item: Item, value: str) -> Any:
    """What was chosen, as the service takes it; what nobody offered goes on as it is and is refused there."""
    if value == UNKNOWN:
        return None
    return _YES_NO.get(value, value) if item.type == "yes_no" else value


def _add_options(answers: dict[str, Any], item: Item, values: list[str], *, asked: bool) -> None:
    """Boxes: "none" and "I don't know" exclude the options, and what was ticked last wins.

    The last one is the one that is not stored yet. All boxes empty is an answer only where there was one before.
    """
    options = [value for value in values if value not in (UNKNOWN, NONE)]
    was_unknown = item.standing is Standing.UNKNOWN
    was_none = item.standing is Standing.ANSWERED and not item.answer
    if UNKNOWN in values and (not was_unknown or len(values) == 1):
        answers[item.key] = None
    elif NONE in values and (not was_none or len(values) == 1):
        answers[item.key] = []
    elif options or (asked and item.standing is Standing.ANSWERED):
        answers[item.key] = options
