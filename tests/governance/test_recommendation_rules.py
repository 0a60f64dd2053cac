"""The fifteen rules: each speaks exactly at its threshold and not below it."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4, uuid5

import pytest
from django.utils import timezone

from governance.models import Gravity, RuleReading, Subject
from governance.selectors.rules import RULES
from governance.services import recommendations
from inventory.choices import AlertState, DataEventKind, Lifecycle, Operation, Severity
from inventory.matching import fold
from inventory.models import (
    AIApplication,
    Alert,
    CloudApp,
    DailyPeople,
    DailySensitive,
    DailyUsage,
    DataEvent,
    Department,
    ImportBatch,
    Interaction,
    Ruling,
    SensitivityLabel,
    Sighting,
)
from inventory.services import discovery
from tests.builders import make_application
from tests.cast import Cast

pytestmark = pytest.mark.django_db
SPACE = UUID(int=27)
NOW = timezone.now()
TODAY = timezone.localdate()
MIB = 1024 * 1024
App = AIApplication | Sighting


def found(rule: str) -> list[Subject]:
    """What the rule finds now."""
    assert recommendations.evaluate() is not None
    assert RuleReading.objects.get(rule=rule).needs == ""
    return list(Subject.objects.filter(rule=rule))


def one(rule: str) -> Subject:
    (subject,) = found(rule)
    return subject


def sighting(name: str = "Chat Elsewhere", **given: Any) -> Sighting:
    fields = {"operations": [Operation.AI_APP], "first_seen": NOW, "last_seen": NOW, **given}
    return Sighting.objects.create(name=name, folded=name.casefold(), **fields)


def use(app: App, department: Department | None, ago: int = 0, *, people: int = 1, **figures: int) -> DailyUsage:
    whose = {
        "application": app if isinstance(app, AIApplication) else None,
        "sighting": app if isinstance(app, Sighting) else None,
        "department": department,
        "day": TODAY - timedelta(days=ago),
    }
    given = {"interactions": 1, "sensitive": 0, "jailbreak": 0, "injection": 0, "attacks": 0, **figures}
    DailyPeople.objects.create(**whose, people=[uuid5(SPACE, f"{department}{n}") for n in range(people)])
    return DailyUsage.objects.create(**whose, users=people, **given)


def alert(kind: str, app: AIApplication | None = None, **given: Any) -> Alert:
    fields = {"title": kind, "severity": Severity.MEDIUM, "at": NOW, "state": AlertState.RESOLVED, **given}
    return Alert.objects.create(type=kind, application=app, **fields)


def batch(kind: str = "purview_audit", **given: Any) -> ImportBatch:
    fields = {"kind": kind, "file_name": "f", "state": "done", "newest_at": NOW, "finished_at": NOW, **given}
    return ImportBatch.objects.create(**fields)


@pytest.mark.parametrize(
    ("people", "uploaded", "speaks"), [(3, 0, 1), (2, 0, 0), (2, 10 * MIB, 1), (2, 10 * MIB - 1, 0)]
)
def test_unsanctioned_apps(cast: Cast, people: int, uploaded: int, speaks: int) -> None:
    use(sighting(), cast.retail, people=people, uploaded=uploaded, visits=4)
    assert [(s.amount, s.gravity) for s in found("unsanctioned_app")] == [(5, Gravity.MEDIUM)] * speaks


def test_what_discovery_ruled_out_is_no_unsanctioned_app_until_its_day(cast: Cast) -> None:
    seen = sighting("Weather Widget")
    use(seen, cast.cards, people=3)
    assert one("unsanctioned_app").name == "Weather Widget"
    until = TODAY + timedelta(days=30)
    discovery.rule_out(actor=cast.ada, sightings=[seen.pk], reason="Takes no text", until=until)
    assert found("unsanctioned_app") == []
    Ruling.objects.update(until=TODAY - timedelta(days=1))
    assert one("unsanctioned_app").name == "Weather Widget"


def test_unsanctioned_apps_count_people_of_all_departments_together(cast: Cast) -> None:
    app = sighting()
    use(app, cast.retail, people=2, interactions=6)
    use(app, cast.treasury, people=1, interactions=3)
    assert {(s.department_id, s.amount) for s in found("unsanctioned_app")} == {
        (cast.retail.pk, 6),
        (cast.treasury.pk, 3),
    }


def test_unsanctioned_apps_are_grave_when_unsafe_or_fed_much(cast: Cast) -> None:
    use(sighting(host="chat.example"), cast.retail, people=3)
    assert one("unsanctioned_app").gravity == Gravity.MEDIUM
    report = {"transactions": 5, "downloaded": 0, "uploaded": 0, "users": 9}
    known = CloudApp.objects.create(key="c", name="Chat", domains=["chat.example"], safety=4.1, **report)
    assert one("unsanctioned_app").gravity == Gravity.MEDIUM
    CloudApp.objects.filter(pk=known.pk).update(safety=4)
    assert one("unsanctioned_app").gravity == Gravity.HIGH
    CloudApp.objects.filter(pk=known.pk).update(safety=None)
    DailyUsage.objects.update(uploaded=100 * MIB)
    assert one("unsanctioned_app").gravity == Gravity.HIGH


def test_unsanctioned_apps_of_cloud_discovery_count_unless_sanctioned(cast: Cast) -> None:
    report = {"transactions": 5, "downloaded": 0, "uploaded": 0, "users": 3}
    CloudApp.objects.create(key="a", name="A", **report)
    CloudApp.objects.create(key="b", name="B", tags=["Sanctioned"], **report)
    CloudApp.objects.create(key="c", name="C", **{**report, "users": 2})
    CloudApp.objects.create(key="d", name="D", tags=["Monitored"], **report)
    assert [(s.name, s.department_id, s.amount) for s in found("unsanctioned_app")] == [("A", None, 5)]
    listed = sighting("A")  # what a report makes of it, so that it stands in the discovery
    CloudApp.objects.filter(key="a").update(sighting=listed)
    assert [s.kind for s in found("unsanctioned_app")] == ["cloud_app"]
    discovery.rule_out(actor=cast.ada, sightings=[listed.pk], reason="Harmless.")
    assert found("unsanctioned_app") == []
    Ruling.objects.all().delete()
    use(listed, cast.retail, people=3)
    assert [s.kind for s in found("unsanctioned_app")] == ["sighting"]


@pytest.mark.parametrize(("tag", "speaks"), [("Sanctioned", 0), ("monitored", 0), ("Unsanctioned", 1), ("Custom", 1)])
@pytest.mark.parametrize("by_site", [True, False])
def test_an_app_that_defender_calls_sanctioned_stays_so_once_its_use_is_seen(
    cast: Cast, tag: str, speaks: int, *, by_site: bool
) -> None:
    seen = sighting("B", host="b.example")
    use(seen, cast.retail, people=3)
    report = {"transactions": 5, "downloaded": 0, "uploaded": 0, "users": 3, "tags": ["Reviewed", tag]}
    CloudApp.objects.create(
        key="b", name="B", domains=["b.example"] if by_site else [], sighting=None if by_site else seen, **report
    )
    assert [s.kind for s in found("unsanctioned_app")] == ["sighting"] * speaks


def test_what_is_registered_but_not_sanctioned_is_grave_when_unsafe(cast: Cast) -> None:
    app = make_application(cast.retail, lifecycle=Lifecycle.IDEA)
    use(app, cast.retail, people=3)
    assert one("unsanctioned_app").gravity == Gravity.MEDIUM
    report = {"transactions": 5, "downloaded": 0, "uploaded": 0, "users": 9}
    CloudApp.objects.create(key="c", name="Chat", application=app, safety=4, tags=["Sanctioned"], **report)
    subject = one("unsanctioned_app")  # what the register says of it outweighs a tag
    assert (subject.gravity, subject.note) == (Gravity.HIGH, "3 people, registered but idea, safety 4.0 of 10")


@pytest.mark.parametrize("state", Lifecycle.values)
def test_sanctioned_is_what_is_in_review_approved_or_live(cast: Cast, state: str) -> None:
    use(make_application(cast.retail, lifecycle=state), cast.retail, people=3)
    assert len(found("unsanctioned_app")) == (state not in ("in_review", "approved", "live"))


def test_what_is_older_than_the_window_does_not_count(cast: Cast) -> None:
    app = sighting()
    use(app, cast.retail, 31, people=3)
    assert len(found("unsanctioned_app")) == 1  # now is the newest event, not the clock
    use(make_application(cast.retail), cast.retail, 1)
    assert found("unsanctioned_app") == []


def sensitive(app: App, department: Department, interactions: int, **given: Any) -> None:
    whose = {"sighting": app} if isinstance(app, Sighting) else {"application": app}
    fields = {"day": TODAY, **whose, **given}
    DailySensitive.objects.create(department=department, digest=uuid4(), interactions=interactions, **fields)


@pytest.mark.parametrize(("events", "gravity"), [(1, Gravity.MEDIUM), (4, Gravity.MEDIUM), (5, Gravity.HIGH)])
def test_sensitive_data_outside(cast: Cast, events: int, gravity: int) -> None:
    app = sighting()
    use(app, cast.retail)
    sensitive(app, cast.retail, events, information_types=["iban"])
    subject = one("sensitive_outside")
    assert (subject.amount, subject.gravity, subject.department) == (events, gravity, cast.retail)


def test_sensitive_data_outside_takes_types_and_apps_outside(cast: Cast) -> None:
    app, agent = sighting(), sighting("Agent", operations=[Operation.COPILOT])
    use(app, cast.retail)
    sensitive(app, cast.retail, 9, labels=["secret"])  # a label is no information type
    sensitive(agent, cast.retail, 9, information_types=["iban"])
    assert found("sensitive_outside") == []


def data_event(department: Department, person: int, **given: Any) -> None:
    fields = {"kind": DataEventKind.DLP_MATCH, "at": NOW, "source": "audit", "batch": batch(), **given}
    fields["folded"] = fold(given.get("seen_as", ""))
    DataEvent.objects.create(record_id=uuid4(), department=department, pseudonym=UUID(int=person), **fields)


def test_data_loss_matches_outside_are_grave_from_three_people(cast: Cast) -> None:
    use(sighting(), cast.retail)
    for person in (1, 2, 2):
        data_event(cast.retail, person, seen_as="Chat Elsewhere")
    subject = one("sensitive_outside")
    assert (subject.kind, subject.amount, subject.gravity) == ("sighting", 3, Gravity.MEDIUM)
    data_event(cast.retail, 3, seen_as="chat elsewhere")
    assert one("sensitive_outside").gravity == Gravity.HIGH


def test_an_app_called_by_a_number_is_not_the_name_of_that_number(cast: Cast) -> None:
    app = sighting()
    use(app, cast.retail)
    sensitive(app, cast.retail, 2, information_types=["iban"])
    data_event(cast.retail, 1, seen_as=str(app.pk))
    assert sorted((s.kind, s.name, s.amount) for s in found("sensitive_outside")) == [
        ("data_event", str(app.pk), 1),
        ("sighting", "Chat Elsewhere", 2),
    ]


def test_types_found_are_not_counted_beside_the_interactions_that_held_them(cast: Cast) -> None:
    """A finding tells of the prompt that its interaction tells of; a data-loss match tells of a rule."""
    app = sighting()
    use(app, cast.retail)
    for person in (1, 2, 3):
        data_event(cast.retail, person, seen_as="Chat Elsewhere", kind=DataEventKind.TYPES_FOUND)
    subject = one("sensitive_outside")
    assert (subject.amount, subject.gravity) == (3, Gravity.HIGH)
    assert subject.note == "3 people in data-loss matches or findings"
    sensitive(app, cast.retail, 3, information_types=["iban"])
    subject = one("sensitive_outside")
    assert (subject.amount, subject.gravity, subject.note) == (3, Gravity.MEDIUM, "")
    data_event(cast.retail, 1, seen_as="Chat Elsewhere")
    subject = one("sensitive_outside")
    assert (subject.amount, subject.gravity) == (4, Gravity.MEDIUM)
    assert subject.note == "1 people in data-loss matches or findings"
    data_event(cast.treasury, 4, seen_as="Chat Elsewhere", kind=DataEventKind.TYPES_FOUND)
    assert sorted((str(s.department), s.amount) for s in found("sensitive_outside")) == sorted(
        [(str(cast.retail), 4), (str(cast.treasury), 1)]
    )


def test_labelled_content_without_a_rule(cast: Cast) -> None:
    app = make_application(cast.retail)
    use(app, cast.retail)
    for key, level in (("g1", "internal"), ("g2", "confidential"), ("g3", "special_category")):
        SensitivityLabel.objects.create(key=key, name=f"Label {key}", level=level)
    sensitive(app, cast.retail, 7, labels=["g1"])
    assert found("labelled_unprotected") == []
    sensitive(app, cast.retail, 1, labels=["label G2", "g1"])
    subject = one("labelled_unprotected")
    assert (subject.amount, subject.gravity) == (1, Gravity.MEDIUM)
    sensitive(app, cast.retail, 2, labels=["G3"])
    subject = one("labelled_unprotected")
    assert (subject.amount, subject.gravity) == (3, Gravity.HIGH)
    data_event(cast.retail, 1, application=app)
    assert found("labelled_unprotected") == []


def test_files_that_ai_reads_without_a_label(cast: Cast) -> None:
    """A department decides by all its AI apps together; its rows are the apps that read such files, and add up."""
    app, other, tidy = make_application(cast.retail), sighting(), make_application(cast.treasury)
    use(app, cast.retail, 0, files=30, unlabelled=10)
    use(app, cast.retail, 29, files=10, unlabelled=7)
    use(app, cast.retail, 30, files=500, unlabelled=500)  # before the window
    assert found("unlabelled_data") == []  # 40 files
    use(other, cast.retail, 3, files=10, unlabelled=2)
    assert found("unlabelled_data") == []  # 19 of 50: 38 %
    use(tidy, cast.retail, 3, files=10, unlabelled=0)
    use(other, cast.retail, 4, files=0)
    use(tidy, cast.treasury, 3, files=49, unlabelled=49)  # too few
    use(tidy, None, 3, files=50, unlabelled=20)  # nobody's department: 40 %
    DailyUsage.objects.filter(application=app, day=TODAY).update(unlabelled=15)
    rows = found("unlabelled_data")
    assert sorted((one.kind, one.ref, one.department, one.amount, one.gravity) for one in rows if one.department) == [
        ("application", app.pk, cast.retail, 22, Gravity.MEDIUM),
        ("sighting", other.pk, cast.retail, 2, Gravity.MEDIUM),
    ]
    (nobodys,) = [one for one in rows if one.department is None]
    assert (nobodys.amount, nobodys.note) == (20, "of 50 read here; all AI apps of the department: 20 of 50, 40 %")


def test_rules_without_their_facts_say_what_they_need(cast: Cast) -> None:
    recommendations.evaluate()
    needs = dict(RuleReading.objects.values_list("rule", "needs"))
    assert set(needs) == set(RULES)
    assert all(needs.values())
    assert "sensitivity labels" in needs["labelled_unprotected"]
    use(sighting(), cast.retail)
    recommendations.evaluate()
    needs = dict(RuleReading.objects.values_list("rule", "needs"))
    assert needs["unsanctioned_app"] == ""
    assert "documents that AI read" in needs["unlabelled_data"]  # no record named any
    assert "inventory of agents" in needs["open_agent"]


@pytest.mark.parametrize(
    ("kind", "gravity"),
    [
        ("AI.Azure_Jailbreak.ContentFiltering.DetectedAttempt", Gravity.HIGH),
        ("AI.Azure_Agentic_Jailbreak", Gravity.HIGH),
        ("AI.Azure_Jailbreak.ContentFiltering.BlockedAttempt", Gravity.MEDIUM),
    ],
)
def test_jailbreak_alerts(cast: Cast, kind: str, gravity: int) -> None:
    app = make_application(cast.retail)
    said = alert(kind, app)
    alert("AI.Azure_CredentialTheftAttempt", app)
    alert(kind, app, at=NOW - timedelta(days=31))
    alert(kind, app, state=AlertState.DISMISSED)
    subject = one("jailbreaks")
    assert (subject.kind, subject.ref, subject.gravity, subject.department) == ("alert", said.pk, gravity, cast.retail)


def test_jailbreaks_by_one_person_are_grave_from_three(cast: Cast) -> None:
    app = make_application(cast.retail)
    use(app, cast.retail, jailbreak=3, attacks=3)
    read = batch()

    def attempt(person: int, ago: int = 0) -> None:
        Interaction.objects.create(
            record_id=uuid4(),
            at=NOW - timedelta(days=ago),
            application=app,
            department=cast.retail,
            pseudonym=UUID(int=person),
            operation=Operation.AI_APP,
            jailbreak=True,
            injection=False,
            batch=read,
        )

    for person, ago in ((1, 0), (1, 0), (2, 0), (1, 8)):
        attempt(person, ago)
    subject = one("jailbreaks")
    assert (subject.amount, subject.gravity) == (3, Gravity.MEDIUM)
    attempt(1)
    assert one("jailbreaks").gravity == Gravity.HIGH


def test_indirect_injection(cast: Cast) -> None:
    app = make_application(cast.retail)
    use(app, cast.retail)
    alert("AI.Azure_MaliciousUrl.UserPrompt", app)
    assert found("indirect_injection") == []
    use(app, cast.cards, injection=2, attacks=2)
    alert("AI.Azure_Agentic_ASCIISmuggling", app)
    alert("AI.Azure_Agentic_MaliciousUrl.ToolOutput", app)
    assert sorted((s.kind, s.amount, s.gravity) for s in found("indirect_injection")) == [
        ("alert", 1, Gravity.HIGH),
        ("alert", 1, Gravity.HIGH),
        ("application", 2, Gravity.HIGH),
    ]


@pytest.mark.parametrize("severity", ["high", "medium", "low"])
def test_late_alerts_are_those_of_the_queue(cast: Cast, settings: Any, severity: str) -> None:
    app, hours, now = make_application(cast.retail), settings.ALERT_HOURS[severity], timezone.now()
    late = alert("x", app, severity=severity, state=AlertState.ACTIVE, at=now - timedelta(hours=hours, minutes=1))
    alert("x", app, severity=severity, state=AlertState.ACTIVE, at=now - timedelta(hours=hours) + timedelta(minutes=5))
    alert("x", app, severity=severity, state=AlertState.RESOLVED, at=late.at)
    subject = one("late_alerts")
    assert (subject.ref, subject.get_gravity_display().lower()) == (late.pk, severity)
