"""One self-contained, interactive HTML file: tables, charts and everything that draws them. It asks nobody for
anything and says so to the browser: its policy lets run what this module put in, by its hash, and nothing else. So it
can be sent on and opened anywhere. Look and charts are those of the pages, by the same style sheets and scripts."""

import re
from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from hashlib import sha256
from itertools import zip_longest
from pathlib import Path
from typing import Any

from django.conf import settings
from django.template.loader import render_to_string
from django.utils.html import escape

from governance.charts import Chart

CONTENT_TYPE = "text/html; charset=utf-8"
_OWN_LOOK = Path(__file__).parent / "file.css"
_SHEETS = ("css/tokens.css", "css/hub.css", "css/components.css")
_VENDORED_URL = re.compile(r'url\("\.\./(vendor/[a-z0-9./-]+\.woff2)"\)')


@dataclass(frozen=True)
class Table:
    """A table; the first cell of a row names it."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[object]]

    @property
    def classes(self) -> list[str]:
        """Of each column; one that holds a number anywhere holds numbers."""
        columns = zip(*self.rows, strict=True) if self.rows else ()
        return ["num" if any(isinstance(cell, int | float) for cell in cells) else "" for cells in columns]

    @property
    def heads(self) -> list[tuple[str, str]]:
        return list(zip_longest(self.columns, self.classes, fillvalue=""))

    @property
    def lines(self) -> list[list[tuple[object, str]]]:
        return [list(zip(row, self.classes, strict=True)) for row in self.rows]


@dataclass(frozen=True)
class Report:
    """What the file of a page holds. `tiles`: label, value and note of each number."""

    title: str
    subtitle: str
    tiles: Sequence[tuple[str, str, str]]
    tables: Sequence[Table]
    charts: Sequence[Chart]

    @property
    def rows(self) -> int:
        return sum(len(table.rows) for table in self.tables) + sum(len(chart.rows) for chart in self.charts)


def encode(report: Report) -> Iterator[bytes]:
    """The file of a page in pieces."""
    context = {"report": report, "charts": [_unlinked(chart) for chart in report.charts]}
    return standing_alone(report.title, "governance/files/overview.html", context)


def _unlinked(chart: Chart) -> Chart:
    """Bars and rows lead to pages of the hub; a file that is sent on has none."""
    traces = [
        {key: value for key, value in trace.items() if key not in {"customdata", "meta"}}
        for trace in chart.figure["data"]
    ]
    rows = tuple(replace(row, url="") for row in chart.rows)
    return replace(chart, figure={**chart.figure, "data": traces}, rows=rows)


def standing_alone(title: str, template: str, context: Mapping[str, Any]) -> Iterator[bytes]:
    """A file in pieces: the body as the template has it, and what it takes to show it. The same context gives the same
    bytes."""
    head, tail = _surroundings()
    yield head.replace("<title></title>", f"<title>{escape(title)}</title>", 1).encode()
    yield render_to_string(template, dict(context)).encode()
    yield tail.encode()


@cache
def _surroundings() -> tuple[str, str]:
    """What stands before and after the body. The charts' scripts come last, so that the text is there before them."""
    look = "\n".join([*map(_static, _SHEETS), _OWN_LOOK.read_text(encoding="utf-8")])
    styles = [
        ("", _VENDORED_URL.sub(_as_data, look)),
        # plotly.js looks for this id, and then adds no rules of its own, which the policy would refuse
        (' id="plotly.js-style-global" class="no-inline-styles"', _static("vendor/plotly/plotly.css")),
        (' media="print"', _static("css/print.css")),
    ]
    theme, drawing = _static("js/theme.js"), [_static("vendor/plotly/plotly-basic.min.js"), _static("js/charts.js")]
    policy = _policy([theme, *drawing], [css for _, css in styles])
    head = (
        '<!doctype html>\n<html lang="en" data-bs-theme="light">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n<title></title>\n'
        f"<script>{theme}</script>\n"
        + "".join(f"<style{attributes}>{css}</style>\n" for attributes, css in styles)
        + "</head>\n<body>\n"
    )
    library, charts = drawing
    return head, f'<script>{library}</script>\n<script type="module">{charts}</script>\n</body>\n</html>\n'


def _policy(scripts: Sequence[str], styles: Sequence[str]) -> str:
    return (
        f"default-src 'none'; script-src {_hashes(scripts)}; style-src {_hashes(styles)}; "
        "img-src data:; font-src data:; base-uri 'none'; form-action 'none'"
    )


def _hashes(texts: Sequence[str]) -> str:
    return " ".join(f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'" for text in texts)


def _static(name: str) -> str:
    return (settings.BASE_DIR / "static" / name).read_text(encoding="utf-8")


def _as_data(found: re.Match[str]) -> str:
    """A font of the style sheets, in the file itself."""
    font = (settings.BASE_DIR / "static" / found[1]).read_bytes()
    return f'url("data:font/woff2;base64,{b64encode(font).decode()}")'
