"""Each sample comes in by each door, with exactly the same counts: page, console, API and watched folder."""

from pathlib import Path

import pytest
from pytest_django import Settings

from inventory.models import ImportBatch
from inventory.services import imports
from inventory.services.imports import mappings
from tests.cast import Cast
from tests.inventory.feeds.doors import DOORS, own_folders, taken_back
from tests.inventory.feeds.files import SAMPLES
from tests.inventory.feeds.test_mapped import TOLD

pytestmark = pytest.mark.django_db
# File → kind, then rows, stored, duplicates, quarantined, ignored, unmatched into an empty register
COUNTS: dict[str, tuple[str, int, int, int, int, int, int]] = {
    "agents/hostile_xdr_agents.json": ("agents", 4, 3, 0, 1, 0, 3),
    "agents/many_agent_registry.json": ("agents", 2, 2, 0, 0, 0, 2),
    "agents/many_coe_kit.csv": ("agents", 2, 2, 0, 0, 0, 2),
    "agents/many_copilot_studio_kit.csv": ("agents", 2, 2, 0, 0, 0, 2),
    "agents/many_entra_identity.json": ("agents", 2, 2, 0, 0, 0, 2),
    "agents/many_power_platform.json": ("agents", 2, 2, 0, 0, 0, 2),
    "agents/many_xdr_agents.json": ("agents", 2, 2, 0, 0, 0, 2),
    "agents/many_xdr_ai_agents.csv": ("agents", 2, 2, 0, 0, 0, 2),
    "agents/none_copilot_studio_kit.csv": ("agents", 0, 0, 0, 0, 0, 0),
    "agents/odd_xdr_agents.json": ("agents", 4, 3, 0, 1, 0, 3),
    "agents/one_coe_kit.csv": ("agents", 1, 1, 0, 0, 0, 1),
    "alerts_arm.json": ("security_alerts", 2, 2, 0, 0, 0, 2),
    "alerts_event_hub.json": ("security_alerts", 2, 2, 0, 0, 0, 2),
    "alerts_log_analytics.csv": ("security_alerts", 2, 2, 0, 0, 0, 2),
    "alerts_ocsf.json": ("security_alerts", 2, 2, 0, 0, 0, 2),
    "audit_blob.json": ("purview_audit", 4, 4, 0, 0, 0, 4),
    "audit_dlp.json": ("purview_audit", 2, 0, 0, 0, 2, 0),
    "audit_graph.json": ("purview_audit", 2, 2, 0, 0, 0, 2),
    "audit_many.csv": ("purview_audit", 6, 5, 0, 0, 1, 5),
    "audit_none.csv": ("purview_audit", 0, 0, 0, 0, 0, 0),
    "audit_odd_keys.csv": ("purview_audit", 1, 1, 0, 0, 0, 1),
    "audit_one.csv": ("purview_audit", 1, 1, 0, 0, 0, 1),
    "audit_portal.csv": ("purview_audit", 3, 3, 0, 0, 0, 3),
    "audit_powershell.csv": ("purview_audit", 2, 2, 0, 0, 0, 2),
    "audit_sentinel.json": ("purview_audit", 2, 2, 0, 0, 0, 2),
    "cef/hostile.log": ("security_alerts", 6, 2, 0, 4, 0, 2),
    "cef/many.log": ("security_alerts", 2, 2, 0, 0, 0, 2),
    "cef/none.log": ("security_alerts", 1, 0, 0, 0, 1, 0),
    "cef/odd.log": ("security_alerts", 5, 2, 1, 0, 2, 2),
    "cef/one.log": ("security_alerts", 1, 1, 0, 0, 0, 1),
    "cef/proxy.log": ("cloud_discovery", 4, 1, 0, 1, 2, 1),
    "cloud_apps_many.json": ("cloud_apps", 2, 2, 0, 0, 0, 2),
    "explorer_many.csv": ("activity_explorer", 2, 2, 0, 0, 0, 2),
    "explorer_many.json": ("activity_explorer", 2, 2, 0, 0, 0, 2),
    "explorer_none.csv": ("activity_explorer", 0, 0, 0, 0, 0, 0),
    "explorer_odd.json": ("activity_explorer", 8, 3, 0, 4, 1, 3),
    "labels_graph.json": ("sensitivity_labels", 3, 3, 0, 0, 0, 0),
    "labels_many.csv": ("sensitivity_labels", 8, 8, 0, 0, 0, 0),
    "labels_none.csv": ("sensitivity_labels", 0, 0, 0, 0, 0, 0),
    "labels_odd.csv": ("sensitivity_labels", 4, 2, 0, 2, 0, 0),
    "metrics/hostile.json": ("metrics", 6, 1, 0, 5, 0, 1),
    "metrics/many.csv": ("metrics", 7, 7, 0, 0, 0, 7),
    "metrics/none.csv": ("metrics", 0, 0, 0, 0, 0, 0),
    "metrics/odd.csv": ("metrics", 7, 3, 0, 4, 0, 3),
    "metrics/one.csv": ("metrics", 1, 1, 0, 0, 0, 1),
    "notifications_many.json": ("content_notifications", 2, 0, 0, 0, 2, 0),
    "notifications_webhook.json": ("content_notifications", 2, 0, 0, 0, 2, 0),
    "otel_spans/hostile.jsonl": ("otel_spans", 8, 1, 0, 7, 0, 1),
    "otel_spans/many.json": ("otel_spans", 8, 3, 2, 0, 3, 3),
    "otel_spans/none.json": ("otel_spans", 0, 0, 0, 0, 0, 0),
    "otel_spans/odd.jsonl": ("otel_spans", 4, 4, 0, 0, 0, 4),
    "otel_spans/one.json": ("otel_spans", 1, 1, 0, 0, 0, 1),
    "proxy_custom.csv": ("cloud_discovery", 2, 1, 0, 0, 1, 1),
    "proxy_none.csv": ("cloud_discovery", 0, 0, 0, 0, 0, 0),
    "proxy_odd.csv": ("cloud_discovery", 6, 3, 0, 3, 0, 3),
    "squid_common.log": ("cloud_discovery", 3, 2, 0, 0, 1, 2),
    "squid_native.log": ("cloud_discovery", 4, 2, 0, 0, 2, 2),
    "types_many.csv": ("information_types", 3, 3, 0, 0, 0, 0),
    "users_entra.csv": ("entra_users", 5, 5, 0, 0, 0, 0),
    "users_graph.json": ("entra_users", 6, 4, 0, 1, 1, 0),
    "users_many.csv": ("entra_users", 4, 4, 0, 0, 0, 0),
}  # fmt: skip
MAPPED = "mapped/gateway.csv"  # a table of its own


@pytest.fixture(autouse=True)
def _own_folders(settings: Settings, tmp_path: Path) -> None:
    own_folders(settings, tmp_path)
    settings.INTERACTION_RETENTION_DAYS = 36500  # samples don't grow old


def test_no_sample_is_forgotten() -> None:
    there = {str(path.relative_to(SAMPLES)) for path in SAMPLES.rglob("*") if path.is_file()}
    assert there == COUNTS.keys() | {MAPPED}


@pytest.mark.parametrize("name", COUNTS)
def test_it_counts_the_same_by_every_door(name: str, cast: Cast) -> None:
    path, (kind, *counts) = SAMPLES / name, COUNTS[name]
    rows, stored, duplicates, quarantined, ignored, _ = counts
    assert rows == stored + duplicates + quarantined + ignored
    for door in DOORS:
        assert taken_back(lambda door=door: door(path, cast)) == (kind, *counts), door.__name__  # type: ignore[misc]


def test_a_table_that_was_mapped_counts_the_same_by_every_door(cast: Cast) -> None:
    path = SAMPLES / MAPPED
    with path.open("rb") as file:
        batch = imports.receive(actor=cast.ada, file_name="gateway.csv", blocks=[file.read()])
    mappings.save(actor=cast.ada, batch=batch, told=TOLD)
    ImportBatch.objects.all().delete()
    for door in DOORS:
        found = taken_back(lambda door=door: door(path, cast))  # type: ignore[misc]
        assert found == ("mapped:gateway", 4, 2, 0, 2, 0, 2), door.__name__
