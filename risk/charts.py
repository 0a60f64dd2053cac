"""Charts of one application's risk: its course, and why it is what it is. Risk runs from 0 (best) to 100 (worst)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import NamedTuple

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from inventory.charts.base import (
    BAND_EDGES,
    Chart,
    Figure,
    Row,
    axis,
    category_axis,
    hatching,
    height_for,
    horizontal_bars,
    layout,
    safe,
    score,
    shown,
    time_axis,
    token,
)

KINDS = ("inherent", "control", "signal", "assumed", "unknown")  # of contributions, in the order of the waterfall
_REST = {
    "inherent": gettext_lazy("Other factors"),
    "control": gettext_lazy("Other controls"),
    "signal": gettext_lazy("Other signals"),
    "assumed": gettext_lazy("Open controls, if they worked"),
    "unknown": gettext_lazy("Other unknowns"),
}


@dataclass(frozen=True)
class ScorePoint:
    """A score on a day: the range that is certain to hold it, and the value shown. `url` opens what changed since.

    `why`: what stood there where no figure was in force; its values are then None, and the line breaks off.
    """

    day: date
    low: float | None
    point: float | None
    high: float | None
    url: str = ""
    why: str = ""


@dataclass(frozen=True)
class Contribution:
    """One step of a score, already rounded so that the steps add up to the shown one (methods §13).

    `kind`: inherent (impact, likelihood, class floor), control, signal, assumed (a control that is open, as if it
    worked), unknown (what that and other open answers hide). `url` opens its evidence.
    """

    label: str
    amount: float
    kind: str
    url: str = ""


def risk_axis(**changes: object) -> Figure:
    """The axis of a risk, with the edges of the bands."""
    return axis(**{"range": [0, 100], "tickvals": [0, *BAND_EDGES, 100], **changes})


def score_history(
    points: Sequence[ScorePoint],
    *,
    ahead: Sequence[ScorePoint] = (),
    key: str = "history",
    title: str = "",
) -> Chart:
    """The shown value as a line, its range as a band; a score holds until the next, so the line goes in steps.

    `ahead`: what it will be if nobody acts, dashed; its first point should be today's.
    """
    ordered = sorted(points, key=lambda p: p.day)
    drawn = _drawn(ordered)
    return Chart(
        key=key,
        title=title or _("Overall risk over time"),
        unit=_("Risk, 0 best to 100 worst; the band is the range"),
        figure={
            "data": [*_range_lines(drawn), _value_line(drawn), *([_ahead_line(ahead)] if ahead else [])],
            "layout": layout(xaxis=time_axis([p.day for p in (*ordered, *ahead)]), yaxis=risk_axis()),
        },
        columns=(_("Day"), _("Low"), _("Risk"), _("High")),
        rows=(
            *(
                Row(_("%(day)s, if nobody acts") % {"day": f"{p.day:%-d %b %Y}"}, (p.low, p.point, p.high))
                for p in reversed(ahead[1:])
            ),
            *(
                Row(f"{p.day:%-d %b %Y}{p.why and f': {p.why}'}", (p.low, p.point, p.high), p.url)
                for p in reversed(ordered)
            ),
        ),
        summary=_course_in_words(ordered, ahead),
        empty=_("The history begins with the first score, as soon as a question is answered."),
        height="md",
    )


def _drawn(ordered: Sequence[ScorePoint]) -> list[ScorePoint]:
    """The points as the line takes them: a value holds up to the day on which there is none, and ends there."""
    found: list[ScorePoint] = []
    for one in ordered:
        if one.point is None and found and found[-1].point is not None:
            found.append(replace(found[-1], day=one.day))
        found.append(one)
    return found


def _range_lines(drawn: Sequence[ScorePoint]) -> list[Figure]:
    """The range as a band, one for each stretch with figures: a fill would cross the gap."""
    stretches: list[list[ScorePoint]] = [[]]
    for one in drawn:
        if one.point is None:
            stretches.append([])
        else:
            stretches[-1].append(one)
    lines: list[Figure] = []
    for stretch in filter(None, stretches):
        edge: Figure = {
            "type": "scatter",
            "mode": "lines",
            "line": {"width": 0, "shape": "hv"},
            "hoverinfo": "skip",
            "x": [p.day.isoformat() for p in stretch],
            "legendgroup": "range",
        }
        soft = {"fill": "tonexty", "fillcolor": token("series-1-soft"), "name": _("Range"), "showlegend": not lines}
        lines.append({**edge, "y": [p.high for p in stretch], "showlegend": False})
        lines.append({**edge, "y": [p.low for p in stretch], **soft})
    return lines


def _value_line(ordered: Sequence[ScorePoint]) -> Figure:
    """The shown value; it breaks off where there is none."""
    return {
        "type": "scatter",
        "mode": "lines+markers" if len(ordered) <= 40 else "lines",
        "name": _("Risk"),
        "x": [p.day.isoformat() for p in ordered],
        "y": [p.point for p in ordered],
        "line": {"color": token("series-1"), "width": 2, "shape": "hv"},
        "marker": {"size": 5},
        "connectgaps": False,
        "hovertext": [f"{p.day:%-d %b %Y}: {_in_words(p)}" for p in ordered],
        "hovertemplate": "%{hovertext}<extra></extra>",
        "customdata": [p.url for p in ordered],
    }


def _in_words(one: ScorePoint) -> str:
    if one.point is None:
        return one.why
    figures = {"risk": score(one.point), "low": score(one.low), "high": score(one.high)}
    return _("<b>%(risk)s</b> (range %(low)s–%(high)s)") % figures


def _course_in_words(ordered: Sequence[ScorePoint], ahead: Sequence[ScorePoint]) -> str:
    known = [one for one in ordered if one.point is not None]
    if not known:
        return _("No score yet.")
    first, last = known[0], known[-1]
    words = _("%(risk)s on %(day)s, range %(low)s–%(high)s") % {
        "risk": score(last.point),
        "day": f"{last.day:%-d %B %Y}",
        "low": score(last.low),
        "high": score(last.high),
    }
    if first is not last:
        words += _("; %(risk)s on %(day)s") % {"risk": score(first.point), "day": f"{first.day:%-d %B %Y}"}
    for one in ordered:
        gap = {"why": one.why, "day": f"{one.day:%-d %B %Y}"}
        words += _("; %(why)s from %(day)s") % gap if one.point is None else ""
    if ahead:
        words += _("; %(risk)s on %(day)s if nobody acts") % {
            "risk": score(ahead[-1].point),
            "day": f"{ahead[-1].day:%-d %B %Y}",
        }
    return f"{words}."


def _ahead_line(points: Sequence[ScorePoint]) -> Figure:
    return {
        "type": "scatter",
        "mode": "lines",
        "name": _("If nobody acts"),
        "x": [p.day.isoformat() for p in points],
        "y": [p.point for p in points],
        "line": {"color": token("series-3"), "width": 2, "dash": "dot", "shape": "hv"},
        "hovertext": [
            _("%(day)s, if nobody acts: <b>%(point)s</b>") % {"day": f"{p.day:%-d %b %Y}", "point": score(p.point)}
            for p in points
        ],
        "hovertemplate": "%{hovertext}<extra></extra>",
    }


def why_this_score(
    steps: Sequence[Contribution], total: float, *, subject: str = "", key: str = "why", most: int = 9
) -> Chart:
    """A waterfall: what raises the risk from nothing, what controls take off, what signals and unknowns add.

    `steps` add up to `total`. More than `most` steps: the smallest of each kind are put together, so that the bars stay
    readable; the table has every step. A waterfall trace isn't in the bundle: these are bars with a base.
    """
    bars = _bars(_gathered(steps, most), total)
    hover = [f"<b>{safe(bar.label)}</b><br>{bar.text}" for bar in bars]
    trace = horizontal_bars("", [bar.size for bar in bars], "", [bar.url for bar in bars], hover)
    trace["marker"]["color"] = [token(bar.colour) for bar in bars]
    trace["marker"]["pattern"] = {**hatching(""), "shape": ["/" if bar.assumed else "" for bar in bars]}
    # A bar that takes off is drawn from its lower end, so that its label stands to the right, never on the names.
    trace["x"] = [abs(bar.size) for bar in bars]
    trace |= {"base": [min(bar.base, bar.base + bar.size) for bar in bars], "text": [bar.text for bar in bars]}
    trace |= {"textposition": "outside", "cliponaxis": False}
    top = max((max(bar.base, bar.base + bar.size) for bar in bars), default=0)
    about = safe_title(subject or _("this score"))
    return Chart(
        key=key,
        title=_("Why %(subject)s is %(total)s") % {"subject": about, "total": shown(total)},
        unit=_("Contributions add up to the shown risk"),
        figure={
            "data": [trace],
            "layout": layout(
                xaxis=risk_axis(range=[0, max(100, top)]), yaxis=category_axis([bar.label for bar in bars], 34)
            ),
        },
        columns=(_("What"), _("Adds or takes off")),
        rows=(
            *(Row(step.label, (signed(step.amount),), step.url) for step in steps),
            Row(_("Risk shown"), (shown(total),)),
        )
        if steps
        else (),
        summary=_sums_in_words(steps, total),
        empty=_("Answer the questionnaire: each answer then appears here with what it adds or takes off."),
        height=height_for(len(bars)),
    )


def _sums_in_words(steps: Sequence[Contribution], total: float) -> str:
    sums = {kind: sum(s.amount for s in steps if s.kind == kind) for kind in KINDS}
    said = {
        "inherent": shown(sums["inherent"]),
        "controls": shown(-sums["control"]),
        "signals": shown(sums["signal"]),
        "open": shown(-sums["assumed"]),
        "unknown": shown(sums["unknown"]),
        "total": shown(total),
    }
    return (
        _("Inherent risk %(inherent)s; controls take off %(controls)s; signals add %(signals)s; ") % said
        + (_("open controls would take off %(open)s if they worked; ") % said if sums["assumed"] else "")
        + _("what is not known adds %(unknown)s: %(total)s.") % said
    )


def safe_title(text: str) -> str:
    return " ".join(text.split())


def signed(amount: float) -> str:
    """A contribution with its sign, a real minus."""
    return ("+" if amount > 0 else "−" if amount < 0 else "±") + shown(abs(amount))


class _Bar(NamedTuple):
    label: str
    base: float
    size: float
    colour: str
    text: str
    url: str
    assumed: bool = False


def _gathered(steps: Sequence[Contribution], most: int) -> list[Contribution]:
    """About `most` steps: the two largest of each kind, then the largest of all; the rest is put together by kind. What
    is only assumed is always one: none of it is a merit."""
    by_size = sorted((s for s in steps if s.kind != "assumed"), key=lambda s: -abs(s.amount))
    first = [s for kind in KINDS for s in [one for one in by_size if one.kind == kind][:2]]
    others = [s for s in by_size if all(s is not one for one in first)]
    kept = {id(s) for s in [*first, *others][: max(most, len(first))]}
    out: list[Contribution] = []
    for kind in KINDS:
        mine = [s for s in steps if s.kind == kind]
        rest = [s for s in mine if id(s) not in kept]
        out += [s for s in mine if id(s) in kept]
        amount = sum((s.amount for s in rest), 0.0)
        if len(rest) == 1 and kind != "assumed":
            out.append(rest[0])
        elif round(amount, 1):
            out.append(
                Contribution(f"{_REST[kind]} ({len(rest)})", amount, kind, rest[0].url if len(rest) == 1 else "")
            )
    return out


def _bars(steps: Sequence[Contribution], total: float) -> list[_Bar]:
    """Each step from where the last one ended, and the two sums from nothing."""
    bars: list[_Bar] = []
    level = 0.0
    for place, step in enumerate(steps):
        assumed = step.kind == "assumed"
        colour = "series-6" if assumed else "up" if step.amount >= 0 else "down"
        bars.append(_Bar(step.label, level, step.amount, colour, signed(step.amount), step.url, assumed))
        level += step.amount
        following = steps[place + 1].kind if place + 1 < len(steps) else ""
        if step.kind == "inherent" and following != "inherent":
            bars.append(_Bar(_("Inherent"), 0, level, "series-1", shown(round(level, 1)), ""))
    if steps:
        bars.append(_Bar(_("Residual"), 0, total, "series-1", shown(round(total, 1)), ""))
    return bars
