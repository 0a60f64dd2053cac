"""Charts of departments' risk: course, bands. Risk runs from 0 (best) to 100 (worst)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext_lazy

from inventory.charts.base import (
    Chart,
    Figure,
    Row,
    height_for,
    horizontal_bars,
    layout,
    many,
    safe,
    score,
    stacked,
    time_axis,
    token,
)
from risk.charts import risk_axis

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

BANDS = (
    ("critical", gettext_lazy("Critical")),
    ("high", gettext_lazy("High")),
    ("moderate", gettext_lazy("Moderate")),
    ("low", gettext_lazy("Low")),
)


@dataclass(frozen=True)
class DepartmentBands:
    """How many live applications of a department's tree are in each band. `url` lists them; `any_band`: the list that a
    part narrows to its band, where that is another one (narrowed to bands already)."""

    name: str
    low: int
    moderate: int
    high: int
    critical: int
    url: str = ""
    any_band: str = ""


@dataclass(frozen=True)
class DepartmentPoint:
    """A department's index on a day, with its worst application and the mean (methods §7). `url`: the department as it
    stood."""

    day: date
    index: float
    worst: float
    mean: float
    url: str = ""


def department_course(
    points: Sequence[DepartmentPoint],
    ahead: Sequence[tuple[date, float]] = (),
    today: date | None = None,
    ahead_url: str = "",
) -> Chart:
    """The index as a line between the worst application and the mean; figures hold until the next, so lines go in
    steps. `ahead`: the index on later days if nobody acts, dotted on from `today`; each opens `ahead_url`."""
    ordered = sorted(points, key=lambda p: p.day)
    traces = [_course_line(ordered, *line) for line in _COURSE_LINES]
    if ordered and ahead and today:
        traces.append(_ahead_line([(today, ordered[-1].index), *ahead], ahead_url))
    return Chart(
        key="course",
        title=_("Risk over time"),
        unit=_("Index of the department, 0 best to 100 worst"),
        figure={
            "data": traces,
            "layout": layout(
                hovermode="x unified",
                xaxis=time_axis([*(p.day for p in ordered), *(day for day, __ in ahead)]),
                yaxis=risk_axis(),
            ),
        },
        columns=(_("Day"), _("Index"), _("Worst application"), _("Mean")),
        rows=_course_rows(ordered, ahead, ahead_url) if ordered else (),
        summary=_course_in_words(ordered, ahead),
        empty=_("The course begins on the day the first live application is scored."),
    )


def _course_rows(
    ordered: Sequence[DepartmentPoint], ahead: Sequence[tuple[date, float]], ahead_url: str
) -> tuple[Row, ...]:
    """The newest first, and what is to come before it."""
    coming = [
        Row(_("%(day)s, if nobody acts") % {"day": f"{day:%-d %b %Y}"}, (index, None, None), ahead_url)
        for day, index in reversed(ahead)
    ]
    past = [Row(f"{p.day:%-d %b %Y}", (p.index, p.worst, p.mean), p.url) for p in reversed(ordered)]
    return (*coming, *past)


def _course_in_words(ordered: Sequence[DepartmentPoint], ahead: Sequence[tuple[date, float]]) -> str:
    if not ordered:
        return _("No figures yet.")
    first, last = ordered[0], ordered[-1]
    words = _("Index %(index)s on %(day)s") % {"index": score(last.index), "day": f"{last.day:%-d %B %Y}"}
    if first is not last:
        words += _(", %(index)s on %(day)s") % {"index": score(first.index), "day": f"{first.day:%-d %B %Y}"}
    figures = {"worst": score(last.worst), "mean": score(last.mean)}
    words += _("; worst application %(worst)s, mean %(mean)s") % figures
    if not ahead:
        return f"{words}."
    day, index = ahead[-1]
    return words + _("; %(index)s on %(day)s if nobody acts.") % {"index": score(index), "day": f"{day:%-d %B %Y}"}


_COURSE_LINES = (
    ("index", gettext_lazy("Index"), "series-1", "solid"),
    ("worst", gettext_lazy("Worst application"), "series-3", "dot"),
    ("mean", gettext_lazy("Mean"), "series-2", "dash"),
)


def _course_line(ordered: Sequence[DepartmentPoint], field: str, words: StrPromise, colour: str, dash: str) -> Figure:
    return {
        "type": "scatter",
        "mode": "lines+markers" if len(ordered) <= 40 else "lines",
        "name": str(words),
        "x": [p.day.isoformat() for p in ordered],
        "y": [getattr(p, field) for p in ordered],
        "customdata": [p.url for p in ordered] if field == "index" else [],  # pointed at, all lines of a day are
        "line": {"color": token(colour), "width": 2, "dash": dash, "shape": "hv"},
        "marker": {"size": 5},
        "hovertemplate": "%{y:.1f} " + str(words) + "<extra></extra>",
    }


def _ahead_line(points: Sequence[tuple[date, float]], url: str) -> Figure:
    """Its first point is today's, which the lines of the past open."""
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "name": _("Index if nobody acts"),
        "x": [day.isoformat() for day, __ in points],
        "y": [index for __, index in points],
        "customdata": ["", *[url] * (len(points) - 1)],
        "line": {"color": token("series-1"), "width": 2, "dash": "dot"},
        "marker": {"size": 5, "symbol": "circle-open"},
        "hovertemplate": _("%{y:.1f} if nobody acts<extra></extra>"),
    }


def bands_by_department(rows: Sequence[DepartmentBands], whole: DepartmentBands | None = None) -> Chart:
    """Stacked bars: live applications by band, in the given order.

    `whole` is the department that holds the others, in which theirs are counted already: it stands first, and alone
    makes the sum.
    """
    summed = (whole,) if whole else tuple(rows)
    rows = (replace(whole, name=_("%(name)s, all of it") % {"name": whole.name}), *rows) if whole else rows
    traces = []
    for band, words in BANDS:
        values = [getattr(row, band) for row in rows]
        hover = [f"<b>{safe(row.name)}</b><br>{words}: {n:,}" for row, n in zip(rows, values, strict=True)]
        lists = [(row.any_band or row.url) if n else "" for row, n in zip(rows, values, strict=True)]
        urls = [f"{url}{'&' if '?' in url else '?'}band={band}" if url else "" for url in lists]
        traces.append(horizontal_bars(str(words), values, token(f"band-{band}-solid"), urls, hover))
    serious = sum(row.high + row.critical for row in summed)
    everything = serious + sum(row.low + row.moderate for row in summed)
    return Chart(
        key="bands",
        title=_("Risk bands by department"),
        unit=_("Live applications"),
        figure=stacked(traces, [row.name for row in rows]),
        columns=(_("Department"), *(str(words) for __, words in BANDS)),
        rows=tuple(Row(row.name, (row.critical, row.high, row.moderate, row.low), row.url) for row in rows),
        summary=_("%(applications)s of %(all)s high or critical.")
        % {
            "applications": many(serious, ngettext_lazy("%(number)s application", "%(number)s applications", "n")),
            "all": f"{everything:,}",
        },
        empty=_("Departments appear here once they have a live application."),
        height=height_for(len(rows)),
    )
