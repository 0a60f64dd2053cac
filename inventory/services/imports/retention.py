"""What is kept for a time only: single interactions, and the texts of quarantined lines and alerts. Figures stay."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from inventory import access, audit_log
from inventory.access import Permission
from inventory.models import Alert, QuarantinedRow, User
from inventory.services.imports import months


@transaction.atomic
def purge(*, actor: User | None = None, now: datetime | None = None) -> dict[str, int]:
    """Drop texts of quarantined lines and of alerts after RAW_RETENTION_DAYS (line and reason, and the alert, stay) and
    single interactions after INTERACTION_RETENTION_DAYS (their daily figures stay). Returns how many of each."""
    access.require_everywhere(actor, Permission.ADMIN)
    now = now or timezone.now()
    raw_limit = now - timedelta(days=settings.RAW_RETENTION_DAYS)
    limit = now - timedelta(days=settings.INTERACTION_RETENTION_DAYS)
    texts = QuarantinedRow.objects.filter(raw__isnull=False, created_at__lt=raw_limit).update(raw=None)
    alerts = Alert.objects.filter(raw__isnull=False, received_at__lt=raw_limit).update(raw=None)
    with connection.cursor() as cursor:
        interactions = months.drop_before(cursor, limit)
    counts = {"quarantined_texts": texts, "alert_texts": alerts, "interactions": interactions}
    if any(counts.values()):
        audit_log.record(
            actor=actor,
            action="feed.purged",
            summary=f"Dropped {interactions:,} interactions and {texts + alerts:,} raw texts past their time",
            details={**counts, "interactions_before": limit.isoformat(), "texts_before": raw_limit.isoformat()},
        )
    return counts
