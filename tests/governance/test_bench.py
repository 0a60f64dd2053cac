"""The bench's bookkeeping: every figure has a target and one group, and one figure replaces its own row only."""

import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from governance.bench.clusters import Bench, BenchError
from governance.bench.inside import percentile
from governance.bench.measures import GROUPS
from governance.bench.results import TARGETS, Reading, row, store, table


def test_every_figure_has_a_target_and_is_measured_once() -> None:
    assert sorted(name for names in GROUPS.values() for name in names) == sorted(TARGETS)


def test_a_figure_is_judged_by_its_target_and_by_what_stands_beside_it() -> None:
    assert row("migrate_s", Reading(15)).ok
    assert not row("migrate_s", Reading(15.1)).ok
    assert row("ingest_rows_per_s", Reading(40_000)).ok
    assert not row("ingest_rows_per_s", Reading(39_999)).ok
    assert not row("list_queries", Reading(9, sound=False)).ok


def test_a_new_figure_replaces_its_row_and_keeps_the_others(tmp_path: Path) -> None:
    path = tmp_path / "bench.json"
    store(path, [row("list_bytes", Reading(50_000)), row("migrate_s", Reading(9))])
    store(path, [row("migrate_s", Reading(20))])
    assert json.loads(path.read_text(encoding="utf-8")) == [
        {"name": "migrate_s", "value": 20, "unit": "s", "target": "≤ 15 s", "ok": False},
        {"name": "list_bytes", "value": 50_000, "unit": "bytes", "target": "≤ 60000 bytes", "ok": True},
    ]


def test_the_table_shows_every_row() -> None:
    lines = table([row("migrate_s", Reading(3.25)), row("ingest_rows_per_s", Reading(51_234))]).splitlines()
    assert len(lines) == 3
    assert "3.25" in lines[1]
    assert lines[1].endswith("yes")
    assert "51,234" in lines[2]


@pytest.mark.parametrize(("share", "expected"), [(0.5, 5), (0.95, 10), (0.9, 9), (0.0, 1)])
def test_a_percentile_is_one_of_the_values(share: float, expected: float) -> None:
    assert percentile([float(number) for number in range(10, 0, -1)], share) == expected


def test_a_cluster_is_a_folder_of_its_own_that_goes_away(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgres://the/real-one")
    with Bench(tmp_path / "bench", lambda text: None, share=0.001) as bench:
        cluster = bench.cluster("empty")
        assert cluster.environment["HUB_HOME"] == str(tmp_path / "bench" / "empty")
        assert "DATABASE_URL" not in cluster.environment
        assert bench.size(100_000) == 100
        with pytest.raises(BenchError, match="no-such-command"):
            cluster.manage("no-such-command")
        with cluster.asked("governance.bench.no_such_module") as ask, pytest.raises(BenchError, match="no_such_module"):
            ask("addresses")
    assert not (tmp_path / "bench").exists()


def test_what_one_run_measures_is_shown_together(
    tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    settings.HUB_HOME = tmp_path
    both = {"ingest_rows_per_s": Reading(50_000), "ingest_rss_mb": Reading(200)}
    groups = {lambda bench: both: tuple(both), lambda bench: pytest.fail("not asked for"): ("migrate_s",)}
    monkeypatch.setattr("governance.management.commands.bench.GROUPS", groups)
    call_command("bench", only="ingest_rows_per_s")
    assert "ingest_rss_mb" in capsys.readouterr().out
    assert {one["name"] for one in json.loads((tmp_path / "bench.json").read_text())} == set(both)
