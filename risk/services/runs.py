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

    Raises PermissionDenied.
    """
    access.require_everywhere(actor, Permission.ADMIN)
    try:
        with transaction.atomic():
            return _start(actor, department, nightly)
    except IntegrityError:
        doorbell.ring(WORK)
        return RescoreRun.objects.get(department=department, state=RunState.RUNNING)


def _start(actor: User | None, department: Department | None, nightly: bool) -> RescoreRun:
    run = RescoreRun.objects.create(asked_by=actor, department=department, nightly=nightly)
    wanted, params = _scope(department).order_by().values("id").query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(_CUT.format(wanted), [run.pk, PART, *params])
        run.parts = cursor.rowcount
    run.total = _scope(department).count()
    run.save(update_fields=["parts", "total"])
    if actor is not None:
        _record(run, actor, "recalculation.asked", f"Recalculation of {run.total:,} applications asked for")
    doorbell.ring(WORK)
    return run


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
            mine = RescoreRun.objects.filter(pk=run.pk, state__in=before)
            if not mine.update(state=after, error="", finished_at=None if after == RunState.RUNNING else Now()):
                return False
            run.waiting.update(attempts=0)
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
    parts = RescorePart.objects.filter(run__state=RunState.RUNNING).select_related("run__department").order_by("id")
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
    ChangedApplication.objects.filter(application__in=ids).delete()
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
    """Count the attempt; after the last one the run is given up, to be resumed once the cause is gone."""
    RescorePart.objects.filter(pk=part.pk).update(attempts=F("attempts") + 1)
    if not RescorePart.objects.filter(pk=part.pk, attempts__gte=MOST_ATTEMPTS).exists():
        return
    error = f"Applications {part.first} to {part.last} could not be judged: {type(problem).__name__} {problem}"
    mine = RescoreRun.objects.filter(pk=part.run_id, state=RunState.RUNNING)
    if mine.update(state=RunState.FAILED, error=error[:2000], finished_at=Now()):
        _record(part.run, None, "recalculation.failed", "Recalculation failed", reason=error[:2000])


def _finish_one() -> bool:
    """Take the figures of departments once the last part of a run is done, and close it."""
    with transaction.atomic():
        open_parts = RescorePart.objects.filter(run=OuterRef("pk"))
        done = RescoreRun.objects.filter(~Exists(open_parts), state=RunState.RUNNING).order_by("id")
        run = done.select_for_update(of=("self",), skip_locked=True).first()
        if run is None:
            return False
        if run.nightly:
            rollups.roll_up_everything()
        else:
            rollups.roll_up_changed()
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
    return True


def _scope(department: Department | None) -> QuerySet[AIApplication]:
    return AIApplication.objects.all() if department is None else AIApplication.objects.in_department(department)


def _record(
    run: RescoreRun, actor: User | None, action: str, summary: str, *, reason: str = "", details: dict | None = None
) -> None:
    audit_log.record(actor=actor, action=action, summary=summary, obj=run, reason=reason, details=details)
