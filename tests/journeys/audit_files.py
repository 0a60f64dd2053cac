"""Small feed files as Purview and Entra write them."""

import csv
import json
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path

AUDIT = "RecordId,CreationDate,RecordType,Operation,UserId,AuditData,AssociatedAdminUnits,AssociatedAdminUnitsNames"


def audit_row(
    serial: int, user: str, *, agent: str = "", app: str = "", jailbreak: bool = False, label: bool = False
) -> list[str]:
    """One row of a portal export: an interaction of yesterday. The same serial is the same record id."""
    record_id = str(uuid.UUID(int=serial + 1))
    created = (datetime.now(UTC) - timedelta(days=1, seconds=serial)).strftime("%Y-%m-%dT%H:%M:%S")
    operation = "AIAppInteraction" if app else "CopilotInteraction"
    resources = [{"ID": "r", "SensitivityLabelId": "f41ab342-8706-4188-bd11-ebb85995028c"}] if label else []
    data = {
        "CreationTime": created,
        "Id": record_id,
        "Operation": operation,
        "RecordType": 284 if app else 261,
        "UserId": user,
        "CopilotEventData": {
            "AppHost": "Teams",
            "Messages": [{"Id": "1", "isPrompt": True, "JailbreakDetected": jailbreak}],
            "AccessedResources": resources,
        },
    }
    data |= {"AgentId": agent, "AgentName": "ClaimsTriageBot"} if agent else {}
    data |= {"AppIdentity": app} if app else {}
    return [record_id, created, str(data["RecordType"]), operation, user, json.dumps(data), "", ""]


def write_audit(path: Path, rows: list[list[str]]) -> Path:
    with path.open("w", newline="", encoding="utf-8-sig") as file:
        writer = csv.writer(file)
        writer.writerow(AUDIT.split(","))
        writer.writerows(rows)
    return path


def write_users(path: Path, departments: dict[str, str]) -> Path:
    with path.open("w", newline="", encoding="utf-8-sig") as file:
        writer = csv.writer(file)
        writer.writerow(["userPrincipalName", "displayName", "id", "userType", "department", "accountEnabled"])
        for upn, department in departments.items():
            writer.writerow(
                [upn, upn.split("@")[0], str(uuid.uuid5(uuid.NAMESPACE_DNS, upn)), "Member", department, "True"]
            )
    return path
