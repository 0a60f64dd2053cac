"""Days on which use was out of the ordinary, and what is needed to find them. Computed, so without row history."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from inventory.choices import UsageMetric
from inventory.models.application import AIApplication
from inventory.models.organisation import Department


class WorkingHours(models.Model):
    """The one row (pk 1) of hours by which the daily figures count what is off hours, as the settings write them."""

    hours = models.CharField(max_length=20)
    days = models.CharField(max_length=20)
    counted = models.BooleanField(default=False)  # whether what was stored before the row was counted by it

    def __str__(self) -> str:
        return f"{self.hours}, days {self.days}"


class ChangedDay(models.Model):
    """A day whose figures changed: the queue of the search. A day may stand here often, so that nobody who stores
    figures ever waits for the search."""

    day = models.DateField()

    def __str__(self) -> str:
        return str(self.day)


class UnusualDay(models.Model):
    """A day's use of an application, or by the people of a department and those below it, far above the usual.

    `value` is what was judged: a number of interactions, or a share of them; `hits` of `total` are what it stands for.
    `low` to `high` is the usual, `limit` what it had to exceed, `history` the days that say so (docs/decisions/0026).
    """

    application = models.ForeignKey(AIApplication, models.PROTECT, null=True, db_index=False, related_name="+")
    department = models.ForeignKey(Department, models.PROTECT, null=True, db_index=False, related_name="+")
    metric = models.CharField(max_length=15, choices=UsageMetric.choices)
    day = models.DateField()
    hits = models.BigIntegerField()
    total = models.BigIntegerField()
    value = models.FloatField()
    low = models.FloatField()
    high = models.FloatField()
    limit = models.FloatField()
    history = models.SmallIntegerField()
    found_at = models.DateTimeField(db_default=Now(), editable=False)
    dismissed_at = models.DateTimeField(null=True)
    dismissed_by = models.ForeignKey("inventory.User", models.SET_NULL, null=True, related_name="+")
    dismissed_value = models.FloatField(null=True)  # as it was then: much more is news again
    reason = models.TextField(blank=True, db_default="")

    class Meta:
        ordering = ["-day", "metric", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["application", "department", "metric", "day"], nulls_distinct=False, name="unusual_day_once"
            ),
            models.CheckConstraint(
                condition=Q(application__isnull=True) ^ Q(department__isnull=True), name="unusual_day_of_one"
            ),
        ]
        indexes = [
            models.Index(fields=["-day", "-id"], name="unusual_by_day"),
            models.Index(fields=["department", "-day"], name="unusual_by_department", condition=Q(application=None)),
        ]

    def __str__(self) -> str:
        return f"{self.subject}: {self.get_metric_display()} on {self.day}"

    @property
    def subject(self) -> str:
        """Whose use it is."""
        return str(self.application or self.department)

    @property
    def dismissed(self) -> bool:
        return self.dismissed_at is not None
