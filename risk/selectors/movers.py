"""Applications of a department whose score moves by itself, each horizon with what leads there from today.

The stored forecast says which they are, worst first; the few of a page are judged for the causes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.core.paginator import Page, Paginator
from django.db.models import Case, Q, QuerySet, Value, When
from django.db.models.functions import Greatest, Round
from django.db.models.lookups import Exact

from inventory.models import AIApplication, Department
from risk.method import load_method
from risk.models import CurrentScore
from risk.scoring.explain import SHOWN_DECIMALS
from risk.scoring.fitness import NotComputableError, judge_fit
from risk.scoring.forecast import HORIZONS, forecast, later
from risk.scoring.judgement import Judgement
from risk.scoring.method import Method
from risk.selectors import cases
from risk.selectors.causes import Change, changes, shown_change
from risk.selectors.kept import kept
from risk.selectors.outlook import short

_AHEAD = [f"overall_{days}d" for days in HORIZONS]


@dataclass(frozen=True, slots=True)
class Step:
    """The score on a horizon, its difference from today's as the application's own page has it, and what makes that."""

    days: int
    day: date
    point: float
    band: str
    change: float
    causes: Sequence[Change]


@dataclass(frozen=True, slots=True)
class Mover:
    """An application that moves if nobody acts, with a step to each horizon. `rises`: to a worse band."""

    id: int
    name: str
    department: str
    point: float
    band: str
    rises: bool
    steps: Sequence[Step]


class _Movers(Sequence[Any]):
    """The movers of some departments as a paginator takes them: only a slice is judged."""

    def __init__(self, departments: QuerySet[Department], day: date, among: QuerySet[Any, Any] | None) -> None:
        self.day = day
        found = CurrentScore.objects.filter(_moves(), counted_in__in=departments.order_by().values("pk")).order_by()
        self.found = found if among is None else found.filter(application__in=among)
        try:
            self.key: tuple[Any, ...] = ("moving", *self.found.values("pk").query.sql_with_params(), day)
        except EmptyResultSet:
            self.key = ()

    def __len__(self) -> int:
        return kept((*self.key, "count"), self.found.count) if self.key else 0

    def __getitem__(self, part: Any) -> Any:
        return kept((*self.key, part.start, part.stop), lambda: self._page(part)) if self.key else []

    def _page(self, part: slice) -> "list[Mover]":
        # Their ids first: the index for roll-ups has all that decides, the rows are wide.
        found = self.found.annotate(
            rises=Case(When(_rises(), then=Value(1)), default=Value(0)), worst=Greatest(*_AHEAD)
        )
        rows = found.order_by("-rises", "-worst", "application_id").values_list("pk", "rises")[part]
        return self._judged({pk: bool(flag) for pk, flag in rows})

    def _judged(self, rises: Mapping[int, bool]) -> "list[Mover]":
        known = CurrentScore.objects.select_related("application__department").in_bulk(rises)
        return _judged([known[pk] for pk in rises if pk in known], rises, self.day)


def moving(
    departments: QuerySet[Department],
    day: date,
    size: int,
    number: int = 1,
    among: QuerySet[AIApplication, Any] | None = None,
) -> Page:
    """A page of the live applications counted in these departments (`among`: of these ids alone) that move within 90
    days if nobody acts: those that come to a worse band first, then by the worst they come to. Four queries and those
    of the cases, kept until the next roll-up."""
    return Paginator(_Movers(departments, day, among), size).get_page(number)


def _moves() -> Q:
    """That the shown value is another on any horizon."""
    now = Round("overall_point", precision=SHOWN_DECIMALS)
    found = Q()
    for column in _AHEAD:
        found |= Q(~Exact(Round(column, precision=SHOWN_DECIMALS), now))
    return found


def _rises() -> Q:
    """That it crosses into a worse band on any horizon."""
    crossing = Q()
    for _, edge in load_method().bands[1:]:
        reached = Q()
        for column in _AHEAD:
            reached |= Q(**{f"{column}__gte": edge})
        crossing |= Q(overall_point__lt=edge) & reached
    return crossing


def _judged(rows: Sequence[CurrentScore], rises: Mapping[int, bool], day: date) -> list[Mover]:
    stored = cases.load([row.pk for row in rows], day) if rows else {}
    method, found = load_method(), []
    for row in rows:
        try:
            judgement = judge_fit(stored[row.pk], day, method, cases.previous(row, method))
        except NotComputableError:  # since the score was stored; its own page says why
            continue
        application = row.application
        found.append(
            Mover(
                id=row.pk,
                name=application.name,
                department=application.department.name,
                point=row.overall_point,
                band=row.band,
                rises=rises[row.pk],
                steps=steps(judgement, method),
            )
        )
    return found


def steps(judgement: Judgement, method: Method) -> list[Step]:
    """The horizons, each with what the time from today until then does."""
    now, found = judgement.score.point, []
    for one in forecast(judgement, method):
        change = shown_change(now, one.score.point)
        worded = changes(one.causes, later(judgement, one.day, method), method, change)
        causes = short([cause for cause in worded if cause.amount])
        found.append(Step(one.days, one.day, one.score.point, one.score.band, change, causes))
    return found
