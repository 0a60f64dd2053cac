"""The questionnaire's pages: one answer at a time, nothing lost, nothing asked that can't matter."""

import re

from django.urls import reverse

from inventory.models import AIApplication
from risk.method import load_method
from risk.method.wording import help_texts
from risk.scoring.judgement import ORGANISATION_QUESTIONS
from risk.scoring.questionnaire import step_of
from risk.services import assessments
from tests.cast import Cast
from tests.risk.test_pages import HTMX, as_, shown


def test_one_answer_by_htmx_is_saved_and_its_effect_comes_back(cast: Cast, application: AIApplication) -> None:
    client, address = as_(cast.alice), reverse("risk:questionnaire", args=[application.pk])
    answer = client.post(f"{address}?step=factors", {"q:consequence": "none"}, headers=HTMX)
    assert answer.status_code == 200
    assert dict(application.answers.values_list("question", "value")) == {"consequence": "none"}
    page = answer.content.decode()
    assert "Effect so far" in page
    assert 'id="state-consequence" hx-swap-oob="innerHTML"' in page
    assert "<fieldset" not in page  # the questions stay as they are: nothing is replaced under the hand


def test_questions_come_and_go_in_their_place_and_none_is_sent_twice(cast: Cast, application: AIApplication) -> None:
    client, address = as_(cast.alice), reverse("risk:questionnaire", args=[application.pk])
    there = re.findall(r'name="asked" value="(\w+)"', shown(client, address, step="prohibited"))
    assert "p_d_facts" not in there

    def post(answer: str, asked: list[str]) -> str:
        sent = {"q:p_d": answer, "asked": asked}
        return client.post(f"{address}?step=prohibited", sent, headers=HTMX).content.decode()

    page = post("yes", there)
    assert page.count("<fieldset") == 1
    assert re.search(r"""hx-swap-oob="afterend:\[id='p_d'\]">\s*<fieldset class="question" id="p_d_facts\"""", page)
    assert "<fieldset" not in post("yes", [*there, "p_d_facts"])  # the page has it already
    assert """hx-swap-oob="delete:[id='p_d_facts']\"""" in post("no", [*there, "p_d_facts"])
    assert "delete:" not in post("no", there)  # a later answer has taken it away already


def test_every_question_has_help(cast: Cast, application: AIApplication) -> None:
    """The method's own, else ours; nothing is said twice, and nothing about a question that there is not."""
    method, ours = load_method(), help_texts()
    own = {key: question.help for key, question in method.questions.items()}
    keys = [*method.factors, *method.facts, *method.questions]
    asked = [key for key in keys if step_of(key, method) is not None and key not in ORGANISATION_QUESTIONS]
    assert [key for key in asked if not own.get(key) and key not in ours] == []
    assert [key for key in ours if key not in asked or own.get(key)] == []
    page = shown(as_(cast.alice), reverse("risk:questionnaire", args=[application.pk]), step="factors")
    assert "not only those who use it" in page


def test_what_a_form_says_it_has_stays_text(cast: Cast, application: AIApplication) -> None:
    hostile = "'] *\"><script>alert(1)</script>"
    address = reverse("risk:questionnaire", args=[application.pk]) + "?step=prohibited"
    page = as_(cast.alice).post(address, {"q:p_a": "no", "asked": [hostile, "p_a"]}, headers=HTMX).content.decode()
    assert "<script" not in page
    assert "delete:[id='']" not in page
    assert "alert(1)" not in page  # what is no question is not answered at all


def test_a_refused_answer_holds_up_no_other(cast: Cast, application: AIApplication) -> None:
    """By htmx each post carries the whole step: one answer that is wrong must not keep the others from being saved."""
    address = reverse("risk:questionnaire", args=[application.pk]) + "?step=factors"
    given = {"q:scale": "everybody", "q:consequence": "none"}
    page = as_(cast.alice).post(address, given, headers=HTMX).content.decode()
    assert re.search(r'id="wrong-scale"[^>]*>\s*<ul class="field-errors"><li>Choose one of', page)
    assert dict(application.answers.values_list("question", "value")) == {"consequence": "none"}
    application.answers.all().delete()
    assert as_(cast.alice).post(address, given).status_code == 400  # the whole step: all or none
    assert not application.answers.exists()


def test_each_choice_tells_what_it_would_change(cast: Cast, application: AIApplication) -> None:
    address = reverse("risk:consequences", args=[application.pk])
    page = shown(as_(cast.alice), address, step="factors")
    assert re.search(r'id="then-consequence-none" hx-swap-oob="innerHTML">risk [\d.]+ \(−[\d.]+\)', page)
    scope = shown(as_(cast.alice), address, step="scope")
    assert re.search(r'id="then-union_nexus-no" hx-swap-oob="innerHTML">[^<]*class: outside the act', scope)
    assert "prohibited practice: stop" not in scope
    practices = shown(as_(cast.alice), address, step="prohibited")  # while it is open whether the Act applies at all
    assert re.search(r'id="then-p_c-yes" hx-swap-oob="innerHTML">may be a prohibited practice[,<]', practices)
    assert re.search(r'id="then-p_c-no" hx-swap-oob="innerHTML">(?!may be)', practices)
    assessments.save_answers(
        actor=None, application=application, answers={"ai_system": True, "union_nexus": True, "exclusion": []}
    )
    assert "prohibited practice: stop" in shown(as_(cast.alice), address, step="prohibited")
    for person, status in ((cast.carol, 403), (cast.dan, 403), (cast.eve, 404)):
        assert as_(person).get(address).status_code == status
    saved = as_(cast.alice).post(
        reverse("risk:questionnaire", args=[application.pk]) + "?step=factors", {"q:scale": "over_1m"}, headers=HTMX
    )
    assert saved.headers["HX-Trigger-After-Settle"] == "answered"


def test_without_scripts_a_step_is_saved_whole_and_leads_on(cast: Cast, application: AIApplication) -> None:
    client, address = as_(cast.alice), reverse("risk:questionnaire", args=[application.pk])
    answer = client.post(f"{address}?step=factors", {"q:consequence": "none", "q:scale": "unknown"})
    assert answer.status_code == 302
    assert answer["Location"] == f"{address}?step=facts"
    assert dict(application.answers.values_list("question", "value")) == {"consequence": "none", "scale": None}


def test_boxes_none_and_unknown_exclude_each_other(cast: Cast, application: AIApplication) -> None:
    client, address = as_(cast.alice), reverse("risk:questionnaire", args=[application.pk]) + "?step=scope"

    def given(*values: str) -> object:
        client.post(address, {"q:role": ["", *values]}, headers=HTMX)
        return application.answers.filter(question="role").values_list("value", flat=True).first()

    assert given() is None
    assert not application.answers.filter(question="role").exists()  # untouched boxes are no answer
    assert given("uses", "imports") == ["uses", "imports"]
    assert given("uses", "imports", "none") == []  # ticked last
    assert given("none", "uses") == ["uses"]
    assert given("uses", "unknown") is None
    assert application.answers.filter(question="role", value__isnull=True).exists()
    assert given("unknown", "uses") == ["uses"]
    assert given() == []  # the last box was cleared


def test_what_follows_from_other_answers_is_shown_and_not_asked(cast: Cast, application: AIApplication) -> None:
    assessments.save_answers(actor=None, application=application, answers={"app.agentic": True})
    page = shown(as_(cast.alice), reverse("risk:questionnaire", args=[application.pk]), step="facts")
    assert 'name="q:app.generative"' not in page
    assert "Already known from other answers" in page
    assert "follows from: Plans and acts through tools" in page


def test_organisation_facts_are_never_asked_per_application(cast: Cast, application: AIApplication) -> None:
    client, address = as_(cast.alice), reverse("risk:questionnaire", args=[application.pk])
    for step in ("factors", "facts", "scope", "prohibited", "annex_i", "annex_iii", "transparency", "gpai"):
        page = shown(client, address, step=step)
        for key in ("public_body", "public_service", "org.", "eu_class"):
            assert f'name="q:{key}' not in page


def test_a_contradiction_is_shown_at_its_question_and_not_saved(cast: Cast, application: AIApplication) -> None:
    assessments.save_answers(
        actor=None, application=application, answers={"app.personal_data": False, "app.profiling": None}
    )
    address = reverse("risk:questionnaire", args=[application.pk]) + "?step=facts"
    answer = as_(cast.alice).post(address, {"q:app.profiling": "yes"}, headers=HTMX)
    assert "contradict" in answer.content.decode() or "q:app.profiling" not in answer.content.decode()
    assert not application.answers.filter(question="app.profiling", value=True).exists()


def test_a_question_nobody_offered_is_not_taken(cast: Cast, application: AIApplication) -> None:
    client, address = as_(cast.alice), reverse("risk:questionnaire", args=[application.pk])
    client.post(f"{address}?step=factors", {"q:eu_class": "minimal", "q:scale": "bogus"}, headers=HTMX)
    assert not application.answers.exists()


def test_a_finished_questionnaire_asks_nothing_more(cast: Cast, application: AIApplication) -> None:
    assessments.save_answers(actor=None, application=application, answers={"ai_system": False, "gpai_provider": False})
    page = shown(as_(cast.alice), reverse("risk:questionnaire", args=[application.pk]), step="prohibited")
    assert 'name="q:p_a"' not in page  # outside the Act: no practice is prohibited by it


# Classification, history, organisation
