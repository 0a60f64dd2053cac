"""The short way to an audit record says what the patient one says, and is the way of nearly all of an export."""

import json
from pathlib import Path
from typing import Any
from unittest.mock import patch

from hypothesis import given, settings
from hypothesis import strategies as st

from governance.bench.purview_export import write_audit
from inventory.connectors import purview_audit
from inventory.connectors.audit_records import decoded
from inventory.connectors.base import Interaction
from tests.examples import examples
from tests.inventory.feeds.files import HEADER, LABEL, SAMPLES, audit_text, csv_text, guid, items

TIME = "2026-11-02T09:12:36"
AZURE = "/subscriptions/1/resourceGroups/a/providers/Microsoft.CognitiveServices/accounts/x"


def patiently(content: str | bytes) -> list[Any]:
    with patch.object(purview_audit, "decoded", lambda payload: None):
        return items(content, "purview_audit")


def test_the_samples_are_the_same_both_ways() -> None:
    for path in sorted(SAMPLES.glob("audit_*.csv")):
        if b"AuditData" in path.read_bytes():
            assert items(path.read_bytes(), "purview_audit") == patiently(path.read_bytes()), path.name


def test_nearly_all_of_an_export_goes_the_short_way(tmp_path: Path) -> None:
    write_audit(tmp_path / "audit.csv", 2_000, seed=7)
    content = (tmp_path / "audit.csv").read_bytes()
    taken: list[bool] = []

    def counting(payload: bytes) -> Any:
        found = decoded(payload)
        taken.append(found is not None)
        return found

    with patch.object(purview_audit, "decoded", counting):
        found = items(content, "purview_audit")
    assert found == patiently(content)
    assert sum(taken) == sum(isinstance(item, Interaction) for item in found) > 1_900


ODD: list[Any] = [
    None, "", " ", 0, 7, True, False, "true", "x", "Copilot\tA ", "ünïcode", "a" * 400, "\u0000", "😀", 10**30, 1.5,
    [], {}, [{}], [7], {"a": 1}, AZURE, TIME + "Z", "11/2/2026 9:12:36 AM", "9999-01-01",
]  # fmt: skip
ODD += [{"Rules": [{"ConditionsMatched": {"SensitiveInformation": [{"SensitiveType": "IBAN"}]}}]}]
# The objects of a record, by where they stand, with members that one may have besides
MORE: dict[tuple[Any, ...], list[str]] = {
    (): ["AppIdentity", "AgentId", "AgentName", "ObjectId", "UserPrompt", "SensitiveInfoTypes", "Workload", "New"],
    ("CopilotEventData",): ["AppIdentity", "AgentId", "AgentName", "Response", "Contexts", "New"],
    ("CopilotEventData", "Messages", 0): ["Size", "Text", "Prompt", "New"],
    ("CopilotEventData", "AccessedResources", 1): ["ID", "PolicyDetails", "SensitiveInfoTypes", "Status", "New"],
}


def usual() -> dict[str, Any]:
    resource = {"Id": "1", "Type": "docx", "SensitivityLabelId": LABEL, "XPIADetected": False, "Name": "a"}
    event = {
        "AppHost": "Word",
        "Messages": [{"Id": "1", "isPrompt": True, "JailbreakDetected": False}, {"Id": "2"}],
        "AccessedResources": [{"Type": "pdf"}, resource],
    }
    known = {"Id": guid(1), "CreationTime": TIME, "Operation": "CopilotInteraction", "UserId": "ann@alderfinch.example"}
    return {**known, "CopilotEventData": event}


def changed(place: tuple[Any, ...], name: str, written: str, value: Any = ...) -> dict[str, Any]:
    """A usual record with one member written another way, or left out where no value is given."""
    record: Any = usual()
    found = record
    for step in place:
        found = found[step]
    found.pop(name, None)
    if value is not ...:
        found[written] = value
    return record


def test_any_change_of_a_member_is_the_same_both_ways() -> None:
    records = [usual(), changed((), "CopilotEventData", "CopilotEventData", json.dumps(usual()["CopilotEventData"]))]
    for place, more in MORE.items():
        found: Any = usual()
        for step in place:
            found = found[step]
        for name in [*found, *more]:
            records.append(changed(place, name, name))
            ways = {name, name.lower(), name.upper()}
            records += [changed(place, name, way, value) for way in sorted(ways) for value in [*ODD, found.get(name)]]
    content = audit_text(*records)
    found = items(content)
    assert len(found) == len(records) > 2_000
    assert found == patiently(content)


pieces = st.sampled_from(
    ['"Id":"a",', '"ID":"c",', "\ud800", "\\ud800", "\\u0049", "\x01", ",", "{", "}", "[", "]", '"', "1e999", ":"]
)  # fmt: skip


@given(st.data())
@settings(max_examples=examples(80))
def test_any_text_is_the_same_both_ways(data: st.DataObject) -> None:
    written = json.dumps(usual())
    place = data.draw(st.integers(0, len(written)))
    written = written[:place] + data.draw(pieces) + written[place + data.draw(st.integers(0, 2)) :]
    row = [guid(1), TIME, "261", "CopilotInteraction", "ann@alderfinch.example", written, "", ""]
    content = csv_text([HEADER, row]).encode("utf-8", "surrogatepass")
    assert items(content, "purview_audit") == patiently(content)
