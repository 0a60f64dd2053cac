"""The rows of a board report: of many departments at once the worst applications, the changes of band, what to do.

Each department counts with everything below it; every function costs the same queries however many there are.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.db import connection

from risk.choices import Band, EUClass
from risk.method import load_method
from risk.models import CurrentScore
from risk.scoring.fitness import NotComputableError, judge_fit
from risk.selectors import cases
from risk.selectors.keys import array
from risk.selectors.next_steps import ControlStep, next_steps

WORST_ROWS = 5
MOVE_ROWS = 4
ACTION_ROWS = 3
BANDS = tuple(Band.values)

# Each wanted department with everything below it
BELOW = """
WITH RECURSIVE below(top, id) AS (
    SELECT id, id FROM unnest(%(tops)s::bigint[]) wanted(id)
    UNION SELECT below.top, child.id FROM inventory_department child JOIN below ON child.parent_id = below.id
)"""
# The places first, from the narrow index of roll-ups; only the few that are shown are read whole
_WORST = f"""{BELOW}, ranked AS (
    SELECT below.top, score.application_id,
           row_number() OVER (PARTITION BY below.top ORDER BY score.overall_point DESC, score.application_id DESC) place
    FROM below JOIN risk_currentscore score ON score.counted_in_id = below.id
)
SELECT ranked.top, application.id, application.name, department.name, score.eu_class,
       score.overall_low, score.overall_point, score.overall_high, score.band, score.change_30d
FROM ranked JOIN risk_currentscore score USING (application_id)
JOIN inventory_aiapplication application ON application.id = score.application_id
JOIN inventory_department department ON department.id = application.department_id
WHERE ranked.place <= %(most)s ORDER BY ranked.top, ranked.place"""  # noqa: S608 - SQL of our own, values bound
# `{{register}}`: where the applications stand, each with its department
_MOVED = f"""{BELOW}, moved AS (
    SELECT below.top, application.name, change.day, change.before, change.after, change.point_before,
           change.point_after, array_position(%(bands)s, change.after) - array_position(%(bands)s, change.before) rise,
           row_number() OVER (
               PARTITION BY below.top
               ORDER BY array_position(%(bands)s, change.after) - array_position(%(bands)s, change.before) DESC,
                        change.point_after DESC, change.id DESC) place
    FROM risk_bandchange change JOIN {{register}} application ON application.id = change.application_id
    JOIN below ON below.id = application.department_id
    WHERE change.day > %(since)s AND change.day <= %(until)s
)
SELECT top, name, day, before, after, point_before, point_after, place,
       count(*) FILTER (WHERE rise > 0) OVER by_top, count(*) FILTER (WHERE rise < 0) OVER by_top
FROM moved WINDOW by_top AS (PARTITION BY top) ORDER BY top, place"""  # noqa: S608 - SQL of our own, values bound


@dataclass(frozen=True)
class Worst:
    """A live application among those of the highest residual risk. A prohibited practice is a gate and no number."""

    id: int
    name: str
    department: str
    eu_class: str | None
    low: float
    point: float
    high: float
    band: str
    change: float | None  # over 30 days

    @property
    def prohibited(self) -> bool:
        return self.eu_class == EUClass.PROHIBITED


@dataclass(frozen=True)
class Move:
    """An application that came to another band."""

    name: str
    day: date
    before: str
    after: str
    point_before: float
    point_after: float


@dataclass
class Moves:
    """Changes of band of a department: how many to a worse, how many to a better band, and the gravest."""

    risen: int = 0
    fallen: int = 0
    gravest: list[Move] = field(default_factory=list)


@dataclass(frozen=True)
class Action:
    """What would lower the risk of an application most, with its exact figure then."""

    application: str
    text: str
    now: float
    then: float


def asked(sql: str, **given: Any) -> list[tuple]:
    """The rows of a query."""
    with connection.cursor() as cursor:
        cursor.execute(sql, given)
        return cursor.fetchall()


def worst(departments: Sequence[int]) -> dict[int, list[Worst]]:
    """Of each department the applications of the highest risk, worst first; none for one without."""
    found: dict[int, list[Worst]] = {}
    for top, *row in asked(_WORST, tops=array(departments), most=WORST_ROWS):
        found.setdefault(top, []).append(Worst(*row))
    return found


def moves(departments: Sequence[int], since: date, until: date) -> dict[int, Moves]:
    """Of each department the changes of band after `since`, up to `until`."""
    return moves_in("inventory_aiapplication", {}, departments, since, until)


def moves_in(
    register: str, given: Mapping[str, Any], departments: Sequence[int], since: date, until: date
) -> dict[int, Moves]:
    """The same of the applications of a table or query, which has their id, name and department_id."""
    found = {pk: Moves() for pk in departments}
    sql = _MOVED.format(register=register)
    for top, *row, place, risen, fallen in asked(
        sql, **given, tops=array(departments), bands=list(BANDS), since=since, until=until
    ):
        mine = found[top]
        mine.risen, mine.fallen = risen, fallen
        if place <= MOVE_ROWS:
            mine.gravest.append(Move(*row))
    return found


def actions(applications: Iterable[int], day: date) -> dict[int, list[Action]]:
    """Of each application the controls that would lower its risk most, best first; each is exact, one at a time."""
    ids = sorted(set(applications))
    stored, method = cases.load(ids, day), load_method()
    found: dict[int, list[Action]] = {}
    for row in CurrentScore.objects.select_related("application").filter(pk__in=ids).order_by("pk"):
        try:
            judgement = judge_fit(stored[row.pk], day, method, cases.previous(row, method))
        except NotComputableError:  # since the score was stored; its own page says why
            continue
        steps = [one for one in next_steps(judgement) if isinstance(one, ControlStep) and one.then < one.now]
        found[row.pk] = [Action(row.application.name, one.title, one.now, one.then) for one in steps[:ACTION_ROWS]]
    return found
