"""What one more step would change, exactly: the score with one control verified, everything else as it is (§12).

One change at a time; the differences must not be added up.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from risk.scoring.application import ApplicationInput, ApplicationScore, ControlInput
from risk.scoring.judgement import Judgement
from risk.scoring.method import Method
from risk.scoring.score import score_application
from risk.scoring.vocabulary import OVERALL

BEST_STATUS = "verified"


@dataclass(frozen=True, slots=True)
class Effect:
    """The point value now, and with this control verified today."""

    control: str
    now: float
    then: float

    @property
    def gain(self) -> float:
        """By how much the risk falls."""
        return self.now - self.then


def control_effects(judgement: Judgement, method: Method, measure: str = OVERALL) -> list[Effect]:
    """Effect of asked controls on the overall risk, or on a principle, largest first, without those that have none."""
    now = value_of(judgement.score, measure)
    found = [
        Effect(control.id, now, value_of(score_application(changed, method), measure))
        for control, changed in _one_verified(judgement.inputs)
    ]
    return sorted((one for one in found if one.gain > 0), key=lambda one: (-one.gain, one.control))


def value_of(score: ApplicationScore, measure: str) -> float:
    """The overall point value, or that of a principle."""
    return score.point if measure == OVERALL else score.principles[measure].point


def _one_verified(inputs: ApplicationInput) -> Iterator[tuple[ControlInput, ApplicationInput]]:
    """The input with each asked control in turn verified; one that may not apply then certainly does."""
    if inputs.prohibited:
        return
    for place, control in enumerate(inputs.controls):
        if control.applicable is False:
            continue
        best = replace(control, status=BEST_STATUS, age=0, applicable=True)
        yield control, replace(inputs, controls=(*inputs.controls[:place], best, *inputs.controls[place + 1 :]))
