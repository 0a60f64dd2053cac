"""The activity explorer's export, and matches of data-loss rules out of it and out of audit records."""

import csv
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from inventory.connectors.base import DataEvent, Ignored, Interaction, Item, Unreadable, Visit, WithContent
from inventory.models import DataEvent as StoredEvent
from inventory.models import ImportBatch, QuarantinedRow
from inventory.services.imports import Summary, import_file, purge
from inventory.services.imports.encryption import decrypt
from tests.builders import make_application
from tests.cast import Cast
from tests.inventory.feeds.files import SAMPLES, audit_text, days_ago, guid, items, record, users_text, write
from tests.inventory.feeds.test_records import VALUES

CARD = "Credit Card Number"


def activity(number: int, kind: str = "AI interaction", **given: Any) -> dict[str, Any]:
    return {
        "RecordIdentity": guid(number),
        "Activity": kind,
        "Happened": days_ago(1) + "Z",
        "User": "ann@alderfinch.example",
        "AppIdentity": "AIApp.SaaS.ChatGPT",
        **given,
    }


def match(number: int, **given: Any) -> dict[str, Any]:
    """A match as an audit record tells it, of yesterday."""
    rule = {"RuleName": "Paste to AI sites", "Severity": "High", "RuleMode": "AuditOnly"}
    return {
        "Id": guid(number),
        "CreationTime": days_ago(1),
        "Operation": "DlpRuleMatch",
        "UserId": "ann@alderfinch.example",
        "Workload": "Endpoint",
        "PolicyDetails": [{"PolicyName": "DSPM for AI: Detect sensitive info", "Rules": [rule]}],
        "EndpointMetaData": {"EnforcementMode": "4", "TargetDomain": "chatgpt.com"},
        **given,
    }


def ingest(folder: Path, *records: dict[str, Any]) -> Summary:
    found = import_file(actor=None, path=write(folder, "x.json", json.dumps(records)))
    assert found.rows == found.stored + found.duplicates + found.quarantined + found.ignored
    return found


def kinds(found: list[Any]) -> list[type]:
    return [type(one) for one in found]


# The parsers


def test_none() -> None:
    assert items((SAMPLES / "explorer_none.csv").read_bytes(), "activity_explorer") == []


@pytest.mark.parametrize("name", ["explorer_many.csv", "explorer_many.json"])
def test_both_forms(name: str) -> None:
    interaction, event = items((SAMPLES / name).read_bytes(), "activity_explorer")
    assert isinstance(interaction, Interaction)
    assert (interaction.record_id, interaction.at) == (
        "e0f50000-0000-4000-8000-000000000001",
        datetime(2026, 7, 14, 9, 12, 36, tzinfo=UTC),
    )
    assert interaction.seen.operation == "CopilotInteraction"
    assert interaction.information_types == (CARD,)
    assert isinstance(event, DataEvent)
    assert (event.kind, event.policy, event.rule) == (
        "dlp_match",
        "DSPM for AI: Detect sensitive info added to AI sites",
        "Paste to AI sites",
    )
    assert (event.seen.host, event.enforcement, event.source) == ("chatgpt.com", "audit", "explorer")
    assert event.information_types == ("50842eb7-edc8-4019-85dd-5a5c1f2bb085",)
    assert event.about_ai


def test_an_interaction_is_named_as_the_audit_log_names_it() -> None:
    interaction = items((SAMPLES / "explorer_many.json").read_bytes())[0]
    assert interaction.seen.app_identity == interaction.seen.name == "Copilot.MicrosoftCopilot.Word"
    assert interaction.seen.host == "Word"
    assert interaction.labels == ("f41ab342-8706-4188-bd11-ebb85995028c",)


def test_odd_ones() -> None:
    found: list[Any] = items((SAMPLES / "explorer_odd.json").read_bytes(), "activity_explorer")
    assert kinds(found) == [
        *(Visit, Interaction, DataEvent, Ignored),
        *(Unreadable, Unreadable, WithContent, Unreadable),
    ]
    visit, enterprise, types, *_ = found
    assert (visit.seen.operation, visit.seen.host, visit.at.hour) == ("Visit", "chatgpt.com", 15)
    assert (enterprise.seen.operation, enterprise.labels) == ("ConnectedAIAppInteraction", ("aa", "bb"))
    assert (types.kind, types.information_types, types.about_ai) == ("types_found", (CARD,), True)


@given(
    st.dictionaries(
        st.sampled_from([*activity(1), "PolicyDetails", "EndpointMetaData", "SensitiveInfoTypeData", "Messages"]),
        VALUES,
    ),
    st.sampled_from(["AI interaction", "AI website visit", "DLP rule matched", "Sensitive info types"]),
)
def test_no_activity_breaks_the_reader(odd: dict[str, Any], kind: str) -> None:
    known = (Interaction, Visit, DataEvent, Ignored, Unreadable, WithContent)
    raw = json.dumps([activity(1), {**activity(2, kind), **odd}])
    assert all(isinstance(one, known) for one in items(raw, "activity_explorer"))


@given(st.dictionaries(st.sampled_from([*match(1), "ExceptionInfo"]), VALUES))
def test_no_match_breaks_the_reader(odd: dict[str, Any]) -> None:
    found: list[Item] = items(json.dumps([match(1), {**match(2), **odd}]), "purview_audit")
    assert all(isinstance(one, Interaction | DataEvent | Ignored | Unreadable | WithContent) for one in found)


def test_matches_in_audit_records() -> None:
    endpoint, drive = items((SAMPLES / "audit_dlp.json").read_bytes(), "purview_audit")
    assert isinstance(endpoint, DataEvent)
    assert endpoint.user == "marketing.user3@northwind.example"
    assert (endpoint.severity, endpoint.enforcement, endpoint.about_ai) == ("medium", "audit", True)
    assert endpoint.information_types == (CARD,)
    assert isinstance(drive, DataEvent)
    assert (drive.severity, drive.about_ai) == ("high", False)


def test_the_most_severe_rule_stands_for_a_record() -> None:
    rules = [{"RuleName": "Low", "Severity": "Low"}, {"RuleName": "Grave", "Severity": "High"}, {"RuleName": "None"}]
    (found,) = items(json.dumps([match(1, PolicyDetails=[{"PolicyName": "P", "Rules": rules}])]))
    assert (found.rule, found.severity, found.policy) == ("Grave", "high", "P")


def test_what_was_done_about_it() -> None:
    overridden = match(1, ExceptionInfo={"Reason": "Override", "Justification": "I must"})
    found = items(json.dumps([match(1), overridden, match(3, EndpointMetaData=None)]))
    assert [one.enforcement for one in found] == ["block", "override", "audit"]
    assert "I must" not in repr(found)


def test_a_match_without_a_rule_says_nothing() -> None:
    assert kinds(items(json.dumps([match(1, PolicyDetails=[])]))) == [Ignored]


# Storing


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["explorer_many.csv", "explorer_many.json"])
def test_a_file_again_stores_nothing(name: str) -> None:
    first, again = (import_file(actor=None, path=SAMPLES / name) for _ in range(2))
    assert (first.stored, first.duplicates, first.unmatched) == (2, 0, 2)
    assert (again.stored, again.duplicates) == (0, 2)


def test_a_match_is_tied_to_the_application_its_data_went_to(cast: Cast, tmp_path: Path) -> None:
    people = users_text(("ann@alderfinch.example", "Ann", "1", "Cards"))
    import_file(actor=None, path=write(tmp_path, "users.csv", people))
    application = make_application(cast.treasury, "Chat", identifiers=[("host", "chatgpt.com")])
    found = ingest(tmp_path, match(1))
    assert (found.stored, found.ignored) == (0, 1)  # kept all the same: an audit file counts its interactions alone
    stored = StoredEvent.objects.get()
    assert (stored.application, stored.department, stored.seen_as) == (application, cast.cards, "")
    assert (stored.rule, stored.severity, stored.enforcement) == ("Paste to AI sites", "high", "block")


@pytest.mark.django_db
def test_what_concerns_neither_ai_nor_anything_registered_is_ignored(tmp_path: Path) -> None:
    mail = match(2, PolicyDetails=[{"PolicyName": "Mail", "Rules": [{"RuleName": "R"}]}], EndpointMetaData=None)
    found = ingest(tmp_path, match(1), mail, match(1))
    assert (found.stored, found.ignored, found.duplicates) == (0, 3, 0)
    assert StoredEvent.objects.get().seen_as == "chatgpt.com"


@pytest.mark.django_db
def test_the_same_match_out_of_both_sources_counts_once(tmp_path: Path) -> None:
    at = days_ago(1)
    rule = {"PolicyName": "DSPM for AI: Detect sensitive info", "RuleName": "Paste to AI sites"}
    told = activity(9, "DLP rule matched", Happened=at + "Z", TargetDomain="chatgpt.com", PolicyMatchInfo=rule)
    ingest(tmp_path, match(1, CreationTime=at))
    assert ingest(tmp_path, told).duplicates == 1
    ingest(tmp_path, match(2, CreationTime=at))
    assert StoredEvent.objects.count() == 2  # the same source under another id is another one


@pytest.mark.django_db
def test_a_later_user_list_moves_unassigned_events(tmp_path: Path) -> None:
    ingest(tmp_path, match(1))
    before = StoredEvent.objects.get()
    assert before.department is None
    people = users_text(("ann@alderfinch.example", "Ann", "oid-1", "Cards"))
    import_file(actor=None, path=write(tmp_path, "users.csv", people))
    after = StoredEvent.objects.get()
    assert after.department is not None
    assert after.pseudonym != before.pseudonym  # that of the object id
    ingest(tmp_path, match(1))
    assert StoredEvent.objects.count() == 1


@pytest.mark.django_db
def test_old_events_are_not_kept(tmp_path: Path) -> None:
    assert ingest(tmp_path, match(1, CreationTime=days_ago(1000))).ignored == 1
    ingest(tmp_path, match(1))
    purge(now=datetime.fromisoformat(days_ago(-800) + "+00:00"))
    assert not StoredEvent.objects.exists()


# Content


@pytest.mark.django_db
def test_content_is_refused_and_kept_nowhere(tmp_path: Path) -> None:
    secret = "Who earns most in Lending?"
    found = ingest(
        tmp_path,
        activity(1, Prompt=secret),
        activity(2, Prompt="", Response=None),
        activity(3, CopilotEventData=json.dumps({"Messages": [{"Id": "1", "text": secret}]})),
        activity(4, Happened="never", ResponseText=secret),
    )
    assert (found.stored, found.quarantined) == (1, 3)
    rows = QuarantinedRow.objects.order_by("line")
    assert [row.raw for row in rows] == [None, None, None]
    assert "“Prompt”" in rows[0].reason
    assert secret not in repr(list(rows.values()))


@pytest.mark.django_db
def test_content_in_audit_records_is_refused_too(tmp_path: Path) -> None:
    secret = "Who earns most in Lending?"
    spoken = [
        record(Id=guid(1)),
        record(Id=guid(2), event={"Messages": [{"Id": "1", "isPrompt": True, "Text": secret}]}),
        record(Id=guid(3), event={"Prompt": secret}),
        record(Id=guid(4), ResponseText=secret),
        record(Id=guid(5), event={"Messages": [{"Id": "1", "isPrompt": True, "Content": ""}]}),
    ]
    found = import_file(actor=None, path=write(tmp_path, "a.csv", audit_text(*spoken, '{"Prompt": "' + secret)))
    assert (found.stored, found.quarantined) == (2, 4)
    assert set(QuarantinedRow.objects.values_list("raw", flat=True)) == {None}


@pytest.mark.django_db
def test_what_can_not_be_read_is_kept_without_content(tmp_path: Path) -> None:
    header = "RecordIdentity,Activity,Happened,User{}\n"
    broken = 'x,"AI interaction,2026-07-14,ann,Who earns most\n'
    import_file(actor=None, path=write(tmp_path, "a.csv", header.format(",Prompt") + broken))
    assert QuarantinedRow.objects.get().raw is None
    import_file(actor=None, path=write(tmp_path, "b.csv", header.format("") + broken))
    kept = QuarantinedRow.objects.get(batch__file_name="b.csv").raw
    assert kept is not None
    assert b"Who earns" in decrypt(kept)  # there it is a text like any other
    cut = '[{"RecordIdentity": "1", "Activity": "x", "Happened": "y"}, {"Prompt" : "Who earns most'
    import_file(actor=None, path=write(tmp_path, "c.json", cut))
    assert QuarantinedRow.objects.get(batch__file_name="c.json").raw is None


def test_capture_is_an_administrators_word(client: Client, cast: Cast, tmp_path: Path) -> None:
    switch = reverse("inventory:capture_switch")
    for person in (cast.alice, cast.bob, cast.carol, cast.dan, cast.eve):
        client.force_login(person)
        assert client.post(switch, {"on": "1", "reason": "I want"}).status_code == 403
    client.force_login(cast.ada)
    assert "Nothing is switched" in client.post(switch, {"on": "1", "reason": " "}, follow=True).content.decode()
    assert "Refused" in client.get(reverse("inventory:feeds")).content.decode()
    answer = client.post(switch, {"on": "1", "reason": "Works council agreed"}, follow=True).content.decode()
    assert "Captured" in answer
    first, again = (ingest(tmp_path, activity(1, Prompt="Who earns most?")) for _ in range(2))
    assert (first.stored, again.duplicates) == (1, 1)
    batch = ImportBatch.objects.order_by("pk").first()
    assert batch is not None
    assert batch.captured.count() == 1  # and none with the second reading
    reveal = reverse("inventory:content_reveal", args=[batch.pk])
    assert "Captured content" in client.get(reverse("inventory:batch", args=[batch.pk])).content.decode()
    assert client.post(reveal, {"reason": ""}).status_code == 400
    text = b"".join(client.post(reveal, {"reason": "Incident 7"})).decode()
    assert "Prompt: Who earns most?" in text
    client.force_login(cast.dan)
    assert client.post(reveal, {"reason": "Curious"}).status_code == 403
    client.force_login(cast.ada)
    client.post(switch, {"on": "0", "reason": "Enough"})
    assert ingest(tmp_path, activity(2, Prompt="Who earns most?")).quarantined == 1
    purge(now=datetime.fromisoformat(days_ago(-400) + "+00:00"))
    assert batch.captured.count() == 0


# The page


def test_the_page_meets_the_cast(client: Client, cast: Cast, tmp_path: Path) -> None:
    people = users_text(
        ("ann@alderfinch.example", "Ann", "1", "Cards"), ("tom@alderfinch.example", "Tom", "2", "Treasury")
    )
    import_file(actor=None, path=write(tmp_path, "users.csv", people))
    cash = make_application(cast.treasury, "Cash Forecast", identifiers=[("host", "cash.example")])
    nasty = [{"PolicyName": "DSPM for AI <script>", "Rules": [{"RuleName": "<b>", "Severity": "Low"}]}]
    ingest(
        tmp_path,
        match(1),
        match(2, UserId="tom@alderfinch.example", PolicyDetails=nasty),
        match(3, EndpointMetaData={"TargetDomain": "cash.example"}),
        match(4, UserId="stranger@x.example"),
    )

    def seen(person: Any, **query: str) -> list[tuple[str, str]]:
        client.force_login(person)
        answer = client.get(reverse("inventory:data_events"), query)
        assert "<script>" not in answer.content.decode().split("<main", 1)[1].replace("<script type", "")
        return sorted((one.application, one.department) for one in answer.context["page"].object_list)

    retail = [("chatgpt.com", "Cards")]
    everything = sorted(
        [("Cash Forecast", "Cards"), *retail, ("chatgpt.com", "Treasury"), ("chatgpt.com", "Unassigned")]
    )
    assert seen(cast.alice) == seen(cast.bob) == seen(cast.carol) == retail
    assert seen(cast.eve) == [("Cash Forecast", "Cards"), ("chatgpt.com", "Treasury")]
    assert seen(cast.dan) == seen(cast.ada) == everything
    assert seen(cast.dan, severity="low") == [("chatgpt.com", "Treasury")]
    assert seen(cast.dan, event="types_found") == []
    assert seen(cast.dan, q="cash") == [("Cash Forecast", "Cards")]
    assert seen(cast.dan, department="retail") == retail
    client.force_login(cast.eve)
    page = client.get(reverse("risk:activity", args=[cash.pk])).content.decode()
    assert "Paste to AI sites" in page


def test_a_long_list_costs_the_same_queries(
    client: Client, cast: Cast, tmp_path: Path, django_assert_max_num_queries: Any
) -> None:
    client.force_login(cast.dan)
    ingest(tmp_path, *(match(n) for n in range(3)))
    client.get(reverse("inventory:data_events"))
    with django_assert_max_num_queries(30) as few:
        client.get(reverse("inventory:data_events"))
    ingest(tmp_path, *(match(n) for n in range(3, 33)))
    with django_assert_max_num_queries(len(few)):
        assert len(client.get(reverse("inventory:data_events")).context["page"].object_list) == 25


def test_the_file_holds_what_the_page_shows_all_pages_of_it(client: Client, cast: Cast, tmp_path: Path) -> None:
    people = users_text(
        ("ann@alderfinch.example", "Ann", "1", "Cards"), ("tom@alderfinch.example", "Tom", "2", "Treasury")
    )
    import_file(actor=None, path=write(tmp_path, "users.csv", people))
    nasty = [{"PolicyName": "DSPM for AI", "Rules": [{"RuleName": "=HYPERLINK(1)", "Severity": "Low"}]}]
    ingest(
        tmp_path,
        *(match(number) for number in range(1, 28)),
        match(30, UserId="tom@alderfinch.example", PolicyDetails=nasty),
        match(31, UserId="stranger@x.example"),
    )
    address = reverse("inventory:data_event_csv")
    assert client.get(address).status_code == 302

    def lines(person: Any, **query: str) -> list[dict[str, str]]:
        client.force_login(person)
        text = b"".join(client.get(address, query)).decode("utf-8-sig")  # type: ignore[arg-type]
        return list(csv.DictReader(text.splitlines()))

    assert {one["department"] for one in lines(cast.dan)} == {"Cards", "Treasury", "Unassigned"}
    assert len(lines(cast.dan, page="2")) == 29
    assert [one["department"] for one in lines(cast.bob)] == ["Cards"] * 27
    (low,) = lines(cast.eve, severity="low")
    assert (low["rule"], low["severity"], low["registered"]) == ("'=HYPERLINK(1)", "low", "no")
    assert lines(cast.dan, event="types_found") == []
    assert client.get(address, {"department": "nowhere"}).status_code == 404
    page = client.get(reverse("inventory:data_events"), {"severity": "low"}).content.decode()
    assert f'href="{address}?severity=low"' in page
