"""Why a score is what it is: bars that add up exactly to it (docs/method.md, section 13).

For a principle: impact by factor, likelihood by factor, what the class floor adds, then what each control takes off and
each signal adds on the low path; their sum is `low`. Then what is not known, from `low` to `point`, by unanswered item.
For the overall score: the bars of the principles, each with the weight that the overall formula gives its principle.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from math import floor, fsum, sqrt
from typing import TypeAlias

from risk.scoring.application import ApplicationInput, ApplicationScore, Contribution
from risk.scoring.formulas import (
    Effects,
    after_controls,
    chosen,
    class_floor,
    effectiveness,
    effects,
    exposed,
    loads,
    pressed,
    signal_loads,
)
from risk.scoring.method import Method
from risk.scoring.score import score_application
from risk.scoring.unknowns import Item, unknown_shares
from risk.scoring.vocabulary import EU_CLASS_FACTOR, OVERALL, WORST, Kind

# Points of risk by item; a score's bars before they get their labels.
Bars: TypeAlias = dict[Item, float]

SHOWN_DECIMALS = 1


_ORDER = {kind: place for place, kind in enumerate(Kind)}
RATCHET: Item = (Kind.HELD, "ratchet")
BOUND: Item = (Kind.BOUND, OVERALL)
FLOOR: Item = (Kind.FLOOR, EU_CLASS_FACTOR)
STOP: Item = (Kind.PROHIBITED, EU_CLASS_FACTOR)
_LABELS = {
    RATCHET: "Held until the newly asked controls are answered",
    BOUND: "Never more than one band below the worst principle",
    FLOOR: "Least inherent risk of the EU class",
    STOP: "Prohibited practice",
}


def explain(inp: ApplicationInput, method: Method) -> ApplicationScore:
    """The scores of `score_application`, each with its contributions; those of a score add up to its point value."""
    score = score_application(inp, method)
    bars = contribution_values(inp, score, method)
    events = {(kind, key): label for kind, key, label, _, _ in signal_loads(inp.signals, method)}

    def labelled(target: str) -> tuple[Contribution, ...]:
        return tuple(
            Contribution(item[0], item[1], events.get(item) or label_of(item, method), value)
            for item, value in bars[target].items()
        )

    principles = {p: replace(one, contributions=labelled(p)) for p, one in score.principles.items()}
    return replace(score, principles=principles, contributions=labelled(OVERALL))


def contribution_values(inp: ApplicationInput, score: ApplicationScore, method: Method) -> dict[str, Bars]:
    """Principle, or `overall` → item → points of risk, adding up to the point value. What `explain` shows, without
    labels and without computing the score again: for storing many. `score` must be that of `inp`."""
    if inp.prohibited:
        return {target: {STOP: WORST} for target in (*method.principles, OVERALL)}
    bare = score if inp.previous is None else score_application(replace(inp, previous=None), method)
    sums, load = effects(inp.controls, method), loads(inp.signals, method)
    bars = _known_bars(inp, sums, load, method)
    bars[OVERALL] = _overall_bars(score, bars, method)
    shares = unknown_shares(inp, sums, load, method)
    for target, found in bars.items():
        one, plain = (score, bare) if target == OVERALL else (score.principles[target], bare.principles[target])
        found |= _unknown_bars(plain.point - one.low, shares[target])
        if one.point > plain.point:
            found[RATCHET] = one.point - plain.point
    return bars


def shown(
    contributions: Iterable[Contribution], point: float, decimals: int = SHOWN_DECIMALS
) -> tuple[tuple[Contribution, ...], float]:
    """The bars and the point value rounded to `decimals`, so that the shown bars add up exactly to the shown value.

    Largest remainder: all are rounded down, then the largest rests are rounded up until the sum fits. Bars that come
    out as nothing are left out.
    """
    bars = list(contributions)
    unit = 10**decimals
    target = round(round(point, decimals) * unit)
    scaled = [bar.value * unit for bar in bars]
    units = [floor(value) for value in scaled]
    missing = target - sum(units)
    order = sorted(range(len(bars)), key=lambda i: (units[i] - scaled[i], i))
    for turn in range(abs(missing)):  # beyond one each only where the bars do not belong to this point value
        place = order[turn % len(order)] if missing > 0 else order[-1 - turn % len(order)]
        units[place] += 1 if missing > 0 else -1
    rounded = tuple(replace(bar, value=u / unit) for bar, u in zip(bars, units, strict=True) if u)
    return rounded, target / unit


def total(contributions: Iterable[Contribution]) -> float:
    """Sum of the bars."""
    return fsum(bar.value for bar in contributions)


def _known_bars(inp: ApplicationInput, sums: Effects, load: list[float], method: Method) -> dict[str, Bars]:
    """Bars of the low path by principle; they add up to `low`."""
    options = chosen(inp, method, worst=False)
    lowered = _control_shares(inp, method)
    added = _signal_shares(inp, method)
    bars: dict[str, Bars] = {}
    for place, principle in enumerate(method.principles):
        found = _inherent_bars(options, principle, method)
        inherent_risk = sum(found.values())
        left = after_controls(inherent_risk, sums.mitigation(place, method, worst=False), method)
        _split(found, left - inherent_risk, lowered[place])
        _split(found, pressed(left, load[place], method), added[place])
        bars[principle] = found
    return bars


def _inherent_bars(options: Mapping[str, str], principle: str, method: Method) -> Bars:
    weights = method.weights[principle]
    squares: Bars = {(Kind.IMPACT, f.id): weights[f.id] * f.options[options[f.id]] ** 2 for f in method.impact_factors}
    means: Bars = {(Kind.LIKELIHOOD, f.id): weights[f.id] * f.options[options[f.id]] for f in method.likelihood_factors}
    impact, likelihood = sqrt(sum(squares.values())), sum(means.values())
    alone, together = exposed(impact, 0.0, method), exposed(impact, likelihood, method)
    bars: Bars = {}
    _split(bars, alone, squares)
    _split(bars, together - alone, means)
    if (added := class_floor(options, method) - together) > 0:
        bars[FLOOR] = added
    return bars


def _control_shares(inp: ApplicationInput, method: Method) -> list[Bars]:
    """By principle: severity · weight · e of each control on the low path."""
    shares: list[Bars] = [{} for _ in method.principles]
    for control in inp.controls:
        if control.applicable is False:
            continue
        known = effectiveness(control, method)
        worth = control.severity * (1.0 if known is None else known)
        item = (Kind.CONTROL, control.id)
        for principle, weight in control.principles.items():
            found = shares[method.index[principle]]
            found[item] = found.get(item, 0.0) + worth * weight
    return shares


def _signal_shares(inp: ApplicationInput, method: Method) -> list[Bars]:
    """By principle: load of each event, rate and drift."""
    shares: list[Bars] = [{} for _ in method.principles]
    for kind, key, _, load, weights in signal_loads(inp.signals, method):
        for principle, weight in weights.items():
            found = shares[method.index[principle]]
            found[kind, key] = found.get((kind, key), 0.0) + load * weight
    return shares


def _unknown_bars(value: float, shares: Mapping[Item, float]) -> Bars:
    """The way from `low` to `point`, split over what is unanswered; evenly where no item alone moves the range."""
    bars: Bars = {}
    useful = shares if any(shares.values()) else dict.fromkeys(shares, 1.0)
    _split(bars, value, {(Kind.UNKNOWN, key): share for (_, key), share in useful.items()})
    return bars


def _overall_bars(score: ApplicationScore, bars: Mapping[str, Bars], method: Method) -> Bars:
    """Bars of all principles by item, weighted as the overall formula weighs the principles on the low path."""
    weights, gap = overall_weights({p: one.low for p, one in score.principles.items()}, method)
    merged: Bars = {}
    for principle, weight in weights.items():
        for item, value in bars[principle].items():
            merged[item] = merged.get(item, 0.0) + weight * value
    found = dict(sorted(merged.items(), key=lambda bar: _ORDER[bar[0][0]]))  # stable: as the principles come
    if gap:
        found[BOUND] = gap
    return found


def overall_weights(values: Mapping[str, float], method: Method) -> tuple[dict[str, float], float]:
    """Weight of each principle in the overall score, and the constant beside them.

    Σ weight · value + constant is the overall value. Where the bound of 25 below the worst decides, the worst principle
    alone counts and the constant is −25.
    """
    worst = max(values, key=lambda p: values[p])
    whole = sum(method.overall_weights[p] for p in method.principles)
    share = method.parameters.worst_weight
    weights = {p: (1 - share) * method.overall_weights[p] / whole for p in method.principles}
    weights[worst] += share
    if fsum(weights[p] * values[p] for p in weights) >= values[worst] - method.parameters.worst_gap:
        return weights, 0.0
    return {worst: 1.0}, -method.parameters.worst_gap


def _split(bars: Bars, value: float, shares: Mapping[Item, float]) -> None:
    """Adds `value` to the bars in proportion to the shares; items without a share get no bar."""
    whole = sum(shares.values())
    if whole > 0 and value:
        scale = value / whole
        for item, share in shares.items():
            if share:
                bars[item] = share * scale


def label_of(item: Item, method: Method) -> str:
    """What a reader calls the item: the title of a control, the question of a factor; else its key in words."""
    kind, key = item
    if item in _LABELS:
        return _LABELS[item]
    if kind in (Kind.CONTROL, Kind.UNKNOWN) and key in method.controls:
        return method.controls[key].title
    if kind in (Kind.IMPACT, Kind.LIKELIHOOD, Kind.UNKNOWN) and key in method.factors:
        return method.factors[key].question
    return key.replace("_", " ")
