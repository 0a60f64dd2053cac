"""What is measured, what is wanted of it, and where the figures go."""

import json
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True)
class Target:
    """What is wanted of one figure."""

    unit: str
    text: str
    reached: Callable[[float], bool]


@dataclass(frozen=True)
class Reading:
    """One figure as measured. `sound` is a condition beside the figure, such as that two counts are equal."""

    value: float
    sound: bool = True


@dataclass(frozen=True)
class Row:
    """One line of `bench.json`."""

    name: str
    value: float
    unit: str
    target: str
    ok: bool


def at_most(limit: float, unit: str, text: str = "") -> Target:
    return Target(unit, text or f"≤ {limit:g} {unit}", lambda value: value <= limit)


def at_least(limit: float, unit: str) -> Target:
    return Target(unit, f"≥ {limit:g} {unit}", lambda value: value >= limit)


TARGETS: dict[str, Target] = {
    "migrate_s": at_most(15, "s"),
    "first_start_s": at_most(30, "s"),
    "overview_p95_ms": at_most(100, "ms"),
    "overview_growth": at_most(1.5, "×"),
    "overview_bytes": at_most(150_000, "bytes"),
    "assets_bytes": at_most(700_000, "bytes", "≤ 700,000 bytes compressed"),
    "first_chart_s": at_most(1.5, "s"),
    "pages_p95_ms": at_most(100, "ms", "≤ 100 ms, the slowest of all pages"),
    "pages_queries": at_most(15, "queries", "≤ 15, the page with most"),
    "pages_growth": at_most(1.5, "×", "≤ 1.5 ×, the page that grows most"),
    "list_p95_ms": at_most(100, "ms"),
    "list_bytes": at_most(60_000, "bytes"),
    "list_queries": at_most(10, "queries", "≤ 10, the same for 3 rows and for 30"),
    "rescore_ratio": at_most(2, "×", "≤ 2 × COPY out and in, ≤ 600 MB a worker"),
    "rescore_next_day_ratio": at_most(2, "×", "≤ 2 × COPY out and in, where a day replaces rows"),
    "rescore_one_s": at_most(1, "s"),
    "ingest_rows_per_s": at_least(40_000, "rows/s"),
    "ingest_rss_mb": at_most(400, "MB"),
    "ingest_vs_parse": at_most(2, "×"),
    "overview_p95_under_ingest_ms": at_most(200, "ms", "≤ 2 × alone, ≤ 200 ms"),
    "export_csv_s": at_most(5, "s"),
    "import_register_rows_per_s": at_least(1500, "rows/s"),
}


def row(name: str, reading: Reading) -> Row:
    """The figure beside what is wanted of it."""
    target = TARGETS[name]
    return Row(name, round(reading.value, 3), target.unit, target.text, target.reached(reading.value) and reading.sound)


def store(path: Path, rows: Iterable[Row]) -> None:
    """Put these rows into the file, in the order of TARGETS; rows of other names stay as they are."""
    kept = {old["name"]: old for old in json.loads(path.read_text(encoding="utf-8"))} if path.exists() else {}
    kept |= {new.name: asdict(new) for new in rows}
    ordered = [kept[name] for name in TARGETS if name in kept]
    draft = path.with_suffix(".draft")
    draft.write_text(json.dumps(ordered, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    draft.replace(path)


def table(rows: list[Row]) -> str:
    """The rows for people."""
    width = max(len(one.name) for one in rows)
    lines = [f"{'name':{width}}  {'value':>12}  {'unit':8} {'target':40} ok"]
    for one in rows:
        value = f"{one.value:,.3f}".rstrip("0").rstrip(".") if one.value < 1000 else f"{one.value:,.0f}"
        lines.append(f"{one.name:{width}}  {value:>12}  {one.unit:8} {one.target:40} {'yes' if one.ok else 'NO'}")
    return "\n".join(lines)
