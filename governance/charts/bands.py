"""Charts of how the bands of live applications moved: of all that is looked at, and department by department."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from django.utils.translation import gettext as _
from django.utils.translation import ngettext, ngettext_lazy

from governance.charts.departments import BANDS
from inventory.charts.base import Chart, Figure, Row, axis, count_axis, layout, many, safe, time_axis, token


@dataclass(frozen=True)
class BandsDay:
    """Live applications by band on a day; figures hold until the next. `url`: the departments as on that day."""

    day: date
    counts: Mapping[str, int]
    url: str = ""


@dataclass(frozen=True)
class BandsCourse:
    """A department's bands on some days, oldest first."""

    name: str
    days: Sequence[BandsDay]


def bands_over_time(days: Sequence[BandsDay], today: date, *, title: str = "") -> Chart:
    """Areas on top of each other, the gravest at the bottom; a day opens the departments as they stood."""
    ordered = sorted(days, key=lambda one: one.day)
    drawn = (
        [*ordered, BandsDay(today, ordered[-1].counts, ordered[-1].url)]
        if ordered and ordered[-1].day < today
        else ordered
    )
    traces = [_area(band, str(words), drawn) for band, words in BANDS]
    summary = _("No live application in this period.")
    if ordered:
        first, last = ordered[0], ordered[-1]
        grave = [one.counts["critical"] + one.counts["high"] for one in (first, last)]
        whole = [sum(one.counts.values()) for one in (first, last)]
        summary = _("%(applications)s of %(all)s high or critical on %(day)s") % {
            "applications": many(grave[1], ngettext_lazy("%(number)s application", "%(number)s applications", "n")),
            "all": f"{whole[1]:,}",
            "day": f"{last.day:%-d %B %Y}",
        }
        before = {"n": f"{grave[0]:,}", "all": f"{whole[0]:,}", "day": f"{first.day:%-d %B %Y}"}
        summary += _("; %(n)s of %(all)s on %(day)s.") % before if first is not last else "."
    return Chart(
        key="bands-over-time",
        title=title or _("Risk bands over time"),
        unit=_("Live applications by band of their risk"),
        figure={
            "data": traces,
            "layout": layout(
                hovermode="x unified",
                xaxis=time_axis([one.day for one in drawn]),
                yaxis=count_axis(max((sum(one.counts.values()) for one in drawn), default=0)),
            ),
        },
        columns=(_("Day"), *(str(words) for __, words in BANDS)),
        rows=tuple(
            Row(f"{one.day:%-d %b %Y}", tuple(one.counts[band] for band, __ in BANDS), one.url)
            for one in reversed(ordered)
        ),
        summary=summary,
        empty=_("The course begins on the day the first live application is scored."),
    )


def _area(band: str, words: str, days: Sequence[BandsDay]) -> Figure:
    colour = token(f"band-{band}-solid")
    return {
        "type": "scatter",
        "mode": "lines",
        "stackgroup": "bands",
        "name": words,
        "x": [one.day.isoformat() for one in days],
        "y": [one.counts[band] for one in days],
        "customdata": [one.url for one in days],
        "line": {"color": colour, "width": 1, "shape": "hv"},
        "fillcolor": colour,
        "hovertemplate": "%{y:,} " + words + "<extra></extra>",
    }


def bands_by_department_over_time(rows: Sequence[BandsCourse], most: int) -> Chart:
    """A strip a department, all on the same days and each as high as all its live applications, so that shares compare
    whatever the size. `most`: how many departments are shown at most."""
    traces = [
        {**trace, "yaxis": f"y{place + 1}" if place else "y", "showlegend": not place}
        for place, row in enumerate(rows)
        for trace in (_share(band, str(words), row) for band, words in BANDS)
    ]
    ends = [(row, row.days[0], row.days[-1]) for row in rows if row.days]
    summary = _("No department had a live application in this period.")
    if ends:
        graver = [row.name for row, first, last in ends if _grave(last.counts) > _grave(first.counts)]
        fewer = sum(_grave(last.counts) < _grave(first.counts) for __, first, last in ends)
        told = ngettext(
            "Of %(all)s department, %(graver)s ended with a larger share high or critical%(names)s, %(fewer)s with a"
            " smaller one.",
            "Of %(all)s departments, %(graver)s ended with a larger share high or critical%(names)s, %(fewer)s with a"
            " smaller one.",
            len(ends),
        )
        names = f" ({', '.join(graver)})" if graver else ""
        summary = told % {"all": f"{len(ends):,}", "graver": len(graver), "names": names, "fewer": fewer}
    return Chart(
        key="bands-by-department-over-time",
        title=_("Risk bands by department over time"),
        unit=_("Share of live applications by band; at most %(most)s departments, those of the highest index")
        % {"most": most},
        figure={"data": traces, "layout": _strips(rows)},
        columns=(_("Department, day"), *(str(words) for __, words in BANDS)),
        rows=tuple(
            Row(f"{row.name}, {on.day:%-d %b %Y}", tuple(on.counts[band] for band, __ in BANDS), on.url)
            for row in rows
            for on in reversed(row.days)
        ),
        summary=summary,
        empty=_("Departments appear here once they have a live application."),
        height=f"rows-{min(5, 2 + len(rows) // 2)}",
    )


def _grave(counts: Mapping[str, int]) -> float:
    return (counts["critical"] + counts["high"]) / (sum(counts.values()) or 1)


def _share(band: str, words: str, row: BandsCourse) -> Figure:
    """A band's part of a strip; what is pointed at tells the number."""
    return {
        **_area(band, words, row.days),
        "groupnorm": "percent",
        "text": [_of(on.counts[band], sum(on.counts.values())) for on in row.days],
        "hovertemplate": "%{text} " + words.lower() + "<extra></extra>",
    }


def _of(part: int, whole: int) -> str:
    return _("%(part)s of %(whole)s") % {"part": f"{part:,}", "whole": f"{whole:,}"}


def _strips(rows: Sequence[BandsCourse]) -> Figure:
    """One time axis below all strips, the name of each above it."""
    each = 1 / max(len(rows), 1)
    found = layout(hovermode="x unified", xaxis=time_axis([on.day for row in rows for on in row.days]))
    found["annotations"] = []
    for place, row in enumerate(rows):
        top = 1 - place * each
        found[f"yaxis{place + 1}" if place else "yaxis"] = axis(
            domain=[top - each, top - each * 0.4],
            range=[0, 100],
            showgrid=False,
            showticklabels=False,
            showline=False,
            ticks="",
        )
        name = {"text": safe(row.name), "x": 0, "y": top - each * 0.37, "xref": "paper", "yref": "paper"}
        place_it = {"xanchor": "left", "yanchor": "bottom", "showarrow": False, "font": {"size": 12}}
        found["annotations"].append({**name, **place_it})
    found["xaxis"] |= {"anchor": f"y{len(rows)}" if len(rows) > 1 else "y"}
    return found
