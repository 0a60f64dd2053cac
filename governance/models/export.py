"""Exports made: what left the house, when, for whom, and the fingerprint of what was handed over."""

from django.conf import settings
from django.db import models
from django.db.models.functions import Now

from inventory.models import Department


class Export(models.Model):
    """One export. The row is written before the first byte leaves, so that one that breaks off is seen as well:
    `finished_at` is null until the last byte was handed over.
    """

    dataset = models.CharField(max_length=32)
    format = models.CharField(max_length=8)
    # The sub-tree asked for; null: everything that `made_by` may take away
    department = models.ForeignKey(Department, models.PROTECT, null=True, related_name="+")
    filters = models.JSONField(default=dict)  # those applied: lists of values by parameter
    as_of = models.DateField()
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    started_at = models.DateTimeField(db_default=Now())
    finished_at = models.DateTimeField(null=True)
    rows = models.BigIntegerField(null=True)
    size = models.BigIntegerField(null=True)  # bytes
    sha256 = models.CharField(max_length=64, blank=True)

    class Meta:
        ordering = ["-started_at", "-id"]
        indexes = [
            models.Index(fields=["-started_at", "-id"], name="export_by_time"),
            models.Index(fields=["made_by", "-started_at"], name="export_by_person"),
        ]

    def __str__(self) -> str:
        return f"{self.dataset}.{self.format}"
