"""What-if: trying on a copy stores nothing and tells the truth; what is kept becomes tasks that close by themselves."""

from datetime import timedelta
from urllib.parse import urlencode
from uuid import uuid4

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from inventory.choices import Severity
from inventory.models import (
    AIApplication,
    Alert,
    AuditLogEntry,
    ChangedApplication,
    DailySensitive,
    DailyUsage,
    SensitivityLabel,
    User,
)
from inventory.services import alerts
from risk.choices import TaskState
from risk.method import load_method
from risk.models import ControlState, CurrentScore, Task
from risk.scoring.what_if import Changes
from risk.selectors import cases
from risk.selectors.what_if import trial
from risk.services import assessments, incidents, scores, tasks
from tests.cast import Cast

NOW = timezone.localdate()
HTMX = {"HX-Request": "true"}
TRY = {"q:scale": "under_100", "q:app.generative": "yes", "c:GV-01": "verified", "c:RM-02": "attested", "new:high": "2"}


def as_(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def address(application: AIApplication, **query: str) -> str:
    return reverse("risk:what_if", args=[application.pk]) + (f"?{urlencode(query)}" if query else "")


def state(application: AIApplication, control: str, status: str) -> None:
    ControlState.objects.update_or_create(
        application=application, control=control, defaults={"status": status, "as_of": NOW}
    )
    scores.mark([application.pk])


def made(cast: Cast, application: AIApplication, **changes: object) -> list[Task]:
    judgement = cases.judge_now(application, NOW)
    return tasks.plan(actor=cast.alice, application=application, judgement=judgement, changes=Changes(**changes))


# Trying


def test_trying_stores_nothing_and_comes_true(cast: Cast, application: AIApplication) -> None:
    before = (Task.objects.count(), ChangedApplication.objects.count(), AuditLogEntry.objects.count())
    text = as_(cast.carol).get(address(application, **TRY)).content.decode()
    assert (Task.objects.count(), ChangedApplication.objects.count(), AuditLogEntry.objects.count()) == before
    assert not application.answers.exists()
    judgement = cases.judge_now(application, NOW)
    wanted = Changes(
        answers={"scale": "under_100", "app.generative": True},
        controls={"GV-01": "verified", "RM-02": "attested"},
        alerts=("high", "high"),
    )
    found = trial(judgement, wanted)
    assert f"{found.overall.now:.1f}" in text
    assert round(sum(one.amount for one in found.effects), 1) == found.overall.change
    assessments.save_answers(actor=None, application=application, answers=dict(wanted.answers))
    for _ in range(2):
        Alert.objects.create(title="Odd", severity=Severity.HIGH, at=timezone.now(), application=application)
    state(application, "GV-01", "verified")
    state(application, "RM-02", "attested")
    scores.rescore_changed()
    score = CurrentScore.objects.get(pk=application.pk)
    assert score.overall_point == pytest.approx(found.overall.then, abs=1e-9)
    assert score.overall_high == pytest.approx(found.overall.high, abs=1e-9)


def test_htmx_gets_the_effect_alone(cast: Cast, application: AIApplication) -> None:
    text = as_(cast.alice).get(address(application, **TRY), headers=HTMX).content.decode()
    assert text.lstrip().startswith('<div id="what-if-effect"')
    assert "Make tasks of these" in text
    assert "<html" not in text


def test_the_page_shows_what_it_was_asked_and_leaves_out_nonsense(cast: Cast, application: AIApplication) -> None:
    text = as_(cast.alice).get(address(application, **TRY)).content.decode()
    assert '<option value="under_100" selected>' in text
    odd = {
        "q:scale": "a billion", "q:nothing": "yes", "q:role": "x", "c:XX-99": "verified", "c:GV-01": "perfect",
        "new:high": "-4", "new:low": "²", "e:7": "resolved", "q:app.generative": "maybe",
    }  # fmt: skip
    plain = as_(cast.alice).get(address(application, **odd)).content.decode()
    assert "Keep it or drop it" not in plain


def test_a_number_without_end_is_bounded(cast: Cast, application: AIApplication) -> None:
    client = as_(cast.alice)
    long, most = (client.get(address(application, **{"new:high": one}), headers=HTMX) for one in ("9" * 6000, "9"))
    assert long.status_code == 200
    assert long.content.decode().count("A new alert, high") == most.content.decode().count("A new alert, high") == 9


def test_a_contradiction_is_told(cast: Cast, application: AIApplication) -> None:
    tried = {"q:app.agentic": "yes", "q:app.generative": "no"}
    assert "These contradict each other" in as_(cast.alice).get(address(application, **tried)).content.decode()


def test_alerts_of_the_application_can_be_settled(cast: Cast, application: AIApplication) -> None:
    alert = Alert.objects.create(title="Odd", severity=Severity.HIGH, at=timezone.now(), application=application)
    judgement = cases.judge_now(application, NOW)
    dismissed = trial(judgement, Changes(dismissed=frozenset({str(alert.pk)})))
    assert dismissed.overall.then < trial(judgement, Changes(closed=frozenset({str(alert.pk)}))).overall.then
    text = as_(cast.alice).get(address(application, **{f"e:{alert.pk}": "dismissed"})).content.decode()
    assert "dismissed: it was none" in text


def test_an_incident_can_be_resolved_and_is_never_none(cast: Cast, application: AIApplication) -> None:
    given = {"title": "Harm", "severity": "high", "principles": {"fairness": "Seen"}, "since": NOW}
    found = incidents.record(actor=cast.bob, application=application, **given)
    name, client = f"e:incident-{found.pk}", as_(cast.alice)
    text = client.get(address(application)).content.decode()
    field = text[text.index(f'<select class="form-select" name="{name}"') :].partition("</select>")[0]
    assert 'value="resolved"' in field
    assert "dismissed" not in field
    assert "What each change does" not in client.get(address(application, **{name: "dismissed"})).content.decode()
    assert "open → resolved" in client.get(address(application, **{name: "resolved"})).content.decode()


@pytest.mark.parametrize(
    ("ticked", "answer"),
    [
        (["4a", "5b"], ["4a", "5b"]),
        (["5b", "4a", "none", "unknown", "9z"], ["4a", "5b"]),
        (["none", "unknown"], []),
        (["unknown"], None),
        (["5b"], ...),  # as it is
        (["", "9z"], ...),
    ],
)
def test_a_question_with_several_options_is_tried_with_several(
    cast: Cast, application: AIApplication, ticked: list[str], answer: object
) -> None:
    answers = {"ai_system": True, "union_nexus": True, "annex_iii": ["5b"]}
    assessments.save_answers(actor=cast.alice, application=application, answers=answers)
    client = as_(cast.alice)
    shown = client.get(address(application) + "?" + urlencode({"q:annex_iii": ticked}, doseq=True))
    wanted = shown.context["wanted"].answers
    assert wanted.get("annex_iii", ...) == answer
    if answer is ...:
        return
    assessments.save_answers(actor=cast.alice, application=application, answers={"annex_iii": answer})
    assert shown.context["found"].overall.then == cases.judge_now(application, NOW).score.point


def seen_in_use(application: AIApplication) -> None:
    """A hundred interactions, a fifth of them with a label *confidential*."""
    SensitivityLabel.objects.create(key="own", name="Own", level="confidential")
    day = {"application": application, "day": NOW}
    DailyUsage.objects.create(**day, interactions=100, users=1, sensitive=20, jailbreak=0, injection=0, attacks=0)
    DailySensitive.objects.create(**day, labels=["own"], information_types=[], digest=uuid4(), interactions=20)


def test_what_it_is_approved_for_moves_the_rate_of_sensitive_interactions_as_well(
    cast: Cast, application: AIApplication
) -> None:
    seen_in_use(application)
    for option in ("special_category", "none", "internal", "confidential", "personal"):
        before = cases.judge_now(application, NOW)
        promised = trial(before, Changes(answers={"data_sensitivity": option}))
        assessments.save_answers(actor=cast.alice, application=application, answers={"data_sensitivity": option})
        after = cases.judge_now(application, NOW)
        assert promised.overall.then == after.score.point
        assert sum(one.amount for one in promised.effects) == pytest.approx(promised.overall.change)
        assert after.case.usage.sensitive == (0 if option in ("special_category", "confidential") else 20)


def test_a_blocked_attack_that_was_none_is_none_of_the_attacks_either(cast: Cast, application: AIApplication) -> None:
    seen_in_use(application)
    type_ = "AI.Azure_Jailbreak.ContentFiltering.BlockedAttempt"
    found = Alert.objects.create(
        title="Odd", severity=Severity.HIGH, application=application, at=timezone.now(), type=type_
    )
    promised = trial(cases.judge_now(application, NOW), Changes(dismissed=frozenset({str(found.pk)})))
    alerts.dismiss(actor=cast.bob, alerts=[found.pk], reason="A test of ours.")
    assert promised.overall.then == cases.judge_now(application, NOW).score.point
    assert promised.overall.change < 0


def test_each_meets_the_page_as_they_may(cast: Cast, application: AIApplication) -> None:
    for person, may in ((cast.alice, True), (cast.bob, True), (cast.carol, False), (cast.dan, False)):
        text = as_(person).get(address(application, **TRY)).content.decode()
        assert ("Make tasks of these" in text) == may
        assert as_(person).post(address(application, **TRY), {}).status_code == (302 if may else 403)
    assert as_(cast.eve).get(address(application)).status_code == 404
    assert as_(cast.eve).post(address(application)).status_code == 404


def test_as_many_queries_whatever_is_tried(cast: Cast, application: AIApplication) -> None:
    client = as_(cast.alice)

    def queries(**tried: str) -> int:
        with CaptureQueriesContext(connection) as found:
            client.get(address(application, **tried))
        return len(found)

    queries()
    assert queries(**{"c:GV-01": "verified"}) == queries(**TRY)


# Tasks


def test_tasks_are_made_once_with_their_promise(cast: Cast, application: AIApplication) -> None:
    due = (NOW + timedelta(days=10)).isoformat()
    client = as_(cast.alice)
    assert client.post(address(application, **TRY), {"owner": "alice", "due": due}).status_code == 302
    assert client.post(address(application, **TRY), {"owner": "alice"}).status_code == 302
    found = list(Task.objects.all())
    assert {one.control or one.question for one in found} == {"scale", "app.generative", "GV-01", "RM-02"}
    now = cases.judge_now(application, NOW)
    for one in found:
        assert one.owner == cast.alice
        alone = (
            Changes(controls={one.control: one.wanted}) if one.control else Changes(answers={one.question: one.wanted})
        )
        assert one.after == trial(now, alone).overall.then
        assert one.before == now.score.point
    assert AuditLogEntry.objects.filter(action="task.made").count() == 4
    page = client.get(reverse("governance:tasks")).content.decode()
    assert "GV-01" in page
    assert "Card helper" in page
    assert "GV-01" in client.get(reverse("risk:application", args=[application.pk])).content.decode()


def test_a_task_closes_itself_when_what_it_wants_is_stated(cast: Cast, application: AIApplication) -> None:
    made(cast, application, controls={"GV-01": "attested", "RM-02": "verified"}, answers={"scale": "under_100"})

    def open_ones() -> set[str]:
        return {one.control or one.question for one in Task.objects.filter(state=TaskState.OPEN)}

    state(application, "GV-01", "planned")
    assessments.save_answers(actor=cast.alice, application=application, answers={"scale": "over_1m"})
    assert open_ones() == {"GV-01", "RM-02", "scale"}
    state(application, "GV-01", "evidenced")  # better than promised is as good
    assessments.save_answers(actor=cast.alice, application=application, answers={"scale": "under_100"})
    assert open_ones() == {"RM-02"}
    ControlState.objects.create(application=application, control="RM-02", as_of=NOW, not_applicable=True)
    scores.mark([application.pk])
    assert open_ones() == set()
    assert all(one.closed_at for one in Task.objects.all())
    assert AuditLogEntry.objects.filter(action="task.done").count() == 3


@pytest.mark.parametrize(
    "stated",
    [
        {"status": "evidenced", "as_of": NOW - timedelta(days=9), "valid_until": NOW - timedelta(days=1)},
        {"status": "evidenced", "as_of": NOW - timedelta(days=181)},  # its review was due after 180
        {"status": "verified", "as_of": NOW - timedelta(days=270)},  # worth half
    ],
)
def test_what_has_run_out_is_no_task_done(cast: Cast, application: AIApplication, stated: dict) -> None:
    """What counts is what the statement is worth, or each other answer would end a task to renew it."""
    application.control_states.create(control="GV-01", **stated)
    (task,) = made(cast, application, controls={"GV-01": "evidenced"})
    assert None not in (task.before, task.after)
    assert float(task.after or 0) < float(task.before or 0)
    assessments.save_answers(actor=cast.alice, application=application, answers={"scale": "over_1m"})
    task.refresh_from_db()
    assert task.state == TaskState.OPEN
    application.control_states.update(as_of=NOW, valid_until=NOW)
    scores.mark([application.pk])
    task.refresh_from_db()
    assert task.state == TaskState.DONE


def test_what_is_stated_already_or_of_the_organisation_makes_no_task(cast: Cast, application: AIApplication) -> None:
    state(application, "GV-01", "evidenced")
    for status in ("planned", "attested", "evidenced"):
        with pytest.raises(ValidationError, match="Try a control"):
            made(cast, application, controls={"GV-01": status})
    with pytest.raises(ValidationError, match="Try a control"):
        made(cast, application, answers={"org.public_body": True})
    client, asked = as_(cast.alice), {"q:org.public_body": "yes", "c:GV-01": "planned"}
    assert "Make tasks of these" not in client.get(address(application, **asked)).content.decode()
    assert client.post(address(application, **asked), {}).status_code == 400
    assert not Task.objects.exists()
    assert len(made(cast, application, controls={"GV-01": "verified"})) == 1
    application.control_states.create(control="RM-02", status="verified", as_of=NOW - timedelta(days=200))
    with pytest.raises(ValidationError, match="Try a control"):  # its review is past, and yet evidence is worth less
        made(cast, application, controls={"RM-02": "evidenced"})


def test_a_task_of_another_application_stays_open(cast: Cast, application: AIApplication) -> None:
    made(cast, application, controls={"GV-01": "attested"})
    scores.mark(AIApplication.objects.filter(department=cast.treasury))
    assert Task.objects.get().state == TaskState.OPEN


def test_what_cannot_be_a_task_is_refused(cast: Cast, application: AIApplication) -> None:
    judgement = cases.judge_now(application, NOW)
    given = {"application": application, "judgement": judgement}
    with pytest.raises(ValidationError, match="Try a control"):
        tasks.plan(actor=cast.alice, changes=Changes(alerts=("high",), answers={"scale": None}), **given)
    changes = Changes(controls={"GV-01": "attested"})
    with pytest.raises(ValidationError, match="may not see"):
        tasks.plan(actor=cast.alice, changes=changes, owner=cast.eve, **given)
    with pytest.raises(ValidationError, match="passed"):
        tasks.plan(actor=cast.alice, changes=changes, due=NOW - timedelta(days=1), **given)
    with pytest.raises(PermissionDenied):
        tasks.plan(actor=cast.carol, changes=changes, **given)
    assert not Task.objects.exists()


def test_a_task_can_be_given_up_by_who_may_edit(cast: Cast, application: AIApplication) -> None:
    (task,) = made(cast, application, controls={"GV-01": "attested"})
    cancel = reverse("risk:task_cancel", args=[task.pk])
    for person, status in ((cast.carol, 403), (cast.dan, 403), (cast.eve, 404)):
        assert as_(person).post(cancel).status_code == status
    assert as_(cast.alice).post(cancel).status_code == 302
    assert as_(cast.alice).post(cancel).status_code == 302  # twice is once
    task.refresh_from_db()
    assert task.state == TaskState.CANCELLED
    assert AuditLogEntry.objects.filter(action="task.cancelled").count() == 1
    assert made(cast, application, controls={"GV-01": "attested"})  # and made anew


def test_the_page_of_tasks_shows_only_what_its_person_may_see(cast: Cast, application: AIApplication) -> None:
    made(cast, application, controls={"GV-01": "attested"})
    Task.objects.update(owner=cast.eve)  # she moved on to another department
    assert "GV-01" not in as_(cast.eve).get(reverse("governance:tasks")).content.decode()
    assert (
        load_method().controls["GV-01"].title not in as_(cast.alice).get(reverse("governance:tasks")).content.decode()
    )


def test_a_task_shows_a_gate_and_never_its_stand_in(cast: Cast, application: AIApplication) -> None:
    """Made before the gate, at the gate, and given up: on no page a promise of or from 100."""
    held = made(cast, application, controls={"GV-01": "verified"})[0]
    Task.objects.update(owner=cast.alice)
    gate = {"ai_system": True, "union_nexus": True, "exclusion": [], "role": ["uses"], "p_a": True}
    assessments.save_answers(actor=None, application=application, answers=gate)
    scores.rescore_changed()
    at_gate = made(cast, application, answers={"p_a": False})[0]
    assert at_gate.before is None
    assert at_gate.after is not None
    assert held.before is not None
    Task.objects.update(owner=cast.alice)
    tasks.cancel(actor=cast.alice, task=held)
    text = as_(cast.alice).get(reverse("governance:tasks")).content.decode()
    assert text.count("Prohibited practice") == 2
    assert "100" not in text[text.index("<main") :]
    assessments.save_answers(actor=None, application=application, answers={"p_a": False})
    scores.rescore_changed()
    text = as_(cast.alice).get(reverse("governance:tasks")).content.decode()
    assert text.count("Prohibited practice") == 1  # what it was when the task was made
    assert f"{held.before:.1f}" in text
