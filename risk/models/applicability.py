"""Controls that do not apply although the rule asks for them: asked by one person, decided by another."""

from django.conf import settings
from django.db import models
from django.db.models.functions import Now

from inventory.models import AIApplication
from inventory.models.history import tracked
from risk.choices import NotApplicableState

_OPEN = models.Q(state__in=[NotApplicableState.ASKED, NotApplicableState.APPROVED])


@tracked()
class NotApplicableRequest(models.Model):
    """A request to leave a control out, with what became of it. Only an approved one has an effect, up to `ends`.

    `decided_*`: the second person; `closed_*`: who took it back or ended it (nobody: its time was up).
    """

    application = models.ForeignKey(
        AIApplication, models.PROTECT, related_name="not_applicable_requests", db_index=False
    )
    control = models.CharField(max_length=16)
    state = models.CharField(max_length=12, choices=NotApplicableState.choices, default=NotApplicableState.ASKED)
    reason = models.TextField(max_length=1000)
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    asked_at = models.DateTimeField(db_default=Now())
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)
    decided_why = models.TextField(blank=True, max_length=1000)
    ends = models.DateField(null=True)
    closed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    closed_at = models.DateTimeField(null=True)
    closed_why = models.TextField(blank=True, max_length=1000)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["application", "control"], condition=_OPEN, name="not_applicable_open_once"
            ),
        ]
        indexes = [
            models.Index(fields=["application", "control"], name="not_applicable_of_control"),
            models.Index(
                fields=["ends"],
                name="not_applicable_by_end",
                condition=models.Q(state=NotApplicableState.APPROVED),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.control}: {self.get_state_display()}"
