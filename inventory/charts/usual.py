"""Chart of a course with what is usual for it: each day's value, the band that most days before it lay in, and the
limit above which it stands out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.utils.translation import gettext as _
from django.utils.translation import ngettext_lazy

from inventory.charts.base import Chart, Figure, Row, axis, layout, many, time_axis, token


@dataclass(frozen=True)
class UsualDay:
    """A day's value, and what was usual then; None where too little went before, or there was nothing to measure.
    `url` opens what was found."""

    day: date
    value: float | None
    low: float | None = None
    high: float | None = None
    limit: float | None = None
    unusual: bool = False
    note: str = ""
    url: str = ""


def usual_course(days: Sequence[UsualDay], *, title: str, unit: str, share: bool, key: str = "usual") -> Chart:
    """A line with its band; days that stand out are marked, by shape as well as by colour. `share`: in per cent."""
    times = 100 if share else 1
    form = "%{y:.1f} %" if share else "%{y:,}"
    traces = [*_band(days, times), _limit(days, times), _values(days, times, form), _marked(days, times, form)]
    return Chart(
        key=key,
        title=title,
        unit=unit,
        figure={
            "data": [trace for trace in traces if trace],
            "layout": layout(
                hovermode="closest",
                xaxis=time_axis([one.day for one in days]),
                yaxis=axis(rangemode="tozero", ticksuffix=" %" if share else "", tickformat="" if share else ",d"),
            ),
        },
        columns=(_("Day"), unit, _("Usually from"), _("to"), _("Unusual above"), ""),
        rows=tuple(
            Row(f"{one.day:%-d %b %Y}", (*(_times(v, times) for v in _numbers(one)), one.note or "–"), one.url)
            for one in reversed(days)
        ),
        summary=_summary(days, share),
        empty=_("No feed told of any use in this period."),
        height="md",
    )


def _numbers(one: UsualDay) -> tuple[float | None, ...]:
    return one.value, one.low, one.high, one.limit


def _times(value: float | None, times: int) -> float | None:
    return None if value is None else value * times


def _band(days: Sequence[UsualDay], times: int) -> list[Figure]:
    """From the first day with enough before it on: the days with a band follow each other."""
    known = [one for one in days if one.low is not None]
    if not known:
        return []
    edge: Figure = {
        "type": "scatter", "mode": "lines", "line": {"width": 0}, "hoverinfo": "skip", "legendgroup": "usual",
        "x": [one.day.isoformat() for one in known],
    }  # fmt: skip
    fill = {"fill": "tonexty", "fillcolor": token("series-1-soft"), "name": _("Usual")}
    return [
        {**edge, "y": [_times(one.high, times) for one in known], "showlegend": False},
        {**edge, "y": [_times(one.low, times) for one in known], **fill},
    ]


def _limit(days: Sequence[UsualDay], times: int) -> Figure:
    known = [one for one in days if one.limit is not None]
    if not known:
        return {}
    return {
        "type": "scatter", "mode": "lines", "name": _("Unusual above"), "hoverinfo": "skip",
        "x": [one.day.isoformat() for one in known], "y": [_times(one.limit, times) for one in known],
        "line": {"color": token("series-6"), "width": 1, "dash": "dot", "shape": "hv"},
    }  # fmt: skip


def _values(days: Sequence[UsualDay], times: int, form: str) -> Figure:
    return {
        "type": "scatter",
        "mode": "lines" if len(days) > 1 else "markers",
        "name": _("Each day"),
        "x": [one.day.isoformat() for one in days],
        "y": [_times(one.value, times) for one in days],
        "connectgaps": False,
        "line": {"color": token("series-1"), "width": 2},
        "marker": {"color": token("series-1"), "size": 8},
        "hovertemplate": f"%{{x|%-d %b}}: {form}<extra></extra>",
    }


def _marked(days: Sequence[UsualDay], times: int, form: str) -> Figure:
    found = [one for one in days if one.unusual]
    if not found:
        return {}
    return {
        "type": "scatter",
        "mode": "markers",
        "name": _("Unusual"),
        "x": [one.day.isoformat() for one in found],
        "y": [_times(one.value, times) for one in found],
        "marker": {"color": token("series-3"), "size": 11, "symbol": "diamond"},
        "customdata": [one.url for one in found],
        "hovertemplate": f"%{{x|%-d %b}}: <b>{form}</b>, {_('unusual')}<extra></extra>",
    }


def _summary(days: Sequence[UsualDay], share: bool) -> str:
    if not days:
        return _("No use in this period.")
    newest = days[-1]
    words = f"{newest.day:%-d %B}: {_said(newest.value, share)}"
    if newest.low is None:
        words += _(", not enough days before it to say what is usual")
    else:
        usual = {"low": _said(newest.low, share), "high": _said(newest.high, share)}
        words += _(", usually %(low)s to %(high)s") % usual
        words += _(", unusual above %(limit)s") % {"limit": _said(newest.limit, share)}
    found = [
        _("%(day)s with %(value)s") % {"day": f"{one.day:%-d %B}", "value": _said(one.value, share)}
        for one in days
        if one.unusual
    ]
    listed = f": {', '.join(found[-3:])}" if found else ""
    return _("%(newest)s. %(days)s in the period%(listed)s.") % {
        "newest": words,
        "days": many(len(found), ngettext_lazy("%(number)s unusual day", "%(number)s unusual days", "n")),
        "listed": listed,
    }


def _said(value: float | None, share: bool) -> str:
    if value is None:
        return _("nothing to measure")
    return f"{value:.1%}" if share else f"{value:,.0f}"
