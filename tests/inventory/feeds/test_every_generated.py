"""Each generated feed comes in by each door with the counts that were planted: page, console, API, watched folder."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from pytest_django import Settings

from governance.bench.purview_export import Shares, apps, user_list, write_audit
from tests.builders import make_application
from tests.cast import Cast
from tests.inventory.feeds.doors import DOORS, own_folders, taken_back
from tests.inventory.feeds.files import csv_text, days_ago, guid, write
from tests.inventory.feeds.test_activity_explorer import activity
from tests.inventory.feeds.test_cef import alert as cef_alert
from tests.inventory.feeds.test_cef import log, visit
from tests.inventory.feeds.test_cloud_discovery import COLUMNS, app, line
from tests.inventory.feeds.test_security_alerts import ACCOUNT, alert
from tests.inventory.feeds.test_undo_kinds import trace

pytestmark = pytest.mark.django_db
Planted = tuple[Path, tuple[int, ...]]  # a file, and its rows, stored, duplicates, quarantined, ignored, unmatched


@pytest.fixture(autouse=True)
def _own_folders(settings: Settings, tmp_path: Path) -> None:
    own_folders(settings, tmp_path)


def _audit(folder: Path, cast: Cast) -> Planted:
    """Copilots, agents, connected apps and sites, known by ids of every kind; of each kind one is registered."""
    path = folder / "audit.csv"
    shares = Shares(duplicate=0.05, broken=0.03, other=0.05)
    planted = write_audit(path, 400, users=40, days=20, shares=shares)
    agent = next(app for app in apps() if app.agent_id)
    known = {"Copilot.MicrosoftCopilot.Word", "AIApp.SaaS.Gemini", "ConnectedAIApp.AzureAI.fraud-scoring"}
    for identity in known:
        make_application(cast.retail, identifiers=[("app_identity", identity)])
    make_application(cast.cards, identifiers=[("agent_id", agent.agent_id)])
    matched = sum(planted.by_app[name] for name in (*known, agent.name))
    assert min(planted.duplicates, planted.quarantined, planted.ignored, matched) > 0
    counts = (planted.rows, planted.stored, planted.duplicates, planted.quarantined, planted.ignored)
    return path, (*counts, planted.stored - matched)


def _users(folder: Path, cast: Cast) -> Planted:
    header, *people = user_list(60)
    nobody = ["", "Nobody", "", *people[0][3:]]
    wide = [*people[1], "one field more"]
    rows = [header, *people, *people[:7], nobody, wide, wide]
    return write(folder, "users.csv", csv_text(rows)), (70, 60, 7, 3, 0, 0)


def _alerts(folder: Path, cast: Cast) -> Planted:
    make_application(cast.retail, identifiers=[("azure_resource", ACCOUNT)])
    found = [alert(number) for number in range(12)]
    found += [alert(number, AzureResourceId=f"{ACCOUNT}-{number}") for number in range(12, 17)]
    found += found[:4]
    found += [alert(n, AlertType="VM_BruteForce", AlertDisplayName="SSH", AzureResourceId="") for n in range(20, 23)]
    found += [alert(30, StartTimeUtc="never"), alert(31, SystemAlertId="")]
    return write(folder, "alerts.json", json.dumps(found)), (26, 17, 4, 2, 3, 5)


def _visits(folder: Path, cast: Cast) -> Planted:
    make_application(cast.retail, identifiers=[("host", "claude.ai")])
    visits = [line(ago=n / 10) for n in range(1, 21)] + [line("claude.ai", ago=n / 10) for n in range(1, 11)]
    visits += visits[:6]
    visits += [line(action="blocked", ago=n) for n in (1, 2, 3)] + [line("news.example", ago=n) for n in (1, 2)]
    broken = [line("", ago=1), f"never{line()[27:]}"]
    return write(folder, "proxy.csv", "\n".join([COLUMNS, *visits, *broken]) + "\n"), (43, 30, 6, 2, 5, 20)


def _agents(folder: Path, cast: Cast) -> Planted:
    def agent(number: int) -> dict[str, str]:
        at = "2026-07-14T10:00:00Z"
        key = f"8ad83f3e-b424-4d54-8ddb-{number:012x}"
        return {"AgentId": key, "AgentName": f"Bot {number}", "PublishedStatus": "Published", "Timestamp": at}

    make_application(cast.cards, identifiers=[("agent_id", f"CopilotStudio.Declarative.{agent(0)['AgentId']}")])
    found = [agent(number) for number in range(15)]
    found += [*found[:3], {**agent(20), "AgentId": ""}, {**agent(21), "AgentId": "", "AgentName": ""}]
    return write(folder, "agents.json", json.dumps(found)), (20, 15, 3, 2, 0, 14)


def _activities(folder: Path, cast: Cast) -> Planted:
    make_application(cast.retail, identifiers=[("app_identity", "AIApp.SaaS.ChatGPT")])
    found = [activity(n, User=f"u{n}@x.example") for n in range(20)]
    found += [activity(n, User=f"u{n}@x.example", AppIdentity="AIApp.SaaS.Gemini") for n in range(20, 26)]
    found += [*found[:4], activity(30, Happened="never"), activity(31, "Label applied")]
    return write(folder, "explorer.json", json.dumps(found)), (32, 26, 4, 1, 1, 6)


def _spans(folder: Path, cast: Cast) -> Planted:
    make_application(cast.retail, identifiers=[("app_identity", "desk")])
    lines = [trace(number) for number in range(1, 13)]
    lines += [trace(n).replace('"desk"', '"other"') for n in range(13, 18)]
    lines += [*lines[:3], trace(20).replace("gen_ai.", "http."), trace(21).replace("startTimeUnixNano", "never")]
    return write(folder, "spans.jsonl", "\n".join(lines)), (22, 17, 3, 1, 1, 5)


def _metrics(folder: Path, cast: Cast) -> Planted:
    make_application(cast.retail, "Desk")
    rows = [f"Desk,drift,g{n},0.{n},{days_ago(n)}" for n in range(1, 15)]
    rows += [f"Nobody's,drift,,0.{n},{days_ago(n)}" for n in range(1, 7)]
    rows += [*rows[:2], f"Desk,drift,,much,{days_ago(1)}", "Desk,drift,,1,never", f"Desk,drift,,1,{days_ago(9000)}"]
    text = "\n".join(["system,metric,group,value,time", *rows, ""])
    return write(folder, "metrics.csv", text), (25, 20, 2, 2, 1, 6)


def _apps(folder: Path, cast: Cast) -> Planted:
    make_application(cast.retail, identifiers=[("host", "app1.example")])
    found = [app(number) for number in range(1, 11)]
    found += [*found[:2], app(20, category="crm"), {"displayName": ""}]
    return write(folder, "apps.json", json.dumps({"value": found})), (14, 10, 2, 1, 1, 9)


def _labels(folder: Path, cast: Cast) -> Planted:
    rows = [f"{n},Label {n},{guid(n)}" for n in range(1, 31)]
    text = "\n".join(["Priority,Name,Guid", *rows, rows[0], "1,Nameless,", ""])
    return write(folder, "labels.csv", text), (32, 30, 1, 1, 0, 0)


def _types(folder: Path, cast: Cast) -> Planted:
    rows = [f"Type {n},{guid(n)},M,75" for n in range(1, 31)]
    text = "\n".join(["Name,Id,Publisher,RecommendedConfidence", *rows, rows[0], "Nameless,,M,75", ""])
    return write(folder, "types.csv", text), (32, 30, 1, 1, 0, 0)


def _log(folder: Path, cast: Cast) -> Planted:
    """Visits and alerts of one agent in one file."""
    make_application(cast.retail, identifiers=[("host", "claude.ai")])
    told = [visit(n) for n in range(8)] + [visit(n, "Claude") for n in range(8, 12)]
    told += [cef_alert(n) for n in range(5)] + [cef_alert(n, "Claude") for n in range(5, 7)]
    told += [*told[:3], cef_alert(0), visit(20, "ServiceNow"), cef_alert(20, "ServiceNow"), "EVENT_X|cut"]
    return write(folder, "agent.log", log(*told)), (26, 19, 4, 1, 2, 13)


GENERATED: dict[str, Callable[[Path, Cast], Planted]] = {
    "purview_audit": _audit,
    "entra_users": _users,
    "security_alerts": _alerts,
    "cloud_discovery": _visits,
    "agents": _agents,
    "activity_explorer": _activities,
    "otel_spans": _spans,
    "metrics": _metrics,
    "cloud_apps": _apps,
    "sensitivity_labels": _labels,
    "information_types": _types,
    "security_alerts, CEF": _log,
}


@pytest.mark.parametrize("kind", GENERATED)
def test_it_counts_as_planted_by_every_door(kind: str, cast: Cast, tmp_path: Path) -> None:
    path, counts = GENERATED[kind](tmp_path, cast)
    rows, stored, duplicates, quarantined, ignored, _ = counts
    assert rows == stored + duplicates + quarantined + ignored
    for door in DOORS:
        assert taken_back(lambda door=door: door(path, cast)) == (kind.split(",")[0], *counts), door.__name__  # type: ignore[misc]
