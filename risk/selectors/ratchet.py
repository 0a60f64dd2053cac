"""The ratchet as a page shows it (docs/method.md §3): the value held, and the controls it waits for."""

from dataclasses import dataclass

from risk.method import load_method
from risk.scoring.judgement import Judgement
from risk.scoring.method import Control


@dataclass(frozen=True, slots=True)
class Held:
    """The overall value may not fall below `overall` until the controls in `waiting` are answered."""

    overall: float
    waiting: tuple[Control, ...]


def held(judgement: Judgement) -> Held | None:
    """What is held now; None where nothing is."""
    ratchet, method = judgement.inputs.previous, load_method()
    if ratchet is None or judgement.inputs.prohibited:
        return None
    return Held(ratchet.overall, tuple(method.controls[key] for key in ratchet.pending if key in method.controls))
