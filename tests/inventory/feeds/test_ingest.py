"""From a file to the figures, counted to the last row."""

import io
import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.core.exceptions import PermissionDenied
from django.core.management import CommandError, call_command
from django.db import IntegrityError
from django.db.models import Sum
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pytest_django import Settings

from governance.bench.purview_export import write_audit, write_users
from inventory.choices import BatchState, Operation
from inventory.models import (
    AuditLogEntry,
    ChangedApplication,
    DailyPeople,
    DailySensitive,
    DailyUsage,
    DirectoryUser,
    ImportBatch,
    Interaction,
    QuarantinedRow,
    SeenUser,
    Sighting,
)
from inventory.services.imports import ImportFailedError, Summary, batches, import_file, reading
from inventory.services.pseudonyms import pseudonym
from tests.builders import make_application, make_department
from tests.cast import Cast
from tests.inventory.feeds.files import (
    HEADER,
    LABEL,
    SAMPLES,
    audit_row,
    audit_text,
    csv_text,
    days_ago,
    guid,
    record,
    users_text,
    write,
)

pytestmark = pytest.mark.django_db


def ingest(folder: Path, *payloads: Any, name: str = "audit.csv") -> Summary:
    return import_file(actor=None, path=write(folder, name, audit_text(*payloads)))


def counts(summary: Summary) -> tuple[int, ...]:
    whole = (summary.stored, summary.duplicates, summary.quarantined, summary.ignored)
    assert summary.rows == sum(whole)
    assert summary.unmatched <= summary.stored
    return whole


def test_a_generated_export_agrees_to_the_last_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "CHUNK_ROWS", 700)  # several chunks
    write_users(tmp_path / "users.csv", 40, ["Retail", "Fraud", "Treasury", ""])
    planted = write_audit(tmp_path / "audit.csv", 4000, seed=3, users=60, days=9)
    people = import_file(actor=None, path=tmp_path / "users.csv")
    summary = import_file(actor=None, path=tmp_path / "audit.csv")
    assert counts(people) == (40, 0, 0, 0)
    assert counts(summary) == (planted.stored, planted.duplicates, planted.quarantined, planted.ignored)
    assert min(counts(summary)) > 0
    totals = DailyUsage.objects.aggregate(
        **{name: Sum(name) for name in ("interactions", "sensitive", "jailbreak", "injection")}
    )
    assert totals == {
        "interactions": planted.stored,
        "sensitive": planted.sensitive,
        "jailbreak": planted.jailbreak,
        "injection": planted.injection,
    }
    by_day: Counter[Any] = Counter()
    users: Counter[Any] = Counter()
    figures = DailyUsage.objects.values_list("sighting__name", "day", "interactions", "users")
    for name, day, interactions, distinct in figures:
        by_day[name, day] += interactions
        users[name, day] += distinct
    assert by_day == planted.by_app_day
    assert users == {key: len(who) for key, who in planted.users_by_app_day.items()}
    assert dict(Sighting.objects.values_list("name", "interactions")) == planted.by_app
    assert list(QuarantinedRow.objects.values_list("line", flat=True)) == planted.quarantined_lines
    again = import_file(actor=None, path=tmp_path / "audit.csv")
    assert counts(again) == (0, planted.stored + planted.duplicates, planted.quarantined, planted.ignored)
    assert DailyUsage.objects.aggregate(n=Sum("interactions"))["n"] == planted.stored


def test_an_application_is_found_by_its_identifier_and_told_to_be_judged_again(tmp_path: Path, cast: Cast) -> None:
    application = make_application(
        cast.retail, "Claims Desk", identifiers=[("agent_id", "8ad83f3e-b424-4d54-8ddb-15dc19247088")]
    )
    ChangedApplication.objects.all().delete()
    agent = "CopilotStudio.Declarative.8AD83F3E-b424-4d54-8ddb-15dc19247088"
    summary = ingest(tmp_path, record(AgentId=agent), record(event={"AgentId": agent}), record())
    assert (summary.stored, summary.unmatched) == (3, 1)
    assert Interaction.objects.filter(application=application, sighting=None).count() == 2
    assert list(ChangedApplication.objects.values_list("application", flat=True)) == [application.pk]
    assert DailyUsage.objects.get(application=application).interactions == 2


def test_a_tie_is_not_matched_and_names_its_candidates(tmp_path: Path, cast: Cast) -> None:
    end = "8ad83f3e-b424-4d54-8ddb-15dc19247088"
    one = make_application(cast.retail, identifiers=[("agent_id", f"CopilotStudio.Declarative.{end}")])
    two = make_application(cast.retail, identifiers=[("agent_id", f"CopilotStudio.CustomEngine.{end}")])
    summary = ingest(tmp_path, record(AgentId=f"Other.{end}", AgentName="Twin"))
    assert summary.unmatched == 1
    sighting = Sighting.objects.get()
    assert (sighting.name, sighting.candidates) == ("Twin", [one.pk, two.pk])


def test_the_name_seen_is_the_agent_then_the_identity_then_the_host(tmp_path: Path) -> None:
    ingest(
        tmp_path,
        record(AgentName="Agent", AppIdentity="Identity"),
        record(AppIdentity="Identity"),
        record(AppIdentity="", event={"AppHost": "Host"}),
        record(AppIdentity=..., event={"AppHost": ""}),
        record(AppIdentity="IDENTITY", Operation="AIAppInteraction"),
    )
    seen = dict(Sighting.objects.values_list("name", "interactions"))
    assert seen == {"Agent": 1, "Identity": 2, "Host": 1, "(not named)": 1}
    assert Sighting.objects.get(name="Identity").operations == [Operation.COPILOT, Operation.AI_APP]


def test_sensitive_jailbreak_and_injection_count_records(tmp_path: Path) -> None:
    resources = [{"SensitivityLabelId": LABEL}, {"SensitivityLabelId": LABEL.upper()}, {"XPIADetected": True}]
    messages = [{"JailbreakDetected": True}, {"JailbreakDetected": True}]
    ingest(tmp_path, record(event={"AccessedResources": resources, "Messages": messages}), record())
    row = DailyUsage.objects.get()
    assert (row.interactions, row.sensitive, row.jailbreak, row.injection, row.users) == (2, 1, 1, 1, 1)
    assert row.attacks == 1  # one interaction, though marked twice
    assert DailySensitive.objects.get().labels == [LABEL]
    assert Interaction.objects.get(labels__isnull=False).labels == [LABEL]


def test_names_that_would_break_an_array_or_a_line_survive(tmp_path: Path) -> None:
    nasty = 'a"b\\c,{d}\t<script>alert(1)</script>'
    ingest(tmp_path, record(event={"AccessedResources": [{"SensitivityLabelId": nasty}]}, AgentName="=1+1\\N"))
    assert Interaction.objects.get().labels == ['a"b\\c,{d} <script>alert(1)</script>']
    assert Sighting.objects.get().name == "=1+1\\N"


def test_hundreds_of_long_labels_fit_the_roll_up(tmp_path: Path) -> None:
    labels = [{"SensitivityLabelId": f"{n}-" + "ü" * 290} for n in range(150)]
    ingest(tmp_path, record(event={"AccessedResources": labels}))
    assert len(DailySensitive.objects.get().labels) == 100


def test_the_same_id_again_is_a_duplicate_in_the_file_and_later_whatever_its_case(tmp_path: Path) -> None:
    first = record(Id=guid(0xABC), AgentName="First")
    summary = ingest(tmp_path, first, record(Id=guid(0xABC).upper(), AgentName="Second"), record(Id="no guid"))
    assert counts(summary) == (2, 1, 0, 0)
    later = ingest(tmp_path, record(Id=guid(0xABC), AgentName="Third"), record(Id="no guid"), record(Id="No guid"))
    assert counts(later) == (1, 2, 0, 0)
    assert set(Sighting.objects.values_list("name", flat=True)) == {"First", "Copilot.MicrosoftCopilot.Word"}


def test_what_is_older_than_the_retention_is_ignored(tmp_path: Path, settings: Settings) -> None:
    settings.INTERACTION_RETENTION_DAYS = 30
    summary = ingest(tmp_path, record(CreationTime=days_ago(31)), record(CreationTime=days_ago(29)))
    assert counts(summary) == (1, 0, 0, 1)


def test_times_are_kept_to_the_microsecond(tmp_path: Path, settings: Settings) -> None:
    settings.INTERACTION_RETENTION_DAYS = 36_500  # the day doesn't grow old
    ingest(tmp_path, record(CreationTime="2026-11-02T15:02:11.1234567Z"))
    assert Interaction.objects.get().at == datetime(2026, 11, 2, 15, 2, 11, 123456, tzinfo=UTC)


def test_days_follow_the_time_zone_of_the_organisation(tmp_path: Path, settings: Settings) -> None:
    settings.TIME_ZONE = "Asia/Tokyo"
    evening = (datetime.now(UTC) - timedelta(days=3)).replace(hour=20)
    ingest(tmp_path, record(CreationTime=evening.strftime("%Y-%m-%dT%H:%M:%S")))
    assert DailyUsage.objects.get().day == evening.date() + timedelta(days=1)


def test_nobody_is_stored_by_name_beside_what_they_did(tmp_path: Path) -> None:
    ingest(tmp_path, record(UserId="Ann@AlderFinch.example"), record(UserId=""), record(UserId=...))
    mine = pseudonym("ann@alderfinch.example")
    assert sorted(str(p) for p in Interaction.objects.values_list("pseudonym", flat=True)) == sorted(
        [mine, "None", "None"]
    )
    assert (str(SeenUser.objects.get().pseudonym), SeenUser.objects.get().name) == (mine, "Ann@AlderFinch.example")
    usage = DailyUsage.objects.get()
    assert (usage.interactions, usage.users, usage.department) == (3, 1, None)


def test_the_department_is_that_of_the_user_by_object_id_or_name(tmp_path: Path, cast: Cast) -> None:
    import_file(
        actor=None,
        path=write(
            tmp_path,
            "users.csv",
            users_text(
                ("Ann@alderfinch.example", "Ann", "OID-ANN", " RETAIL "),
                ("bo@alderfinch.example", "Bo", "oid-bo", "Treasury"),
                ("cy@alderfinch.example", "Cy", "oid-cy", ""),
            ),
        ),
    )
    ingest(
        tmp_path,
        record(UserId="oid-ann"),
        record(UserId="ANN@alderfinch.example"),
        record(UserId="bo@alderfinch.example"),
        record(UserId="cy@alderfinch.example"),
        record(UserId="stranger@elsewhere.example"),
    )
    found = Counter(Interaction.objects.values_list("department__key", flat=True))
    assert found == {"retail": 2, "treasury": 1, None: 2}
    assert DailyUsage.objects.get(department=cast.retail).users == 1  # one person under both names
    assert SeenUser.objects.get().name == "stranger@elsewhere.example"


def test_a_file_of_another_kind_fails_with_words(tmp_path: Path) -> None:
    with pytest.raises(ImportFailedError, match="Known are"):
        import_file(actor=None, path=write(tmp_path, "x.csv", "a,b\n1,2\n"))
    with pytest.raises(ImportFailedError, match="no column AuditData"):
        import_file(actor=None, path=SAMPLES / "users_many.csv", kind="purview_audit")
    with pytest.raises(ImportFailedError, match="empty"):
        import_file(actor=None, path=write(tmp_path, "empty.csv", ""))
    assert set(ImportBatch.objects.values_list("state", flat=True)) == {"failed"}


def test_feeds_are_for_who_may(tmp_path: Path, cast: Cast) -> None:
    for person in (cast.alice, cast.bob, cast.carol, cast.dan, cast.eve):
        with pytest.raises(PermissionDenied):
            import_file(actor=person, path=SAMPLES / "audit_one.csv")
    import_file(actor=cast.ada, path=SAMPLES / "audit_one.csv")
    entry = AuditLogEntry.objects.get(action="feed.imported")
    assert (entry.actor, entry.details["stored"], len(entry.details["sha256"])) == (cast.ada, 1, 64)


def test_the_command_prints_one_line_for_each_file(tmp_path: Path) -> None:
    out, err = io.StringIO(), io.StringIO()
    call_command("ingest", str(SAMPLES / "audit_many.csv"), str(SAMPLES / "users_many.csv"), stdout=out, stderr=err)
    lines = [json.loads(line) for line in out.getvalue().splitlines()]
    assert [list(line) for line in lines] == [
        ["kind", "rows", "stored", "duplicates", "quarantined", "ignored", "unmatched", "seconds"]
    ] * 2
    assert (lines[0]["kind"], lines[0]["stored"], lines[0]["ignored"]) == ("purview_audit", 5, 1)
    assert "100 %" in err.getvalue()


def test_the_command_reads_the_good_files_and_names_the_bad(tmp_path: Path) -> None:
    out, err = io.StringIO(), io.StringIO()
    with pytest.raises(CommandError, match="2 of 3"):
        call_command(
            "ingest",
            str(tmp_path / "none.csv"),
            str(write(tmp_path, "bad.csv", "a,b\n")),
            str(SAMPLES / "audit_one.csv"),
            stdout=out,
            stderr=err,
        )
    assert json.loads(out.getvalue())["stored"] == 1
    assert "none.csv" in err.getvalue()
    assert "bad.csv" in err.getvalue()


rows = st.lists(
    st.tuples(
        st.integers(1, 12),  # record id
        st.sampled_from(["store", "store", "store", "broken", "other", "old", "no id"]),
        st.booleans(),  # sensitive
        st.sampled_from(["ann@x.example", "bo@x.example", ""]),
        st.sampled_from([1.0, 2.0]),  # days ago
    ),
    max_size=25,
)


@given(rows)
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_mixture_is_counted_as_one_would_by_hand(tmp_path: Path, drawn: list[Any]) -> None:
    for model in (DailySensitive, DailyUsage, DailyPeople, Interaction, Sighting):
        model.objects.all().delete()
    seen: set[int] = set()
    expected = Counter(stored=0, duplicates=0, quarantined=0, ignored=0)
    kept, lines = [], [HEADER]
    for number, what, sensitive, user, days in drawn:
        resources = [{"SensitivityLabelId": LABEL}] if sensitive else []
        payload = record(
            Id=guid(0xF000 + number),
            UserId=user,
            CreationTime=days_ago(9000 if what == "old" else days),
            event={"AccessedResources": resources},
        )
        if what == "broken":
            lines.append(audit_row("{" + json.dumps(payload)))
            expected["quarantined"] += 1
        elif what == "no id":
            lines.append(audit_row({**payload, "Id": ""}))
            expected["quarantined"] += 1
        elif what in ("other", "old"):
            lines.append(audit_row({**payload, **({"Operation": "FileAccessed"} if what == "other" else {})}))
            expected["ignored"] += 1
        else:
            lines.append(audit_row(payload))
            expected["duplicates" if number in seen else "stored"] += 1
            if number not in seen:
                seen.add(number)
                kept.append((days, user, sensitive))
    summary = import_file(actor=None, path=write(tmp_path, "any.csv", csv_text(lines)))
    assert counts(summary) == tuple(expected[name] for name in ("stored", "duplicates", "quarantined", "ignored"))
    for days in (1.0, 2.0):
        day = (datetime.now(UTC) - timedelta(days=days)).date()
        of_day = [row for row in kept if row[0] == days]
        figures = list(DailyUsage.objects.filter(day=day).values_list("interactions", "users", "sensitive"))
        people = {user for _, user, _ in of_day if user}
        assert figures == ([(len(of_day), len(people), sum(s for *_, s in of_day))] if of_day else [])


def test_departments_that_nobody_knows_are_made_and_marked(tmp_path: Path, cast: Cast) -> None:
    make_department("Cards Team", cast.retail, key="ct", aliases=["card people"])
    people = users_text(
        ("a@x.example", "A", "1", "New Ventures"),
        ("b@x.example", "B", "2", "new ventures "),
        ("c@x.example", "C", "3", "CARD PEOPLE"),
        ("d@x.example", "D", "4", "<b>Neu & Alt</b>"),
    )
    import_file(actor=None, path=write(tmp_path, "users.csv", people))
    made = {d.name: d for d in type(cast.root).objects.filter(from_feed=True)}
    assert set(made) == {"New Ventures", "<b>Neu & Alt</b>"}
    assert all(department.parent == cast.root for department in made.values())
    held = dict(DirectoryUser.objects.values_list("object_id", "department__key"))
    assert held == {"1": "new-ventures", "2": "new-ventures", "3": "ct", "4": "b-neu-alt-b"}


def test_a_nul_in_a_user_name_costs_nothing(tmp_path: Path) -> None:
    summary = ingest(tmp_path, record(UserId="a\x00b@bank.example"), record())
    assert counts(summary) == (2, 0, 0, 0)


def test_what_the_database_refuses_ends_the_batch_with_a_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any) -> None:
        raise IntegrityError("duplicate key value\nDETAIL: somebody@bank.example")

    monkeypatch.setattr("inventory.services.imports.quarantine.store", refuse)
    with pytest.raises(ImportFailedError, match="after line 1: duplicate"):
        ingest(tmp_path, record())
    batch = ImportBatch.objects.get()
    assert batch.state == BatchState.FAILED
    assert "somebody" not in batch.error


def test_a_reader_that_lost_its_claim_cannot_fail_its_successor(tmp_path: Path) -> None:
    ingest(tmp_path, record())
    batch = ImportBatch.objects.get()
    ImportBatch.objects.update(state=BatchState.RUNNING, claim=uuid4())
    batches.fail(batch, "I was away", actor=None)
    assert ImportBatch.objects.get().state == BatchState.RUNNING
