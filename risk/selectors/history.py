"""Scores as they were: what an application scored on a day, and the steps by which it got where it is."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db import connection, models
from django.db.models import F, OuterRef, Q, Subquery, Value
from django.db.models.functions import Coalesce
from django.utils import timezone

from inventory.models import Department
from risk.choices import EUClass
from risk.method import load_method
from risk.models import BandChange, DepartmentDay, MethodInForce, NotComputable, NotComputableSpell, ScoreSnapshot
from risk.selectors.keys import array

CHANGE_DAYS = 30
PROHIBITED = "prohibited practice, a gate"
NOT_COMPUTABLE = "not computable"

# Id and point of `ids` at the end of the day `then`. A gate is no number, nor is a day on which nothing could be
# judged
BEFORE = """
SELECT id, old.overall_point FROM unnest(%(ids)s::bigint[]) AS wanted(id), LATERAL (
    SELECT overall_point, eu_class FROM risk_scoresnapshot
    WHERE application_id = wanted.id AND as_of <= %(then)s
    ORDER BY as_of DESC, risk_scoresnapshot.id DESC LIMIT 1) AS old
WHERE old.eu_class IS DISTINCT FROM 'prohibited'
  AND NOT EXISTS (SELECT FROM risk_notcomputablespell
                  WHERE application_id = wanted.id AND since < %(then_end)s AND until >= %(then_end)s)
  AND NOT EXISTS (SELECT FROM risk_notcomputable WHERE application_id = wanted.id AND since < %(then_end)s)"""


@dataclass(frozen=True, slots=True)
class Moment:
    """The score on a day, overall or of the principle asked for. Where no figure was in force its values are None, and
    `why` says what stood there."""

    day: date
    low: float | None
    point: float | None
    high: float | None
    band: str
    why: str = ""


@dataclass(frozen=True, slots=True)
class Spell:
    """Days at whose end an application was not computable: from `first` to before `resumed` (None: still)."""

    first: date
    resumed: date | None
    reason: str


def end_of(day: date) -> datetime:
    """The first moment that no longer belongs to a day."""
    return datetime.combine(day + timedelta(days=1), time.min, timezone.get_default_timezone())


def method_then(day: date) -> str:
    """The version of the method that was in force at the end of a day."""
    newest = MethodInForce.objects.filter(since__lt=end_of(day)).values_list("version", flat=True).first()
    return newest or load_method().version


def first_day(departments: models.QuerySet[Department]) -> date | None:
    """The day of the oldest figures of these departments; the index by day finds it from its beginning."""
    found = DepartmentDay.objects.filter(department__in=departments.order_by().values("pk"))
    return found.order_by("day").values_list("day", flat=True).first()


def points_before(applications: Sequence[int], day: date) -> dict[int, float]:
    """Overall point of each application 30 days before `day`; no entry where it had none then."""
    with connection.cursor() as cursor:
        cursor.execute(BEFORE, {"ids": array(applications), **month_before(day)})
        return dict(cursor.fetchall())


def month_before(day: date) -> dict[str, date]:
    """The parameters of BEFORE for the change up to a day."""
    then = day - timedelta(days=CHANGE_DAYS)
    return {"then": then, "then_end": end_of(then)}


def up_to(
    found: models.QuerySet[Any], day_column: str, time_column: str, day: date | None, moment: datetime | None
) -> models.QuerySet[Any]:
    """Those of a day or before it, or before a moment; all where neither is given."""
    if moment is not None:
        return found.filter(**{f"{time_column}__lt": moment})
    return found if day is None else found.filter(**{f"{day_column}__lte": day})


def why_not_computable(application: int, end: datetime) -> str:
    """Why an application could not be judged just before a moment; empty where it could."""
    found = [
        (since, why) for since, until, why in _gaps(application) if since < end and (until is None or until >= end)
    ]
    return found[-1][1] if found else ""


def _gaps(application: int) -> list[tuple[datetime, datetime | None, str]]:
    """Since when, until when (None: still) and why the application could not be judged, oldest first."""
    past = NotComputableSpell.objects.filter(application=application).order_by()
    now = NotComputable.objects.filter(pk=application).order_by()
    ongoing = now.values_list("since", Value(None, models.DateTimeField()), "reason")
    return list(past.values_list("since", "until", "reason").union(ongoing, all=True).order_by("since"))


def spells(application: int) -> list[Spell]:
    """Every time in which the application could not be judged at the end of a day, oldest first."""
    found = _gaps(application)
    days = [(timezone.localdate(since), until and timezone.localdate(until), why) for since, until, why in found]
    return [Spell(*one) for one in days if one[1] is None or one[1] > one[0]]


def moments(application: int, since: date | None = None, principle: str = "overall") -> list[Moment]:
    """The scores of one application from `since` on, one a day (the last of it), oldest first; a day without a figure
    says why.

    With `since`, the score that was in force on that day stands first, so that a line has its beginning.
    """
    snapshots = ScoreSnapshot.objects.filter(application=application)
    if since is not None:
        first = snapshots.filter(as_of__lte=since).order_by("-as_of", "-id").values("as_of")[:1]
        snapshots = snapshots.filter(as_of__gte=Coalesce(Subquery(first), Value(since)))
    columns = (f"{principle}_{part}" for part in ("low", "point", "high"))
    rows = snapshots.order_by("as_of", "-id").distinct("as_of").values_list("as_of", *columns, "band", "eu_class")
    found = []
    for day, low, point, high, band, eu_class in rows:
        start = max(day, since) if since else day
        gate = eu_class == EUClass.PROHIBITED
        found.append(Moment(start, None, None, None, "", PROHIBITED) if gate else Moment(start, low, point, high, band))
    return sorted(_interrupted(found, spells(application), since), key=lambda one: one.day)


def _interrupted(found: Sequence[Moment], gaps: Sequence[Spell], since: date | None) -> Iterator[Moment]:
    """The moments without those that fell before what was not computable began, and each beginning of it."""

    def within(day: date, gap: Spell) -> bool:
        return gap.first <= day and (gap.resumed is None or day < gap.resumed)

    yield from (one for one in found if not any(within(one.day, gap) for gap in gaps))
    for gap in gaps:
        if since is None or gap.resumed is None or gap.resumed > since:
            start = max(gap.first, since) if since else gap.first
            yield Moment(start, None, None, None, "", NOT_COMPUTABLE)


def band_changes(
    application: int, until: date | None = None, moment: datetime | None = None, limit: int = 50
) -> list[BandChange]:
    """The latest moves of one application from band to band, up to a day or moment, newest first, each with the class
    before and after: one of them may be a gate."""
    judged = ScoreSnapshot.objects.filter(application=OuterRef("application"))
    after = judged.filter(computed_at=OuterRef("changed_at"))
    before = judged.filter(computed_at__lt=OuterRef("changed_at")).order_by("-as_of", "-id")
    found = BandChange.objects.filter(application=application).annotate(
        class_before=Subquery(before.values("eu_class")[:1]), class_after=Subquery(after.values("eu_class")[:1])
    )
    return list(up_to(found, "day", "changed_at", until, moment)[:limit])


def snapshots(
    application: int,
    until: date | None = None,
    moment: datetime | None = None,
    below: int | None = None,
    limit: int = 50,
) -> list[ScoreSnapshot]:
    """The latest judgements of one application (up to a day or moment, and older than the one with the id `below`),
    newest first, without their inputs."""
    every = ScoreSnapshot.objects.filter(application=application).order_by("-as_of", "-id")
    found = up_to(every, "as_of", "computed_at", until, moment)
    if below is not None:
        last = ScoreSnapshot.objects.filter(application=application, pk=below)
        found = found.annotate(edge=Subquery(last.values("as_of")[:1])).filter(
            Q(as_of__lt=F("edge")) | Q(as_of=F("edge"), pk__lt=below)
        )
    return list(found.defer("inputs", "moving")[:limit])
