"""What was tried on a copy of an application, beside what is: scores, class, controls, coverage, contradictions."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from risk.choices import OVERALL, Principle
from risk.method import load_method
from risk.scoring.compare import differences
from risk.scoring.fitness import fitting
from risk.scoring.judgement import Judgement, Previous, judge
from risk.scoring.method import Control, Method
from risk.scoring.tally import coverage_of
from risk.scoring.what_if import Changes, changed_case, clashes, value_of
from risk.selectors.causes import Change, changes, shown_change


@dataclass(frozen=True, slots=True)
class Line:
    """One measure, now and as tried."""

    key: str
    label: str
    now: float
    then: float
    low: float
    high: float
    band: str
    band_now: str
    change: float


@dataclass(frozen=True, slots=True)
class CoverageLine:
    """Coverage of a framework in which something moves: shares from 0 to 1 with what is unknown as 0 and as 1."""

    name: str
    binding: bool
    now: tuple[float | None, float | None]
    then: tuple[float | None, float | None]


@dataclass(frozen=True, slots=True)
class Trial:
    """The judgement as it is and as tried. `effects` add up to the difference of the overall risk."""

    now: Judgement
    then: Judgement
    lines: Sequence[Line]
    effects: Sequence[Change]
    asked_more: Sequence[Control]
    asked_less: Sequence[Control]
    coverage: Sequence[CoverageLine]
    contradictions: Sequence[tuple[str, str]]

    @property
    def overall(self) -> Line:
        """The line of the overall risk."""
        return self.lines[0]

    @property
    def gated(self) -> bool:
        """Whether a side is a prohibited practice: a gate and never a number, so nothing can be subtracted."""
        return self.now.inputs.prohibited or self.then.inputs.prohibited


def trial(now: Judgement, wanted: Changes) -> Trial:
    """What follows from the changes, judged as the next recalculation would judge them. Nothing is stored."""
    method = load_method()
    case = fitting(changed_case(now, wanted), method)
    then = judge(case, now.day, method, Previous(now.score, now.tier, now.case.held))
    lines = [_line(now, then, OVERALL, _("Overall"), method)]
    lines += [_line(now, then, key, str(Principle(key).label), method) for key in method.principles]
    effects = changes(differences(now, then, method, method), then, method, lines[0].change)
    asked = [{one.control.id for one in side.asked if one.applicable is not False} for side in (now, then)]
    old = clashes(now.case, method)
    return Trial(
        now=now,
        then=then,
        lines=lines,
        effects=effects,
        asked_more=[control for key, control in method.controls.items() if key in asked[1] - asked[0]],
        asked_less=[control for key, control in method.controls.items() if key in asked[0] - asked[1]],
        coverage=_coverage(now, then, method),
        contradictions=[
            (method.facts[one.first].text, " or ".join(method.facts[key].text for key in one.second.split(", ")))
            for one in clashes(case, method)
            if one not in old
        ],
    )


def _line(now: Judgement, then: Judgement, key: str, label: str, method: Method) -> Line:
    score = then.score if key == OVERALL else then.score.principles[key]
    before = value_of(now.score, key)
    return Line(
        key=key,
        label=label,
        now=before,
        then=score.point,
        low=score.low,
        high=score.high,
        band=method.band(score.point),
        band_now=method.band(before),
        change=shown_change(before, score.point),
    )


def _coverage(now: Judgement, then: Judgement, method: Method) -> list[CoverageLine]:
    if then.case == now.case:  # nothing is tried yet
        return []
    old, new = coverage_of(now, method), coverage_of(then, method)
    found = []
    for key, framework in method.frameworks.items():
        sides = [(side[key].low, side[key].high) if key in side else (None, None) for side in (old, new)]
        if _rounded(sides[0]) != _rounded(sides[1]):
            found.append(CoverageLine(framework.name, framework.binding, sides[0], sides[1]))
    return sorted(found, key=lambda one: (not one.binding, one.name))


def _rounded(pair: tuple[float | None, float | None]) -> tuple[float | None, ...]:
    return tuple(None if value is None else round(value, 2) for value in pair)
