"""Tables with a header of their own: asked about once, read by themselves later, never more than was mapped."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import Settings

from inventory import tasks
from inventory.choices import BatchState
from inventory.connectors.base import (
    CloudApp,
    Interaction,
    ListedUser,
    MetricValue,
    SecurityAlert,
    UnknownFormatError,
    Unreadable,
    WithContent,
)
from inventory.connectors.delimited import as_utf8
from inventory.connectors.mapped import Mapped, Mapping, layout_of
from inventory.connectors.mapped_fields import FIELDS, guess
from inventory.models import Alert, AuditLogEntry, DirectoryUser, ImportBatch, MappingProfile, Metric, Sighting
from inventory.models import CloudApp as StoredApp
from inventory.models import Interaction as Stored
from inventory.services import imports
from inventory.services.imports import ImportFailedError, import_file, mappings, undo, uploads
from inventory.services.imports.mappings import Told
from inventory.services.pseudonyms import pseudonym
from tests.cast import Cast
from tests.inventory.feeds.files import SAMPLES, write
from tests.inventory.feeds.test_security_alerts import ACCOUNT

GATEWAY = SAMPLES / "mapped" / "gateway.csv"
COLUMNS = {"time": 0, "user": 1, "application": 2, "record_id": 4}
TOLD = Told("gateway", "interactions", COLUMNS, day_first=True, zone="Europe/Berlin")


@pytest.fixture(autouse=True)
def _own_folder(settings: Settings, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path / "uploads"
    settings.INTERACTION_RETENTION_DAYS = 100_000


def source(raw: bytes) -> Any:
    return as_utf8(io.BufferedReader(io.BytesIO(raw)))


def read(raw: bytes, kind: str, fields: dict[str, int], constants: dict[str, str] | None = None, **more: Any) -> list:
    mapping = Mapping("t", kind, layout_of(source(raw)).digest, fields, constants or {}, **more)
    return list(Mapped(mapping).read(source(raw)))


def upload(actor: Any, raw: bytes, name: str = "gateway.csv") -> ImportBatch:
    return imports.receive(actor=actor, file_name=name, blocks=[raw])


def test_only_mapped_columns_are_looked_at() -> None:
    first, second, never, open_quote = read(
        GATEWAY.read_bytes(), "interactions", COLUMNS, day_first=True, zone="Europe/Berlin"
    )
    assert isinstance(first, Interaction)
    assert (first.at.isoformat(), first.user) == ("2026-07-14T07:12:00+00:00", "ann@alderfinch.example")
    assert (first.seen.name, first.record_id) == ("Chatty", "t/r-1")
    assert isinstance(second, Interaction)
    assert isinstance(never, Unreadable)
    assert b"r-3" in never.raw
    assert isinstance(open_quote, Unreadable)
    assert "SECRET" not in repr((first, second, never, open_quote))


def test_users_and_metrics_are_read_with_what_is_the_same_in_all_rows() -> None:
    people = read(b"Mail;Unit\nANN@x.example;Retail\n;Retail\n", "users", {"upn": 0, "department": 1})
    assert isinstance(people[0], ListedUser)
    assert (people[0].upn, people[0].department) == ("ann@x.example", "Retail")
    assert isinstance(people[1], Unreadable)
    (value,) = read(
        b"day\tpsi\n20260714\t0,25\n", "metrics", {"time": 0, "value": 1}, {"system": "Desk", "metric": "PSI"}
    )
    assert isinstance(value, MetricValue)
    assert (value.system, value.metric, value.value) == ("Desk", "drift", 0.25)


def test_equal_rows_without_an_id_are_one_and_a_guid_means_the_same_everywhere() -> None:
    raw = b"t,a,id\n2026-07-14,x,\n2026-07-14,x,\n2026-07-15,x,8AD83F3E-b424-4d54-8ddb-15dc19247088\n"
    one, two, guid = read(raw, "interactions", {"time": 0, "application": 1, "record_id": 2})
    assert one.record_id == two.record_id
    assert guid.record_id == "8AD83F3E-b424-4d54-8ddb-15dc19247088"


@pytest.mark.parametrize(
    ("columns", "guessed"),
    [
        (["When", "Who", "Tool", "Prompt", "Request"], COLUMNS),
        (["Prompt", "Answer"], {}),
    ],
)
def test_a_form_begins_with_a_guess(columns: list[str], guessed: dict[str, int]) -> None:
    assert guess("interactions", columns) == guessed


@pytest.mark.parametrize("raw", [b"", b"[{}]", b"one\n1\n", b"a,b\n", b"a,\n1,2\n"])
def test_what_is_no_table_cannot_be_mapped(raw: bytes) -> None:
    with pytest.raises(UnknownFormatError):
        layout_of(source(raw))


@given(st.binary(max_size=200), st.sampled_from(sorted(FIELDS)))
def test_no_bytes_break_the_reader(raw: bytes, kind: str) -> None:
    fields = {one.key: at for at, one in enumerate(FIELDS[kind])}
    for item in read(b"a,b,c\n1,2,3\n" + raw, kind, fields):
        assert isinstance(
            item, Interaction | ListedUser | MetricValue | SecurityAlert | CloudApp | WithContent | Unreadable
        )


def test_an_unknown_table_waits_is_mapped_and_read_and_the_next_one_by_itself(cast: Cast) -> None:
    batch = upload(cast.ada, GATEWAY.read_bytes())
    twin = upload(cast.ada, GATEWAY.read_bytes().replace(b"r-1", b"r-9"))
    assert (batch.state, batch.kind) == (BatchState.UNMAPPED, "")
    assert not imports.run_batch(batch.pk)
    profile = mappings.save(actor=cast.ada, batch=batch, told=TOLD)
    assert (profile.columns, profile.saved_by) == (["When", "Who", "Tool", "Prompt", "Request"], cast.ada)
    assert AuditLogEntry.objects.get(action="feed_mapping.saved").details["fields"]["time"] == "When"
    for one in (batch, twin):
        tasks.run_import(one.pk)
        one.refresh_from_db()
    assert (batch.kind, batch.rows, batch.stored, batch.quarantined) == ("mapped:gateway", 4, 2, 2)
    assert (twin.stored, twin.duplicates) == (1, 1)
    assert upload(cast.ada, GATEWAY.read_bytes()).kind == "mapped:gateway"
    again = import_file(actor=None, path=GATEWAY)
    assert (again.kind, again.stored, again.duplicates, again.quarantined) == ("mapped:gateway", 0, 2, 2)
    assert Sighting.objects.get().name == "Chatty"
    with connection.cursor() as cursor:
        for table in ("interaction", "quarantinedrow", "mappingprofile", "importbatch", "auditlogentry"):
            cursor.execute(f"SELECT count(*) FROM inventory_{table} t WHERE t::text LIKE '%SECRET%'")
            assert cursor.fetchone() == (0,)


def test_what_a_mapping_must_say(cast: Cast) -> None:
    batch = upload(cast.ada, GATEWAY.read_bytes())
    for told, where in (
        (Told("Bad Name", "interactions", COLUMNS), "profile"),
        (Told("x", "poems", COLUMNS), "kind"),
        (Told("x", "interactions", {"time": 0}), "application"),
        (Told("x", "interactions", {**COLUMNS, "user": 9}), "user"),
        (Told("x", "interactions", COLUMNS, zone="Europe/Atlantis"), "zone"),
        (Told("x", "interactions", COLUMNS, zone="../../etc/passwd"), "zone"),
        (Told("x", "metrics", {"time": 0, "value": 1, "system": 2}, {"metric": "--"}), "metric"),
    ):
        with pytest.raises(ValidationError) as refused:
            mappings.save(actor=cast.ada, batch=batch, told=told)
        assert where in refused.value.message_dict
    for person in (cast.alice, cast.bob, cast.carol, cast.dan, cast.eve):
        with pytest.raises(PermissionDenied):
            mappings.save(actor=person, batch=batch, told=TOLD)
    mappings.save(actor=cast.ada, batch=batch, told=TOLD)
    with pytest.raises(ValidationError):  # another header may not take the name
        mappings.save(actor=cast.ada, batch=upload(cast.ada, b"a,b\n1,2\n"), told=Told("gateway", "users", {"upn": 0}))


def test_users_and_metrics_go_to_where_they_belong(cast: Cast) -> None:
    people = upload(cast.ada, b"Mail;Unit\nann@x.example;Retail\n")
    mappings.save(actor=cast.ada, batch=people, told=Told("hr", "users", {"upn": 0, "department": 1}))
    figures = upload(cast.ada, b"day,psi\n2026-07-14,0.2\n")
    constants = {"system": "Desk", "metric": "drift"}
    told = Told("psi", "metrics", {"time": 0, "value": 1}, constants)
    mappings.save(actor=cast.ada, batch=figures, told=told)
    for batch in (people, figures):
        tasks.run_import(batch.pk)
    assert DirectoryUser.objects.get().upn == "ann@x.example"
    assert Metric.objects.get().value == 0.2


PORTAL = """Severity,Alert title,Affected resource,Resource id,Activity start time (UTC+2),Tactics,Status,Owner
High,Jailbreak detected,nw-lending,{account},14/07/2026 09:01,"Execution, Impact",{status},ann@x.example
Low,Odd access,nw-lending,{account},14/07/2026 25:01,Execution,Active,
"""
ALERTS = {"severity": 0, "title": 1, "resource": 3, "start": 4, "tactics": 5, "status": 6, "account": 7}


def test_alerts_of_a_portals_csv_are_alerts_and_a_later_file_moves_their_state(cast: Cast) -> None:
    """Nobody documents its header, and it has no id: what stays when the state changes tells one alert from others."""
    raw = PORTAL.format(account=ACCOUNT, status="Active").encode()
    first = upload(cast.ada, raw, "portal.csv")
    told = Told("portal", "security_alerts", ALERTS, {"alert_type": "AI.Azure_Portal"}, True, "Europe/Berlin")
    mappings.save(actor=cast.ada, batch=first, told=told)
    tasks.run_import(first.pk)
    first.refresh_from_db()
    assert (first.kind, first.rows, first.stored, first.quarantined) == ("mapped:portal", 2, 1, 1)
    one = Alert.objects.get()
    assert (one.severity, one.state, one.resource) == ("high", "active", ACCOUNT)
    assert (one.at.isoformat(), one.tactics) == ("2026-07-14T07:01:00+00:00", ["Execution", "Impact"])
    assert one.entities == [["account", pseudonym("ann@x.example")]]
    second = upload(cast.ada, PORTAL.format(account=ACCOUNT, status="Resolved").encode(), "portal.csv")
    tasks.run_import(second.pk)
    one.refresh_from_db()
    assert one.state == "resolved"
    again = upload(cast.ada, raw, "portal.csv")
    tasks.run_import(again.pk)
    one.refresh_from_db()
    assert one.state == "resolved"
    for pk in (first.pk, second.pk):
        assert undo.effect(ImportBatch.objects.get(pk=pk)).refusal


def test_apps_of_a_discovery_csv_are_reported_apps(cast: Cast) -> None:
    raw = b"Name;Domains;Score;Users;Last seen;Upload\nChatty;chatty.example,chat.example;3;17;2026-07-14;900\n"
    raw += b"Drive;d.example;9;1;x;1\n"
    batch = upload(cast.ada, raw, "discovered.csv")
    columns = {"app": 0, "domains": 1, "safety": 2, "users": 3, "last_seen": 4, "uploaded": 5}
    told = Told("discovered", "cloud_apps", columns, {"category": "Generative AI"})
    mappings.save(actor=cast.ada, batch=batch, told=told)
    tasks.run_import(batch.pk)
    batch.refresh_from_db()
    assert (batch.rows, batch.stored, batch.unmatched) == (2, 2, 2)
    one = StoredApp.objects.get(name="Chatty")
    assert (one.safety, one.users, one.uploaded, one.domains) == (3.0, 17, 900, ["chatty.example", "chat.example"])
    assert one.last_seen is not None
    assert "Files of this kind can't be undone" in undo.effect(batch).refusal


@pytest.mark.django_db
def test_the_console_names_a_mapping_and_says_where_one_is_missing(tmp_path: Path, cast: Cast) -> None:
    with pytest.raises(ImportFailedError, match="say which column is what"):
        import_file(actor=None, path=GATEWAY)
    mappings.save(actor=cast.ada, batch=upload(cast.ada, GATEWAY.read_bytes()), told=TOLD)
    out = io.StringIO()
    call_command("ingest", str(GATEWAY), kind="mapped:gateway", stdout=out, stderr=io.StringIO())
    assert json.loads(out.getvalue())["stored"] == 2
    with pytest.raises(CommandError):
        call_command("ingest", str(GATEWAY), "--kind", "poems", stderr=io.StringIO())
    with pytest.raises(ImportFailedError, match="no kind of file called mapped:other"):
        import_file(actor=None, path=GATEWAY, kind="mapped:other")
    with pytest.raises(ImportFailedError, match="not the one that the mapping"):
        import_file(actor=None, path=write(tmp_path, "x.csv", "a,b\n1,2\n"), kind="mapped:gateway")


def test_the_page_leads_from_the_upload_to_the_reading(client: Client, cast: Cast) -> None:
    client.force_login(cast.ada)
    file = SimpleUploadedFile("gateway.csv", GATEWAY.read_bytes())
    answer = client.post(reverse("inventory:feeds"), {"file": file})
    batch = ImportBatch.objects.get()
    address = reverse("inventory:mapping", args=[batch.pk])
    assert answer.url == address
    page = client.get(address).content.decode()
    assert "TOP SECRET PROMPT" in page  # the preview shows the file to the administrator who sent it
    assert '<option value="0" selected>When</option>' in page
    told = {"time": "0", "user": "1", "profile": "gateway", "zone": "UTC", "day_first": "on"}
    assert "AI application: say which column" in client.post(f"{address}?kind=interactions", told).content.decode()
    done = client.post(f"{address}?kind=interactions", {**told, "application_is": "Gateway"})
    assert done.url == reverse("inventory:batch", args=[batch.pk])
    assert MappingProfile.objects.get().constants == {"application": "Gateway"}
    assert client.get(address).status_code == 302  # it waits for no mapping any more
    assert "mapped:gateway" in client.get(reverse("inventory:feeds")).content.decode()
    client.post(reverse("inventory:mapping_forget", args=[MappingProfile.objects.get().pk]))
    assert not MappingProfile.objects.exists()
    assert AuditLogEntry.objects.filter(action="feed_mapping.forgotten").exists()


def test_a_file_can_be_given_up(client: Client, cast: Cast) -> None:
    batch = upload(cast.ada, GATEWAY.read_bytes())
    for person in (cast.alice, cast.dan, cast.eve):
        client.force_login(person)
        for name in ("mapping", "mapping_discard"):
            assert client.post(reverse(f"inventory:{name}", args=[batch.pk])).status_code == 403
    client.force_login(cast.ada)
    client.post(reverse("inventory:mapping_discard", args=[batch.pk]))
    batch.refresh_from_db()
    assert batch.state == BatchState.FAILED
    assert list(uploads.folder().iterdir()) == []
    assert client.get(reverse("inventory:mapping", args=[batch.pk])).status_code == 302
    assert not Stored.objects.exists()


def test_a_table_that_nobody_maps_is_deleted_after_a_week(cast: Cast) -> None:
    old, new = upload(cast.ada, GATEWAY.read_bytes()), upload(cast.ada, GATEWAY.read_bytes())
    ImportBatch.objects.filter(pk=old.pk).update(created_at="2020-01-01T00:00:00Z")
    tasks.run_waiting_imports()
    states = dict(ImportBatch.objects.values_list("pk", "state"))
    assert states == {old.pk: BatchState.FAILED, new.pk: BatchState.UNMAPPED}
    assert [path.name for path in uploads.folder().iterdir()] == [new.stored_as]


def test_names_of_columns_and_cells_are_escaped(client: Client, cast: Cast) -> None:
    batch = upload(cast.ada, b'<script>a</script>,"=b"\n<img src=x>,2\n')
    client.force_login(cast.ada)
    page = client.get(reverse("inventory:mapping", args=[batch.pk])).content.decode()
    assert "<script>a" not in page
    assert "<img src=x>" not in page
