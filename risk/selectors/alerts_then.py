"""Which alerts were open at the end of a past day, by what happened to each up to then.

An alert that had happened by then counts, whenever it was loaded, as use does. Its application, severity and tactics
are those of today. One that came closed and that nothing moved since was never open here.
"""

from datetime import UTC, date, datetime
from typing import Any

from django.db.models import BooleanField, Case, OuterRef, Q, QuerySet, Subquery, Value, When
from django.db.models.functions import Coalesce

from inventory.choices import AlertAction, AlertState
from inventory.models import Alert, AlertStep
from risk.selectors.alerts import OPEN
from risk.selectors.history import end_of

_CLOSING = (AlertAction.RESOLVED, AlertAction.DISMISSED)
_DECIDING = (*_CLOSING, AlertAction.STARTED, AlertAction.REOPENED)
_CLOSED = (AlertState.RESOLVED, AlertState.DISMISSED)
_EVER = Value(datetime.min.replace(year=1900, tzinfo=UTC))


def open_then(found: QuerySet[Alert], day: date) -> QuerySet[Alert]:
    """Those of `found` that were open. A person's newest word stands whatever the feed said afterwards, unless they
    opened it again; else the feed's newest word does; else that with which it came."""
    end = end_of(day)
    steps = AlertStep.objects.filter(alert=OuterRef("pk"))
    decided = steps.filter(at__lt=end, action__in=_DECIDING).order_by("-at", "-id")
    told = steps.filter(at__lt=end, at__gte=Coalesce(OuterRef("decided_then"), _EVER), action=AlertAction.FEED)
    later = steps.filter(at__gte=end, action__in=(*_DECIDING, AlertAction.FEED)).order_by("at", "id")
    rows = (
        found.filter(at__lt=end)
        .annotate(decision=Subquery(decided.values("action")[:1]), decided_then=Subquery(decided.values("at")[:1]))
        .annotate(
            told=Subquery(told.order_by("-at", "-id").values("about")[:1]), next=Subquery(later.values("action")[:1])
        )
    )
    return rows.filter(_was_open(end))


def _was_open(end: datetime) -> Any:
    """The first that holds says so. What a person confirms as closed had been closed by the feed before."""
    confirmed = Q(next__in=_CLOSING, resolved_at__lt=end)
    return Case(
        When(decision__in=_CLOSING, then=Value(False)),
        When(decision=AlertAction.STARTED, then=Value(True)),
        When(told__isnull=False, then=~Q(told__in=_CLOSED)),
        When(decision=AlertAction.REOPENED, then=Value(True)),
        When(Q(next=AlertAction.REOPENED) | confirmed, then=Value(False)),
        When(next__isnull=True, then=Q(state__in=OPEN)),
        default=Value(True),
        output_field=BooleanField(),
    )
