"""The two rivers, end to end: real pages, a real worker on the real broker, real files.

register → questionnaire → score → roll-up → dashboard → export, and feed → match → signal → rescore.
"""

import csv
import io
import json
import time
from collections.abc import Callable

import pytest
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from inventory.choices import IdentifierKind, Lifecycle
from inventory.models import AIApplication, Alert, AuditLogEntry, ChangedApplication
from inventory.services import applications, imports
from risk.models import CurrentScore, DepartmentDay, ScoreSnapshot
from tests.cast import Cast
from tests.journeys.audit_files import audit_row, write_audit, write_users

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("celery_worker")]

FACTORS = {
    "data_sensitivity": "personal",
    "consequence": "economic",
    "scale": "over_1m",
    "people": "public",
    "autonomy": "acts_alone",
    "exposure": "customers",
    "technology": "generative",
    "novelty": "under_1y",
    "input_trust": "external_documents",
}


def eventually(check: Callable[[], bool], seconds: float = 60) -> None:
    """Wait for the worker."""
    end = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < end, "The worker did not get there in time."
        time.sleep(0.05)


def signed_in(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


def exported(client: Client, dataset: str) -> list[dict]:
    answer = client.get("/exports/download/", {"dataset": dataset, "format": "csv"})
    assert answer.status_code == 200, answer.content
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text)))


def test_from_four_fields_to_the_figure_that_an_auditor_takes_home(cast: Cast) -> None:
    alice, dan = signed_in(cast.alice), signed_in(cast.dan)
    answer = alice.post(
        "/applications/register/",
        {
            "name": "Loan Desk Helper",
            "purpose": "Answers customers' questions about loans.",
            "kind": "copilot",
            "department": "cards",
        },
    )
    application = AIApplication.objects.get(name="Loan Desk Helper")
    assert answer.status_code == 302
    assert f"/applications/{application.pk}/" in answer["Location"]
    applications.update_application(actor=cast.alice, application=application, lifecycle=Lifecycle.LIVE)
    eventually(lambda: CurrentScore.objects.filter(pk=application.pk).exists())
    unanswered = CurrentScore.objects.get(pk=application.pk)

    answer = alice.post(
        f"/applications/{application.pk}/questionnaire/?step=factors",
        {f"q:{key}": value for key, value in FACTORS.items()},
    )
    assert answer.status_code == 302
    assert application.answers.count() == len(FACTORS)
    eventually(lambda: CurrentScore.objects.get(pk=application.pk).digest != unanswered.digest)
    eventually(lambda: not ChangedApplication.objects.exists())
    score = CurrentScore.objects.get(pk=application.pk)
    assert unanswered.overall_low <= score.overall_low <= score.overall_high <= unanswered.overall_high
    assert ScoreSnapshot.objects.filter(application=application).count() >= 2

    figures = DepartmentDay.objects.filter(department=cast.root, principle="overall")  # they follow the scores
    eventually(lambda: [day.index for day in figures.all()] == [pytest.approx(score.overall_point)])
    shown = {row["department"]: row for row in exported(dan, "department_scores") if row["principle"] == "overall"}
    for name in ("Cards", "Retail Banking"):  # one live application: the department's risk is the application's
        assert float(shown[name]["index"]) == pytest.approx(score.overall_point, abs=1e-6)
        assert shown[name]["count"] == "1"
    assert "Treasury" not in shown or not shown["Treasury"]["index"]
    row = next(row for row in exported(dan, "applications") if row["name"] == "Loan Desk Helper")
    assert float(row["overall"]) == pytest.approx(score.overall_point, abs=1e-6)
    api = dan.get("/api/v1/scores/", {"principle": "overall"}).json()["results"]
    assert [one["point"] for one in api] == [pytest.approx(score.overall_point)]
    assert f">{round(score.overall_point)}<" in dan.get("/").content.decode().replace("\n", "").replace(" ", "")
    actions = set(AuditLogEntry.objects.values_list("action", flat=True))
    assert {"application.registered", "application.updated", "answers.saved"} <= actions


def test_from_a_feed_file_to_a_score_that_moved(cast: Cast, tmp_path, capsys) -> None:
    application = applications.register_application(
        actor=None,
        name="Claims Bot",
        purpose="Sorts claims.",
        kind="agent",
        department=cast.retail,
        lifecycle=Lifecycle.LIVE,
        identifiers=[(IdentifierKind.AGENT_ID, "8ad83f3e-b424-4d54-8ddb-15dc19247088")],
    )
    eventually(lambda: CurrentScore.objects.filter(pk=application.pk).exists())
    before = CurrentScore.objects.get(pk=application.pk)
    users = write_users(tmp_path / "users.csv", {"ann@bank.example": "Cards", "ben@bank.example": "cards "})
    audit = write_audit(
        tmp_path / "audit.csv",
        [
            *[audit_row(n, "ann@bank.example", agent="CopilotStudio.Custom.8AD83F3E-b424-4d54-8ddb-15dc19247088",
                        jailbreak=n < 5) for n in range(40)],
            *[audit_row(n, "ben@bank.example", app="AIApp.SaaS.ChatGPT", label=n == 50) for n in range(50, 60)],
            audit_row(3, "ann@bank.example"),  # the same id again
            ["broken", "2026-01-01", "261", "CopilotInteraction", "x", "{", "", ""],
        ],
    )  # fmt: skip
    call_command("ingest", str(users), str(audit))
    summary = json.loads(capsys.readouterr().out.strip().splitlines()[-1])
    figures = {key: summary[key] for key in ("rows", "stored", "duplicates", "quarantined", "ignored", "unmatched")}
    assert figures == {"rows": 52, "stored": 50, "duplicates": 1, "quarantined": 1, "ignored": 0, "unmatched": 10}

    eventually(lambda: CurrentScore.objects.get(pk=application.pk).overall_low != before.overall_low)
    after = CurrentScore.objects.get(pk=application.pk)
    # Telemetry that shows attacks: the unknown shrinks from above, the blocked attacks press from below.
    assert after.privacy_security_low > before.privacy_security_low
    assert after.privacy_security_high != before.privacy_security_high

    dan = signed_in(cast.dan)
    usage = exported(dan, "usage")
    bot = [row for row in usage if row["application"] == "Claims Bot"]
    chat = [row for row in usage if row["application"] == "AIApp.SaaS.ChatGPT"]
    assert sum(int(row["interactions"]) for row in bot) == 40
    assert sum(int(row["jailbreak"]) for row in bot) == 5
    assert {row["department"] for row in bot + chat} == {"Cards"}
    assert sum(int(row["sensitive"]) for row in chat) == 1
    assert "AIApp.SaaS.ChatGPT" in dan.get("/discovery/").content.decode()
    assert "ann@bank.example" not in dan.get("/discovery/").content.decode()
    call_command("ingest", str(audit))
    again = json.loads(capsys.readouterr().out.strip().splitlines()[-1])
    assert (again["stored"], again["duplicates"]) == (0, 51)


def test_from_an_alert_in_a_feed_to_the_page_that_names_it(cast: Cast, tmp_path, settings) -> None:
    """A file of alerts comes in over the upload page; the workers read it and judge anew; the page names the event."""
    settings.MEDIA_ROOT = tmp_path
    resource = "/subscriptions/1/resourceGroups/rg/providers/Microsoft.CognitiveServices/accounts/claims"
    application = applications.register_application(
        actor=None, name="Claims Bot", purpose="Sorts claims.", kind="agent", department=cast.retail,
        lifecycle=Lifecycle.LIVE, identifiers=[(IdentifierKind.AZURE_RESOURCE, resource)],
    )  # fmt: skip
    eventually(lambda: CurrentScore.objects.filter(pk=application.pk).exists())
    before = CurrentScore.objects.get(pk=application.pk).reliability_safety_low
    reported = {
        "SystemAlertId": "1", "AlertType": "AI.Azure_Agentic_ASCIISmuggling", "AlertDisplayName": "Hidden instructions",
        "Severity": "High", "Status": "New", "Intent": "Impact", "AzureResourceId": resource,
        "StartTimeUtc": timezone.now().strftime("%Y-%m-%dT%H:%M:%S.0000000Z"),
    }  # fmt: skip
    imports.receive(actor=cast.ada, file_name="alerts.json", blocks=[json.dumps([reported]).encode()])
    eventually(lambda: CurrentScore.objects.get(pk=application.pk).reliability_safety_low > before)
    page = signed_in(cast.alice).get(f"/applications/{application.pk}/").content.decode()
    card = page[page.index('id="moved-by"') :]
    card = card[: card.index("</table>")]
    alert = Alert.objects.get()
    assert "Hidden instructions" in card
    assert f"{timezone.localdate():%-d %b}" in card
    assert f"/alerts/{alert.pk}/" in card
    changed = ScoreSnapshot.objects.filter(application=application).latest("pk")
    assert changed.reliability_safety_low == CurrentScore.objects.get(pk=application.pk).reliability_safety_low
