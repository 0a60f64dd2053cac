"""The formulas of the method, one function each (docs/method.md, sections 2 to 6)."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from math import exp, sqrt

from risk.scoring.application import ApplicationInput, ControlInput, Signals
from risk.scoring.method import MeasureSignal, Method, Weights
from risk.scoring.vocabulary import WORST, Kind

# A rate or drift adds load up to this multiple of its tolerance (section 4).
MOST_TOLERANCES = 5.0


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
    square = mean = 0.0
    for factor in method.impact_factors:
        square += weights[factor.id] * factor.options[options[factor.id]] ** 2
    for factor in method.likelihood_factors:
        mean += weights[factor.id] * factor.options[options[factor.id]]
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


@dataclass(slots=True)
class Effects:
    """Sums over the controls that count, by principle: Σ sev·w (`total`), Σ sev·w·e, and Σ w, Σ w·e of key controls."""

    total: list[float]
    low: list[float]
    high: list[float]
    key_total: list[float]
    key_low: list[float]
    key_high: list[float]

    def mitigation(self, place: int, method: Method, *, worst: bool) -> float:
        """M of the principle at `place`, with unanswered controls counted as working or (`worst`) as not working."""
        effect, key = (self.high, self.key_high) if worst else (self.low, self.key_low)
        return mitigated(effect[place], self.total[place], key[place], self.key_total[place], method)


def effects(controls: Iterable[ControlInput], method: Method) -> Effects:
    """The sums over the controls, those that are not applicable left out (section 3)."""
    params, index = method.parameters, method.index
    total, low, high, key_total, key_low, key_high = ([0.0] * len(index) for _ in range(6))
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
    return Effects(total, low, high, key_total, key_low, key_high)


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
    return signal.severity * min(MOST_TOLERANCES, value / signal.tolerance)


def overall(values: list[float], method: Method) -> float:
    """Overall risk of the principles' values: between mean and worst, at most 25 below the worst (section 6)."""
    weights = [method.overall_weights[p] for p in method.principles]
    worst = max(values)
    mean = sum(w * v for w, v in zip(weights, values, strict=True)) / sum(weights)
    share = method.parameters.worst_weight
    blended = share * worst + (1 - share) * mean
    return min(worst, max(worst - method.parameters.worst_gap, blended))
