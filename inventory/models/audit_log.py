"""The audit log: who did what, for whom, why and from where. Only `inventory.audit_log` writes it."""

import pgtrigger
from django.contrib.postgres.functions import TransactionNow
from django.db import models


class AuditLogEntry(models.Model):
    """One act. `at` is the transaction's time, the same as that of the row events the act caused."""

    at = models.DateTimeField(db_default=TransactionNow(), editable=False)
    actor = models.ForeignKey("inventory.User", models.PROTECT, null=True, related_name="+")  # null: the system
    on_behalf_of = models.ForeignKey("inventory.User", models.PROTECT, null=True, related_name="+")
    action = models.CharField(max_length=64)
    object_type = models.CharField(max_length=64, blank=True)
    object_id = models.CharField(max_length=64, blank=True)
    department = models.ForeignKey("inventory.Department", models.PROTECT, null=True, related_name="+")
    summary = models.CharField(max_length=500)
    reason = models.TextField(blank=True)
    details = models.JSONField(default=dict)
    address = models.GenericIPAddressField(null=True)

    class Meta:
        verbose_name_plural = "audit log entries"
        ordering = ["-at", "-id"]
        indexes = [
            models.Index(fields=["object_type", "object_id", "-at"], name="audit_by_object"),
            models.Index(fields=["-at", "-id"], name="audit_by_time"),
        ]
        triggers = [
            pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete),
            pgtrigger.Trigger(
                name="no_truncate",
                level=pgtrigger.Statement,
                when=pgtrigger.Before,
                operation=pgtrigger.Truncate,
                func="RAISE EXCEPTION 'The audit log is append-only.';",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.action}: {self.summary}"
