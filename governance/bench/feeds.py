"""How fast files come in: the register, and a Purview audit export."""

import csv
import time
from pathlib import Path

import orjson

from governance.bench.clusters import Bench
from governance.bench.purview_export import write_audit, write_users
from governance.bench.results import Reading

REGISTER_ROWS, AUDIT_ROWS, USERS = 10_000, 1_000_000, 5_000
LOOKED_AT = 100_000  # applications of the overview that is looked at while a file is read
ESTATE = 1_000  # applications that are there before


def register(bench: Bench) -> dict[str, Reading]:
    """A register file of new applications: checked and previewed, then stored."""
    cluster, rows = bench.estate(bench.size(ESTATE)), bench.size(REGISTER_ROWS)
    found = cluster.measure("governance.bench.register", str(rows))
    return {"import_register_rows_per_s": Reading(rows / found["seconds"])}


def interactions(bench: Bench) -> dict[str, Reading]:
    """An audit export into an estate, against only reading the file and parsing its JSON."""
    cluster, rows = bench.cluster("feeds"), bench.size(AUDIT_ROWS)
    cluster.manage("migrate", "--no-input")
    users, audit = cluster.folder / "users.csv", cluster.folder / "audit.csv"
    write_users(users, USERS)
    bench.say(f"Writing an audit export of {rows:,} rows …")
    write_audit(audit, rows, users=USERS, tally=False)
    cluster.manage("ingest", str(users))
    run = cluster.manage("ingest", str(audit))
    parsing = parse(audit)
    seconds = run.summary["seconds"]
    return {
        "ingest_rows_per_s": Reading(rows / seconds, sound=run.summary["rows"] == rows),
        "ingest_rss_mb": Reading(run.largest_mb),
        "ingest_vs_parse": Reading(seconds / parsing),
    }


def overview_meanwhile(bench: Bench) -> dict[str, Reading]:
    """The overview of a large estate while a file is read into it, against the same page before."""
    cluster, rows = bench.estate(bench.size(LOOKED_AT)), bench.size(AUDIT_ROWS)
    audit = cluster.folder / "meanwhile.csv"
    write_audit(audit, rows, users=USERS, tally=False)
    alone = cluster.measure("governance.bench.pages", "overview")["overview_p95_ms"]
    with cluster.meanwhile("ingest", str(audit)) as reading:
        busy = cluster.measure("governance.bench.pages", "overview")["overview_p95_ms"]
        whole = reading.poll() is None  # else some of the pages had the machine to themselves
    bench.say(f"… the overview alone {alone:.0f} ms, while a file is read {busy:.0f} ms")
    return {"overview_p95_under_ingest_ms": Reading(busy, sound=whole and busy <= 2 * alone)}


def parse(path: Path) -> float:
    """Seconds that csv and orjson alone need for the file."""
    begin = time.monotonic()
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.reader(file)
        place = next(reader).index("AuditData")
        for line in reader:
            try:
                orjson.loads(line[place])
            except (orjson.JSONDecodeError, IndexError):
                continue  # the file has unreadable rows on purpose
    return time.monotonic() - begin
