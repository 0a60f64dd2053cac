"""Every figure of the bench by name. A group measures figures that share a costly preparation."""

from collections.abc import Callable, Sequence
from typing import Any

from governance.bench import feeds, starts
from governance.bench.clusters import Bench
from governance.bench.inside import percentile
from governance.bench.results import Reading

LARGE, SMALL = 100_000, 1_000  # applications
RESCORED = 1_000
WORKER_MB = 600
PASSES, LOOKS = 3, 20  # at each page of each estate
Group = Callable[[Bench], dict[str, Reading]]


def pages(bench: Bench) -> dict[str, Reading]:
    """The overview and the list in a large estate, as the web process serves them, warm."""
    found = bench.estate(bench.size(LARGE)).measure("governance.bench.pages", "overview", "list")
    return {
        "overview_p95_ms": Reading(found["overview_p95_ms"]),
        "overview_bytes": Reading(found["overview_bytes"]),
        "assets_bytes": Reading(found["assets_bytes"]),
        "list_p95_ms": Reading(found["list_p95_ms"]),
        "list_bytes": Reading(found["list_bytes"]),
        "list_queries": Reading(found["list_queries"], sound=found["list_queries_equal"]),
    }


def growth(bench: Bench) -> dict[str, Reading]:
    """The overview of a large estate against that of a small one, in one run."""
    large = bench.estate(bench.size(LARGE)).measure("governance.bench.pages", "overview")
    small = bench.estate(bench.size(SMALL)).measure("governance.bench.pages", "overview")
    return {"overview_growth": Reading(large["overview_median_ms"] / small["overview_median_ms"])}


def every_page(bench: Bench) -> dict[str, Reading]:
    """Every page of a large estate, warm: the slowest, the one with most queries, and the one that grows most against
    the same page of a small estate. Both are asked in turn, and of three passes the best counts: a machine's own pace
    moves more from second to second than pages differ."""
    large, small = (bench.estate(bench.size(size)) for size in (LARGE, SMALL))
    slowest, queries, grown = [], [], []
    with large.asked("governance.bench.pages", "every") as ask, small.asked("governance.bench.pages", "every") as other:
        # The key of an application differs between them, its page does not
        for number, (address, _) in enumerate(zip(ask("addresses"), other("addresses"), strict=True)):
            queries.append(max(one(f"queries {number}") for one in (ask, other)))
            passes = [_in_turn((ask, other), number) for _ in range(PASSES)]
            now, before = map(min, zip(*passes, strict=True))
            slowest.append(now)
            grown.append(now / before)
            bench.say(f"… {address}: {now:.0f} ms, {queries[-1]} queries, {grown[-1]:.2f} × a small one")
    return {
        "pages_p95_ms": Reading(max(slowest)),
        "pages_queries": Reading(max(queries)),
        "pages_growth": Reading(max(grown)),
    }


def _in_turn(estates: Sequence[Callable[[str], Any]], number: int) -> list[float]:
    """A page's p95 in each estate, of looks at one after the other."""
    looks = [[ask(f"times {number}") for ask in estates] for _ in range(LOOKS)]
    return [percentile(list(times), 0.95) for times in zip(*looks, strict=True)]


def first_chart(bench: Bench) -> dict[str, Reading]:
    """From asking for the overview to its first chart, in a browser that has nothing of it yet."""
    found = bench.estate(bench.size(LARGE)).measure("governance.bench.browser")
    return {"first_chart_s": Reading(found["first_chart_s"])}


def rescoring(bench: Bench) -> dict[str, Reading]:
    """From an answer to the new score, through the queue and a worker."""
    found = bench.estate(bench.size(RESCORED)).measure("governance.bench.rescoring")
    return {"rescore_one_s": Reading(found["rescore_one_s"])}


def recalculation(bench: Bench) -> dict[str, Reading]:
    """Everything recalculated by two workers, against only copying inputs out and results in: every score written anew,
    then a day later, when most are replaced. A third time nothing has changed.

    In an estate of its own name, since nothing in it is as before afterwards.
    """
    size = bench.size(LARGE)
    found = bench.estate(size, "recalculated").measure("governance.bench.recalculation")
    for name, one in found.items():
        bench.say(
            f"… {name.replace('_', ' ')}: {one['applications']:,} applications in {one['seconds']:.1f} s, "
            f"{one['largest_mb']:.0f} MB a worker, {one['snapshots']:,} snapshots, {one['rows']:,} rows, WAL "
            f"{one['wal_mb']:.0f} MB; COPY of the same: out {one['out_s']:.1f} s, in {one['in_s']:.1f} s"
        )
    first, later, again = found["first"], found["next_day"], found["again"]
    small = max(one["largest_mb"] for one in found.values()) <= WORKER_MB
    whole = small and all(one["applications"] == size for one in found.values()) and not again["snapshots"]
    ratio, ratio_later = (one["seconds"] / (one["out_s"] + one["in_s"]) for one in (first, later))
    return {
        "rescore_ratio": Reading(ratio, sound=whole and first["snapshots"] == size),
        "rescore_next_day_ratio": Reading(ratio_later, sound=whole and later["snapshots"] > 0),
    }


def export(bench: Bench) -> dict[str, Reading]:
    """The whole register with its scores as CSV, with the command."""
    cluster = bench.estate(bench.size(LARGE))
    run = cluster.manage("export", "applications", "--format", "csv", "--out", str(cluster.folder / "applications.csv"))
    return {"export_csv_s": Reading(run.seconds)}


GROUPS: dict[Group, tuple[str, ...]] = {
    starts.migrations: ("migrate_s",),
    starts.first_start: ("first_start_s",),
    pages: ("overview_p95_ms", "overview_bytes", "assets_bytes", "list_p95_ms", "list_bytes", "list_queries"),
    first_chart: ("first_chart_s",),
    every_page: ("pages_p95_ms", "pages_queries", "pages_growth"),
    growth: ("overview_growth",),
    export: ("export_csv_s",),
    rescoring: ("rescore_one_s",),
    recalculation: ("rescore_ratio", "rescore_next_day_ratio"),
    feeds.register: ("import_register_rows_per_s",),
    feeds.interactions: ("ingest_rows_per_s", "ingest_rss_mb", "ingest_vs_parse"),
    feeds.overview_meanwhile: ("overview_p95_under_ingest_ms",),
}
