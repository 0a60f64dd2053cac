"""Charts of use: interactions over time, sensitive interactions per application."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from django.utils.translation import gettext as _
from django.utils.translation import ngettext_lazy

from inventory.charts.bars import PATTERNS, SERIES
from inventory.charts.base import (
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
    stacked,
    time_axis,
    token,
)

# Colour, dash and fill of a category: told apart without colour too
_STYLES: dict[str, tuple[str, str, bool]] = {
    "copilot": ("series-1", "solid", True),
    "registered": ("series-2", "dash", False),
    "unregistered": ("series-3", "dot", False),
}


@dataclass(frozen=True)
class DailySeries:
    """Interactions of one category (copilot, registered, unregistered) by day; days without any may be left out."""

    category: str
    label: str
    points: Sequence[tuple[date, int]]
    url: str = ""  # what a day opens, to which the browser adds the day


@dataclass(frozen=True)
class SensitiveApp:
    """Sensitive interactions of one application, by sensitivity label or kind of information."""

    name: str
    by_label: Mapping[str, int]
    url: str = ""
    urls: Mapping[str, str] = field(default_factory=dict)  # what each part opens; without it what the whole does


def interactions_over_time(series: Sequence[DailySeries]) -> Chart:
    """Lines by category of app: x is the day, y the number of AI interactions."""
    days = _days([day for one in series for day, __ in one.points])
    dates = [day.isoformat() for day in days]
    traces: list[Figure] = []
    columns: list[list[int]] = []
    for place, one in enumerate(series):
        by_day = dict(one.points)
        values = [by_day.get(day, 0) for day in days]
        columns.append(values)
        colour, dash, filled = _STYLES.get(one.category, (f"series-{place % 6 + 1}", "solid", False))
        trace: Figure = {
            "type": "scatter",
            "mode": "lines" if len(days) > 1 else "markers",
            "name": safe(one.label),
            "x": dates,
            "y": values,
            "line": {"color": token(colour), "width": 2, "dash": dash},
            "marker": {"color": token(colour), "size": 8},
            "hovertemplate": "%{y:,} " + safe(one.label) + "<extra></extra>",
        }
        if one.url:
            trace["meta"] = one.url
        if filled:
            trace |= {"fill": "tozeroy", "fillcolor": token(f"{colour}-soft")}
        traces.append(trace)
    return Chart(
        key="interactions",
        title=_("AI interactions over time"),
        unit=_("Interactions per day"),
        figure={
            "data": traces,
            "layout": layout(
                hovermode="x unified",
                xaxis=time_axis(days),
                yaxis=count_axis(max((max(column, default=0) for column in columns), default=0)),
            ),
        },
        columns=(_("Day"), *(one.label for one in series)),
        rows=tuple(
            Row(f"{day:%-d %b %Y}", tuple(column[i] for column in columns))
            for i, day in reversed(list(enumerate(days)))
        ),
        summary=_time_summary(series, columns, days),
        empty=_("Interactions appear here once a Purview audit export has been loaded under Feeds."),
    )


def _days(known: Sequence[date]) -> list[date]:
    """Every day from the first to the last, so that a day without use is a zero, not a slope."""
    if not known:
        return []
    first, last = min(known), max(known)
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


def _time_summary(series: Sequence[DailySeries], columns: Sequence[Sequence[int]], days: Sequence[date]) -> str:
    if not days:
        return _("No interactions in this period.")
    totals = [sum(column) for column in columns]
    parts = "; ".join(f"{one.label} {total:,}" for one, total in zip(series, totals, strict=True))
    by_day = [sum(values) for values in zip(*columns, strict=True)]
    peak = max(range(len(days)), key=lambda i: by_day[i])
    return _("%(interactions)s in all: %(parts)s. Busiest day %(day)s with %(most)s.") % {
        "interactions": many(sum(totals), ngettext_lazy("%(number)s interaction", "%(number)s interactions", "n")),
        "parts": parts,
        "day": f"{days[peak]:%-d %B}",
        "most": f"{by_day[peak]:,}",
    }


def sensitive_by_app(apps: Sequence[SensitiveApp], labels: Sequence[str]) -> Chart:
    """Stacked bars, one an application in the given order, one part a label of `labels`."""
    traces = []
    for place, label in enumerate(labels):
        values = [app.by_label.get(label, 0) for app in apps]
        traces.append(
            horizontal_bars(
                safe(label),
                values,
                token(SERIES[place % 6]),
                [app.urls.get(label, app.url) for app in apps],
                [
                    f"<b>{safe(app.name)}</b><br>{safe(label)}: {value:,}"
                    for app, value in zip(apps, values, strict=True)
                ],
            )
        )
        traces[-1]["marker"]["pattern"] = hatching(PATTERNS[place % 6])
    totals = [sum(app.by_label.values()) for app in apps]
    return Chart(
        key="sensitive",
        title=_("Sensitive interactions per AI app"),
        unit=_("Interactions that touched labelled or personal data"),
        figure=stacked(traces, [app.name for app in apps]),
        columns=(_("AI app"), *labels, _("Total")),
        rows=tuple(
            Row(app.name, (*(app.by_label.get(label, 0) for label in labels), total), app.url)
            for app, total in zip(apps, totals, strict=True)
        ),
        summary=_sensitive_in_words(apps, totals),
        empty=_(
            "No interaction in this period touched labelled or personal data. Use is told by Purview "
            "audit records, loaded under Feeds."
        ),
        height=height_for(len(apps)),
    )


def _sensitive_in_words(apps: Sequence[SensitiveApp], totals: Sequence[int]) -> str:
    if not apps:
        return _("No sensitive interactions in this period.")
    counted = ngettext_lazy("%(number)s sensitive interaction", "%(number)s sensitive interactions", "n")
    return _("%(interactions)s in the %(apps)s shown; most in %(name)s with %(most)s.") % {
        "interactions": many(sum(totals), counted),
        "apps": many(len(apps), ngettext_lazy("%(number)s AI app", "%(number)s AI apps", "n")),
        "name": apps[totals.index(max(totals))].name,
        "most": f"{max(totals):,}",
    }
