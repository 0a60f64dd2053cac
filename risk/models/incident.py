"""What went wrong with an application, as a reviewer records it."""

from datetime import date, timedelta

from django.conf import settings
from django.db import models
from django.db.models.functions import Now

from inventory.models import AIApplication, Alert
from inventory.models.history import tracked
from risk.choices import IncidentSeverity, IncidentState, SeriousIncident

# Days after becoming aware within which the authority is told (EU AI Act, Article 73(2) to (4))
REPORT_WITHIN = {SeriousIncident.DEATH: 10, SeriousIncident.INFRASTRUCTURE: 2, SeriousIncident.OTHER: 15}


@tracked()
class Incident(models.Model):
    """An incident. It weighs on the principles that it names, by its severity and its own time (docs/method.md §4)."""

    application = models.ForeignKey(AIApplication, models.PROTECT, related_name="incidents", db_index=False)
    title = models.CharField(max_length=300)
    severity = models.CharField(max_length=10, choices=IncidentSeverity.choices)
    state = models.CharField(max_length=10, choices=IncidentState.choices, default=IncidentState.OPEN)
    principles = models.JSONField()  # principle → what happened to it
    since = models.DateField()
    serious = models.CharField(max_length=15, choices=SeriousIncident.choices, blank=True)  # empty: not serious
    aware_on = models.DateField()  # from when the law counts
    reported_on = models.DateField(null=True)  # to the authority
    lesson = models.TextField(blank=True)
    alerts = models.ManyToManyField(Alert, through="IncidentAlert", related_name="+")
    recorded_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    resolved_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-since", "-id"]
        indexes = [
            models.Index(fields=["application", "-since"], name="incident_by_application"),
            models.Index(fields=["-since", "-id"], name="incident_by_time"),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def report_by(self) -> date | None:
        """The last day on which the authority is to be told; None where the law asks for no report."""
        return self.aware_on + timedelta(days=REPORT_WITHIN[SeriousIncident(self.serious)]) if self.serious else None


class IncidentAlert(models.Model):
    """That an alert belongs to an incident; it belongs to one at most."""

    incident = models.ForeignKey(Incident, models.CASCADE, related_name="links")
    alert = models.OneToOneField(Alert, models.PROTECT, related_name="+")

    def __str__(self) -> str:
        return f"{self.incident_id}: {self.alert_id}"


class IncidentStep(models.Model):
    """What was done about an incident, by whom, in their words: never changed, only added to."""

    incident = models.ForeignKey(Incident, models.CASCADE, related_name="steps", db_index=False)
    action = models.CharField(max_length=40)  # in words
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    text = models.TextField(blank=True)
    at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        ordering = ["-at", "-id"]
        indexes = [models.Index(fields=["incident", "-at", "-id"], name="incident_step_by_incident")]

    def __str__(self) -> str:
        return self.action
