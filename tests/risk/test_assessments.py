"""Answers: what is stored, what is refused and how, and who may."""

import pytest
from django.core.exceptions import PermissionDenied, ValidationError

from inventory.models import AIApplication, AuditLogEntry, ChangedApplication
from risk.models import Answer, OrganisationAnswer
from risk.selectors import cases
from risk.services import assessments
from tests.builders import make_application
from tests.cast import Cast


def answers_of(application: AIApplication) -> dict:
    return dict(application.answers.values_list("question", "value"))


def test_answers_of_every_kind_are_kept_as_given(cast: Cast, application: AIApplication) -> None:
    given = {
        "scale": "under_10k",
        "ai_system": True,
        "annex_i": "section_a",
        "annex_iii": ["5b", "1a"],
        "app.generative": False,
        "novelty": None,
    }
    changed = assessments.save_answers(actor=cast.alice, application=application, answers=given)
    assert changed == sorted(given)
    assert answers_of(application) == {**given, "annex_iii": ["1a", "5b"]}  # in the order of the law


def test_i_dont_know_is_sql_null(cast: Cast, application: AIApplication) -> None:
    assessments.save_answers(actor=cast.alice, application=application, answers={"scale": None})
    assert Answer.objects.filter(application=application, question="scale", value__isnull=True).exists()


def test_a_change_is_logged_and_queued_and_the_same_again_is_neither(cast: Cast, application: AIApplication) -> None:
    logged = AuditLogEntry.objects.filter(action="answers.saved")
    assessments.save_answers(actor=cast.alice, application=application, answers={"scale": "under_10k"})
    assert ChangedApplication.objects.filter(application=application).exists()
    entry = logged.get()
    assert entry.actor == cast.alice
    assert entry.department == application.department
    assert entry.details == {"changes": {"scale": [None, "under_10k"]}}
    ChangedApplication.objects.all().delete()
    assert assessments.save_answers(actor=cast.alice, application=application, answers={"scale": "under_10k"}) == []
    assert logged.count() == 1
    assert not ChangedApplication.objects.exists()


@pytest.mark.parametrize(
    ("question", "value"),
    [
        ("scale", "everybody"),
        ("scale", True),
        ("scale", ["under_10k"]),
        ("ai_system", "yes"),
        ("ai_system", 1),
        ("annex_iii", "5b"),
        ("annex_iii", ["9z"]),
        ("annex_iii", [["5b"]]),
        ("app.generative", "true"),
        ("eu_class", "minimal"),  # derived, never asked
        ("public_body", True),  # the organisation's page asks it
        ("org.public_body", True),
        ("eu_ai_act.high_risk", True),
        ("risk.inherent_high", True),
        ("no_such_question", True),
    ],
)
def test_what_cannot_be_is_refused_by_name(cast: Cast, application: AIApplication, question: str, value) -> None:
    with pytest.raises(ValidationError) as refused:
        assessments.save_answers(actor=cast.alice, application=application, answers={"people": None, question: value})
    assert question in refused.value.message_dict
    assert not answers_of(application)


def test_a_contradiction_names_both_sides_and_keeps_nothing(cast: Cast, application: AIApplication) -> None:
    assessments.save_answers(actor=cast.alice, application=application, answers={"app.generative": False})
    with pytest.raises(ValidationError) as refused:
        assessments.save_answers(actor=cast.alice, application=application, answers={"app.agentic": True})
    text = " ".join(refused.value.messages)
    assert "Plans and acts through tools" in text
    assert "Generates text" in text
    assert answers_of(application) == {"app.generative": False}


def test_an_exclusion_holds_in_both_directions(cast: Cast, application: AIApplication) -> None:
    assessments.save_answers(actor=cast.alice, application=application, answers={"app.mrm_model": True})
    with pytest.raises(ValidationError):
        assessments.save_answers(actor=cast.alice, application=application, answers={"app.uses_rag": True})


def test_a_contradiction_with_the_classification_is_refused(cast: Cast, application: AIApplication) -> None:
    listed = {"ai_system": True, "union_nexus": True, "annex_iii": ["5b"], "annex_iii_exclusion": False}
    ruled_out: dict[str, list[str]] = {key: [] for key in ("exclusion", "exemption", "role")}
    prohibited = {f"p_{x}": False for x in ("a", "b", "ba", "bb", "c", "d", "e", "f", "g", "h")}
    rest = {"annex_i": "none", "profiling": True, "gpai_provider": False}
    given = {**listed, **ruled_out, **prohibited, **rest}
    assessments.save_answers(actor=cast.alice, application=application, answers=given)
    with pytest.raises(ValidationError) as refused:
        assessments.save_answers(actor=cast.alice, application=application, answers={"app.affects_individuals": False})
    assert "Creditworthiness" in " ".join(refused.value.messages)


def test_who_may_answer(cast: Cast, application: AIApplication) -> None:
    for person in (cast.alice, cast.bob, cast.ada, None):
        assessments.save_answers(actor=person, application=application, answers={"scale": "under_10k"})
    for person in (cast.carol, cast.dan, cast.eve):
        with pytest.raises(PermissionDenied):
            assessments.save_answers(actor=person, application=application, answers={"scale": "over_1m"})
    assert answers_of(application) == {"scale": "under_10k"}


def test_every_version_of_an_answer_is_kept(cast: Cast, application: AIApplication) -> None:
    for value in ("under_10k", None, "over_1m"):
        assessments.save_answers(actor=cast.alice, application=application, answers={"scale": value})
    events = Answer.pgh_event_model.objects.filter(application=application)
    assert [one.value for one in events.order_by("pgh_id").filter(pgh_label="insert")] == ["under_10k"]
    assert events.order_by("pgh_id").last().value == "over_1m"


# The organisation


def test_the_nearest_department_up_the_tree_wins(cast: Cast) -> None:
    save = assessments.save_organisation_answers
    save(actor=cast.ada, department=cast.root, answers={"org.eu_financial_entity": True, "org.us_bank": True})
    save(actor=cast.bob, department=cast.retail, answers={"org.us_bank": False})
    tree = cases.tree()
    assert tree.facts(cast.cards.pk) == {"org.us_bank": False, "org.eu_financial_entity": True}
    assert tree.facts(cast.treasury.pk)["org.us_bank"] is True
    save(actor=cast.bob, department=cast.retail, answers={}, inherit=["org.us_bank"])
    assert cases.tree().facts(cast.cards.pk)["org.us_bank"] is True


def test_everything_below_is_judged_anew(cast: Cast) -> None:
    inside, outside = make_application(cast.cards), make_application(cast.treasury)
    ChangedApplication.objects.all().delete()
    assessments.save_organisation_answers(
        actor=cast.bob, department=cast.retail, answers={"org.eu_financial_entity": True}
    )
    queued = set(ChangedApplication.objects.values_list("application_id", flat=True))
    assert inside.pk in queued
    assert outside.pk not in queued


def test_organisation_facts_that_contradict_are_refused(cast: Cast) -> None:
    save = assessments.save_organisation_answers
    save(actor=cast.ada, department=cast.root, answers={"org.tlpt_designated": True})
    with pytest.raises(ValidationError) as refused:
        save(actor=cast.ada, department=cast.root, answers={"org.eu_financial_entity": False})
    assert "penetration testing" in " ".join(refused.value.messages)
    assert not OrganisationAnswer.objects.filter(question="org.eu_financial_entity").exists()


def test_only_reviewers_state_facts_about_the_organisation(cast: Cast) -> None:
    for person, department in ((cast.alice, cast.retail), (cast.dan, cast.root), (cast.bob, cast.root)):
        with pytest.raises(PermissionDenied):
            assessments.save_organisation_answers(
                actor=person, department=department, answers={"org.eu_financial_entity": True}
            )


@pytest.mark.parametrize("answers", [{"org.nothing": True}, {"app.generative": True}, {"org.us_bank": "yes"}])
def test_wrong_facts_about_the_organisation_are_refused(cast: Cast, answers: dict) -> None:
    with pytest.raises(ValidationError):
        assessments.save_organisation_answers(actor=cast.ada, department=cast.root, answers=answers)
