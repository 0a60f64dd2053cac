"""Which method judges, and dry runs of another one."""

from django.conf import settings
from django.db import models
from django.db.models.functions import Now

from risk.choices import RunState
from risk.models.score import append_only


class MethodInForce(models.Model):
    """From `since` on, scores are judged with this released version; the newest row holds. Rows are only ever added."""

    version = models.CharField(max_length=32)
    since = models.DateTimeField(db_default=Now())
    set_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    reason = models.TextField(max_length=2000)

    class Meta:
        ordering = ["-id"]
        triggers = append_only("Methods in force")

    def __str__(self) -> str:
        return self.version


class MethodComparison(models.Model):
    """A dry run: the estate judged under two versions, asked for by an administrator and carried out by a worker.

    `result` is `risk.selectors.method_diff.Difference` as plain values, once it is done.
    """

    before = models.CharField(max_length=32)
    after = models.CharField(max_length=32)
    state = models.CharField(max_length=10, choices=RunState.choices, default=RunState.RUNNING)
    done = models.IntegerField(default=0)
    total = models.IntegerField(default=0)
    result = models.JSONField(null=True)
    error = models.TextField(blank=True)
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    asked_at = models.DateTimeField(db_default=Now())
    beat_at = models.DateTimeField(null=True)  # the last sign of life of a worker; null: none began yet
    finished_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.before} to {self.after}"
