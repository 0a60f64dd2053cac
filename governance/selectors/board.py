"""The board report: a page of figures a department, the topmost first.

Departments are read a hundred at a time, by the same few queries for each hundred. Of a past day the figures are the
roll-ups of then, and the rows what register, judgements and changes of band hold of it (`board_rows_then`).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from django.utils import timezone

from governance.selectors import board_rows, board_rows_then, rollups
from governance.selectors.board_rows import Action, Move, Moves, Worst
from governance.selectors.compliance import FrameworkFigures, summed
from governance.selectors.department import Ahead, ahead
from governance.selectors.rollups import Risk
from inventory.models import Department, User
from inventory.selectors.scope import subtree
from risk.choices import OVERALL, Principle
from risk.method import load_method
from risk.selectors.history import method_then
from risk.selectors.kept import kept

AT_ONCE = 100  # departments that are read by one query
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
    `directly`: live applications of the department itself, where there are departments below it to add up with.
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
    directly: int
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
    """`whole`: the six principles of the organisation, to compare with, where one may see it. `silent`: departments
    without a live application. `part`: which file of how many, where it doesn't fit into one. `past`: of a day gone."""

    day: date
    method: str
    title: str
    pages: Sequence[DepartmentPage]
    silent: int
    whole: Mapping[str, float] = field(default_factory=dict)
    part: tuple[int, int] | None = None
    past: bool = False


@dataclass(frozen=True)
class _Sight:
    """The departments in sight by name, those with figures among them, and which lie below which."""

    named: Mapping[int, Department]
    overall: Mapping[int, Risk]
    below: Mapping[int | None, Sequence[int]]  # with figures, the worst first; None: the topmost
    day: date
    user: User | None
    past: bool


def pages_of(user: User | None, chosen: Department | None, day: date) -> int:
    """How many departments have a page in the report; kept until figures, tree or rights change."""
    seen = subtree(user, chosen)
    return kept(
        ("pages of the board report", rollups.ids_of(seen), day), lambda: len(rollups.overall(seen, day, ["count"]))
    )


def board(user: User | None, chosen: Department | None, day: date) -> Board:
    """The report of what `user` (None: the console) may see below `chosen`, or of everything in sight."""
    sight = _sight(user, chosen, day)
    tops = [one.name for one in sight.named.values() if one.parent_id not in sight.named]
    order = list(_depth_first(sight.below))
    parts = (order[first : first + AT_ONCE] for first in range(0, len(order), AT_ONCE))
    return Board(
        day=day,
        method=method_then(day) if sight.past else load_method().version,
        title=", ".join(tops[:3]) + (f" and {len(tops) - 3} more" if len(tops) > 3 else ""),
        pages=(pages := [page for part in parts for page in _pages(part, sight)]),
        silent=len(sight.named) - len(pages),
        whole=_whole(pages),
        past=sight.past,
    )


def _sight(user: User | None, chosen: Department | None, day: date) -> _Sight:
    seen = subtree(user, chosen)
    named = {one.pk: one for one in seen.order_by("name")}
    overall = {risk.department_id: risk for risk in rollups.risks(seen, day, [OVERALL]) if risk.department_id in named}
    below: dict[int | None, list[int]] = {}
    for pk in sorted(overall, key=lambda pk: (-overall[pk].index, named[pk].name, pk)):
        parent = named[pk].parent_id
        below.setdefault(parent if parent in overall else None, []).append(pk)
    return _Sight(named, overall, below, day, user, day < timezone.localdate())


def _depth_first(below: Mapping[int | None, Sequence[int]]) -> Iterator[int]:
    """The order of the tree: each department is followed by those below it, the worst first."""
    waiting = list(reversed(below.get(None, [])))
    while waiting:
        yield (pk := waiting.pop())
        waiting += reversed(below.get(pk, []))


def _pages(shown: Sequence[int], sight: _Sight) -> list[DepartmentPage]:
    named, overall, day = sight.named, sight.overall, sight.day
    wanted = Department.objects.filter(pk__in=shown)
    principles = {(one.department_id, one.principle): one for one in rollups.risks(wanted, day, Principle.values)}
    before = {one.department_id: one for one in rollups.risks(wanted, day - timedelta(days=CHANGE_DAYS), [OVERALL])}
    since = day - timedelta(days=COURSE_DAYS)
    course = _by_department(rollups.history(wanted, OVERALL, since, day))
    coverage = _by_department(rollups.coverages(wanted, day, load_method().frameworks))
    worst, moves, actions = _rows(shown, sight)
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
            below=[Below(named[one].name, overall[one]) for one in sight.below.get(pk, [])[:BELOW_ROWS]],
            below_left_out=len(sight.below.get(pk, [])[BELOW_ROWS:]),
            directly=_directly(pk, sight),
            worst=worst.get(pk, []),
            moves=moves[pk].gravest,
            risen=moves[pk].risen,
            fallen=moves[pk].fallen,
            actions=actions.get(worst[pk][0].id, []) if pk in worst else [],
        )
        for pk in shown
    ]


def _rows(
    shown: Sequence[int], sight: _Sight
) -> tuple[Mapping[int, Sequence[Worst]], Mapping[int, Moves], Mapping[int, Sequence[Action]]]:
    """Worst applications and changes of band by department, and what to do by application."""
    day, since = sight.day, sight.day - timedelta(days=CHANGE_DAYS)
    if sight.past:
        then = board_rows_then.worst(sight.user, shown, day)
        return then.rows, board_rows_then.moves(sight.user, shown, since, day), board_rows_then.actions(then)
    worst = board_rows.worst(shown)
    first = [rows[0].id for rows in worst.values()]
    return worst, board_rows.moves(shown, since, day), board_rows.actions(first, day)


def _directly(pk: int, sight: _Sight) -> int:
    below = sight.below.get(pk, [])
    return sight.overall[pk].count - sum(sight.overall[one].count for one in below) if below else 0


def _by_department(rows: Sequence) -> dict[int, list]:
    found: dict[int, list] = {}
    for row in rows:
        found.setdefault(row.department_id, []).append(row)
    return found


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
