"""Recommendations: what rules found, where, and what became of each. Computed, so without row history (contracts §4);
what people decide about them is in the steps and in the audit log."""

from django.conf import settings
from django.db import models
from django.db.models import IntegerChoices, TextChoices
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from inventory.models import Department


class Gravity(IntegerChoices):
    """How grave a finding is; the number is what is sorted by."""

    LOW = 1, _("Low")
    MEDIUM = 2, _("Medium")
    HIGH = 3, _("High")


class RecommendationState(TextChoices):
    OPEN = "open", _("Not started")
    IN_PROGRESS = "in_progress", _("In progress")
    DISMISSED = "dismissed", _("Dismissed")
    COMPLETED = "completed", _("Completed")


class RecommendationAction(TextChoices):
    """What happened to a recommendation, in the past tense."""

    FOUND = "found", _("Found")
    STARTED = "started", _("Taken in progress")
    ASSIGNED = "assigned", _("Assigned")
    DISMISSED = "dismissed", _("Dismissed")
    REOPENED = "reopened", _("Opened again")
    COMPLETED = "completed", _("Completed by itself")


class Subject(models.Model):
    """One line of evidence: what a rule (`selectors.rules`) found, in which department. The evaluation replaces them.

    `kind` and `ref` say what it is about, so that a page can lead there: an application, a sighting, an alert and so
    on. They are no foreign keys, because sightings and alerts come and go in sets. Department null: *Unassigned*, or
    nothing that belongs to one.
    """

    rule = models.CharField(max_length=40)
    key = models.CharField(max_length=1000)
    department = models.ForeignKey(Department, models.CASCADE, null=True, related_name="+", db_index=False)
    kind = models.CharField(max_length=20)
    ref = models.BigIntegerField(null=True)
    name = models.CharField(max_length=500)
    amount = models.BigIntegerField()
    gravity = models.SmallIntegerField(choices=Gravity.choices)
    note = models.TextField(blank=True)
    since = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["-gravity", "-amount", "id"]
        constraints = [models.UniqueConstraint(fields=["rule", "key"], name="subject_once")]
        indexes = [models.Index(fields=["rule", "-gravity", "-amount", "id"], name="subject_by_rule")]

    def __str__(self) -> str:
        return self.name


class Recommendation(models.Model):
    """What a rule says about a department with everything below it. `rows` and `amount` are the number of its subjects
    and the sum of their amounts. The cards of a department and of the one above it stand each on its own: what is
    dismissed for the organisation is not dismissed for a division.

    `missed`: for how many evaluations in a row nothing was found. `kept_*`: how it stood when it was dismissed.
    """

    rule = models.CharField(max_length=40)
    department = models.ForeignKey(Department, models.CASCADE, related_name="+", db_index=False)
    state = models.CharField(max_length=12, choices=RecommendationState.choices, default=RecommendationState.OPEN)
    since = models.DateTimeField()  # of the state
    found_at = models.DateTimeField()
    gravity = models.SmallIntegerField(choices=Gravity.choices)
    rows = models.IntegerField()
    amount = models.BigIntegerField()
    departments = models.IntegerField()  # in which there is something, itself included
    missed = models.SmallIntegerField(default=0)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    reason = models.TextField(blank=True)  # of the dismissal
    until = models.DateField(null=True)  # the last day of the dismissal
    kept_rows = models.IntegerField(null=True)
    kept_amount = models.BigIntegerField(null=True)
    kept_gravity = models.SmallIntegerField(null=True)

    class Meta:
        ordering = ["-gravity", "-amount", "id"]
        constraints = [models.UniqueConstraint(fields=["department", "rule"], name="recommendation_once")]

    def __str__(self) -> str:
        return f"{self.rule} in {self.department_id}"


class RecommendationStep(models.Model):
    """What happened to a recommendation, and how it stood then: never changed, only added to."""

    recommendation = models.ForeignKey(Recommendation, models.CASCADE, related_name="steps", db_index=False)
    action = models.CharField(max_length=12, choices=RecommendationAction.choices)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")  # null: by itself
    text = models.TextField(blank=True)
    about = models.CharField(max_length=300, blank=True)
    rows = models.IntegerField()
    amount = models.BigIntegerField()
    at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        ordering = ["-at", "-id"]
        indexes = [models.Index(fields=["recommendation", "-at", "-id"], name="recommendation_steps")]

    def __str__(self) -> str:
        return f"{self.get_action_display()} {self.about}".strip()


class RecommendationDay(models.Model):
    """What a recommendation counted at the end of a day, and from then on until there is a newer row."""

    recommendation = models.ForeignKey(Recommendation, models.CASCADE, related_name="days", db_index=False)
    day = models.DateField()
    gravity = models.SmallIntegerField(choices=Gravity.choices)
    rows = models.IntegerField()
    amount = models.BigIntegerField()
    departments = models.IntegerField()

    class Meta:
        ordering = ["-day"]
        constraints = [models.UniqueConstraint(fields=["recommendation", "day"], name="recommendation_day_once")]

    def __str__(self) -> str:
        return f"{self.recommendation_id} on {self.day}"


class SubjectSpell(models.Model):
    """A subject from the end of `day` until before the end of `until` (null: still), while its place, name and gravity
    stayed. Amounts move with every feed and are kept of cards alone."""

    rule = models.CharField(max_length=40)
    key = models.CharField(max_length=1000)
    department = models.ForeignKey(Department, models.CASCADE, null=True, related_name="+", db_index=False)
    kind = models.CharField(max_length=20)
    ref = models.BigIntegerField(null=True)
    name = models.CharField(max_length=500)
    gravity = models.SmallIntegerField(choices=Gravity.choices)
    day = models.DateField()
    until = models.DateField(null=True)

    class Meta:
        ordering = ["-gravity", "name", "id"]
        constraints = [
            models.UniqueConstraint(fields=["rule", "key"], condition=models.Q(until=None), name="subject_spell_open")
        ]
        indexes = [models.Index(fields=["rule", "day"], name="subject_spell_by_rule")]

    def __str__(self) -> str:
        return self.name


class RuleReading(models.Model):
    """When a rule was last evaluated, and which feed it lacks: then it says nothing, and nothing completes."""

    rule = models.CharField(max_length=40, primary_key=True)
    evaluated_at = models.DateTimeField()
    as_of = models.DateTimeField(null=True)  # the newest event it looked at; null: the moment itself
    needs = models.TextField(blank=True)

    def __str__(self) -> str:
        return self.rule


class RuleThreshold(models.Model):
    """A threshold that an administrator has changed; where there is no row, the rule's own counts."""

    rule = models.CharField(max_length=40)
    name = models.CharField(max_length=40)
    value = models.FloatField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["rule", "name"], name="threshold_once")]

    def __str__(self) -> str:
        return f"{self.rule}.{self.name} = {self.value:g}"
