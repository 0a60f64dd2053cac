"""Looks for unusual activity on the days whose figures changed, and keeps what people say about what it finds.

`ChangedDay` is the queue: its rows are deleted in the transaction that judges the day, so a day that changes meanwhile
stands there anew. One search at a time, and none while a file is read: the days it changes are not over yet.
"""

from collections.abc import Iterator
from datetime import date, timedelta

from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from inventory import access, audit_log
from inventory.access import Permission
from inventory.choices import BatchState, UsageMetric
from inventory.models import ChangedDay, ImportBatch, UnusualDay, User
from inventory.selectors import unusual
from inventory.services import working_hours
from inventory.services.imports.batches import STALE_AFTER, take_turns
from inventory.unusual import State, Thresholds, judge_day

OLDEST = 90  # days before the newest: what is older is no news
NEWS_AGAIN = 1.25  # times the value at which it was dismissed (recommendations, docs/decisions/0026)
_LOCK = 0x1_0DD
_LENGTH = 4000  # characters of a reason


def find() -> int:
    """Judge every day that changed, newest first; returns how many days."""
    judged = 0
    while not _reading() and _judge_next():
        judged += 1
    return judged


def look_back() -> None:
    """Every night: take changed working hours over, and look at all days again that a late file may have made the
    usual of."""
    with transaction.atomic():
        take_turns()
        working_hours.adopt()
        newest = unusual.newest_day()
        if newest is not None:
            days = range(unusual.thresholds().window + 1)
            ChangedDay.objects.bulk_create(ChangedDay(day=newest - timedelta(days=n)) for n in days)
    find()


def _reading() -> bool:
    alive = timezone.now() - STALE_AFTER
    return ImportBatch.objects.filter(state=BatchState.RUNNING, heartbeat_at__gte=alive).exists()


@transaction.atomic
def _judge_next() -> bool:
    """Judge the newest day of the queue; False where there is none, or somebody else is at it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [_LOCK])
        if not cursor.fetchone()[0]:
            return False
    day = ChangedDay.objects.order_by("-day").values_list("day", flat=True).first()
    if day is None:
        return False
    ChangedDay.objects.filter(day=day).delete()
    newest = unusual.newest_day()
    if newest is None or day >= newest - timedelta(days=OLDEST):
        judge(day)
    return True


def judge(day: date) -> int:
    """Find what was unusual on the day; what was found before and no longer is goes. Returns how many there are."""
    t = unusual.thresholds()
    told = unusual.days_told(day - timedelta(days=t.window), day)
    found = [*_found(day, told, t, departments=False), *_found(day, told, t, departments=True)]
    values = ("hits", "total", "value", "low", "high", "limit", "history")
    stored = UnusualDay.objects.bulk_create(
        found,
        batch_size=1000,
        update_conflicts=True,
        unique_fields=["application", "department", "metric", "day"],
        update_fields=values,
    )
    of_day = UnusualDay.objects.filter(day=day)
    of_day.exclude(pk__in=[one.pk for one in stored]).delete()
    of_day.filter(value__gt=F("dismissed_value") * NEWS_AGAIN).update(
        dismissed_at=None, dismissed_by=None, dismissed_value=None, reason=""
    )
    return len(stored)


def _found(day: date, told: list[date], t: Thresholds, *, departments: bool) -> Iterator[UnusualDay]:
    for pk, days in unusual.to_judge(day, t, departments=departments):
        for metric in UsageMetric:
            verdict = judge_day(metric, days, told, day, t)
            count = days[day].of(metric)
            if verdict is None or verdict.state != State.UNUSUAL or count is None:
                continue
            yield UnusualDay(
                **({"department_id": pk} if departments else {"application_id": pk}),
                metric=metric,
                day=day,
                hits=count.hits,
                total=count.total,
                **{name: getattr(verdict, name) for name in ("value", "low", "high", "limit")},
                history=verdict.days,
            )


@transaction.atomic
def dismiss(*, actor: User | None, finding: UnusualDay, reason: str) -> None:
    """Say why a day that stood out is nothing to look into. It moves no score either way (docs/method.md §4)."""
    held = _held(actor, finding)
    text = reason.strip()
    if not text:
        raise ValidationError({"reason": _("Say why it is nothing to look into.")})
    if len(text) > _LENGTH:
        raise ValidationError({"reason": _("Say it in at most %(n)s characters.") % {"n": f"{_LENGTH:,}"}})
    held.dismissed_at, held.dismissed_by, held.dismissed_value = timezone.now(), actor, held.value
    held.reason = text
    _save(held, actor, "unusual.dismissed", f"{held}: dismissed", text)


@transaction.atomic
def reopen(*, actor: User | None, finding: UnusualDay) -> None:
    """Take a dismissal back."""
    held = _held(actor, finding)
    if not held.dismissed:
        return
    before = held.reason
    held.dismissed_at = held.dismissed_by = held.dismissed_value = None
    held.reason = ""
    _save(held, actor, "unusual.reopened", f"{held}: opened again", f"It had been dismissed: {before}")


def _held(actor: User | None, finding: UnusualDay) -> UnusualDay:
    access.unusual_day_or_404(actor, finding.pk, Permission.EDIT)
    return (
        UnusualDay.objects.select_for_update(of=("self",))
        .select_related("application", "department")
        .get(pk=finding.pk)
    )


def _save(held: UnusualDay, actor: User | None, action: str, summary: str, reason: str) -> None:
    held.save(update_fields=["dismissed_at", "dismissed_by", "dismissed_value", "reason"])
    audit_log.record(
        actor=actor,
        action=action,
        summary=summary,
        obj=held.application or held.department or held,
        reason=reason,
        details={"finding": held.pk, "metric": held.metric, "day": held.day.isoformat(), "value": held.value},
    )
