"""Recommendations: how they go on by themselves, what people do about them, and what each person sees of them."""

import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.utils import timezone

from governance.models import Recommendation, RecommendationStep, RuleThreshold, Subject
from governance.selectors.rules import RULES
from governance.services import recommendations
from governance.services.recommendations.course import Found, Standing, Turn, turn
from governance.services.recommendations.thresholds import EVALUATE
from governance.tasks import evaluate_recommendations
from inventory.connectors.registry import CONNECTORS
from inventory.models import AgentListing, AuditLogEntry, DailyUsage, Department, Feed, ImportBatch
from inventory.services.imports import import_file
from risk.services import scores
from tests.builders import make_application
from tests.cast import Cast
from tests.governance.test_recommendation_rules import alert, batch, data_event, sensitive, sighting, use
from tests.governance.test_recommendation_rules_register import agent

TODAY = date(2026, 11, 28)
SOON = TODAY + timedelta(days=9)
KEPT = Found(rows=4, amount=100, gravity=2)
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


@pytest.mark.parametrize("missed", [0, 1])
def test_a_blind_rule_completes_nothing_but_goes_on_otherwise(missed: int) -> None:
    assert turn(Standing("open", missed), Found(), TODAY, blind=True) == Turn("open", missed)
    assert turn(Standing("completed", 2), Found(1, 1, 1), TODAY, blind=True).state == "open"
    assert turn(Standing("dismissed", 0, TODAY - timedelta(days=1), KEPT), KEPT, TODAY, blind=True).state == "open"


def test_an_old_feed_completes_nothing_though_another_goes_on(cast: Cast) -> None:
    """The export of the audit log has stopped; the proxy log goes on, and with it the window."""
    app = sighting("Chat Elsewhere")
    use(app, cast.cards, 20, people=3, interactions=10)
    sensitive(app, cast.cards, 3, day=timezone.localdate() - timedelta(days=20), information_types=["iban"])
    for _ in range(2):
        batch("purview_audit", newest_at=timezone.now() - timedelta(days=20))
        batch("cloud_discovery")
    recommendations.evaluate()
    assert card_of(cast.cards, "sensitive_outside").state == "open"
    later = timezone.now() + timedelta(days=15)
    use(sighting("Site"), cast.retail, -14, interactions=0, visits=1)
    ImportBatch.objects.filter(kind="cloud_discovery").update(newest_at=later, finished_at=later)
    for _ in range(3):
        recommendations.evaluate(later)
    card = card_of(cast.cards, "sensitive_outside")
    assert (card.state, card.rows) == ("open", 0)
    ImportBatch.objects.filter(kind="purview_audit").update(newest_at=later, finished_at=later)
    for _ in range(2):
        recommendations.evaluate(later)
    card.refresh_from_db()
    assert card.state == "completed"


def test_a_feed_that_never_came_completes_nothing(cast: Cast) -> None:
    agent(owners=[])
    batch("purview_audit")
    feed = Feed.objects.create(slug="agents", name="Agents of ours", kind="agents")
    Feed.objects.update(created_at=timezone.now() - timedelta(days=9))
    recommendations.evaluate()
    AgentListing.objects.update(owners=None)
    for _ in range(3):
        recommendations.evaluate()
    assert card_of(cast.root, "ownerless_agent").state == "open"
    feed.delete()
    for _ in range(2):
        recommendations.evaluate()
    assert card_of(cast.root, "ownerless_agent").state == "completed"


def test_feeds_of_rules_are_kinds_that_we_read() -> None:
    assert {kind for rule in RULES.values() for kind in rule.feeds} <= set(CONNECTORS)


def test_a_record_of_a_wrong_clock_completes_nothing(cast: Cast) -> None:
    """Dated next year, one record of each kind would move every window past all real findings."""
    shadow(cast)
    app = make_application(cast.cards)
    alert("AI.Azure_Agentic_Jailbreak", app)
    data_event(cast.cards, 1, seen_as="Elsewhere")
    agent(used_at=timezone.now(), owners=[])
    recommendations.evaluate()
    found = Subject.objects.exclude(rule="blind_spot").order_by("id")
    before = list(found.values())
    assert len({one["rule"] for one in before}) == 4
    year = timezone.now() + timedelta(days=400)
    use(app, cast.retail, -400, interactions=1)
    alert("x", app, at=year)
    data_event(cast.retail, 1, application=app, at=year)
    agent("Later", owners=None, as_of=year)
    for _ in range(2):
        recommendations.evaluate()
    assert list(found.all().values()) == before
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


def test_a_dismissal_ends_with_its_time_also_without_the_facts(cast: Cast) -> None:
    shadow(cast)
    recommendations.evaluate()
    card, today = card_of(cast.cards), timezone.localdate()
    recommendations.dismiss(actor=cast.bob, pk=card.pk, reason="Later", until=today)
    DailyUsage.objects.all().delete()
    recommendations.evaluate()
    card.refresh_from_db()
    assert card.state == "dismissed"
    recommendations.evaluate(timezone.now() + timedelta(days=1))
    card.refresh_from_db()
    assert (card.state, card.reason, card.until, card.rows) == ("open", "", None, 1)
    assert card.steps.first().text == "The time of the dismissal is over."  # type: ignore[union-attr]
    assert card_of(cast.retail).state == "open"


def test_what_is_completed_is_given_to_nobody(cast: Cast) -> None:
    shadow(cast)
    recommendations.evaluate()
    card = card_of(cast.cards)
    Recommendation.objects.filter(pk=card.pk).update(state="completed")
    with pytest.raises(ValidationError):
        recommendations.assign(actor=cast.alice, pk=card.pk, owner=cast.carol)
    assert card.steps.filter(action="assigned").count() == 0


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


def test_an_import_and_a_rescoring_ask_for_an_evaluation(
    cast: Cast, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    """Rung once what they stored is committed; the worker's task then finds it."""
    rung: list[str] = []
    monkeypatch.setattr("inventory.doorbell.current_app.send_task", lambda task, **_: rung.append(task))
    told = {"SystemAlertId": "1", "AlertType": "AI.Azure_Agentic_Jailbreak", "Severity": "High"}
    path = tmp_path / "alerts.json"
    path.write_text(json.dumps([{**told, "StartTimeUtc": timezone.now().isoformat()}]))
    with django_capture_on_commit_callbacks(execute=True):
        assert import_file(actor=None, path=path).stored == 1
    assert rung.count(EVALUATE) == 1
    evaluate_recommendations()
    assert card_of(cast.root, "jailbreaks").rows == 1
    make_application(cast.cards)
    rung.clear()
    with django_capture_on_commit_callbacks(execute=True):
        assert scores.rescore_changed().changed == 1
    assert rung.count(EVALUATE) == 1
