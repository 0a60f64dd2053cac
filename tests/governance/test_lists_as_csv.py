"""Each list that can be taken away as CSV: with an entry of who took what, and for who may export alone."""

import pytest
from django.test import Client

from governance.models import Recommendation
from governance.services import recommendations
from inventory.models import AuditLogEntry
from tests.builders import make_user
from tests.governance.estate import Estate

LISTS = {
    "/applications/applications.csv": "applications",
    "/alerts/alerts.csv": "alerts",
    "/incidents/incidents.csv": "incidents",
    "/data-events/data-events.csv": "data events",
    "/unusual/unusual.csv": "unusual days",
    "/activity/activity.csv": "single events",
    "/changes/changes.csv": "changes between two dates",
}


@pytest.mark.parametrize("path", LISTS)
def test_who_took_what_is_written_down(estate: Estate, client: Client, path: str) -> None:
    client.force_login(estate.cast.dan)
    answer = client.get(path, {"department": "retail", "period": "90"})
    assert answer.status_code == 200
    assert b"".join(answer.streaming_content).startswith("\ufeff".encode())  # type: ignore[attr-defined]
    entry = AuditLogEntry.objects.get(action="list.downloaded")
    assert (entry.actor, entry.summary) == (estate.cast.dan, f"Took {LISTS[path]} as CSV")
    asked = {"department": ["retail"], "period": ["90"]}
    assert entry.details == {"list": LISTS[path], "address": path, "asked": asked}


@pytest.mark.parametrize("path", LISTS)
def test_who_may_not_export_takes_nothing(estate: Estate, client: Client, path: str) -> None:
    client.force_login(make_user("stranger"))
    assert client.get(path).status_code == 403
    assert not AuditLogEntry.objects.filter(action="list.downloaded").exists()


def test_the_findings_of_a_recommendation(estate: Estate, client: Client) -> None:
    recommendations.evaluate()
    client.force_login(estate.cast.dan)
    card = Recommendation.objects.order_by("pk")[0]
    assert client.get(f"/recommendations/{card.pk}/evidence.csv").status_code == 200
    assert AuditLogEntry.objects.get(action="list.downloaded").summary.startswith("Took the findings")
