"""Which requirements an application meets, kept apart from its risk (docs/method.md, section 8)."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from math import fsum

from risk.scoring.expressions import Truth, evaluate
from risk.scoring.method import Framework, Method, Requirement
from risk.scoring.vocabulary import MET_FROM, State

ORGANISATION = "organisation"


@dataclass(frozen=True, slots=True)
class RequirementState:
    """State of one requirement for one application.

    `applicable` None: not known. `low`, `high`: fulfilment in [0, 1] with what is unknown as 0 and as 1; None where it
    is not assessed. `controls`: the asked controls that satisfy it; `missing`: those not yet at the level of *met*.
    `obligation_from`: the date that holds here; `days_left` to it, where it lies ahead. `due`: that date while it lies
    ahead, else the earliest review date of its controls.
    """

    requirement: Requirement
    applicable: Truth
    state: State
    low: float | None
    high: float | None
    controls: tuple[str, ...]
    missing: tuple[str, ...]
    obligation_from: date | None
    days_left: int | None
    due: date | None

    @property
    def counts(self) -> bool:
        """Whether it counts in the coverage of an application: assessed, and not a duty of the organisation."""
        return self.low is not None and self.requirement.level != ORGANISATION


@dataclass(frozen=True, slots=True)
class FrameworkCoverage:
    """Coverage of one framework by one application.

    `low`, `high`: mean fulfilment with what is unknown as 0 and as 1; None where nothing counts. `requirements` are the
    application's (shared ones included), `organisation` those outside every application's coverage.
    """

    framework: str
    binding: bool
    low: float | None
    high: float | None
    requirements: tuple[RequirementState, ...]
    organisation: tuple[RequirementState, ...]

    def count(self, state: State) -> int:
        """How many of the application's requirements are in this state."""
        return sum(one.state == state for one in self.requirements)


def assess_requirements(
    method: Method,
    facts: Mapping[str, Truth],
    effectiveness: Mapping[str, float | None],
    today: date,
    due_dates: Mapping[str, date] | None = None,
    frameworks: Collection[str] | None = None,
) -> dict[str, FrameworkCoverage]:
    """Coverage of every framework, or of those named, by one application; requirements that do not apply are left out.

    `facts`: value by fact, absent is unknown. `effectiveness`: e in [0, 1] of each asked control, None where it is not
    answered or its applicability is unclear. `due_dates`: review date by control. `today`: the day of the assessment.
    """
    return {
        key: assess_framework(framework, method, facts, effectiveness, today, due_dates or {})
        for key, framework in method.frameworks.items()
        if frameworks is None or key in frameworks
    }


def assess_framework(
    framework: Framework,
    method: Method,
    facts: Mapping[str, Truth],
    effectiveness: Mapping[str, float | None],
    today: date,
    due_dates: Mapping[str, date],
) -> FrameworkCoverage:
    """Coverage of one framework; see `assess_requirements`."""
    own: list[RequirementState] = []
    of_organisation: list[RequirementState] = []
    for requirement in framework.requirements.values():
        applicable = evaluate(requirement.applies_to, facts.get)
        if applicable is False:
            continue
        asked = tuple(c for c in method.satisfied_by[requirement.key] if c in effectiveness)
        one = _assess(requirement, applicable, asked, facts, effectiveness, today, due_dates)
        (of_organisation if requirement.level == ORGANISATION else own).append(one)
    low, high = mean_fulfilment(own)
    return FrameworkCoverage(framework.id, framework.binding, low, high, tuple(own), tuple(of_organisation))


def mean_fulfilment(states: Iterable[RequirementState]) -> tuple[float | None, float | None]:
    """Mean fulfilment (low, high) over the requirements that count, of one application or of many together.

    One whose applicability is unknown enters as 0 and as 1, which encloses both cases: that it applies, and that not.
    """
    counted = [one for one in states if one.counts]
    if not counted:
        return None, None
    low = fsum(one.low for one in counted if one.low is not None) / len(counted)
    high = fsum(one.high for one in counted if one.high is not None) / len(counted)
    return low, high


def _assess(
    requirement: Requirement,
    applicable: Truth,
    asked: tuple[str, ...],
    facts: Mapping[str, Truth],
    effectiveness: Mapping[str, float | None],
    today: date,
    due_dates: Mapping[str, date],
) -> RequirementState:
    known = [effectiveness[c] for c in asked]
    start = obligation_from(requirement, facts)
    ahead = start is not None and start > today
    low, high = _fulfilment(known, applicable)
    reviews = [due_dates[c] for c in asked if c in due_dates]
    return RequirementState(
        requirement=requirement,
        applicable=applicable,
        state=_state(known, applicable, ahead),
        low=low,
        high=high,
        controls=asked,
        missing=tuple(c for c, e in zip(asked, known, strict=True) if e is None or e < MET_FROM),
        obligation_from=start,
        days_left=(start - today).days if start is not None and ahead else None,
        due=start if ahead else min(reviews, default=None),
    )


def _fulfilment(known: list[float | None], applicable: Truth) -> tuple[float | None, float | None]:
    if not known:
        return None, None
    if applicable is None:
        return 0.0, 1.0
    low = fsum(0.0 if e is None else e for e in known) / len(known)
    high = fsum(1.0 if e is None else e for e in known) / len(known)
    return low, high


def _state(known: list[float | None], applicable: Truth, ahead: bool) -> State:
    """The state, decided in the order of the method: upcoming, unknown, met, gap, partial."""
    if ahead:
        return State.UPCOMING
    if not known:
        return State.NOT_ASSESSED
    if applicable is None or all(e is None for e in known):
        return State.UNKNOWN
    certain = [0.0 if e is None else e for e in known]
    if min(certain) >= MET_FROM:
        return State.MET
    return State.GAP if max(certain) <= 0 else State.PARTIAL


def obligation_from(requirement: Requirement, facts: Mapping[str, Truth]) -> date | None:
    """The date from which the requirement binds here: the earliest whose condition holds, else the general one."""
    matching = [
        start for condition, start in requirement.obligation_from_when if evaluate(condition, facts.get) is True
    ]
    return min(matching, default=requirement.obligation_from)
