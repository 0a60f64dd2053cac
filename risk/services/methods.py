"""The method in force: dry runs of another one, and the switch, which is an administrator's act."""

from datetime import timedelta

from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils import timezone

from inventory import access, audit_log, doorbell
from inventory.access import Permission
from inventory.models import AIApplication, User
from risk import method as methods
from risk.choices import RunState
from risk.method import MethodError, in_force, load_method, releases
from risk.models import CurrentScore, MethodComparison, MethodInForce, RescoreRun
from risk.selectors.method_diff import difference
from risk.services import runs, scores

COMPARE = "risk.tasks.compare_methods"
LOST_AFTER = timedelta(minutes=5)  # without a sign of life a dry run begins anew


@transaction.atomic
def switch(*, actor: User | None, version: str, reason: str) -> MethodInForce:
    """Judge everything with another released version from now on; a recalculation of everything begins.

    Raises PermissionDenied for who is no organisation-wide administrator, and ValidationError by field.
    """
    access.require_everywhere(actor, Permission.ADMIN)
    with connection.cursor() as cursor:  # two switches at once come one after the other
        cursor.execute("LOCK TABLE risk_methodinforce IN SHARE ROW EXCLUSIVE MODE")
    before = load_method(fresh=True).version
    _check(version, before, reason)
    row = MethodInForce.objects.create(version=version, set_by=actor, reason=reason.strip())
    audit_log.record(
        actor=actor,
        action="method.switched",
        summary=f"Method {before} replaced by {version}",
        obj=row,
        reason=reason.strip(),
        details={"before": before, "after": version, "digest": load_method(version).digest},
    )
    if RescoreRun.objects.filter(department=None, state=RunState.RUNNING).exists():
        scores.mark(AIApplication.objects.all())  # what that run has judged already was judged with the old one
    else:
        runs.start(actor=actor)
    transaction.on_commit(lambda: in_force.remember(None))
    return row


def _check(version: str, before: str, reason: str) -> None:
    wrong = {}
    if version not in releases():
        wrong["version"] = f"{version} is no released version."
    elif version == before:
        wrong["version"] = f"{version} is in force already."
    if not reason.strip():
        wrong["reason"] = "Say why: the log keeps it."
    if wrong:
        raise ValidationError(wrong)
    try:
        load_method(version)
    except MethodError as error:
        raise ValidationError({"version": str(error)}) from error


@transaction.atomic
def ask(*, actor: User | None, before: str, after: str) -> MethodComparison:
    """Ask for a dry run of `after` against `before`. Raises PermissionDenied, or ValidationError by field."""
    access.require_everywhere(actor, Permission.ADMIN)
    wrong = {name: f"{version} is no released version." for name, version in (("before", before), ("after", after))
             if version not in releases()}  # fmt: skip
    if not wrong and before == after:
        wrong["after"] = "Choose two different versions."
    if wrong:
        raise ValidationError(wrong)
    row = MethodComparison.objects.create(before=before, after=after, asked_by=actor)
    audit_log.record(
        actor=actor, action="method.compared", summary=f"Dry run of method {after} against {before}", obj=row
    )
    doorbell.ring(COMPARE)
    return row


def run_waiting() -> int:
    """Carry out the dry runs that wait, and those whose worker died; returns how many."""
    count = 0
    while row := _claim():
        count += 1
        _run(row)
    return count


@transaction.atomic
def _claim() -> MethodComparison | None:
    lost = Q(beat_at=None) | Q(beat_at__lt=timezone.now() - LOST_AFTER)
    waiting = MethodComparison.objects.filter(lost, state=RunState.RUNNING).order_by("id")
    row = waiting.select_for_update(skip_locked=True).first()
    if row is not None:
        row.done, row.total, row.beat_at = 0, CurrentScore.objects.count(), timezone.now()
        row.save()
    return row


def _run(row: MethodComparison) -> None:
    mine = MethodComparison.objects.filter(pk=row.pk)

    def progress(more: int) -> None:
        mine.update(done=F("done") + more, beat_at=Now())

    try:
        old, new = load_method(row.before), load_method(row.after)
        result = difference(old, new, timezone.localdate(), progress).plain()
    except Exception as error:
        # Whatever it is, the administrator who asked must see it, and the next one in the queue must run
        mine.update(state=RunState.FAILED, error=f"{type(error).__name__}: {error}"[:2000], finished_at=Now())
        return
    mine.update(state=RunState.DONE, result=result, finished_at=Now())


def versions() -> list[str]:
    """Every released version, newest first."""
    return list(reversed(methods.releases()))
