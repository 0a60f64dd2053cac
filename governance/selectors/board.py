"""The board report: a page of figures a department, the topmost first.

The number of queries doesn't grow with the departments, and neither does the report: beyond MOST_PAGES it says how
many departments it leaves out.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from governance.selectors import board_rows, rollups
from governance.selectors.board_rows import Action, Move, Worst
from governance.selectors.compliance import FrameworkFigures, summed
from governance.selectors.department import Ahead, ahead
from governance.selectors.rollups import Risk
from inventory.models import Department, User
from inventory.selectors.scope import subtree
from risk.choices import OVERALL, Principle
from risk.method import load_method

MOST_PAGES = 60
CHANGE_DAYS = 30
COURSE_DAYS = 90
BELOW_ROWS = 6


@dataclass(frozen=True)
class Below:
    """A department one level down."""

    name: str
    risk: Risk


@dataclass(frozen=True)
class DepartmentPage:
    """Everything a page shows of a department with all below it. `before`: 30 days earlier; None: no figure of then.
    `moves` are the gravest of `risen` + `fallen` changes of band."""

    department: Department
    path: tuple[str, ...]
    risk: Risk
    before: Risk | None
    principles: tuple[tuple[Principle, Risk | None], ...]
    course: Sequence[Risk]
    ahead: Sequence[Ahead]
    coverage: Sequence[FrameworkFigures]
    below: Sequence[Below]
    below_left_out: int
    worst: Sequence[Worst]
    moves: Sequence[Move]
    risen: int
    fallen: int
    actions: Sequence[Action]

    @property
    def serious(self) -> int:
        return self.risk.high_count + self.risk.critical_count

    @property
    def change(self) -> float | None:
        return self.risk.index - self.before.index if self.before else None

    @property
    def count_change(self) -> int | None:
        return self.risk.count - self.before.count if self.before else None

    @property
    def serious_change(self) -> int | None:
        if self.before is None:
            return None
        return self.serious - self.before.high_count - self.before.critical_count

    @property
    def binding_gaps(self) -> int:
        return sum(one.gap for one in self.coverage if one.framework.binding)

    @property
    def binding_partly_met(self) -> int:
        return sum(one.partial for one in self.coverage if one.framework.binding)

    @property
    def overdue(self) -> int:
        return sum(one.overdue for one in self.coverage if one.framework.binding)


@dataclass(frozen=True)
class Board:
    """`whole`: the six principles of the organisation, to compare with, where one may see it. `left_out`: departments
    with figures that have no page; `silent`: departments without a live application."""

    day: date
    method: str
    title: str
    pages: Sequence[DepartmentPage]
    left_out: int
    silent: int
    whole: Mapping[str, float] = field(default_factory=dict)


def board(user: User | None, chosen: Department | None, day: date) -> Board:
    """The report of what `user` (None: the console) may see below `chosen`, or of everything in sight."""
    seen = subtree(user, chosen)
    named = {one.pk: one for one in seen.order_by("name")}
    overall = {risk.department_id: risk for risk in rollups.risks(seen, day, [OVERALL])}
    order = _order(named, overall)
    shown = order[:MOST_PAGES]
    tops = [one.name for one in named.values() if one.parent_id not in named]
    pages = _pages(_depth_first(shown, named, overall), named, overall, day) if shown else []
    return Board(
        day=day,
        method=load_method().version,
        title=", ".join(tops[:3]) + (f" and {len(tops) - 3} more" if len(tops) > 3 else ""),
        pages=pages,
        left_out=len(order) - len(shown),
        silent=len(named) - len(order),
        whole=_whole(pages),
    )


def _order(named: Mapping[int, Department], overall: Mapping[int, Risk]) -> list[int]:
    """Departments with figures, upper levels first, in a level the worst first."""
    found = [(len(_above(pk, named)), -overall[pk].index, pk) for pk in overall if pk in named]
    return [pk for _, _, pk in sorted(found)]


def _depth_first(shown: Sequence[int], named: Mapping[int, Department], overall: Mapping[int, Risk]) -> list[int]:
    """The same in the order of the tree: each department is followed by those below it."""
    below: dict[int | None, list[int]] = {}
    for pk in shown:
        parent = named[pk].parent_id
        below.setdefault(parent if parent in shown else None, []).append(pk)
    found: list[int] = []
    waiting = list(reversed(below.get(None, [])))
    while waiting:
        found.append(pk := waiting.pop())
        waiting += reversed(below.get(pk, []))
    return found


def _pages(
    shown: Sequence[int], named: Mapping[int, Department], overall: Mapping[int, Risk], day: date
) -> list[DepartmentPage]:
    wanted = Department.objects.filter(pk__in=shown)
    principles = {(one.department_id, one.principle): one for one in rollups.risks(wanted, day, Principle.values)}
    before = {one.department_id: one for one in rollups.risks(wanted, day - timedelta(days=CHANGE_DAYS), [OVERALL])}
    since = day - timedelta(days=COURSE_DAYS)
    course = _by_department(rollups.history(wanted, OVERALL, since, day))
    coverage = _by_department(rollups.coverages(wanted, day, load_method().frameworks))
    worst = board_rows.worst(shown)
    moves = board_rows.moves(shown, day - timedelta(days=CHANGE_DAYS), day)
    actions = board_rows.actions([rows[0].id for rows in worst.values()], day)
    return [
        DepartmentPage(
            department=named[pk],
            path=tuple(one.name for one in reversed(_above(pk, named))),
            risk=overall[pk],
            before=before.get(pk),
            principles=tuple((one, principles.get((pk, one))) for one in Principle),
            course=rollups.held(course.get(pk, []), since, day),
            ahead=ahead(overall[pk], day),
            coverage=[one for one in summed(coverage.get(pk, [])) if one.total],
            worst=worst.get(pk, []),
            moves=moves[pk].gravest,
            risen=moves[pk].risen,
            fallen=moves[pk].fallen,
            actions=actions.get(worst[pk][0].id, []) if pk in worst else [],
            **_below(pk, named, overall),
        )
        for pk in shown
    ]


def _by_department(rows: Sequence) -> dict[int, list]:
    found: dict[int, list] = {}
    for row in rows:
        found.setdefault(row.department_id, []).append(row)
    return found


def _below(pk: int, named: Mapping[int, Department], overall: Mapping[int, Risk]) -> dict:
    rows = [Below(one.name, overall[one.pk]) for one in named.values() if one.parent_id == pk and one.pk in overall]
    rows.sort(key=lambda one: (-one.risk.index, one.name))
    return {"below": rows[:BELOW_ROWS], "below_left_out": len(rows[BELOW_ROWS:])}


def _above(pk: int, named: Mapping[int, Department]) -> list[Department]:
    """The departments above one, as far as they are in sight, nearest first."""
    found: list[Department] = []
    at = named.get(named[pk].parent_id or 0)
    while at is not None:
        found.append(at)
        at = named.get(at.parent_id or 0)
    return found


def _whole(pages: Sequence[DepartmentPage]) -> dict[str, float]:
    """The organisation's principles, where its page is the first."""
    if not pages or pages[0].department.parent_id is not None:
        return {}
    return {principle.value: risk.index for principle, risk in pages[0].principles if risk}
