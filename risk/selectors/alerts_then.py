"""Alerts as they stood at the end of a past day, by what happened to each up to then.

An alert that had happened by then counts, whenever it was loaded, as use does. Which application it is about, its
severity and its tactics are those of today; who held it then is not told. One that came closed and that nothing moved
since was never open here.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import Case, CharField, Count, DateTimeField, F, Func, Q, QuerySet, Value, When

from inventory.choices import AlertAction, AlertState
from inventory.models import Alert, User
from risk.selectors import alerts
from risk.selectors.alerts import A_PAGE, OPEN, AlertRow, Wanted
from risk.selectors.history import end_of

UNKNOWN = ("who",)  # what a list of today can be narrowed by, and one of then can't
_CLOSING = (AlertAction.RESOLVED, AlertAction.DISMISSED)
_DECIDING = (*_CLOSING, AlertAction.STARTED, AlertAction.REOPENED)
_CLOSED = (AlertState.RESOLVED, AlertState.DISMISSED)


def queue(user: User, wanted: Wanted, day: date, *, sort: str = "", page: int = 1) -> Page:
    """A page of AlertRow as they stood; two queries whatever the size. `wanted.applications`: those of
    `applications_then.seen`, which know the department and the rights of then."""
    shown = Paginator(_ordered(user, wanted, day, sort), A_PAGE).get_page(page)
    rows: Any = [_row(one, day) for one in shown.object_list]
    shown.object_list = rows
    return shown


def every(user: User, wanted: Wanted, day: date, sort: str = "") -> Iterator[AlertRow]:
    """All of them, streamed."""
    return (_row(one, day) for one in _ordered(user, wanted, day, sort).iterator(1000))


def tally(user: User, wanted: Wanted, day: date) -> dict[str, int]:
    """How many were open then: all, late, tied to no application."""
    rows = found(user, replace(wanted, states=OPEN), day).select_related(None).defer(None).order_by()
    return rows.aggregate(
        open=Count("pk"), overdue=Count("pk", filter=Q(late_then=True)), loose=Count("pk", filter=Q(application=None))
    )


def found(user: User, wanted: Wanted, day: date) -> QuerySet[Alert]:
    """The alerts that the person may see and asked for, with the state of then: `was`, `late_then`, `finished_then`."""
    bare = replace(wanted, states=(), late=False, who="")
    rows = standing(alerts.found(user, bare), day)
    past_due = Q(was__in=OPEN, due__isnull=False, due__lt=end_of(day))
    rows = rows.annotate(
        finished_then=Case(When(was__in=OPEN, then=0), default=1),
        late_then=Case(When(past_due, then=True), default=False),
    )
    if wanted.states:
        rows = rows.filter(Q(was__in=wanted.states))
    return rows.filter(Q(late_then=True)) if wanted.late else rows


def open_then(found: QuerySet[Alert], day: date) -> QuerySet[Alert]:
    """Those of `found` that were open."""
    return standing(found, day).filter(Q(was__in=OPEN))


def standing(found: QuerySet[Alert], day: date) -> QuerySet[Alert]:
    """Those of `found` that had happened, with their state (`was`). A person's newest word stands whatever the feed
    said afterwards, unless they opened it again; else the feed's newest word does; else that with which it came."""
    end = end_of(day)
    return found.filter(at__lt=end).annotate(was=_State(end))


def _listed(words: Iterable[str]) -> str:
    return ", ".join(f"'{word}'" for word in words)


class _State(Func):
    """The first that holds says so. What a person confirms as closed had been closed by the feed before. Where only
    *open* or *closed* is known of how it came, it is *new* or *resolved*.

    Written out: built of the ORM's expressions it was put together anew at each place that names it, sixty queries in
    all, which took longer than everything else on the page.
    """

    output_field = CharField()
    template = f"""(SELECT CASE
    WHEN decided.action = '{AlertAction.RESOLVED}' THEN '{AlertState.RESOLVED}'
    WHEN decided.action = '{AlertAction.DISMISSED}' THEN '{AlertState.DISMISSED}'
    WHEN decided.action = '{AlertAction.STARTED}' THEN '{AlertState.IN_PROGRESS}'
    WHEN told.about IS NOT NULL THEN told.about
    WHEN decided.action = '{AlertAction.REOPENED}' THEN '{AlertState.ACTIVE}'
    WHEN next.action = '{AlertAction.REOPENED}' THEN '{AlertState.RESOLVED}'
    WHEN next.action IN ({_listed(_CLOSING)}) AND one.resolved_at < one.until THEN '{AlertState.RESOLVED}'
    WHEN next.action IS NULL THEN one.state
    ELSE '{AlertState.NEW}' END
FROM (VALUES (%(expressions)s)) AS one (id, state, resolved_at, until)
LEFT JOIN LATERAL (
    SELECT action, at FROM inventory_alertstep
    WHERE alert_id = one.id AND at < one.until AND action IN ({_listed(_DECIDING)})
    ORDER BY at DESC, id DESC LIMIT 1) AS decided ON true
LEFT JOIN LATERAL (
    SELECT about FROM inventory_alertstep
    WHERE alert_id = one.id AND at < one.until AND action = '{AlertAction.FEED}'
      AND at >= coalesce(decided.at, '-infinity')
    ORDER BY at DESC, id DESC LIMIT 1) AS told ON true
LEFT JOIN LATERAL (
    SELECT action FROM inventory_alertstep
    WHERE alert_id = one.id AND at >= one.until AND action IN ({_listed((*_DECIDING, AlertAction.FEED))})
    ORDER BY at, id LIMIT 1) AS next ON true)"""  # noqa: S608 - constants of ours

    def __init__(self, end: datetime) -> None:
        super().__init__(F("pk"), F("state"), F("resolved_at"), Value(end, DateTimeField()))


def _ordered(user: User, wanted: Wanted, day: date, sort: str) -> QuerySet[Alert]:
    names = {"finished": "finished_then", "state": "was"}
    return alerts.ordered(found(user, wanted, day), sort, names)


def _row(one: Alert, day: date) -> AlertRow:
    """What nobody kept of then is left out: who held it, what the feed said against it, how it ended."""
    state, closed = AlertState(one.was), one.was in _CLOSED  # type: ignore[attr-defined]
    return replace(
        alerts.row(one),
        state=state.value,
        state_name=str(state.label),
        feed_says="",
        late=one.late_then,  # type: ignore[attr-defined]
        open=not closed,
        closed_at=one.resolved_at if closed and one.resolved_at and one.resolved_at < end_of(day) else None,
        assignee="",
        assignee_username="",
        outcome="",
    )
