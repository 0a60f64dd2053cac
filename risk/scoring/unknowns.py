"""What each unanswered item alone would take off the range, were its answer the best one."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from risk.scoring.application import ApplicationInput, ControlInput
from risk.scoring.formulas import (
    Effects,
    chosen,
    effectiveness,
    inherent,
    mitigated,
    overall,
    residual,
)
from risk.scoring.method import Method
from risk.scoring.vocabulary import OVERALL, Kind

# An unanswered item: the kind of what is unknown, and its key within the kind.
Item: TypeAlias = tuple[Kind, str]

TELEMETRY: Item = (Kind.RATE, "telemetry")


@dataclass(slots=True)
class _HighPath:
    """The worst case, kept in parts so that one item can be answered without computing all the others again."""

    inp: ApplicationInput
    method: Method
    options: dict[str, str]
    inherent: list[float]
    sums: Effects
    loads: list[float]
    values: list[float]


def unknown_shares(
    inp: ApplicationInput, sums: Effects, known_loads: list[float], method: Method
) -> dict[str, dict[Item, float]]:
    """Principle, or `overall` → unanswered item → points that the best answer to it alone takes off `high`.

    `sums`, `known_loads`: the effects of the controls and the loads of the signals, which the caller has already.
    """
    path = _high_path(inp, sums, known_loads, method)
    shares: dict[str, dict[Item, float]] = {key: {} for key in (*method.principles, OVERALL)}
    before = overall(path.values, method)
    for item, after in _answered_alone(path):
        values = list(path.values)
        for place, value in after.items():
            values[place] = value
            shares[method.principles[place]][item] = max(0.0, path.values[place] - value)
        shares[OVERALL][item] = max(0.0, before - overall(values, method))
    return shares


def _high_path(inp: ApplicationInput, sums: Effects, known_loads: list[float], method: Method) -> _HighPath:
    options = chosen(inp, method, worst=True)
    unseen = 0.0 if inp.signals.telemetry else method.parameters.no_telemetry_load
    path = _HighPath(
        inp=inp,
        method=method,
        options=options,
        inherent=inherent(options, method),
        sums=sums,
        loads=[load + unseen for load in known_loads],
        values=[],
    )
    path.values = _residuals(path, path.inherent, path.loads)
    return path


def _answered_alone(path: _HighPath) -> Iterator[tuple[Item, Mapping[int, float]]]:
    """Each unanswered item with the new high value of the principles it touches."""
    method = path.method
    for factor in method.factors.values():
        if path.inp.answers.get(factor.id) is None:
            values = inherent({**path.options, factor.id: factor.least}, method)
            yield (Kind(factor.kind), factor.id), dict(enumerate(_residuals(path, values, path.loads)))
    for control in path.inp.controls:
        if control.applicable is not False and effectiveness(control, method) is None:
            yield (Kind.CONTROL, control.id), _with_control(path, control)
    if not path.inp.signals.telemetry:
        seen = [load - method.parameters.no_telemetry_load for load in path.loads]
        yield TELEMETRY, dict(enumerate(_residuals(path, path.inherent, seen)))


def _residuals(path: _HighPath, inherent_risks: list[float], load: list[float]) -> list[float]:
    sums, method = path.sums, path.method
    return [
        residual(inherent_risks[i], sums.mitigation(i, method, worst=True), load[i], method) for i in range(len(load))
    ]


def _with_control(path: _HighPath, control: ControlInput) -> dict[int, float]:
    """High values of the control's principles if it were fully effective."""
    method, sums = path.method, path.sums
    params = method.parameters
    values = {}
    for principle, weight in control.principles.items():
        i = method.index[principle]
        is_key = control.severity >= params.key_severity and weight >= params.key_min_weight
        share = mitigated(
            sums.high[i] + control.severity * weight,
            sums.total[i],
            sums.key_high[i] + (weight if is_key else 0.0),
            sums.key_total[i],
            method,
        )
        values[i] = residual(path.inherent[i], share, path.loads[i], method)
    return values
