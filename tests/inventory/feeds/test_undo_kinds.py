"""Undoing what else feeds bring: traces, metrics, mapped tables, archives; and what inventories of agents still say."""

import io
import json
import zipfile
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone
from pytest_django import Settings

from inventory.choices import BatchState, Door
from inventory.connectors.base import UnknownFormatError
from inventory.models import (
    AgentListing,
    ChangedApplication,
    DirectoryUser,
    ImportBatch,
    Interaction,
    MappingProfile,
    Metric,
    SeenUser,
    Sighting,
)
from inventory.services import feeds, imports
from inventory.services.imports import again, mappings, undo
from inventory.services.imports.mappings import Told
from inventory.services.imports.uploads import Origin
from tests.builders import make_application
from tests.cast import Cast
from tests.inventory.feeds.files import SAMPLES, audit_text, days_ago, guid, record
from tests.inventory.feeds.test_undo import everything, take, take_back

pytestmark = pytest.mark.django_db
AGENTS = (SAMPLES / "agents" / "one_coe_kit.csv").read_bytes()
BOT, OWNER = "ClaimsTriageBot", "claims.handler2@northwind.example"


@pytest.fixture(autouse=True)
def _own_folder(settings: Settings, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path / "uploads"


def trace(number: int) -> str:
    at = int((timezone.now() - timedelta(days=2)).timestamp() * 1e9)
    said = [("gen_ai.operation.name", "chat"), ("enduser.id", "ann@x.example"), ("service.name", "desk")]
    attributes = [{"key": key, "value": {"stringValue": value}} for key, value in said]
    span = {"traceId": f"{number:032x}", "spanId": "a1", "startTimeUnixNano": str(at), "attributes": attributes}
    return json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]})


def metrics(*rows: tuple[str, str, float, float]) -> str:
    """Rows of system, group, value and age in days."""
    lines = [f"{system},drift,{group},{value},{days_ago(age)}" for system, group, value, age in rows]
    return "\n".join(["system,metric,group,value,time", *lines, ""])


def zipped(*files: tuple[str, str]) -> bytes:
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w") as archive:
        for name, content in files:
            archive.writestr(name, content)
    return whole.getvalue()


def test_traces_are_undone_as_interactions_are(cast: Cast) -> None:
    take(trace(1), "one.json")
    before = everything()
    second = take(trace(2), "two.json")
    assert everything() != before
    take_back(second)
    assert everything() == before


def test_metrics_are_undone_unless_they_corrected_some_or_were_corrected(cast: Cast) -> None:
    application = make_application(cast.retail, "Desk")
    kept = days_ago(3)
    first = take(f"system,metric,group,value,time\nDesk,drift,,0.1,{kept}\n")
    second = take(metrics(("Desk", "", 0.4, 1), ("Nobody's", "", 0.4, 1)))
    ChangedApplication.objects.all().delete()
    take_back(second)
    assert list(Metric.objects.values_list("value", flat=True)) == [0.1]
    assert list(ChangedApplication.objects.values_list("application", flat=True)) == [application.pk]
    correction = take(f"system,metric,group,value,time\nDesk,drift,,0.3,{kept}\n")
    assert "corrected values" in undo.effect(correction).refusal
    assert "Of the 1 value it stored, 0 are still" in undo.effect(first).refusal


def test_mapped_tables_are_undone_whatever_became_of_their_mapping(cast: Cast) -> None:
    used = f"When,Tool,Who\n{days_ago(2)},Chatty,ann@x.example\n"
    tables = {
        "use": ("interactions", used, ("time", "application", "user")),
        "hr": ("users", "Mail,Unit\ntom@x.example,Cards\n", ("upn", "department")),
        "psi": ("metrics", f"Day,Of,PSI\n{days_ago(2)},Desk,0.2\n", ("time", "system", "value")),
    }
    before, batches = everything(), []
    for name, (kind, text, keys) in tables.items():
        batch = imports.receive(actor=cast.ada, file_name=f"{name}.csv", blocks=[text.encode()])
        constants = {"metric": "drift"} if kind == "metrics" else {}
        told = Told(name, kind, {key: at for at, key in enumerate(keys)}, constants)
        mappings.save(actor=cast.ada, batch=batch, told=told)
        imports.run_waiting()
        batch.refresh_from_db()
        assert (batch.state, batch.stored) == (BatchState.DONE, 1), batch.error
        batches.append(batch)
    assert (Interaction.objects.count(), DirectoryUser.objects.count(), Metric.objects.count()) == (1, 1, 1)
    for profile in MappingProfile.objects.all():
        mappings.forget(actor=cast.ada, profile=profile)
    for batch in reversed(batches):
        take_back(batch)
    assert everything() == before
    assert (Interaction.objects.count(), DirectoryUser.objects.count(), Metric.objects.count()) == (0, 0, 0)
    # read again under another mapping, since the first was wrong
    use = batches[0]
    waits = imports.receive(actor=cast.ada, file_name="use.csv", blocks=[used.encode()])
    mappings.save(actor=cast.ada, batch=waits, told=Told("better", "interactions", {"time": 0, "application": 1}))
    again.read_again(actor=cast.ada, batch=use, blocks=[used.encode()])
    imports.run_batch(use.pk)
    use.refresh_from_db()
    assert (use.kind, use.stored) == ("mapped:better", 1)


def test_a_mapped_table_whose_rows_are_gone_is_refused(cast: Cast) -> None:
    batch = ImportBatch.objects.create(kind="mapped:old", file_name="x", state=BatchState.DONE, rows=1, stored=1)
    assert "Nothing of what it stored" in undo.effect(batch).refusal


def test_an_archive_is_undone_file_by_file(cast: Cast) -> None:
    archive = imports.receive(actor=cast.ada, file_name="x.zip", blocks=[zipped(("a.json", trace(1)))])
    imports.run_waiting()
    imports.run_waiting()
    archive.refresh_from_db()
    assert "one by one" in undo.effect(archive).refusal
    member = archive.members.get()
    assert (member.door, member.stored) == (Door.UPLOAD, 1)
    take_back(member)
    assert not Interaction.objects.exists()


def test_undoing_use_leaves_what_an_inventory_lists(cast: Cast) -> None:
    listing = take(AGENTS)
    assert "newer file" in undo.effect(listing).refusal
    used = audit_text(
        record(Id=guid(1), UserId=OWNER, AgentName=BOT, CreationTime=days_ago(2), Operation="AIAppInteraction")
    )
    batch = take(used)
    assert Sighting.objects.get().interactions == 1
    take_back(batch)
    assert Sighting.objects.get().interactions == 0
    assert list(SeenUser.objects.values_list("name", flat=True)) == [OWNER]  # the agent is still theirs


def test_what_is_listed_and_measured_outlives_what_tells_of_the_file(cast: Cast, settings: Settings) -> None:
    settings.INTERACTION_RETENTION_DAYS = 1
    settings.BATCH_RETENTION_DAYS = 1
    take(AGENTS)
    take(metrics(("Desk", "", 0.4, -3)))  # ahead of time, as forecasts are
    archive = imports.receive(actor=cast.ada, file_name="x.zip", blocks=[zipped(("a.json", trace(1)))])
    imports.run_batch(archive.pk)
    member = archive.members.get()
    imports.purge(now=timezone.now() + timedelta(days=2))
    assert (AgentListing.objects.get().batch, Metric.objects.get().batch) == (None, None)
    assert list(ImportBatch.objects.values_list("pk", "archive")) == [(member.pk, None)]  # it still waits


def test_a_feed_delivers_archives_and_is_bound_to_its_kind_within(cast: Cast) -> None:
    feed, _ = feeds.create_feed(actor=cast.ada, slug="traces", name="Traces", kind="otel_spans")
    people = "userPrincipalName,id,department\nann@x.example,1,Cards\n"
    raw = zipped(("a.json", trace(1)), ("people.csv", people), ("own.csv", "When,Tool\n1,2\n"))
    archive = imports.receive(actor=None, file_name="x.zip", blocks=[raw], origin=Origin(Door.API, feed))
    imports.run_batch(archive.pk)
    good, other, unmapped = archive.members.order_by("pk")
    assert [(one.door, one.feed) for one in (good, other, unmapped)] == [(Door.API, feed)] * 3
    assert (good.kind, good.state) == ("otel_spans", BatchState.WAITING)
    assert (other.state, "this feed takes OpenTelemetry" in other.error) == (BatchState.FAILED, True)
    assert (unmapped.state, "say which column" in unmapped.error) == (BatchState.FAILED, True)  # nobody is there to


def test_only_a_person_is_waited_for(cast: Cast) -> None:
    for door in (Door.API, Door.FOLDER):
        with pytest.raises(UnknownFormatError, match="say which column is what"):
            imports.receive(actor=None, file_name="x", blocks=[b"When,Tool\n1,2\n"], origin=Origin(door))
    assert not ImportBatch.objects.exists()
