"""What operation shows, as the method counts it (docs/method.md §4)."""

from datetime import timedelta

import pytest
from django.utils import timezone

from inventory.choices import AlertState, Severity
from inventory.models import AIApplication, Alert, DailyUsage
from risk.scoring.case import Usage
from risk.selectors import signals

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
    [(BLOCKED, 1), ("Azure_Agentic_BlockedJailbreak", 1), ("AI.Azure_Agentic_Jailbreak", 0), ("", 0)],
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
