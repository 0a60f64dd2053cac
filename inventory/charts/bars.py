"""Charts of amounts: ranked bars of parts that add up, and courses by day. What they count, their callers say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from inventory.charts.base import (
    Cell,
    Chart,
    Figure,
    Row,
    count_axis,
    hatching,
    height_for,
    horizontal_bars,
    layout,
    many,
    safe,
    shown,
    stacked,
    time_axis,
    token,
)

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

SERIES = ("series-1", "series-4", "series-5", "series-2", "series-3", "series-6")
PATTERNS = ("", "/", "x", ".", "\\", "-")  # series-1 and -4 are one colour to who sees no red or green
DASHES = ("solid", "dot", "dash", "dashdot", "longdash", "longdashdot")


@dataclass(frozen=True)
class Part:
    """One part of every bar, or one line: its words, and its colour and pattern where they mean something."""

    label: str
    colour: str = ""
    pattern: str | None = None


@dataclass(frozen=True)
class Bar:
    """One bar, a value a part. `urls`: what each part opens; `url`: what the whole opens."""

    name: str
    values: Sequence[float]
    url: str = ""
    urls: Sequence[str] = ()


@dataclass(frozen=True)
class Line:
    """One course; days without a value are zeroes. `url`: what a day opens, to which the day is added."""

    label: str
    points: Sequence[tuple[date, int]]
    colour: str = ""
    url: str = ""


def ranked_bars(
    bars: Sequence[Bar],
    parts: Sequence[Part],
    *,
    key: str,
    title: str,
    unit: str,
    of: str,
    summary: str,
    empty: str,
    whole: str | None = None,
    xaxis: Figure | None = None,
) -> Chart:
    """Stacked horizontal bars in the given order. `of`: heads the names; `whole`: the sums, "" for none."""
    whole = _("Total") if whole is None else whole
    traces = []
    for place, part in enumerate(parts):
        values = [bar.values[place] for bar in bars]
        hover = [
            f"<b>{safe(bar.name)}</b><br>{safe(part.label)}: {shown(value)}"
            for bar, value in zip(bars, values, strict=True)
        ]
        urls = [bar.urls[place] if bar.urls else bar.url for bar in bars]
        colour = token(part.colour or SERIES[place % len(SERIES)])
        traces.append(horizontal_bars(safe(part.label), values, colour, urls, hover))
        pattern = PATTERNS[place % len(PATTERNS)] if part.pattern is None else part.pattern
        traces[-1]["marker"]["pattern"] = hatching(pattern)
    summed = len(parts) > 1 and bool(whole)
    return Chart(
        key=key,
        title=title,
        unit=unit,
        figure=stacked(traces, [bar.name for bar in bars], xaxis),
        columns=(of, *(part.label for part in parts), *((whole,) if summed else ())),
        rows=tuple(Row(bar.name, _cells(bar.values, summed), bar.url) for bar in bars),
        summary=summary,
        empty=empty,
        height=height_for(len(bars)),
    )


def _cells(values: Sequence[float], summed: bool) -> tuple[Cell, ...]:
    return (*values, sum(values)) if summed else tuple(values)


def most_in(bars: Sequence[Bar], counted: StrPromise, where: StrPromise, nothing: str) -> str:
    """ "1,204 visits in the 3 apps shown; most in ChatGPT with 800.": the sentence beside ranked bars. What is counted
    and where: as `many` takes it."""
    if not bars:
        return nothing
    totals = [sum(bar.values) for bar in bars]
    top = totals.index(max(totals))
    return _("%(counted)s in the %(bars)s shown; most in %(name)s with %(most)s.") % {
        "counted": many(sum(totals), counted),
        "bars": many(len(bars), where),
        "name": bars[top].name,
        "most": shown(max(totals)),
    }


def daily_lines(
    lines: Sequence[Line],
    *,
    key: str,
    title: str,
    unit: str,
    counted: StrPromise,
    nothing: str,
    empty: str,
    days: Sequence[date] = (),
) -> Chart:
    """Courses by day. `counted`: as `many` takes it. `days`: the period; without it from the first to the last day that
    is known."""
    known = days or _days([day for line in lines for day, __ in line.points])
    traces, columns = [], []
    for place, line in enumerate(lines):
        by_day = dict(line.points)
        columns.append([by_day.get(day, 0) for day in known])
        traces.append(_line(line, place, known, columns[-1]))
    there = any(any(column) for column in columns)
    totals = [sum(column) for column in columns]
    each = "; ".join(f"{line.label} {total:,}" for line, total in zip(lines, totals, strict=True))
    return Chart(
        key=key,
        title=title,
        unit=unit,
        figure={
            "data": traces,
            "layout": layout(
                hovermode="x unified",
                xaxis=time_axis(known),
                yaxis=count_axis(max(map(max, columns), default=0) if known else 0),
            ),
        },
        columns=(_("Day"), *(line.label for line in lines)),
        rows=tuple(
            Row(f"{day:%-d %b %Y}", tuple(column[i] for column in columns))
            for i, day in reversed(list(enumerate(known)))
        )
        if there
        else (),
        summary=_("%(counted)s in all: %(each)s.") % {"counted": many(sum(totals), counted), "each": each}
        if there
        else nothing,
        empty=empty,
    )


def _line(line: Line, place: int, days: Sequence[date], values: Sequence[int]) -> Figure:
    colour = token(line.colour or SERIES[place % len(SERIES)])
    return {
        "type": "scatter",
        "mode": "lines+markers" if line.url and len(days) <= 31 else "lines" if len(days) > 1 else "markers",
        "name": safe(line.label),
        "x": [day.isoformat() for day in days],
        "y": list(values),
        "meta": line.url,
        "line": {"color": colour, "width": 2, "dash": DASHES[place % len(DASHES)]},
        "marker": {"color": colour, "size": 5},
        "hovertemplate": "%{y:,} " + safe(line.label) + "<extra></extra>",
    }


def _days(known: Sequence[date]) -> list[date]:
    if not known:
        return []
    first, last = min(known), max(known)
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]
