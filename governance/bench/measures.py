"""Every figure of the bench by name. A group measures figures that share a costly preparation."""

from collections.abc import Callable

from governance.bench import feeds, starts
from governance.bench.clusters import Bench
from governance.bench.results import Reading

LARGE, SMALL = 100_000, 1_000  # applications
RESCORED = 1_000
Group = Callable[[Bench], dict[str, Reading]]


def pages(bench: Bench) -> dict[str, Reading]:
    """The overview and the list in a large estate, as the web process serves them, warm."""
    found = bench.estate(bench.size(LARGE)).measure("governance.bench.pages", "overview", "list")
    return {
        "overview_p95_ms": Reading(found["overview_p95_ms"]),
        "list_p95_ms": Reading(found["list_p95_ms"]),
        "list_bytes": Reading(found["list_bytes"]),
        "list_queries": Reading(found["list_queries"], sound=found["list_queries_equal"]),
    }


def growth(bench: Bench) -> dict[str, Reading]:
    """The overview of a large estate against that of a small one, in one run."""
    large = bench.estate(bench.size(LARGE)).measure("governance.bench.pages", "overview")
    small = bench.estate(bench.size(SMALL)).measure("governance.bench.pages", "overview")
    return {"overview_growth": Reading(large["overview_median_ms"] / small["overview_median_ms"])}


def rescoring(bench: Bench) -> dict[str, Reading]:
    """From an answer to the new score, through the queue and a worker."""
    found = bench.estate(bench.size(RESCORED)).measure("governance.bench.rescoring")
    return {"rescore_one_s": Reading(found["rescore_one_s"])}


def export(bench: Bench) -> dict[str, Reading]:
    """The whole register with its scores as CSV, with the command."""
    cluster = bench.estate(bench.size(LARGE))
    run = cluster.manage("export", "applications", "--format", "csv", "--out", str(cluster.folder / "applications.csv"))
    return {"export_csv_s": Reading(run.seconds)}


GROUPS: dict[Group, tuple[str, ...]] = {
    starts.migrations: ("migrate_s",),
    starts.first_start: ("first_start_s",),
    pages: ("overview_p95_ms", "list_p95_ms", "list_bytes", "list_queries"),
    growth: ("overview_growth",),
    export: ("export_csv_s",),
    rescoring: ("rescore_one_s",),
    feeds.register: ("import_register_rows_per_s",),
    feeds.interactions: ("ingest_rows_per_s", "ingest_rss_mb", "ingest_vs_parse"),
}
