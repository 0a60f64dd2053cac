"""Why two judgements of one application differ: each change put in alone, one after the other, with what it did.

The order is fixed: what a new method cannot read, that method, answers, facts of the organisation, controls, time,
alerts, use, ratchet. Each step is judged on the same road as everything else, so the effects add up to the whole
difference. Where two changes work on each other, the later step gets what they do together; another order would share
that differently.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum
from typing import TypeVar

from risk.scoring.application import ApplicationInput, ApplicationScore
from risk.scoring.case import Case
from risk.scoring.fitness import misfits
from risk.scoring.formulas import effectiveness
from risk.scoring.judgement import Judgement, judge
from risk.scoring.method import Method
from risk.scoring.score import score_application
from risk.scoring.vocabulary import OVERALL
from risk.scoring.what_if import value_of

K = TypeVar("K")
V = TypeVar("V")


class CauseKind(StrEnum):
    """What can make a score differ, in the order in which the changes are put in."""

    MISFIT = "misfit"
    METHOD = "method"
    ANSWER = "answer"
    ORGANISATION = "organisation"
    CONTROL = "control"
    AGE = "age"
    FADING = "fading"
    ALERT = "alert"
    USAGE = "usage"
    METRICS = "metrics"
    RATCHET = "ratchet"


@dataclass(frozen=True, slots=True)
class Cause:
    """One change. `before`, `after`: the values as the case holds them, None where there was or is none.

    `effects`: points of risk by measure (overall and each principle); positive is worse.
    """

    kind: CauseKind
    key: str
    before: object
    after: object
    effects: Mapping[str, float]


@dataclass(slots=True)
class _Steps:
    """The judgement as far as the changes are put in, and the score before the next one."""

    case: Case
    day: date
    method: Method
    score: ApplicationScore
    last: Judgement  # the last that was judged on the way
    causes: list[Cause] = field(default_factory=list)

    def put_in(self, kind: CauseKind, key: str, before: object, after: object, score: ApplicationScore) -> None:
        """Note what the change did to the score."""
        measures = (OVERALL, *self.method.principles)
        effects = {m: value_of(score, m) - value_of(self.score, m) for m in measures}
        self.causes.append(Cause(kind, key, before, after, effects))
        self.score = score

    def judged(self, case: Case) -> ApplicationScore:
        """The score of the changed case, which is the case from now on."""
        self.case, self.last = case, judge(case, self.day, self.method, like=self.last)
        return self.last.score


def differences(before: Judgement, after: Judgement, old: Method, new: Method) -> tuple[Cause, ...]:
    """What changed from one judgement to a later one. The effects of a measure add up to its difference.

    `old`, `new`: the methods they were made with; both must score the same principles.
    """
    steps = _Steps(before.case, before.day, old, before.score, before)
    if old is not new:
        _take_out_misfits(steps, new)
        steps.method = new
        steps.put_in(CauseKind.METHOD, new.version, old.version, new.version, steps.judged(steps.case))
    _put_in_statements(steps, after.case)
    _put_in_time(steps, after.day)
    _put_in_signals(steps, after.case)
    if steps.case.held != after.case.held:
        was, now = steps.case.held, after.case.held
        steps.put_in(CauseKind.RATCHET, "", was, now, steps.judged(replace(steps.case, held=now)))
    return tuple(steps.causes)


def _take_out_misfits(steps: _Steps, new: Method) -> None:
    """What a later method cannot read counts as not stated from then on: each is taken out under the earlier one."""
    for key in sorted(misfits(steps.case, new)):
        case = steps.case
        was = case.controls.get(key) or case.answers.get(key, case.organisation.get(key))
        fits = replace(
            case,
            answers=_with(case.answers, key, {}),
            organisation=_with(case.organisation, key, {}),
            controls=_with(case.controls, key, {}),
        )
        steps.put_in(CauseKind.MISFIT, key, was, None, steps.judged(fits))


def _put_in_statements(steps: _Steps, after: Case) -> None:
    """What people stated: answers, facts of the organisation, controls."""
    for key, was, now in _changed(steps.case.answers, after.answers):
        case = replace(steps.case, answers=_with(steps.case.answers, key, after.answers))
        steps.put_in(CauseKind.ANSWER, key, was, now, steps.judged(case))
    for key, was, now in _changed(steps.case.organisation, after.organisation):
        case = replace(steps.case, organisation=_with(steps.case.organisation, key, after.organisation))
        steps.put_in(CauseKind.ORGANISATION, key, was, now, steps.judged(case))
    for key, old, new in _changed(steps.case.controls, after.controls):
        case = replace(steps.case, controls=_with(steps.case.controls, key, after.controls))
        steps.put_in(CauseKind.CONTROL, key, old, new, steps.judged(case))


def _put_in_time(steps: _Steps, day: date) -> None:
    """The days in between: each control that lost value by its age or the end of its evidence, then fading alerts."""
    then, now = (judge(steps.case, one, steps.method).inputs for one in (steps.day, day))
    start, steps.day = steps.day, day
    inputs = then
    for place, (old, new) in enumerate(zip(then.controls, now.controls, strict=True)):
        if effectiveness(old, steps.method) != effectiveness(new, steps.method):
            controls = (*inputs.controls[:place], new, *inputs.controls[place + 1 :])
            inputs = replace(inputs, controls=controls)
            steps.put_in(CauseKind.AGE, old.id, start, day, score_application(inputs, steps.method))
    _put_in_events(steps, then, now, start)


def _put_in_events(steps: _Steps, then: ApplicationInput, now: ApplicationInput, start: date) -> None:
    """What time does to alerts: it fades those that counted, and lets count those that an incident no longer covers."""
    counted = {one.ref for one in then.signals.events}

    def score() -> ApplicationScore:
        events = tuple(one for one in now.signals.events if one.ref in counted)
        return score_application(replace(now, signals=replace(now.signals, events=events)), steps.method)

    if then.signals.events != tuple(one for one in now.signals.events if one.ref in counted):
        steps.put_in(CauseKind.FADING, "", start, steps.day, score())
    for one in steps.case.occurrences:
        if one.counts_on(steps.day) and not one.counts_on(start):
            counted.add(one.ref)
            steps.put_in(CauseKind.ALERT, one.ref, one, one, score())


def _put_in_signals(steps: _Steps, after: Case) -> None:
    """What operation showed: alerts that came, closed or went, and counts of use."""
    old, new = ({(one.ref, one.label): one for one in case.occurrences} for case in (steps.case, after))
    for key, was, now in _changed(old, new):
        current = {(one.ref, one.label): one for one in steps.case.occurrences}
        case = replace(steps.case, occurrences=tuple(_with(current, key, new).values()))
        steps.put_in(CauseKind.ALERT, key[0], was, now, steps.judged(case))
    if steps.case.occurrences != after.occurrences:  # the same ones in another order
        steps.case = replace(steps.case, occurrences=after.occurrences)
    if steps.case.usage != after.usage:
        use = steps.case.usage
        steps.put_in(CauseKind.USAGE, "", use, after.usage, steps.judged(replace(steps.case, usage=after.usage)))
    if steps.case.measures != after.measures:
        found = steps.case.measures
        case = replace(steps.case, measures=after.measures)
        steps.put_in(CauseKind.METRICS, "", found, after.measures, steps.judged(case))


def _changed(old: Mapping[K, V], new: Mapping[K, V]) -> Iterator[tuple[K, V | None, V | None]]:
    """(key, old value, new value) of every key whose value differs, in a fixed order."""
    for key in sorted({*old, *new}, key=str):
        if (key in old) != (key in new) or old.get(key) != new.get(key):
            yield key, old.get(key), new.get(key)


def _with(old: Mapping[K, V], key: K, new: Mapping[K, V]) -> dict[K, V]:
    """A copy of `old` in which the key stands as in `new`."""
    copy = dict(old)
    if key in new:
        copy[key] = new[key]
    else:
        copy.pop(key, None)
    return copy
