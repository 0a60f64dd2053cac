"""One application as it stood at an earlier moment or the end of a day: score, answers and controls then in force."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import Model
from django.utils.translation import gettext as _

from inventory.models import AIApplication, User
from risk.method import load_method
from risk.models import Answer, ControlState, ScoreSnapshot
from risk.scoring.case import Stated
from risk.scoring.method import Method
from risk.selectors.causes import answer_text, control_state, control_text, question_text
from risk.selectors.history import end_of, up_to, why_not_computable


@dataclass(frozen=True, slots=True)
class PastAnswer:
    """An answer as it stood: who gave it and when."""

    key: str
    question: str
    answer: str
    at: datetime
    by: str


@dataclass(frozen=True, slots=True)
class PastControl:
    """A control as it was stated, and what the statement was worth on the day."""

    key: str
    control: str
    state: str
    at: datetime
    by: str


@dataclass(frozen=True, slots=True)
class Past:
    """Everything as it stood at the `end` of the day, or at that moment of it. `score`: the judgement in force; None
    before the first, and where it was `not_computable`, which then says why. `organisation`: the facts about the
    organisation that it was made with, as (question, answer)."""

    day: date
    end: datetime  # the first moment that no longer counts
    whole: bool  # whether the day counts to its end
    score: ScoreSnapshot | None
    not_computable: str
    answers: Sequence[PastAnswer]
    controls: Sequence[PastControl]
    organisation: Sequence[tuple[str, str]]


def past(application: AIApplication, day: date, moment: datetime | None = None) -> Past:
    """The application at the end of a day, or at a moment of it, in five queries however much was stated."""
    method, end = load_method(), moment or end_of(day)
    answers = _newest(Answer, "question", application, end, ("value", "answered_at", "answered_by_id"))
    columns = (
        *("status", "as_of", "due", "valid_until", "not_applicable", "not_applicable_until"),
        *("evidenced_until", "stated_at", "stated_by_id"),
    )
    controls = _newest(ControlState, "control", application, end, columns)
    names = _names([*(row["answered_by_id"] for row in answers), *(row["stated_by_id"] for row in controls)])
    judged = ScoreSnapshot.objects.with_inputs().filter(application=application)
    failed = why_not_computable(application.pk, end)
    score = None if failed else up_to(judged, "as_of", "computed_at", day, moment).order_by("-as_of", "-id").first()
    facts = score.plain.get("organisation", {}) if score else {}
    return Past(
        day=day,
        end=end,
        whole=moment is None,
        score=score,
        not_computable=failed,
        answers=[_answer(row, names, method) for row in answers],
        controls=[_control(row, names, day, method) for row in controls],
        organisation=[(question_text(key, method), answer_text(key, value, method)) for key, value in facts.items()],
    )


def _newest(
    model: type[Model], key: str, application: AIApplication, end: datetime, columns: Sequence[str]
) -> list[dict[str, Any]]:
    """The newest version of each row before `end`, those that were removed left out."""
    events = model.pgh_event_model.objects.filter(  # type: ignore[attr-defined]
        application_id=application.pk, pgh_created_at__lt=end
    )
    rows = events.order_by(key, "-pgh_created_at", "-pgh_id").distinct(key).values(key, "pgh_label", *columns)
    return [row for row in rows if row["pgh_label"] != "delete"]


def _names(people: Iterable[int | None]) -> Mapping[int, str]:
    return {user.pk: str(user) for user in User.objects.filter(pk__in={pk for pk in people if pk is not None})}


def _who(pk: int | None, names: Mapping[int, str]) -> str:
    return _("System") if pk is None else names.get(pk, _("a removed person"))


def _answer(row: Mapping[str, Any], names: Mapping[int, str], method: Method) -> PastAnswer:
    answer = _("I don't know") if row["value"] is None else answer_text(row["question"], row["value"], method)
    text = question_text(row["question"], method)
    return PastAnswer(row["question"], text, answer, row["answered_at"], _who(row["answered_by_id"], names))


def _control(row: Mapping[str, Any], names: Mapping[int, str], day: date, method: Method) -> PastControl:
    stated = Stated(
        row["status"],
        row["as_of"],
        row["due"],
        row["valid_until"],
        not row["not_applicable"],
        row["not_applicable_until"],
        row["evidenced_until"],
    )
    worth = stated.status_on(day)
    state = control_state(stated)
    if stated.ended_by(day) or worth != stated.status:
        state = _("%(state)s, which had ended") % {"state": state}
    text = control_text(row["control"], method)
    return PastControl(row["control"], text, state, row["stated_at"], _who(row["stated_by_id"], names))
