"""The board report as one interactive HTML file: the figures of the PDF in its order and its words, with charts to
point at and a table behind each. Names have room here, so none is cut, and no framework is left out."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from governance import charts
from governance.charts import Chart, Row, risk
from governance.exports.board import wording
from governance.exports.html import CONTENT_TYPE, standing_alone
from governance.selectors.board import Board, DepartmentPage
from governance.selectors.compliance import FrameworkFigures
from governance.selectors.rollups import Risk
from inventory.charts.base import score

__all__ = ["CONTENT_TYPE", "encode"]

MOST = 100  # departments: twice as many take a browser most of a minute to lay out
_DEEPEST = 4  # of the steps in the contents (file.css)


def encode(board: Board) -> Iterator[bytes]:
    """The file in pieces; the same figures give the same bytes."""
    return standing_alone(
        wording.title(board),
        "governance/files/board.html",
        {
            "title": wording.title(board),
            "day": wording.day(board.day),
            "notes": wording.notes(board),
            "departments": [_department(f"department-{n}", page, board) for n, page in enumerate(board.pages, 1)],
        },
    )


def _department(anchor: str, page: DepartmentPage, board: Board) -> dict[str, Any]:
    shown = [
        ("span-6", _profile(page, board)),
        ("span-6", _course(page, board)),
        ("span-6", _bands(page)),
        ("span-6", _compliance(page, "compliance", "Compliance: binding frameworks", binding=True)),
        ("", _compliance(page, "voluntary", "Compliance: voluntary frameworks", binding=False)),
    ]
    return {
        "anchor": anchor,
        "page": page,
        "path": " / ".join(page.path),
        "depth": min(len(page.path), _DEEPEST),
        "tiles": wording.tiles(page),
        "charts": [(place, replace(chart, key=f"{anchor}-{chart.key}")) for place, chart in shown],
        "worst": [
            (one.name, one.department, wording.risk_of(one), one.band, wording.moved(one.change, 0))
            for one in page.worst
        ],
        "moves_words": wording.moves(page),
        "moves": [
            (one.name, one.day, one.before, one.after, wording.step(one.point_before, one.point_after))
            for one in page.moves
        ],
        "actions_of": page.actions[0].application if page.actions else "",
        "actions": [(one.text, wording.effect(one.now, one.then)) for one in page.actions],
    }


def _profile(page: DepartmentPage, board: Board) -> Chart:
    rows = [
        risk.PrincipleRisk(str(one.label), found.index if found else None, board.whole.get(one.value))
        for one, found in page.principles
    ]
    other = "The organisation" if wording.compared(page, board) else ""
    chart = risk.principle_profile(rows, page.department.name, other)
    return replace(chart, title="Residual risk by principle", summary=wording.profile(page))


def _course(page: DepartmentPage, board: Board) -> Chart:
    chart = charts.department_course(
        [charts.DepartmentPoint(one.day, one.index, one.worst, one.mean) for one in page.course],
        [(one.day, one.index) for one in page.ahead],
        board.day,
    )
    height = "lg" if wording.compared(page, board) else chart.height  # as high as the profile beside it
    return replace(chart, title="Risk over time and ahead", summary=wording.course(page), height=height)


def _bands(page: DepartmentPage) -> Chart:
    """Live applications by band, with the index of each department beside them in the table."""
    below = [_counts(one.name, one.risk) for one in page.below]
    chart = charts.bands_by_department(below, _counts(page.department.name, page.risk))
    beside = [page.risk, *(one.risk for one in page.below)]
    rows = [
        Row(row.label, (*row.values, one.count, score(one.index))) for row, one in zip(chart.rows, beside, strict=True)
    ]
    more = f" Further departments one level down: {page.below_left_out}." if page.below_left_out else ""
    itself = f" {one}." if (one := wording.directly(page)) else ""
    summary = chart.summary + more + itself
    return replace(chart, columns=(*chart.columns, "Live", "Index"), rows=tuple(rows), summary=summary)


def _counts(name: str, found: Risk) -> charts.DepartmentBands:
    return charts.DepartmentBands(name, found.low_count, found.moderate_count, found.high_count, found.critical_count)


def _compliance(page: DepartmentPage, key: str, title: str, *, binding: bool) -> Chart:
    found = [one for one in page.coverage if one.framework.binding is binding]
    chart = charts.compliance_by_framework([_coverage(one) for one in found], key=key, title=title)
    unread = [one.short_name for one in found if one.total == one.not_assessed]
    more = f" Nothing assessed yet: {', '.join(unread)}." if unread else ""
    return replace(chart, summary=chart.summary + more, empty=chart.summary + more)


def _coverage(one: FrameworkFigures) -> charts.FrameworkCoverage:
    return charts.FrameworkCoverage(
        one.short_name, one.met, one.partial, one.gap, one.unknown, one.upcoming, one.low, one.high
    )
