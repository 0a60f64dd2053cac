"""Feed files for tests: audit exports out of plain dictionaries, user lists out of tuples."""

import csv
import io
import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

from inventory.connectors.delimited import as_utf8
from inventory.connectors.registry import recognise

SAMPLES = Path(__file__).parent / "samples"
HEADER = ["RecordId", "CreationDate", "RecordType", "Operation", "UserId", "AuditData"]
HEADER += ["AssociatedAdminUnits", "AssociatedAdminUnitsNames"]
USERS = ["userPrincipalName", "displayName", "id", "department", "accountEnabled"]
LABEL = "0fa17a2c-0000-4000-8000-0000000000c0"
_serial = count(1)


def guid(number: int) -> str:
    return f"{number:08x}-0000-4000-8000-000000000000"


def days_ago(days: float) -> str:
    """A time as audit records write it: UTC without saying so. At noon of that day, so that a file made twice is the
    same file, and a test means the same at night as by day; less than a day ago is so long before now."""
    at = datetime.now(UTC) - timedelta(days=days)
    return (at if days < 1 else at.replace(hour=12, minute=0, second=0)).strftime("%Y-%m-%dT%H:%M:%S")


def record(**given: Any) -> dict[str, Any]:
    """The payload of one interaction, yesterday at noon where nothing else is said. `event` goes into the event data;
    a member given as `...` is left out."""
    event = {
        "AppHost": "Word",
        "Messages": [{"Id": "1", "isPrompt": True}],
        "AccessedResources": [],
        **given.pop("event", {}),
    }
    whole = {
        "CreationTime": days_ago(1),
        "Id": guid(next(_serial)),
        "Operation": "CopilotInteraction",
        "UserId": "ann@alderfinch.example",
        "AppIdentity": "Copilot.MicrosoftCopilot.Word",
        "CopilotEventData": event,
        **given,
    }
    return {key: value for key, value in whole.items() if value is not ...}


def audit_row(payload: dict[str, Any] | str, **columns: str) -> list[str]:
    text = payload if isinstance(payload, str) else json.dumps(payload, separators=(",", ":"))
    known = payload if isinstance(payload, dict) else {}
    row = {
        "RecordId": str(known.get("Id", "")),
        "Operation": str(known.get("Operation", "CopilotInteraction")),
        "AuditData": text,
        **columns,
    }
    return [row.get(name, "") for name in HEADER]


def csv_text(rows: Iterable[Iterable[str]], **options: Any) -> str:
    out = io.StringIO(newline="")
    csv.writer(out, **options).writerows(rows)
    return out.getvalue()


def audit_text(*payloads: dict[str, Any] | str) -> str:
    return csv_text([HEADER, *(audit_row(payload) for payload in payloads)])


def users_text(*people: tuple[str, ...]) -> str:
    """People as (principal name, display name, object id, department)."""
    return csv_text([USERS, *((*person, "True") for person in people)])


def items(content: str | bytes, kind: str | None = None, from_line: int = 0) -> list[Any]:
    """What the connector that recognises the file makes of it."""
    raw = content.encode() if isinstance(content, str) else content
    connector = recognise(io.BufferedReader(io.BytesIO(raw)))
    assert kind is None or connector.kind == kind
    return list(connector.read(as_utf8(io.BufferedReader(io.BytesIO(raw))), from_line))


def write(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path
