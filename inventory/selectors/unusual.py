"""Unusual activity as pages and recommendations read it: the days found, and the course of an application's or a
department's use with what is usual for it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.core.paginator import Page, Paginator
from django.db import connection
from django.db.models import Case, Q, QuerySet, Sum, When
from django.utils import timezone
from django.utils.translation import gettext as _

from inventory import access
from inventory.choices import UsageMetric
from inventory.models import AIApplication, DailyUsage, Department, UnusualDay, User
from inventory.unusual import Day, State, Thresholds, Verdict, counts_on, is_share, judge_day, weekdays

A_PAGE = 25
SHOWN = 10  # on the page of an application or department
KEPT_SECONDS = 300
_TOLD = """
SELECT one::date FROM generate_series(%s::date, %s::date, interval '1 day') one
WHERE EXISTS (SELECT FROM inventory_dailyusage d WHERE d.day = one::date AND d.interactions > 0)
ORDER BY 1"""

_BY_DAY = """
SELECT told.day, used.n, used.marked, used.off_hours FROM ({told}) told(day)
LEFT JOIN ({used}) used(day, n, marked, off_hours) USING (day) ORDER BY 1"""
# How many of the days before the newest that feeds told of they told of as well
_TOLD_BEFORE_NEWEST = """
WITH newest AS (
    SELECT day FROM inventory_dailyusage WHERE interactions > 0 AND day <= %(today)s ORDER BY day DESC LIMIT 1
)
SELECT count(*) FROM newest, generate_series(newest.day - %(window)s, newest.day - 1, interval '1 day') one
WHERE EXISTS (SELECT FROM inventory_dailyusage d WHERE d.day = one::date AND d.interactions > 0)"""


def thresholds() -> Thresholds:
    """The rule's, with those that are settings."""
    return Thresholds(
        deviations=settings.UNUSUAL_DEVIATIONS,
        times=settings.UNUSUAL_TIMES,
        events=settings.UNUSUAL_EVENTS,
        workdays=weekdays(settings.WORKING_DAYS),
    )


def newest_day() -> date | None:
    """The newest day of which feeds told anything: what is *now* for the rule, so that a late file is judged alike.
    Days to come are a wrong clock's: one record of them would make old news of all there is."""
    told = DailyUsage.objects.filter(interactions__gt=0, day__lte=timezone.localdate())
    return told.order_by("-day").values_list("day", flat=True).first()


def days_told(first: date, last: date) -> list[date]:
    """The days on which feeds told of any interaction at all: on others nobody knows."""
    with connection.cursor() as cursor:
        cursor.execute(_TOLD, [first, last])
        return [day for (day,) in cursor.fetchall()]


def enough_told() -> bool:
    """Whether feeds told of enough days for anything to be judged at all."""
    t = thresholds()
    with connection.cursor() as cursor:
        cursor.execute(_TOLD_BEFORE_NEWEST, {"today": timezone.localdate(), "window": t.window})
        return cursor.fetchone()[0] >= t.history


@dataclass(frozen=True, slots=True)
class Judged:
    """A day of a course; no verdict where nothing is known of it."""

    day: date
    verdict: Verdict | None


@dataclass(frozen=True, slots=True)
class Course:
    """A metric's days of a period, oldest first, each judged by the days before it."""

    metric: UsageMetric
    days: Sequence[Judged]

    @property
    def newest(self) -> Judged | None:
        return self.days[-1] if self.days else None

    @property
    def share(self) -> bool:
        return is_share(self.metric)

    @property
    def standing(self) -> str:
        """What can be said now, in words."""
        return standing(self.metric, self.newest)


def since(period: int) -> date:
    """The first of the last `period` days."""
    return timezone.localdate() - timedelta(days=period - 1)


def courses(subject: AIApplication | Department, period: int) -> list[Course]:
    """The courses of all metrics over the last `period` days up to the newest that feeds told of; one query."""
    return _courses(subject, since(period), timezone.localdate())


def courses_kept(department: Department, period: int) -> list[Course]:
    """The same of a department, whose sums are over all that its people use: kept for KEPT_SECONDS."""
    key = f"unusual:{department.pk}:{period}:{timezone.localdate()}"
    found: list[Course] | None = cache.get(key)
    if found is None:
        found = courses(department, period)
        cache.set(key, found, KEPT_SECONDS)
    return found


def course_around(subject: AIApplication | Department, metric: UsageMetric, day: date, days: int) -> Course:
    """The metric's course from so many days before a day to a week after it."""
    last = min(day + timedelta(days=7), newest_day() or day)
    return next(one for one in _courses(subject, day - timedelta(days=days), last) if one.metric == metric)


def _courses(subject: AIApplication | Department, first: date, last: date) -> list[Course]:
    t = thresholds()
    days = _by_day(_rows(subject), first - timedelta(days=t.window), last)
    told = list(days)
    shown = [day for day in told if day >= first]
    return [
        Course(metric, [Judged(d, judge_day(metric, days, told, d, t)) for d in shown if counts_on(metric, d, t)])
        for metric in UsageMetric
    ]


def _rows(subject: AIApplication | Department) -> QuerySet[DailyUsage]:
    if isinstance(subject, AIApplication):
        return DailyUsage.objects.filter(application=subject)
    if subject.parent_id is None:
        return DailyUsage.objects.all()  # *Unassigned* people are the organisation's
    return DailyUsage.objects.filter(department__in=Department.objects.subtree_of(subject).order_by().values("pk"))


def _by_day(rows: QuerySet[DailyUsage], first: date, last: date) -> dict[date, Day]:
    """The use on each day that feeds told of, oldest first."""
    unknown = Sum("interactions", filter=Q(off_hours=None), default=0)
    used = (
        rows.filter(day__range=(first, last))
        .order_by()
        .values("day")
        .annotate(n=Sum("interactions"), marked=Sum("sensitive"), unknown=unknown)
        .annotate(off=Case(When(unknown=0, then=Sum("off_hours", default=0))))
    )
    sql, params = used.values_list("day", "n", "marked", "off").query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(_BY_DAY.format(told=_TOLD, used=sql), [first, last, *params])
        return {
            day: Day() if n is None else Day(int(n), int(marked), None if off is None else int(off))
            for day, n, marked, off in cursor.fetchall()
        }


def standing(metric: UsageMetric, newest: Judged | None) -> str:
    """What can be said of the newest day, in words."""
    if newest is None:
        return _("not enough data: no feed told of any use")
    verdict = newest.verdict
    if verdict is None:
        return _("not enough data: it was stored before off-hours were counted")
    if verdict.state == State.TOO_YOUNG:
        return _("not enough data: %(days)s of %(history)s days needed") % {
            "days": verdict.days,
            "history": thresholds().history,
        }
    if verdict.state == State.TOO_FEW:
        return _("too few on %(day)s to judge; usually %(usual)s") % {
            "day": f"{newest.day:%-d %b}",
            "usual": span(metric, verdict.low, verdict.high),
        }
    word = "unusual" if verdict.state == State.UNUSUAL else "usual"
    return f"{word} on {newest.day:%-d %b}: {amount(metric, verdict.value)}; usually {_usually(metric, verdict)}"


def _usually(metric: UsageMetric, verdict: Verdict) -> str:
    return _("%(usual)s, unusual above %(limit)s") % {
        "usual": span(metric, verdict.low, verdict.high),
        "limit": amount(metric, verdict.limit),
    }


def amount(metric: str, value: float | None) -> str:
    """A value as people read it: a number, or a share in per cent."""
    if value is None:
        return "–"
    return f"{value:.1%}".replace(".0%", "%") if is_share(metric) else f"{value:,.0f}"


def span(metric: str, low: float | None, high: float | None) -> str:
    """ "35–80"."""
    first, last = amount(metric, low), amount(metric, high)
    return first if first == last else f"{first.removesuffix('%')}–{last}"


def explained(one: UnusualDay) -> str:
    """A finding in a sentence: what it was, what is usual, and how many days say so."""
    what = {
        UsageMetric.INTERACTIONS: f"{one.hits:,} interactions",
        UsageMetric.SENSITIVE: _("%(share)s of %(total)s interactions were sensitive")
        % {"share": amount(one.metric, one.value), "total": f"{one.total:,}"},
        UsageMetric.OFF_HOURS: _("%(share)s of %(total)s interactions were off hours")
        % {"share": amount(one.metric, one.value), "total": f"{one.total:,}"},
    }[UsageMetric(one.metric)]
    usual, above = span(one.metric, one.low, one.high), amount(one.metric, one.limit)
    return _("%(what)s on %(day)s; usually %(usual)s over %(history)s days, unusual above %(above)s") % {
        "what": what,
        "day": f"{one.day:%-d %B %Y}",
        "usual": usual,
        "history": one.history,
        "above": above,
    }


def found_in(
    user: User | None,
    *,
    department: Department | None = None,
    application: AIApplication | None = None,
    metrics: Sequence[str] = (),
    state: str = "",
    period: int = 0,
    left: QuerySet[AIApplication, Any] | None = None,
) -> QuerySet[UnusualDay]:
    """The days found, of applications and departments that the person may see, newest first. `department`: with its
    sub-tree; `state`: "open", "dismissed", or both; `period`: the last so many days, 0: of all time; `left`: only of
    applications with these ids."""
    rows = access.unusual_days(user).select_related("application__department", "department", "dismissed_by")
    if period:
        rows = rows.filter(day__gte=since(period))
    if department is not None and department.parent_id is not None:
        below = Department.objects.subtree_of(department).order_by().values("pk")
        rows = rows.filter(Q(application__department__in=below) | Q(department__in=below))
    if application is not None:
        rows = rows.filter(application=application)
    if left is not None:
        rows = rows.filter(application__in=left)
    if metrics:
        rows = rows.filter(metric__in=metrics)
    if state:
        rows = rows.filter(dismissed_at__isnull=state == "open")
    return rows.order_by("-day", "-id")


def page_of(rows: QuerySet[UnusualDay], number: int) -> Page:
    """A page of days found."""
    return Paginator(rows, A_PAGE).get_page(number)


def of(subject: AIApplication | Department, first: date) -> list[UnusualDay]:
    """The newest days found of one application or department since a day, dismissed ones too."""
    whose = {"application": subject} if isinstance(subject, AIApplication) else {"department": subject}
    found = UnusualDay.objects.filter(**whose, day__gte=first).select_related("application", "department")
    return list(found.order_by("-day", "-id")[:SHOWN])


# Of what was used enough on the day to be judged, the days of the window. Sums of a line are unknown where a part is.
_APPLICATIONS = """
WITH used AS (
    SELECT application_id FROM inventory_dailyusage WHERE day = %(day)s AND application_id IS NOT NULL
    GROUP BY 1 HAVING sum(interactions) >= %(events)s
)
SELECT application_id, day, sum(interactions), sum(sensitive),
       CASE WHEN bool_or(off_hours IS NULL AND interactions > 0) THEN NULL ELSE coalesce(sum(off_hours), 0) END
FROM inventory_dailyusage
WHERE day BETWEEN %(first)s AND %(day)s AND application_id IN (SELECT application_id FROM used)
GROUP BY 1, 2 ORDER BY 1"""
# Each department with everything below it; people whose department isn't known are the organisation's.
_DEPARTMENTS = """
WITH RECURSIVE above AS (
    SELECT id AS department_id, id AS top FROM inventory_department
    UNION SELECT a.department_id, d.parent_id FROM above a JOIN inventory_department d ON d.id = a.top
    WHERE d.parent_id IS NOT NULL
), daily AS (
    SELECT coalesce(department_id, (SELECT id FROM inventory_department WHERE parent_id IS NULL)) AS department_id, day,
           sum(interactions) AS n, sum(sensitive) AS sensitive, coalesce(sum(off_hours), 0) AS off_hours,
           bool_or(off_hours IS NULL AND interactions > 0) AS unknown
    FROM inventory_dailyusage WHERE day BETWEEN %(first)s AND %(day)s GROUP BY 1, 2
), sums AS (
    SELECT a.top, d.day, sum(d.n) AS n, sum(d.sensitive) AS sensitive,
           CASE WHEN bool_or(d.unknown) THEN NULL ELSE sum(d.off_hours) END AS off_hours
    FROM daily d JOIN above a USING (department_id) GROUP BY 1, 2
)
SELECT top, day, n, sensitive, off_hours FROM sums
WHERE top IN (SELECT top FROM sums WHERE day = %(day)s AND n >= %(events)s) ORDER BY 1"""


def to_judge(day: date, t: Thresholds, *, departments: bool) -> Iterator[tuple[int, Mapping[date, Day]]]:
    """Everything that was used enough on the day, by primary key, with its days of the window; streamed."""
    wanted: dict[str, Any] = {"day": day, "first": day - timedelta(days=t.window), "events": t.events}
    with connection.chunked_cursor() as cursor:
        cursor.execute(_DEPARTMENTS if departments else _APPLICATIONS, wanted)
        at, days = 0, dict[date, Day]()
        while rows := cursor.fetchmany(5000):
            for pk, on, *counts in rows:
                if pk != at:
                    if at:
                        yield at, days
                    at, days = pk, {}
                days[on] = Day(*(None if one is None else int(one) for one in counts))  # type: ignore[arg-type]
        if at:
            yield at, days
