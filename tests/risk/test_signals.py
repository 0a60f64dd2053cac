"""What operation shows, as the method counts it (docs/method.md §4)."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.conf import settings
from django.utils import timezone

from inventory.choices import AlertState, Severity
from inventory.models import (
    AIApplication,
    Alert,
    DailySensitive,
    DailyUsage,
    Identifier,
    InformationType,
    SensitivityLabel,
)
from inventory.services.imports import import_file
from risk.models import CurrentScore
from risk.scoring.case import APPROVED_FOR, Usage
from risk.selectors import activity, cases, signals
from risk.selectors.questionnaire import told
from risk.services import scores

BLOCKED = "AI.Azure_Jailbreak.ContentFiltering.BlockedAttempt"


def used(application: AIApplication, ago: int = 0, **counts: int) -> None:
    figures = {"interactions": 100, "users": 1, "sensitive": 0, "jailbreak": 0, "injection": 0, "attacks": 0, **counts}
    DailyUsage.objects.create(application=application, day=timezone.localdate() - timedelta(days=ago), **figures)


def alert(application: AIApplication, type_: str, ago: int = 0, state: str = AlertState.RESOLVED) -> None:
    at = timezone.now() - timedelta(days=ago)
    Alert.objects.create(
        title="Seen", type=type_, severity=Severity.MEDIUM, state=state, at=at, application=application
    )


def usage_of(application: AIApplication) -> Usage | None:
    return signals.usage([application.pk], timezone.localdate()).get(application.pk)


def test_an_interaction_with_both_marks_is_one_attack(application: AIApplication) -> None:
    used(application, jailbreak=3, injection=2, attacks=4)
    assert usage_of(application) == Usage(interactions=100, attacks=4)


@pytest.mark.parametrize(
    ("type_", "counted"),
    [
        (BLOCKED, 1),
        (BLOCKED.upper(), 1),
        ("Azure_Agentic_BlockedJailbreak", 1),
        ("AI.Azure_Agentic_Jailbreak", 0),
        ("", 0),
    ],
)
def test_alerts_of_a_blocked_attack_are_attacks(application: AIApplication, type_: str, counted: int) -> None:
    used(application, jailbreak=1, attacks=1)
    alert(application, type_)
    assert usage_of(application) == Usage(interactions=100, attacks=1 + counted)


def test_dismissed_and_old_alerts_are_no_attacks(application: AIApplication) -> None:
    used(application)
    alert(application, BLOCKED, state=AlertState.DISMISSED)
    alert(application, BLOCKED, ago=30)
    alert(application, BLOCKED, ago=29)
    assert usage_of(application) == Usage(interactions=100, attacks=1)


def test_without_use_there_is_no_rate(application: AIApplication) -> None:
    alert(application, BLOCKED)
    assert usage_of(application) is None


def carried(application: AIApplication, count: int, labels: list[str], types: list[str], ago: int = 0) -> None:
    DailySensitive.objects.create(
        application=application,
        day=timezone.localdate() - timedelta(days=ago),
        labels=labels,
        information_types=types,
        digest=uuid4(),
        interactions=count,
    )


@pytest.fixture
def ranked(application: AIApplication) -> AIApplication:
    """An application approved for personal data, and a dictionary."""
    application.answers.all().delete()
    application.answers.create(question=APPROVED_FOR, value="personal")
    SensitivityLabel.objects.create(key="l-high", name="Confidential", level="confidential")
    SensitivityLabel.objects.create(key="l-low", name="General", level="internal")
    SensitivityLabel.objects.create(key="l-dark", name="Falcon", level="")
    InformationType.objects.create(key="t-health", name="Medical terms", level="special_category")
    InformationType.objects.create(key="t-card", name="Credit Card Number", level="personal")
    used(application)
    return application


@pytest.mark.parametrize(
    ("labels", "types", "counted"),
    [
        (["l-high"], [], 3),
        (["l-low"], ["Credit Card Number"], 0),  # personal data is what it is approved for
        (["l-low", "l-high"], [], 3),  # one of several is enough, and counts once
        (["l-dark", "unheard of"], ["Unheard of"], 0),  # of unknown rank
        ([], ["medical TERMS"], 3),
        ([], ["t-health"], 3),
    ],
)
def test_what_is_above_the_approval_is_sensitive(
    ranked: AIApplication, labels: list[str], types: list[str], counted: int
) -> None:
    carried(ranked, 3, labels, types)
    carried(ranked, 5, ["l-high"], [], ago=30)  # outside the window
    assert usage_of(ranked) == Usage(interactions=100, sensitive=counted)


def test_an_answer_that_allows_more_says_why_the_risk_falls(ranked: AIApplication) -> None:
    """Graver data makes more of the use allowed: beside the answer stands how much, so that the order makes sense."""
    carried(ranked, 3, ["l-high"], [])
    carried(ranked, 5, ["l-low"], [])
    hints = told(cases.judge_now(ranked, timezone.localdate()), "factors")[APPROVED_FOR]
    assert "3 interactions fewer above this level" in hints["confidential"]
    assert "5 interactions more above this level" in hints["none"]
    assert "interaction" not in hints["internal"]


def test_without_an_approval_nothing_is_above_it(ranked: AIApplication) -> None:
    carried(ranked, 3, ["l-high"], [])
    ranked.answers.update(value=None)
    assert usage_of(ranked) == Usage(interactions=100)


def test_without_a_dictionary_nothing_has_a_rank(ranked: AIApplication) -> None:
    carried(ranked, 3, ["l-high"], [])
    SensitivityLabel.objects.all().delete()
    InformationType.objects.all().delete()
    assert usage_of(ranked) == Usage(interactions=100)


def test_the_page_of_activity_names_what_was_carried(ranked: AIApplication) -> None:
    carried(ranked, 3, ["l-high"], ["t-card"])
    carried(ranked, 4, ["l-dark"], [])
    found = activity.carried_by(ranked, "personal", timezone.localdate(), 30)
    assert [(one.name, one.above, one.interactions) for one in found] == [
        ("Falcon", None, 4),
        ("Confidential", True, 3),
        ("Credit Card Number", False, 3),
    ]


def test_a_file_of_alerts_moves_the_score_within_a_minute(
    application: AIApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    """The bell rings once the file is read; were it lost, the clock rings twice a minute; either judges anew."""
    rung: list[str] = []
    monkeypatch.setattr("inventory.doorbell.current_app.send_task", lambda task, **_: rung.append(task))
    resource = "/subscriptions/1/resourceGroups/rg/providers/Microsoft.CognitiveServices/accounts/cards"
    Identifier.objects.create(application=application, kind="azure_resource", value=resource)
    told = {
        "SystemAlertId": "1",
        "AlertType": "AI.Azure_Agentic_Jailbreak",
        "Severity": "High",
        "StartTimeUtc": timezone.now().isoformat(),
        "AzureResourceId": resource,
    }
    path = tmp_path / "alerts.json"
    path.write_text(json.dumps([told]))
    before = CurrentScore.objects.get(application=application)
    with django_capture_on_commit_callbacks(execute=True):
        assert import_file(actor=None, path=path).stored == 1
    assert "risk.tasks.rescore_changed" in rung
    clock = [one for one in settings.CELERY_BEAT_SCHEDULE.values() if one["task"] == "risk.tasks.rescore_changed"]
    assert [one["schedule"] <= 30 for one in clock] == [True]
    assert scores.rescore_changed().changed == 1
    after = CurrentScore.objects.get(application=application)
    assert after.privacy_security_point > before.privacy_security_point
