"""Charts of departments' risk: course, bands, ranking. Risk runs from 0 (best) to 100 (worst)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from inventory.charts.base import (
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
from risk.charts import risk_axis

BANDS = (("critical", "Critical"), ("high", "High"), ("moderate", "Moderate"), ("low", "Low"))


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
                yaxis=risk_axis(),
            ),
        },
        columns=("Day", "Index", "Worst application", "Mean"),
        rows=tuple(Row(f"{p.day:%-d %b %Y}", (p.index, p.worst, p.mean)) for p in reversed(ordered)),
        summary=summary,
        empty="The course begins on the day the first live application is scored.",
    )


def bands_by_department(rows: Sequence[DepartmentBands], whole: DepartmentBands | None = None) -> Chart:
    """Stacked bars: live applications by band, in the given order.

    `whole` is the department that holds the others, in which theirs are counted already: it stands first, and alone
    makes the sum.
    """
    summed = (whole,) if whole else tuple(rows)
    rows = (replace(whole, name=f"{whole.name}, all of it"), *rows) if whole else rows
    traces = []
    for band, words in BANDS:
        values = [getattr(row, band) for row in rows]
        hover = [f"<b>{safe(row.name)}</b><br>{words}: {n:,}" for row, n in zip(rows, values, strict=True)]
        urls = [f"{row.url}{'&' if '?' in row.url else '?'}band={band}" if row.url else "" for row in rows]
        traces.append(horizontal_bars(words, values, token(f"band-{band}-solid"), urls, hover))
    serious = sum(row.high + row.critical for row in summed)
    everything = serious + sum(row.low + row.moderate for row in summed)
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
            "layout": layout(xaxis=risk_axis(), yaxis=category_axis([row.name for row in ranked])),
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
