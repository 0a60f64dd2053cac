"""What a step would change, exactly: the same case with something else stated, judged as it will be judged then (§12).

One change at a time; the differences must not be added up.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from risk.scoring.application import ApplicationScore, ControlInput
from risk.scoring.case import APPROVED_FOR, Case, Occurrence, Stated, Usage
from risk.scoring.classify import Answer
from risk.scoring.expressions import evaluate
from risk.scoring.facts import Contradiction, contradictions
from risk.scoring.formulas import effects as control_sums
from risk.scoring.formulas import loads
from risk.scoring.judgement import Judgement, Previous, classified, judge, stated_facts
from risk.scoring.method import Method
from risk.scoring.score import score_application
from risk.scoring.unknowns import TELEMETRY, unknown_shares
from risk.scoring.vocabulary import EU_CLASS_FACTOR, EVIDENCED, OVERALL, Kind

BEST_STATUS = "verified"
DECIDING_QUESTIONS = 2  # how many questions that decide the class are tried


@dataclass(frozen=True, slots=True)
class Changes:
    """What is tried on a copy of a case. `controls`: status by control, stated on the day of the judgement.

    `alerts`: severities of alerts that come in on that day, of no known tactic. `closed`: refs of alerts to resolve;
    `dismissed`: those that turn out to be none. `telemetry`: use is seen, and it shows nothing.
    """

    answers: Mapping[str, Answer] = field(default_factory=dict)
    controls: Mapping[str, str] = field(default_factory=dict)
    alerts: tuple[str, ...] = ()
    closed: frozenset[str] = frozenset()
    dismissed: frozenset[str] = frozenset()
    telemetry: bool = False

    def __bool__(self) -> bool:
        return any((self.answers, self.controls, self.alerts, self.closed, self.dismissed, self.telemetry))


def tried(judgement: Judgement, changes: Changes, method: Method) -> Judgement:
    """The judgement that follows once these changes are made, as the next recalculation will make it."""
    return _next(judgement, changed_case(judgement, changes), method)


def _next(judgement: Judgement, case: Case, method: Method) -> Judgement:
    before = Previous(judgement.score, judgement.tier, judgement.case.held)
    return judge(case, judgement.day, method, before)


def changed_case(judgement: Judgement, changes: Changes) -> Case:
    """The case with the changes made."""
    case, day = judgement.case, judgement.day
    occurrences = [
        replace(one, open=False) if one.ref in changes.closed else one
        for one in case.occurrences
        if one.ref not in changes.dismissed
    ]
    occurrences += [
        Occurrence(severity, (), day, True, f"new-{place}", f"A new alert, {severity}")
        for place, severity in enumerate(changes.alerts, start=1)
    ]
    stated = {key: _restated(case.controls.get(key), status, judgement) for key, status in changes.controls.items()}
    return replace(
        case,
        answers={**case.answers, **changes.answers},
        controls={**case.controls, **stated},
        occurrences=tuple(occurrences),
        usage=_counted(case.usage, changes),
    )


def _counted(usage: Usage, changes: Changes) -> Usage:
    """What use will count then: its sensitive part hangs on what the application is approved for, and an attack whose
    alert is dismissed was none."""
    sensitive = usage.sensitive
    if APPROVED_FOR in changes.answers and usage.above:
        sensitive = usage.above.get(str(changes.answers[APPROVED_FOR]), 0)
    return replace(
        usage,
        interactions=1 if changes.telemetry and not usage.interactions else usage.interactions,
        sensitive=sensitive,
        attacks=usage.attacks - len(changes.dismissed & usage.blocked),
    )


def _restated(old: Stated | None, status: str, judgement: Judgement) -> Stated:
    """The statement made anew today, with evidence that holds."""
    return Stated(status, judgement.day, due=old.due if old else None)


@dataclass(frozen=True, slots=True)
class Effect:
    """The point value now, with evidence for this control from today on, and with the control verified today.

    `evidenced` is None where the control is evidenced as of today, or better, already.
    """

    control: str
    now: float
    evidenced: float | None
    then: float

    @property
    def gain(self) -> float:
        """By how much the risk falls, at best."""
        return self.now - self.then


def control_effects(judgement: Judgement, method: Method, measure: str = OVERALL) -> list[Effect]:
    """Effect of asked controls on the overall risk, or on a principle, largest first, without those that have none.

    Exact: stating a control changes neither which others are asked nor the tier, so scoring the changed inputs gives
    what judging the changed case gives (a test holds both together), at a tenth of the cost.
    """
    if judgement.inputs.prohibited:
        return []
    now = value_of(judgement.score, measure)
    found = []
    for place, control in enumerate(judgement.inputs.controls):
        if not _applies(control, judgement, method):
            continue  # whether it counts hangs on a question, not on its state

        def stated(status: str, place: int = place, control: ControlInput = control) -> float:
            return value_of(_score_with(judgement, place, control, status, method), measure)

        evidenced, then = stated(EVIDENCED), stated(BEST_STATUS)
        if then < now:
            found.append(Effect(control.id, now, evidenced if evidenced < now else None, then))
    return sorted(found, key=lambda one: (-one.gain, one.control))


def _applies(control: ControlInput, judgement: Judgement, method: Method) -> bool:
    return evaluate(method.controls[control.id].applies_when, judgement.facts.get) is True


def _score_with(
    judgement: Judgement, place: int, control: ControlInput, status: str, method: Method
) -> ApplicationScore:
    """The score with one control stated today; a control that a duty may need then counts for certain."""
    better = replace(control, status=status, age=0, applicable=True)
    controls = judgement.inputs.controls
    return score_application(
        replace(judgement.inputs, controls=(*controls[:place], better, *controls[place + 1 :])), method
    )


@dataclass(frozen=True, slots=True)
class QuestionEffect:
    """The point value now, and after each possible answer to an open question, exactly: option → point value.

    `question` is `telemetry` for the question whether use is seen; it has one option, that use shows nothing.
    """

    question: str
    now: float
    options: Mapping[str, float]

    @property
    def best(self) -> float:
        """The least risk that an answer leads to."""
        return min(self.options.values())

    @property
    def worst(self) -> float:
        """The greatest risk that an answer leads to."""
        return max(self.options.values())


def question_effects(
    judgement: Judgement, method: Method, measure: str = OVERALL, most: int = 3
) -> list[QuestionEffect]:
    """Effect of answering what is not known, for the `most` items that widen the range most; largest gain first."""
    inputs = judgement.inputs
    if inputs.prohibited:
        return []
    sums, load = control_sums(inputs.controls, method), loads(inputs.signals, method)
    shares = unknown_shares(inputs, sums, load, method)[measure]
    widest = sorted((item for item in shares if item[0] is not Kind.CONTROL), key=lambda item: -shares[item])
    now = value_of(judgement.score, measure)
    found = []
    for item in widest[:most]:
        for question, tries in _tries(item, judgement, method):
            options = {option: value_of(tried(judgement, one, method), measure) for option, one in tries.items()}
            found.append(QuestionEffect(question, now, options))
    useful = [one for one in found if any(abs(value - now) > _NOTHING for value in one.options.values())]
    return sorted(useful, key=lambda one: (one.best, one.question))


_NOTHING = 1e-9


def _tries(item: tuple[Kind, str], judgement: Judgement, method: Method) -> Iterable[tuple[str, Mapping[str, Changes]]]:
    """The questions behind an unknown item, each with its possible answers."""
    if item == TELEMETRY:
        return [(TELEMETRY[1], {"seen": Changes(telemetry=True)})]
    if item[1] != EU_CLASS_FACTOR:
        options = method.factors[item[1]].options
        return [(item[1], {option: Changes(answers={item[1]: option}) for option in options})]
    deciding = [key for key in judgement.classification.decided_by if method.questions[key].type == "yes_no"]
    return [
        (key, {"yes": Changes(answers={key: True}), "no": Changes(answers={key: False})})
        for key in deciding[:DECIDING_QUESTIONS]
    ]


def value_of(judged: ApplicationScore | Judgement, measure: str) -> float:
    """The overall point value, or that of a principle."""
    score = judged.score if isinstance(judged, Judgement) else judged
    return score.point if measure == OVERALL else score.principles[measure].point


def clashes(case: Case, method: Method) -> list[Contradiction]:
    """What the answers of a case, the organisation's facts and the classification say against each other."""
    stated = {key: value for key, value in stated_facts(case, method).items() if value is not None}
    said = {**dict.fromkeys(classified(case, method).facts, True), **stated}
    implied = {fact: True for key, value in said.items() if value for fact in method.implied[key]}
    return contradictions({**implied, **said}, method)
