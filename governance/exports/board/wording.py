"""The words of the board report."""

from datetime import date

from governance.selectors.board import COURSE_DAYS, Board, DepartmentPage
from governance.selectors.board_rows import Worst
from governance.selectors.compliance import FrameworkFigures
from inventory.charts.base import score
from risk.choices import Band

SCALE = "Residual risk from 0 (best) to 100 (worst)"
PROHIBITED = "Prohibited practice"


def title(board: Board) -> str:
    part = f" · part {board.part[0]} of {board.part[1]}" if board.part else ""
    return f"AI risk report: {board.title or 'no department'}{part}"


def day(day: date) -> str:
    return f"{day:%-d %B %Y}"


def tiles(page: DepartmentPage) -> list[tuple[str, str, str]]:
    """Label, value and note of each number of a department."""
    count, serious = page.risk.count, page.serious
    gaps = f"binding, and {page.binding_partly_met:,} partly met; {page.overdue:,} of both past due"
    return [
        ("Risk index", score(page.risk.index), f"{Band(page.risk.band).label} · {moved(page.change, 0)}"),
        ("Live AI applications", f"{count:,}", moved(page.count_change, 0)),
        ("High or critical", f"{serious:,}", f"{serious / count:.0%} of live · {moved(page.serious_change, 0)}"),
        ("Compliance gaps open", f"{page.binding_gaps:,}", gaps),
        ("If nobody acts", ahead(page), "index in 30, 60 and 90 days"),
    ]


def moved(change: float | None, decimals: int) -> str:
    """A change over 30 days."""
    if change is None:
        return "no figure 30 days ago"
    text = f"{abs(change):,.{decimals}f}"
    if not text.strip("0."):
        return "unchanged in 30 days"
    return f"{'+' if change > 0 else '−'}{text} in 30 days"


def ahead(page: DepartmentPage) -> str:
    return " · ".join(score(one.index) for one in page.ahead) or "–"


def coverage(one: FrameworkFigures) -> str:
    """ "48–54 %", as the pages have it."""
    if one.low is None or one.high is None:
        return "–"
    ends = round(one.low * 100), round(one.high * 100)
    return f"{ends[0]} %" if ends[0] == ends[1] else f"{ends[0]}–{ends[1]} %"


def risk_of(one: Worst) -> str:
    """ "25 (14–33)"; the number alone where nothing is unknown, as the pages have it."""
    if one.prohibited:
        return PROHIBITED
    low, high = score(one.low), score(one.high)
    point = score(one.point)
    return point if low == high else f"{point} ({low}–{high})"


def moves(page: DepartmentPage) -> str:
    if not page.risen and not page.fallen:
        return "No application changed its band."
    return f"{page.risen:,} to a worse band, {page.fallen:,} to a better one."


def course(page: DepartmentPage) -> str:
    """The course in words, for those who don't see it."""
    if not page.course:
        return "No figures are kept yet."
    first, last = page.course[0], page.course[-1]
    text = f"Index {score(first.index)} on {first.day:%-d %B %Y}, {score(last.index)} on {last.day:%-d %B %Y}"
    text += f"; worst application {score(last.worst)}, mean {score(last.mean)}"
    return text + (f"; if nobody acts {ahead(page)} in 30, 60 and 90 days." if page.ahead else ".")


def profile(page: DepartmentPage) -> str:
    return ", ".join(f"{one.label} {score(risk.index)}" for one, risk in page.principles if risk) + "."


def step(before: float, after: float) -> str:
    """ "60 to 40", of risk."""
    return f"{score(before)} to {score(after)}"


def effect(before: float, after: float) -> str:
    """ "71.5 to 71.2": what a control does, with one decimal as on the pages, since most do little."""
    return f"{before:.1f} to {after:.1f}"


def directly(page: DepartmentPage) -> str:
    """What the departments below leave to the whole, so that the rows add up; empty where they are all of it."""
    return f"In the department itself: {page.directly:,} live" if page.directly > 0 else ""


def compared(page: DepartmentPage, board: Board) -> bool:
    """Whether the principles of the organisation stand beside those of the department."""
    return bool(board.whole) and page.department.parent_id is not None


def notes(board: Board) -> list[str]:
    """What the report holds, and what it leaves out."""
    found = [
        f"Live applications only; a department counts with everything below it. {SCALE}, by method {board.method}.",
        f"Changes are over the last 30 days, the course over {COURSE_DAYS}.",
    ]
    if board.past:
        found.append(
            "As it stood at the end of that day; names and places of departments are today's, and so are the rights to "
            "see what is listed."
        )
    if board.part:
        number, many = board.part
        found.append(f"This is part {number} of {many}; contents.txt lists the page of each department.")
    if board.silent:
        found.append(f"Departments without a live application have no page: {board.silent:,}.")
    return found
