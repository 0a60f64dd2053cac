"""Figures of departments and of frameworks, one row a day on which they were taken."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from inventory.models import AIApplication, Department
from risk.choices import Band, RequirementStatus


class DepartmentDay(models.Model):
    """Risk of a department with everything below it on a day (methods.md §7), live applications only.

    `principle` is one of the six or "overall". The figure of a day is the newest row on or before it. A department
    that never had a live application has no row; one that lost its last one gets a row with count 0 and no figures.
    `<band>_count` are the applications whose point for this principle lies in the band; they add up to `count`, and the
    overview and the band charts read them, so that no page counts a hundred thousand applications.
    `index_30d` and so on: the index in so many days if nobody acts; for "overall" only.
    """

    department = models.ForeignKey(Department, models.CASCADE, related_name="days", db_index=False)
    day = models.DateField()
    principle = models.CharField(max_length=20)
    index = models.FloatField(null=True)
    worst = models.FloatField(null=True)
    tail = models.FloatField(null=True)
    mean = models.FloatField(null=True)
    band = models.CharField(max_length=8, choices=Band.choices, null=True)
    critical_share = models.FloatField(null=True)
    high_share = models.FloatField(null=True)
    count = models.IntegerField()
    low_count = models.IntegerField()
    moderate_count = models.IntegerField()
    high_count = models.IntegerField()
    critical_count = models.IntegerField()
    index_30d = models.FloatField(null=True)
    index_60d = models.FloatField(null=True)
    index_90d = models.FloatField(null=True)
    worst_application = models.ForeignKey(AIApplication, models.SET_NULL, null=True, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["department", "principle", "day"], name="department_day_once"),
            models.CheckConstraint(
                condition=Q(count=0, index=None) | Q(count__gt=0, index__isnull=False),
                name="no_figures_without_applications",
            ),
        ]
        indexes = [models.Index(fields=["day"], name="department_day_by_day")]

    def __str__(self) -> str:
        return f"{self.department_id} {self.day} {self.principle}"


class CoverageCounts(models.Model):
    """Requirements by state (methods.md §8), without those of level organisation.

    `assessed` requirements are those in the mean; `fulfilment_low` and `fulfilment_high` are sums over them, with
    unanswered controls as 0 and as 1; coverage is the sum divided by `assessed`. `overdue` are those in state gap or
    partial with a control whose promised day (`ControlState.due`) has passed.
    """

    framework = models.CharField(max_length=32)
    met = models.IntegerField()
    partial = models.IntegerField()
    gap = models.IntegerField()
    unknown = models.IntegerField()
    upcoming = models.IntegerField()
    not_assessed = models.IntegerField()
    overdue = models.IntegerField()
    assessed = models.IntegerField()
    fulfilment_low = models.FloatField()
    fulfilment_high = models.FloatField()

    class Meta:
        abstract = True


class ApplicationCoverage(CoverageCounts):
    """Coverage of one framework by one application; no row where no requirement of it applies.

    `states` holds one letter a requirement in the framework's order (`risk.scoring.tally.LETTERS`, "." does not
    apply).
    """

    application = models.ForeignKey(AIApplication, models.CASCADE, related_name="coverage", db_index=False)
    states = models.CharField(max_length=400)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["application", "framework"], name="application_coverage_once")]
        indexes = [
            # With all that the pages count by, since the rows of a framework lie apart
            models.Index(
                fields=["framework", "application"],
                include=["states", *(state.value for state in RequirementStatus), "overdue"],
                name="coverage_by_framework",
            )
        ]

    def __str__(self) -> str:
        return f"{self.application_id} {self.framework}"


class CoverageDay(CoverageCounts):
    """Coverage of one framework in a department with everything below it on a day, live applications only.

    Read like `DepartmentDay`: the newest row on or before a day; `applications` 0 says that none is left.
    """

    department = models.ForeignKey(Department, models.CASCADE, related_name="coverage_days", db_index=False)
    day = models.DateField()
    applications = models.IntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["department", "framework", "day"], name="coverage_day_once")]
        indexes = [models.Index(fields=["day"], name="coverage_day_by_day")]

    def __str__(self) -> str:
        return f"{self.department_id} {self.day} {self.framework}"


class ChangedDepartment(models.Model):
    """Queue: scores in this department changed, so its figures and those above it have to be taken again.

    Rows are only ever added, in the transaction of the scores, so that scoring never waits for a roll-up; the roll-up
    deletes what it has seen. A worker that dies in between leaves the work for the next.
    """

    department = models.ForeignKey(Department, models.CASCADE, related_name="+", db_index=False)
    changed_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return f"{self.department_id} {self.changed_at}"


class RollUpCount(models.Model):
    """One row: how many roll-ups there were. What pages keep in the cache between two of them stands under it."""

    number = models.BigIntegerField()
    counted_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(pk=1), name="one_roll_up_count")]

    def __str__(self) -> str:
        return f"{self.number}"
