"""E-mail digests: how often a person wants one, and a row for each that fell due."""

from datetime import date, timedelta

from django.conf import settings
from django.db import models
from django.db.models import Q, TextChoices
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _


class Frequency(TextChoices):
    DAILY = "daily", _("Every morning")
    WEEKLY = "weekly", _("Every Monday morning")
    NEVER = "never", _("Never")


class DigestState(TextChoices):
    DUE = "due", _("Due")
    SENDING = "sending", _("Being sent")
    SENT = "sent", _("Sent")
    NOTHING = "nothing", _("Nothing had changed")
    FAILED = "failed", _("Failed, tried again")
    GIVEN_UP = "given_up", _("Given up")
    UNWANTED = "unwanted", _("No longer wanted")


UNFINISHED = (DigestState.DUE, DigestState.SENDING, DigestState.FAILED)


class DigestChoice(models.Model):
    """How often a person chose to get one. Without a row: weekly for who leads a department, never for others."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, related_name="digest_choice")
    frequency = models.CharField(max_length=8, choices=Frequency.choices)
    changed_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return f"{self.user_id}: {self.frequency}"


class Digest(models.Model):
    """One digest to one person, due on the morning of `period`; it tells up to the end of the day before.

    The row is the queue (docs/decisions/0035): `next_try` is when an unfinished one may be taken up next, also after
    a worker that died with it. `told`: how many changes it held.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="digests", db_index=False)
    period = models.DateField()
    state = models.CharField(max_length=8, choices=DigestState.choices, default=DigestState.DUE)
    tries = models.SmallIntegerField(default=0)
    next_try = models.DateTimeField(db_default=Now())
    error = models.TextField(blank=True)  # of the last try
    told = models.SmallIntegerField(default=0)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-period", "-id"]
        constraints = [models.UniqueConstraint(fields=["user", "period"], name="digest_once_a_period")]
        indexes = [
            models.Index(fields=["next_try", "id"], condition=Q(state__in=UNFINISHED), name="digest_to_send"),
            models.Index(fields=["-period", "-id"], name="digest_by_period"),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} {self.period}: {self.state}"

    @property
    def until(self) -> date:
        """The last day that it tells of."""
        return self.period - timedelta(days=1)
