"""Undoing a batch takes back exactly what it stored; reading it again brings exactly that."""

import json
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from inventory import tasks
from inventory.choices import BatchState
from inventory.models import (
    Alert,
    AuditLogEntry,
    CapturedContent,
    ChangedApplication,
    DailyPeople,
    DailySensitive,
    DailyUsage,
    DataEvent,
    DirectoryUser,
    ImportBatch,
    Interaction,
    QuarantinedRow,
    SeenUser,
    Sighting,
)
from inventory.services import imports
from inventory.services.imports import again, batches, captured, undo
from inventory.services.pseudonyms import pseudonym
from tests.builders import make_application
from tests.cast import Cast
from tests.inventory.feeds.files import LABEL, audit_text, days_ago, guid, record, users_text
from tests.inventory.feeds.test_activity_explorer import activity, match

pytestmark = pytest.mark.django_db
MARKED = {"AccessedResources": [{"SensitivityLabelId": LABEL, "Type": "docx"}, {"Type": "xlsx"}]}
SITE = {"AppIdentity": "AIApp.SaaS.ChatGPT", "Operation": "AIAppInteraction"}
JAILBREAK = {"Messages": [{"Id": "1", "isPrompt": True, "JailbreakDetected": True}]}


@pytest.fixture(autouse=True)
def _own_folder(settings: Settings, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path / "uploads"


def take(content: str | bytes, name: str = "audit.csv") -> ImportBatch:
    raw = content.encode() if isinstance(content, str) else content
    batch = imports.receive(actor=None, file_name=name, blocks=[raw])
    imports.run_batch(batch.pk)
    batch.refresh_from_db()
    assert batch.state == BatchState.DONE, batch.error
    return batch


def take_back(batch: ImportBatch, actor: Any = None) -> None:
    undo.ask(actor=actor, batch=batch, reason="Wrong month")
    tasks.undo_import(batch.pk)
    batch.refresh_from_db()


FIGURES = {
    Interaction: "record_id",
    DailyUsage: "application_id",
    DailyPeople: "application_id",
    DailySensitive: "application_id",
    Sighting: "folded",
    SeenUser: "name",
}


def everything() -> dict[str, list[tuple]]:
    """All that feeds of interactions store, but for the numbers that rows and batches happen to have."""
    found = {}
    for model in FIGURES:
        left_out = {"id", "batch_id", "sighting_id", "candidates"}
        names = [f.attname for f in model._meta.concrete_fields if f.attname not in left_out]
        if any(f.name == "sighting" for f in model._meta.fields):
            names.append("sighting__folded")
        found[model.__name__] = sorted(tuple(map(str, row)) for row in model.objects.values_list(*names))
    return found


def first_file() -> str:
    return audit_text(
        record(Id=guid(1), UserId="ann@x.example", CreationTime=days_ago(3.1), event=MARKED, **SITE),
        record(Id=guid(2), UserId="tom@x.example", CreationTime=days_ago(3), **SITE),
        record(Id=guid(3), UserId="ann@x.example", AgentName="Helper"),
    )


def second_file() -> str:
    """The same people and days, further ones, marks, an app that only it has, a duplicate and a broken row."""
    return audit_text(
        record(Id=guid(1), UserId="ann@x.example", **SITE),
        record(Id=guid(11), UserId="ann@x.example", CreationTime=days_ago(3), event=MARKED, **SITE),
        record(Id=guid(12), UserId="zoe@x.example", CreationTime=days_ago(3), event=JAILBREAK, **SITE),
        record(Id=guid(13), UserId="zoe@x.example", CreationTime=days_ago(9), **SITE),
        record(Id=guid(14), UserId="ann@x.example", AgentName="Only here"),
        record(Id=guid(15), UserId="ann@x.example", AgentId="A.b", AppIdentity="Known", CreationTime=days_ago(2)),
        "{broken",
    )


def test_undone_is_as_if_it_had_never_been_read(cast: Cast) -> None:
    application = make_application(cast.retail, "Known", identifiers=[("agent_id", "A.b")])
    take(users_text(("ann@x.example", "Ann", "1", "Cards")), "users.csv")
    take(first_file())
    before = everything()
    text = second_file()
    second = take(text)
    with_second = everything()
    assert (second.stored, second.duplicates, second.quarantined) == (5, 1, 1)
    assert with_second != before
    ChangedApplication.objects.all().delete()
    take_back(second, cast.ada)
    assert everything() == before
    assert (second.state, second.undone_by, second.stored) == (BatchState.UNDONE, cast.ada, 5)
    assert list(ChangedApplication.objects.values_list("application", flat=True)) == [application.pk]
    entry = AuditLogEntry.objects.get(action="feed.undone")
    assert (entry.actor, entry.reason, entry.details["interactions"]) == (cast.ada, "Wrong month", 5)
    # and again: the same file, uploaded anew, brings exactly what was taken back
    again.read_again(actor=cast.ada, batch=second, blocks=[text.encode()])
    assert QuarantinedRow.objects.count() == 0
    imports.run_waiting()
    second.refresh_from_db()
    assert (second.state, second.stored, second.quarantined) == (BatchState.DONE, 5, 1)
    assert everything()["DailyUsage"] == with_second["DailyUsage"]
    assert {row[0] for row in everything()["Interaction"]} == {row[0] for row in with_second["Interaction"]}


def test_in_whatever_order_all_is_undone_nothing_stays(cast: Cast) -> None:
    found = [take(first_file()), take(second_file())]
    for batch in found:
        take_back(batch)
    assert all(rows == [] for rows in everything().values())


def test_undoing_needs_the_right_and_a_reason(cast: Cast) -> None:
    batch = take(first_file())
    for person in (cast.alice, cast.bob, cast.carol, cast.dan, cast.eve):
        with pytest.raises(PermissionDenied):
            undo.ask(actor=person, batch=batch, reason="x")
        with pytest.raises(PermissionDenied):
            again.read_again(actor=person, batch=batch)
    with pytest.raises(ValidationError, match="Say why"):
        undo.ask(actor=cast.ada, batch=batch, reason=" ")


def test_what_can_not_be_taken_apart_is_refused(cast: Cast, settings: Settings) -> None:
    batch = take(first_file())
    Interaction.objects.filter(record_id=guid(1)).delete()  # as retention does
    assert "2 are still kept singly" in undo.effect(batch).refusal
    with pytest.raises(ValidationError, match="can't be taken apart"):
        undo.ask(actor=None, batch=batch, reason="x")
    nothing = take(audit_text(record(Id=guid(3))))
    assert "stored nothing" in undo.effect(nothing).refusal
    other = take(second_file())
    settings.INTERACTION_RETENTION_DAYS = 9
    assert "still kept singly" in undo.effect(other).refusal
    ImportBatch.objects.filter(pk=other.pk).update(kind="another")
    other.refresh_from_db()
    assert "Files of this kind" in undo.effect(other).refusal


def test_what_can_no_longer_be_undone_is_given_back(cast: Cast) -> None:
    batch = take(first_file())
    undo.ask(actor=cast.ada, batch=batch, reason="x")
    Interaction.objects.filter(record_id=guid(1)).delete()
    tasks.run_waiting_imports()
    batch.refresh_from_db()
    assert batch.state == BatchState.DONE
    assert Interaction.objects.count() == 2
    assert AuditLogEntry.objects.filter(action="feed.undo_refused").exists()
    assert not undo.carry_out(batch.pk)


def test_one_that_fails_holds_up_nothing_and_is_given_back(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    batch = take(first_file())
    undo.ask(actor=cast.ada, batch=batch, reason="x")

    def fail(batch: ImportBatch) -> set[int]:
        raise RuntimeError("the disk is full")

    undoer = undo.UNDOERS[batch.kind]
    with monkeypatch.context() as patch:
        patch.setitem(undo.UNDOERS, batch.kind, undo.Undoer(undoer.find, fail))
        other = imports.receive(actor=None, file_name="audit.csv", blocks=[second_file().encode()])
        assert imports.run_waiting() == 1
        other.refresh_from_db()
        assert other.state == BatchState.DONE
        for _ in range(batches.MOST_ATTEMPTS - 1):
            batch.refresh_from_db()
            assert batch.state == BatchState.UNDOING
            assert not undo.carry_out(batch.pk)
    batch.refresh_from_db()
    assert batch.state == BatchState.DONE
    assert "the disk is full" in AuditLogEntry.objects.get(action="feed.undo_refused").reason
    take_back(batch, cast.ada)  # it can be asked for again
    assert batch.state == BatchState.UNDONE


class Killed(BaseException):
    """Stands for a worker that is gone in the middle."""


def test_an_undo_that_always_kills_its_worker_is_given_back(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    batch = take(first_file())
    undo.ask(actor=cast.ada, batch=batch, reason="x")

    def die(batch: ImportBatch) -> set[int]:
        raise Killed

    monkeypatch.setitem(undo.UNDOERS, batch.kind, undo.Undoer(undo.UNDOERS[batch.kind].find, die))
    for _ in range(batches.MOST_ATTEMPTS):
        with pytest.raises(Killed):
            undo.carry_out(batch.pk)
    imports.run_waiting()
    batch.refresh_from_db()
    assert batch.state == BatchState.DONE
    assert "again and again" in AuditLogEntry.objects.get(action="feed.undo_refused").reason


def test_figures_add_up_whatever_was_undone(cast: Cast) -> None:
    """The daily figures are always those of the rows that are there."""
    files = [
        audit_text(*(record(Id=guid(n), UserId=f"u{n % 5}@x.example", CreationTime=days_ago(n % 4), **SITE)
                     for n in range(start, start + 40)))
        for start in (100, 120, 160)
    ]  # fmt: skip
    found = [take(text) for text in files]
    take_back(found[1])
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT (at AT TIME ZONE 'UTC')::date, count(*), count(DISTINCT pseudonym) FROM inventory_interaction"
            " GROUP BY 1 ORDER BY 1"
        )
        counted = cursor.fetchall()
    kept = DailyUsage.objects.order_by("day").values_list("day", "interactions", "users")
    assert list(kept) == counted
    assert Sighting.objects.get().interactions == sum(row[1] for row in counted) == 80


def test_a_file_that_held_nothing_but_data_events_can_be_undone(cast: Cast, client: Client) -> None:
    text = audit_text(match(1, UserId="ann@x.example"))
    batch = take(text)
    assert (batch.stored, DataEvent.objects.count(), SeenUser.objects.count()) == (0, 1, 1)
    client.force_login(cast.ada)
    address = reverse("inventory:batch_undo", args=[batch.pk])
    assert address in client.get(reverse("inventory:batch", args=[batch.pk])).content.decode()
    page = client.get(address).content.decode()
    assert "<dt>1</dt><dd>data event</dd>" in page
    assert "0 rows stored" not in page
    take_back(batch)
    assert (batch.state, DataEvent.objects.count(), SeenUser.objects.count()) == (BatchState.UNDONE, 0, 0)
    assert address not in client.get(reverse("inventory:batch", args=[batch.pk])).content.decode()
    again.read_again(actor=cast.ada, batch=batch, blocks=[text.encode()])
    imports.run_waiting()
    assert DataEvent.objects.count() == 1


@pytest.mark.parametrize("explorer_first", [True, False])
def test_what_the_explorer_told_too_can_be_had_again(cast: Cast, client: Client, explorer_first: bool) -> None:
    """The interaction is kept out of the audit file alone, whichever came first; so that file's undoing warns."""
    told = json.dumps([activity(1)])
    audit = audit_text(record(Id=guid(50), UserId="ann@alderfinch.example", CreationTime=days_ago(1), **SITE))
    files = [(told, "explorer.json"), (audit, "audit.csv")]
    for content, name in files if explorer_first else reversed(files):
        take(content, name)
    explorer, second = (ImportBatch.objects.get(file_name=name) for _, name in files)
    assert (explorer.rows, explorer.stored, explorer.duplicates, explorer.unmatched) == (1, 0, 1, 0)
    client.force_login(cast.ada)
    assert "1 file that came later" in client.get(reverse("inventory:batch_undo", args=[second.pk])).content.decode()
    take_back(second)
    assert Interaction.objects.count() == 0
    again.read_again(actor=cast.ada, batch=explorer, blocks=[told.encode()])
    imports.run_waiting()
    explorer.refresh_from_db()
    assert (explorer.rows, explorer.stored, explorer.duplicates, explorer.unmatched) == (1, 1, 0, 1)
    assert Interaction.objects.get().batch == explorer


def test_a_file_of_the_explorer_that_made_room_can_be_undone(cast: Cast) -> None:
    explorer = take(json.dumps([activity(1), activity(2, Happened=days_ago(2) + "Z")]), "explorer.json")
    take(audit_text(record(Id=guid(50), UserId="ann@alderfinch.example", CreationTime=days_ago(1), **SITE)))
    explorer.refresh_from_db()
    assert (explorer.stored, explorer.duplicates) == (1, 1)
    take_back(explorer)
    assert Interaction.objects.get().batch.kind == "purview_audit"


# Alerts


def alert(number: int, **fields: Any) -> dict[str, Any]:
    return {
        "SystemAlertId": f"a{number}",
        "AlertType": "AI.Azure_Jailbreak.ContentFiltering.BlockedAttempt",
        "AlertDisplayName": "Jailbreak",
        "Severity": "High",
        "Status": "New",
        "TimeGenerated": days_ago(1) + "Z",
        **fields,
    }


def test_alerts_go_unless_files_build_on_each_other() -> None:
    first = take(json.dumps([alert(1), alert(2)]), "alerts.json")
    second = take(json.dumps([alert(2, Severity="Low"), alert(3)]), "alerts.json")
    third = take(json.dumps([alert(4)]), "alerts.json")
    assert "Later files say more about 1" in undo.effect(first).refusal
    assert "brought 1 alert up to date that other files had brought; what it said" in undo.effect(second).refusal
    take_back(third)
    assert set(Alert.objects.values_list("external_id", flat=True)) == {"a1", "a2", "a3"}


def test_one_is_not_spoken_of_as_many(cast: Cast) -> None:
    """Neither in what is refused nor in what is done."""
    kept = take(audit_text(record(Id=guid(1)), record(Id=guid(2), AppIdentity="AIApp.Other")))
    Interaction.objects.filter(record_id=guid(1)).delete()
    assert "Of the 2 interactions and events it stored, 1 is still kept" in undo.effect(kept).refusal
    single = take(audit_text(record(Id=guid(3))))
    Interaction.objects.filter(record_id=guid(3)).delete()
    assert "Of the 1 interaction or event it stored, 0 are still kept" in undo.effect(single).refusal
    take_back(take(json.dumps([alert(1)]), "alerts.json"), cast.ada)
    assert AuditLogEntry.objects.get(action="feed.undone").summary == "alerts.json is undone: 1 alert"


def test_a_text_that_was_captured_from_an_alert_goes_with_it(cast: Cast) -> None:
    captured.switch(actor=cast.ada, on=True, reason="Inquiry")
    batch = take(json.dumps([alert(1, ExtendedProperties={"Prompt": "What is Ann paid?"})]), "alerts.json")
    assert dict(undo.effect(batch).takes) == {"alerts": 1, "captured texts": 1}
    take_back(batch)
    assert (Alert.objects.count(), CapturedContent.objects.count()) == (0, 0)


def test_alerts_that_name_no_file_are_not_said_to_go() -> None:
    """Those stored before alerts named the file they came from."""
    batch = take(json.dumps([alert(1)]), "alerts.json")
    Alert.objects.update(batch=None, latest_batch=None)
    assert "None of the alerts" in undo.effect(batch).refusal


# User lists


def people() -> list[tuple]:
    return sorted(DirectoryUser.objects.values_list("object_id", "upn", "name", "department__name", "upn_pseudonym"))


def test_a_user_list_is_put_back_person_by_person(cast: Cast) -> None:
    first = take(users_text(("ann@x.example", "Ann", "1", "Cards"), ("tom@x.example", "Tom", "2", "Retail Banking")))
    before = people()
    second = take(users_text(("ann@x.example", "Ann B.", "1", "Treasury"), ("zoe@x.example", "Zoe", "3", "Cards")))
    assert "Since then" in undo.effect(first).refusal
    take_back(second)
    assert people() == before
    third = take(users_text(("tom@x.example", "Tommy", "2", "Cards"), ("tom@x.example", "Thomas", "2", "Cards")))
    take_back(third)
    assert people() == before


def test_a_user_list_that_moved_interactions_stays(cast: Cast) -> None:
    take(audit_text(record(UserId="ann@x.example")))
    moved = take(users_text(("ann@x.example", "Ann", "1", "Cards")))
    assert "1 interactions of Unassigned people" in undo.effect(moved).refusal


def test_a_user_list_that_moved_data_events_or_replaced_names_stays(cast: Cast) -> None:
    take(audit_text(match(1, UserId="ann@x.example")))
    moved = take(users_text(("ann@x.example", "Ann", "1", "Cards")))
    assert "tied 1 data events of Unassigned people" in undo.effect(moved).refusal
    SeenUser.objects.create(pseudonym=pseudonym("2"), name="tom@x.example")
    named = take(users_text(("tom@x.example", "Tom", "2", "")))
    assert undo.effect(named).refusal == "It took the place of 1 names that other files had brought."
