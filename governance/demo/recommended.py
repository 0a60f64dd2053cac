"""The recommendations of the past year: the rules of today on what was there on each of its days, and what people did
about them, by the services, then dated.

The rules read the database as it stands. So they are shown it as it stood: for the time of an evaluation each table
that they read is covered by a view of the same name that holds only what there was by then (within the view, made
before it covers anything, the name still means the table). What feeds list anew each
time (agents, reported apps) is known as of its newest list alone, and counts from then on.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.contrib.postgres.functions import TransactionNow
from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import Model
from django.utils import timezone

from governance.demo.copying import history_of
from governance.demo.decided import dated
from governance.demo.told import RecommendedStory
from governance.demo.world import World
from governance.models import Recommendation, RecommendationStep, Subject
from governance.services import recommendations
from governance.services.recommendations.evaluation import evaluate
from inventory.models import (
    AgentListing,
    AIApplication,
    Alert,
    CloudApp,
    DailySensitive,
    DailyUsage,
    DailyUser,
    DataEvent,
    Feed,
    ImportBatch,
    Interaction,
    Ruling,
    UnusualDay,
    User,
)
from risk.models import Record
from risk.selectors.alerts import OPEN
from risk.selectors.alerts_then import open_then

EVERY = 10  # days at least from one evaluation to the next
AFTER = timedelta(minutes=5)  # the figures of the day were taken
# Tables by what tells when a row came; days are complete on the morning after
_BY_DAY: tuple[type[Model], ...] = (DailyUsage, DailyUser, DailySensitive)
_BY_MOMENT: Mapping[type[Model], str] = {
    Interaction: "at",
    DataEvent: "at",
    AgentListing: "as_of",
    CloudApp: "updated_at",
    Feed: "created_at",
    ImportBatch: "finished_at",
}
_WITH_HISTORY: tuple[type[Model], ...] = (AIApplication, Record, Ruling)
Shown = tuple[str, list[Any]]  # SQL and its parameters


@dataclass
class Course:
    """How recommendations went on so far: what people are still to do about them, and the last evaluation."""

    world: World
    waiting: list[RecommendedStory]
    last: date | None = None

    def on(self, day: date, at: datetime) -> None:
        """Evaluate the rules as of a day whose scores were just taken, unless that was lately; first what people did
        before."""
        if self.last is not None and day - self.last < timedelta(days=EVERY):
            return
        while self.waiting and self.world.day(self.waiting[0].ago) < day:
            _do(self.waiting.pop(0), self.world)
        with _as_it_stood(day, at):
            _dated(at + AFTER, lambda: evaluate(at + AFTER))
        self.last = day


def course(world: World) -> Course:
    """Before anything was found."""
    return Course(world, sorted(world.story.recommended, key=lambda one: -one.ago))


def _do(one: RecommendedStory, world: World) -> None:
    """What somebody did; nothing where the small demo found no such thing."""
    card = Recommendation.objects.filter(rule=one.rule, department__key=one.department).first()
    until = world.day(-one.ahead)
    if card is None or not card.rows or (one.action == "dismiss" and until < timezone.localdate()):
        return
    moment = max(world.moment(one.ago, one.rule, one.department, one.action), card.since + AFTER)
    given: dict[str, Any] = {"actor": User.objects.get(pk=world.people[one.by]), "pk": card.pk}
    if one.action == "assign":
        given["owner"] = User.objects.get(pk=world.people[one.owner])
    elif one.action == "dismiss":
        given |= {"reason": one.reason, "until": until}
    _dated(moment, lambda: getattr(recommendations, one.action)(**given))
    if one.action != "assign":
        Recommendation.objects.filter(pk=card.pk).update(since=moment)


def _dated(moment: datetime, act: Callable[[], object]) -> None:
    """What is written by it was written at that moment."""
    with dated(moment):
        act()
    RecommendationStep.objects.filter(at__gte=TransactionNow()).update(at=moment)
    Subject.objects.filter(since__gte=TransactionNow()).update(since=moment)


@contextmanager
def _as_it_stood(day: date, at: datetime) -> Iterator[None]:
    """Inside, what the rules read holds only what there was at that moment of the day. PostgreSQL looks into a
    session's own temporary schema first, so that a view there stands before the table of its name."""
    shown = _shown(day, at)
    with connection.cursor() as cursor:
        for table, (sql, given) in shown.items():
            cursor.execute(f'CREATE TEMPORARY VIEW "{table}" AS {sql}', given)
    yield
    with connection.cursor() as cursor:
        for table in shown:
            cursor.execute(f'DROP VIEW pg_temp."{table}"')


def _shown(day: date, at: datetime) -> dict[str, Shown]:
    """What each table held, by its name."""
    found = {model: (_from(model, "day < %s"), [day]) for model in _BY_DAY}
    found |= {model: (_from(model, f"{column} < %s"), [at]) for model, column in _BY_MOMENT.items()}
    found |= {model: (_by_history(model), [at]) for model in _WITH_HISTORY}
    found[Alert] = _alerts(day, at)
    dismissed = {"dismissed_at": "CASE WHEN dismissed_at < %s THEN dismissed_at END"}
    found[UnusualDay] = _from(UnusualDay, "found_at < %s", dismissed), [at, at]
    return {model._meta.db_table: one for model, one in found.items()}


def _alerts(day: date, at: datetime) -> Shown:
    """Each as what had been done to it had left it."""
    try:
        open_, given = open_then(Alert.objects.order_by(), day).values("pk").query.sql_with_params()
    except EmptyResultSet:
        open_, given = "SELECT NULL::bigint", ()
    words = ", ".join(f"'{state}'" for state in OPEN)
    state = f"CASE WHEN id IN ({open_}) THEN 'active' WHEN state IN ({words}) THEN 'resolved' ELSE state END"
    return _from(Alert, "at < %s", {"state": state}), [*given, at]


def _by_history(model: type[Model]) -> str:
    """The newest version of each row before a moment."""
    events = history_of(model)
    kept = {field.column for field in events._meta.concrete_fields}
    gone = {str(field.column): "NULL" for field in model._meta.concrete_fields if field.column not in kept}
    newest = f"""(SELECT DISTINCT ON (pgh_obj_id) * FROM "{events._meta.db_table}" WHERE pgh_created_at < %s
        ORDER BY pgh_obj_id, pgh_created_at DESC, pgh_id DESC) newest"""  # noqa: S608 - names of our own tables
    return _from(model, "pgh_label <> 'delete'", gone, newest)


def _from(model: type[Model], where: str, instead: Mapping[str, str] | None = None, source: str = "") -> str:
    """The columns of a model, some of them worked out, from its table or what stands for it."""
    worked_out, quoted = instead or {}, connection.ops.quote_name
    names = [str(field.column) for field in model._meta.concrete_fields]
    columns = ", ".join(f"{worked_out.get(name, quoted(name))} AS {quoted(name)}" for name in names)
    return f"SELECT {columns} FROM {source or quoted(model._meta.db_table)} WHERE {where}"  # noqa: S608
