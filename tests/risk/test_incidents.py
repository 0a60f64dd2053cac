"""Incidents: recorded by a reviewer, and weighed as the method says (docs/method.md §4)."""

import csv
from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from inventory.choices import AlertAction
from inventory.models import AIApplication, AuditLogEntry, ChangedApplication
from risk.choices import IncidentState
from risk.method import load_method
from risk.models import CurrentScore, Incident
from risk.scoring.array_formulas import loads
from risk.scoring.case import Case, from_plain, to_plain
from risk.scoring.compare import differences
from risk.scoring.judgement import signals_of
from risk.selectors import cases, replay, signals
from risk.selectors.causes import changes, shown_change
from risk.selectors.outlook import ahead
from risk.services import incidents, runs, scores
from tests.builders import make_application
from tests.cast import Cast
from tests.risk.test_alerts import make_alert

PRINCIPLES = {"fairness": "Refused more of one group.", "transparency": "Nobody was told."}


def recorded(cast: Cast, application: AIApplication, ago: int = 0, **given: Any) -> Incident:
    since = timezone.localdate() - timedelta(days=ago)
    values = {"title": "Refusals", "severity": "critical", "principles": PRINCIPLES, "since": since, **given}
    return incidents.record(actor=cast.bob, application=application, **values)


def test_it_weighs_by_severity_state_and_age_on_what_was_recorded(cast: Cast, application: AIApplication) -> None:
    today = timezone.localdate()
    one = recorded(cast, application, ago=30)
    found = signals.occurrences([application.pk], today)[application.pk]
    (event,) = signals_of(Case(occurrences=found), today, load_method()).events
    assert (event.severity, event.age, event.open) == ("critical", 30, True)
    assert event.principles == {"fairness": 1.0, "transparency": 1.0}
    load = loads_of(found, today)
    assert load["fairness"] == pytest.approx(20 / 2)  # a half-life old
    assert load["privacy_security"] == 0
    incidents.move(actor=cast.bob, incident=one, state="contained")
    assert loads_of(signals.occurrences([application.pk], today)[application.pk], today) == load
    incidents.move(actor=cast.bob, incident=one, state="resolved", text="Thresholds by group")
    resolved = loads_of(signals.occurrences([application.pk], today)[application.pk], today)
    assert resolved["fairness"] == pytest.approx(20 / 4)
    Incident.objects.update(since=today - timedelta(days=31))
    assert signals.occurrences([application.pk], today) == {}


def loads_of(found: Any, today: Any) -> dict[str, float]:
    """The load by principle, by the road of many."""
    import numpy as np

    method = load_method()
    array = loads(np.zeros((1, 3), np.int64), {0: found}, {}, [today], method)
    return {principle: float(array[place, 0, 0]) for principle, place in method.index.items()}


def test_a_snapshot_keeps_it(cast: Cast, application: AIApplication) -> None:
    recorded(cast, application)
    make_alert(application)
    case = cases.judge_now(application, timezone.localdate()).case
    assert len(case.occurrences) == 2
    assert from_plain(to_plain(case)).occurrences == tuple(
        sorted(case.occurrences, key=lambda one: (one.severity, one.tactics, one.day))
    )


def test_its_alerts_do_not_count_twice(cast: Cast, application: AIApplication) -> None:
    linked, other = make_alert(application), make_alert(application)
    one = recorded(cast, application, alerts=[linked.pk])
    today = timezone.localdate()

    def refs() -> set[str]:
        found = signals.occurrences([application.pk], today).get(application.pk, ())
        return {event.ref for event in signals_of(Case(occurrences=found), today, load_method()).events}

    assert refs() == {f"incident-{one.pk}", str(other.pk)}
    Incident.objects.update(since=today - timedelta(days=40))  # no event any more: its alerts speak for themselves
    assert refs() == {str(linked.pk), str(other.pk)}
    Incident.objects.update(since=today)
    incidents.unlink(actor=cast.bob, incident=one, alert=linked.pk)
    assert refs() == {f"incident-{one.pk}", str(linked.pk), str(other.pk)}
    actions = set(linked.steps.values_list("action", flat=True))
    assert actions == {AlertAction.LINKED, AlertAction.UNLINKED}


def test_its_alerts_count_again_once_it_is_old_and_the_forecast_knows(
    cast: Cast, application: AIApplication, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An incident of ten days ago covers an alert of today: in 30 days it is gone, and the alert is still an event."""
    today, real = timezone.localdate(), timezone.localdate
    alert = make_alert(application)
    recorded(cast, application, ago=10, severity="low", alerts=[alert.pk])
    scores.rescore_changed()
    promised = CurrentScore.objects.get().overall_30d
    first = ahead(cases.judge_now(application, today)).horizons[0]
    assert (first.days, first.point) == (30, promised)
    told = {one.label: (one.what, one.amount) for one in first.causes}
    assert told["Odd"][0] == "counts by itself again: its incident is older than 30 days"
    assert told["Odd"][1] > 0 > told["Alerts grow old"][1]
    assert sum(amount for _, amount in told.values()) == pytest.approx(first.change)
    day = today + timedelta(days=30)
    monkeypatch.setattr(timezone, "localdate", lambda value=None, zone=None: real(value, zone) if value else day)
    runs.finish(runs.start(actor=None, nightly=True))
    assert CurrentScore.objects.get().overall_point == pytest.approx(promised, abs=1e-9)
    monkeypatch.undo()
    assert not [one for one in replay.replayed(replay.snapshots(newest_only=False)) if one.differences]


def test_what_it_covers_is_not_told_as_dismissed(cast: Cast, application: AIApplication) -> None:
    today, alert = timezone.localdate(), make_alert(application)
    before = cases.judge_now(application, today)
    one = recorded(cast, application, alerts=[alert.pk])
    during = cases.judge_now(application, today)
    incidents.unlink(actor=cast.bob, incident=one, alert=alert.pk)
    after = cases.judge_now(application, today)
    method, words = load_method(), []
    for old, new in ((before, during), (during, after)):
        total = shown_change(old.score.point, new.score.point)
        found = changes(differences(old, new, method, method), new, method, total)
        words += [one.what for one in found if one.key == str(alert.pk)]
    assert words == [
        "part of an incident now, which stands for it",
        "counts by itself again: it no longer belongs to the incident",
    ]
    page = Client()
    page.force_login(cast.alice)
    incidents.link(actor=cast.bob, incident=one, alerts=[alert.pk])
    tried = page.get(reverse("risk:what_if", args=[application.pk])).content.decode()
    assert f"e:incident-{one.pk}" in tried
    assert f'"e:{alert.pk}"' not in tried


def test_only_a_reviewer_records_and_each_act_is_logged(cast: Cast, application: AIApplication) -> None:
    for person in (cast.alice, cast.carol, cast.dan, cast.eve):
        with pytest.raises(PermissionDenied):
            incidents.record(
                actor=person,
                application=application,
                title="x",
                severity="low",
                principles=PRINCIPLES,
                since=timezone.localdate(),
            )
    ChangedApplication.objects.all().delete()
    one = recorded(cast, application)
    assert ChangedApplication.objects.filter(application=application).exists()
    for person in (cast.alice, cast.dan):
        with pytest.raises(PermissionDenied):
            incidents.move(actor=person, incident=one, state="contained")
    with pytest.raises(PermissionDenied):
        incidents.comment(actor=cast.dan, incident=one, text="x")
    incidents.comment(actor=cast.alice, incident=one, text="We are on it")
    with pytest.raises(ValidationError, match="learnt"):
        incidents.move(actor=cast.bob, incident=one, state="resolved")
    one = incidents.move(actor=cast.bob, incident=one, state="resolved", text="Taught")
    assert (one.state, one.lesson) == (IncidentState.RESOLVED, "Taught")
    with pytest.raises(ValidationError, match="opened again"):
        incidents.move(actor=cast.bob, incident=one, state="open")
    logged = AuditLogEntry.objects.filter(action__startswith="incident.").order_by("id")
    assert [entry.action for entry in logged] == ["incident.recorded", "incident.commented", "incident.resolved"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"title": " "},
        {"severity": "informational"},
        {"principles": {}},
        {"principles": {"beauty": "x"}},
        {"principles": {"fairness": " "}},
        {"since": timezone.localdate() + timedelta(days=2)},
        {"aware_on": timezone.localdate() - timedelta(days=9)},
        {"serious": "very"},
    ],
)
def test_what_is_not_told_rightly_is_refused(cast: Cast, application: AIApplication, wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError) as refused:
        recorded(cast, application, **wrong)
    assert set(refused.value.message_dict) == set(wrong)


@pytest.mark.parametrize(("serious", "days"), [("death", 10), ("infrastructure", 2), ("other", 15), ("", None)])
def test_a_serious_one_has_the_deadline_of_the_law(
    cast: Cast, application: AIApplication, serious: str, days: int | None
) -> None:
    one = recorded(cast, application, serious=serious)
    today = timezone.localdate()
    assert one.report_by == (today + timedelta(days=days) if days else None)


def test_alerts_of_another_application_do_not_belong(cast: Cast, application: AIApplication) -> None:
    foreign = make_alert(make_application(cast.retail, "Other"))
    own = make_alert(application)
    with pytest.raises(ValidationError, match="same application"):
        recorded(cast, application, alerts=[foreign.pk])
    recorded(cast, application, alerts=[own.pk])
    with pytest.raises(ValidationError, match="one incident at most"):
        recorded(cast, application, alerts=[own.pk])


def test_pages_meet_the_cast(client: Client, cast: Cast, application: AIApplication) -> None:
    alert = make_alert(application, "Odd thing")
    for person, recording in (("alice", 403), ("bob", 200), ("carol", 403), ("dan", 403), ("eve", 403)):
        client.force_login(getattr(cast, person))
        assert client.get(reverse("risk:incident_record"), {"alert": alert.pk}).status_code == recording
    client.force_login(cast.bob)
    assert 'value="Odd thing"' in client.get(reverse("risk:incident_record"), {"alert": alert.pk}).content.decode()
    today = timezone.localdate().isoformat()
    form = {
        "title": "<b>Bad</b>",
        "application": application.external_id,
        "severity": "critical",
        "since": today,
        "alert": alert.pk,
    }
    form |= {"aware_on": today, "serious": "death"}
    elsewhere = make_application(cast.treasury, name="Elsewhere").external_id
    unseen = client.post(reverse("risk:incident_record"), form | {"application": elsewhere, "p_fairness": "Refused"})
    assert (unseen.status_code, "no such application" in unseen.content.decode()) == (400, True)
    refused = client.post(reverse("risk:incident_record"), form)
    assert refused.status_code == 400
    assert "at least one principle" in refused.content.decode()
    answer = client.post(reverse("risk:incident_record"), form | {"p_fairness": "Refused"})
    one = Incident.objects.get()
    assert answer["Location"] == reverse("risk:incident", args=[one.pk])
    for person, seen in (("alice", 200), ("bob", 200), ("carol", 200), ("dan", 200), ("eve", 404)):
        client.force_login(getattr(cast, person))
        shown = client.get(reverse("risk:incident", args=[one.pk]))
        assert shown.status_code == seen
        assert "<b>Bad" not in shown.content.decode()
        listed = client.get(reverse("risk:incidents")).content.decode()
        assert ("Bad" in listed) == (seen == 200)
    client.force_login(cast.bob)
    act = reverse("risk:incident_act", args=[one.pk])
    assert client.post(act, {"action": "resolved", "text": ""}).status_code == 400
    assert client.post(act, {"action": "reported", "on": "x"}).status_code == 400
    for given in (
        {"action": "reported", "on": today},
        {"action": "unlink", "alert": alert.pk},
        {"action": "link", "alert": alert.pk},
        {"action": "comment", "text": "a\x00b"},
        {"action": "contained"},
        {"action": "resolved", "text": "Taught"},
    ):
        assert client.post(act, given).status_code == 302, given
    one.refresh_from_db()
    assert (one.state, one.lesson, one.reported_on) == ("resolved", "Taught", timezone.localdate())
    activity = client.get(reverse("risk:activity", args=[application.pk])).content.decode()
    assert reverse("risk:incident", args=[one.pk]) in activity  # the event that moved the score
    assert "Part of an incident" in client.get(reverse("risk:alert", args=[alert.pk])).content.decode()


def test_machines_read_and_change_with_the_rights_of_a_person(
    client: Client, cast: Cast, application: AIApplication
) -> None:
    alert = make_alert(application, "Odd thing")
    one = recorded(cast, application, alerts=[alert.pk])
    alerts, incident = reverse("api-alerts"), reverse("api-incident", args=[one.pk])
    client.force_login(cast.eve)
    assert client.get(alerts).json()["results"] == []
    assert client.get(incident).status_code == 404
    client.force_login(cast.dan)
    (found,) = client.get(alerts, {"state": "active", "technique": "LLM01"}).json()["results"]
    assert (found["id"], found["techniques"][0]["id"], found["late"]) == (alert.pk, "AML.T0054", False)
    assert client.get(alerts, {"state": "odd"}).status_code == 400
    assert client.get(reverse("api-incidents")).json()["results"][0]["alerts"] == [alert.pk]
    page = reverse("api-alert", args=[alert.pk])
    assert client.post(page, {"action": "comment", "text": "x"}, "application/json").status_code == 403
    client.force_login(cast.bob)
    assert client.post(page, {"action": "dismiss"}, "application/json").status_code == 400
    answer = client.post(page, {"action": "dismiss", "text": "A drill"}, "application/json")
    assert (answer.json()["state"], answer.json()["outcome"]) == ("dismissed", "A drill")
    moved = client.post(incident, {"state": "contained"}, "application/json")
    assert moved.json()["state"] == "contained"
    given = {"application": application.pk, "title": "New", "severity": "low", "principles": {"fairness": "x"}}
    made = client.post(reverse("api-incidents"), given | {"since": str(one.since)}, "application/json")
    assert made.status_code == 201


def test_what_was_recorded_can_be_corrected_with_the_reason(cast: Cast, application: AIApplication) -> None:
    one = recorded(cast, application, ago=3)
    ChangedApplication.objects.all().delete()
    today = timezone.localdate()
    incidents.change(
        actor=cast.bob,
        incident=one,
        reason="Counted again",
        severity="low",
        since=today,
        aware_on=today,
        title=" Late ",
    )
    one.refresh_from_db()
    assert (one.severity, one.since, one.title, one.principles) == ("low", today, "Late", PRINCIPLES)
    assert ChangedApplication.objects.filter(application=application).exists()
    step = one.steps.first()
    assert step is not None
    assert step.text.splitlines()[:3] == ["Counted again", "Title: Refusals → Late", "Severity: Critical → Low"]
    entry = AuditLogEntry.objects.get(action="incident.changed")
    assert (entry.reason, entry.details["changes"]["severity"]) == ("Counted again", ["critical", "low"])
    ChangedApplication.objects.all().delete()
    incidents.change(actor=cast.bob, incident=one, reason="Harm", serious="other")
    assert not ChangedApplication.objects.exists()  # what the law asks weighs in no score
    incidents.report(actor=cast.bob, incident=one, on=today)
    for wrong in (
        {"reason": " ", "severity": "high"},
        {"reason": "x", "severity": "low"},
        {"reason": "x", "severity": "fatal"},
        {"reason": "x", "principles": {}},
        {"reason": "x", "since": today + timedelta(days=1)},
        {"reason": "x", "serious": ""},  # it was reported as such
        {"reason": "x", "reported_on": today - timedelta(days=1)},
    ):
        with pytest.raises(ValidationError):
            incidents.change(actor=cast.bob, incident=one, **wrong)
    with pytest.raises(PermissionDenied):
        incidents.change(actor=cast.alice, incident=one, reason="x", severity="high")


def test_a_resolved_one_is_opened_again_before_it_changes(cast: Cast, application: AIApplication) -> None:
    alert = make_alert(application)
    one = recorded(cast, application, alerts=[alert.pk])
    incidents.move(actor=cast.bob, incident=one, state="resolved", text="Taught")
    for act in (
        lambda: incidents.change(actor=cast.bob, incident=one, reason="x", severity="low"),
        lambda: incidents.link(actor=cast.bob, incident=one, alerts=[make_alert(application).pk]),
        lambda: incidents.unlink(actor=cast.bob, incident=one, alert=alert.pk),
    ):
        with pytest.raises(ValidationError, match="open it again"):
            act()
    incidents.move(actor=cast.bob, incident=one, state="open", text="More came up")
    assert incidents.change(actor=cast.bob, incident=one, reason="x", severity="low").severity == "low"


def test_it_is_changed_on_its_page_and_by_machines(client: Client, cast: Cast, application: AIApplication) -> None:
    one = recorded(cast, application)
    page, door = reverse("risk:incident_change", args=[one.pk]), reverse("api-incident", args=[one.pk])
    for person, status in ((cast.alice, 403), (cast.dan, 403), (cast.eve, 403), (cast.bob, 200)):
        client.force_login(person)
        assert client.get(page).status_code == status, person
    answer = client.get(page)
    assert f'value="{one.since:%Y-%m-%d}"' in answer.content.decode()  # no other form of a day fills the field
    form = answer.context["form"]
    given = {name: form.get_initial_for_field(field, name) or "" for name, field in form.fields.items()}
    assert list(given)[-1] == "reason"
    assert client.post(page, given | {"severity": "low"}).status_code == 400  # without a reason
    assert client.post(page, given | {"severity": "low", "reason": "Counted again"}).status_code == 302
    shown = client.get(reverse("risk:incident", args=[one.pk])).content.decode()
    assert "Severity: Critical → Low" in shown
    assert page in shown
    answer = client.patch(door, {"reason": "Again", "severity": "high"}, "application/json")
    assert (answer.status_code, answer.json()["severity"]) == (200, "high")
    assert client.patch(door, {"severity": "low"}, "application/json").status_code == 400
    client.force_login(cast.dan)
    assert client.patch(door, {"reason": "x", "severity": "low"}, "application/json").status_code == 403


def test_the_file_holds_what_the_list_shows_all_pages_of_it(cast: Cast, application: AIApplication) -> None:
    for number in range(27):
        recorded(cast, application, ago=number, title=f"Refusal {number}")
    recorded(cast, application, title="=HYPERLINK(1)", severity="low", serious="other", aware_on=timezone.localdate())
    hedger = make_application(cast.treasury, "Hedger")
    incidents.record(
        actor=cast.ada,
        application=hedger,
        title="Not theirs",
        severity="low",
        since=timezone.localdate(),
        principles=PRINCIPLES,
    )
    client, address = Client(), reverse("risk:incident_csv")
    assert client.get(address).status_code == 302

    def lines(**query: str) -> list[list[str]]:
        text = b"".join(client.get(address, query)).decode("utf-8-sig")  # type: ignore[arg-type]
        return list(csv.reader(text.splitlines()))[1:]

    client.force_login(cast.bob)
    assert f'href="{address}?severity=critical"' in client.get("/incidents/?severity=critical&page=2").content.decode()
    assert [line[1] for line in lines(severity="critical", page="2")] == [f"Refusal {number}" for number in range(27)]
    (low,) = lines(severity="low")
    assert low[1:7] == ["'=HYPERLINK(1)", "low", "open", "Card helper", "Cards", "cards"]
    assert low[8:] == [(timezone.localdate() + timedelta(days=15)).isoformat(), "", "no", "0"]
    assert client.get(address, {"department": "treasury"}).status_code == 404
    client.force_login(cast.eve)
    assert [line[1] for line in lines()] == ["Not theirs"]
