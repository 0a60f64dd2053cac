"""Computed scores: the current one of each application, every earlier one, and the days on which a band changed.

Computed tables have no row history; their own dated rows are it (contracts §4).
"""

import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.db import models

from inventory.models import AIApplication, Department
from risk.choices import Band, EUClass, Principle


class ScoreValues(models.Model):
    """The figures of one judgement, 0 best to 100 worst, unrounded (methods.md §2 to §6)."""

    overall_low = models.FloatField()
    overall_high = models.FloatField()
    overall_point = models.FloatField()
    band = models.CharField(max_length=8, choices=Band.choices)
    fairness_inherent = models.FloatField()
    fairness_low = models.FloatField()
    fairness_high = models.FloatField()
    fairness_point = models.FloatField()
    reliability_safety_inherent = models.FloatField()
    reliability_safety_low = models.FloatField()
    reliability_safety_high = models.FloatField()
    reliability_safety_point = models.FloatField()
    privacy_security_inherent = models.FloatField()
    privacy_security_low = models.FloatField()
    privacy_security_high = models.FloatField()
    privacy_security_point = models.FloatField()
    inclusiveness_inherent = models.FloatField()
    inclusiveness_low = models.FloatField()
    inclusiveness_high = models.FloatField()
    inclusiveness_point = models.FloatField()
    transparency_inherent = models.FloatField()
    transparency_low = models.FloatField()
    transparency_high = models.FloatField()
    transparency_point = models.FloatField()
    accountability_inherent = models.FloatField()
    accountability_low = models.FloatField()
    accountability_high = models.FloatField()
    accountability_point = models.FloatField()
    # Weight of the application in its department, by people affected (methods.md §7)
    exposure = models.SmallIntegerField()
    # Null while more than one class is possible
    eu_class = models.CharField(max_length=16, choices=EUClass.choices, null=True)
    method = models.CharField(max_length=16)  # released version, e.g. 2026.1
    digest = models.CharField(max_length=64)  # sha256 over the dated inputs and the method
    as_of = models.DateField()  # the day for which ages were taken
    computed_at = models.DateTimeField()

    class Meta:
        abstract = True


class CurrentScore(ScoreValues):
    """The present judgement of one application."""

    application = models.OneToOneField(AIApplication, models.CASCADE, primary_key=True, related_name="score")
    eu_possible = ArrayField(models.CharField(max_length=16), default=list)
    eu_articles = ArrayField(models.CharField(max_length=64), default=list)
    facts = models.JSONField(default=dict)  # fact: true, or null while unknown; false facts are left out
    questions_asked = models.SmallIntegerField(default=0)
    questions_answered = models.SmallIntegerField(default=0)
    controls_asked = models.SmallIntegerField(default=0)
    controls_answered = models.SmallIntegerField(default=0)
    tier = models.SmallIntegerField(default=1)  # of controls asked (methods.md §3)
    held = models.JSONField(null=True)  # the ratchet in force: [overall, {principle: point}, [controls waited for]]
    # Point now less the point 30 days ago; null where there was no score then
    change_30d = models.FloatField(null=True)
    # The department whose figures count this application now; null: not live, counted nowhere (contracts §3)
    counted_in = models.ForeignKey(Department, models.SET_NULL, null=True, related_name="+", db_index=False)

    class Meta:
        indexes = [
            # What the list of a hundred thousand sorts and narrows by: narrow indexes, because the rows are wide
            models.Index(fields=["overall_point", "application"], name="score_by_point"),
            *(
                models.Index(fields=[f"{principle}_point", "application"], name=f"score_by_{principle}")
                for principle in Principle.values
            ),
            models.Index(fields=["change_30d", "application"], name="score_by_change"),
            models.Index(
                models.F("change_30d").desc(nulls_last=True), models.F("application").desc(), name="score_by_rise"
            ),
            models.Index(fields=["eu_class", "application"], name="score_by_class"),
            models.Index(fields=["band", "application"], name="score_by_band"),
            # Everything a roll-up reads, so that it does not walk through the wide rows
            models.Index(
                fields=["counted_in"],
                include=["application", "exposure", "overall_point", *(f"{p}_point" for p in Principle.values)],
                name="score_for_rollup",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.overall_point:.1f} {self.band}"


class NotComputable(models.Model):
    """An application that the method in force can't judge. It then has no current score: nothing shows a number."""

    application = models.OneToOneField(AIApplication, models.CASCADE, primary_key=True, related_name="not_computable")
    reason = models.TextField()
    since = models.DateTimeField()

    def __str__(self) -> str:
        return self.reason


def _append_only(what: str) -> list[pgtrigger.Trigger]:
    return [
        pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete),
        pgtrigger.Trigger(
            name="no_truncate",
            level=pgtrigger.Statement,
            when=pgtrigger.Before,
            operation=pgtrigger.Truncate,
            func=f"RAISE EXCEPTION '{what} are append-only.';",
        ),
    ]


class ScoreSnapshot(ScoreValues):
    """One judgement as it was made, with everything needed to make it again (methods.md §12).

    `inputs` are the dated inputs in compact form (`risk.services.inputs`); `contributions` the parts of each
    principle's point, unrounded, as `{principle: {part: points}}`.
    """

    application = models.ForeignKey(AIApplication, models.PROTECT, related_name="snapshots", db_index=False)
    inputs = models.JSONField()
    contributions = models.JSONField(default=dict)

    class Meta:
        indexes = [
            models.Index(fields=["application", "-as_of", "-id"], name="snapshot_by_application"),
            models.Index(fields=["as_of"], name="snapshot_by_day"),
        ]
        triggers = _append_only("Score snapshots")

    def __str__(self) -> str:
        return f"{self.as_of}: {self.overall_point:.1f} {self.band}"


class BandChange(models.Model):
    """An application moved from one band to another. What tells people reads these rows."""

    application = models.ForeignKey(AIApplication, models.PROTECT, related_name="band_changes", db_index=False)
    day = models.DateField()
    changed_at = models.DateTimeField()
    before = models.CharField(max_length=8, choices=Band.choices)
    after = models.CharField(max_length=8, choices=Band.choices)
    point_before = models.FloatField()
    point_after = models.FloatField()

    class Meta:
        ordering = ["-changed_at", "-id"]
        indexes = [
            models.Index(fields=["application", "-changed_at"], name="band_change_by_application"),
            models.Index(fields=["-changed_at"], name="band_change_by_time"),
        ]
        triggers = _append_only("Band changes")

    def __str__(self) -> str:
        return f"{self.before} to {self.after}"
