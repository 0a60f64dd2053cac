"""Risk of a department or of the whole firm from its live applications (docs/method.md, section 7)."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from math import fsum
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from risk.scoring.method import Method

Floats: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class DepartmentScore:
    """Index with its parts (all 0 to 100), band, shares of exposure (0 to 1) and the number of applications."""

    index: float
    worst: float
    tail: float
    mean: float
    band: str
    critical_share: float
    high_share: float
    count: int

    def to_dict(self) -> dict[str, Any]:
        """Plain values, unrounded, as `score_inputs --department` prints them."""
        return asdict(self)


def score_department(pairs: Iterable[tuple[float, float]], method: Method) -> DepartmentScore | None:
    """The score of applications given as (risk, exposure weight) pairs; None for none: no score is not a zero.

    Sums are exact, so that the order of the applications cannot matter.
    """
    ranked = sorted(pairs, reverse=True)
    if not ranked:
        return None
    params = method.parameters
    exposure = fsum(weight for _, weight in ranked)
    worst = ranked[0][0]
    mean = _within(fsum(risk * weight for risk, weight in ranked) / exposure, 0.0, worst)
    tail = _within(_tail(ranked, exposure * params.dept_tail_share), mean, worst)
    blended = fsum((params.dept_worst * worst, params.dept_tail * tail, params.dept_mean * mean))
    index = _within(max(worst - params.dept_worst_gap, blended), mean, worst)
    bands = [method.band(risk) for risk, _ in ranked]
    names = [name for name, _ in method.bands]
    return DepartmentScore(
        index=index,
        worst=worst,
        tail=tail,
        mean=mean,
        band=method.band(index),
        critical_share=_share(ranked, bands, names[-1:], exposure),
        high_share=_share(ranked, bands, names[-2:], exposure),
        count=len(ranked),
    )


def _tail(ranked: list[tuple[float, float]], size: float) -> float:
    """Mean of the worst `size` units of exposure; the application on the border counts by its part."""
    parts, left = [], size
    for risk, weight in ranked:
        taken = min(weight, left)
        parts.append(risk * taken)
        left -= taken
        if left <= 0:
            break
    return fsum(parts) / size


def _share(ranked: list[tuple[float, float]], bands: list[str], wanted: list[str], exposure: float) -> float:
    return fsum(weight for (_, weight), band in zip(ranked, bands, strict=True) if band in wanted) / exposure


def _within(value: float, least: float, most: float) -> float:
    """Keeps the last digit of a quotient from crossing a bound that holds exactly."""
    return min(most, max(least, value))


@dataclass(frozen=True, slots=True)
class PortfolioScore:
    """The score of a portfolio, the place of its worst application, and how many applications lie in each band."""

    score: DepartmentScore
    worst_at: int
    by_band: tuple[int, ...]


def score_portfolio(risks: Floats, exposure: Floats, method: Method) -> PortfolioScore | None:
    """`score_department` on arrays, for departments by the thousand; None for none.

    The two say the same to 1e-9: sums here are numpy's, which are fast and not exact. Of several equally bad
    applications the first is the worst one.
    """
    if not risks.size:
        return None
    params = method.parameters
    order = np.argsort(-risks, kind="stable")
    ranked, weights = risks[order], exposure[order]
    total = float(weights.sum())
    worst = float(ranked[0])
    mean = _within(float(ranked @ weights) / total, 0.0, worst)
    tail = _within(_array_tail(ranked, weights, total * params.dept_tail_share), mean, worst)
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


def _array_tail(ranked: Floats, weights: Floats, size: float) -> float:
    """Mean of the worst `size` units of exposure; the application on the border counts by its part."""
    reached = np.minimum(np.cumsum(weights), size)
    taken = np.diff(reached, prepend=0.0)
    return float(ranked @ taken) / size
