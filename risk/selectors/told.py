"""Entries of the audit log in the words of the method: questions and controls by what they ask, not by their keys."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils.translation import gettext_lazy as _

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
            f"{question_text(key, method)}: {answer_text(key, after, method)}" for key, (__, after) in changes.items()
        ]
        return Told(str(_("Answered")), tuple(lines), entry.reason)
    if "states" in entry.details:
        lines = [f"{control_text(key, method)}: {_status(status)}" for key, status in entry.details["states"]]
        return Told(entry.summary, tuple(lines), entry.reason)
    control = method.controls.get(str(entry.details.get("control", "")))
    lines = [control.title] if control else []
    lines += statement_lines(entry.details) if control else ()
    reached = entry.details.get("followers") or {}
    return Told(entry.summary, tuple(lines), entry.reason, reached.get("count", 0), entry.id)


_FIELDS = {
    "status": _("State"),
    "as_of": _("As of"),
    "due": _("Next step by"),
    "owner": _("Seen to by"),
    "note": _("Note"),
}


def statement_lines(details: Mapping[str, Any]) -> list[str]:
    """What a statement of a control changed, a line a field: what stood there, and what stands there now. `details`:
    those of its audit entry; empty for an entry about something else."""
    changes = details.get("changes") or {}
    return [f"{label}: {_worded(key, *changes[key])}" for key, label in _FIELDS.items() if key in changes]


def _worded(field: str, before: Any, after: Any) -> str:
    """`before → after` as people read them; a first value alone."""
    one, other = (_value(field, value) for value in (before, after))
    return f"{one} → {other}" if before else other


def _value(field: str, value: Any) -> str:
    if not value:
        return str(_("nothing"))
    if field == "status":
        return str(ControlStatus(value).label) if value in ControlStatus.values else str(value)
    return f"{date.fromisoformat(value):%-d %b %Y}" if field in ("as_of", "due") else f"“{value}”"


def _status(status: str | None) -> str:
    return ControlStatus(status).label.lower() if status in ControlStatus.values else str(status or _("nothing stated"))


def question_text(key: str, method: Method) -> str:
    """What a factor, a fact or a question of the classification asks."""
    if key in method.factors:
        return method.factors[key].question
    if key in method.facts:
        return method.facts[key].text
    return method.questions[key].text if key in method.questions else key
