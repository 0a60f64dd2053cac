"""Charts of compliance: coverage and gaps by framework. Binding and voluntary frameworks are charted apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext_lazy

from inventory.charts.base import (
    Chart,
    Figure,
    Row,
    axis,
    hatching,
    height_for,
    horizontal_bars,
    many,
    safe,
    stacked,
    token,
)

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

# id, words, pattern: the states of methods §8, told apart without colour too
STATES = (
    ("met", gettext_lazy("Met"), ""),
    ("partial", gettext_lazy("Partly met"), ""),
    ("gap", gettext_lazy("Gap"), "/"),
    ("unknown", gettext_lazy("Unknown"), ""),
    ("upcoming", gettext_lazy("Upcoming"), "."),
)


@dataclass(frozen=True)
class FrameworkCoverage:
    """How many (application, requirement) pairs of a framework are in each state. `low`, `high`: its coverage, from 0
    to 1 (docs/method.md §8), None where nothing is assessed. `url` lists them all; `by_state`: also those in one state,
    which a past day can't."""

    name: str
    met: int
    partial: int
    gap: int
    unknown: int
    upcoming: int
    low: float | None = None
    high: float | None = None
    url: str = ""
    by_state: bool = True

    @property
    def coverage(self) -> str:
        """ "48–54 %", as the tables have it."""
        if self.low is None or self.high is None:
            return "–"
        ends = round(self.low * 100), round(self.high * 100)
        return f"{ends[0]} %" if ends[0] == ends[1] else f"{ends[0]}–{ends[1]} %"

    @property
    def total(self) -> int:
        return self.met + self.partial + self.gap + self.unknown + self.upcoming

    def url_of(self, state: str) -> str:
        """The list behind one part of the bar."""
        if not self.url or not self.by_state:
            return self.url
        return f"{self.url}{'&' if '?' in self.url else '?'}state={state}"


def _part(state: str, words: StrPromise, pattern: str, rows: Sequence[FrameworkCoverage], shares: bool) -> Figure:
    counts = [getattr(row, state) for row in rows]
    values = (
        [100 * n / row.total if row.total else 0 for n, row in zip(counts, rows, strict=True)] if shares else counts
    )
    name, counted = str(words), _("%(state)s: %(n)s of %(all)s")
    hover = [
        f"<b>{safe(row.name)}</b><br>"
        + counted % {"state": name, "n": f"{n:,}", "all": f"{row.total:,}"}
        + (f" ({100 * n / row.total:.0f} %)" if row.total else "")
        for n, row in zip(counts, rows, strict=True)
    ]
    trace = horizontal_bars(name, values, token(f"state-{state}"), [row.url_of(state) for row in rows], hover)
    trace["marker"]["pattern"] = hatching(pattern)
    return trace


def _table(rows: Sequence[FrameworkCoverage]) -> tuple[Row, ...]:
    return tuple(
        Row(
            row.name,
            (row.coverage, row.met, row.partial, row.gap, row.unknown, row.upcoming, row.total),
            row.url,
        )
        for row in rows
    )


NARROW = "\u00a0"  # the sign stays with its number
_COLUMNS = (
    gettext_lazy("Framework"),
    gettext_lazy("Coverage"),
    *(words for __, words, __ in STATES),
    gettext_lazy("All"),
)
_EMPTY = gettext_lazy("Coverage appears once applications are registered and their controls answered.")


def compliance_by_framework(rows: Sequence[FrameworkCoverage], *, key: str = "compliance", title: str = "") -> Chart:
    """100 % bars: which share of the applicable requirements is in which state, with the coverage beside the name."""
    assessed = [row for row in rows if row.total]
    ranked = sorted((row for row in assessed if row.low is not None), key=lambda row: -(row.low or 0))
    summary = _("No requirement applies to an application in this view yet.")
    if ranked:
        best, worst = ranked[0], ranked[-1]
        summary = _("Coverage is highest in %(highest)s, %(most)s, and lowest in %(lowest)s, %(least)s.") % {
            "highest": best.name,
            "most": best.coverage,
            "lowest": worst.name,
            "least": worst.coverage,
        }
    if len(ranked) == 1:
        summary = _("Coverage of %(name)s: %(coverage)s.") % {"name": best.name, "coverage": best.coverage}
    return Chart(
        key=key,
        title=title or _("Compliance by framework"),
        unit=_("Coverage beside the name; bars: requirements that apply, by state"),
        figure=stacked(
            [_part(*state, assessed, shares=True) for state in STATES],
            [f"{row.name}, {row.coverage.replace(' ', NARROW)}" for row in assessed],
            axis(range=[0, 100], ticksuffix=" %", dtick=20, showgrid=False),
        ),
        columns=tuple(map(str, _COLUMNS)),
        rows=_table(assessed),
        summary=summary,
        empty=str(_EMPTY),
        height=height_for(len(assessed)),
    )


def gaps_by_framework(rows: Sequence[FrameworkCoverage], *, key: str = "gaps", title: str = "") -> Chart:
    """Bars: how many requirements are a gap, partly met or unknown, most gaps first; each part opens its list."""
    lacking = sorted((row for row in rows if row.total), key=lambda row: (-row.gap, -row.partial, row.name))
    open_states = [state for state in STATES if state[0] in {"gap", "partial", "unknown"}]
    open_states.sort(key=lambda state: ("gap", "partial", "unknown").index(state[0]))
    gaps, with_gaps = sum(row.gap for row in lacking), sum(1 for row in lacking if row.gap)
    words = {
        "gaps": many(gaps, ngettext_lazy("%(number)s gap", "%(number)s gaps", "n")),
        "frameworks": many(with_gaps, ngettext_lazy("%(number)s framework", "%(number)s frameworks", "n")),
    }
    return Chart(
        key=key,
        title=title or _("Gaps by framework"),
        unit=_("Requirements not met, over all applications"),
        figure=stacked([_part(*state, lacking, shares=False) for state in open_states], [row.name for row in lacking]),
        columns=tuple(map(str, _COLUMNS)),
        rows=_table(lacking),
        summary=(
            _("%(gaps)s in %(frameworks)s; most in %(name)s, %(most)s.")
            % {**words, "name": lacking[0].name, "most": f"{lacking[0].gap:,}"}
            if gaps
            else _("%(gaps)s in %(frameworks)s.") % words
        ),
        empty=str(_EMPTY),
        height=height_for(len(lacking)),
    )
