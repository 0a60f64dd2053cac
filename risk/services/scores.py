"""Scores: claim what changed, judge it, write what differs, in one transaction a chunk.

`ChangedApplication` is the queue. Its rows are deleted in the transaction that writes the scores, so a worker that is
killed leaves everything as it was, and the next one takes it up. A case that was judged before writes nothing.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils import timezone

from inventory import doorbell
from inventory.choices import Lifecycle
from inventory.models import AIApplication, ChangedApplication, Department
from risk.method import load_method
from risk.models import ApplicationCoverage, BandChange, ChangedDepartment, CurrentScore, ScoreSnapshot
from risk.scoring.case import Case
from risk.scoring.fitness import NotComputableError, judge_fit
from risk.scoring.judgement import Judgement
from risk.scoring.method import Method
from risk.scoring.tally import tallies
from risk.selectors import cases
from risk.selectors.history import points_before
from risk.services import rollups, rows
from risk.services.not_computable import put_aside
from risk.services.writing import copy_in, upsert

RESCORE = "risk.tasks.rescore_changed"
CLAIM = 100  # applications that a worker claims at once: few, so that several workers share a burst
BULK = 500  # applications in a chunk of a full recalculation

_CLAIM = """
DELETE FROM inventory_changedapplication WHERE application_id IN (
    SELECT application_id FROM inventory_changedapplication ORDER BY changed_at, application_id
    LIMIT %s FOR UPDATE SKIP LOCKED)
RETURNING application_id"""

Progress = Callable[[int], None]  # told how many more applications are done


@dataclass
class Outcome:
    """What a recalculation did: applications judged, snapshots written, bands that changed."""

    applications: int = 0
    changed: int = 0
    band_changes: int = 0

    def add(self, other: "Outcome") -> None:
        """Count another chunk in."""
        self.applications += other.applications
        self.changed += other.changed
        self.band_changes += other.band_changes


@dataclass
class _Chunk:
    """What is known before, and the rows to write afterwards."""

    method: Method
    day: date
    at: datetime
    before: dict[int, CurrentScore]
    month_ago: dict[int, float]
    current: list[tuple] = field(default_factory=list)
    snapshots: list[tuple] = field(default_factory=list)
    bands: list[tuple] = field(default_factory=list)
    coverage: list[tuple] = field(default_factory=list)
    departments: set[int] = field(default_factory=set)
    failed: dict[int, NotComputableError] = field(default_factory=dict)  # what the method can't judge


def mark(applications: "QuerySet[AIApplication] | Iterable[int]") -> None:
    """Note that these applications have to be judged again, and ring a worker once this is committed."""
    ChangedApplication.objects.mark(applications)
    doorbell.ring(RESCORE)


def rescore_changed(progress: Progress | None = None) -> Outcome:
    """Judge everything in the queue, then take the figures of the departments touched. Any number may run at once."""
    total = Outcome()
    while done := _next_chunk(total):
        if progress:
            progress(done)
    rollups.roll_up_changed()
    return total


@transaction.atomic
def _next_chunk(total: Outcome) -> int:
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM, [CLAIM])
        ids = sorted(row[0] for row in cursor)
    if ids:
        total.add(_rescore(ids))
    return len(ids)


def rescore_all(department: Department | None = None, progress: Progress | None = None) -> Outcome:
    """Judge every application (of a department and below) anew, whether or not it was in the queue.

    Idempotent: a case judged before on the same day writes nothing.
    """
    everything = AIApplication.objects.all()
    applications = everything if department is None else AIApplication.objects.in_department(department)
    ids = list(applications.order_by("pk").values_list("pk", flat=True))
    total = Outcome()
    for start in range(0, len(ids), BULK):
        chunk = ids[start : start + BULK]
        with transaction.atomic():
            # Marking takes the locks of the queue rows, so no worker judges one of these at the same time
            ChangedApplication.objects.mark(chunk)
            ChangedApplication.objects.filter(application__in=chunk).delete()
            total.add(_rescore(chunk))
        if progress:
            progress(len(chunk))
    rollups.roll_up_changed()
    return total


@transaction.atomic
def judge_past(at: datetime, found: Mapping[int, tuple[Case, int | None]]) -> Outcome:
    """Judge cases as they stood at an earlier moment, each with the department that counted it (None: not live).

    For history that is brought along (the demo): call it for one moment after the other, oldest first, since each is
    what the next compares with. Writes what a worker would have written on that day, roll-ups included.
    """
    ids, day = sorted(found), timezone.localdate(at)
    chunk = _Chunk(load_method(), day, at, CurrentScore.objects.in_bulk(ids), points_before(ids, day))
    _judge(found, chunk)
    _write(chunk)
    rollups.roll_up_changed(day)
    return Outcome(len(ids), len(chunk.snapshots), len(chunk.bands))


def nightly() -> Outcome:
    """Ages move on by themselves: judge everything as of the new day, and take every department's figures again."""
    total = rescore_all()
    rollups.roll_up_everything()
    return total


def _rescore(ids: Sequence[int]) -> Outcome:
    """Judge these and write what differs. The caller holds their queue rows in its transaction."""
    day = timezone.localdate()
    registered = {
        pk: (department, lifecycle == Lifecycle.LIVE)
        for pk, department, lifecycle in AIApplication.objects.filter(pk__in=ids)
        .order_by("pk")
        .values_list("pk", "department_id", "lifecycle")
    }
    found = cases.load(ids, day, {pk: department for pk, (department, _) in registered.items()})
    before = CurrentScore.objects.in_bulk(ids)
    chunk = _Chunk(load_method(), day, timezone.now(), before, points_before(ids, day))
    counted = {pk: department if live else None for pk, (department, live) in registered.items()}
    _judge({pk: (case, counted[pk]) for pk, case in found.items()}, chunk)
    _write(chunk)
    return Outcome(len(found), len(chunk.snapshots), len(chunk.bands))


def _judge(found: Mapping[int, tuple[Case, int | None]], chunk: _Chunk) -> None:
    """Judge each case and add its rows to the chunk; the department is the one that counts it."""
    judgements: dict[int, Judgement] = {}
    for pk in sorted(found):
        case, counted_in = found[pk]
        old = chunk.before.get(pk)
        try:
            judgements[pk] = judge_fit(case, chunk.day, chunk.method, cases.previous(old, chunk.method))
        except NotComputableError as error:
            chunk.failed[pk] = error
            chunk.departments |= {d for d in (counted_in, old.counted_in_id if old else None) if d is not None}
        else:
            _add_rows(pk, judgements[pk], counted_in, chunk)
    for pk, covered in zip(judgements, tallies(list(judgements.values()), chunk.method), strict=True):
        chunk.coverage += [rows.coverage_row(pk, one) for one in covered]


def _add_rows(pk: int, judgement: Judgement, counted_in: int | None, chunk: _Chunk) -> None:
    old = chunk.before.get(pk)
    verdict = rows.verdict(judgement, chunk.method, chunk.at)
    values = rows.value_row(verdict)
    past = chunk.month_ago.get(pk)
    change = None if past is None else judgement.score.point - past
    chunk.current.append(rows.current_row(pk, verdict, values, change, counted_in))
    if old is None or rows.moved(old, values):
        chunk.snapshots.append(rows.snapshot_row(pk, verdict, values, old))
    if old is not None and old.band != judgement.score.band:
        chunk.bands.append(rows.band_change_row(pk, old, verdict))
    chunk.departments |= {d for d in (counted_in, old.counted_in_id if old else None) if d is not None}


def _write(chunk: _Chunk) -> None:
    """Write the chunk's rows and, where figures that departments show changed, the departments into their queue."""
    written = upsert(CurrentScore, rows.CURRENT, ["application_id"], chunk.current, ignored=rows.DATES)
    copy_in(ScoreSnapshot, rows.SNAPSHOT, chunk.snapshots)
    copy_in(BandChange, rows.BAND_CHANGE, chunk.bands)
    written += upsert(ApplicationCoverage, rows.COVERAGE, ["application_id", "framework"], chunk.coverage)
    written += _drop_uncovered(chunk)
    written += put_aside(chunk.failed, [row[0] for row in chunk.current], chunk.at)
    if written:
        copy_in(ChangedDepartment, ["department_id"], [(pk,) for pk in sorted(chunk.departments)])


def _drop_uncovered(chunk: _Chunk) -> int:
    """Remove coverage of frameworks of which no requirement applies any more."""
    kept = [(row[0], row[1]) for row in chunk.coverage]
    judged = [row[0] for row in chunk.current]
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM risk_applicationcoverage WHERE application_id = ANY(%s) AND NOT EXISTS ("
            " SELECT FROM unnest(%s::bigint[], %s::text[]) AS kept(application, name)"
            " WHERE application = application_id AND name = framework)",
            [judged, [pk for pk, _ in kept], [framework for _, framework in kept]],
        )
        return cursor.rowcount
