"""What people do about alerts, and what the feed says after them."""

from pathlib import Path

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404

from inventory.choices import AlertAction, AlertState, IdentifierKind
from inventory.models import AIApplication, Alert, AlertStep, AuditLogEntry, ChangedApplication, ImportBatch
from inventory.services import alerts
from inventory.services.imports.cannot_undo import CannotUndoError
from inventory.services.imports.undo_alerts import find
from inventory.services.pseudonyms import pseudonym
from tests.builders import make_application
from tests.cast import Cast
from tests.inventory.feeds.test_security_alerts import ACCOUNT, alert, ingest

pytestmark = pytest.mark.django_db


@pytest.fixture
def assistant(cast: Cast) -> AIApplication:
    found = make_application(cast.cards, "Lending assistant")
    found.identifiers.create(kind=IdentifierKind.AZURE_RESOURCE, value=ACCOUNT, folded=ACCOUNT.casefold())
    return found


@pytest.fixture
def one(assistant: AIApplication, tmp_path: Path) -> Alert:
    ingest(tmp_path, alert())
    ChangedApplication.objects.all().delete()
    return Alert.objects.get()


def queued(application: AIApplication) -> bool:
    return ChangedApplication.objects.filter(application=application).exists()


def test_resolving_keeps_the_lesson_and_queues_the_application(cast: Cast, one: Alert) -> None:
    with pytest.raises(ValidationError, match="learnt"):
        alerts.resolve(actor=cast.bob, alerts=[one.pk], lesson=" ")
    assert not queued(one.application)
    done = alerts.resolve(actor=cast.bob, alerts=[one.pk], lesson="Shields block now.")
    one.refresh_from_db()
    assert (done.changed, one.state, one.outcome) == (1, AlertState.RESOLVED, "Shields block now.")
    assert one.resolved_at is not None
    assert queued(one.application)
    step = one.steps.get()
    assert (step.action, step.actor, step.text) == (AlertAction.RESOLVED, cast.bob, "Shields block now.")
    entry = AuditLogEntry.objects.get(action="alert.resolved")
    assert (entry.actor, entry.object_id, entry.department) == (cast.bob, str(one.pk), cast.cards)


@pytest.mark.parametrize("person", ["carol", "dan", "eve"])
def test_who_only_reads_does_nothing(cast: Cast, one: Alert, person: str) -> None:
    actor = getattr(cast, person)
    for act in (
        lambda: alerts.assign(actor=actor, alerts=[one.pk], assignee=actor),
        lambda: alerts.comment(actor=actor, alerts=[one.pk], text="x"),
        lambda: alerts.start(actor=actor, alerts=[one.pk]),
        lambda: alerts.resolve(actor=actor, alerts=[one.pk], lesson="x"),
        lambda: alerts.dismiss(actor=actor, alerts=[one.pk], reason="x"),
        lambda: alerts.reopen(actor=actor, alerts=[one.pk], reason="x"),
        lambda: alerts.tie(actor=actor, alerts=[one.pk], application=None, reason="x"),
    ):
        with pytest.raises((PermissionDenied, Http404)):
            act()
    assert not AlertStep.objects.exists()


def test_a_team_member_works_on_it_and_does_not_close_it(cast: Cast, one: Alert) -> None:
    alerts.start(actor=cast.alice, alerts=[one.pk])
    alerts.comment(actor=cast.alice, alerts=[one.pk], text="Looking at it")
    with pytest.raises(PermissionDenied):
        alerts.resolve(actor=cast.alice, alerts=[one.pk], lesson="x")
    with pytest.raises(PermissionDenied):
        alerts.dismiss(actor=cast.alice, alerts=[one.pk], reason="x")
    one.refresh_from_db()
    assert (one.state, one.assignee) == (AlertState.IN_PROGRESS, cast.alice)


def test_only_who_may_work_on_it_is_given_it(cast: Cast, one: Alert) -> None:
    for person in (cast.dan, cast.eve, cast.carol):
        with pytest.raises(ValidationError, match="may not work"):
            alerts.assign(actor=cast.bob, alerts=[one.pk], assignee=person)
    alerts.assign(actor=cast.bob, alerts=[one.pk], assignee=cast.alice)
    with pytest.raises(ValidationError, match="so already"):
        alerts.assign(actor=cast.bob, alerts=[one.pk], assignee=cast.alice)
    alerts.assign(actor=cast.bob, alerts=[one.pk], assignee=None)
    assert not Alert.objects.exclude(assignee=None).exists()


def test_several_at_once_are_one_entry_and_all_or_nothing(cast: Cast, assistant: AIApplication, tmp_path: Path) -> None:
    ingest(tmp_path, alert(1), alert(2), alert(3, AzureResourceId=""))
    first, second, stray = Alert.objects.order_by("external_id")
    with pytest.raises(Http404):
        alerts.dismiss(actor=cast.bob, alerts=[first.pk, stray.pk], reason="Test")  # one of no application
    alerts.resolve(actor=cast.bob, alerts=[first.pk], lesson="x")
    done = alerts.dismiss(actor=cast.bob, alerts=[first.pk, second.pk], reason="Test")
    assert (done.changed, done.left) == (1, 1)  # what is closed stays as it was closed
    assert AuditLogEntry.objects.get(action="alert.dismissed").details["alerts"] == [second.pk]
    alerts.dismiss(actor=cast.ada, alerts=[stray.pk], reason="Nobody's")


@pytest.mark.parametrize(
    ("decision", "said", "stands"),
    [
        ("dismiss", "Active", AlertState.DISMISSED),
        ("dismiss", "Resolved", AlertState.DISMISSED),
        ("resolve", "InProgress", AlertState.RESOLVED),
        ("start", "Resolved", AlertState.IN_PROGRESS),
        ("comment", "Resolved", AlertState.RESOLVED),  # nobody decided: the feed is followed
    ],
)
def test_the_feed_does_not_undo_a_decision(
    cast: Cast, one: Alert, tmp_path: Path, decision: str, said: str, stands: str
) -> None:
    words = {"dismiss": {"reason": "A test"}, "resolve": {"lesson": "A test"}, "start": {}, "comment": {"text": "Hm"}}
    getattr(alerts, decision)(actor=cast.bob, alerts=[one.pk], **words[decision])
    ingest(tmp_path, alert(Status="Dismissed"))  # something in between
    ingest(tmp_path, alert(Status=said))
    one.refresh_from_db()
    assert one.state == stands
    assert one.contradicted == (one.feed_state != stands)
    assert one.steps.filter(action=AlertAction.FEED).count() == 2
    if decision == "dismiss":
        assert one.outcome == "A test"


def test_opened_again_it_follows_only_what_is_new(cast: Cast, one: Alert, tmp_path: Path) -> None:
    resolved = alert(Status="Resolved")
    ingest(tmp_path, resolved)
    alerts.reopen(actor=cast.bob, alerts=[one.pk], reason="It goes on")
    ingest(tmp_path, alert(Status="Resolved", Severity="High"))  # says of the state what it said before
    one.refresh_from_db()
    assert (one.state, one.severity, one.resolved_at) == (AlertState.ACTIVE, "high", None)
    ingest(tmp_path, alert(Status="Active"))
    ingest(tmp_path, resolved)  # the first file once more, byte for byte
    one.refresh_from_db()
    assert one.state == AlertState.ACTIVE
    ingest(tmp_path, alert(Status="Resolved", ProcessingEndTime="2026-07-15T07:07:01Z"))
    one.refresh_from_db()
    assert one.state == AlertState.RESOLVED


def test_what_the_feed_closed_can_be_confirmed_with_a_lesson_once(cast: Cast, one: Alert, tmp_path: Path) -> None:
    ingest(tmp_path, alert(Status="Resolved"))
    alerts.resolve(actor=cast.bob, alerts=[one.pk], lesson="Known")
    with pytest.raises(ValidationError, match="so already"):
        alerts.resolve(actor=cast.bob, alerts=[one.pk], lesson="Other")


def test_tying_moves_it_for_good(cast: Cast, one: Alert, assistant: AIApplication, tmp_path: Path) -> None:
    other, foreign = make_application(cast.retail, "Other"), make_application(cast.treasury, "Foreign")
    with pytest.raises(PermissionDenied):
        alerts.tie(actor=cast.bob, alerts=[one.pk], application=foreign)
    ChangedApplication.objects.all().delete()
    alerts.tie(actor=cast.bob, alerts=[one.pk], application=other)
    assert queued(assistant)
    assert queued(other)
    ingest(tmp_path, alert(Severity="High"))
    one.refresh_from_db()
    assert (one.application, one.severity) == (other, "high")
    with pytest.raises(ValidationError, match="Say why"):
        alerts.tie(actor=cast.bob, alerts=[one.pk], application=None)
    alerts.tie(actor=cast.bob, alerts=[one.pk], application=None, reason="A test machine")
    ingest(tmp_path, alert(Severity="Low"))
    one.refresh_from_db()
    assert (one.application, one.severity) == (None, "low")


def test_people_among_the_entities_are_pseudonyms(cast: Cast, tmp_path: Path) -> None:
    named = [
        {"$id": "1", "Address": "198.51.100.90", "Type": "ip"},
        {"Type": "account", "Name": "ann", "UPNSuffix": "bank.example"},
        {"Type": "mailbox", "MailboxPrimaryAddress": "Tom@bank.example"},
        {"Type": "unheard-of", "Name": "x"},
        "odd",
    ]
    ingest(tmp_path, alert(Entities=named, CompromisedEntity="ann@bank.example"))
    stored = Alert.objects.get()
    people = [["account", pseudonym("ann@bank.example")], ["account", pseudonym("tom@bank.example")]]
    assert stored.entities == [["ip", "198.51.100.90"], *people]


def test_what_people_worked_on_can_not_be_undone(cast: Cast, one: Alert) -> None:
    batch = ImportBatch.objects.get()
    assert find(batch) == (("alerts", 1),)
    alerts.comment(actor=cast.bob, alerts=[one.pk], text="Hm")
    with pytest.raises(CannotUndoError, match="worked on"):
        find(batch)
