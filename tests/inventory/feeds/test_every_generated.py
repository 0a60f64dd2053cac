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
from tests.inventory.feeds.files import csv_text, write
from tests.inventory.feeds.test_cloud_discovery import COLUMNS, line
from tests.inventory.feeds.test_security_alerts import ACCOUNT, alert

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


GENERATED: dict[str, Callable[[Path, Cast], Planted]] = {
    "purview_audit": _audit,
    "entra_users": _users,
    "security_alerts": _alerts,
    "cloud_discovery": _visits,
    "agents": _agents,
}


@pytest.mark.parametrize("kind", GENERATED)
def test_it_counts_as_planted_by_every_door(kind: str, cast: Cast, tmp_path: Path) -> None:
    path, counts = GENERATED[kind](tmp_path, cast)
    rows, stored, duplicates, quarantined, ignored, _ = counts
    assert rows == stored + duplicates + quarantined + ignored
    for door in DOORS:
        assert taken_back(lambda door=door: door(path, cast)) == (kind, *counts), door.__name__  # type: ignore[misc]
