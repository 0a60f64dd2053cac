"""What all charts share: the Chart itself, the layout, text that is safe in a figure, colours by name."""

from __future__ import annotations

import html
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

Figure = dict[str, Any]
Cell = int | float | str | None

FONT = '"Inter Variable", "Segoe UI", system-ui, sans-serif'
# The year once, below the first tick of it; Plotly's own would be American
DAYS_WRITTEN = [
    {"dtickrange": [None, "M1"], "value": "%-d %b\n%Y"},
    {"dtickrange": ["M1", "M12"], "value": "%b\n%Y"},
    {"dtickrange": ["M12", None], "value": "%Y"},
]
BAND_EDGES = (25, 50, 75)  # of risk; a test holds them against the method
FEW_DAYS = 7
FEW = 5
LABEL_CHARACTERS = 24  # of one line on an axis; longer names take two, still longer ones are cut: hover has them whole
_TOKEN = re.compile(r"var\((--hub-[a-z0-9-]+)\)")


@dataclass(frozen=True)
class Row:
    """One row of a chart's table; `url` opens what is behind it."""

    label: str
    values: tuple[Cell, ...]
    url: str = ""

    @property
    def shown(self) -> list[str]:
        """The values as text: thousands separated, at most one decimal, a dash for none."""
        return [shown(value) for value in self.values]


@dataclass(frozen=True)
class Key:
    """One entry of a legend: its words, and the classes of its swatch (components.css)."""

    label: str
    swatch: str


@dataclass(frozen=True)
class Chart:
    """A figure and its equivalents for those who don't see it. `key` is unique on a page."""

    key: str
    title: str
    unit: str
    figure: Figure
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    summary: str
    empty: str
    height: str = "md"

    @property
    def script_id(self) -> str:
        return f"chart-{self.key}-figure"

    @property
    def legend(self) -> list[Key]:
        """The legend, which the page writes itself so that it wraps and prints; none for a single series."""
        traces = [t for t in self.figure["data"] if t.get("name") and t.get("showlegend", True)]
        return [_key(trace) for trace in traces] if len(traces) > 1 else []


def _key(trace: Figure) -> Key:
    line, marker = trace.get("line", {}), trace.get("marker", {})
    colour = trace.get("fillcolor") if line.get("width") == 0 else marker.get("color") or line.get("color")
    found = _TOKEN.fullmatch(str(colour))
    lines = trace["type"] == "scatter" and line.get("width") and "stackgroup" not in trace
    kind = "swatch-line" if lines else "swatch-area"
    dash = line.get("dash", "solid")
    extra = " is-dotted" if dash == "dot" else " is-dashed" if dash != "solid" else ""
    if marker.get("pattern", {}).get("shape"):
        extra += " is-hatched"
    return Key(html.unescape(trace["name"]), f"{kind} fill-{found[1][6:] if found else 'series-1'}{extra}")


def shown(value: Cell) -> str:
    """A value as the tables beside charts show it."""
    if value is None:
        return "–"
    if isinstance(value, str):
        return value
    if isinstance(value, int) or float(value).is_integer():
        return f"{int(value):,}"
    return f"{value:,.1f}"


def score(value: float | None, decimals: int = 0) -> str:
    """A risk from 0 to 100 as pages, charts, files and mails show it: a whole number, or with `decimals` where steps
    are small. One that would then stand in the next band is cut off a place later: 49.7 is moderate, and 50 is not. A
    dash for none."""
    if value is None:
        return "–"
    text = f"{value:.{decimals}f}"
    if value < float(text) in BAND_EDGES:
        more = 10 ** (decimals + 1)
        return f"{math.floor(round(value * more, 6)) / more:.{decimals + 1}f}"
    return text


def safe(text: str) -> str:
    """Text for a figure: Plotly reads a little HTML in labels, and names come from outside."""
    return html.escape(text, quote=False)


def short(text: str, limit: int = LABEL_CHARACTERS) -> str:
    """Text for an axis in at most two lines of about `limit` characters, safe."""
    if len(text) <= limit:
        return safe(text)
    space = text.rfind(" ", 0, limit + 1)
    if space < limit // 3:
        return safe(text[: limit - 1].rstrip() + "…")
    rest = text[space + 1 :]
    rest = rest if len(rest) <= limit else rest[: limit - 1].rstrip() + "…"
    return f"{safe(text[:space])}<br>{safe(rest)}"


def many(number: int | float, words: StrPromise) -> str:
    """ "1 application", "1,204 applications": `words`: ngettext_lazy by "n", with `%(number)s` in them."""
    return words % {"n": int(number), "number": shown(number)}


def token(name: str) -> str:
    """A colour of static/css/tokens.css by its name."""
    return f"var(--hub-{name})"


def layout(**changes: Any) -> Figure:
    """The layout of every chart: no title (the card has it), no frame, margins that make room for their labels."""
    base: Figure = {
        "font": {"family": FONT, "size": 12, "color": token("chart-text")},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "margin": {"l": 8, "r": 28, "t": 12, "b": 8, "pad": 4},
        "separators": ".,",
        "showlegend": True,
        "legend": {
            "orientation": "h",
            "x": 0,
            "xanchor": "left",
            "y": 1.02,
            "yanchor": "bottom",
            "traceorder": "normal",
            "itemclick": False,
            "itemdoubleclick": False,
            "font": {"size": 12},
        },
        "hoverlabel": {
            "bgcolor": token("surface"),
            "bordercolor": token("line-strong"),
            "font": {"family": FONT, "size": 12, "color": token("text")},
            "align": "left",
        },
        "dragmode": False,
        "bargap": 0.28,
        "xaxis": axis(),
        "yaxis": axis(),
    }
    return {**base, **changes}


def axis(**changes: Any) -> Figure:
    """An axis that never clips its labels and can't be dragged."""
    base: Figure = {
        "automargin": True,
        "fixedrange": True,
        "gridcolor": token("chart-grid"),
        "linecolor": token("chart-axis"),
        "zerolinecolor": token("chart-axis"),
        "zeroline": False,
        "tickfont": {"size": 12},
    }
    return {**base, **changes}


def count_axis(highest: float) -> Figure:
    """An axis of how many: from zero, in whole numbers even where there are few."""
    whole: Figure = {"dtick": 1} if highest <= FEW else {}
    return axis(tickformat=",d", rangemode="tozero", **whole)


def time_axis(days: Sequence[date]) -> Figure:
    """An axis of days, written as everywhere. Few are named one by one: left alone, Plotly would put hours between
    them."""
    known = sorted(set(days))
    span = (known[-1] - known[0]).days if known else 0
    few: Figure = {}
    if known and span < FEW_DAYS:
        ticks = [known[0] + timedelta(days=n) for n in range(span + 1)]
        few = {
            "tickmode": "array",
            "tickvals": [day.isoformat() for day in ticks],
            "ticktext": [f"{day:%-d %b}" if span else f"{day:%-d %b %Y}" for day in ticks],
        }
        if not span:
            start = datetime.combine(known[0], time())
            few["range"] = [(start + timedelta(hours=hours)).isoformat() for hours in (-12, 12)]
    marks = {"ticks": "outside", "tickcolor": token("chart-axis"), "ticklen": 4}
    return axis(type="date", showgrid=False, tickformatstops=DAYS_WRITTEN, hoverformat="%-d %b %Y", **marks, **few)


def category_axis(labels: Sequence[str], characters: int = LABEL_CHARACTERS, **changes: Any) -> Figure:
    """An axis of names by position, so that two of the same name stay two bars; the first name is on top."""
    return axis(
        tickmode="array",
        tickvals=list(range(len(labels))),
        ticktext=[short(label, characters) for label in labels],
        range=[len(labels) - 0.5, -0.5],
        showgrid=False,
        ticks="",
        **changes,
    )


def height_for(bars: int) -> str:
    """The height class of a chart of horizontal bars (components.css)."""
    steps = ((2, "rows-1"), (4, "rows-2"), (8, "rows-3"), (13, "rows-4"))
    return next((name for limit, name in steps if bars <= limit), "rows-5")


def hatching(shape: str) -> Figure:
    """A quiet pattern over a bar, so that states differ without colour; none for an empty shape."""
    return {
        "shape": shape,
        "fillmode": "overlay",
        "fgcolor": token("surface"),
        "fgopacity": 0.5,
        "size": 6,
        "solidity": 0.18,
    }


def horizontal_bars(
    name: str, values: Sequence[float], colour: str, urls: Sequence[str], hover: Sequence[str], **changes: Any
) -> Figure:
    """One series of horizontal bars at positions 0, 1, 2 …; a bar opens its address, which is its customdata."""
    trace: Figure = {
        "type": "bar",
        "orientation": "h",
        "name": name,
        "x": list(values),
        "y": list(range(len(values))),
        "customdata": list(urls),
        "hovertext": list(hover),
        "hovertemplate": "%{hovertext}<extra></extra>",
        "marker": {"color": colour, "line": {"width": 0}},
    }
    return {**trace, **changes}


def stacked(bars: Sequence[Figure], names: Sequence[str], xaxis: Figure | None = None) -> Figure:
    """Horizontal bars, one part on top of the other, a name a bar; by default they count things."""
    longest = max((sum(parts) for parts in zip(*(bar["x"] for bar in bars), strict=True)), default=0)
    return {
        "data": list(bars),
        "layout": layout(
            barmode="stack",
            xaxis=xaxis or count_axis(longest),
            yaxis=category_axis(names),
        ),
    }


def tokens_from_css(css: str) -> dict[str, str]:
    """The light colours of tokens.css: {"--hub-text": "#1b1f24", …}."""
    light = css[: css.index('[data-bs-theme="dark"]')]
    return dict(re.findall(r"(--hub-[a-z0-9-]+):\s*([^;]+);", light))
