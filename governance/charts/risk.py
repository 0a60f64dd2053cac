"""Charts of the whole's risk: ranking with parts, principles side by side, how scores are spread."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import ngettext_lazy

from governance.charts.departments import BANDS
from inventory.charts.bars import Bar, Part, ranked_bars
from inventory.charts.base import (
    BAND_EDGES,
    Chart,
    Figure,
    Row,
    axis,
    category_axis,
    count_axis,
    hatching,
    height_for,
    horizontal_bars,
    layout,
    many,
    safe,
    score,
    token,
)
from risk.charts import risk_axis

STEP = 5  # points of a bar of the distribution; the edges of the bands are among its edges
_BAND_IDS = ("low", "moderate", "high", "critical")


@dataclass(frozen=True)
class Ranked:
    """A department's index taken apart: its parts add up to it (methods §7). `guard`: what the worst application adds
    where it alone holds the index up."""

    name: str
    worst: float
    tail: float
    mean: float
    guard: float
    url: str = ""

    @property
    def index(self) -> float:
        return self.worst + self.tail + self.mean + self.guard


@dataclass(frozen=True)
class PrincipleRisk:
    """A principle's index in the department, and in what it is compared with; None where there is none."""

    name: str
    own: float | None
    other: float | None
    url: str = ""


def department_ranking(rows: Sequence[Ranked]) -> Chart:
    """Departments by index, worst first, each bar made of the parts of its index."""
    parts = (
        Part(_("Worst application"), "band-critical-solid", ""),
        Part(_("Worst quarter"), "band-high-solid", ""),
        Part(_("Mean"), "series-1", ""),
        Part(_("Held up by the worst alone"), "series-6", "/"),
    )
    summary = _("No department has a live application.")
    if rows:
        summary = _("%(name)s stands highest with %(index)s") % {"name": rows[0].name, "index": score(rows[0].index)}
        summary += (
            _(", %(name)s lowest with %(index)s.") % {"name": rows[-1].name, "index": score(rows[-1].index)}
            if len(rows) > 1
            else "."
        )
    return ranked_bars(
        [Bar(one.name, (one.worst, one.tail, one.mean, one.guard), one.url) for one in rows],
        parts,
        key="ranking",
        title=_("Departments ranked, with the parts of their index"),
        unit=_("Index, 0 best to 100 worst; the parts add up to it"),
        of=_("Department"),
        whole=_("Index"),
        summary=summary,
        empty=_("Departments appear here once they have a live application."),
        xaxis=axis(range=[0, 100], dtick=25, showgrid=True),
    )


def principle_profile(rows: Sequence[PrincipleRisk], own: str, other: str = "") -> Chart:
    """The six principles of a department, side by side with those of what holds it (`other`, "" for none)."""
    there = [row for row in rows if row.own is not None]
    traces = [_profile(rows, [row.own for row in rows], own, "series-1", "", 0.18 if other else 0)]
    if other:
        traces.append(_profile(rows, [row.other for row in rows], other, "series-6", "/", -0.18))
    for trace in traces:
        trace |= {"width": [0.34 if other else 0.6] * len(rows)}
    summary = _("%(own)s has no live application.") % {"own": own}
    if there:
        worst = max(there, key=lambda row: row.own or 0)
        summary = _("%(own)s is worst in %(principle)s with %(index)s") % {
            "own": own,
            "principle": worst.name.lower(),
            "index": score(worst.own),
        }
        summary += f", {other}: {score(worst.other)}." if other and worst.other is not None else "."
    return Chart(
        key="profile",
        title=_("Profile by principle"),
        unit=_("Index of each principle, 0 best to 100 worst"),
        figure={
            "data": traces,
            "layout": layout(
                barmode="overlay",
                xaxis=axis(range=[0, 100], dtick=25),
                yaxis=category_axis([row.name for row in rows]),
            ),
        },
        columns=(_("Principle"), own, *((other,) if other else ())),
        rows=tuple(Row(row.name, (row.own, row.other) if other else (row.own,), row.url) for row in rows)
        if there
        else (),
        summary=summary,
        empty=_("The profile appears once the department has a live application."),
        height=height_for(2 * len(rows) if other else len(rows)),
    )


def _profile(
    rows: Sequence[PrincipleRisk], values: Sequence[float | None], words: str, colour: str, pattern: str, shift: float
) -> Figure:
    hover = [f"<b>{safe(row.name)}</b><br>{safe(words)}: {score(v)}" for row, v in zip(rows, values, strict=True)]
    trace = horizontal_bars(safe(words), [v or 0 for v in values], token(colour), [row.url for row in rows], hover)
    trace["y"] = [place - shift for place in range(len(rows))]
    trace["marker"]["pattern"] = hatching(pattern)
    return trace


def score_distribution(counts: Mapping[int, int], urls: Mapping[int, str]) -> Chart:
    """How many live applications lie in each STEP points of risk; keys are the lower edges."""
    edges = list(range(0, 100, STEP))
    names = [f"{edge}–{edge + STEP}" for edge in edges]
    values = [counts.get(edge, 0) for edge in edges]
    whole = sum(values)
    bands = [_BAND_IDS[sum(edge >= limit for limit in BAND_EDGES)] for edge in edges]
    words = {band: str(label) for band, label in BANDS}
    traces: list[Figure] = [
        {
            "type": "bar",
            "name": words[band],
            "x": [edge + STEP / 2 for edge, own in zip(edges, bands, strict=True) if own == band],
            "y": [n for n, own in zip(values, bands, strict=True) if own == band],
            "width": STEP - 0.8,
            "customdata": [urls.get(edge, "") for edge, own in zip(edges, bands, strict=True) if own == band],
            "marker": {"color": token(f"band-{band}-solid"), "line": {"width": 0}},
            "hovertemplate": _("%{y:,} with a risk around %{x}<extra></extra>"),
        }
        for band in _BAND_IDS
    ]
    return Chart(
        key="distribution",
        title=_("How scores are spread"),
        unit=_("Live applications by overall risk, in steps of %(step)s") % {"step": STEP},
        figure={
            "data": traces,
            "layout": layout(
                xaxis=risk_axis(tickvals=[0, 25, 50, 75, 100], showgrid=False),
                yaxis=count_axis(max(values)),
            ),
        },
        columns=(_("Risk"), _("Applications")),
        rows=tuple(
            Row(name, (n,), urls.get(edge, "") if n else "") for name, n, edge in zip(names, values, edges, strict=True)
        )
        if whole
        else (),
        summary=_spread(whole, values, names),
        empty=_("Scores appear here once an application is live."),
    )


def _spread(whole: int, values: Sequence[int], names: Sequence[str]) -> str:
    if not whole:
        return _("No live application has a score.")
    top = values.index(max(values))
    return _("%(applications)s; most, %(most)s, have a risk of %(points)s.") % {
        "applications": many(whole, ngettext_lazy("%(number)s live application", "%(number)s live applications", "n")),
        "most": f"{values[top]:,}",
        "points": names[top],
    }
