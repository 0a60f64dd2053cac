"""Evidence: files and links that show that a control works."""

import pgtrigger
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now

from inventory.models import AIApplication
from inventory.models.history import tracked
from risk.choices import FileKind


class EvidenceFile(models.Model):
    """The content of a file, stored once under its SHA-256 in EVIDENCE_ROOT, whoever added it and how often."""

    sha256 = models.CharField(max_length=64, primary_key=True)
    size = models.BigIntegerField()  # bytes
    kind = models.CharField(max_length=8, choices=FileKind.choices)
    stored_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return self.sha256[:12]


@tracked()
class Evidence(models.Model):
    """One file or link that shows that a control (`controls.yaml`) of an application works.

    `kind` is one of the method's evidence kinds, `title` what it shows. `issued` is the day it was made, `valid_until`
    the last day on which it counts (null: no end). Content never changes: who has something better withdraws this and
    adds that. `changed_at`: since when its words and dates stand; an independent check covers what stood before it.
    `changed_by`: everybody who corrected them; they state with it, and so may not rest a check on it.
    Rows are never deleted, so that an auditor finds what a past statement rested on.
    """

    application = models.ForeignKey(AIApplication, models.PROTECT, related_name="evidence", db_index=False)
    control = models.CharField(max_length=16)
    kind = models.CharField(max_length=40)
    title = models.CharField(max_length=300)
    link = models.URLField(max_length=2000, blank=True)
    file = models.ForeignKey(EvidenceFile, models.PROTECT, null=True, related_name="evidence", db_index=False)
    file_name = models.CharField(max_length=255, blank=True)
    issued = models.DateField()
    valid_until = models.DateField(null=True)
    added_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", db_index=False)
    added_at = models.DateTimeField(db_default=Now())
    changed_at = models.DateTimeField(db_default=Now())
    changed_by = ArrayField(models.BigIntegerField(), default=list, db_default=[])
    withdrawn_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", db_index=False
    )
    withdrawn_at = models.DateTimeField(null=True)
    withdrawn_why = models.TextField(blank=True, max_length=1000)

    class Meta:
        verbose_name_plural = "evidence"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(link="", file__isnull=False) | (~models.Q(link="") & models.Q(file__isnull=True)),
                name="evidence_is_a_file_or_a_link",
            ),
        ]
        indexes = [
            models.Index(fields=["application", "control"], name="evidence_of_control"),
            # Whose it is and since when it stands besides, so that counting what ends reads no wide rows
            models.Index(
                fields=["valid_until", "id"],
                include=["application", "added_at", "changed_at"],
                name="evidence_by_end",
                condition=models.Q(withdrawn_at__isnull=True),
            ),
            # What is not as it was on a past day
            models.Index(
                fields=["withdrawn_at"], name="evidence_withdrawn", condition=models.Q(withdrawn_at__isnull=False)
            ),
            models.Index(
                fields=["changed_at"],
                name="evidence_corrected",
                condition=models.Q(changed_at__gt=models.F("added_at")),
            ),
        ]
        triggers = [pgtrigger.Protect(name="never_deleted", operation=pgtrigger.Delete)]

    def __str__(self) -> str:
        return self.title
