"""Full recalculations: who asked, how far each is, and the parts still to do."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from inventory.models import Department
from risk.choices import RunState


class RescoreRun(models.Model):
    """One recalculation of every application, or of those of a department and below.

    `parts` are what the applications were cut into; those still to do are rows of `RescorePart`. The counts are added
    up in the transactions of the parts, so they are exact however often a worker is killed.
    """

    department = models.ForeignKey(Department, models.CASCADE, null=True, related_name="+", db_index=False)
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    nightly = models.BooleanField(default=False)
    state = models.CharField(max_length=10, choices=RunState.choices, default=RunState.RUNNING)
    asked_at = models.DateTimeField(db_default=Now())
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    parts = models.IntegerField(default=0)
    parts_done = models.IntegerField(default=0)
    total = models.IntegerField(default=0)  # applications
    applications = models.IntegerField(default=0)  # of them judged
    changed = models.IntegerField(default=0)  # snapshots written
    band_changes = models.IntegerField(default=0)
    attempts = models.SmallIntegerField(default=0)  # to finish it, that failed
    error = models.TextField(blank=True)

    class Meta:
        constraints = [
            # Asked for again while it runs, it is the same one
            models.UniqueConstraint(
                fields=["department"],
                condition=Q(state="running"),
                nulls_distinct=False,
                name="one_running_recalculation",
            )
        ]
        indexes = [models.Index(fields=["-asked_at", "-id"], name="run_by_time")]

    def __str__(self) -> str:
        return f"{self.get_state_display()}: {self.applications} of {self.total}"

    @property
    def percent(self) -> int:
        """How much of it is done."""
        return 100 * self.parts_done // self.parts if self.parts else 100


class RescorePart(models.Model):
    """Queue: applications with ids from `first` to `last` that a run has still to judge.

    A worker locks the row, judges, and deletes it in the same transaction; one that dies leaves it as it was.
    """

    run = models.ForeignKey(RescoreRun, models.CASCADE, related_name="waiting")
    first = models.BigIntegerField()
    last = models.BigIntegerField()
    attempts = models.SmallIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.run_id}: {self.first} to {self.last}"
