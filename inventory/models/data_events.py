"""Matches of data-loss rules, and sensitive information found, around AI applications."""

from django.contrib.postgres.fields import ArrayField
from django.db import models

from inventory.choices import DataEventKind, Enforcement, Severity
from inventory.models.activity import ImportBatch
from inventory.models.application import AIApplication
from inventory.models.organisation import Department


class DataEvent(models.Model):
    """One event, as an audit record or the activity explorer tells it; where both do, the one that came first.

    Computed from feeds like interactions, so without row history. Where nothing registered fits, or a link decided,
    `seen_as` is the name seen and `folded` that of a sighting.
    """

    record_id = models.UUIDField(primary_key=True)  # made as that of an interaction
    kind = models.CharField(max_length=12, choices=DataEventKind.choices)
    source = models.CharField(max_length=10)  # audit or explorer
    at = models.DateTimeField()
    application = models.ForeignKey(AIApplication, models.PROTECT, null=True, db_index=False, related_name="+")
    seen_as = models.CharField(max_length=300, blank=True)
    folded = models.CharField(max_length=300, blank=True, db_default="")
    department = models.ForeignKey(Department, models.PROTECT, null=True, db_index=False, related_name="+")
    pseudonym = models.UUIDField(null=True)
    policy = models.CharField(max_length=300, blank=True)
    rule = models.CharField(max_length=300, blank=True)
    severity = models.CharField(max_length=15, choices=Severity.choices, blank=True)
    enforcement = models.CharField(max_length=10, choices=Enforcement.choices, blank=True)
    information_types = ArrayField(models.TextField(), default=list)
    batch = models.ForeignKey(ImportBatch, models.PROTECT, db_index=False, db_constraint=False, related_name="+")

    class Meta:
        ordering = ["-at", "record_id"]
        indexes = [
            models.Index(fields=["application", "-at"], name="data_event_by_application"),
            models.Index(fields=["pseudonym", "at"], name="data_event_by_person"),  # twins, and people who move
            models.Index(fields=["-at", "record_id"], name="data_event_by_time"),
        ]

    def __str__(self) -> str:
        return self.rule or self.get_kind_display()
