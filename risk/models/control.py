"""What people state about the controls of an application."""

from django.conf import settings
from django.db import models
from django.db.models.functions import Now

from inventory.models import AIApplication
from inventory.models.history import tracked
from risk.choices import ControlStatus


@tracked()
class ControlState(models.Model):
    """The state of one control (`controls.yaml`) of one application, as stated by a person.

    `as_of` is the day from which the statement ages (methods.md §3); `due` the day by which the next step is promised.
    """

    application = models.ForeignKey(AIApplication, models.CASCADE, related_name="control_states", db_index=False)
    control = models.CharField(max_length=16)
    status = models.CharField(max_length=16, choices=ControlStatus.choices)
    as_of = models.DateField()
    due = models.DateField(null=True, blank=True)
    note = models.TextField(blank=True, max_length=4000)
    stated_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    stated_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["application", "control"], name="control_state_once")]

    def __str__(self) -> str:
        return f"{self.control}: {self.get_status_display()}"
