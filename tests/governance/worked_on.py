"""Whether alerts and recommendations of the demo were worked on by its people, each step possible and on its day."""

from datetime import timedelta

from django.conf import settings
from django.db import connection
from django.db.models import F
from django.test import Client
from django.utils import timezone

from governance.models import RecommendationAction, RecommendationStep
from inventory import access
from inventory.access import Permission
from inventory.choices import AlertAction, AlertState
from inventory.models import Alert, AlertStep, AuditLogEntry, User
from risk.models import Incident
from risk.selectors.alerts_then import open_then


def recommendations_for_a_year() -> None:
    """Each by what was there on its day: found and closed over months, late alerts as many as those of then."""
    steps = RecommendationStep.objects.order_by("at", "id")
    days = sorted({timezone.localdate(at) for at in steps.values_list("at", flat=True)})
    assert (days[-1] - days[0]).days > 300
    assert days[-1] < timezone.localdate()
    assert set(steps.values_list("action", flat=True)) == set(RecommendationAction.values)
    assert not steps.exclude(actor=None).filter(recommendation__found_at__gt=F("at")).exists()
    late = steps.filter(recommendation__rule="late_alerts", recommendation__department__parent=None, actor=None)
    for step in late.filter(rows__gt=0):
        open_alerts = open_then(Alert.objects.all(), timezone.localdate(step.at)).filter(at__lt=step.at)
        hours = settings.ALERT_HOURS
        assert step.rows == sum(one.at + timedelta(hours=hours[one.severity]) < step.at for one in open_alerts)
    assert late.exists()
    with connection.cursor() as cursor:  # what showed the rules each day is gone again
        cursor.execute("SELECT count(*) FROM pg_class WHERE relnamespace = pg_my_temp_schema() AND relkind = 'v'")
        assert cursor.fetchone() == (0,)


def dismissed_on_the_days_since(client: Client) -> None:
    """For whoever is signed in."""
    step = RecommendationStep.objects.get(action=RecommendationAction.DISMISSED)
    card, day = step.recommendation, timezone.localdate(step.at)
    assert card.until is not None
    assert card.until > timezone.localdate()
    entry = AuditLogEntry.objects.get(action="recommendation.dismissed")
    assert (entry.at, entry.actor, entry.reason) == (step.at, step.actor, card.reason)
    asked = {"department": card.department.key, "state": "all"}
    for ago, state in ((1, "open"), (0, "dismissed")):
        found = client.get("/recommendations/", {**asked, "as_of": day - timedelta(days=ago)}).context["cards"]
        assert {one.state for one in found if one.pk == card.pk} == {state}


def alerts() -> None:
    """Each step is possible and dated: who holds an alert may work on it; what was learnt stands on what is closed."""
    held = Alert.objects.exclude(assignee=None)
    for person in User.objects.filter(alerts__isnull=False).distinct():
        own = held.filter(assignee=person)
        assert access.alerts(person, Permission.EDIT).filter(pk__in=own).count() == own.count()
    closed = {AlertState.RESOLVED, AlertState.DISMISSED}
    assert set(Alert.objects.exclude(outcome="").values_list("state", flat=True)) == closed
    told = AlertStep.objects.filter(action__in=[AlertAction.RESOLVED, AlertAction.DISMISSED])
    assert told.count() == Alert.objects.exclude(outcome="").count()
    assert not told.exclude(text=F("alert__outcome")).exists()
    assert not AlertStep.objects.filter(at__lte=F("alert__at")).exists()
    assert AlertStep.objects.filter(action=AlertAction.COMMENTED).exists()
    for action in (AlertAction.ASSIGNED, AlertAction.COMMENTED, AlertAction.RESOLVED, AlertAction.DISMISSED):
        steps = AlertStep.objects.filter(action=action)
        assert AuditLogEntry.objects.filter(action=f"alert.{action.value}").count() == steps.count() > 0
    assert AuditLogEntry.objects.filter(action="incident.recorded").count() == Incident.objects.count()
    kinds = {kind for one in Alert.objects.exclude(entities=None) for kind, _ in one.entities or ()}
    assert {"account", "ip", "file", "url"} <= kinds
