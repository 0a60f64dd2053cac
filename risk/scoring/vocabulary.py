"""Names and thresholds of the method that code must know; everything else is data in the released YAML.

Each constant names the section of the method (docs/method.md) it comes from.
"""

from enum import StrEnum
from typing import Final

# Bounds of every score; 0 is best, 100 is worst.
BEST: Final = 0.0
WORST: Final = 100.0

OVERALL: Final = "overall"

# The impact factor that is derived from the classification instead of asked.
EU_CLASS_FACTOR: Final = "eu_class"
SCALE_FACTOR: Final = "scale"

# A control above its tier is not asked. Tier 2 from inherent 25, tier 3 from inherent 50 or EU high-risk (section 3).
TIER_FROM: Final = ((3, 50.0), (2, 25.0), (1, 0.0))
HIGHEST_TIER: Final = 3

# The fact that the score itself derives, and the inherent point value it starts at (facts.yaml).
INHERENT_HIGH_FACT: Final = "risk.inherent_high"
INHERENT_HIGH_FROM: Final = 50.0

# A requirement is met when its weakest control reaches "evidenced" in date (section 8).
MET_FROM: Final = 0.8

# What a control's statement is worth once its evidence has run out, and the statements that rest on evidence.
ATTESTED: Final = "attested"
EVIDENCED: Final = "evidenced"
PROVEN: Final = frozenset({EVIDENCED, "verified"})

# Built into the expression language: true for every application.
ALWAYS: Final = "always"


class EUClass(StrEnum):
    """Classes of the decision table, in its headline order."""

    OUT_OF_SCOPE = "out_of_scope"
    PROHIBITED = "prohibited"
    HIGH_RISK = "high_risk"
    TRANSPARENCY = "transparency"
    GPAI_MODEL = "gpai_model"
    MINIMAL = "minimal"


class State(StrEnum):
    """State of one requirement for one application (section 8)."""

    MET = "met"
    PARTIAL = "partial"
    GAP = "gap"
    UNKNOWN = "unknown"
    UPCOMING = "upcoming"
    NOT_ASSESSED = "not_assessed"


class Why(StrEnum):
    """Why a control counts for an application."""

    TIER = "tier"
    BINDING = "binding"
    ANSWERED = "answered"


class Kind(StrEnum):
    """Kinds of contribution to a score, in the order of the waterfall (section 13)."""

    IMPACT = "impact"
    LIKELIHOOD = "likelihood"
    FLOOR = "floor"
    PROHIBITED = "prohibited"
    CONTROL = "control"
    EVENT = "event"
    RATE = "rate"
    DRIFT = "drift"
    BOUND = "bound"
    UNKNOWN = "unknown"
    HELD = "held"
