"""The board report as PDF: typeset by typst, tagged (PDF/UA-1), and the same bytes for the same figures.

Data goes in as JSON and is printed as text: no name can become markup. The date of the file is the day of its figures,
and only the fonts that lie here are used, so that neither clock nor machine changes a byte. A file holds at most
A_PART departments, so that neither its making nor its reading takes more memory than that; more come in parts.
"""

import subprocess
import sys
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, time
from functools import cache
from pathlib import Path
from typing import Any

import orjson

from governance.exports.board import wording
from governance.selectors.board import COURSE_DAYS, Board, DepartmentPage
from governance.selectors.compliance import FrameworkFigures
from governance.selectors.rollups import Risk
from inventory.charts.base import score
from risk.choices import Band

CONTENT_TYPE = "application/pdf"
A_PART = 100  # departments
FRAMEWORKS = 8
MISSING = "¤"
_HERE = Path(__file__).parent
_COLOURS = ("text", "text-2", "text-3", "line", "surface-2", "series-1", "series-2", "series-3", "chart-grid")
_STATES = ("met", "partial", "gap", "unknown", "upcoming")


def parts(count: int) -> int:
    """Of how many files a report of so many departments consists."""
    return max(1, -(-count // A_PART))


def in_parts(board: Board) -> Iterator[Board]:
    """The report as those that fit a file, each of which says which it is."""
    many = parts(len(board.pages))
    for part in range(1, many + 1):
        first = (part - 1) * A_PART
        yield replace(board, pages=board.pages[first : first + A_PART], part=(part, many) if many > 1 else None)


def encode(board: Board, tokens: Mapping[str, str]) -> bytes:
    """The file. `tokens`: the colours of tokens.css by name (`charts.tokens_from_css`)."""
    moment = datetime.combine(board.day, time(), UTC)
    command = [sys.executable, "-I", str(_HERE / "typeset.py"), str(int(moment.timestamp()))]
    data = orjson.dumps(printable(plain(board, tokens)))
    return subprocess.run(command, input=data, stdout=subprocess.PIPE, check=True).stdout  # noqa: S603 - our own


def plain(board: Board, tokens: Mapping[str, str]) -> dict[str, Any]:
    """Everything that is printed, in words and numbers."""
    names = [*_COLOURS, *(f"band-{b}{end}" for b in Band.values for end in ("", "-soft", "-solid"))]
    names += [f"state-{state}" for state in _STATES]
    return {
        "title": wording.title(board),
        "day": [board.day.year, board.day.month, board.day.day],
        "day_words": wording.day(board.day),
        "course_days": COURSE_DAYS,
        "notes": wording.notes(board),
        "colours": {name: tokens[f"--hub-{name}"] for name in names},
        "bands": {band.value: str(band.label) for band in Band},
        "pages": [_page(page, board) for page in board.pages],
    }


def _page(page: DepartmentPage, board: Board) -> dict[str, Any]:
    return {
        "name": _cut(page.department.name),
        "path": _cut(" / ".join(page.path)),
        "band": page.risk.band,
        "tiles": wording.tiles(page),
        "profile_alt": wording.profile(page),
        "profile": [
            [
                str(one.label),
                risk.index if risk else None,
                score(risk.index if risk else None),
                risk.band if risk else "",
                board.whole.get(one.value),
            ]
            for one, risk in page.principles
        ],
        "whole": wording.compared(page, board),
        "course": _course(page, board),
        "course_alt": wording.course(page),
        "bands": [_bands("All of it", page.risk), *(_bands(_cut(one.name, 34), one.risk) for one in page.below)],
        "below_left_out": page.below_left_out,
        "directly": wording.directly(page),
        "coverage": [_coverage(one) for one in page.coverage[:FRAMEWORKS]],
        "coverage_left_out": len(page.coverage[FRAMEWORKS:]),
        "worst": [
            [_cut(one.name, 44), _cut(one.department, 28), wording.risk_of(one), one.band, wording.moved(one.change, 0)]
            for one in page.worst
        ],
        "moves_words": wording.moves(page),
        "moves": [
            [
                _cut(one.name, 40),
                f"{one.day:%-d %b}",
                one.before,
                one.after,
                wording.step(one.point_before, one.point_after),
            ]
            for one in page.moves
        ],
        "actions_of": _cut(page.actions[0].application, 60) if page.actions else "",
        "actions": [[one.text, wording.effect(one.now, one.then)] for one in page.actions],
    }


def _cut(text: str, most: int = 90) -> str:
    """A name as far as its place has room."""
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"


def _course(page: DepartmentPage, board: Board) -> dict[str, Any]:
    """Days before (negative) and after the day of the report, with the figures that stood then."""
    days = [[(one.day - board.day).days, one.index, one.worst, one.mean] for one in page.course]
    return {"days": days, "ahead": [[one.days, one.index] for one in page.ahead]}


def _bands(name: str, risk: Risk) -> dict[str, Any]:
    counts = {band: getattr(risk, f"{band}_count") for band in reversed(Band.values)}
    return {"name": name, "index": score(risk.index), "count": f"{risk.count:,}", "counts": counts}


def _coverage(one: FrameworkFigures) -> dict[str, Any]:
    states = {state: getattr(one, state) for state in _STATES}
    return {
        "name": one.short_name,
        "coverage": wording.coverage(one),
        "states": states,
        "gaps": f"{one.gap:,}",
        "binding": one.framework.binding,
    }


def printable(value: Any) -> Any:
    """A copy in which every text fits its place and holds only characters that the fonts have: an accessible file may
    not hold any other. Those stand as MISSING."""
    if isinstance(value, str):
        return _printable(value)
    if isinstance(value, dict):
        return {key: printable(item) for key, item in value.items()}
    return [printable(item) for item in value] if isinstance(value, list | tuple) else value


def _printable(text: str) -> str:
    known = _characters()
    line = " ".join(unicodedata.normalize("NFC", text).split())
    return "".join(c if ord(c) in known else "" if unicodedata.category(c) in {"Cf", "Cc"} else MISSING for c in line)


@cache
def _characters() -> frozenset[int]:
    found: set[int] = set()
    for line in (_HERE / "fonts" / "coverage.txt").read_text(encoding="ascii").split():
        first, last = (int(end, 16) for end in line.split("-"))
        found |= set(range(max(first, 0x20), last + 1))
    return frozenset(found - {0x200B})
