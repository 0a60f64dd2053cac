"""Charts of risk: history, why this score, departments. Risk runs from 0 (best) to 100 (worst)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from governance.charts.base import (
    Chart,
    Figure,
    Row,
    axis,
    category_axis,
    height_for,
    horizontal_bars,
    layout,
    many,
    safe,
    shown,
    token,
)

BANDS = (("critical", "Critical"), ("high", "High"), ("moderate", "Moderate"), ("low", "Low"))
BAND_EDGES = (25, 50, 75)


@dataclass(frozen=True)
class ScorePoint:
    """A score on a day: the range that is certain to hold it, and the value shown."""

    day: date
    low: float
    point: float
    high: float


@dataclass(frozen=True)
class Contribution:
    """One step of a score, already rounded so that the steps add up to the shown one (methods §13).

    `kind`: inherent (impact, likelihood, class floor), control, signal, unknown. `url` opens its evidence.
    """

    label: str
    amount: float
    kind: str
    url: str = ""


@dataclass(frozen=True)
class DepartmentBands:
    """How many live applications of a department's tree are in each band."""

    name: str
    low: int
    moderate: int
    high: int
    critical: int
    url: str = ""


@dataclass(frozen=True)
class DepartmentIndex:
    """A department's index with its worst application; None where it has no live one."""

    name: str
    index: float | None
    worst: float | None
    band: str
    url: str = ""


@dataclass(frozen=True)
class DepartmentPoint:
    """A department's index on a day, with its worst application and the mean (methods §7)."""

    day: date
    index: float
    worst: float
    mean: float


def _risk_axis(**changes: object) -> Figure:
    return axis(**{"range": [0, 100], "tickvals": [0, *BAND_EDGES, 100], **changes})


def score_history(
    points: Sequence[ScorePoint], *, key: str = "history", title: str = "Overall risk over time"
) -> Chart:
    """The shown value as a line, its range as a band; a score holds until the next, so the line goes in steps."""
    ordered = sorted(points, key=lambda p: p.day)
    x = [p.day.isoformat() for p in ordered]
    edge: Figure = {
        "type": "scatter",
        "mode": "lines",
        "line": {"width": 0, "shape": "hv"},
        "hoverinfo": "skip",
        "x": x,
    }
    traces = [
        {**edge, "y": [p.high for p in ordered], "showlegend": False},
        {
            **edge,
            "y": [p.low for p in ordered],
            "fill": "tonexty",
            "fillcolor": token("series-1-soft"),
            "name": "Range",
        },
        {
            "type": "scatter",
            "mode": "lines+markers" if len(ordered) <= 40 else "lines",
            "name": "Risk",
            "x": x,
            "y": [p.point for p in ordered],
            "line": {"color": token("series-1"), "width": 2, "shape": "hv"},
            "marker": {"size": 5},
            "hovertext": [f"{p.day:%-d %b %Y}: <b>{p.point:.0f}</b> (range {p.low:.0f}–{p.high:.0f})" for p in ordered],
            "hovertemplate": "%{hovertext}<extra></extra>",
        },
    ]
    summary = "No score yet."
    if ordered:
        first, last = ordered[0], ordered[-1]
        summary = f"{last.point:.0f} on {last.day:%-d %B %Y}, range {last.low:.0f}–{last.high:.0f}"
        if first is not last:
            summary += f"; {first.point:.0f} on {first.day:%-d %B %Y}"
        summary += "."
    return Chart(
        key=key,
        title=title,
        unit="Risk, 0 best to 100 worst; the band is the range",
        figure={
            "data": traces,
            "layout": layout(xaxis=axis(type="date", showgrid=False, ticks="outside", ticklen=4), yaxis=_risk_axis()),
        },
        columns=("Day", "Low", "Risk", "High"),
        rows=tuple(Row(f"{p.day:%-d %b %Y}", (p.low, p.point, p.high)) for p in reversed(ordered)),
        summary=summary,
        empty="The history begins with the first score, as soon as a question is answered.",
        height="md",
    )


def department_course(points: Sequence[DepartmentPoint]) -> Chart:
    """The index as a line between the worst application and the mean; figures hold until the next, so lines go in
    steps."""
    ordered = sorted(points, key=lambda p: p.day)
    lines = (("index", "Index", "series-1", "solid"), ("worst", "Worst application", "series-3", "dot"))
    traces: list[Figure] = [
        {
            "type": "scatter",
            "mode": "lines+markers" if len(ordered) <= 40 else "lines",
            "name": words,
            "x": [p.day.isoformat() for p in ordered],
            "y": [getattr(p, field) for p in ordered],
            "line": {"color": token(colour), "width": 2, "dash": dash, "shape": "hv"},
            "marker": {"size": 5},
            "hovertemplate": "%{y:.0f} " + words + "<extra></extra>",
        }
        for field, words, colour, dash in (*lines, ("mean", "Mean", "series-2", "dash"))
    ]
    summary = "No figures yet."
    if ordered:
        first, last = ordered[0], ordered[-1]
        summary = f"Index {last.index:.0f} on {last.day:%-d %B %Y}"
        if first is not last:
            summary += f", {first.index:.0f} on {first.day:%-d %B %Y}"
        summary += f"; worst application {last.worst:.0f}, mean {last.mean:.0f}."
    return Chart(
        key="course",
        title="Risk over time",
        unit="Index of the department, 0 best to 100 worst",
        figure={
            "data": traces,
            "layout": layout(
                hovermode="x unified",
                xaxis=axis(type="date", showgrid=False, ticks="outside", ticklen=4),
                yaxis=_risk_axis(),
            ),
        },
        columns=("Day", "Index", "Worst application", "Mean"),
        rows=tuple(Row(f"{p.day:%-d %b %Y}", (p.index, p.worst, p.mean)) for p in reversed(ordered)),
        summary=summary,
        empty="The course begins on the day the first live application is scored.",
    )


def why_this_score(
    steps: Sequence[Contribution], total: float, *, subject: str = "this score", key: str = "why", most: int = 9
) -> Chart:
    """A waterfall: what raises the risk from nothing, what controls take off, what signals and unknowns add.

    `steps` add up to `total`. More than `most` steps: the smallest of each kind are put together, so that the bars stay
    readable; the table has every step. A waterfall trace isn't in the bundle: these are bars with a base.
    """
    bars = _bars(_gathered(steps, most), total)
    hover = [f"<b>{safe(bar.label)}</b><br>{bar.text}" for bar in bars]
    trace = horizontal_bars("", [bar.size for bar in bars], "", [bar.url for bar in bars], hover)
    trace["marker"]["color"] = [token(bar.colour) for bar in bars]
    trace |= {"base": [bar.base for bar in bars], "text": [bar.text for bar in bars]}
    trace |= {"textposition": "outside", "cliponaxis": False}
    top = max((max(bar.base, bar.base + bar.size) for bar in bars), default=0)
    up = sum(s.amount for s in steps if s.kind == "inherent")
    down = -sum(s.amount for s in steps if s.kind == "control")
    added = sum(s.amount for s in steps if s.kind == "signal")
    unknown = sum(s.amount for s in steps if s.kind == "unknown")
    return Chart(
        key=key,
        title=f"Why {safe_title(subject)} is {shown(round(total))}",
        unit="Contributions add up to the shown risk",
        figure={
            "data": [trace],
            "layout": layout(
                xaxis=_risk_axis(range=[0, max(100, top)]), yaxis=category_axis([bar.label for bar in bars], 34)
            ),
        },
        columns=("What", "Adds or takes off"),
        rows=(
            *(Row(step.label, (signed(step.amount),), step.url) for step in steps),
            Row("Risk shown", (shown(total),)),
        )
        if steps
        else (),
        summary=(
            f"Inherent risk {shown(up)}; controls take off {shown(down)}; signals add {shown(added)}; "
            f"what is not known adds {shown(unknown)}: {shown(total)}."
        ),
        empty="Answer the questionnaire: each answer then appears here with what it adds or takes off.",
        height=height_for(len(bars)),
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


def _gathered(steps: Sequence[Contribution], most: int) -> list[Contribution]:
    """At most about `most` steps: within each kind the smallest are put together, in place of the last of them."""
    kept = {id(s) for s in sorted(steps, key=lambda s: -abs(s.amount))[:most]}
    words = {
        "inherent": "Other factors",
        "control": "Other controls",
        "signal": "Other signals",
        "unknown": "Other unknowns",
    }
    out: list[Contribution] = []
    for kind in ("inherent", "control", "signal", "unknown"):
        mine = [s for s in steps if s.kind == kind]
        rest = [s for s in mine if id(s) not in kept]
        out += [s for s in mine if id(s) in kept]
        amount = sum((s.amount for s in rest), 0.0)
        if len(rest) == 1:
            out.append(rest[0])
        elif round(amount, 1):
            out.append(Contribution(f"{words[kind]} ({len(rest)})", amount, kind))
    return out


def _bars(steps: Sequence[Contribution], total: float) -> list[_Bar]:
    """Each step from where the last one ended, and the two sums from nothing."""
    bars: list[_Bar] = []
    level = 0.0
    for place, step in enumerate(steps):
        colour = "up" if step.amount >= 0 else "down"
        bars.append(_Bar(step.label, level, step.amount, colour, signed(step.amount), step.url))
        level += step.amount
        following = steps[place + 1].kind if place + 1 < len(steps) else ""
        if step.kind == "inherent" and following != "inherent":
            bars.append(_Bar("Inherent", 0, level, "series-1", shown(round(level, 1)), ""))
    if steps:
        bars.append(_Bar("Residual", 0, total, "series-1", shown(round(total, 1)), ""))
    return bars


def bands_by_department(rows: Sequence[DepartmentBands]) -> Chart:
    """Stacked bars: live applications by band, in the given order."""
    traces = []
    for band, words in BANDS:
        values = [getattr(row, band) for row in rows]
        hover = [f"<b>{safe(row.name)}</b><br>{words}: {n:,}" for row, n in zip(rows, values, strict=True)]
        urls = [f"{row.url}{'&' if '?' in row.url else '?'}band={band}" if row.url else "" for row in rows]
        traces.append(horizontal_bars(words, values, token(f"band-{band}-solid"), urls, hover))
    serious = sum(row.high + row.critical for row in rows)
    everything = serious + sum(row.low + row.moderate for row in rows)
    return Chart(
        key="bands",
        title="Risk bands by department",
        unit="Live applications",
        figure={
            "data": traces,
            "layout": layout(
                barmode="stack",
                xaxis=axis(tickformat=",d", rangemode="tozero"),
                yaxis=category_axis([row.name for row in rows]),
            ),
        },
        columns=("Department", *(words for _, words in BANDS)),
        rows=tuple(Row(row.name, (row.critical, row.high, row.moderate, row.low), row.url) for row in rows),
        summary=f"{many(serious, 'application')} of {everything:,} high or critical.",
        empty="Departments appear here once they have a live application.",
        height=height_for(len(rows)),
    )


def department_ranking(rows: Sequence[DepartmentIndex]) -> Chart:
    """Bars: the index of each department, worst first, coloured by its band."""
    ranked = sorted((row for row in rows if row.index is not None), key=lambda row: -(row.index or 0))
    index = [row.index or 0.0 for row in ranked]
    hover = [
        f"<b>{safe(row.name)}</b><br>index {row.index or 0:.0f}, "
        f"worst application {shown(row.worst and round(row.worst))}"
        for row in ranked
    ]
    bars = horizontal_bars("Index", index, "", [row.url for row in ranked], hover)
    bars["marker"]["color"] = [token(f"band-{row.band}-solid") for row in ranked]
    bars |= {"text": [f"{value:.0f}" for value in index], "textposition": "outside", "cliponaxis": False}
    return Chart(
        key="ranking",
        title="Departments by risk",
        unit="Index, 0 best to 100 worst",
        figure={
            "data": [bars],
            "layout": layout(xaxis=_risk_axis(), yaxis=category_axis([row.name for row in ranked])),
        },
        columns=("Department", "Index", "Worst application"),
        rows=tuple(
            Row(row.name, (row.index and round(row.index), row.worst and round(row.worst)), row.url) for row in ranked
        ),
        summary=(
            f"Highest: {ranked[0].name}, {index[0]:.0f}. Lowest: {ranked[-1].name}, {index[-1]:.0f}."
            if ranked
            else "No department has a live application."
        ),
        empty="Departments appear here once they have a live application.",
        height=height_for(len(ranked)),
    )
