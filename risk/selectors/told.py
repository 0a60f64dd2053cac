"""Entries of the audit log in the words of the method: questions and controls by what they ask, not by their keys."""

from dataclasses import dataclass

from inventory.selectors.history import Entry
from risk.choices import ControlStatus
from risk.method import load_method
from risk.scoring.method import Method
from risk.selectors.causes import answer_text, control_text


@dataclass(frozen=True, slots=True)
class Told:
    """What was done, with a line for each thing that it was done to."""

    summary: str
    lines: tuple[str, ...]
    reason: str
    followers: int = 0  # applications that repeat it; `entry` lists them
    entry: int = 0


def told(entry: Entry) -> Told:
    """An entry for people. Questions and controls that the method in force doesn't know keep their keys."""
    method, changes = load_method(), entry.details.get("changes") or {}
    if entry.action == "answers.saved" and changes:
        lines = [
            f"{question_text(key, method)}: {answer_text(key, after, method)}" for key, (_, after) in changes.items()
        ]
        return Told("Answered", tuple(lines), entry.reason)
    if "states" in entry.details:
        lines = [f"{control_text(key, method)}: {_status(status)}" for key, status in entry.details["states"]]
        return Told(entry.summary, tuple(lines), entry.reason)
    control = method.controls.get(str(entry.details.get("control", "")))
    lines = [control.title] if control else []
    reached = entry.details.get("followers") or {}
    return Told(entry.summary, tuple(lines), entry.reason, reached.get("count", 0), entry.id)


def _status(status: str | None) -> str:
    return ControlStatus(status).label.lower() if status in ControlStatus.values else str(status or "nothing stated")


def question_text(key: str, method: Method) -> str:
    """What a factor, a fact or a question of the classification asks."""
    if key in method.factors:
        return method.factors[key].question
    if key in method.facts:
        return method.facts[key].text
    return method.questions[key].text if key in method.questions else key
