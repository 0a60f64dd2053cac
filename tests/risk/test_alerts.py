"""The queue of alerts: who sees what, how it is narrowed, and what its bar does."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from inventory.choices import AlertState, RoleKind
from inventory.models import AIApplication, Alert, AuditLogEntry, User
from inventory.services.imports.encryption import encrypt
from risk.method import load_method
from risk.selectors import alerts
from risk.selectors.techniques import advice, techniques, types_showing
from tests.builders import make_application, make_user
from tests.cast import Cast

pytestmark = pytest.mark.django_db
JAILBREAK = "AI.Azure_Agentic_Jailbreak"
NASTY = '=HYPERLINK("x")<script>alert(1)</script>'


def make_alert(application: AIApplication | None, title: str = "Odd", hours: float = 1, **given: Any) -> Alert:
    at = timezone.now() - timedelta(hours=hours)
    values = {"severity": "high", "state": "active", "feed_state": "active", "type": JAILBREAK, **given}
    return Alert.objects.create(title=title, application=application, at=at, **values)


@pytest.fixture
def helper(cast: Cast) -> AIApplication:
    return make_application(cast.cards, "Card helper")


def titles(client: Client, user: User, **query: Any) -> list[str]:
    client.force_login(user)
    return [one.title for one in client.get(reverse("risk:alerts"), query).context["page"].object_list]


def test_it_is_worked_through_by_deadline_and_narrowed_by_its_address(
    client: Client, cast: Cast, helper: AIApplication
) -> None:
    make_alert(helper, "Fresh", 1)
    make_alert(helper, "Late", 30, tactics=["PrivilegeEscalation"], entities=[["ip", "198.51.100.7"]])
    make_alert(helper, "Slow", 30, severity="low", assignee=cast.bob, type="AI.Azure_DOWVolumeAnomaly")
    make_alert(helper, "Done", 90, state="resolved")
    make_alert(None, "Stray", 2, severity="informational")
    assert titles(client, cast.dan) == ["Late", "Fresh", "Slow", "Stray", "Done"]
    assert titles(client, cast.bob) == ["Late", "Fresh", "Slow", "Done"]
    assert titles(client, cast.eve) == []
    assert titles(client, cast.bob, late="yes") == ["Late"]
    assert titles(client, cast.bob, who="me") == ["Slow"]
    assert titles(client, cast.bob, who="nobody", state="active") == ["Late", "Fresh"]
    assert titles(client, cast.bob, tactic="privilege_escalation") == ["Late"]
    assert titles(client, cast.bob, technique="AML.T0034") == ["Slow"]
    assert titles(client, cast.bob, q="198.51.100") == ["Late"]
    assert titles(client, cast.dan, tied="no") == ["Stray"]
    assert titles(client, cast.bob, sort="-at")[0] == "Fresh"


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"state": "new,active", "sort": "-at"},
        {"severity": "low"},
        {"tactic": "privilege_escalation"},
        {"technique": "AML.T0034"},
        {"who": "me"},
        {"who": "nobody", "late": "yes"},
        {"tied": "no"},
        {"kind": "agent"},
        {"q": "198.51"},
        {"sort": "severity"},
    ],
)
def test_machines_narrow_the_queue_as_its_page_does(
    client: Client, cast: Cast, helper: AIApplication, query: dict[str, str]
) -> None:
    agent = make_application(cast.cards, "Card agent", kind="agent")
    make_alert(helper, "Late", 30, tactics=["PrivilegeEscalation"], entities=[["ip", "198.51.100.7"]])
    make_alert(agent, "Slow", 31, severity="low", assignee=cast.dan, type="AI.Azure_DOWVolumeAnomaly")
    make_alert(None, "Loose", 2, severity="low", state="new")
    make_alert(helper, "Done", 90, state="resolved")
    shown = titles(client, cast.dan, **query)
    assert 0 < len(shown) <= 4
    assert (len(shown) == 4) == (query in ({}, {"sort": "severity"}))  # each of the others leaves something out
    assert [one["title"] for one in client.get(reverse("api-alerts"), query).json()["results"]] == shown


def test_machines_name_the_application_and_learn_what_cant_be_applied(
    client: Client, cast: Cast, helper: AIApplication
) -> None:
    make_alert(helper, "Ours")
    make_alert(make_application(cast.cards, "Card agent"), "Theirs")
    client.force_login(cast.bob)
    door = reverse("api-alerts")
    assert [one["title"] for one in client.get(door, {"application": helper.pk}).json()["results"]] == ["Ours"]
    assert client.get(door, {"application": 999_999_999}).status_code == 404
    for name, wrong in (("who", "you"), ("late", "no"), ("tactic", "magic"), ("sort", "name"), ("application", "x")):
        refused = client.get(door, {name: wrong})
        assert (refused.status_code, list(refused.json())) == (400, [name])
    parameters = client.get("/api/v1/schema/?format=json").json()["paths"]["/api/v1/alerts/"]["get"]["parameters"]
    assert {*alerts.words(), "application", "kind", "department", "q", "sort"} <= {one["name"] for one in parameters}


def test_an_alert_out_of_sight_does_not_exist(client: Client, cast: Cast, helper: AIApplication) -> None:
    one, stray = make_alert(helper), make_alert(None)
    for person, seen, loose in (("alice", 200, 404), ("bob", 200, 404), ("carol", 200, 404), ("dan", 200, 200)):
        client.force_login(getattr(cast, person))
        assert client.get(reverse("risk:alert", args=[one.pk])).status_code == seen
        assert client.get(reverse("risk:alert", args=[stray.pk])).status_code == loose
    client.force_login(cast.eve)
    assert client.get(reverse("risk:alert", args=[one.pk])).status_code == 404
    given = {"alert": one.pk, "action": "comment", "text": "x"}
    assert client.post(reverse("risk:alert_act"), given).status_code == 403  # a leader of elsewhere
    client.force_login(cast.dan)
    assert client.post(reverse("risk:alert_act"), given).status_code == 403


def test_the_bar_acts_on_what_was_chosen_and_keeps_the_address(
    client: Client, cast: Cast, helper: AIApplication
) -> None:
    found = [make_alert(helper, f"Odd {number}") for number in range(3)]
    client.force_login(cast.bob)
    given = {"alert": [one.pk for one in found[:2]], "action": "dismiss", "text": "A drill", "query": "severity=high"}
    answer = client.post(reverse("risk:alert_act"), given)
    assert answer["Location"] == reverse("risk:alerts") + "?severity=high"
    assert Alert.objects.filter(state=AlertState.DISMISSED, outcome="A drill").count() == 2
    answer = client.post(reverse("risk:alert_act"), {**given, "text": "", "alert": found[2].pk})
    assert "Say why" in answer.content.decode()
    assert Alert.objects.get(pk=found[2].pk).state == AlertState.ACTIVE


def test_a_refused_act_on_several_loses_no_choice(client: Client, cast: Cast, helper: AIApplication) -> None:
    found = [make_alert(helper, title) for title in ("One", "Two", "Three")]
    client.force_login(cast.bob)
    chosen = {"action": "dismiss", "alert": [found[0].pk, found[2].pk], "text": "", "query": "severity=high"}
    answer = client.post(reverse("risk:alert_act"), chosen)
    body = answer.content.decode()
    assert answer.status_code == 400
    assert body.count(" checked") == 2
    assert '<option value="dismiss" selected>' in body
    assert "severity=high" in body


def test_the_page_of_one_keeps_what_was_written_when_it_is_refused(
    client: Client, cast: Cast, helper: AIApplication
) -> None:
    one = make_alert(helper, NASTY, feed_state="resolved", technique="T1566", description="<b>x</b>")
    client.force_login(cast.bob)
    given = {"alert": one.pk, "page": "alert", "action": "assign", "assignee": "nobody-here", "text": "kept words"}
    answer = client.post(reverse("risk:alert_act"), given)
    text = answer.content.decode()
    assert (answer.status_code, "kept words" in text, "Nobody here goes by this name" in text) == (400, True, True)
    assert 'value="nobody-here"' in text
    assert "<script>alert" not in text
    assert "The feed says otherwise" in text
    answer = client.post(reverse("risk:alert_act"), {**given, "action": "resolve", "text": "Taught"}, follow=True)
    assert "Taught" in answer.content.decode()


def test_the_record_as_it_came_is_read_with_permission_and_reason_alone(
    client: Client, cast: Cast, helper: AIApplication
) -> None:
    record = '{"CompromisedEntity": "ann@x.example", "Title": "<script>alert(1)</script>"}'
    one, gone = make_alert(helper, raw=encrypt(record.encode())), make_alert(helper)
    cut = make_alert(None, raw=encrypt(record[:40].encode()))
    address, page = reverse("risk:alert_reveal", args=[one.pk]), reverse("risk:alert", args=[one.pk])
    for person, status in (("alice", 403), ("carol", 403), ("dan", 403), ("eve", 403)):
        client.force_login(getattr(cast, person))
        assert client.post(address, {"reason": "Curious"}).status_code == status
        assert "reveal-reason" not in client.get(page).content.decode()
    client.force_login(cast.bob)
    assert "reveal-reason" in client.get(page).content.decode()
    assert client.post(address, {"reason": " "}).status_code == 400
    assert client.post(reverse("risk:alert_reveal", args=[cut.pk]), {"reason": "x"}).status_code == 404
    assert not AuditLogEntry.objects.filter(action="alert.revealed").exists()
    answer = client.post(address, {"reason": "Incident 7"})
    text = answer.content.decode()
    assert ("ann@x.example" in text, "<script>alert" in text) == (True, False)
    assert "no-store" in answer["Cache-Control"]
    entry = AuditLogEntry.objects.get(action="alert.revealed")
    assert (entry.actor, entry.reason, entry.department) == (cast.bob, "Incident 7", cast.cards)
    assert "ann@x.example" not in str(entry.details) + entry.summary
    answer = client.post(reverse("risk:alert_reveal", args=[gone.pk]), {"reason": "Incident 7"})
    assert "no longer kept" in answer.content.decode()
    client.force_login(cast.ada)
    answer = client.post(reverse("risk:alert_reveal", args=[cut.pk]), {"reason": "Incident 7"})
    assert "ann@x.exa" in answer.content.decode()


def test_the_table_of_it_can_be_taken_away(client: Client, cast: Cast, helper: AIApplication) -> None:
    make_alert(helper, NASTY)
    make_alert(make_application(cast.treasury, "Cash"), "Not mine")
    client.force_login(cast.bob)
    body = b"".join(client.get(reverse("risk:alert_csv"))).decode()  # type: ignore[arg-type]
    assert "'=HYPERLINK" in body
    assert "AML.T0054 LLM Jailbreak" in body
    assert "Not mine" not in body


def test_it_costs_the_same_for_many(client: Client, cast: Cast, helper: AIApplication) -> None:
    client.force_login(cast.bob)
    counts = []
    for number in (3, 22):
        for _ in range(number):
            make_alert(helper, assignee=cast.bob)
        with CaptureQueriesContext(connection) as queries:
            client.get(reverse("risk:alerts"))
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_techniques_have_names() -> None:
    shown = techniques(JAILBREAK, "T1566, AML.T0051")
    assert [one.id for one in shown] == ["AML.T0054", "LLM01", "ASI01", "T1566", "AML.T0051"]
    assert [one.name for one in shown][:3] == ["LLM Jailbreak", "Prompt Injection", "Agent Goal Hijack"]
    assert types_showing(["AML.T0034"]) == ["_dow"]
    assert load_method().frameworks["owasp_llm_2026"]


def test_advice_fits_the_type() -> None:
    assert advice("AI.AIModelScan_MalwareDetected")[0] == "Take the model file out of use."
    assert advice("AI.Azure_Jailbreak.ContentFiltering.DetectedAttempt")[0].startswith("Switch blocking on")
    assert len(advice("AI.Azure_BrandNew")) == 2


def test_offered_for_work_is_who_may_work_there(cast: Cast) -> None:
    """Above or below what one sees; who works elsewhere is named to nobody."""
    make_user("rita", (RoleKind.TEAM_MEMBER, cast.cards))
    make_user("tom", (RoleKind.TEAM_MEMBER, cast.treasury))
    named = {one: [each.username for each in alerts.workers(one)] for one in (cast.alice, cast.ada)}
    assert named == {cast.alice: ["ada", "alice", "bob", "rita"], cast.ada: ["ada", "alice", "bob", "rita", "tom"]}
