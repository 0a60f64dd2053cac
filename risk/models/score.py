"""Computed scores: the current one of each application, every earlier one, and the days on which a band changed.

Computed tables have no row history; their own dated rows are it (contracts §4).
"""

from datetime import date, timedelta
from typing import Any

import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import OuterRef
from django.db.models.functions import Coalesce

from inventory.models import AIApplication, Department
from risk.choices import Band, EUClass, Principle
from risk.scoring.case import MOVING


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
    coverage_digest = models.CharField(max_length=32, default="")  # of the application's rows of `ApplicationCoverage`
    # Point now less the point 30 days ago; null where there was no score then
    change_30d = models.FloatField(null=True)
    # Overall point in so many days if nobody acts: ages grow, evidence runs out, events fade, usage stays as it is
    overall_30d = models.FloatField(null=True)
    overall_60d = models.FloatField(null=True)
    overall_90d = models.FloatField(null=True)
    # The department whose figures count this application now; null: not live, counted nowhere (contracts §3)
    counted_in = models.ForeignKey(Department, models.SET_NULL, null=True, related_name="+", db_index=False)

    class Meta:
        indexes = [
            # What the list of a hundred thousand sorts and narrows by: narrow indexes, because the rows are wide
            models.Index(
                fields=["overall_point", "application"],
                include=["counted_in", "band", "eu_class"],
                name="score_by_point",
            ),
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
            # Everything a roll-up reads, and what says whose band will rise, so that nobody walks through the wide rows
            models.Index(
                fields=["counted_in"],
                include=[
                    *("application", "exposure", "overall_point", "overall_30d", "overall_60d", "overall_90d"),
                    *(f"{p}_point" for p in Principle.values),
                ],
                name="score_for_rollup",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.overall_point:.1f} {self.band}"


def append_only(what: str) -> list[pgtrigger.Trigger]:
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


class NotComputable(models.Model):
    """An application that the method in force can't judge. It then has no current score: nothing shows a number.

    Once it is judged again, this row becomes a `NotComputableSpell`.
    """

    application = models.OneToOneField(AIApplication, models.CASCADE, primary_key=True, related_name="not_computable")
    reason = models.TextField()
    since = models.DateTimeField()

    def __str__(self) -> str:
        return self.reason


class NotComputableSpell(models.Model):
    """A time in which an application could not be judged, from `since` to before `until`: no figure was in force."""

    application = models.ForeignKey(AIApplication, models.PROTECT, related_name="not_computable_spells", db_index=False)
    reason = models.TextField()
    since = models.DateTimeField()
    until = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["application", "-since"], name="not_computable_spell")]
        triggers = append_only("Spells without a figure")

    def __str__(self) -> str:
        return self.reason


class SnapshotQuerySet(models.QuerySet["ScoreSnapshot"]):
    """Stored judgements."""

    def with_inputs(self) -> "SnapshotQuerySet":
        """Each with the dated inputs it was made of, also where another snapshot holds them, in the same query."""
        return self.annotate(
            dated_inputs=Coalesce("inputs", models.Subquery(_holders(OuterRef("application"), OuterRef("digest"))))
        )


def _holders(application: Any, digest: Any) -> models.QuerySet["ScoreSnapshot", Any]:
    """The inputs with this digest: of the first snapshot with them, since one after a return holds the same."""
    found = ScoreSnapshot.objects.filter(application=application, digest=digest, inputs__isnull=False)
    return found.order_by("id").values_list("inputs", flat=True)[:1]


class ScoreSnapshot(ScoreValues):
    """One judgement as it was made, with everything needed to make it again (methods.md §12).

    `inputs` are the dated inputs as `risk.scoring.case.to_plain` writes them, once for each time they changed: null
    says that they are those of an earlier snapshot of the application with this `digest`. `moving` is what the digest
    leaves out: usage and measures of the window and the ratchet, null where there are none. Explanations are derived
    from both.
    """

    application = models.ForeignKey(AIApplication, models.PROTECT, related_name="snapshots", db_index=False)
    inputs = models.JSONField(null=True)
    moving = models.JSONField(null=True)

    objects = SnapshotQuerySet.as_manager()

    class Meta:
        indexes = [
            # With what lists of a past day are narrowed and sorted by, and departments weighed by: the rows are wide
            models.Index(
                fields=["application", "-as_of", "-id"],
                include=["overall_point", "band", "eu_class", "exposure"],
                name="snapshot_by_application",
            ),
            models.Index(fields=["as_of"], name="snapshot_by_day"),
        ]
        triggers = append_only("Score snapshots")

    def __str__(self) -> str:
        return f"{self.as_of}: {self.overall_point:.1f} {self.band}"

    @property
    def plain(self) -> dict[str, Any]:
        """Everything it was made of, as `risk.scoring.case.from_plain` and `digest` take it.

        Costs a query where another snapshot holds the inputs and it wasn't read `with_inputs`.
        """
        dated = self.inputs if self.inputs is not None else getattr(self, "dated_inputs", None)
        if dated is None:
            dated = _holders(self.application_id, self.digest).first()
        if dated is None:
            raise ValueError(f"no snapshot holds the inputs {self.digest}")
        own = {} if self.inputs is not None else dict.fromkeys(MOVING)
        return {key: value for key, value in {**dated, **own, **(self.moving or {})}.items() if value is not None}


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
        triggers = append_only("Band changes")

    def __str__(self) -> str:
        return f"{self.before} to {self.after}"

    @property
    def eve(self) -> date:
        """The day before, whose score a comparison starts from."""
        return self.day - timedelta(days=1)
