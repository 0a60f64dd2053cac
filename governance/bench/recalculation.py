"""Inside a cluster: recalculations of everything by two workers, each against COPYing the same inputs out and the same
results in. `python -m governance.bench.recalculation`

First into empty tables; then a day later, when statements have aged and rows are replaced; then once more, when nothing
has changed.
"""

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from governance.bench.inside import report, set_up
from governance.embedded.paths import PROJECT

PATIENCE = 3600.0  # seconds
START_PATIENCE = 300.0
LOOK = 0.2
INPUTS = {
    "risk_answer": "application_id, question, value",
    "risk_controlstate": "application_id, control, status, as_of, due, valid_until, not_applicable, "
    "not_applicable_until, evidenced_until",
}
RESULTS = (
    "risk_currentscore",
    "risk_applicationcoverage",
    "risk_scoresnapshot",
    "risk_bandchange",
    "risk_departmentday",
    "risk_coverageday",
)
# A worker for which it is so many days later
WORKER = """
import sys
from datetime import timedelta
from django.utils import timezone
now, later = timezone.now, timedelta(days=int(sys.argv.pop(1)))
timezone.now = lambda: now() + later
from celery.__main__ import main
main()
"""


def prepare(cursor: Any) -> None:
    """Make every application its own, since the demo copies some; and forget what was computed."""
    import pgtrigger

    history = [f"risk.ControlState:{name}" for name in ("insert_insert", "update_update", "delete_delete")]
    with pgtrigger.ignore(*history):
        cursor.execute("UPDATE risk_controlstate SET as_of = as_of - mod(application_id, 61)::int")
    cursor.execute("TRUNCATE risk_currentscore, risk_applicationcoverage, inventory_changedapplication")
    for table in (*INPUTS, *RESULTS):
        cursor.execute(f"VACUUM (ANALYZE) {table}")


@contextmanager
def workers(later: int) -> Iterator[subprocess.Popen[bytes]]:
    """A Celery worker of two processes, for which it is so many days later."""
    words = ["--quiet", "--app", "governance", "worker", "--loglevel", "ERROR", "--concurrency", "2"]
    worker = subprocess.Popen(
        [sys.executable, "-c", WORKER, str(later), *words, "--without-gossip", "--without-mingle"],
        cwd=PROJECT,
        stdin=subprocess.DEVNULL,
    )
    try:
        wait_for(worker)
        yield worker
    finally:
        worker.terminate()
        worker.wait()


def wait_for(worker: subprocess.Popen[bytes]) -> None:
    """Until the worker answers."""
    from celery import current_app

    deadline = time.monotonic() + START_PATIENCE
    while not current_app.control.inspect(timeout=0.5).ping():
        if worker.poll() is not None or time.monotonic() > deadline:
            raise SystemExit("the worker did not start")


def recalculate(worker: subprocess.Popen[bytes]) -> tuple[Any, float, float]:
    """(run, seconds, MB of the largest worker process) of a recalculation that only the workers do."""
    from risk.choices import RunState
    from risk.services import runs

    begin, largest = time.perf_counter(), 0.0
    run = runs.start(actor=None)
    while run.state == RunState.RUNNING:
        time.sleep(LOOK)
        largest = max(largest, largest_mb(worker.pid))
        run.refresh_from_db()
        if time.perf_counter() - begin > PATIENCE:
            raise SystemExit("the recalculation did not end in time")
    if run.state != RunState.DONE:
        raise SystemExit(f"the recalculation ended as {run.state}: {run.error}")
    return run, time.perf_counter() - begin, largest


def largest_mb(parent: int) -> float:
    """Resident memory of the largest process that the worker started."""
    lines = subprocess.run(["ps", "-eo", "ppid=,rss="], capture_output=True, text=True, check=False).stdout.splitlines()
    found = [int(rss) for ppid, rss in map(str.split, lines) if ppid == str(parent)]
    return max(found, default=0) / 1024


def copy_out(cursor: Any) -> float:
    """Seconds to read the inputs once, with COPY and nothing else."""
    begin = time.perf_counter()
    for table, columns in INPUTS.items():
        with cursor.copy(f"COPY (SELECT {columns} FROM {table}) TO STDOUT") as copy:  # noqa: S608 - constants
            for _ in copy:
                pass
    return time.perf_counter() - begin


def copy_in(cursor: Any, since: int) -> tuple[float, int]:
    """(seconds, rows) to write what was written since that transaction once more, with COPY into empty tables of the
    same columns, keys and indexes."""
    seconds, rows = 0.0, 0
    for table in RESULTS:
        written = f"SELECT * FROM {table} WHERE xmin::text::bigint >= {since}"  # noqa: S608
        with tempfile.TemporaryFile(dir=Path.cwd()) as file:
            with cursor.copy(f"COPY ({written}) TO STDOUT") as copy:
                for block in copy:
                    file.write(block)
            file.seek(0)
            cursor.execute(f"CREATE TABLE bench_{table} (LIKE {table} INCLUDING ALL)")
            begin = time.perf_counter()
            with cursor.copy(f"COPY bench_{table} FROM STDIN") as copy:
                while block := file.read(1 << 20):
                    copy.write(block)
            seconds += time.perf_counter() - begin
            rows += cursor.rowcount
        cursor.execute(f"DROP TABLE bench_{table}")
    return seconds, rows


def measure(cursor: Any, later: int) -> dict[str, Any]:
    """One recalculation, so many days later, and the same inputs and results with COPY."""
    cursor.execute("CHECKPOINT")
    cursor.execute("SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint, pg_current_wal_lsn()")
    since, lsn = cursor.fetchone()
    with workers(later) as worker:
        run, seconds, largest = recalculate(worker)
    cursor.execute("SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), %s)", [lsn])
    wal = int(cursor.fetchone()[0])
    cursor.execute("CHECKPOINT")
    out = copy_out(cursor)
    into, rows = copy_in(cursor, since)
    return {
        "seconds": seconds,
        "out_s": out,
        "in_s": into,
        "rows": rows,
        "wal_mb": wal / 1e6,
        "applications": run.applications,
        "snapshots": run.changed,
        "largest_mb": largest,
    }


def main() -> None:
    """Measure the three."""
    set_up()
    from django.db import connection

    with connection.cursor() as cursor:
        prepare(cursor)
        report(first=measure(cursor, 0), next_day=measure(cursor, 1), again=measure(cursor, 1))


if __name__ == "__main__":
    main()
