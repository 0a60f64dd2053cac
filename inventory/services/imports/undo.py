"""Undoing a batch: exactly what it stored goes, with the figures made of it, and what hung on them is judged anew.

One transaction: it is done or it isn't. The row is claimed by its lock, so a worker that dies in the middle has changed
nothing, and the next one does it. What can't be taken apart exactly is refused with the reason, never done by half.
What fails is tried again a few times, then given back with the reason; it holds up nothing else.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from inventory import access, audit_log, doorbell
from inventory.access import Permission
from inventory.choices import BatchState, MappedKind
from inventory.connectors.mapped import PREFIX
from inventory.models import (
    Alert,
    CapturedContent,
    ChangedApplication,
    DataEvent,
    DirectoryUser,
    ImportBatch,
    Interaction,
    MappingProfile,
    Metric,
    User,
)
from inventory.services.imports import kinds, undo_alerts, undo_interactions, undo_metrics, undo_users
from inventory.services.imports.batches import MOST_ATTEMPTS, RESCORE, UNUSUAL, take_turns
from inventory.services.imports.cannot_undo import CannotUndoError

logger = logging.getLogger(__name__)
TASK = "inventory.tasks.undo_import"


@dataclass(frozen=True)
class Effect:
    """What undoing a batch would do: the things it takes back, with how many; or why it can't be undone."""

    takes: tuple[tuple[str, int], ...] = ()
    refusal: str = ""

    @property
    def told(self) -> list[tuple[int, str]]:
        """The things it takes back in words, after their number."""
        return [(number, _ONE[what] if number == 1 else what) for what, number in self.takes]


@dataclass(frozen=True)
class Undoer:
    """How batches of a kind are undone. `find` says what goes, or raises CannotUndoError; `remove` takes it away and
    returns the applications concerned."""

    find: Callable[[ImportBatch], tuple[tuple[str, int], ...]]
    remove: Callable[[ImportBatch], set[int]]


_INTERACTIONS = Undoer(undo_interactions.find, undo_interactions.remove)
_USERS = Undoer(undo_users.find, undo_users.remove)
_ALERTS = Undoer(undo_alerts.find, undo_alerts.remove)
_METRICS = Undoer(undo_metrics.find, undo_metrics.remove)
UNDOERS = {
    "purview_audit": _INTERACTIONS,
    "activity_explorer": _INTERACTIONS,
    "cloud_discovery": _INTERACTIONS,
    "security_alerts": _ALERTS,
    "entra_users": _USERS,
    "otel_spans": _INTERACTIONS,
    "metrics": _METRICS,
}
# What the rows of a mapped table may have become: its mapping may be forgotten or another one by now
_MAPPED: dict[type[DirectoryUser | Metric | Alert | Interaction], Undoer] = {
    DirectoryUser: _USERS,
    Metric: _METRICS,
    Alert: _ALERTS,
    Interaction: _INTERACTIONS,
}
_ONE = {  # what is said of a single one
    "alerts": "alert",
    "interactions": "interaction",
    "data events": "data event",
    "captured texts": "captured text",
    "registered applications whose figures change": "registered application whose figures change",
    "unregistered AI apps whose figures change": "unregistered AI app whose figures change",
    "people it brought": "person it brought",
    "people put back as they were": "person put back as they were",
    "values of metrics": "value of a metric",
}
_GONE = "Nothing of what it stored is as it brought it any more: later files replaced it, or its time is over."


def effect(batch: ImportBatch) -> Effect:
    """What undoing it would do now."""
    if batch.state not in (BatchState.DONE, BatchState.FAILED, BatchState.UNDOING):
        return Effect(refusal="It was undone before." if batch.state == BatchState.UNDONE else "It is being read.")
    if batch.kind == kinds.ARCHIVE:
        return Effect(refusal="Its files are undone one by one.")
    if not holds(batch):
        return Effect(refusal="It stored nothing, so there is nothing to undo.")
    try:
        return Effect(takes=_undoer(batch).find(batch))
    except CannotUndoError as problem:
        return Effect(refusal=str(problem))


def _undoer(batch: ImportBatch) -> Undoer:
    """How the batch is undone. Raises CannotUndoError where nobody knows how."""
    if batch.kind in UNDOERS:
        return UNDOERS[batch.kind]
    apps = MappingProfile.objects.filter(name=batch.kind.removeprefix(PREFIX), kind=MappedKind.CLOUD_APPS)
    if not batch.kind.startswith(PREFIX) or apps.exists():
        raise CannotUndoError("Files of this kind can't be undone: a newer file brings what they said up to date.")
    for model, undoer in _MAPPED.items():
        if model.objects.filter(batch=batch).exists():
            return undoer
    raise CannotUndoError(_GONE)


def holds(batch: ImportBatch) -> bool:
    """Whether anything may be kept of the file. Events of audit files, and texts, don't count as stored rows."""
    beside = (DataEvent, CapturedContent)
    return bool(batch.stored) or any(model.objects.filter(batch=batch).exists() for model in beside)


@transaction.atomic
def ask(*, actor: User | None, batch: ImportBatch, reason: str) -> None:
    """Queue the undoing. Raises PermissionDenied, or ValidationError that says why not."""
    access.require_everywhere(actor, Permission.FEEDS)
    if not reason.strip():
        raise ValidationError("Say why it is undone.")
    if why := effect(batch).refusal:
        raise ValidationError(why)
    queued = ImportBatch.objects.filter(pk=batch.pk, state=batch.state).update(
        state=BatchState.UNDOING, attempts=0, undone_by=actor, undo_reason=reason.strip()
    )
    if not queued:
        raise ValidationError("Somebody else has just begun with it.")
    doorbell.ring(TASK, batch.pk)
    batch.refresh_from_db()


def carry_out(batch_id: int) -> bool:
    """Undo a batch for which it was asked; False where there was nothing to do, or where it failed."""
    attempt = _begin(batch_id)
    if not attempt:
        return False
    try:
        return _undo(batch_id)
    except Exception as problem:
        logger.exception("Import %s could not be undone, attempt %s.", batch_id, attempt)
        if attempt >= MOST_ATTEMPTS:
            _give_up(batch_id, f"It failed {attempt} times: {' '.join(str(problem).split()[:40]) or repr(problem)}")
        return False


@transaction.atomic
def _begin(batch_id: int) -> int:
    """Which attempt this is; counted before it begins, so that one whose worker dies counts. 0: nothing to do."""
    batch = _held(batch_id)
    if batch is None:
        return 0
    if batch.attempts >= MOST_ATTEMPTS:
        _give_back(batch, "It was interrupted again and again.")
        return 0
    batch.attempts += 1
    batch.save(update_fields=["attempts"])
    return batch.attempts


def _held(batch_id: int) -> ImportBatch | None:
    """The batch, if it is to be undone and nobody is at it, held to the end of the transaction."""
    waiting = ImportBatch.objects.select_for_update(skip_locked=True)
    return waiting.filter(pk=batch_id, state=BatchState.UNDOING).first()


@transaction.atomic
def _give_up(batch_id: int, why: str) -> None:
    if batch := _held(batch_id):
        _give_back(batch, why)


@transaction.atomic
def _undo(batch_id: int) -> bool:
    batch = _held(batch_id)
    if batch is None:
        return False
    take_turns()
    found = effect(batch)
    if not found.refusal:
        try:
            with transaction.atomic():
                affected = _undoer(batch).remove(batch)
                connection.check_constraints()
        except IntegrityError:
            found = Effect(refusal="People have already built on what it stored.")
    if found.refusal:
        _give_back(batch, found.refusal)
        return True
    ChangedApplication.objects.mark(affected)
    batch.state = BatchState.UNDONE
    batch.finished_at = batch.heartbeat_at = timezone.now()  # pages that remember figures look at the heartbeat
    batch.save(update_fields=["state", "finished_at", "heartbeat_at"])
    audit_log.record(
        actor=batch.undone_by,
        action="feed.undone",
        summary=f"{batch.file_name} is undone: {', '.join(f'{number:,} {what}' for number, what in found.told)}",
        obj=batch,
        reason=batch.undo_reason,
        details={**dict(found.takes), "applications": len(affected)},
    )
    doorbell.ring(RESCORE)
    doorbell.ring(UNUSUAL)
    return True


def _give_back(batch: ImportBatch, why: str) -> None:
    """It could be undone when it was asked for, and no longer can."""
    batch.state = BatchState.FAILED if batch.error else BatchState.DONE
    batch.save(update_fields=["state"])
    summary = f"{batch.file_name} could not be undone"
    audit_log.record(actor=batch.undone_by, action="feed.undo_refused", summary=summary, obj=batch, reason=why)


def waiting() -> list[int]:
    """Batches to undo."""
    return list(ImportBatch.objects.filter(state=BatchState.UNDOING).order_by("pk").values_list("pk", flat=True))
