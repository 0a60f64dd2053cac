"""How a recommendation goes on by itself: what it was, what is found now, what becomes of it. No database here."""

from dataclasses import dataclass
from datetime import date

from governance.models import RecommendationAction, RecommendationState

MISSES = 2  # evaluations in a row without a finding, after which it is completed
GROWTH = 1.25  # of the rows or of their amount, against how it stood when it was dismissed


@dataclass(frozen=True, slots=True)
class Found:
    """What a rule found in a department with everything below it."""

    rows: int = 0
    amount: int = 0
    gravity: int = 0
    departments: int = 0


@dataclass(frozen=True, slots=True)
class Standing:
    """A recommendation as far as its course hangs on it. `kept` and `until`: of a dismissal."""

    state: str
    missed: int = 0
    until: date | None = None
    kept: Found = Found()


@dataclass(frozen=True, slots=True)
class Turn:
    """What becomes of it. `action` is empty where its state stays."""

    state: str
    missed: int
    action: str = ""
    why: str = ""


def turn(standing: Standing, found: Found, today: date, *, blind: bool = False) -> Turn:
    """Completed once nothing was found twice in a row, unless the rule is blind: then finding nothing says nothing.
    Open again once something is found after that, or when the dismissal has run out, or what was dismissed has grown
    by more than a quarter or become graver."""
    if not found.rows and blind:
        return Turn(standing.state, standing.missed)
    if not found.rows:
        missed = min(standing.missed + 1, MISSES)
        if standing.state == RecommendationState.COMPLETED or missed < MISSES:
            return Turn(standing.state, missed)
        why = f"Nothing was found {MISSES} times in a row."
        return Turn(RecommendationState.COMPLETED, missed, RecommendationAction.COMPLETED, why)
    why = _reopens(standing, found, today)
    if why:
        return Turn(RecommendationState.OPEN, 0, RecommendationAction.REOPENED, why)
    return Turn(standing.state, 0)


def _reopens(standing: Standing, found: Found, today: date) -> str:
    """Why it is open again; empty where it is not."""
    if standing.state == RecommendationState.COMPLETED:
        return "It was found again."
    if standing.state != RecommendationState.DISMISSED:
        return ""
    if standing.until is None or today > standing.until:
        return "The time of the dismissal is over."
    kept = standing.kept
    if found.gravity > kept.gravity:
        return "It became graver."
    if found.rows > kept.rows * GROWTH:
        return f"It grew from {kept.rows:,} to {found.rows:,} findings."
    if found.amount > kept.amount * GROWTH:
        return f"It grew from {kept.amount:,} to {found.amount:,}."
    return ""
