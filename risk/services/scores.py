"""Scores: claim what changed, judge it, write what differs, in one transaction a chunk.

`ChangedApplication` is the queue. Its rows are deleted in the transaction that writes the scores, so a worker that is
killed leaves everything as it was, and the next one takes it up. A case that was judged before writes nothing.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

import numpy as np
from django.db import DatabaseError, connection, transaction
from django.db.models import QuerySet
from django.utils import timezone

from inventory import doorbell
from inventory.models import AIApplication, ChangedApplication
from risk.method import load_method
from risk.models import ApplicationCoverage, BandChange, ChangedDepartment, CurrentScore, ScoreSnapshot
from risk.scoring.array_formulas import Flags
from risk.scoring.bulk import judge_many
from risk.scoring.case import Case
from risk.scoring.codebook import Cases, codebook
from risk.scoring.fitness import NotComputableError, judge_fit
from risk.scoring.method import Method
from risk.selectors import chunks
from risk.selectors.chunks import Stored
from risk.selectors.history import points_before
from risk.services import rollups, rows, tasks
from risk.services.not_computable import put_aside
from risk.services.rows import Rows
from risk.services.writing import copy_in, upsert

RESCORE = "risk.tasks.rescore_changed"
RECOMMEND = "governance.tasks.evaluate_recommendations"
CLAIM = 100  # applications that a worker claims at once: few, so that several workers share a burst

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


@dataclass(frozen=True, slots=True)
class _Chunk:
    """Applications in ascending order, the department whose figures count each, and their cases."""

    applications: list[int]
    counted_in: list[int | None]
    cases: Cases
    method: Method
    day: date
    at: datetime

    def without(self, rows: Collection[int]) -> "_Chunk":
        """The chunk less some of its rows."""
        kept = [row for row in range(len(self.applications)) if row not in rows]
        applications = [self.applications[row] for row in kept]
        return replace(
            self,
            applications=applications,
            counted_in=[self.counted_in[row] for row in kept],
            cases=self.cases.part(kept),
        )


def mark(applications: "QuerySet[AIApplication] | Iterable[int]") -> None:
    """Note that these applications have to be judged again, and ring a worker once this is committed. Tasks that
    are reached by what was stated are closed."""
    tasks.settle(applications)
    ChangedApplication.objects.mark(applications)
    doorbell.ring(RESCORE)


def rescore_changed(progress: Progress | None = None) -> Outcome:
    """Judge everything in the queue, then take the figures of the departments touched. Any number may run at once."""
    total = Outcome()
    while done := _next_chunk(total):
        if progress:
            progress(done)
    rollups.roll_up_unless_busy()
    if total.applications:
        doorbell.ring(RECOMMEND)
    return total


@transaction.atomic
def _next_chunk(total: Outcome) -> int:
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM, [CLAIM])
        ids = sorted(row[0] for row in cursor)
    if ids:
        total.add(rescore(ids))
    return len(ids)


@transaction.atomic
def judge_past(at: datetime, found: Mapping[int, tuple[Case, int | None]]) -> Outcome:
    """Judge cases as they stood at an earlier moment, each with the department that counted it (None: not live).

    For history that is brought along (the demo): call it for one moment after the other, oldest first, since each is
    what the next compares with. Writes what a worker would have written on that day, roll-ups included.
    """
    ids, day, method = sorted(found), timezone.localdate(at), load_method()
    encoded = codebook(method).encode([found[pk][0] for pk in ids])
    outcome = _judge(_Chunk(ids, [found[pk][1] for pk in ids], encoded, method, day, at))
    rollups.roll_up_changed(day)
    return outcome


def rescore(ids: Sequence[int]) -> Outcome:
    """Judge these (in ascending order) and write what differs. The caller holds their queue rows in its transaction."""
    day, method = timezone.localdate(), load_method(fresh=True)
    found = chunks.registered(ids)
    departments = {pk: department for pk, (department, _) in found.items()}
    failed: dict[int, NotComputableError] = {}
    try:
        cases = chunks.read(departments, day, method)
    except DatabaseError:
        raise
    except Exception:
        failed = _unreadable(departments, day, method)
        cases = chunks.read({pk: one for pk, one in departments.items() if pk not in failed}, day, method)
    counted_in = {pk: counted for pk, (_, counted) in found.items() if pk not in failed}
    chunk = _Chunk(list(counted_in), list(counted_in.values()), cases, method, day, timezone.now())
    return _judge(chunk, failed)


def _unreadable(departments: Mapping[int, int], day: date, method: Method) -> dict[int, NotComputableError]:
    """Applications of which something stored can't be read, found by halving."""
    try:
        chunks.read(departments, day, method)
    except DatabaseError:
        raise
    except Exception as problem:
        if len(departments) == 1:
            error = NotComputableError({"": f"What is stored can't be read: {type(problem).__name__} {problem}."})
            error.__cause__ = problem
            return dict.fromkeys(departments, error)
        pairs = list(departments.items())
        middle = len(pairs) // 2
        halves = (dict(half) for half in (pairs[:middle], pairs[middle:]))
        return {pk: error for half in halves for pk, error in _unreadable(half, day, method).items()}
    return {}


def _judge(chunk: _Chunk, unreadable: Mapping[int, NotComputableError] | None = None) -> Outcome:
    """Judge the cases of a chunk and write what differs; what the method can't judge is set aside."""
    failed = dict(unreadable or {})
    count = len(chunk.applications) + len(failed)
    stored = chunks.stored(chunk.applications)
    faults = codebook(chunk.method).faults(chunk.cases)
    if faults:
        failed |= {chunk.applications[row]: NotComputableError(found) for row, found in faults.items()}
        chunk = chunk.without(faults)
    try:
        judged = _judged(chunk, stored)
    except Exception:
        # Whatever it is concerns few: find them one by one, and let the others have their figures
        broken = _broken(chunk)
        if not broken:
            raise
        failed |= {chunk.applications[row]: error for row, error in broken.items()}
        judged = _judged(chunk.without(broken), stored)
    return _write(judged, failed, Outcome(count), chunk.at)


def _judged(chunk: _Chunk, stored: Stored) -> Rows | None:
    """The rows of a chunk; None where there is nothing in it."""
    if not chunk.applications:
        return None
    before = chunks.before(chunk.applications, stored, chunk.method)
    verdicts = judge_many(chunk.cases, chunk.day, chunk.method, before)
    month_ago = points_before(chunk.applications, chunk.day)
    past = np.array([month_ago.get(pk, np.nan) for pk in chunk.applications], float)
    return Rows(
        applications=chunk.applications,
        counted_in=chunk.counted_in,
        cases=chunk.cases,
        verdicts=verdicts,
        stored=stored,
        change=np.where(verdicts.prohibited, np.nan, verdicts.overall_point - past),  # a gate is no number
        day=chunk.day,
        at=chunk.at,
        method=chunk.method,
    )


def _broken(chunk: _Chunk) -> dict[int, NotComputableError]:
    """The rows on which the engine itself falls over, each judged alone."""
    found = {}
    for row in range(len(chunk.applications)):
        try:
            judge_fit(codebook(chunk.method).case(chunk.cases, row), chunk.day, chunk.method)
        except NotComputableError as error:
            found[row] = error
    return found


def _write(judged: Rows | None, failed: Mapping[int, NotComputableError], outcome: Outcome, at: datetime) -> Outcome:
    """Write rows and, where figures that departments show changed, the departments into their queue."""
    departments, written = _departments_of(failed), 0
    if judged is not None:
        written = _write_current(judged)
        departments |= judged.departments()
        if judged.moved.any():
            outcome.changed = copy_in(ScoreSnapshot, rows.SNAPSHOT, judged.snapshots())
            outcome.band_changes = copy_in(BandChange, rows.BAND_CHANGE, judged.band_changes())
    written += put_aside(failed, judged.applications if judged else [], at)
    if written:
        copy_in(ChangedDepartment, ["department_id"], [(pk,) for pk in sorted(departments)])
    return outcome


def _write_current(judged: Rows) -> int:
    """Write what differs of current scores and coverage; returns how many rows."""
    new = judged.places < 0
    written = 0
    if new.any():
        # What is new needs no comparison; the queue rows that the caller holds keep others off
        written += copy_in(CurrentScore, rows.CURRENT, judged.current(new))
        written += copy_in(ApplicationCoverage, rows.COVERAGE, judged.coverage(new)[0])
    changed = judged.changed & ~new
    if changed.any():
        written += upsert(CurrentScore, rows.CURRENT, ["application_id"], judged.current(changed), ignored=rows.DATES)
    covered = judged.covered_otherwise & ~new
    if covered.any():
        written += _write_coverage(judged, covered)
    return written


def _departments_of(failed: Mapping[int, NotComputableError]) -> set[int]:
    """Departments whose figures count what can't be judged, or did."""
    if not failed:
        return set()
    counted = CurrentScore.objects.filter(pk__in=list(failed), counted_in__isnull=False)
    live = AIApplication.objects.filter(pk__in=list(failed)).live()
    return {*counted.values_list("counted_in_id", flat=True), *live.values_list("department_id", flat=True)}


def _write_coverage(judged: Rows, wanted: Flags) -> int:
    """Bring stored coverage up to date, and remove that of frameworks of which no requirement applies any more."""
    lines, owners, frameworks = judged.coverage(wanted)
    written = upsert(ApplicationCoverage, rows.COVERAGE, ["application_id", "framework"], lines)
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM risk_applicationcoverage WHERE application_id = ANY(%s) AND NOT EXISTS ("
            " SELECT FROM unnest(%s::bigint[], %s::text[]) AS kept(application, name)"
            " WHERE application = application_id AND name = framework)",
            [[judged.applications[row] for row in np.flatnonzero(wanted).tolist()], owners, frameworks],
        )
        return written + cursor.rowcount
