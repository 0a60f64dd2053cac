"""What resolving the open alerts is said to bring is what it brings."""

import pytest
from django.utils import timezone

from inventory.choices import AlertState, Severity
from inventory.models import AIApplication, Alert
from risk.models import CurrentScore
from risk.selectors import cases
from risk.selectors.next_steps import alert_step
from risk.services import runs


def test_the_promise_holds(application: AIApplication) -> None:
    for state in (AlertState.NEW, AlertState.ACTIVE, AlertState.RESOLVED):
        Alert.objects.create(
            title="Odd", severity=Severity.HIGH, state=state, at=timezone.now(), application=application
        )
    step = alert_step(cases.judge_now(application, timezone.localdate()))
    assert step is not None
    assert step.count == 2
    Alert.objects.update(state=AlertState.RESOLVED)
    runs.rescore_all()
    assert CurrentScore.objects.get(pk=application.pk).overall_point == pytest.approx(step.then, abs=1e-9)
    assert alert_step(cases.judge_now(application, timezone.localdate())) is None
