"""One application judged as a whole on a day: class, facts, the controls asked, and scores.

The single road from stated facts to figures: the worker, pages, what-if and the replay of a snapshot all take it.
Parts that depend on little are remembered, since many applications share their answers.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache

from risk.scoring.application import ApplicationInput, ApplicationScore, ControlInput, Event, Ratchet, Signals
from risk.scoring.case import Case, Occurrence
from risk.scoring.classify import Classification, atom_values, classify_values
from risk.scoring.controls import AskedControl, asked_controls, next_ratchet, tier_of
from risk.scoring.expressions import Truth
from risk.scoring.facts import combine
from risk.scoring.formulas import chosen, inherent
from risk.scoring.method import Method, Weights
from risk.scoring.score import score_application
from risk.scoring.vocabulary import EU_CLASS_FACTOR, SCALE_FACTOR, WORST, EUClass

# Questions of the decision table that the organisation page answers once, through the fact of the same meaning.
ORGANISATION_QUESTIONS = {"public_body": "org.public_body", "public_service": "org.public_service_provider"}
# Classes without an option of their own in the factor count as minimal (contracts §3).
_AS_FACTOR = {EUClass.OUT_OF_SCOPE: "minimal", EUClass.GPAI_MODEL: "minimal"}
_DEFAULT_TACTIC = "default"
RATE_UNIT = 1000  # rates are per 1,000 interactions
COUNTED_RATES = ("sensitive_interactions", "blocked_attacks")  # from use; the method's others are delivered as metrics


@dataclass(frozen=True, slots=True)
class Previous:
    """The judgement before: its scores, its tier, and the ratchet it was made with."""

    score: ApplicationScore
    tier: int
    held: Ratchet | None


@dataclass(frozen=True, slots=True)
class Judgement:
    """Everything that follows from a case on a day. `case.held` is the ratchet that was in force."""

    case: Case
    day: date
    classification: Classification
    facts: Mapping[str, Truth]
    asked: tuple[AskedControl, ...]
    tier: int
    table: tuple[object, ...]  # answers as the decision table takes them, in the order of its questions
    inputs: ApplicationInput
    score: ApplicationScore

    @property
    def scale(self) -> str | None:
        """The `scale` answer, which weighs the application in its department."""
        return self.inputs.answers.get(SCALE_FACTOR)


def judge(
    case: Case, day: date, method: Method, previous: Previous | None = None, like: Judgement | None = None
) -> Judgement:
    """Judge a case as of a day. Pure: the same arguments give the same judgement.

    With `previous`, the ratchet (docs/method.md §3) follows from it; without, `case.held` is in force, which is how a
    snapshot is replayed. What was agreed not to apply counts up to the last day of the agreement. `like`: a judgement
    of nearly the same, from which what is the same is taken over; it changes nothing but the time it takes.
    """
    case = case.on(day)
    table = table_answers(case, method)
    classification = _classified(table, method)
    answers = factor_answers(case, classification, method)
    prohibited = classification.class_ == EUClass.PROHIBITED
    worst = WORST if prohibited else _inherent_worst(tuple(answers.items()), method)
    facts, asked = _asked(case, classification, worst, method)
    tier = tier_of(worst, classification.class_)
    if previous is not None:
        held = next_ratchet(previous.held, previous.score, previous.tier, tier, asked, case.controls)
        case = replace(case, held=held)
    inputs = ApplicationInput(
        answers=answers,
        controls=_control_inputs(asked, case, day, like),
        signals=signals_of(case, day, method),
        prohibited=prohibited,
        previous=case.held,
    )
    score = score_application(inputs, method)
    return Judgement(case, day, classification, facts, asked, tier, table, inputs, score)


def classified(case: Case, method: Method) -> Classification:
    """The class by what was answered so far; a question that nobody answered is unknown."""
    return _classified(table_answers(case, method), method)


def table_answers(case: Case, method: Method) -> tuple[object, ...]:
    """Answer to each question of the decision table, those of the organisation included; None where not answered."""
    given = {**case.answers, **{q: case.organisation.get(fact) for q, fact in ORGANISATION_QUESTIONS.items()}}
    answers = map(given.get, method.questions)
    return tuple(tuple(answer) if isinstance(answer, list) else answer for answer in answers)


@lru_cache(maxsize=16384)
def _classified(answers: tuple[object, ...], method: Method) -> Classification:
    return classify_values(table_values(answers, method), method)


@lru_cache(maxsize=8)  # who asks for the class asks for the questions next
def table_values(answers: tuple[object, ...], method: Method) -> Mapping[str, Truth]:
    """The value of every atom about the answers of `table_answers`."""
    thawed = (list(a) if isinstance(a, tuple) else a for a in answers)
    return atom_values(dict(zip(method.questions, thawed, strict=True)), method)  # type: ignore[arg-type]


def factor_answers(case: Case, classification: Classification, method: Method) -> dict[str, str | None]:
    """Option by factor, None where unknown; the EU class is derived, never asked (contracts §3)."""
    answers: dict[str, str | None] = {}
    for factor in method.factors:
        given = case.answers.get(factor)
        answers[factor] = given if isinstance(given, str) else None
    answers[EU_CLASS_FACTOR] = eu_class_option(classification)
    return answers


def eu_class_option(classification: Classification) -> str | None:
    """The option of the class factor, None while a higher one is possible.

    *Possibly prohibited* is a warning, not a grade: the gate closes only when it is certain.
    """
    if classification.class_ == EUClass.PROHIBITED:
        return EUClass.HIGH_RISK.value  # never scored: the gate shows 100 everywhere
    options = {_AS_FACTOR.get(EUClass(one), one) for one in classification.possible if one != EUClass.PROHIBITED}
    return options.pop() if len(options) == 1 else None


@lru_cache(maxsize=65536)
def _inherent_worst(answers: tuple[tuple[str, str | None], ...], method: Method) -> float:
    """The largest inherent point value, before any control is known."""
    inp = ApplicationInput(dict(answers))
    low = inherent(chosen(inp, method, worst=False), method)
    high = inherent(chosen(inp, method, worst=True), method)
    caution = method.parameters.caution
    return max(a + caution * (b - a) for a, b in zip(low, high, strict=True))


def stated_facts(case: Case, method: Method) -> dict[str, Truth]:
    """Facts as people stated them: about the application and about the organisation."""
    facts: dict[str, Truth] = dict(case.organisation)
    for key, answer in case.answers.items():
        if key in method.facts:
            facts[key] = answer if isinstance(answer, bool) else None
    return facts


def _asked(
    case: Case, classification: Classification, worst: float, method: Method
) -> tuple[Mapping[str, Truth], tuple[AskedControl, ...]]:
    stated = tuple(sorted(stated_facts(case, method).items(), key=lambda item: item[0]))
    excluded = frozenset(key for key, one in case.controls.items() if not one.applicable)
    return _asked_of(_Settled(classification), stated, worst, frozenset(case.controls), excluded, method)


class _Settled:
    """A classification as a key: `_classified` hands out one object for the same answers, so identity is enough."""

    __slots__ = ("classification",)

    def __init__(self, classification: Classification) -> None:
        self.classification = classification

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Settled) and other.classification is self.classification

    def __hash__(self) -> int:
        return id(self.classification)


@lru_cache(maxsize=16384)
def _asked_of(
    settled: _Settled,
    stated: tuple[tuple[str, Truth], ...],
    worst: float,
    answered: frozenset[str],
    excluded: frozenset[str],
    method: Method,
) -> tuple[Mapping[str, Truth], tuple[AskedControl, ...]]:
    classification = settled.classification
    facts = combine(method, classification, dict(stated), worst)
    return facts, tuple(asked_controls(method, facts, worst, classification.class_, answered, excluded))


def _control_inputs(
    asked: tuple[AskedControl, ...], case: Case, day: date, like: Judgement | None
) -> tuple[ControlInput, ...]:
    if like is None or like.day != day:
        return tuple(control_input(one, case, day) for one in asked)
    known = {one.control.id: (one, made) for one, made in zip(like.asked, like.inputs.controls, strict=True)}

    def made(one: AskedControl) -> ControlInput:
        key = one.control.id
        was, found = known.get(key, (None, None))
        same = was is one or (was is not None and was.control is one.control and was.applicable == one.applicable)
        if found is not None and same and like.case.controls.get(key) is case.controls.get(key):
            return found
        return control_input(one, case, day)

    return tuple(made(one) for one in asked)


def control_input(one: AskedControl, case: Case, day: date) -> ControlInput:
    """An asked control as the engine takes it: its age in whole days up to the day."""
    stated = case.controls.get(one.control.id)
    return ControlInput(
        id=one.control.id,
        severity=one.control.severity,
        status=stated.status_on(day) if stated else None,
        age=max(0, (day - stated.as_of).days) if stated else 0,
        interval=one.control.review_days,
        applicable=one.applicable,
        principles=one.control.principles,
    )


def signals_of(case: Case, day: date, method: Method) -> Signals:
    """What operation shows (docs/method.md §4): alerts as events, counts against volume and metrics as rates."""
    usage, measured = case.usage, case.measures.values
    rates = {}
    if usage.interactions:
        rates = {
            "sensitive_interactions": RATE_UNIT * usage.sensitive / usage.interactions,
            "blocked_attacks": RATE_UNIT * usage.attacks / usage.interactions,
        }
    rates |= {key: measured[key] for key in method.rates if key in measured and key not in COUNTED_RATES}
    return Signals(
        telemetry=usage.interactions > 0 or case.measures.count > 0,
        events=tuple(_event(one, day, method) for one in case.occurrences if one.counts_on(day)),
        rates={key: rate for key, rate in rates.items() if rate},
        drift=measured.get(method.drift.id),
    )


def _event(one: Occurrence, day: date, method: Method) -> Event:
    return Event(
        severity=one.severity,
        principles=weights_of(one, method),
        age=max(0, (day - one.day).days),
        open=one.open,
        label=one.label,
        ref=one.ref,
    )


def weights_of(one: Occurrence, method: Method) -> Weights:
    """How much it presses on each principle: an incident in full on those recorded, an alert by its tactics."""
    return dict.fromkeys(one.principles, 1.0) if one.principles else tactic_weights(one.tactics, method)


def tactic_weights(tactics: tuple[str, ...], method: Method) -> Weights:
    """The maximum per principle over the alert's tactics; `default` where none is known."""
    known = [method.alert_weights[t] for t in tactics if t in method.alert_weights and t != _DEFAULT_TACTIC]
    weights: dict[str, float] = {}
    for one in known or [method.alert_weights[_DEFAULT_TACTIC]]:
        for principle, weight in one.items():
            weights[principle] = max(weight, weights.get(principle, 0.0))
    return weights
