"""Scores as they were: what an application scored on a day, and the steps by which it got where it is."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from django.db import connection
from django.db.models import OuterRef, Subquery

from risk.models import BandChange, ScoreSnapshot
from risk.selectors.keys import array

CHANGE_DAYS = 30

_BEFORE = """
SELECT id, old.overall_point FROM unnest(%s::bigint[]) AS wanted(id), LATERAL (
    SELECT overall_point FROM risk_scoresnapshot
    WHERE application_id = wanted.id AND as_of <= %s ORDER BY as_of DESC, risk_scoresnapshot.id DESC LIMIT 1) AS old"""


@dataclass(frozen=True, slots=True)
class Moment:
    """The overall score on a day, and that of the principle asked for."""

    day: date
    low: float
    point: float
    high: float
    band: str


def points_before(applications: Sequence[int], day: date) -> dict[int, float]:
    """Overall point of each application 30 days before `day`; no entry where it had no score then."""
    with connection.cursor() as cursor:
        cursor.execute(_BEFORE, [array(applications), day - timedelta(days=CHANGE_DAYS)])
        return dict(cursor.fetchall())


def moments(application: int, since: date | None = None, principle: str = "overall") -> list[Moment]:
    """The scores of one application from `since` on, one a day (the last of it), oldest first.

    With `since`, the score that was in force on that day stands first, so that a line has its beginning.
    """
    snapshots = ScoreSnapshot.objects.filter(application=application)
    if since is not None:
        first = snapshots.filter(as_of__lte=since).order_by("-as_of", "-id").values_list("as_of", flat=True).first()
        snapshots = snapshots.filter(as_of__gte=first or since)
    columns = (f"{principle}_{part}" for part in ("low", "point", "high"))
    rows = snapshots.order_by("as_of", "-id").distinct("as_of").values_list("as_of", *columns, "band")
    return [Moment(max(day, since) if since else day, *values) for day, *values in rows]


def band_changes(application: int, until: date | None = None, limit: int = 50) -> list[BandChange]:
    """The latest moves of one application from band to band, up to a day, newest first, each with the class before
    and after: one of them may be a gate."""
    judged = ScoreSnapshot.objects.filter(application=OuterRef("application"))
    after = judged.filter(computed_at=OuterRef("changed_at"))
    before = judged.filter(computed_at__lt=OuterRef("changed_at")).order_by("-as_of", "-id")
    found = BandChange.objects.filter(application=application).annotate(
        class_before=Subquery(before.values("eu_class")[:1]), class_after=Subquery(after.values("eu_class")[:1])
    )
    return list((found if until is None else found.filter(day__lte=until))[:limit])


def snapshots(application: int, until: date | None = None, limit: int = 50) -> list[ScoreSnapshot]:
    """The latest judgements of one application (as of a day), newest first, without their inputs."""
    found = ScoreSnapshot.objects.filter(application=application).order_by("-as_of", "-id")
    found = found if until is None else found.filter(as_of__lte=until)
    return list(found.defer("inputs", "moving")[:limit])
