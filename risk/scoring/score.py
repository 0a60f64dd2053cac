"""Risk of one application: low, high and point for each principle and overall (docs/method.md, sections 2 to 6).

Everything is a plain float64 between 0 (best) and 100 (worst). The engine knows no dates: ages are in days and are
computed before. Unknown is None, and every unknown is computed twice: as the best and as the worst it could be.
"""

from risk.scoring.application import (
    ApplicationInput,
    ApplicationScore,
    Contribution,
    ControlInput,
    Event,
    PrincipleScore,
    Ratchet,
    Signals,
)
from risk.scoring.formulas import chosen, effects, inherent, loads, overall, residual
from risk.scoring.method import Method
from risk.scoring.vocabulary import WORST

__all__ = [
    "ApplicationInput",
    "ApplicationScore",
    "Contribution",
    "ControlInput",
    "Event",
    "PrincipleScore",
    "Ratchet",
    "Signals",
    "chosen",
    "inherent",
    "score_application",
]


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
    sums = effects(inp.controls, method)
    load = loads(inp.signals, method)
    unseen = 0.0 if inp.signals.telemetry else method.parameters.no_telemetry_load
    held = _held(inp)
    scores: dict[str, PrincipleScore] = {}
    for i, principle in enumerate(method.principles):
        low = residual(inherent_low[i], sums.mitigation(i, method, worst=False), load[i], method)
        high = residual(inherent_high[i], sums.mitigation(i, method, worst=True), load[i] + unseen, method)
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
