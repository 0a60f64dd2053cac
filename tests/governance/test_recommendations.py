"""Recommendations: how they go on by themselves, what people do about them, and what each person sees of them."""

from datetime import date, timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection
from django.db.models import Sum
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from governance.models import Recommendation, RecommendationStep, RuleThreshold, Subject
from governance.selectors import recommendations as selector
from governance.selectors.next_actions import next_actions
from governance.services import recommendations
from governance.services.recommendations.course import Found, Standing, Turn, turn
from inventory.choices import AlertState, Severity
from inventory.models import Alert, AuditLogEntry, DailyUsage, Department
from inventory.selectors.scope import scope_of
from risk.selectors import cases
from risk.selectors.next_steps import next_steps
from risk.services import scores
from tests.builders import make_application, make_department
from tests.cast import Cast
from tests.governance.estate import Estate
from tests.governance.test_recommendation_rules import sighting, use

TODAY = date(2026, 11, 28)
SOON = TODAY + timedelta(days=9)
KEPT = Found(rows=4, amount=100, gravity=2)
MOST_QUERIES = 15
RULE = "unsanctioned_app"


@pytest.mark.parametrize(
    ("standing", "found", "then"),
    [
        (Standing("open"), Found(), ("open", 1, "")),
        (Standing("open", missed=1), Found(), ("completed", 2, "completed")),
        (Standing("in_progress", missed=1), Found(), ("completed", 2, "completed")),
        (Standing("open", missed=1), Found(1, 1, 1), ("open", 0, "")),
        (Standing("completed", missed=2), Found(), ("completed", 2, "")),
        (Standing("completed", missed=2), Found(1, 1, 1), ("open", 0, "reopened")),
        (Standing("dismissed", 0, SOON, KEPT), KEPT, ("dismissed", 0, "")),
        (Standing("dismissed", 0, TODAY, KEPT), KEPT, ("dismissed", 0, "")),  # its last day
        (Standing("dismissed", 0, TODAY - timedelta(days=1), KEPT), KEPT, ("open", 0, "reopened")),
        (Standing("dismissed", 0, SOON, KEPT), Found(5, 125, 2), ("dismissed", 0, "")),  # a quarter more, exactly
        (Standing("dismissed", 0, SOON, KEPT), Found(6, 100, 2), ("open", 0, "reopened")),
        (Standing("dismissed", 0, SOON, KEPT), Found(4, 126, 2), ("open", 0, "reopened")),
        (Standing("dismissed", 0, SOON, KEPT), Found(1, 1, 3), ("open", 0, "reopened")),
        (Standing("dismissed", 1, SOON, KEPT), Found(), ("completed", 2, "completed")),
    ],
)
def test_its_course(standing: Standing, found: Found, then: tuple[str, int, str]) -> None:
    done = turn(standing, found, TODAY)
    assert done == Turn(*then, done.why)
    assert bool(done.why) == bool(done.action)


def shadow(cast: Cast) -> None:
    """One AI app that is not registered, used in Cards, in Treasury, and by people of no department."""
    app = sighting()
    use(app, cast.cards, people=3, interactions=10)
    use(app, cast.treasury, people=1, interactions=4)
    use(app, None, people=1, interactions=1)


def card_of(department: Department, rule: str = RULE) -> Recommendation:
    return Recommendation.objects.get(rule=rule, department=department)


def test_each_department_has_the_card_of_its_sub_tree(cast: Cast) -> None:
    shadow(cast)
    recommendations.evaluate()
    found = {card.department.key: (card.rows, card.amount) for card in Recommendation.objects.filter(rule=RULE)}
    assert found == {cast.root.key: (3, 15), "retail": (1, 10), "cards": (1, 10), "treasury": (1, 4)}


def test_it_completes_and_comes_back_by_itself(cast: Cast) -> None:
    shadow(cast)
    recommendations.evaluate()
    app = make_application(cast.retail)
    DailyUsage.objects.update(application=app, sighting=None)
    recommendations.evaluate()
    card = card_of(cast.cards)
    assert (card.state, card.rows, card.missed) == ("open", 0, 1)
    recommendations.evaluate()
    card.refresh_from_db()
    assert (card.state, Subject.objects.filter(rule=RULE).count()) == ("completed", 0)
    shadow_again = sighting("Other")
    use(shadow_again, cast.cards, people=3)
    recommendations.evaluate()
    card.refresh_from_db()
    assert card.state == "open"
    actions = list(card.steps.order_by("id").values_list("action", flat=True))
    assert actions == ["found", "completed", "reopened"]
    assert AuditLogEntry.objects.filter(action="recommendations.evaluated").count() == 4


def test_a_feed_that_is_gone_completes_nothing(cast: Cast) -> None:
    shadow(cast)
    recommendations.evaluate()
    DailyUsage.objects.all().delete()
    for _ in range(3):
        recommendations.evaluate()
    assert card_of(cast.cards).state == "open"


def test_evaluating_again_changes_nothing(cast: Cast) -> None:
    shadow(cast)
    recommendations.evaluate()
    before = list(Subject.objects.order_by("id").values()), list(Recommendation.objects.order_by("id").values())
    outcome = recommendations.evaluate()
    assert outcome is not None
    assert not outcome.actions
    assert before == (
        list(Subject.objects.order_by("id").values()),
        list(Recommendation.objects.order_by("id").values()),
    )
    assert recommendations.evaluate_unless_just_done() is None


def test_a_dismissal_holds_until_it_grows(cast: Cast) -> None:
    shadow(cast)
    recommendations.evaluate()
    card, until = card_of(cast.cards), timezone.localdate() + timedelta(days=30)
    recommendations.dismiss(actor=cast.bob, pk=card.pk, reason="Trial of the team", until=until)
    DailyUsage.objects.filter(department=cast.cards).update(interactions=12)
    recommendations.evaluate()
    card.refresh_from_db()
    assert (card.state, card.amount, card.reason, card.until) == ("dismissed", 12, "Trial of the team", until)
    DailyUsage.objects.filter(department=cast.cards).update(interactions=13)
    recommendations.evaluate()
    card.refresh_from_db()
    assert (card.state, card.reason, card.until) == ("open", "", None)
    assert card.steps.first().text == "It grew from 10 to 13."  # type: ignore[union-attr]
    assert card_of(cast.retail).state == "open"  # the card above stood on its own


def test_a_dismissal_ends_with_its_time(cast: Cast) -> None:
    shadow(cast)
    recommendations.evaluate()
    card, today = card_of(cast.cards), timezone.localdate()
    recommendations.dismiss(actor=cast.bob, pk=card.pk, reason="Later", until=today)
    recommendations.evaluate()
    card.refresh_from_db()
    assert card.state == "dismissed"
    recommendations.evaluate(timezone.now() + timedelta(days=1))
    card.refresh_from_db()
    assert card.state == "open"


@pytest.mark.parametrize(("reason", "days"), [("", 5), (" ", 5), ("Why", -1), ("Why", 91), ("Why", None)])
def test_a_dismissal_needs_a_reason_and_an_end(cast: Cast, reason: str, days: int | None) -> None:
    shadow(cast)
    recommendations.evaluate()
    until = None if days is None else timezone.localdate() + timedelta(days=days)
    with pytest.raises(ValidationError):
        recommendations.dismiss(actor=cast.bob, pk=card_of(cast.cards).pk, reason=reason, until=until)


def test_people_work_on_it_and_it_is_written_down(cast: Cast) -> None:
    shadow(cast)
    recommendations.evaluate()
    pk = card_of(cast.cards).pk
    recommendations.start(actor=cast.alice, pk=pk)
    recommendations.assign(actor=cast.alice, pk=pk, owner=cast.carol)
    with pytest.raises(ValidationError):
        recommendations.assign(actor=cast.alice, pk=pk, owner=cast.eve)  # she may not see it
    with pytest.raises(PermissionDenied):
        recommendations.dismiss(actor=cast.alice, pk=pk, reason="No", until=timezone.localdate())
    with pytest.raises(PermissionDenied):
        recommendations.start(actor=cast.carol, pk=pk)
    recommendations.dismiss(actor=cast.bob, pk=pk, reason="No", until=timezone.localdate())
    with pytest.raises(PermissionDenied):
        recommendations.reopen(actor=cast.alice, pk=pk, reason="Yes")
    recommendations.reopen(actor=cast.bob, pk=pk, reason="Yes")
    card = Recommendation.objects.get(pk=pk)
    assert (card.state, card.owner) == ("open", cast.carol)
    steps = RecommendationStep.objects.filter(recommendation=pk).order_by("id")
    assert [(one.action, str(one.actor or "")) for one in steps] == [
        *(("found", ""), ("started", "Alice"), ("assigned", "Alice"), ("dismissed", "Bob"), ("reopened", "Bob"))
    ]
    logged = AuditLogEntry.objects.filter(action__startswith="recommendation.").order_by("id")
    assert [one.action.split(".")[1] for one in logged] == ["started", "assigned", "dismissed", "reopened"]
    assert {one.department for one in logged} == {cast.cards}


def test_thresholds_are_checked_and_logged(cast: Cast) -> None:
    with pytest.raises(PermissionDenied):
        recommendations.change_thresholds(actor=cast.bob, rule=RULE, values={"people": 5})
    for values in ({"people": 0}, {"people": float("nan")}, {"score": 11}, {"nothing": 1}):
        with pytest.raises(ValidationError):
            recommendations.change_thresholds(actor=cast.ada, rule=RULE, values=values)
    recommendations.change_thresholds(actor=cast.ada, rule=RULE, values={"people": 5, "score": 4})
    assert list(RuleThreshold.objects.values_list("name", "value")) == [("people", 5)]
    entry = AuditLogEntry.objects.get(action="recommendation_thresholds.changed")
    assert entry.details["changed"] == {"people": [3, 5]}
    recommendations.change_thresholds(actor=cast.ada, rule=RULE, values={"people": 3})
    assert not RuleThreshold.objects.exists()


# Pages


def everything(cast: Cast) -> None:
    """Findings of several rules, in several departments."""
    shadow(cast)
    app = make_application(cast.cards, "Card Helper")
    use(app, cast.cards, people=4, interactions=20, jailbreak=2, injection=1, attacks=3)
    for severity in (Severity.HIGH, Severity.LOW):
        Alert.objects.create(
            title="<b>Late</b>",
            type="AI.Azure_Agentic_Jailbreak",
            severity=severity,
            state=AlertState.ACTIVE,
            application=app,
            at=timezone.now() - timedelta(days=20),
        )
    scores.rescore_changed()
    recommendations.evaluate()


PERSONS = {"alice": "retail", "bob": "retail", "carol": "retail", "dan": "", "eve": "treasury", "ada": ""}


@pytest.mark.parametrize("who", PERSONS)
def test_each_number_is_the_sum_of_its_rows(cast: Cast, client: Client, who: str) -> None:
    everything(cast)
    user = getattr(cast, who)
    client.force_login(user)
    cards = selector.cards(scope_of(user))
    assert cards
    for card in cards:
        assert card.department.key == (PERSONS[who] or cast.root.key)
        page = client.get(f"/recommendations/{card.pk}/")
        assert page.status_code == 200
        assert page.context["page"].paginator.count == card.rows
        rows = [line for line, _ in page.context["rows"]]
        assert sum(line.amount for line in rows) == card.amount
        places = page.context["places"]
        assert (sum(one.rows for one in places), sum(one.amount for one in places)) == (card.rows, card.amount)
        assert selector.subjects_of(card).aggregate(sum=Sum("amount"))["sum"] == card.amount
        for line, href in page.context["rows"]:
            assert not href or client.get(href).status_code == 200, (line, href)
        assert client.get(page.context["action_url"]).status_code in (200, 403)
        for place in places:
            if place.key:
                narrowed = client.get(f"/recommendations/{card.pk}/?department={place.key}")
                assert narrowed.context["page"].paginator.count >= place.rows
        csv = b"".join(client.get(f"/recommendations/{card.pk}/evidence.csv"))
        assert csv.count(b"\r\n") == card.rows + 1


def test_nobody_sees_the_cards_of_others(cast: Cast, client: Client) -> None:
    everything(cast)
    client.force_login(cast.eve)
    for card in Recommendation.objects.exclude(department=cast.treasury):
        for path in ("", "evidence.csv"):
            assert client.get(f"/recommendations/{card.pk}/{path}").status_code == 404
    body = client.get("/recommendations/").content.decode()
    assert "Treasury" in body
    assert "Cards" not in body
    assert "Card Helper" not in body
    client.force_login(cast.bob)
    assert client.post(f"/recommendations/{card_of(cast.treasury).pk}/act/", {"action": "start"}).status_code == 404
    assert client.get("/recommendations/?department=treasury").status_code == 404
    assert client.get("/settings/recommendations/").status_code == 403


def test_hostile_names_are_escaped(cast: Cast, client: Client) -> None:
    everything(cast)
    client.force_login(cast.dan)
    body = client.get(f"/recommendations/{card_of(cast.root, 'late_alerts').pk}/").content.decode()
    assert "&lt;b&gt;Late" in body
    assert "<b>Late" not in body
    assert client.get("/recommendations/?state=nonsense&severity=x").status_code == 200
    for pk in (0, 10**30):
        assert client.get(f"/recommendations/{pk}/").status_code == 404


def test_the_list_narrows_by_the_address(cast: Cast, client: Client) -> None:
    everything(cast)
    client.force_login(cast.ada)

    def shown(query: str) -> set[str]:
        return {card.rule.key for card, _ in client.get(f"/recommendations/?{query}").context["cards"]}

    assert {RULE, "late_alerts", "jailbreaks", "indirect_injection", "unassessed_use"} <= shown("")
    assert RULE not in shown("severity=high")
    assert shown("department=treasury") == {RULE}
    recommendations.dismiss(actor=cast.ada, pk=card_of(cast.root).pk, reason="x", until=timezone.localdate())
    assert RULE not in shown("")
    assert shown("state=dismissed") == {RULE}
    assert RULE in shown("state=all")
    page = client.get("/recommendations/")
    assert "No recommendation fits" in client.get("/recommendations/?state=completed").content.decode()
    for view in page.context["views"]:
        assert len(client.get(view["url"]).context["cards"]) == view["count"]
    assert {one.rule.key for one in page.context["lacking"]} >= {"unlabelled_data", "open_agent"}


def test_an_empty_page_says_why(cast: Cast, client: Client) -> None:
    client.force_login(cast.carol)
    assert "Not evaluated yet" in client.get("/recommendations/").content.decode()
    recommendations.evaluate()
    assert "Nothing to recommend" in client.get("/recommendations/").content.decode()


def test_the_doors_of_acts(cast: Cast, client: Client) -> None:
    everything(cast)
    pk = card_of(cast.retail).pk
    path = f"/recommendations/{pk}/act/"
    client.force_login(cast.bob)
    for given in ({"action": "start"}, {"action": "assign", "owner": "carol"}):
        assert client.post(path, given).status_code == 302
    for bad in (
        {"action": "start"},
        {"action": "x"},
        {"action": "assign", "owner": "nobody\x00"},
        {"action": "dismiss"},
    ):
        answer = client.post(path, bad)
        assert answer.status_code == 400
        assert "Not done" in answer.content.decode()
    until = (timezone.localdate() + timedelta(days=3)).isoformat()
    assert client.post(path, {"action": "dismiss", "text": "Known", "until": until}).status_code == 302
    assert "Known" in client.get(f"/recommendations/{pk}/").content.decode()
    for who in (cast.dan, cast.carol):
        client.force_login(who)
        assert client.post(path, {"action": "start"}).status_code == 403
        assert "Work on it" not in client.get(f"/recommendations/{pk}/").content.decode()


def test_the_settings_page(cast: Cast, client: Client) -> None:
    client.force_login(cast.ada)
    given = {"rule": RULE, "people": "4", "mib": "10", "score": "4", "high_mib": "100"}
    assert client.post("/settings/recommendations/", {**given, "people": "many"}).status_code == 400
    answer = client.post("/settings/recommendations/", {**given, "score": "99"})
    assert "Give a number from 0 to 10." in answer.content.decode()
    assert client.post("/settings/recommendations/", given).status_code == 302
    assert "by at least 4 people" in client.get("/settings/recommendations/").content.decode()


def test_pages_cost_the_same_for_three_and_thirty(cast: Cast, client: Client) -> None:
    everything(cast)
    client.force_login(cast.ada)
    paths = ("/recommendations/", f"/recommendations/{card_of(cast.root).pk}/")

    def cost(path: str) -> int:
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert client.get(path).status_code == 200
        return len(queries)

    for path in paths:
        cost(path)
    few = [cost(path) for path in paths]
    app = sighting("Elsewhere too")
    for n in range(30):
        use(app, make_department(f"Branch {n}", cast.retail), people=3)
    recommendations.evaluate()
    many = [cost(path) for path in paths]
    assert many == few
    assert max(many) <= MOST_QUERIES


def test_machines_read_the_same(cast: Cast, client: Client) -> None:
    everything(cast)
    client.force_login(cast.carol)
    listed = client.get("/api/v1/recommendations/?department=retail&state=open&limit=500").json()["results"]
    shown = {(card.pk, card.rows, card.amount) for card in selector.cards(scope_of(cast.carol))}
    assert {(one["id"], one["rows"], one["amount"]) for one in listed if one["department"] == "retail"} == shown
    assert {one["department"] for one in listed} == {"retail", "cards"}
    for one in listed:
        rows = client.get(f"/api/v1/recommendations/{one['id']}/evidence/?limit=500").json()
        assert (rows["count"], sum(row["amount"] for row in rows["results"])) == (one["rows"], one["amount"])
    assert client.get("/api/v1/recommendations/?severity=nonsense").status_code == 400
    assert client.get(f"/api/v1/recommendations/{card_of(cast.treasury).pk}/evidence/").status_code == 404


def test_the_overview_shows_the_gravest(cast: Cast, client: Client) -> None:
    everything(cast)
    client.force_login(cast.carol)
    shown = client.get("/").context["recommendations"]
    assert 0 < len(shown) <= selector.TOP
    assert {card.department for card in shown} == {cast.retail}
    assert shown[0].severity == "high"
    client.force_login(cast.eve)
    assert [card.rule.key for card in client.get("/").context["recommendations"]] == [RULE]


def test_next_actions_promise_what_the_application_promises(estate: Estate, client: Client) -> None:
    today = timezone.localdate()
    found = next_actions(scope_of(estate.cast.carol), today)
    assert {one.application for one in found} == {estate.scorer, estate.summariser}
    assert [one.gain for one in found] == sorted((one.gain for one in found), reverse=True)
    for one in found:
        best = next_steps(cases.judge_now(one.application, today))[0]
        assert (one.step, one.now, one.then) == (best, best.now, best.best)
    client.force_login(estate.cast.carol)
    assert "Credit Scorer" in client.get("/recommendations/next/").content.decode()
    fragment = client.get("/recommendations/next/", headers={"hx-request": "true"}).content.decode()
    assert "Credit Scorer" in fragment
    assert "<html" not in fragment
    client.force_login(estate.cast.eve)
    assert "Credit Scorer" not in client.get("/recommendations/next/").content.decode()
