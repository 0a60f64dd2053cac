"""The audit export: none, one, many, odd and hostile."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inventory.connectors.base import Ignored, Interaction, Seen, UnknownFormatError, Unreadable
from inventory.connectors.moments import moment
from tests.inventory.feeds.files import HEADER, LABEL, SAMPLES, audit_row, audit_text, csv_text, guid, items, record

OTHER_LABEL = "0fa17a2c-0000-4000-8000-0000000000c1"
AGENT = "CopilotStudio.Declarative.8ad83f3e-b424-4d54-8ddb-15dc19247088"


def sample(name: str) -> list[Any]:
    return items((SAMPLES / name).read_bytes(), "purview_audit")


def one(**given: Any) -> Interaction:
    (found,) = items(audit_text(record(**given)))
    assert isinstance(found, Interaction)
    return found


def test_none():
    assert sample("audit_none.csv") == []


def test_one():
    assert sample("audit_one.csv") == [
        Interaction(
            line=2,
            record_id="00000001-5a17-4c00-9a00-0b9c4f7e1a01",
            at=datetime(2026, 11, 2, 9, 12, 36, tzinfo=UTC),
            user="ann@alderfinch.example",
            seen=Seen(app_identity="Copilot.MicrosoftCopilot.Word", host="Word", operation="CopilotInteraction"),
            labels=(LABEL, OTHER_LABEL),
            files=2,
        )
    ]


def test_many():
    found = sample("audit_many.csv")
    assert [type(item) for item in found] == [Interaction] * 5 + [Ignored]
    assert [item.seen.name for item in found[:5]] == [
        "Copilot.MicrosoftCopilot.Word",
        "Claims Desk Agent",
        "AIApp.SaaS.ChatGPT",
        "ConnectedAIApp.AzureAI.fraud-scoring",
        "Copilot.TeamCopilot.AINotes",
    ]
    assert [(item.jailbreak, item.injection) for item in found[:2]] == [(False, False), (True, True)]
    assert found[2].at == datetime(2026, 11, 2, 15, 2, 11, 123456, tzinfo=UTC)


def test_keys_of_any_case_wherever_they_stand():
    (found,) = sample("audit_odd_keys.csv")
    assert found.seen.agent_id == "8AD83F3E-B424-4D54-8DDB-15DC19247088"
    assert found.seen.agent_name == "Claims Desk Agent"
    assert found.seen.app_identity == "f4d97b45-1deb-40ce-9004-b473b79eab85"
    assert found.seen.app_name == "Claims Desk"
    assert found.user == "A3F1C2D4-0000-4000-8000-000000000101"
    assert found.jailbreak


def test_the_powershell_export():
    found = sample("audit_powershell.csv")
    assert [(item.line, item.seen.agent_id) for item in found] == [(3, AGENT), (4, "")]


def test_a_file_without_payload_is_of_no_known_kind():
    with pytest.raises(UnknownFormatError):
        items("RecordId,Operation\n1,CopilotInteraction\n")


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"SensitivityLabelId": LABEL, "Status": "failure"}, True),
        ({"sensitivitylabelid": LABEL.upper()}, True),
        ({"SensitivityLabelId": ""}, False),
        ({"SensitivityLabelId": None, "XPIADetected": True}, False),
        ({"SensitiveInformationTypes": [{"SensitiveInformationTypeName": "IBAN", "Count": 2}]}, True),
        ({"SensitiveInformationTypes": [{"SensitiveInformationTypeName": "IBAN", "Count": 0}]}, False),
        ({"SensitiveInformationTypes": []}, False),
        (
            {"PolicyDetails": {"Rules": [{"ConditionsMatched": {"SensitiveInformation": [{"SensitiveType": "x"}]}}]}},
            True,
        ),
        ({"PolicyDetails": [{"PolicyId": "1"}]}, False),
    ],
)
def test_sensitive_is_a_label_or_a_matched_type(given, expected):
    assert one(event={"AccessedResources": [given]}).sensitive is expected


@pytest.mark.parametrize(
    ("resources", "files", "unlabelled"),
    [
        ([{"Type": "docx", "SensitivityLabelId": LABEL}, {"Type": "PDF"}, {"type": "xlsx"}, {"Type": "pptx"}], 4, 3),
        ([{"Type": "pdf", "SensitivityLabelId": " "}, {"Type": "pdf", "SensitivityLabelId": None}], 2, 2),
        (
            [{"Type": "EmailMessage"}, {"Type": "parquet"}, {"Name": "a.docx"}, {"Type": 7}, "pdf"],
            0,
            0,
        ),
        ([{"Type": "docx", "Status": "failure"}], 1, 1),
        ([{"Type": "pdf"}] * 40_000, 2**15 - 1, 2**15 - 1),
        ("pdf", 0, 0),
    ],
)
def test_files_read_are_documents_by_their_type(resources, files, unlabelled):
    found = one(event={"AccessedResources": resources})
    assert (found.files, found.unlabelled) == (files, unlabelled)


def test_information_types_beside_the_event_count_too():
    found = one(SensitiveInfoTypeData=[{"SensitiveInfoTypeId": "50842eb7", "Count": 1}])
    assert found.information_types == ("50842eb7",)


@pytest.mark.parametrize(
    ("marks", "expected"), [([True], True), ([False, "true"], True), ([None], False), (["no"], False), ([[]], False)]
)
def test_jailbreak_needs_one_marked_message(marks, expected):
    messages = [{"JailbreakDetected": mark} for mark in marks]
    assert one(event={"Messages": messages}).jailbreak is expected


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("2026-07-14T15:02:11", datetime(2026, 7, 14, 15, 2, 11, tzinfo=UTC)),
        ("2026-07-14T15:02:11.0000000Z", datetime(2026, 7, 14, 15, 2, 11, tzinfo=UTC)),
        ("2026-07-14T17:02:11+02:00", datetime(2026, 7, 14, 15, 2, 11, tzinfo=UTC)),
        ("7/14/2026 3:02:11 PM", datetime(2026, 7, 14, 15, 2, 11, tzinfo=UTC)),
        ("12/13/2026 17:12", datetime(2026, 12, 13, 17, 12, tzinfo=UTC)),
        ("0001-01-01T00:00:00+14:00", None),
        ("yesterday", None),
        ("", None),
        (20260714, None),
        (None, None),
    ],
)
def test_times(written, read):
    assert moment(written) == read


def test_the_payload_is_right_about_time_and_operation():
    payload = record(CreationTime="2026-11-02T09:00:00", Operation="AIAppInteraction")
    row = audit_row(payload, CreationDate="1/1/2020 1:00:00 AM", Operation="FileAccessed")
    (found,) = items(csv_text([HEADER, row]))
    assert (found.at.year, found.seen.operation) == (2026, "AIAppInteraction")


def test_columns_help_out_where_the_payload_is_silent_on_operation_and_user():
    row = audit_row(record(Operation=..., UserId=...), Operation="copilotinteraction", UserId="bo@alderfinch.example")
    (found,) = items(csv_text([HEADER, row]))
    assert found.user == "bo@alderfinch.example"


@pytest.mark.parametrize(
    "payload",
    [
        "",
        "not json",
        '{"Id":"cut off',
        "[1, 2]",
        "null",
        '"text"',
        '{"Id": ' + "[" * 10_000 + "]" * 10_000 + "}",
        json.dumps(record(Id=...)),
        json.dumps(record(Id="")),
        json.dumps(record(Id=None)),
        json.dumps(record(Id={"a": 1})),
        json.dumps(record(CreationTime=...)),
        json.dumps(record(CreationTime="soon")),
        '{"Id":"1","CreationTime":"2026-11-02T09:00:00","Operation":"CopilotInteraction","AppIdentity":"\\ud800"}',
    ],
)
def test_what_cannot_be_read_goes_to_quarantine_with_line_and_reason(payload):
    found = items(csv_text([HEADER, audit_row(record()), audit_row(payload), audit_row(record())]))
    assert [type(item) for item in found] == [Interaction, Unreadable, Interaction]
    assert found[1].line == 3
    assert found[1].reason.endswith(".")
    assert found[1].raw


@pytest.mark.parametrize("event", [None, [], "text", 7, {"Messages": 7, "AccessedResources": "x", "AppHost": []}])
def test_strange_event_data_is_no_reason_to_lose_the_interaction(event):
    (found,) = items(audit_text({**record(), "CopilotEventData": event}))
    assert isinstance(found, Interaction)
    assert not found.sensitive


def test_event_data_as_json_inside_json():
    event = json.dumps({"AppHost": "Excel", "Messages": [{"JailbreakDetected": True}]})
    (found,) = items(audit_text({**record(), "CopilotEventData": event}))
    assert (found.seen.host, found.jailbreak) == ("Excel", True)


def test_text_from_outside_keeps_no_control_characters_and_no_great_length():
    found = one(AgentName="a\x00b\n" + "x" * 5000, event={"AppHost": "\x1b[31m"})
    assert found.seen.agent_name.isprintable()
    assert len(found.seen.agent_name) == 300
    assert found.seen.host == "[31m"


def test_a_cut_row_does_not_swallow_the_next():
    good = [audit_row(record(Id=guid(900 + n))) for n in range(3)]
    text = csv_text([HEADER, good[0]]) + f'{guid(7)},,261,CopilotInteraction,,"{{""Id"":""cut\r\n' + csv_text(good[1:])
    assert [type(item) for item in items(text)] == [Interaction, Unreadable, Interaction, Interaction]


def test_a_payload_over_several_lines():
    row = audit_row(json.dumps(record(), indent=2))
    found = items(csv_text([HEADER, row, audit_row(record())]))
    assert [type(item) for item in found] == [Interaction, Interaction]
    assert found[1].line > 3


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_encodings(encoding):
    (found,) = items(audit_text(record(AgentName="Schätzer")).encode(encoding))
    assert found.seen.agent_name == "Schätzer"


values = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)
names = st.sampled_from(
    ["Id", "CreationTime", "Operation", "UserId", "CopilotEventData", "AppIdentity", "AgentId", "AgentName"]
)
inner_names = st.sampled_from(
    ["AppHost", "Messages", "AccessedResources", "SensitiveInformation", "AppIdentity", "AgentId", "Id"]
)


@given(st.dictionaries(names, values), st.dictionaries(inner_names, values))
@settings(max_examples=200)
def test_any_payload_becomes_exactly_one_item(outer, event):
    whole = {**record(), **outer}
    if isinstance(whole["CopilotEventData"], dict):
        whole["CopilotEventData"] = {**whole["CopilotEventData"], **event}
    (found,) = items(audit_text(whole))
    assert isinstance(found, Interaction | Ignored | Unreadable)


@given(st.binary(max_size=300))
@settings(max_examples=200)
def test_any_bytes_after_the_header_are_only_ever_quarantined_or_ignored(raw):
    found = items(",".join(HEADER).encode() + b"\r\n" + raw)
    assert all(isinstance(item, Ignored | Unreadable) for item in found)
