"""Measurements of AI systems that people or pipelines deliver: drift, fairness by group, reports, overrides."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from inventory.models.activity import ImportBatch
from inventory.models.application import AIApplication


class Metric(models.Model):
    """One value of one metric of a system, for all or for a group, at a time."""

    system = models.CharField(max_length=300)
    folded = models.CharField(max_length=900)  # case-folded, which may be longer
    application = models.ForeignKey(AIApplication, models.PROTECT, null=True, related_name="metrics")
    metric = models.CharField(max_length=100)  # lower case, words joined by _
    group = models.CharField(max_length=200, blank=True)  # empty: of all
    value = models.FloatField()
    at = models.DateTimeField()
    batch = models.ForeignKey(ImportBatch, models.SET_NULL, null=True, related_name="+")  # null once it is forgotten
    stored_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["folded", "metric", "group", "at"], name="metric_value_once")]
        indexes = [
            models.Index(fields=["application", "-at"], name="metric_by_application"),
            models.Index(fields=["folded"], name="metric_without_application", condition=Q(application__isnull=True)),
            models.Index(fields=["at"], name="metric_to_purge"),
        ]

    def __str__(self) -> str:
        return f"{self.system}: {self.metric} {self.group} {self.value}"
