"""Written records about an application, version by version: impact assessment, Art. 27, exemption under Art. 6(3)."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now

from inventory.models import AIApplication
from inventory.models.history import tracked
from risk.choices import RecordForm, RecordState


@tracked()
class Record(models.Model):
    """One version of a record. Only a draft changes its content; submitting freezes it.

    `content` is what `risk.records.content` describes, written in the form of `release`. `triggers` are the answers
    that call for more than one signature; `authors` who wrote in it or an earlier version (none may sign);
    `basis` the register fields and answers as they stood at submission: a change of them makes it due again.
    `reported_on`, `reported_as`: what the law wants told to an authority, where the form knows such a duty.
    """

    application = models.ForeignKey(AIApplication, models.CASCADE, related_name="records", db_index=False)
    form = models.CharField(max_length=24, choices=RecordForm.choices)
    version = models.PositiveSmallIntegerField()
    release = models.CharField(max_length=16)
    state = models.CharField(max_length=12, choices=RecordState.choices, default=RecordState.DRAFT)
    content = models.JSONField(default=dict)
    triggers = ArrayField(models.CharField(max_length=96), default=list)
    basis = models.JSONField(default=dict)
    authors = ArrayField(models.BigIntegerField(), default=list)
    saved_at = models.DateTimeField(db_default=Now())
    saved_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    submitted_at = models.DateTimeField(null=True)
    submitted_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    closed_at = models.DateTimeField(null=True)
    reason = models.TextField(blank=True)
    reported_on = models.DateField(null=True)
    reported_as = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ["application", "form", "-version"]
        constraints = [
            models.UniqueConstraint(fields=["application", "form", "version"], name="record_version_once"),
            models.UniqueConstraint(
                fields=["application", "form"],
                condition=models.Q(state__in=["draft", "submitted"]),
                name="record_one_open_version",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_form_display()}, version {self.version}"


@tracked()
class Signature(models.Model):
    """A person's word on a submitted record: agreed, or sent back."""

    record = models.ForeignKey(Record, models.CASCADE, related_name="signatures", db_index=False)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    agrees = models.BooleanField()
    note = models.TextField(blank=True)
    signed_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["signed_at", "id"]
        constraints = [models.UniqueConstraint(fields=["record", "person"], name="signature_once")]

    def __str__(self) -> str:
        return f"{self.person}: {'agreed' if self.agrees else 'sent back'}"
