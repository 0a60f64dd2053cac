"""Every signal of docs/method.md §4 from planted facts, one by one, against loads worked out by hand."""

from datetime import timedelta
from math import exp
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from inventory.choices import AlertState, Severity
from inventory.models import AIApplication, Alert, DailySensitive, DailyUsage, Metric, SensitivityLabel
from risk.choices import IncidentState
from risk.method import load_method
from risk.models import Incident
from risk.scoring.case import APPROVED_FOR
from risk.scoring.formulas import loads
from risk.selectors import activity, cases
from risk.selectors.summary import summary
from tests.cast import Cast

NOW = timezone.now()
TODAY = timezone.localdate()


def alert(
    application: AIApplication, severity: str, state: str, tactics: list[str], ago: int = 0, **more: str
) -> Alert:
    return Alert.objects.create(
        title=f"{severity} {state} {ago}", severity=severity, state=state, tactics=tactics, application=application,
        at=NOW - timedelta(days=ago), **more,
    )  # fmt: skip


def pressure(application: AIApplication) -> dict[str, Any]:
    """The load on each principle that has any."""
    method = load_method()
    found = loads(cases.judge_now(application, TODAY).inputs.signals, method)
    return {p: pytest.approx(load) for p, load in zip(method.principles, found, strict=True) if load}


SAFETY, MIXED = {"reliability_safety": 3}, {"reliability_safety": 2.1}
EVENTS = [
    # severity, state, tactics, days ago → load by principle
    ("medium", "active", ["PrivilegeEscalation"], 0, {**SAFETY, "privacy_security": 2.4, "accountability": 0.9}),
    ("high", "new", ["Impact"], 0, {"privacy_security": 4, "reliability_safety": 8}),
    ("high", "in_progress", ["Reconnaissance"], 0, {"privacy_security": 4.8}),
    ("high", "resolved", ["Reconnaissance"], 0, {"privacy_security": 2.4}),
    ("high", "active", ["Reconnaissance"], 30, {"privacy_security": 2.4}),
    ("high", "resolved", ["Reconnaissance"], 30, {"privacy_security": 1.2}),
    ("high", "active", ["Reconnaissance"], 15, {"privacy_security": 4.8 * 2**-0.5}),
    ("high", "active", ["Reconnaissance"], 31, {}),
    ("low", "active", [], 0, {"privacy_security": 1, "reliability_safety": 0.3}),  # of no known tactic
    ("low", "active", ["Quantum Leap"], 0, {"privacy_security": 1, "reliability_safety": 0.3}),
    # the maximum per principle over the tactics, not their sum
    ("medium", "active", ["Execution", "Initial Access"], 0, {**MIXED, "privacy_security": 3, "accountability": 0.6}),
    ("high", "dismissed", ["Impact"], 0, {}),
    ("informational", "active", ["Impact"], 0, {}),
]  # fmt: skip


@pytest.mark.parametrize(("severity", "state", "tactics", "ago", "expected"), EVENTS)
def test_an_alert(
    application: AIApplication, severity: str, state: str, tactics: list[str], ago: int, expected: dict[str, float]
) -> None:
    alert(application, severity, state, tactics, ago)
    assert pressure(application) == expected


@pytest.mark.parametrize(("state", "factor"), [(IncidentState.OPEN, 1), (IncidentState.RESOLVED, 0.5)])
def test_an_incident_presses_where_the_reviewer_says(application: AIApplication, state: str, factor: float) -> None:
    incident(application, "critical", ["fairness"], state)
    assert pressure(application) == {"fairness": 20 * factor}


def incident(application: AIApplication, severity: str, principles: list[str], state: str) -> Incident:
    return Incident.objects.create(
        application=application, title="Harm", severity=severity, principles=dict.fromkeys(principles, "Seen"),
        since=TODAY, aware_on=TODAY, state=state,
    )  # fmt: skip


def used(application: AIApplication, interactions: int, ago: int = 0, **counts: int) -> None:
    figures = {"users": 1, "sensitive": 0, "jailbreak": 0, "injection": 0, "attacks": 0, **counts}
    DailyUsage.objects.create(
        application=application, day=TODAY - timedelta(days=ago), interactions=interactions, **figures
    )


def test_sensitive_interactions_above_the_approval_per_thousand(application: AIApplication) -> None:
    """Three of 2,000 carried a label above *internal*: 1.5 in 1,000, of a tolerance of 2."""
    application.answers.filter(question=APPROVED_FOR).delete()
    application.answers.create(question=APPROVED_FOR, value="internal")
    SensitivityLabel.objects.create(key="top", name="Top", level="special_category")
    SensitivityLabel.objects.create(key="own", name="Own", level="internal")
    used(application, 1500, sensitive=5)
    used(application, 500, ago=29)
    used(application, 9000, ago=30)
    for label, count, ago in (("top", 3, 29), ("own", 40, 0), ("nobody ranks it", 40, 0), ("top", 40, 30)):
        DailySensitive.objects.create(
            application=application, day=TODAY - timedelta(days=ago), labels=[label], information_types=[],
            digest=uuid4(), interactions=count,
        )  # fmt: skip
    assert pressure(application) == {"privacy_security": 3 * 0.75, "accountability": 3 * 0.75 * 0.3}


def test_blocked_attacks_per_thousand(application: AIApplication) -> None:
    """Six marked interactions, and two alerts of a blocked attempt that count nothing else: 4 in 1,000 of 5."""
    used(application, 2000, jailbreak=4, injection=3, attacks=6)
    for type_ in ("AI.Azure_Jailbreak.ContentFiltering.BlockedAttempt", "AI.Azure_Agentic_BlockedJailbreak"):
        alert(application, Severity.INFORMATIONAL, AlertState.NEW, [], type=type_)
    load = 2 * (8 / 2000 * 1000) / 5
    assert pressure(application) == {"privacy_security": load, "reliability_safety": load * 0.4}


def test_a_rate_stops_at_five_times_its_tolerance(application: AIApplication) -> None:
    used(application, 100, jailbreak=100, attacks=100)
    assert pressure(application) == {"privacy_security": 10, "reliability_safety": 4}


METRICS = [
    ("harmful_output_reports", 0.25, {"reliability_safety": 2.5, "inclusiveness": 1.5, "fairness": 1.25}),
    ("override_rate", 50, {"reliability_safety": 1.5, "accountability": 0.75}),
    ("drift", 0.3, {"reliability_safety": 7.5, "fairness": 4.5}),
    ("accuracy", 0.9, {}),
]


@pytest.mark.parametrize(("metric", "value", "expected"), METRICS)
def test_a_metric(application: AIApplication, metric: str, value: float, expected: dict[str, float]) -> None:
    for at, one in ((NOW, value), (NOW - timedelta(days=1), value * 3)):
        Metric.objects.create(
            system="Card helper", folded="card helper", application=application, metric=metric, value=one, at=at
        )
    assert pressure(application) == expected


def test_telemetry_is_an_interaction_or_a_metric_of_the_window(application: AIApplication) -> None:
    def telemetry() -> bool:
        return cases.judge_now(application, TODAY).inputs.signals.telemetry

    assert not telemetry()
    used(application, 5, ago=30)
    alert(application, "high", "active", [])
    assert not telemetry()  # too old; and an alert tells nothing of use
    used(application, 0, ago=3, visits=9)
    assert not telemetry()  # visits to its site are no interactions
    used(application, 1, ago=29)
    assert telemetry()


def test_signals_add_up_under_the_curve(application: AIApplication) -> None:
    """One open high alert of impact, an open critical incident: privacy 4, reliability 8 + 20."""
    before = cases.judge_now(application, TODAY).score.principles["reliability_safety"]
    alert(application, "high", "active", ["Impact"])
    incident(application, "critical", ["reliability_safety"], IncidentState.OPEN)
    assert pressure(application) == {"privacy_security": 4, "reliability_safety": 28}
    after = cases.judge_now(application, TODAY).score.principles["reliability_safety"]
    s = 1 - exp(-28 / 20)
    assert after.low == pytest.approx(before.low + (100 - before.low) * 0.5 * s)


def test_the_page_names_what_moved_the_score_with_date_weight_and_the_way_to_act(
    client: Client, cast: Cast, application: AIApplication
) -> None:
    open_one = alert(application, "high", "active", ["Impact"], ago=2)
    closed = alert(application, "medium", "resolved", ["Impact"])
    used(application, 1000, jailbreak=5, attacks=5)
    judgement = cases.judge_now(application, TODAY)
    client.force_login(cast.alice)
    page = client.get(reverse("risk:application", args=[application.pk])).content.decode()
    card = page[page.index('id="moved-by"') :]
    card = " ".join(card[: card.index("</table>")].split())
    assert f'<a href="{reverse("risk:alert", args=[open_one.pk])}">Work on it</a>' in card
    assert f'<a href="{reverse("risk:alert", args=[closed.pk])}">See what was done</a>' in card
    assert f'<a href="{reverse("risk:activity", args=[application.pk])}">See what was counted</a>' in card
    assert f"{TODAY - timedelta(days=2):%-d %b}" in card
    assert f">{8 * 2 ** (-2 / 30):.1f}<" in card  # its weight
    found = summary(application, judgement, "overall")
    moved = activity.moved_by(judgement, found.parts)
    assert sum(one.points or 0 for one in moved) == pytest.approx(found.account.signals)
    assert moved[0].key == str(open_one.pk)
    assert (moved[0].day, moved[0].open, moved[0].severity) == (TODAY - timedelta(days=2), True, "high")
