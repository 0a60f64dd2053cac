"""One self-contained, interactive HTML file: tables, charts and everything that draws them. It asks no server for
anything, and says so to the browser, so that it can be sent on and opened anywhere."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import plotly.graph_objects as go
import plotly.io
from plotly.offline import get_plotlyjs

from governance.charts import Chart, resolve_tokens

CONTENT_TYPE = "text/html; charset=utf-8"
_POLICY = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:"
_PIXELS = {"sm": 240, "md": 320, "lg": 420, "rows-1": 200, "rows-2": 260, "rows-3": 340, "rows-4": 440, "rows-5": 620}
_LOOK = """
body { font: 14px/1.5 "Inter Variable", "Segoe UI", system-ui, sans-serif; color: TEXT; background: SURFACE;
  max-width: 72rem; margin: 0 auto; padding: 1.5rem; }
h1 { font-size: 1.4rem; margin: 0; } h2 { font-size: 1.05rem; margin: 2rem 0 .5rem; }
.note { color: TEXT-2; margin: .25rem 0; }
.tiles { display: flex; flex-wrap: wrap; gap: 1rem; margin: 1rem 0; }
.tile { border: 1px solid LINE; border-radius: 6px; padding: .75rem 1rem; min-width: 9rem; }
.tile strong { display: block; font-size: 1.5rem; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: right; padding: .3rem .6rem; border-bottom: 1px solid LINE; }
th:first-child, td:first-child { text-align: left; }
summary { cursor: pointer; color: TEXT-2; }
"""


@dataclass(frozen=True)
class Table:
    """A table; the first cell of a row names it."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[object]]


@dataclass(frozen=True)
class Report:
    """What the file holds. `tiles`: label, value and note of each number."""

    title: str
    subtitle: str
    tiles: Sequence[tuple[str, str, str]]
    tables: Sequence[Table]
    charts: Sequence[Chart]

    @property
    def rows(self) -> int:
        return sum(len(table.rows) for table in self.tables) + sum(len(chart.rows) for chart in self.charts)


def encode(report: Report, tokens: Mapping[str, str]) -> Iterable[bytes]:
    """The file in pieces. `tokens`: the colours of tokens.css by name (`charts.tokens_from_css`)."""
    look = _LOOK
    for word, name in (("TEXT-2", "text-2"), ("TEXT", "text"), ("SURFACE", "surface"), ("LINE", "line")):
        look = look.replace(word, tokens[f"--hub-{name}"])
    yield (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(report.title)}</title><style>{look}</style>"
    ).encode()
    yield f"<script>{get_plotlyjs()}</script></head><body>\n".encode()
    yield f'<h1>{escape(report.title)}</h1><p class="note">{escape(report.subtitle)}</p>\n'.encode()
    yield _tiles(report.tiles).encode()
    for table in report.tables:
        yield f"<h2>{escape(table.title)}</h2>{_table(table.columns, table.rows)}\n".encode()
    for chart in report.charts:
        yield _chart(chart, tokens).encode()
    yield b"</body></html>\n"


def _tiles(tiles: Sequence[tuple[str, str, str]]) -> str:
    parts = (
        f'<div class="tile">{escape(label)}<strong>{escape(value)}</strong>'
        f'<span class="note">{escape(note)}</span></div>'
        for label, value, note in tiles
    )
    return f'<div class="tiles">{"".join(parts)}</div>\n'


def _table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    head = "".join(f'<th scope="col">{escape(column)}</th>' for column in columns)
    body = "".join(
        f'<tr><th scope="row">{_cell(first)}</th>{"".join(f"<td>{_cell(cell)}</td>" for cell in rest)}</tr>'
        for first, *rest in rows
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _cell(value: object) -> str:
    return "–" if value is None else escape(str(value))


def _chart(chart: Chart, tokens: Mapping[str, str]) -> str:
    head = f'<h2>{escape(chart.title)}</h2><p class="note">{escape(chart.unit)}. {escape(chart.summary)}</p>'
    if not chart.rows:
        return f'{head}<p class="note">{escape(chart.empty)}</p>\n'
    figure: dict[str, Any] = resolve_tokens(chart.figure, tokens)
    drawn = plotly.io.to_html(
        _standing_alone(go.Figure(figure)),
        full_html=False,
        include_plotlyjs=False,
        div_id=f"chart-{chart.key}",
        default_height=f"{_PIXELS.get(chart.height, 320)}px",
        config={"displaylogo": False, "responsive": True},
    )
    table = _table(chart.columns, ((row.label, *row.shown) for row in chart.rows))
    return f"{head}{drawn}<details><summary>Show as table</summary>{table}</details>\n"


def _standing_alone(figure: go.Figure) -> go.Figure:
    """Bars lead to pages of the hub, and its pages write the legend: a file that is sent on has neither."""
    figure.update_layout(showlegend=len(figure.data) > 1)
    return figure.update_traces(customdata=None)
