"""Audit records in every form they come in: one record is the same interaction whatever is put around it."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest

from inventory.connectors.base import Ignored, Interaction, Item, Unreadable
from inventory.connectors.delimited import as_utf8
from inventory.connectors.registry import recognise
from inventory.models import DailyUsage
from inventory.models import Interaction as StoredInteraction
from inventory.services.imports import import_file
from tests.inventory.feeds.files import SAMPLES, audit_text, guid, record


def items(raw: bytes) -> list[Item]:
    connector = recognise(io.BufferedReader(io.BytesIO(raw)))  # type: ignore[arg-type]
    assert connector.kind == "purview_audit"
    return list(connector.read(as_utf8(io.BufferedReader(io.BytesIO(raw)))))  # type: ignore[arg-type]


def without_line(item: Item) -> tuple:
    return item[1:]


def graph(payload: dict[str, Any]) -> dict[str, Any]:
    outer = {"id": payload["Id"], "createdDateTime": payload["CreationTime"] + "Z", "operation": payload["Operation"]}
    return {**outer, "userPrincipalName": payload["UserId"], "objectId": None, "auditData": payload}


def sentinel(payload: dict[str, Any]) -> dict[str, Any]:
    return {
        "TimeGenerated": payload["CreationTime"] + "Z",
        "RecordId": payload["Id"],
        "RecordType": payload["Operation"],
        "ActorName": payload["UserId"],
        "ActorUserId": guid(7),
        "AppHost": payload["CopilotEventData"]["AppHost"],
        "AppIdentity": payload["AppIdentity"],
        "LLMEventData": payload["CopilotEventData"],
    }


def cloud_app_event(payload: dict[str, Any]) -> dict[str, Any]:
    return {"Timestamp": payload["CreationTime"], "ActionType": "x", "RawEventData": json.dumps(payload)}


def table(rows: list[dict[str, Any]]) -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]))
    writer.writeheader()
    writer.writerows({k: json.dumps(v) if isinstance(v, dict) else v for k, v in row.items()} for row in rows)
    return out.getvalue()


LABELLED = {"SensitivityLabelId": guid(9), "XPIADetected": True}
MARKED = {"Messages": [{"JailbreakDetected": True}], "AccessedResources": [LABELLED]}
FORMS = {
    "blob": json.dumps,
    "lines": lambda given: "\n".join(map(json.dumps, given)),
    "graph": lambda given: json.dumps({"@odata.context": "x", "value": [graph(one) for one in given]}),
    "sentinel": lambda given: json.dumps([sentinel(one) for one in given]),
    "sentinel table": lambda given: table([sentinel(one) for one in given]),
    "defender": lambda given: json.dumps([cloud_app_event(one) for one in given]),
    "defender table": lambda given: table([cloud_app_event(one) for one in given]),
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_gives_the_same_interactions(form: str) -> None:
    payloads = [record(), record(event=MARKED), record(AppIdentity="AIApp.SaaS.ChatGPT", Operation="AIAppInteraction")]
    expected = items(audit_text(*payloads).encode())
    found = items(FORMS[form](payloads).encode())  # type: ignore[operator]
    assert [without_line(one) for one in found] == [without_line(one) for one in expected]
    assert [type(one) for one in found] == [Interaction] * 3


def test_the_samples_are_read() -> None:
    blob = items((SAMPLES / "audit_blob.json").read_bytes())
    assert [one.seen.name for one in blob if isinstance(one, Interaction)] == [
        "Copilot.MicrosoftCopilot.Word",
        "ClaimsTriageBot",
        "AIApp.SaaS.ChatGPT",
        "ConnectedAIApp.AzureAI.nw-fraud-openai",
    ]
    for name in ("audit_graph.json", "audit_sentinel.json"):
        other = items((SAMPLES / name).read_bytes())
        assert [without_line(one) for one in other] == [without_line(one) for one in blob[: len(other)]]


def test_records_of_other_operations_are_ignored() -> None:
    others = [record(Operation=name) for name in ("FileAccessed", "DlpRuleUndo", "DlpRuleMatch", "")]
    assert [type(one) for one in items(json.dumps(others).encode())] == [Ignored] * 4


def test_a_record_that_lacks_its_id_is_kept_for_quarantine() -> None:
    broken = {key: value for key, value in record().items() if key != "Id"}
    (found,) = items(json.dumps([broken]).encode())
    assert isinstance(found, Unreadable)
    assert json.loads(found.raw)["UserId"] == broken["UserId"]


@pytest.mark.django_db
def test_the_same_interaction_through_two_forms_counts_once(tmp_path: Path) -> None:
    payloads = [record() for _ in range(3)]
    for name, form in (("a.json", "graph"), ("b.json", "sentinel")):
        (tmp_path / name).write_text(FORMS[form](payloads), encoding="utf-8")  # type: ignore[operator]
    first = import_file(actor=None, path=tmp_path / "a.json")
    second = import_file(actor=None, path=tmp_path / "b.json")
    assert (first.stored, second.stored, second.duplicates) == (3, 0, 3)
    assert StoredInteraction.objects.count() == 3 == sum(DailyUsage.objects.values_list("interactions", flat=True))
