"""Leaving a control out against the rule: two people, a reason, an end."""

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.urls import reverse
from django.utils import timezone

from inventory.models import AIApplication, AuditLogEntry, ChangedApplication
from risk.method import load_method
from risk.models import NotApplicableRequest
from risk.selectors import cases
from risk.services import applicability, controls
from tests.cast import Cast
from tests.risk.test_pages import as_, shown


def is_asked(application: AIApplication, control: str = "GV-01") -> bool:
    judgement = cases.judge_now(application, timezone.localdate())
    return control in {one.control.id for one in judgement.asked}


def ask(actor, application: AIApplication) -> NotApplicableRequest:
    return applicability.ask(actor=actor, application=application, control="GV-01", reason="Bought as a service.")


def test_it_counts_as_it_was_until_another_person_agrees(cast: Cast, application: AIApplication) -> None:
    controls.state_control(actor=cast.alice, application=application, control="GV-01", status="attested")
    found = ask(cast.alice, application)
    assert is_asked(application)
    assert not application.control_states.get().not_applicable
    ChangedApplication.objects.all().delete()
    applicability.decide(actor=cast.bob, request=found, approve=True)
    assert not is_asked(application)
    state = application.control_states.get()
    assert (state.status, state.not_applicable) == ("attested", True)
    assert ChangedApplication.objects.filter(application=application).exists()
    found.refresh_from_db()
    assert found.ends == timezone.localdate() + timedelta(days=load_method().controls["GV-01"].review_days)
    with pytest.raises(ValidationError, match="does not apply"):
        controls.state_control(actor=cast.alice, application=application, control="GV-01", status="planned")


def test_who_asks_does_not_decide(cast: Cast, application: AIApplication) -> None:
    found = ask(cast.bob, application)
    with pytest.raises(PermissionDenied):
        applicability.decide(actor=cast.alice, request=found, approve=True)
    with pytest.raises(ValidationError, match="yourself"):
        applicability.decide(actor=cast.bob, request=found, approve=True)
    for person in (cast.carol, cast.dan, cast.eve):
        with pytest.raises(PermissionDenied):
            applicability.decide(actor=person, request=found, approve=True)
        with pytest.raises(PermissionDenied):
            ask(person, application)
    applicability.decide(actor=cast.ada, request=found, approve=True)
    assert not is_asked(application)


def test_a_refusal_says_why_and_changes_nothing(cast: Cast, application: AIApplication) -> None:
    found = ask(cast.alice, application)
    with pytest.raises(ValidationError, match="why"):
        applicability.decide(actor=cast.bob, request=found, approve=False)
    applicability.decide(actor=cast.bob, request=found, approve=False, why="The vendor does not own the risk.")
    assert is_asked(application)
    assert not application.control_states.exists()
    with pytest.raises(ValidationError, match="refused in the meantime"):
        applicability.decide(actor=cast.ada, request=found, approve=True)
    ask(cast.alice, application)  # she may ask again, with better reasons


def test_once_at_a_time_and_with_a_reason(cast: Cast, application: AIApplication) -> None:
    with pytest.raises(ValidationError, match="why"):
        applicability.ask(actor=cast.alice, application=application, control="GV-01", reason=" ")
    with pytest.raises(ValidationError, match="no control"):
        applicability.ask(actor=cast.alice, application=application, control="XX-01", reason="x")
    ask(cast.alice, application)
    with pytest.raises(ValidationError, match="already"):
        ask(cast.bob, application)


def test_it_can_be_withdrawn_and_ended(cast: Cast, application: AIApplication) -> None:
    applicability.take_back(actor=cast.alice, request=ask(cast.alice, application), why="A mistake.")
    found = ask(cast.alice, application)
    applicability.decide(actor=cast.bob, request=found, approve=True)
    applicability.take_back(actor=cast.alice, request=found, why="We host it ourselves now.")
    assert is_asked(application)
    assert not application.control_states.exists()  # nothing was ever stated of it
    states = list(NotApplicableRequest.objects.order_by("id").values_list("state", flat=True))
    assert states == ["withdrawn", "ended"]
    actions = AuditLogEntry.objects.filter(action__startswith="not_applicable").order_by("id")
    assert [one.action.split(".")[1] for one in actions] == ["asked", "withdrawn", "asked", "approved", "ended"]
    assert actions.latest("id").reason == "We host it ourselves now."


def test_it_ends_when_its_time_is_up(cast: Cast, application: AIApplication) -> None:
    controls.state_control(actor=cast.alice, application=application, control="GV-02", status="attested")
    for control in ("GV-01", "GV-02"):
        found = applicability.ask(actor=cast.alice, application=application, control=control, reason="Not ours.")
        applicability.decide(actor=cast.bob, request=found, approve=True)
    last = NotApplicableRequest.objects.latest("ends").ends
    assert last is not None
    after = last + timedelta(days=1)
    assert applicability.end_due(timezone.localdate()) == 0
    ChangedApplication.objects.all().delete()
    assert applicability.end_due(after) == 2
    assert applicability.end_due(after) == 0
    assert list(application.control_states.values_list("control", "not_applicable")) == [("GV-02", False)]
    assert ChangedApplication.objects.filter(application=application).exists()
    assert is_asked(application, "GV-01")
    assert is_asked(application, "GV-02")


def test_on_the_pages(cast: Cast, application: AIApplication) -> None:
    page = reverse("risk:control", args=[application.pk, "GV-01"])
    address = reverse("risk:not_applicable", args=[application.pk, "GV-01"])
    as_(cast.alice).post(address, {"do": "ask", "why": "Bought as a service."})
    asked = {"request": str(NotApplicableRequest.objects.get().pk)}
    assert "Agree: leave it out" not in shown(as_(cast.alice), page)
    assert "Agree: leave it out" in shown(as_(cast.bob), page)
    for person in (cast.dan, cast.eve):
        assert as_(person).post(address, {"do": "approve", **asked}).status_code in (403, 404)
    assert as_(cast.alice).post(address, {"do": "approve", **asked}).status_code == 403
    listed = reverse("risk:controls", args=[application.pk])
    assert "Asked to leave out" in shown(as_(cast.dan), listed, show="not_applicable")
    as_(cast.bob).post(address, {"do": "approve", **asked})
    assert NotApplicableRequest.objects.get().state == "approved"
    page_of_list = shown(as_(cast.dan), listed)
    assert "Agreed not to apply" in page_of_list
    assert "Bought as a service." in page_of_list
    assert 'id="GV-01"' not in page_of_list
    assert "Not asked here" in shown(as_(cast.alice), page)
    assert as_(cast.alice).post(page, {"GV-01-status": "attested"}).status_code == 404
    as_(cast.alice).post(address, {"do": "take_back", "why": "After all.", **asked})
    assert is_asked(application)


def test_nobody_decides_a_request_that_they_never_read(cast: Cast, application: AIApplication) -> None:
    """Alice withdraws what Bob reads and asks anew for another reason: his page, still open, does not agree to that."""
    address = reverse("risk:not_applicable", args=[application.pk, "GV-01"])
    first = ask(cast.alice, application)
    page = shown(as_(cast.bob), reverse("risk:control", args=[application.pk, "GV-01"]))
    assert f'<input type="hidden" name="request" value="{first.pk}">' in page
    applicability.take_back(actor=cast.alice, request=first, why="Not so.")
    second = ask(cast.alice, application)
    as_(cast.bob).post(address, {"do": "approve", "request": str(first.pk)})
    assert as_(cast.bob).post(address, {"do": "approve"}).status_code == 404
    second.refresh_from_db()
    assert second.state == "asked"
    as_(cast.bob).post(address, {"do": "approve", "request": str(second.pk)})
    second.refresh_from_db()
    assert second.state == "approved"
