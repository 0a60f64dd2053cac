"""Reading answers out of a form: each question comes as `q:<key>`, and "unknown" is an answer.

`shown:<key>` is the answer that the page showed, so that only what a person changed is saved. `over:<key>` is what they
decided where somebody else has answered since: THEIRS, or the stored answer that theirs is to replace.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.http import QueryDict

from risk.scoring.questionnaire import Item, Standing
from risk.services.assessments import UNANSWERED, same

PREFIX, SHOWN, OVER = "q:", "shown:", "over:"
THEIRS = "theirs"
UNKNOWN = "unknown"
NONE = "none"
_YES_NO = {"yes": True, "no": False}


@dataclass(frozen=True, slots=True)
class Form:
    """What a form holds. `chosen`: each question's choice on the page; `answers`: those to be saved; `seen`: the answer
    that the person saw stored; `dropped`: questions where they keep somebody else's."""

    chosen: Mapping[str, Any]
    answers: Mapping[str, Any]
    seen: Mapping[str, Any]
    dropped: Sequence[str]


def read(data: QueryDict, asked: Sequence[Item]) -> Form:
    """The form's choices, and which of them the person made; without `shown:<key>` every choice counts as made."""
    shown = {item.key: _value(data.get(SHOWN + item.key)) for item in asked if SHOWN + item.key in data}
    shown = {key: value for key, value in shown.items() if value is not ...}
    chosen = given_answers(data, [as_answered(item, shown.get(item.key, ...)) for item in asked])
    over = {key: data.get(OVER + key, "") for key in chosen}
    seen = shown | {key: value for key, text in over.items() if text and (value := _value(text)) is not ...}
    dropped = [key for key, text in over.items() if text == THEIRS]
    answers = {
        key: value
        for key, value in chosen.items()
        if key not in dropped and not (key in seen and same(value, shown.get(key)) and same(value, seen[key]))
    }
    return Form(chosen, answers, seen, dropped)


def as_answered(item: Item, value: Any) -> Item:
    """The question as it stands with an answer, None ("I don't know") or UNANSWERED; `...` leaves it as it is."""
    if value is ...:
        return item
    if value is None or value is UNANSWERED:
        return replace(item, answer=None, standing=Standing.UNKNOWN if value is None else Standing.OPEN)
    return replace(item, answer=value, standing=Standing.ANSWERED)


def token(value: Any) -> str:
    """An answer as a page carries it along; empty for none."""
    return "" if value is UNANSWERED else json.dumps(value)


def answer_of(item: Item) -> Any:
    """The stored answer of a question, or UNANSWERED."""
    return UNANSWERED if item.is_open else item.answer


def _value(text: str | None) -> Any:
    """What `token` wrote; `...` for what it never wrote."""
    if not text:
        return UNANSWERED
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return ...
    fits = (
        found is None
        or isinstance(found, bool | str)
        or (isinstance(found, list) and all(isinstance(one, str) for one in found))
    )
    return found if fits else ...


def given_answers(data: QueryDict, asked: Sequence[Item]) -> dict[str, Any]:
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
