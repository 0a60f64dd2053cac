"""The classification page: the gate, what decides, from when duties hold, and who answered what."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from inventory.choices import Lifecycle
from inventory.models import AIApplication, User
from risk.method import load_method
from risk.selectors import cases, trail
from risk.selectors.classification import classification
from risk.services import assessments, records, scores
from tests.builders import make_application
from tests.cast import Cast
from tests.risk.written import write

IN_SCOPE = {"ai_system": True, "union_nexus": True, "exclusion": [], "role": ["uses"], "gpai_provider": False}
NOT_PROHIBITED = {f"p_{x}": False for x in ("a", "b", "ba", "bb", "c", "d", "e", "f", "g", "h")}
CREDIT = {
    **IN_SCOPE,
    **NOT_PROHIBITED,
    "annex_i": "none",
    "annex_iii": ["5b"],
    "annex_iii_exclusion": False,
    "profiling": True,
}
PROHIBITED = {**IN_SCOPE, "p_f": True, "p_f_safety": False}


def answer(application: AIApplication, actor: User | None = None, **answers: object) -> None:
    assessments.save_answers(actor=actor, application=application, answers=answers)


def page_of(person: User, application: AIApplication, route: str = "classification", **query: str) -> str:
    client = Client()
    client.force_login(person)
    found = client.get(reverse(f"risk:{route}", args=[application.pk]), query)
    assert found.status_code == 200
    return found.content.decode()


@pytest.fixture
def stopped(cast: Cast, application: AIApplication) -> AIApplication:
    answer(application, cast.alice, **PROHIBITED)
    scores.rescore_changed()
    return application


@pytest.mark.parametrize("route", ["application", "classification"])
def test_the_stop_page_names_practice_article_and_who_decided(cast: Cast, stopped: AIApplication, route: str) -> None:
    page = page_of(cast.alice, stopped, route)
    assert "Stop: prohibited practice" in page
    assert "Emotion inference at work or in education." in page
    assert "5(1)(f)" in page
    assert "take it out of use now" in page  # it is live
    assert "Strictly for medical" in page or "strictly for medical" in page
    assert "Alice" in page
    assert "suspend it" not in page_of(cast.dan, stopped, route)


def test_a_stop_asks_for_nothing_that_would_not_lift_it(cast: Cast, stopped: AIApplication) -> None:
    page = page_of(cast.ada, stopped, "classification")
    assert "May still hold" not in page
    assert "it stays a prohibited practice, whatever else is answered" in page
    assert 'class="btn btn-primary" href="/applications' not in page
    assert "open question" not in page_of(cast.ada, stopped, "application").split("<main")[1].split("stop-card")[0]


def test_a_prohibited_practice_is_never_a_number(cast: Cast, stopped: AIApplication) -> None:
    client = Client()
    client.force_login(cast.ada)
    own = [reverse(f"risk:{route}", args=[stopped.pk]) for route in ("application", "classification", "history")]
    steps = [reverse("risk:questionnaire", args=[stopped.pk]), reverse("risk:controls", args=[stopped.pk])]
    lists = [reverse("risk:applications"), reverse("governance:overview")]
    compare = reverse("risk:compare", args=[stopped.pk])
    today = timezone.localdate().isoformat()
    for where in (*own, *steps, *lists, f"{compare}?before={today}&after={today}"):
        page = client.get(where).content.decode()
        shown = page.split('class="card hub-card stop-card"')[-1] if "stop-card" in page else page
        assert 'score-large band-critical">100' not in shown, where
        assert '<span class="visually-hidden"> Critical</span>' not in shown, where
        assert "100</b>" not in shown, where
    for where in (*lists, own[2]):
        assert "Prohibited practice" in client.get(where).content.decode(), where


def test_obligations_come_with_their_days_left(cast: Cast, application: AIApplication) -> None:
    answer(application, **CREDIT)
    judgement = cases.judge_now(application, timezone.localdate())
    found = classification(judgement, load_method())
    known = {one.requirement.id: one for group in found.obligations for one in group.duties}
    assert [group.day is None for group in found.obligations][:2] == [True, False]
    assert (known["27.1"].days_left or 0) > 0
    assert known["4"].days_left is None  # AI literacy holds already
    page = page_of(cast.dan, application)
    assert "days left" in page
    assert known["27.1"].requirement.title in page


@pytest.mark.parametrize(
    ("given", "articles"),
    [
        ({"interacts": False, "synthetic": True, "assistive_edit": False}, {"111(4)"}),  # Art. 50(2) alone
        (CREDIT, {"111(2)"}),
        ({"gpai_provider": True}, {"111(3)"}),
        (PROHIBITED, set()),
    ],
)
def test_a_transitional_provision_stands_beside_what_it_is_about(
    application: AIApplication, given: dict, articles: set[str]
) -> None:
    others = {"annex_i": "none", "annex_iii": [], "interacts": False, "synthetic": False}
    answer(application, **IN_SCOPE | NOT_PROHIBITED | others | given)
    found = classification(cases.judge_now(application, timezone.localdate()), load_method())
    assert {article for one in found.transitions for article in one.articles} == articles


def test_possible_classes_come_with_exactly_what_decides_them(cast: Cast, application: AIApplication) -> None:
    answer(application, **{**CREDIT, "profiling": None, "significant_risk": False, "exemption": ["procedural"]})
    judgement = cases.judge_now(application, timezone.localdate())
    found = classification(judgement, load_method())
    assert {one.id for one in found.possible} >= {"high_risk"}
    assert found.decided is None
    assert "profiling" in [one.question.id for one in found.deciding]
    page = page_of(cast.dan, application)
    for one in found.deciding:
        assert (f"?step={one.step}#{one.question.id}" in page) == (one.step is not None)


@pytest.mark.parametrize(
    ("question", "title"),
    [
        ("rebrands", "Own name or trade mark"),
        ("substantially_modifies", "Substantial modification"),
        ("repurposes", "Changed intended purpose"),
    ],
)
def test_becoming_the_provider_is_shown_with_what_follows(
    cast: Cast, application: AIApplication, question: str, title: str
) -> None:
    answer(application, **CREDIT)
    assert "So we are its provider" not in page_of(cast.alice, application)
    answer(application, **{question: True})
    page = page_of(cast.alice, application)
    assert title in page
    assert "So we are its provider: Art. 16 applies to us" in page
    assert "We count as provider." in page


def test_an_exemption_wants_its_record(cast: Cast, application: AIApplication) -> None:
    answer(application, **{**CREDIT, "profiling": False, "significant_risk": False, "exemption": ["procedural"]})
    page = page_of(cast.alice, application)
    assert "Exemption under Art. 6(3)" in page
    assert "Missing" in page
    one = write(cast.alice, records.start(actor=cast.alice, application=application, form="exemption"))
    records.submit(actor=cast.alice, record=one)
    records.sign(actor=cast.bob, record=one, agrees=True)
    assert "Not reported yet" in page_of(cast.alice, application)
    records.report(actor=cast.alice, record=one, on=timezone.localdate(), reference="EU-DB-77")
    assert "EU-DB-77" in page_of(cast.alice, application)
    answer(application, profiling=True)
    page = page_of(cast.alice, application)
    assert "it profiles people, which excludes the exemption" in page
    assert "Due again" in page


def test_art_27_says_who_must(cast: Cast, application: AIApplication) -> None:
    answer(application, **CREDIT)
    page = page_of(cast.alice, application)
    assert "Required of us as deployer from" in page
    assert reverse("risk:record", args=[application.pk, "fundamental_rights"]) in page
    answer(application, annex_iii=[], annex_iii_exclusion=None)
    assert "Fundamental rights impact assessment" not in page_of(cast.alice, application)


def test_the_trail_tells_who_answered_what_when_and_why(cast: Cast, application: AIApplication) -> None:
    answer(application, cast.alice, annex_iii=["5b"])
    assessments.save_answers(
        actor=cast.bob, application=application, answers={"annex_iii": []}, reason="Fraud detection only."
    )
    assessments.save_organisation_answers(actor=cast.ada, department=cast.root, answers={"org.public_body": False})
    steps = {one.who: one for one in trail.trail(application, load_method())}
    assert {who: one.after for who, one in steps.items() if who != "Alice"} == {"Ada": "no", "Bob": "none of these"}
    assert steps["Ada"].where == cast.root.name
    assert steps["Bob"].before.startswith("Essential services: creditworthiness")
    assert steps["Bob"].reason == "Fraud detection only."
    assert "Fraud detection only." in page_of(cast.dan, application)


def test_the_class_over_time_names_each_change_once(cast: Cast, stopped: AIApplication) -> None:
    answer(stopped, cast.alice, p_f_safety=True, consequence="none")
    scores.rescore_changed()
    answer(stopped, cast.alice, scale="under_100")
    scores.rescore_changed()
    assert [one.title for one in trail.classes(stopped)] == ["", "Prohibited practice", ""]


def test_the_page_costs_the_same_for_few_answers_and_for_many(cast: Cast) -> None:
    client = Client()
    client.force_login(cast.alice)

    def queries(application: AIApplication) -> int:
        with CaptureQueriesContext(connection) as found:
            assert client.get(reverse("risk:classification", args=[application.pk])).status_code == 200
        return len(found)

    few = make_application(cast.cards, lifecycle=Lifecycle.IDEA)
    answer(few, ai_system=True)
    many = make_application(cast.cards, lifecycle=Lifecycle.IDEA)
    answer(many, **CREDIT)
    for value in (False, True, None) * 5:
        answer(many, interacts=value)
    scores.rescore_changed()
    queries(few)  # the method is read once a process
    assert queries(few) == queries(many)


MINIMAL: dict[str, object] = {"annex_i": "none", "annex_iii": [], "annex_iii_exclusion": None} | dict.fromkeys(
    ("interacts", "synthetic", "emotion_or_categorisation", "deep_fake", "public_text"), False
)


@pytest.mark.parametrize(
    ("annex_iii", "counted"), [([], "the class as “Minimal risk”, as it will once"), (None, "as open among")]
)
def test_a_practice_that_may_be_prohibited_says_what_the_score_makes_of_it(
    cast: Cast, application: AIApplication, annex_iii: list[str] | None, counted: str
) -> None:
    answer(application, **{**IN_SCOPE, **NOT_PROHIBITED, **MINIMAL, "annex_iii": annex_iii, "p_b": None})
    before = cases.judge_now(application, timezone.localdate())
    for route in ("application", "classification"):
        page = page_of(cast.alice, application, route)
        assert "1 question on Art. 5 of the EU AI Act is answered “I don't know”" in page
        assert counted in page
    answer(application, p_b=False)
    after = cases.judge_now(application, timezone.localdate())
    assert after.inputs.answers["eu_class"] == before.inputs.answers["eu_class"]
    assert "not ruled out yet" not in page_of(cast.alice, application)


def test_open_and_not_known_are_told_apart(cast: Cast, application: AIApplication) -> None:
    answer(application, **{**IN_SCOPE, **NOT_PROHIBITED, "p_b": None})
    page = page_of(cast.alice, application, "questionnaire", step="factors")
    step = page[page.index("Prohibited practices") :][:300]
    assert "10 of 10, 1 of them not known" in step
    assert "done" not in step.split("</li>")[0]
    assert "1 of them not known" in page[page.index("Effect so far") :]
    answer(application, p_b=False)
    page = page_of(cast.alice, application, "questionnaire", step="factors")
    assert "done" in page[page.index("Prohibited practices") :].split("</li>")[0]
    assert "not known" not in page[page.index("Effect so far") :]
