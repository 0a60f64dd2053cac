"""What is kept for a time only: single interactions, data events and metrics, the texts of quarantined lines, of alerts
and of captured content, files that could not be read, and the rows that tell which files were read. Figures stay."""

from datetime import datetime, timedelta
from functools import partial

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from inventory import access, audit_log
from inventory.access import Permission
from inventory.choices import BatchState
from inventory.models import (
    AgentListing,
    Alert,
    CapturedContent,
    DataEvent,
    DirectoryUser,
    ImportBatch,
    Metric,
    QuarantinedRow,
    User,
)
from inventory.services.imports import months
from inventory.services.imports.uploads import kept_file


@transaction.atomic
def purge(*, actor: User | None = None, now: datetime | None = None) -> dict[str, int]:
    """Drop texts of quarantined lines, alerts and captured content after RAW_RETENTION_DAYS (line and reason, and the
    alert, stay); single interactions, data events and metrics after INTERACTION_RETENTION_DAYS (daily figures stay);
    files that failed after FAILED_FILE_DAYS, what tells of files after BATCH_RETENTION_DAYS. Returns how many of each.
    """
    access.require_everywhere(actor, Permission.ADMIN)
    now = now or timezone.now()
    raw_limit = now - timedelta(days=settings.RAW_RETENTION_DAYS)
    limit = now - timedelta(days=settings.INTERACTION_RETENTION_DAYS)
    texts = QuarantinedRow.objects.filter(raw__isnull=False, created_at__lt=raw_limit).update(raw=None)
    alerts = Alert.objects.filter(raw__isnull=False, received_at__lt=raw_limit).update(raw=None)
    with connection.cursor() as cursor:
        interactions = months.drop_before(cursor, limit)
    events, _ = DataEvent.objects.filter(at__lt=limit).delete()
    measured = Metric.objects.filter(at__lt=limit)
    metrics = measured._raw_delete(measured.db)
    content, _ = CapturedContent.objects.filter(created_at__lt=raw_limit).delete()
    counts = {
        "quarantined_texts": texts,
        "alert_texts": alerts,
        "interactions": interactions,
        "data_events": events,
        "metrics": metrics,
        "captured_texts": content,
    }
    counts |= {"files": _forget_files(now), "batches": _forget_batches(now)}
    if any(counts.values()):
        audit_log.record(
            actor=actor,
            action="feed.purged",
            summary=f"Dropped {interactions + events + metrics:,} interactions, events and metrics past their time,"
            f" and {texts + alerts + content:,} raw texts",
            details={**counts, "interactions_before": limit.isoformat(), "texts_before": raw_limit.isoformat()},
        )
    return counts


def _forget_files(now: datetime) -> int:
    """Files that could not be read to their end, and that nobody tried again."""
    limit = now - timedelta(days=settings.FAILED_FILE_DAYS)
    ended = [BatchState.FAILED, BatchState.UNDONE]
    free = ImportBatch.objects.select_for_update(skip_locked=True)  # held by others: about to be read again
    old = list(free.filter(state__in=ended, finished_at__lt=limit).exclude(stored_as="").order_by("pk"))
    files = [path for batch in old if (path := kept_file(batch))]
    ImportBatch.objects.filter(pk__in=[batch.pk for batch in old]).update(stored_as="")
    for path in files:
        transaction.on_commit(partial(path.unlink, missing_ok=True))
    return len(files)


def _forget_batches(now: datetime) -> int:
    """Rows of files read so long ago that no single interaction of theirs is left."""
    days = max(settings.BATCH_RETENTION_DAYS, settings.INTERACTION_RETENTION_DAYS)
    ended = [BatchState.DONE, BatchState.FAILED, BatchState.UNDONE]
    old = ImportBatch.objects.filter(state__in=ended, created_at__lt=now - timedelta(days=days))
    keys = list(old.order_by("pk").values_list("pk", flat=True))
    if keys:
        # One by one: deleting through the models would look for interactions, which have no index for that
        QuarantinedRow.objects.filter(batch__in=keys).delete()
        CapturedContent.objects.filter(batch__in=keys).delete()
        DirectoryUser.objects.filter(batch__in=keys).update(batch=None, before=None)
        Alert.objects.filter(batch__in=keys).update(batch=None)
        Alert.objects.filter(latest_batch__in=keys).update(latest_batch=None)
        AgentListing.objects.filter(batch__in=keys).update(batch=None)
        Metric.objects.filter(batch__in=keys).update(batch=None)
        ImportBatch.objects.filter(archive__in=keys).update(archive=None)
        gone = ImportBatch.objects.filter(pk__in=keys)
        gone._raw_delete(gone.db)
    return len(keys)
