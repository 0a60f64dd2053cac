"""What keeps an application from becoming approved or live, through every door: page, API, import of the register."""

import io

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from inventory.choices import Lifecycle, RoleKind
from inventory.models import AIApplication, User
from inventory.services import applications, lifecycle
from inventory.services.register_import import ImportResult, import_register
from risk.models import Record
from risk.services import assessments, records
from tests.builders import make_application, make_user
from tests.cast import Cast
from tests.risk.written import write

PROHIBITED = {"ai_system": True, "union_nexus": True, "exclusion": [], "p_a": True}


@pytest.fixture
def idea(cast: Cast) -> AIApplication:
    return make_application(cast.cards, "Card helper", owner=cast.alice, lifecycle=Lifecycle.IN_REVIEW)


def move(cast: Cast, application: AIApplication, state: str) -> AIApplication:
    return applications.update_application(actor=cast.bob, application=application, lifecycle=state)


def named(cast: Cast, application: AIApplication, **answers: object) -> Record:
    """A submitted impact assessment with these answers."""
    draft = records.start(actor=cast.alice, application=application, form="impact")
    return records.submit(actor=cast.alice, record=write(cast.alice, draft, **answers))


def on_the_page(client: Client, cast: Cast, application: AIApplication, state: str) -> str:
    fields = {"name": "Card helper", "purpose": "Helps", "kind": "application", "origin": "in_house"}
    given = {**fields, "department": cast.cards.key, "lifecycle": state}
    given["version"] = AIApplication.objects.get(pk=application.pk).updated_at.isoformat()
    return client.post(reverse("inventory:application_edit", args=[application.pk]), given).content.decode()


def imported(cast: Cast, application: AIApplication, state: str) -> ImportResult:
    head = "external_id,name,purpose,kind,department,lifecycle"
    rows = f"{head}\n{application.external_id},Card helper,Helps,application,cards,{state}\n"
    return import_register(io.BytesIO(rows.encode()), actor=cast.ada)


@pytest.mark.parametrize("state", [Lifecycle.APPROVED, Lifecycle.LIVE])
def test_a_sensitive_use_waits_for_two_signatures(cast: Cast, idea: AIApplication, state: str) -> None:
    one = named(cast, idea, sensitive_rights="yes")
    with pytest.raises(ValidationError, match="Two people who did not write it") as refused:
        move(cast, idea, state)
    assert "could it threaten human rights" in str(refused.value)
    records.sign(actor=cast.bob, record=one, agrees=True)
    with pytest.raises(ValidationError):
        move(cast, idea, state)
    records.sign(actor=cast.ada, record=one, agrees=True)
    assert move(cast, idea, state).lifecycle == state


def test_a_draft_counts_from_the_moment_the_answer_is_given(cast: Cast, idea: AIApplication) -> None:
    draft = records.start(actor=cast.alice, application=idea, form="impact")
    records.save(actor=cast.alice, record=draft, section="adverse", values={"sensitive_injury": "yes"})
    with pytest.raises(ValidationError):
        move(cast, idea, Lifecycle.LIVE)
    records.save(actor=cast.alice, record=draft, section="adverse", values={"sensitive_injury": "no"})
    move(cast, idea, Lifecycle.LIVE)


def test_withdrawing_it_does_not_get_round_the_review(cast: Cast, idea: AIApplication) -> None:
    one = named(cast, idea, restricted=["covert"])
    records.withdraw(actor=cast.alice, record=one, reason="Changed our mind.")
    records.start(actor=cast.alice, application=idea, form="impact")
    with pytest.raises(ValidationError, match="prohibited pending review"):
        move(cast, idea, Lifecycle.APPROVED)


@pytest.mark.parametrize("state", [Lifecycle.APPROVED, Lifecycle.LIVE])
@pytest.mark.parametrize("end", ["withdrawn", "returned"])
def test_submitting_it_again_without_the_use_opens_no_door(
    cast: Cast, idea: AIApplication, end: str, state: str
) -> None:
    """One person alone: takes the answer out of the next version, hands it in, and tries page, API and import."""
    one = named(cast, idea, restricted=["covert"])
    if end == "withdrawn":
        records.withdraw(actor=cast.alice, record=one, reason="Changed our mind.")
    else:
        records.sign(actor=cast.bob, record=one, agrees=False, note="Not like this.")
    again = named(cast, idea)
    assert again.triggers == []
    with pytest.raises(ValidationError, match="prohibited pending review"):
        applications.update_application(actor=cast.alice, application=idea, lifecycle=state)
    client = Client()
    client.force_login(cast.alice)
    address = reverse("api-application-detail", args=[idea.pk])
    assert client.patch(address, {"lifecycle": state}, content_type="application/json").status_code == 400
    assert "prohibited pending review" in on_the_page(client, cast, idea, state)
    assert "prohibited pending review" in imported(cast, idea, state).problems[0].problem
    idea.refresh_from_db()
    assert idea.lifecycle == Lifecycle.IN_REVIEW
    records.sign(actor=cast.bob, record=again, agrees=True)  # another person agrees that the use is gone
    assert move(cast, idea, state).lifecycle == state


def test_other_steps_stay_open(cast: Cast, idea: AIApplication) -> None:
    named(cast, idea, restricted=["face"])
    for state in (Lifecycle.IDEA, Lifecycle.IN_REVIEW, Lifecycle.SUSPENDED, Lifecycle.RETIRED):
        move(cast, idea, state)


@pytest.mark.parametrize("state", [Lifecycle.APPROVED, Lifecycle.LIVE])
def test_a_prohibited_practice_is_never_let_through(cast: Cast, idea: AIApplication, state: str) -> None:
    assessments.save_answers(actor=cast.alice, application=idea, answers=PROHIBITED)
    with pytest.raises(ValidationError, match=r"Art\. 5"):  # at once: nobody waits for a worker here
        move(cast, idea, state)
    assessments.save_answers(actor=cast.alice, application=idea, answers={"p_a": False})
    assert move(cast, idea, state).lifecycle == state


def test_an_import_obeys_and_says_why(cast: Cast, idea: AIApplication) -> None:
    named(cast, idea, sensitive_legal="yes")
    refused = imported(cast, idea, "live")
    assert [(problem.line, problem.column) for problem in refused.problems] == [(2, "lifecycle")]
    assert "Two people" in refused.problems[0].problem
    assert not imported(cast, idea, "suspended").problems
    assessments.save_answers(actor=cast.alice, application=idea, answers=PROHIBITED)
    assert "Art. 5" in imported(cast, idea, "approved").problems[0].problem


def test_the_page_obeys(cast: Cast, idea: AIApplication) -> None:
    named(cast, idea, sensitive_legal="yes")
    client = Client()
    client.force_login(cast.alice)
    assert "Two people who did not write it" in on_the_page(client, cast, idea, "live")
    idea.refresh_from_db()
    assert idea.lifecycle == Lifecycle.IN_REVIEW


def test_guards_cost_the_same_for_few_and_for_many(cast: Cast) -> None:
    made = [make_application(cast.cards, lifecycle=Lifecycle.IN_REVIEW) for _ in range(30)]
    for one in made:
        assessments.save_answers(actor=None, application=one, answers=PROHIBITED)

    def queries(some: list[AIApplication]) -> int:
        with CaptureQueriesContext(connection) as found:
            refused = lifecycle.objections({one.pk: Lifecycle.LIVE for one in some})
        assert len(refused) == len(some)
        return len(found)

    assert queries(made[:3]) == queries(made) <= 6


def test_without_an_assessment_nothing_is_held_back(cast: Cast, idea: AIApplication) -> None:
    assert move(cast, idea, Lifecycle.LIVE).lifecycle == Lifecycle.LIVE


def test_a_person_of_the_department_reviews(cast: Cast, idea: AIApplication) -> None:
    one = named(cast, idea, sensitive_legal="yes")
    other: User = make_user("rolf", (RoleKind.REVIEWER, cast.treasury))
    with pytest.raises(PermissionDenied):
        records.sign(actor=other, record=one, agrees=True)


def test_the_api_obeys(cast: Cast, idea: AIApplication) -> None:
    named(cast, idea, restricted=["likeness"])
    client = Client()
    client.force_login(cast.alice)
    address = reverse("api-application-detail", args=[idea.pk])
    refused = client.patch(address, {"lifecycle": "approved"}, content_type="application/json")
    assert refused.status_code == 400
    assert "prohibited pending review" in refused.json()["lifecycle"][0]
