"""How long until it runs: the migrations, and `make run` in a fresh clone."""

import http.client
import os
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

from governance.bench.clusters import NOT_FOR_THE_BENCH, Bench, BenchError
from governance.bench.results import Reading
from governance.embedded.paths import PROJECT

PATIENCE = 300.0  # seconds
LEFT_OUT = shutil.ignore_patterns(".git", ".venv", ".hub", "__pycache__", ".*_cache", ".hypothesis")


def migrations(bench: Bench) -> dict[str, Reading]:
    """`manage.py migrate` on an empty database whose server runs."""
    cluster = bench.cluster("empty")
    run = cluster.manage("migrate", "--no-input")
    return {"migrate_s": Reading(run.seconds)}


def first_start(bench: Bench) -> dict[str, Reading]:
    """From `make run` in a copy of the project without environment and state to the first page. The packages are in
    the installer's cache: an environment made beforehand, and thrown away, sees to that."""
    folder = bench.folder / "clone"
    shutil.copytree(PROJECT, folder, ignore=LEFT_OUT)
    _run("make", ".venv/.run-installed", folder=folder)
    shutil.rmtree(folder / ".venv")
    port = _free_port()
    kept = {name: value for name, value in os.environ.items() if name not in {*NOT_FOR_THE_BENCH, "HUB_HOME"}}
    begin = time.monotonic()
    with (bench.folder / "first_start.log").open("w+") as log:
        process = subprocess.Popen(
            ["make", "run"],
            cwd=folder,
            env=kept | {"PORT": str(port)},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        try:
            while not _answers(port):
                if process.poll() is not None or time.monotonic() - begin > PATIENCE:
                    log.seek(0)
                    raise BenchError(f"make run gave no page: {(log.read().strip().splitlines() or [''])[-1]}")
                time.sleep(0.05)
            seconds = time.monotonic() - begin
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGINT)
            process.wait(PATIENCE)
    return {"first_start_s": Reading(seconds)}


def _run(*command: str, folder: Path) -> None:
    answer = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if answer.returncode:
        raise BenchError(f"{' '.join(command)} failed: {(answer.stderr.strip().splitlines() or [''])[-1]}")


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def _answers(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("GET", "/accounts/login/")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
