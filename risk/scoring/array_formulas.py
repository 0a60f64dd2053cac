"""The formulas of the method on arrays, for many applications at once (docs/method.md, sections 2 to 6).

Each says what its namesake in `formulas` says, and sums run in the same order, factor by factor and control by control,
so that the two don't differ by rounding either. Principles and days come first in every array, applications last.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from math import exp
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from risk.scoring.case import WINDOW_DAYS, Measures, Occurrence
from risk.scoring.formulas import MOST_TOLERANCES, measure_load
from risk.scoring.judgement import COUNTED_RATES, RATE_UNIT, weights_of
from risk.scoring.method import Factor, Method
from risk.scoring.vocabulary import WORST

Floats: TypeAlias = NDArray[np.float64]
Flags: TypeAlias = NDArray[np.bool_]
Numbers: TypeAlias = NDArray[np.int32]

UNKNOWN = -1  # in place of an option
# Columns of usage: interactions, then what the rates count
_RATES = {key: place for place, key in enumerate(COUNTED_RATES, start=1)}


def inherent(options: Mapping[str, Numbers], method: Method, *, worst: bool) -> Floats:
    """Inherent risk by principle (section 2); `options`: place of the chosen option by factor, or UNKNOWN."""
    chosen = {}
    for factor in method.factors.values():
        unknown = list(factor.options).index(factor.most if worst else factor.least)
        chosen[factor.id] = np.where(options[factor.id] == UNKNOWN, unknown, options[factor.id])
    floors = [_of_option(f.floor, f, chosen) for f in method.factors.values() if f.floor]
    floor = np.maximum.reduce(floors) if floors else np.zeros(1)
    values = {factor.id: _of_option(factor.options, factor, chosen) for factor in method.factors.values()}
    base = method.parameters.likelihood_base
    found = []
    for principle in method.principles:
        weights = method.weights[principle]
        square, mean = np.zeros(1), np.zeros(1)
        for factor in method.impact_factors:
            square = square + weights[factor.id] * values[factor.id] ** 2
        for factor in method.likelihood_factors:
            mean = mean + weights[factor.id] * values[factor.id]
        impact, likelihood = np.minimum(1.0, np.sqrt(square)), np.minimum(1.0, mean)
        found.append(np.maximum(floor, WORST * impact * (base + (1 - base) * likelihood)))
    return np.stack(found)


def _of_option(values: Mapping[str, float], factor: Factor, chosen: Mapping[str, Numbers]) -> Floats:
    return np.array([values[option] for option in factor.options], float)[chosen[factor.id]]


@dataclass(frozen=True, slots=True)
class ArrayEffects:
    """`formulas.Effects`: sums by principle and application, and by day where they change with it."""

    total: Floats
    key_total: Floats
    low: Floats
    high: Floats
    key_low: Floats
    key_high: Floats

    def mitigation(self, method: Method, *, worst: bool) -> Floats:
        """M by principle, day and application, with unanswered controls as working or (`worst`) as not working."""
        effect, key = (self.high, self.key_high) if worst else (self.low, self.key_low)
        share = method.parameters.key_share
        total, key_total = self.total[:, None], self.key_total[:, None]
        keys = np.where(key_total > 0, np.minimum(1.0, key / np.where(key_total > 0, key_total, 1.0)), 1.0)
        working = np.minimum(1.0, effect / np.where(total > 0, total, 1.0))
        return np.where(total > 0, working * (1 - share + share * keys), 0.0)


def effects(asked: Flags, known: Flags, worth: Floats, method: Method) -> ArrayEffects:
    """The sums over the controls that count (section 3).

    `asked`, `known`: application × control; `worth`: day × application × control, 0 where it is not known.
    """
    params, (days, rows, _) = method.parameters, worth.shape
    places = len(method.principles)
    total, key_total = np.zeros((places, rows)), np.zeros((places, rows))
    low, high, key_low, key_high = (np.zeros((places, days, rows)) for _ in range(4))
    counted = np.ascontiguousarray(asked.T.astype(float))
    open_ones = np.ascontiguousarray((asked & ~known).T.astype(float))
    by_control = np.ascontiguousarray(worth.transpose(2, 0, 1))
    for place, control in enumerate(method.controls.values()):
        if not counted[place].any():
            continue
        worst = by_control[place]
        best = worst + open_ones[place]
        for principle, weight in control.principles.items():
            i, share = method.index[principle], control.severity * weight
            total[i] += share * counted[place]
            low[i] += share * best
            high[i] += share * worst
            if control.severity >= params.key_severity and weight >= params.key_min_weight:
                key_total[i] += weight * counted[place]
                key_low[i] += weight * best
                key_high[i] += weight * worst
    return ArrayEffects(total, key_total, low, high, key_low, key_high)


def loads(
    usage: NDArray[np.int64],
    occurrences: Mapping[int, Iterable[Occurrence]],
    measures: Mapping[int, Measures],
    days: Sequence[date],
    method: Method,
) -> Floats:
    """Known signal load by principle, day and application (section 4). Events leave the window after the first day."""
    found = np.zeros((len(method.principles), len(days), len(usage)))
    for row, events in occurrences.items():
        for one in events:
            _add_event(found[:, :, row], one, days, method)
    used = usage[:, 0] > 0
    for key, column in _RATES.items():
        signal = method.rates[key]
        rate = np.where(used, RATE_UNIT * usage[:, column] / np.where(used, usage[:, 0], 1), 0.0)
        load = signal.severity * np.minimum(MOST_TOLERANCES, rate / signal.tolerance)
        for principle, weight in signal.principles.items():
            found[method.index[principle]] += load * weight
    for row, delivered in measures.items():
        _add_measures(found[:, :, row], delivered, method)
    return found


def _add_measures(of_row: Floats, one: Measures, method: Method) -> None:
    signals = [method.rates[key] for key in method.rates if key in one.values and key not in COUNTED_RATES]
    signals += [method.drift] if method.drift.id in one.values else []
    for signal in signals:
        load = measure_load(signal, one.values[signal.id])
        for principle, weight in signal.principles.items():
            of_row[method.index[principle]] += load * weight


def _add_event(of_row: Floats, one: Occurrence, days: Sequence[date], method: Method) -> None:
    params = method.parameters
    for place, day in enumerate(days):
        ago = (day - one.day).days
        if (place and ago > WINDOW_DAYS) or not one.counts_on(day):
            continue
        load = method.signal_severity[one.severity] * 2 ** (-max(0, ago) / params.signal_half_life_days)
        if not one.open:
            load *= params.signal_resolved_factor
        for principle, weight in weights_of(one, method).items():
            of_row[method.index[principle], place] += load * weight


def residual(inherent_risk: Floats, mitigation: Floats, load: Floats, method: Method) -> Floats:
    """R by principle, day and application: what controls leave, moved towards 100 by signals (sections 3 and 4)."""
    params = method.parameters
    left = inherent_risk[:, None] * (1 - params.max_mitigation * mitigation)
    different, back = np.unique(load, return_inverse=True)  # few, so that each gets the very exp of `formulas`
    pressure = np.array([1 - exp(-one / params.signal_scale) if one > 0 else 0.0 for one in different.tolist()])
    pressed = (WORST - left) * params.signal_cap * pressure[back].reshape(load.shape)
    found: Floats = np.minimum(WORST, left + pressed)
    return found


def overall(values: Floats, method: Method) -> Floats:
    """Overall risk of the principles' values, which come first (section 6)."""
    params = method.parameters
    worst = values.max(axis=0)
    total, weights = np.zeros(values.shape[1:]), 0.0
    for value, principle in zip(values, method.principles, strict=True):
        total = total + method.overall_weights[principle] * value
        weights += method.overall_weights[principle]
    blended = params.worst_weight * worst + (1 - params.worst_weight) * (total / weights)
    found: Floats = np.minimum(worst, np.maximum(worst - params.worst_gap, blended))
    return found
