"""Full recalculations in parts, shared by all workers; page, command and beat take the same road.

A part is claimed by locking its row, and judged, counted and deleted in one transaction: a worker that is killed leaves
it for the next, and nothing happens twice. Each worker that begins a part rings for one more while any wait, so all
join in, and no more than one ring stands before what else is waiting.
"""

import logging
import time

from django.db import IntegrityError, connection, transaction
from django.db.models import Exists, F, OuterRef, QuerySet
from django.db.models.functions import Now

from inventory import access, audit_log, doorbell
from inventory.access import Permission
from inventory.models import AIApplication, ChangedApplication, Department, User
from risk.choices import RunState
from risk.method import load_method
from risk.models import RescorePart, RescoreRun
from risk.selectors.keys import Among
from risk.services import rollups, scores
from risk.services.scores import Outcome, Progress

logger = logging.getLogger(__name__)

WORK = "risk.tasks.recalculate"
PART = 500  # applications: below a second of work, so that a changed answer never waits long
MOST_ATTEMPTS = 3
LOOK = 0.2  # seconds between two looks at what others have in hand

_CUT = """
INSERT INTO risk_rescorepart (run_id, first, last, attempts)
SELECT %s, min(id), max(id), 0 FROM (
    SELECT id, (row_number() OVER (ORDER BY id) - 1) / %s AS part FROM ({}) AS wanted) AS numbered
GROUP BY part ORDER BY part"""


class RunError(Exception):
    """A recalculation failed or was stopped. The message is for people."""


def start(*, actor: User | None, department: Department | None = None, nightly: bool = False) -> RescoreRun:
    """Ask for a recalculation of everything, or of a department and below; one that runs already is joined.

    The night begins one that runs again, since what it did before midnight was judged as of yesterday. Raises
    PermissionDenied.
    """
    access.require_everywhere(actor, Permission.ADMIN)
    while True:  # one that ends between the two looks is neither in the way nor to be joined
        try:
            with transaction.atomic():
                return _start(actor, department, nightly)
        except IntegrityError:
            run = RescoreRun.objects.filter(department=department, state=RunState.RUNNING).first()
        if run is not None and (not nightly or _begin_again(run)):
            doorbell.ring(WORK)
            return run


def _start(actor: User | None, department: Department | None, nightly: bool) -> RescoreRun:
    run = RescoreRun.objects.create(asked_by=actor, department=department, nightly=nightly)
    _cut(run)
    if actor is not None:
        _record(run, actor, "recalculation.asked", f"Recalculation of {run.total:,} applications asked for")
    doorbell.ring(WORK)
    return run


def _cut(run: RescoreRun) -> None:
    """Cut the applications of a run into parts, none of them done."""
    wanted, params = _scope(run.department).order_by().values("id").query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(_CUT.format(wanted), [run.pk, PART, *params])
        run.parts = cursor.rowcount
    run.total = _scope(run.department).count()
    run.parts_done = run.applications = 0
    run.save(update_fields=["parts", "total", "parts_done", "applications"])


@transaction.atomic
def _begin_again(run: RescoreRun) -> bool:
    """Make all parts of a run due again, for the new day; False where it has ended meanwhile.

    What it changed so far stays counted. Parts are locked before their run, as workers do it.
    """
    list(run.waiting.select_for_update().order_by("id"))
    if not RescoreRun.objects.filter(pk=run.pk, state=RunState.RUNNING).update(nightly=True, attempts=0, error=""):
        return False
    run.refresh_from_db()
    run.waiting.all().delete()
    _cut(run)
    return True


def cancel(*, actor: User | None, run: RescoreRun) -> bool:
    """Stop a run after the parts in hand; False where it has ended. Raises PermissionDenied."""
    return _turn(actor, run, [RunState.RUNNING], RunState.CANCELLED, "cancelled")


def resume(*, actor: User | None, run: RescoreRun) -> bool:
    """Go on with a cancelled or failed run; False where there is nothing to go on with. Raises PermissionDenied."""
    return _turn(actor, run, [RunState.CANCELLED, RunState.FAILED], RunState.RUNNING, "resumed")


def _turn(actor: User | None, run: RescoreRun, before: list[RunState], after: RunState, verb: str) -> bool:
    access.require_everywhere(actor, Permission.ADMIN)
    try:
        with transaction.atomic():
            if after == RunState.RUNNING:
                run.waiting.update(attempts=0)  # before the run, as workers lock them
            mine = RescoreRun.objects.filter(pk=run.pk, state__in=before)
            ended = None if after == RunState.RUNNING else Now()
            if not mine.update(state=after, error="", attempts=0, finished_at=ended):
                return False
            _record(
                run,
                actor,
                f"recalculation.{verb}",
                f"Recalculation {verb} after {run.parts_done:,} of {run.parts:,} parts",
            )
            doorbell.ring(WORK)
    except IntegrityError:  # another one of the same applications runs
        return False
    return True


def rescore_all(department: Department | None = None, progress: Progress | None = None) -> Outcome:
    """Judge everything (of a department and below) anew, in this process and in every worker that hears the bell.

    Idempotent: a case judged before on the same day writes nothing. Raises RunError where a part can't be done.
    """
    run = start(actor=None, department=department)
    return finish(run, progress)


def finish(run: RescoreRun, progress: Progress | None = None) -> Outcome:
    """Work on what waits until the run has ended. Raises RunError where it failed or was cancelled."""
    told = 0
    while True:
        worked = work()
        run.refresh_from_db()
        if progress and run.applications > told:
            progress(run.applications - told)
            told = run.applications
        if run.state == RunState.DONE:
            return Outcome(run.applications, run.changed, run.band_changes)
        if run.state != RunState.RUNNING:
            raise RunError(run.error or "The recalculation was stopped.")
        if not worked:
            time.sleep(LOOK)


def work() -> bool:
    """Do one part of what waits, and what comes after the last one; False where there was nothing to do."""
    waiting = _claimable()
    if waiting > 1:
        doorbell.ring(WORK)
    worked = waiting > 0 and _work_one()
    return _finish_one() or worked


def _claimable() -> int:
    """How many parts nobody has in hand: none, one, or at least two."""
    with transaction.atomic():
        return len(_unclaimed()[:2])


def _unclaimed() -> QuerySet[RescorePart]:
    """Parts to do that nobody has in hand; those that failed come last, and those given up not at all."""
    parts = RescorePart.objects.filter(run__state=RunState.RUNNING, attempts__lt=MOST_ATTEMPTS)
    parts = parts.select_related("run__department").order_by("attempts", "id")
    return parts.select_for_update(of=("self",), skip_locked=True)


def _work_one() -> bool:
    part = None
    try:
        with transaction.atomic():
            part = _unclaimed().first()
            if part is None:
                return False
            _judge(part)
    except Exception as problem:
        if part is None:
            raise
        logger.exception("Applications %s to %s could not be judged", part.first, part.last)
        _failed(part, problem)
    return True


def _judge(part: RescorePart) -> None:
    run = part.run
    found = _scope(run.department).filter(pk__range=(part.first, part.last)).order_by("pk")
    ids = list(found.values_list("pk", flat=True))
    # Marking takes the locks of the queue rows, so no worker judges one of these at the same time
    ChangedApplication.objects.mark(ids)
    ChangedApplication.objects.filter(Among("application", ids)).delete()
    outcome = scores.rescore(ids)
    part.delete()
    RescoreRun.objects.filter(pk=run.pk, started_at=None).update(started_at=Now())
    RescoreRun.objects.filter(pk=run.pk).update(
        parts_done=F("parts_done") + 1,
        applications=F("applications") + outcome.applications,
        changed=F("changed") + outcome.changed,
        band_changes=F("band_changes") + outcome.band_changes,
    )


@transaction.atomic
def _failed(part: RescorePart, problem: Exception) -> None:
    """Count the attempt; after the last one the part is given up, and the run says why."""
    RescorePart.objects.filter(pk=part.pk).update(attempts=F("attempts") + 1)
    if RescorePart.objects.filter(pk=part.pk, attempts__gte=MOST_ATTEMPTS).exists():
        error = f"Applications {part.first} to {part.last} could not be judged: {type(problem).__name__} {problem}"
        RescoreRun.objects.filter(pk=part.run_id, state=RunState.RUNNING, error="").update(error=error[:2000])


def _finish_one() -> bool:
    """Take the figures of departments once nothing of a run is left to do, and close it."""
    run = None
    try:
        with transaction.atomic():
            to_do = RescorePart.objects.filter(run=OuterRef("pk"), attempts__lt=MOST_ATTEMPTS)
            ended = RescoreRun.objects.filter(~Exists(to_do), state=RunState.RUNNING).order_by("attempts", "id")
            run = ended.select_for_update(of=("self",), skip_locked=True).first()
            if run is None:
                return False
            _finish(run)
    except Exception as problem:
        if run is None:
            raise
        logger.exception("Recalculation %s could not be finished", run.pk)
        _not_finished(run, problem)
    return True


def _finish(run: RescoreRun) -> None:
    """Close a run; what was judged counts for departments even where some parts were given up."""
    if run.nightly:
        rollups.roll_up_everything()
    else:
        rollups.roll_up_changed()
    if run.waiting.exists():
        _give_up(run, run.error)
        return
    RescoreRun.objects.filter(pk=run.pk).update(state=RunState.DONE, finished_at=Now())
    details = {name: getattr(run, name) for name in ("applications", "changed", "band_changes")}
    _record(
        run,
        None,
        "scores.recalculated",
        f"Recalculated {run.applications:,} applications: {run.changed:,} scores changed",
        reason="the new day" if run.nightly else "asked for",
        details={**details, "method": load_method().version},
    )


@transaction.atomic
def _not_finished(run: RescoreRun, problem: Exception) -> None:
    """Count the attempt; after the last one the run is given up, so that the next night begins a new one."""
    RescoreRun.objects.filter(pk=run.pk).update(attempts=F("attempts") + 1)
    if RescoreRun.objects.filter(pk=run.pk, attempts__gte=MOST_ATTEMPTS).exists():
        error = f"The figures of departments could not be taken: {type(problem).__name__} {problem}"
        _give_up(run, error[:2000])


def _give_up(run: RescoreRun, error: str) -> None:
    """End a run as failed, to be resumed once the cause is gone."""
    mine = RescoreRun.objects.filter(pk=run.pk, state=RunState.RUNNING)
    if mine.update(state=RunState.FAILED, error=error, finished_at=Now()):
        _record(run, None, "recalculation.failed", "Recalculation failed", reason=error)


def _scope(department: Department | None) -> QuerySet[AIApplication]:
    return AIApplication.objects.all() if department is None else AIApplication.objects.in_department(department)


def _record(
    run: RescoreRun, actor: User | None, action: str, summary: str, *, reason: str = "", details: dict | None = None
) -> None:
    audit_log.record(actor=actor, action=action, summary=summary, obj=run, reason=reason, details=details)
