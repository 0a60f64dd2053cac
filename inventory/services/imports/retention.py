"""What is kept for a time only: single interactions and metrics, and the texts of quarantined lines and alerts."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from inventory import access, audit_log
from inventory.access import Permission
from inventory.models import Alert, Interaction, Metric, QuarantinedRow, User


@transaction.atomic
def purge(*, actor: User | None = None, now: datetime | None = None) -> dict[str, int]:
    """Drop texts of quarantined lines and of alerts after RAW_RETENTION_DAYS (line and reason, and the alert, stay) and
    single interactions (their daily figures stay) and metrics after INTERACTION_RETENTION_DAYS. Returns how many.
    """
    access.require_everywhere(actor, Permission.ADMIN)
    now = now or timezone.now()
    raw_limit = now - timedelta(days=settings.RAW_RETENTION_DAYS)
    limit = now - timedelta(days=settings.INTERACTION_RETENTION_DAYS)
    texts = QuarantinedRow.objects.filter(raw__isnull=False, created_at__lt=raw_limit).update(raw=None)
    alerts = Alert.objects.filter(raw__isnull=False, received_at__lt=raw_limit).update(raw=None)
    old = Interaction.objects.filter(at__lt=limit)
    interactions = old._raw_delete(old.db)
    measured = Metric.objects.filter(at__lt=limit)
    metrics = measured._raw_delete(measured.db)
    counts = {"quarantined_texts": texts, "alert_texts": alerts, "interactions": interactions, "metrics": metrics}
    if any(counts.values()):
        audit_log.record(
            actor=actor,
            action="feed.purged",
            summary=f"Dropped {interactions:,} interactions and {texts + alerts:,} raw texts past their time",
            details={**counts, "interactions_before": limit.isoformat(), "texts_before": raw_limit.isoformat()},
        )
    return counts
