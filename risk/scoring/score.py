"""Risk of one application: low, high and point for each principle and overall (docs/method.md, sections 2 to 6).

Everything is a plain float64 between 0 (best) and 100 (worst). The engine knows no dates: ages are in days and are
computed before. Unknown is None, and every unknown is computed twice: as the best and as the worst it could be.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from math import exp, sqrt
from typing import Any

from risk.scoring.method import MeasureSignal, Method, Weights
from risk.scoring.vocabulary import OVERALL, WORST, Kind


@dataclass(frozen=True, slots=True)
class ControlInput:
    """One control as asked of the application. `age`, `interval`: days since the statement, review interval.

    `status` None: not answered. `applicable` None: not known; False: does not count.
    """

    id: str
    severity: float
    status: str | None
    age: float
    interval: float
    applicable: bool | None
    principles: Weights


@dataclass(frozen=True, slots=True)
class Event:
    """An alert or incident, `age` days old. `label` and `ref` only travel into the explanation."""

    severity: str
    principles: Weights
    age: float
    open: bool
    label: str = ""
    ref: str = ""


@dataclass(frozen=True, slots=True)
class Signals:
    """What operation shows. `telemetry` False: nothing connected, which widens the range. Rates are per 1,000."""

    telemetry: bool = False
    events: tuple[Event, ...] = ()
    rates: Mapping[str, float] = field(default_factory=dict)
    drift: float | None = None


@dataclass(frozen=True, slots=True)
class Ratchet:
    """Point values that may not be undercut while one of the newly asked controls `pending` is unanswered."""

    overall: float
    principles: Weights
    pending: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ApplicationInput:
    """All that the score of one application depends on, besides the method. A factor that is absent is unknown."""

    answers: Mapping[str, str | None]
    controls: tuple[ControlInput, ...] = ()
    signals: Signals = Signals()
    prohibited: bool = False
    previous: Ratchet | None = None


@dataclass(frozen=True, slots=True)
class Contribution:
    """One bar of an explanation, in points of risk. `key` names the factor, control, rate or event within its kind."""

    kind: Kind
    key: str
    label: str
    value: float


@dataclass(frozen=True, slots=True)
class PrincipleScore:
    """Risk of one principle. `inherent` is the point value before controls and signals."""

    low: float
    high: float
    point: float
    inherent: float
    inherent_low: float
    inherent_high: float
    contributions: tuple[Contribution, ...] = ()


@dataclass(frozen=True, slots=True)
class ApplicationScore:
    """Scores by principle and overall, with the band of the overall point value."""

    principles: dict[str, PrincipleScore]
    low: float
    high: float
    point: float
    band: str
    contributions: tuple[Contribution, ...] = ()

    @property
    def inherent_worst(self) -> float:
        """The largest inherent point value; it decides the tier of controls that are asked."""
        return max(one.inherent for one in self.principles.values())

    def to_dict(self) -> dict[str, Any]:
        """Plain values, unrounded, as `score_inputs` prints them."""
        return {
            "principles": {
                p: {"low": s.low, "high": s.high, "point": s.point, "inherent": s.inherent}
                for p, s in self.principles.items()
            },
            OVERALL: {"low": self.low, "high": self.high, "point": self.point, "band": self.band},
        }


def score_application(inp: ApplicationInput, method: Method) -> ApplicationScore:
    """The scores of one application, without contributions (`explain` gives those).

    Expects checked input: every option, status, severity and principle is known to the method (`inputs.parse`).
    """
    if inp.prohibited:
        return _prohibited(method)
    caution = method.parameters.caution
    chosen_low, chosen_high = chosen(inp, method, worst=False), chosen(inp, method, worst=True)
    inherent_low = inherent(chosen_low, method)
    inherent_high = inherent_low if chosen_low == chosen_high else inherent(chosen_high, method)
    effect_low, effect_high = mitigation(inp.controls, method)
    load_low = loads(inp.signals, method)
    unseen = 0.0 if inp.signals.telemetry else method.parameters.no_telemetry_load
    held = _held(inp)
    scores: dict[str, PrincipleScore] = {}
    for i, principle in enumerate(method.principles):
        low = residual(inherent_low[i], effect_low[i], load_low[i], method)
        high = residual(inherent_high[i], effect_high[i], load_low[i] + unseen, method)
        point = low + caution * (high - low)
        if held is not None:
            point = max(point, held.principles.get(principle, 0.0))
            high = max(high, point)
        inh_low, inh_high = inherent_low[i], inherent_high[i]
        inh = inh_low + caution * (inh_high - inh_low)
        scores[principle] = PrincipleScore(low, high, point, inh, inh_low, inh_high)
    low = overall([s.low for s in scores.values()], method)
    high = overall([s.high for s in scores.values()], method)
    point = low + caution * (high - low)
    if held is not None:
        point = max(point, held.overall)
        high = max(high, point)
    return ApplicationScore(scores, low, high, point, method.band(point))


def _prohibited(method: Method) -> ApplicationScore:
    """A prohibited application shows 100 everywhere, whatever its controls (section 2)."""
    stop = PrincipleScore(WORST, WORST, WORST, WORST, WORST, WORST)
    return ApplicationScore(dict.fromkeys(method.principles, stop), WORST, WORST, WORST, method.band(WORST))


def _held(inp: ApplicationInput) -> Ratchet | None:
    """The ratchet while a newly asked control is still unanswered, else None (section 3)."""
    if inp.previous is None:
        return None
    waiting = {c.id for c in inp.controls if c.status is None and c.applicable is not False}
    return inp.previous if waiting.intersection(inp.previous.pending) else None


def chosen(inp: ApplicationInput, method: Method, *, worst: bool) -> dict[str, str]:
    """Option of each factor; an unanswered one counts as its largest (`worst`) or smallest option."""
    options = {}
    for factor in method.factors.values():
        answer = inp.answers.get(factor.id)
        options[factor.id] = answer if answer is not None else (factor.most if worst else factor.least)
    return options


def inherent(options: Mapping[str, str], method: Method) -> list[float]:
    """Inherent risk by principle, in the order of `method.principles` (section 2)."""
    floor = class_floor(options, method)
    result = []
    for principle in method.principles:
        impact, likelihood = impact_likelihood(options, principle, method)
        result.append(max(floor, exposed(impact, likelihood, method)))
    return result


def exposed(impact: float, likelihood: float, method: Method) -> float:
    """100 · I · (0.6 + 0.4 · L), before the floor of the class."""
    base = method.parameters.likelihood_base
    return WORST * impact * (base + (1 - base) * likelihood)


def impact_likelihood(options: Mapping[str, str], principle: str, method: Method) -> tuple[float, float]:
    """I (root mean square of the impact factors) and L (mean of the likelihood factors), both in [0, 1]."""
    weights = method.weights[principle]
    square = sum(weights[f.id] * f.options[options[f.id]] ** 2 for f in method.impact_factors)
    mean = sum(weights[f.id] * f.options[options[f.id]] for f in method.likelihood_factors)
    return min(1.0, sqrt(square)), min(1.0, mean)


def class_floor(options: Mapping[str, str], method: Method) -> float:
    """The least inherent risk that the chosen options allow: 60 for EU high-risk."""
    return max((f.floor[options[f.id]] for f in method.factors.values() if f.floor), default=0.0)


def effectiveness(control: ControlInput, method: Method) -> float | None:
    """e in [0, 1]: base of the status · φ(age). None: not answered, or unclear whether it applies (section 3)."""
    if control.status is None or control.applicable is None:
        return None
    base = method.control_status[control.status]
    if control.age <= control.interval:
        return base
    return base * max(0.0, 2 - control.age / control.interval)


def mitigation(controls: tuple[ControlInput, ...], method: Method) -> tuple[list[float], list[float]]:
    """M by principle on the low and on the high path: the share of what controls can take off (section 3)."""
    params, index, size = method.parameters, method.index, len(method.principles)
    total, low, high = [0.0] * size, [0.0] * size, [0.0] * size
    key_total, key_low, key_high = [0.0] * size, [0.0] * size, [0.0] * size
    for control in controls:
        if control.applicable is False:
            continue
        known = effectiveness(control, method)
        best, worst = (1.0, 0.0) if known is None else (known, known)
        severity = control.severity
        can_be_key = severity >= params.key_severity
        for principle, weight in control.principles.items():
            i = index[principle]
            share = severity * weight
            total[i] += share
            low[i] += share * best
            high[i] += share * worst
            if can_be_key and weight >= params.key_min_weight:
                key_total[i] += weight
                key_low[i] += weight * best
                key_high[i] += weight * worst
    return (
        [mitigated(low[i], total[i], key_low[i], key_total[i], method) for i in range(size)],
        [mitigated(high[i], total[i], key_high[i], key_total[i], method) for i in range(size)],
    )


def mitigated(effect: float, total: float, key_effect: float, key_total: float, method: Method) -> float:
    """M = CE · (0.6 + 0.4 · K); CE is 0 without controls, K is 1 without key controls."""
    if total <= 0:
        return 0.0
    key_share = method.parameters.key_share
    key = min(1.0, key_effect / key_total) if key_total > 0 else 1.0
    return min(1.0, effect / total) * (1 - key_share + key_share * key)


def residual(inherent_risk: float, mitigation_share: float, load: float, method: Method) -> float:
    """R: what controls leave, moved towards 100 by the pressure of signals (sections 3 and 4)."""
    left = after_controls(inherent_risk, mitigation_share, method)
    return min(WORST, left + pressed(left, load, method))


def after_controls(inherent_risk: float, mitigation_share: float, method: Method) -> float:
    """R0 = Inh · (1 − 0.85 · M)."""
    return inherent_risk * (1 - method.parameters.max_mitigation * mitigation_share)


def pressed(left: float, load: float, method: Method) -> float:
    """What signals of this load add to R0: at most half of the distance to 100."""
    if load <= 0:
        return 0.0
    pressure = 1 - exp(-load / method.parameters.signal_scale)
    return (WORST - left) * method.parameters.signal_cap * pressure


def loads(signals: Signals, method: Method) -> list[float]:
    """Known signal load by principle, in the order of `method.principles` (section 4)."""
    total = [0.0] * len(method.principles)
    for _, _, _, load, weights in signal_loads(signals, method):
        for principle, weight in weights.items():
            total[method.index[principle]] += load * weight
    return total


def signal_loads(signals: Signals, method: Method) -> Iterator[tuple[Kind, str, str, float, Weights]]:
    """Kind, key, label, load at weight 1, and principle weights of each event, rate and drift."""
    params = method.parameters
    for place, event in enumerate(signals.events):
        load = method.signal_severity[event.severity] * 2 ** (-event.age / params.signal_half_life_days)
        if not event.open:
            load *= params.signal_resolved_factor
        yield Kind.EVENT, event.ref or str(place + 1), event.label, load, event.principles
    for key, value in signals.rates.items():
        rate = method.rates[key]
        yield Kind.RATE, key, "", measure_load(rate, value), rate.principles
    if signals.drift is not None:
        yield Kind.DRIFT, method.drift.id, "", measure_load(method.drift, signals.drift), method.drift.principles


def measure_load(signal: MeasureSignal, value: float) -> float:
    """Load of a rate or drift at weight 1: grows with value / tolerance and stops at five times the tolerance."""
    return signal.severity * min(5.0, value / signal.tolerance)


def overall(values: list[float], method: Method) -> float:
    """Overall risk of the principles' values: between mean and worst, at most 25 below the worst (section 6)."""
    weights = [method.overall_weights[p] for p in method.principles]
    worst = max(values)
    mean = sum(w * v for w, v in zip(weights, values, strict=True)) / sum(weights)
    share = method.parameters.worst_weight
    blended = share * worst + (1 - share) * mean
    return min(worst, max(worst - method.parameters.worst_gap, blended))
