"""One application as the engine sees it: what goes in, and the score that comes out. Ages are in days."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from risk.scoring.method import Weights
from risk.scoring.vocabulary import OVERALL, Kind


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
