"""The rows of a board report as of a past day: worst applications, changes of band and what would have helped, by the
register and the judgements of then. Names of applications are those of then too; listed are those that the reader sees
today."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from governance.selectors.board_rows import ACTION_ROWS, BELOW, WORST_ROWS, Action, Moves, Worst, asked, moves_in
from inventory.access import Permission
from inventory.choices import Lifecycle
from inventory.models import User
from risk.choices import OVERALL
from risk.method import MethodError
from risk.models import ScoreSnapshot
from risk.selectors import applications_then
from risk.selectors.applications import Wanted
from risk.selectors.keys import array
from risk.selectors.next_steps import ControlStep, next_steps
from risk.selectors.replay import judged_again

_JUDGED = "app.id, app.department_id, score.id AS snapshot, score.overall_point AS point"
_WORST = """{below}, stood AS MATERIALIZED ({stood}), ranked AS (
    SELECT below.top, stood.id, stood.snapshot,
           row_number() OVER (PARTITION BY below.top ORDER BY stood.point DESC, stood.id DESC) place
    FROM below JOIN stood ON stood.department_id = below.id
)
SELECT top, id, snapshot FROM ranked WHERE place <= %(most)s ORDER BY top, place"""


@dataclass(frozen=True)
class WorstThen:
    """By department, worst first; `judged`: the judgement of each in force then, by application."""

    rows: dict[int, list[Worst]]
    judged: dict[int, int]


def worst(user: User | None, departments: Sequence[int], day: date) -> WorstThen:
    """Of each department the live applications of the highest risk of then; none for one without."""
    live = Wanted(lifecycles=(Lifecycle.LIVE,))
    stood, given = applications_then.query(_JUDGED, user, live, day, Permission.EXPORT, "AND score.id IS NOT NULL")
    sql = _WORST.format(below=BELOW, stood=stood)
    ranked = asked(sql, **given, tops=array(departments), most=WORST_ROWS)
    judged = {pk: snapshot for _, pk, snapshot in ranked}
    whole = applications_then.rows(list(judged), day, OVERALL)
    rows: dict[int, list[Worst]] = {}
    for top, pk, _ in ranked:
        one = whole.get(pk)
        if one and one.low is not None and one.point is not None and one.high is not None:
            figures = (one.low, one.point, one.high, one.band or "", one.change)
            rows.setdefault(top, []).append(Worst(pk, one.name, one.department, one.eu_class, *figures))
    return WorstThen(rows, judged)


def moves(user: User | None, departments: Sequence[int], since: date, until: date) -> dict[int, Moves]:
    """Of each department the changes of band after `since`, up to `until`, of what lay in it at the end of that day."""
    columns = "app.id, app.name, app.department_id"
    stood, given = applications_then.query(columns, user, Wanted(), until, Permission.EXPORT, "")
    return moves_in(f"({stood})", given, departments, since, until)


def actions(then: WorstThen) -> dict[int, list[Action]]:
    """Of each department's worst application the controls that would have lowered its risk most."""
    names = {rows[0].id: rows[0].name for rows in then.rows.values()}
    found: dict[int, list[Action]] = {}
    for one in ScoreSnapshot.objects.with_inputs().filter(pk__in=[then.judged[pk] for pk in names]).order_by("pk"):
        try:
            judgement, method = judged_again(one)
        except (MethodError, ValueError):  # its method is gone, or its inputs are
            continue
        every = next_steps(judgement, method=method)
        steps = [step for step in every if isinstance(step, ControlStep) and step.then < step.now]
        found[one.application_id] = [
            Action(names[one.application_id], step.title, step.now, step.then) for step in steps[:ACTION_ROWS]
        ]
    return found
