"""What would lower the shown risk most: controls to prove and questions to answer, each with the exact figure then."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from django.utils.translation import gettext as _

from risk.choices import OVERALL, ControlStatus
from risk.method import load_method
from risk.scoring.judgement import Judgement
from risk.scoring.method import Method
from risk.scoring.questionnaire import option_label, step_of
from risk.scoring.unknowns import TELEMETRY
from risk.scoring.what_if import (
    BEST_STATUS,
    Changes,
    Effect,
    QuestionEffect,
    control_effects,
    question_effects,
    tried,
    value_of,
)
from risk.selectors.causes import question_text

MOST_CONTROLS = 6
_WORKING = (ControlStatus.ATTESTED, ControlStatus.EVIDENCED, ControlStatus.VERIFIED)


@dataclass(frozen=True, slots=True)
class ControlStep:
    """A control, and the risk with evidence for it (None: evidenced already) and with it verified, today.

    `until`: the day its statement loses value. `counts`: it works, so its statement has a validity; a plan has none.
    """

    id: str
    title: str
    family: str
    satisfies: tuple[str, ...]
    status: str
    status_label: str
    until: date | None
    expired: bool
    counts: bool
    now: float
    evidenced: float | None
    then: float

    @property
    def key(self) -> str:
        """The control's id, as a question has its key."""
        return self.id

    @property
    def verb(self) -> str:
        """What there is to do first: what works is to be proved, the rest to be put in place."""
        if self.counts:
            return _("Prove")
        if not self.status:
            return _("State and prove")
        return _("Finish") if self.status == ControlStatus.IN_PROGRESS else _("Put in place")

    @property
    def best(self) -> float:
        """The least risk that the step leads to."""
        return self.then


@dataclass(frozen=True, slots=True)
class QuestionStep:
    """An open question, and the risk after its best and its worst answer. `step`: where it is asked; empty: nowhere,
    which is so for telemetry and for facts of the organisation."""

    key: str
    text: str
    step: str
    answered: bool  # by "I don't know"
    now: float
    best: float
    worst: float
    best_answer: str
    worst_answer: str

    @property
    def telemetry(self) -> bool:
        """Whether it is about a feed that shows use, which no answer settles."""
        return self.key == TELEMETRY[1]


@dataclass(frozen=True, slots=True)
class AlertStep:
    """The open alerts and incidents, and the risk once all of them are resolved."""

    count: int
    now: float
    then: float


@dataclass(frozen=True, slots=True)
class Together:
    """The fewest of the best controls that leave today's band once all are verified; all of them, where none do."""

    count: int
    now: float
    then: float
    band: str
    leaves: bool


def together(judgement: Judgement, steps: Sequence[ControlStep | QuestionStep], measure: str) -> Together | None:
    """What the controls among the steps do together, exactly; None in the lowest band, and where there are none."""
    method = load_method()
    now = value_of(judgement, measure)
    band = method.band(now)
    ids = [one.id for one in steps if isinstance(one, ControlStep)]
    if not ids or band == method.bands[0][0] or judgement.inputs.prohibited:
        return None
    for count in range(1, len(ids) + 1):
        then = value_of(tried(judgement, Changes(controls=dict.fromkeys(ids[:count], BEST_STATUS)), method), measure)
        if method.band(then) != band:
            break
    return Together(count, now, then, method.band(then), method.band(then) != band)


def alert_step(judgement: Judgement, measure: str = OVERALL) -> AlertStep | None:
    """What resolving every open alert would change, exactly; None where there is none, or it changes nothing."""
    counted = (one for one in judgement.case.occurrences if one.counts_on(judgement.day))
    open_ones = frozenset(one.ref for one in counted if one.open)
    if not open_ones or judgement.inputs.prohibited:
        return None
    then = tried(judgement, Changes(closed=open_ones), load_method())
    step = AlertStep(len(open_ones), value_of(judgement, measure), value_of(then, measure))
    return step if step.then < step.now else None


def next_steps(
    judgement: Judgement, measure: str = OVERALL, method: Method | None = None
) -> list[ControlStep | QuestionStep]:
    """The steps that can lower the risk of the measure most, best first; each is exact, one at a time. `method`: with
    which it was judged, where that is not the one in force."""
    method = method or load_method()
    found: list[ControlStep | QuestionStep] = [
        _control(one, judgement, method) for one in control_effects(judgement, method, measure)[:MOST_CONTROLS]
    ]
    found += [_question(one, judgement, method) for one in question_effects(judgement, method, measure)]
    return sorted(found, key=lambda one: one.best)


def _control(effect: Effect, judgement: Judgement, method: Method) -> ControlStep:
    control = method.controls[effect.control]
    stated = judgement.case.controls.get(control.id)
    status = stated.status_on(judgement.day) if stated else None
    until = stated.as_of + timedelta(days=control.review_days) if stated else None
    if until and stated and stated.valid_until:
        until = min(until, stated.valid_until)
    return ControlStep(
        id=control.id,
        title=control.title,
        family=control.family,
        satisfies=control.satisfies,
        status=status or "",
        status_label=str(ControlStatus(status).label) if status else _("Not answered"),
        until=until,
        expired=until is not None and until < judgement.day,
        counts=status in _WORKING,
        now=effect.now,
        evidenced=effect.evidenced,
        then=effect.then,
    )


def _question(effect: QuestionEffect, judgement: Judgement, method: Method) -> QuestionStep:
    text = _("See its use") if effect.question == TELEMETRY[1] else question_text(effect.question, method)
    ranked = sorted(effect.options, key=lambda option: effect.options[option])
    return QuestionStep(
        key=effect.question,
        text=text,
        step=step_of(effect.question, method) or "",
        answered=effect.question in judgement.case.answers,
        now=effect.now,
        best=effect.best,
        worst=effect.worst,
        best_answer=_option(ranked[0]),
        worst_answer=_option(ranked[-1]),
    )


def _option(option: str) -> str:
    return _("it shows nothing") if option == "seen" else option_label(option)
