"""The stored forecast of many random applications, on the real servers: advancing the clock proves it."""

from datetime import date, datetime, time, timedelta

import pytest
from django.utils import timezone

from inventory.choices import Severity
from inventory.models import AIApplication, Alert, DailyUsage
from risk.choices import NotApplicableState
from risk.models import Answer, ControlState, CurrentScore, NotApplicableRequest
from risk.scoring.case import Case
from risk.scoring.forecast import HORIZONS
from risk.selectors import cases
from risk.selectors.outlook import ahead
from risk.services import applicability, runs, scores
from tests.builders import make_application
from tests.cast import Cast
from tests.risk.scoring.estate import DAY, a_full_case

MANY = 30


@pytest.fixture
def today(monkeypatch: pytest.MonkeyPatch):
    """Sets the day that everything takes for today."""
    real = timezone.localdate

    def move(day: date) -> date:
        monkeypatch.setattr(timezone, "localdate", lambda value=None, zone=None: real(value, zone) if value else day)
        return day

    return move


def stored(application: AIApplication, case: Case) -> None:
    """Write the case as people and feeds would have left it, its use for as long as the clock will go."""
    Answer.objects.bulk_create(Answer(application=application, question=q, value=v) for q, v in case.answers.items())
    ControlState.objects.bulk_create(
        ControlState(
            application=application, control=key, status=one.status, as_of=one.as_of, due=one.due,
            valid_until=one.valid_until, not_applicable=not one.applicable, not_applicable_until=one.agreed_until,
        )
        for key, one in case.controls.items()
    )  # fmt: skip
    NotApplicableRequest.objects.bulk_create(
        NotApplicableRequest(
            application=application, control=key, reason="Bought.", state=NotApplicableState.APPROVED,
            ends=one.agreed_until or DAY + timedelta(days=1000),
        )
        for key, one in case.controls.items() if not one.applicable
    )  # fmt: skip
    zone = timezone.get_default_timezone()
    Alert.objects.bulk_create(
        Alert(
            application=application, title="Odd", severity=one.severity, tactics=list(one.tactics),
            at=datetime.combine(one.day, time(12), zone), state="new" if one.open else "resolved",
        )
        for one in case.occurrences if one.severity in Severity.values
    )  # fmt: skip
    if case.usage.interactions:
        DailyUsage.objects.bulk_create(
            DailyUsage(
                application=application, day=DAY + timedelta(days=n), interactions=case.usage.interactions, users=1,
                sensitive=0, jailbreak=0, injection=0, attacks=case.usage.attacks,
            )
            for n in range(-30, 91)
        )  # fmt: skip


def test_what_is_forecast_is_what_is_computed_once_the_day_has_come(cast: Cast, today) -> None:
    today(DAY)
    estate = []
    for seed in range(MANY):
        application = make_application(cast.cards)
        stored(application, a_full_case(seed))
        estate.append(application)
    scores.rescore_changed()
    promised = {one.pk: [getattr(one, f"overall_{n}d") for n in HORIZONS] for one in CurrentScore.objects.all()}
    assert len(promised) == MANY
    told = {one.pk: [h.point for h in ahead(cases.judge_now(one, DAY)).horizons] for one in estate}
    endings = dict.fromkeys(HORIZONS, 0)
    for place, days in enumerate(HORIZONS):
        day = today(DAY + timedelta(days=days))
        endings[days] = applicability.end_due(day)
        runs.finish(runs.start(actor=None, nightly=True))
        for score in CurrentScore.objects.all():
            assert score.overall_point == pytest.approx(promised[score.pk][place], abs=1e-9)
            assert score.overall_point == pytest.approx(told[score.pk][place], abs=1e-9)
    assert all(endings.values())  # so that agreements did end within each of the windows


def test_an_agreement_ends_by_its_day_also_before_anything_has_closed_it(cast: Cast, today) -> None:
    """The register closes it within the hour; a judgement in between must not differ."""
    today(DAY)
    application = make_application(cast.cards)
    scores.rescore_changed()
    ends = DAY + timedelta(days=10)
    ControlState.objects.create(
        application=application, control="GV-01", not_applicable=True, not_applicable_until=ends, as_of=DAY
    )
    NotApplicableRequest.objects.create(
        application=application, control="GV-01", reason="Bought.", state=NotApplicableState.APPROVED, ends=ends
    )

    def is_asked(day: date) -> bool:
        return "GV-01" in {one.control.id for one in cases.judge_now(application, today(day)).asked}

    assert [is_asked(ends), is_asked(ends + timedelta(days=1))] == [False, True]
    runs.finish(runs.start(actor=None, nightly=True))
    before = CurrentScore.objects.get()
    assert applicability.end_due(timezone.localdate()) == 1
    scores.rescore_changed()
    assert CurrentScore.objects.get().overall_point == before.overall_point
