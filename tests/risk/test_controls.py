"""Controls: what is stated, what is refused, and who may."""

from datetime import date, timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.utils import timezone

from inventory.models import AIApplication, AuditLogEntry, ChangedApplication
from risk.models import ControlState, CurrentScore
from risk.services import controls, scores
from tests.cast import Cast
from tests.risk.evidence import proof


def test_a_statement_ages_from_its_day(cast: Cast, application: AIApplication) -> None:
    state = controls.state_control(
        actor=cast.alice,
        application=application,
        control="GV-01",
        status="attested",
        as_of=date(2026, 1, 2),
        due=date(2026, 12, 1),
        note=" Owner named. ",
    )
    state.refresh_from_db()
    assert (state.as_of, state.due, state.note) == (date(2026, 1, 2), date(2026, 12, 1), "Owner named.")
    assert state.stated_by == cast.alice


def test_without_a_day_it_is_today(cast: Cast, application: AIApplication) -> None:
    state = controls.state_control(actor=cast.alice, application=application, control="GV-01", status="planned")
    assert state.as_of == timezone.localdate()


def test_a_change_is_logged_and_queued_and_the_same_again_is_neither(cast: Cast, application: AIApplication) -> None:
    given = {"application": application, "control": "GV-01", "as_of": date(2026, 1, 2)}
    controls.state_control(actor=cast.alice, status="attested", **given)
    ChangedApplication.objects.all().delete()
    controls.state_control(actor=cast.alice, status="attested", **given)
    assert not ChangedApplication.objects.exists()
    controls.state_control(actor=cast.alice, status="evidenced", proof=proof(), **given)
    assert ChangedApplication.objects.filter(application=application).exists()
    entries = AuditLogEntry.objects.filter(action="control.stated").order_by("id")
    assert [one.details["changes"]["status"] for one in entries] == [[None, "attested"], ["attested", "evidenced"]]


def test_who_attests_does_not_verify(cast: Cast, application: AIApplication) -> None:
    given = {"application": application, "control": "GV-01"}
    controls.state_control(actor=cast.alice, status="evidenced", proof=proof(), **given)
    with pytest.raises(PermissionDenied):
        controls.state_control(actor=cast.alice, status="verified", **given)
    controls.state_control(actor=cast.bob, status="verified", **given)


def test_who_may_state(cast: Cast, application: AIApplication) -> None:
    for person in (cast.carol, cast.dan, cast.eve):
        with pytest.raises(PermissionDenied):
            controls.state_control(actor=person, application=application, control="GV-01", status="attested")
    assert not ControlState.objects.exists()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("control", "XX-99"),
        ("status", "perfect"),
        ("as_of", timezone.localdate() + timedelta(days=1)),
        ("note", "x" * 4001),
    ],
)
def test_what_cannot_be_is_refused_by_field(cast: Cast, application: AIApplication, field: str, value) -> None:
    given = {"control": "GV-01", "status": "attested", field: value}
    with pytest.raises(ValidationError) as refused:
        controls.state_control(actor=cast.alice, application=application, **given)
    assert field in refused.value.message_dict


def test_a_verified_control_lowers_the_score(cast: Cast, application: AIApplication) -> None:
    before = CurrentScore.objects.get(pk=application.pk)
    given = {"application": application, "control": "RM-02"}
    controls.state_control(actor=cast.alice, status="evidenced", proof=proof(), **given)
    controls.state_control(actor=cast.bob, status="verified", **given)
    scores.rescore_changed()
    after = CurrentScore.objects.get(pk=application.pk)
    assert after.overall_high < before.overall_high
    assert after.controls_answered == before.controls_answered + 1
