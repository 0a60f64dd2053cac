"""Departments by the thousand: the formula of `portfolio.score_department` on arrays (docs/method.md §7).

The two say the same to 1e-9; a test holds them together. Sums here are numpy's, which are fast and not exact.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from risk.scoring.method import Method
from risk.scoring.portfolio import DepartmentScore

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class PortfolioScore:
    """The score of a portfolio, the place of its worst application, and how many applications lie in each band."""

    score: DepartmentScore
    worst_at: int
    by_band: tuple[int, ...]


def score_portfolio(risks: Floats, exposure: Floats, method: Method) -> PortfolioScore | None:
    """The score of applications with these risks and exposure weights; None for none.

    Of several equally bad applications the first is the worst one.
    """
    if not risks.size:
        return None
    params = method.parameters
    order = np.argsort(-risks, kind="stable")
    ranked, weights = risks[order], exposure[order]
    total = float(weights.sum())
    worst = float(ranked[0])
    mean = _within(float(ranked @ weights) / total, 0.0, worst)
    tail = _within(_tail(ranked, weights, total * params.dept_tail_share), mean, worst)
    blended = params.dept_worst * worst + params.dept_tail * tail + params.dept_mean * mean
    index = _within(max(worst - params.dept_worst_gap, blended), mean, worst)
    starts = np.array([start for _, start in method.bands])
    places = np.searchsorted(starts, risks, side="right") - 1
    counts = np.bincount(places, minlength=len(starts))
    shares = np.bincount(places, weights=exposure, minlength=len(starts)) / total
    score = DepartmentScore(
        index=index,
        worst=worst,
        tail=tail,
        mean=mean,
        band=method.band(index),
        critical_share=float(shares[-1]),
        high_share=float(shares[-2:].sum()),
        count=int(risks.size),
    )
    return PortfolioScore(score, int(order[0]), tuple(int(n) for n in counts))


def _tail(ranked: Floats, weights: Floats, size: float) -> float:
    """Mean of the worst `size` units of exposure; the application on the border counts by its part."""
    reached = np.minimum(np.cumsum(weights), size)
    taken = np.diff(reached, prepend=0.0)
    return float(ranked @ taken) / size


def _within(value: float, least: float, most: float) -> float:
    return min(most, max(least, value))
