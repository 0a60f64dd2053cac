"""Every figure of the bench by name. A group measures figures that share a costly preparation."""

from collections.abc import Callable

from governance.bench import feeds, starts
from governance.bench.clusters import Bench
from governance.bench.results import Reading

LARGE, SMALL = 100_000, 1_000  # applications
RESCORED = 1_000
WORKER_MB = 600
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


def recalculation(bench: Bench) -> dict[str, Reading]:
    """Everything recalculated by two workers, every score written anew, against only copying inputs out and results in.

    In an estate of its own name, since nothing in it is as before afterwards.
    """
    size = bench.size(LARGE)
    found = bench.estate(size, "recalculated").measure("governance.bench.recalculation")
    copying = found["out_s"] + found["in_s"]
    bench.say(
        f"… {found['applications']:,} applications in {found['seconds']:.1f} s, {found['largest_mb']:.0f} MB a worker, "
        f"{found['snapshots']:,} snapshots; COPY of the same: out {found['out_s']:.1f} s, "
        f"in {found['in_s']:.1f} s ({found['rows']:,} rows)"
    )
    whole = found["applications"] == size == found["snapshots"]
    return {"rescore_ratio": Reading(found["seconds"] / copying, sound=whole and found["largest_mb"] <= WORKER_MB)}


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
    recalculation: ("rescore_ratio",),
    feeds.register: ("import_register_rows_per_s",),
    feeds.interactions: ("ingest_rows_per_s", "ingest_rss_mb", "ingest_vs_parse"),
    feeds.overview_meanwhile: ("overview_p95_under_ingest_ms",),
}
