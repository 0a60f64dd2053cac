"""Why a score is what it is: bars that add up exactly to it (docs/method.md, section 13).

For a principle: impact by factor, likelihood by factor, what the class floor adds, then what each control takes off and
each signal adds on the low path; their sum is `low`. Then what is not known, from `low` to `point`, by unanswered item.
For the overall score: the bars of the principles, each with the weight that the overall formula gives its principle.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from math import floor, fsum

from risk.scoring.application import ApplicationInput, ApplicationScore, Contribution
from risk.scoring.formulas import (
    after_controls,
    chosen,
    class_floor,
    effectiveness,
    effects,
    exposed,
    impact_likelihood,
    loads,
    pressed,
    signal_loads,
)
from risk.scoring.method import Method
from risk.scoring.score import score_application
from risk.scoring.unknowns import Item, unknown_shares
from risk.scoring.vocabulary import EU_CLASS_FACTOR, OVERALL, WORST, Kind

SHOWN_DECIMALS = 1


def explain(inp: ApplicationInput, method: Method) -> ApplicationScore:
    """The scores of `score_application`, each with its contributions; those of a score add up to its point value."""
    score = score_application(inp, method)
    if inp.prohibited:
        stop = (Contribution(Kind.PROHIBITED, EU_CLASS_FACTOR, "Prohibited practice", WORST),)
        principles = {p: replace(one, contributions=stop) for p, one in score.principles.items()}
        return replace(score, principles=principles, contributions=stop)
    bare = score if inp.previous is None else score_application(replace(inp, previous=None), method)
    shares = unknown_shares(inp, method)
    known = _known_bars(inp, method)
    principles = {
        p: replace(
            one,
            contributions=(
                *known[p],
                *_unknown_bars(bare.principles[p].point - one.low, shares[p], method),
                *_held_bar(one.point - bare.principles[p].point),
            ),
        )
        for p, one in score.principles.items()
    }
    bars = (
        *_overall_bars(score, known, method),
        *_unknown_bars(bare.point - score.low, shares[OVERALL], method),
        *_held_bar(score.point - bare.point),
    )
    return replace(score, principles=principles, contributions=bars)


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


def _known_bars(inp: ApplicationInput, method: Method) -> dict[str, list[Contribution]]:
    """Bars of the low path by principle; each list adds up to `low`."""
    options = chosen(inp, method, worst=False)
    sums = effects(inp.controls, method)
    load = loads(inp.signals, method)
    bars: dict[str, list[Contribution]] = {}
    for place, principle in enumerate(method.principles):
        raised = _inherent_bars(options, principle, method)
        inherent_risk = total(raised)
        left = after_controls(inherent_risk, sums.mitigation(place, method, worst=False), method)
        lowered = _control_bars(inp, principle, left - inherent_risk, method)
        added = _signal_bars(inp, principle, pressed(left, load[place], method), method)
        bars[principle] = [*raised, *lowered, *added]
    return bars


def _inherent_bars(options: Mapping[str, str], principle: str, method: Method) -> list[Contribution]:
    impact, likelihood = impact_likelihood(options, principle, method)
    alone = exposed(impact, 0.0, method)
    together = exposed(impact, likelihood, method)
    weights = method.weights[principle]
    squares = {f.id: weights[f.id] * f.options[options[f.id]] ** 2 for f in method.impact_factors}
    means = {f.id: weights[f.id] * f.options[options[f.id]] for f in method.likelihood_factors}
    bars = _split(alone, {(Kind.IMPACT, key): value for key, value in squares.items()}, method)
    bars += _split(together - alone, {(Kind.LIKELIHOOD, key): value for key, value in means.items()}, method)
    added = class_floor(options, method) - together
    if added > 0:
        bars.append(Contribution(Kind.FLOOR, EU_CLASS_FACTOR, "Least inherent risk of the EU class", added))
    return bars


def _control_bars(inp: ApplicationInput, principle: str, taken: float, method: Method) -> list[Contribution]:
    shares: dict[Item, float] = {}
    for control in inp.controls:
        weight = control.principles.get(principle, 0.0)
        if weight and control.applicable is not False:
            known = effectiveness(control, method)
            item = (Kind.CONTROL, control.id)
            shares[item] = shares.get(item, 0.0) + control.severity * weight * (1.0 if known is None else known)
    return _split(taken, shares, method)


def _signal_bars(inp: ApplicationInput, principle: str, added: float, method: Method) -> list[Contribution]:
    shares: dict[Item, float] = {}
    labels: dict[Item, str] = {}
    for kind, key, label, load, weights in signal_loads(inp.signals, method):
        shares[kind, key] = shares.get((kind, key), 0.0) + load * weights.get(principle, 0.0)
        labels[kind, key] = label
    return [replace(bar, label=labels[bar.kind, bar.key] or bar.label) for bar in _split(added, shares, method)]


def _unknown_bars(value: float, shares: Mapping[Item, float], method: Method) -> list[Contribution]:
    """The way from `low` to `point`, split over what is unanswered; evenly where no item alone moves the range."""
    if value == 0:
        return []
    useful = shares if sum(shares.values()) > 0 else dict.fromkeys(shares, 1.0)
    return [
        Contribution(Kind.UNKNOWN, bar.key, bar.label or bar.key, bar.value) for bar in _split(value, useful, method)
    ]


def _held_bar(value: float) -> list[Contribution]:
    if value <= 0:
        return []
    return [Contribution(Kind.HELD, "ratchet", "Held until the newly asked controls are answered", value)]


def _overall_bars(
    score: ApplicationScore, bars: Mapping[str, list[Contribution]], method: Method
) -> list[Contribution]:
    """Bars of all principles by item, weighted as the overall formula weighs the principles on the low path."""
    lows = {p: one.low for p, one in score.principles.items()}
    weights, gap = overall_weights(lows, method)
    merged: dict[tuple[Kind, str], list[float]] = {}
    labels: dict[tuple[Kind, str], str] = {}
    for principle, weight in weights.items():
        for bar in bars[principle]:
            merged.setdefault((bar.kind, bar.key), []).append(weight * bar.value)
            labels[bar.kind, bar.key] = bar.label
    order = list(Kind)
    found = [Contribution(k, key, labels[k, key], fsum(values)) for (k, key), values in merged.items()]
    found.sort(key=lambda bar: order.index(bar.kind))  # stable: within a kind in the order of the principles
    if gap:
        found.append(Contribution(Kind.BOUND, OVERALL, "Never more than one band below the worst principle", gap))
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


def _split(value: float, shares: Mapping[Item, float], method: Method) -> list[Contribution]:
    """`value` in proportion to the shares; items without a share get no bar."""
    whole = fsum(shares.values())
    if whole <= 0 or value == 0:
        return []
    return [
        Contribution(kind, key, label_of(kind, key, method), value * (share / whole))
        for (kind, key), share in shares.items()
        if share
    ]


def label_of(kind: Kind, key: str, method: Method) -> str:
    """What a reader calls the item: the title of a control, the question of a factor; empty for what only has a key."""
    if kind == Kind.CONTROL:
        return method.controls[key].title if key in method.controls else key
    return method.factors[key].question if key in method.factors else ""
