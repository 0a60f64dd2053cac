"""What keeps an application from becoming approved or live, through every door: page, API, import of the register."""

import io
from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from inventory.choices import Lifecycle, RoleKind
from inventory.models import AIApplication, User
from inventory.services import applications, lifecycle
from inventory.services.register_import import ImportResult, import_register
from risk.models import Record
from risk.services import assessments, records
from tests.builders import make_application, make_user
from tests.cast import Cast
from tests.risk.written import write

CREDIT = {
    **dict.fromkeys(("ai_system", "union_nexus", "profiling"), True),
    **dict.fromkeys((f"p_{one}" for one in ("a", "b", "ba", "bb", "c", "d", "e", "f", "g", "h")), False),
    "exclusion": [],
    "role": ["uses"],
    "gpai_provider": False,
    "annex_i": "none",
    "annex_iii": ["5b"],
    "annex_iii_exclusion": False,
}
EXEMPTED = {**CREDIT, "profiling": False, "significant_risk": False, "exemption": ["procedural"], "annex_iii": ["4a"]}
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
    records.sign(actor=cast.bob, record=again, agrees=True)
    with pytest.raises(ValidationError, match="prohibited pending review"):  # it took two to let it in
        move(cast, idea, state)
    records.sign(actor=cast.ada, record=again, agrees=True)
    assert move(cast, idea, state).lifecycle == state


@pytest.mark.parametrize(
    ("names", "what"), [({"restricted": ["covert"]}, "restricted"), ({"sensitive_legal": "yes"}, "sensitive")]
)
def test_taking_a_use_out_takes_the_two_people_that_naming_it_takes(
    cast: Cast, idea: AIApplication, names: dict[str, object], what: str
) -> None:
    one = named(cast, idea, **names)
    for reviewer in (cast.bob, cast.ada):
        records.sign(actor=reviewer, record=one, agrees=True)
    again = named(cast, idea, **dict.fromkeys(names, [] if what == "restricted" else "no"))
    assert again.triggers == []
    page = text(cast.bob, reverse("risk:record", args=[idea.pk, "impact"]))
    assert "0 of 2 signatures" in page
    assert "an earlier version names what this one no longer does" in page
    assert records.sign(actor=cast.bob, record=again, agrees=True).state == "submitted"
    assert records.sign(actor=cast.ada, record=again, agrees=True).state == "approved"
    third = named(cast, idea)  # it is gone now: what two people agreed to needs no second word for ever
    assert records.sign(actor=cast.bob, record=third, agrees=True).state == "approved"


def text(person: User, address: str) -> str:
    client = Client()
    client.force_login(person)
    answer = client.get(address)
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


def listed(cast: Cast, application: AIApplication, form: str) -> None:
    """Answers that make the law ask for this record."""
    given = EXEMPTED if form == "exemption" else CREDIT
    assessments.save_answers(actor=cast.alice, application=application, answers=given)


def approved(cast: Cast, application: AIApplication, form: str) -> Record:
    draft = records.start(actor=cast.alice, application=application, form=form)
    one = records.submit(actor=cast.alice, record=write(cast.alice, draft))
    return records.sign(actor=cast.bob, record=one, agrees=True)


@pytest.mark.parametrize("state", [Lifecycle.APPROVED, Lifecycle.LIVE])
@pytest.mark.parametrize(("form", "article"), [("exemption", "Art. 6(4)"), ("fundamental_rights", "Art. 27")])
def test_a_record_that_the_law_asks_for_is_there_before_it_is_used(
    cast: Cast, idea: AIApplication, form: str, article: str, state: str
) -> None:
    listed(cast, idea, form)
    with pytest.raises(ValidationError) as refused:
        move(cast, idea, state)
    said = refused.value.message_dict["lifecycle"]
    assert len(said) == 1
    assert article in said[0]
    assert "there is none yet" in said[0]
    draft = records.start(actor=cast.alice, application=idea, form=form)
    with pytest.raises(ValidationError, match=r"version 1 is not approved yet \(draft\)"):
        move(cast, idea, state)
    one = records.submit(actor=cast.alice, record=write(cast.alice, draft))
    with pytest.raises(ValidationError, match="in review"):
        move(cast, idea, state)
    records.sign(actor=cast.bob, record=one, agrees=True)
    assert move(cast, idea, state).lifecycle == state


@pytest.mark.parametrize("form", ["exemption", "fundamental_rights"])
def test_every_door_asks_for_it_and_pages_link_to_the_form(cast: Cast, idea: AIApplication, form: str) -> None:
    listed(cast, idea, form)
    client, where = Client(), reverse("risk:record", args=[idea.pk, form])
    client.force_login(cast.alice)
    for page in (
        on_the_page(client, cast, idea, "live"),
        text(cast.alice, reverse("risk:application", args=[idea.pk])),
    ):
        assert "there is none yet" in page
        assert f'href="{where}"' in page
    answer = client.patch(
        reverse("api-application-detail", args=[idea.pk]), {"lifecycle": "live"}, content_type="application/json"
    )
    assert answer.status_code == 400
    assert "there is none yet" in answer.json()["lifecycle"][0]
    assert "there is none yet" in imported(cast, idea, "live").problems[0].problem
    idea.refresh_from_db()
    assert idea.lifecycle == Lifecycle.IN_REVIEW


def test_a_record_about_another_purpose_is_none(cast: Cast, idea: AIApplication) -> None:
    """Also where purpose and state change in one step, by page or by file."""
    listed(cast, idea, "exemption")
    approved(cast, idea, "exemption")
    with pytest.raises(ValidationError, match="no longer holds"):
        applications.update_application(
            actor=cast.alice, application=idea, purpose="Ranks applicants.", lifecycle=Lifecycle.LIVE
        )
    assert "no longer holds" in imported(cast, idea, "live").problems[0].problem  # the file says "Helps"
    idea.refresh_from_db()
    assert (idea.purpose, idea.lifecycle) == ("Summarises letters for clerks.", Lifecycle.IN_REVIEW)
    assert move(cast, idea, Lifecycle.LIVE).lifecycle == Lifecycle.LIVE


def test_a_record_of_more_than_a_year_ago_is_none(cast: Cast, idea: AIApplication) -> None:
    listed(cast, idea, "fundamental_rights")
    one = approved(cast, idea, "fundamental_rights")
    Record.objects.filter(pk=one.pk).update(closed_at=timezone.now() - timedelta(days=366))
    with pytest.raises(ValidationError, match="12 months have passed"):
        move(cast, idea, Lifecycle.APPROVED)


def test_an_open_class_warns_and_does_not_block(cast: Cast, idea: AIApplication) -> None:
    assessments.save_answers(actor=cast.alice, application=idea, answers={**CREDIT, "annex_iii_exclusion": None})
    assert move(cast, idea, Lifecycle.LIVE).lifecycle == Lifecycle.LIVE


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
