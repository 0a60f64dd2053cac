"""What people state about the controls of an application."""

from datetime import date

from django.conf import settings
from django.db import models
from django.db.models.functions import Now

from inventory.models import AIApplication
from inventory.models.history import tracked
from risk.choices import ControlStatus


@tracked()
class ControlState(models.Model):
    """The state of one control (`controls.yaml`) of one application, as stated by a person.

    Everything that scoring reads of a control stands in this row. `as_of` is the day from which the statement ages
    (methods.md §3); `due` the day by which the next step is promised; `valid_until` the last day on which its evidence
    holds (null: no end). `evidenced_until`: of an independent check whose evidence ends, the last day on which other
    evidence keeps the statement *evidenced* after that (null: on none; `date.max`: no end). `not_applicable`: a second
    person agreed that the control does not apply, up to the day `not_applicable_until` (null: no end); `status` is null
    only where nothing else was ever stated. `inherited_from`: the shared platform whose statement this row repeats.
    `attested_by`: who claims it, and so may not be the one who verifies it.
    """

    application = models.ForeignKey(AIApplication, models.CASCADE, related_name="control_states", db_index=False)
    control = models.CharField(max_length=16)
    status = models.CharField(max_length=16, choices=ControlStatus.choices, null=True)
    as_of = models.DateField()
    due = models.DateField(null=True, blank=True)
    valid_until = models.DateField(null=True)
    evidenced_until = models.DateField(null=True)
    not_applicable = models.BooleanField(default=False, db_default=False)
    not_applicable_until = models.DateField(null=True)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    inherited_from = models.ForeignKey(
        AIApplication, models.PROTECT, null=True, related_name="passed_on_controls", db_index=False
    )
    note = models.TextField(blank=True, max_length=4000)
    stated_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    stated_at = models.DateTimeField(db_default=Now())
    attested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", db_index=False
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["application", "control"], name="control_state_once"),
            models.CheckConstraint(
                condition=models.Q(status__isnull=False) | models.Q(not_applicable=True),
                name="control_state_says_something",
            ),
        ]
        indexes = [
            models.Index(
                fields=["inherited_from"],
                name="control_state_inherited",
                condition=models.Q(inherited_from__isnull=False),
            )
        ]

    def left_out_on(self, day: date) -> bool:
        """Whether it is agreed that the control does not apply, and the time of that is not up."""
        return self.not_applicable and (self.not_applicable_until is None or self.not_applicable_until >= day)

    def __str__(self) -> str:
        return f"{self.control}: {'Not applicable' if self.not_applicable else self.get_status_display()}"
