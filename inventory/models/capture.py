"""Whether texts of prompts and answers are taken in, and those that were. Off unless an administrator says so."""

from django.db import models
from django.db.models.functions import Now

from inventory.models.activity import ImportBatch


class ContentCapture(models.Model):
    """A turn of the switch; the newest one counts, and none at all means off. Rows are only added."""

    on = models.BooleanField()
    reason = models.CharField(max_length=500)
    switched_by = models.ForeignKey("inventory.User", models.SET_NULL, null=True, related_name="+")
    switched_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return "on" if self.on else "off"


class CapturedContent(models.Model):
    """The text that a row carried while capture was on: encrypted, for those who may see names, for a time."""

    record_id = models.UUIDField(primary_key=True)  # made as that of an interaction: a row read again is kept once
    batch = models.ForeignKey(ImportBatch, models.CASCADE, related_name="captured")
    line = models.BigIntegerField()
    text = models.BinaryField()  # Fernet
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        ordering = ["batch", "line"]
        indexes = [models.Index(fields=["created_at"], name="captured_to_purge")]

    def __str__(self) -> str:
        return f"line {self.line}"
