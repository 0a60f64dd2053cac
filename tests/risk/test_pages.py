"""The pages of the risk storey, met by the cast."""

import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from inventory.choices import ApplicationKind, Lifecycle
from inventory.models import AIApplication, User
from risk.models import CurrentScore
from risk.selectors import applications, cases
from risk.selectors.next_steps import ControlStep
from risk.selectors.summary import summary
from risk.services import assessments, controls, scores
from tests.builders import make_application
from tests.cast import Cast
from tests.risk.evidence import proof

PAGES = ("application", "questionnaire", "classification", "controls", "activity", "history", "compare")
HTMX = {"HX-Request": "true"}


def as_(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def shown(client: Client, address: str, **query: str) -> str:
    answer = client.get(address, query)
    assert answer.status_code == 200, answer.status_code
    return answer.content.decode()


# Who sees what


@pytest.mark.parametrize("page", PAGES)
def test_each_page_opens_for_who_may_see_it(cast: Cast, application: AIApplication, page: str) -> None:
    address = reverse(f"risk:{page}", args=[application.pk])
    for person in (cast.alice, cast.bob, cast.carol, cast.dan, cast.ada):
        assert "Card helper" in shown(as_(person), address)
    assert as_(cast.eve).get(address).status_code == 404


def test_only_who_may_change_gets_the_means_to(cast: Cast, application: AIApplication) -> None:
    for page in ("questionnaire", "controls"):
        address = reverse(f"risk:{page}", args=[application.pk])
        assert "hx-post" in shown(as_(cast.alice), address)
        for person in (cast.carol, cast.dan):
            page_shown = shown(as_(person), address)
            assert "hx-post" not in page_shown
            assert 'type="submit" class="btn btn-primary"' not in page_shown


def test_who_may_only_look_is_refused_and_who_may_not_even_that_finds_nothing(
    cast: Cast, application: AIApplication
) -> None:
    pk = application.pk
    doors = (
        (reverse("risk:questionnaire", args=[pk]), {"q:scale": "under_10k"}),
        (reverse("risk:controls", args=[pk]), {"GV-01-status": "attested"}),
        (reverse("risk:control", args=[pk, "GV-01"]), {"GV-01-status": "attested"}),
    )
    for address, data in doors:
        for person, status in ((cast.carol, 403), (cast.dan, 403), (cast.eve, 404)):
            assert as_(person).post(address, data).status_code == status
    assert not application.answers.exists()
    assert not application.control_states.exists()


# The list


def names(page: str) -> list[str]:
    return re.findall(r'/applications/\d+/">([^<]+)</a>', page)


def test_the_list_shows_what_a_person_may_see(cast: Cast, application: AIApplication) -> None:
    make_application(cast.treasury, "Hedger")
    address = reverse("risk:applications")
    assert names(shown(as_(cast.alice), address)) == ["Card helper"]
    assert names(shown(as_(cast.eve), address)) == ["Hedger"]
    assert set(names(shown(as_(cast.dan), address))) == {"Card helper", "Hedger"}


def test_the_list_narrows_by_everything_it_offers(cast: Cast, application: AIApplication) -> None:
    make_application(cast.treasury, "Hedger", kind=ApplicationKind.AGENT, lifecycle=Lifecycle.IDEA)
    scores.rescore_changed()
    assessments.save_answers(
        actor=None, application=application, answers={"ai_system": False, "gpai_provider": False, "consequence": "none"}
    )
    scores.rescore_changed()
    band = CurrentScore.objects.get(pk=application.pk).band
    client, address = as_(cast.dan), reverse("risk:applications")
    for query in (
        {"department": "retail"},
        {"kind": "application"},
        {"lifecycle": "live"},
        {"class": "out_of_scope"},
        {"owner": "alice"},
        {"q": "card HELP"},
        {"band": f"{band},low", "kind": "application"},
    ):
        assert names(shown(client, address, **query)) == ["Card helper"], query
    assert names(shown(client, address, **{"class": "open"})) == ["Hedger"]
    assert "No application fits" in shown(client, address, q="nothing of the kind")
    assert "No application fits" in shown(client, address, band="low")


def test_the_list_sorts_by_every_column_both_ways(cast: Cast, application: AIApplication) -> None:
    make_application(cast.treasury, "Hedger")
    scores.rescore_changed()
    make_application(cast.treasury, "Not scored yet")
    client, address = as_(cast.dan), reverse("risk:applications")
    assert names(shown(client, address, sort="name")) == ["Card helper", "Hedger", "Not scored yet"]
    assert names(shown(client, address, sort="-name"))[0] == "Not scored yet"
    for column in ("department", "kind", "lifecycle", "class", "risk", "change", "owner", "review", "fairness", "bad"):
        for sort in (column, f"-{column}"):
            assert len(names(shown(client, address, sort=sort))) == 3
    assert names(shown(client, address, sort="-risk"))[-1] == "Not scored yet"
    assert names(shown(client, address, sort="risk"))[-1] == "Not scored yet"


def test_the_list_pages_without_losing_or_repeating_one(cast: Cast) -> None:
    for n in range(53):
        make_application(cast.cards, f"App {n:02}")
    scores.rescore_changed()
    client, address = as_(cast.dan), reverse("risk:applications")
    seen = [name for page in "123" for name in names(shown(client, address, page=page))]
    assert sorted(seen) == [f"App {n:02}" for n in range(53)]
    assert "53 applications" in shown(client, address)


def test_the_list_costs_the_same_for_few_and_for_many(cast: Cast) -> None:
    client, address = as_(cast.alice), reverse("risk:applications")

    def queries(count: int) -> list[str]:
        for _ in range(count):
            make_application(cast.cards, owner=cast.alice)
        scores.rescore_changed()
        with CaptureQueriesContext(connection) as found:
            shown(client, address, department="retail")
        return [one["sql"] for one in found]

    few, many = queries(3), queries(27)
    assert len(few) == len(many) <= 10, "\n".join(many)


def test_the_list_counts_what_it_holds(cast: Cast) -> None:
    for n in range(4):
        make_application(cast.cards if n % 2 else cast.treasury, f"App {n}")
    scores.rescore_changed()
    CurrentScore.objects.filter(application__name="App 0").update(eu_class="minimal", band="low")
    make_application(cast.cards, "Not scored yet")
    low, minimal = {"bands": ["low"]}, {"classes": ["minimal"]}
    narrowings = [low, minimal, {"bands": ["low", "high", "moderate"]}, {"classes": ["minimal", "open"]}]
    narrowings += [{**low, **minimal}, {**low, **minimal, "kinds": ["application"]}]
    for user in (cast.dan, cast.alice):
        for narrowing in narrowings:
            page = applications.page(user, applications.Wanted(**narrowing), 1)
            assert page.paginator.count == len(page.object_list), narrowing


def test_a_hostile_name_stays_text(cast: Cast) -> None:
    one = make_application(cast.cards, "<script>alert(1)</script>")
    scores.rescore_changed()
    for address in (reverse("risk:applications"), *(reverse(f"risk:{page}", args=[one.pk]) for page in PAGES)):
        page = shown(as_(cast.alice), address)
        assert "<script>alert" not in page
        assert "&lt;script&gt;alert(1)" in page


# Summary


def test_the_parts_add_up_to_the_shown_value(cast: Cast, application: AIApplication) -> None:
    assessments.save_answers(
        actor=None, application=application, answers={"consequence": "economic", "scale": "over_1m"}
    )
    controls.state_control(actor=None, application=application, control="GV-01", status="evidenced", proof=proof())
    judgement = cases.judge_now(application, timezone.localdate())
    for measure in ("overall", *judgement.score.principles):
        found = summary(application, judgement, measure)
        assert round(sum(part.amount for part in found.parts), 1) == found.total == round(found.value, 1)
        page = shown(as_(cast.alice), reverse("risk:application", args=[application.pk]), principle=measure)
        assert f"Why {'the overall risk' if measure == 'overall' else found.label.lower()} is {found.total:g}" in (
            page.replace("&amp;", "&")
        )


def test_the_promised_effect_of_a_control_is_what_happens(cast: Cast, application: AIApplication) -> None:
    assessments.save_answers(actor=None, application=application, answers={"consequence": "economic"})
    steps = summary(application, cases.judge_now(application, timezone.localdate()), "overall").steps
    best = next(one for one in steps if isinstance(one, ControlStep))
    controls.state_control(actor=None, application=application, control=best.id, status="verified", proof=proof())
    scores.rescore_changed()
    assert CurrentScore.objects.get(pk=application.pk).overall_point == pytest.approx(best.then, abs=1e-9)


def test_a_prohibited_practice_shows_a_stop_sign(cast: Cast, application: AIApplication) -> None:
    given = {"ai_system": True, "union_nexus": True, "exclusion": [], "p_c": True}
    assessments.save_answers(actor=None, application=application, answers=given)
    scores.rescore_changed()
    page = shown(as_(cast.alice), reverse("risk:classification", args=[application.pk]))
    assert "Stop" in page
    assert "5(1)(c)" in page
    assert "Social scoring" in page
    assert "Stop" in shown(as_(cast.alice), reverse("risk:application", args=[application.pk]))


def test_an_open_class_names_what_decides_it(cast: Cast, application: AIApplication) -> None:
    page = shown(as_(cast.alice), reverse("risk:classification", args=[application.pk]))
    assert "Not decided" in page
    assert "?step=scope#ai_system" in page
    assert reverse("risk:organisation_facts") in page


def test_history_tells_who_answered_and_what_the_score_did(cast: Cast, application: AIApplication) -> None:
    given = {"ai_system": True, "union_nexus": True, "exclusion": [], "p_c": True}
    assessments.save_answers(actor=cast.alice, application=application, answers=given)
    scores.rescore_changed()
    page = shown(as_(cast.dan), reverse("risk:history", args=[application.pk]))
    assert "Alice" in page
    assert "Answered" in page
    assert "Prohibited practice" in page


def test_organisation_facts_by_who_may(cast: Cast) -> None:
    address = reverse("risk:organisation_facts")
    assert "Financial entity under DORA" in shown(as_(cast.dan), address)
    data = {"q:org.eu_financial_entity": "yes", "q:org.us_bank": "unknown"}
    for person in (cast.alice, cast.dan, cast.carol):
        assert as_(person).post(address, data).status_code == 403
    assert as_(cast.ada).post(address, data).status_code == 302
    found = dict(cast.root.organisation_answers.values_list("question", "value"))
    assert found == {"org.eu_financial_entity": True, "org.us_bank": None}


def test_a_department_that_differs(cast: Cast) -> None:
    assessments.save_organisation_answers(actor=None, department=cast.root, answers={"org.us_bank": True})
    address = reverse("risk:organisation_facts") + "?department=retail"
    client = as_(cast.bob)
    assert "as answered for" in shown(client, address)
    client.post(address, {"q:org.us_bank": "no"})
    assert cases.tree().facts(cast.cards.pk)["org.us_bank"] is False
    client.post(address, {"q:org.us_bank": "inherit"})
    assert cases.tree().facts(cast.cards.pk)["org.us_bank"] is True
    assert client.get(reverse("risk:organisation_facts") + "?department=treasury").status_code == 404
