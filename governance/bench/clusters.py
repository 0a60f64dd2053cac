"""Throw-away state folders under `$HUB_HOME/bench/`, and the commands that run in them. Never the user's own data."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from governance import embedded
from governance.embedded.paths import PROJECT

# What a person may have set for the hub itself must not reach the clusters of the bench.
NOT_FOR_THE_BENCH = ("DATABASE_URL", "REDIS_URL", "HUB_URL", "PORT", "HUB_STATIC", "HUB_TEST_SERVERS")
WATCH = 0.2  # seconds between looks at a command's memory


class BenchError(Exception):
    """A measurement could not be taken; one line says why."""


@dataclass(frozen=True)
class Run:
    """How a command went."""

    seconds: float
    largest_mb: float  # resident memory of the command and its children together
    last_line: str

    @property
    def summary(self) -> dict[str, Any]:
        """The JSON line at the end of a command's output."""
        found: dict[str, Any] = json.loads(self.last_line)
        return found


class Cluster:
    """One state folder with its servers running."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if name not in NOT_FOR_THE_BENCH}
        return kept | {"HUB_HOME": str(self.folder)}

    def manage(self, *words: str) -> Run:
        """Run `manage.py` in this cluster and wait for it."""
        return self.run([sys.executable, "manage.py", *words])

    def measure(self, module: str, *words: str) -> dict[str, Any]:
        """Run a module of the bench under the cluster's own settings; returns its figures."""
        return self.run([sys.executable, "-m", module, *words]).summary

    @contextmanager
    def meanwhile(self, *words: str) -> Iterator[subprocess.Popen[bytes]]:
        """`manage.py` in this cluster for the length of the block; what is not done then is stopped."""
        with (self.folder / "logs" / "bench.log").open("ab") as log:
            process = self._started([sys.executable, "manage.py", *words], subprocess.DEVNULL, log, log)
            try:
                yield process
            finally:
                if process.poll() is None:
                    os.killpg(process.pid, signal.SIGTERM)
                process.wait()

    @contextmanager
    def asked(self, module: str, *words: str) -> Iterator[Callable[[str], Any]]:
        """A module of the bench for the length of the block, which answers a line with a line of JSON. So two estates
        can be asked in turn.

        Raises:
            BenchError: it ended instead of answering.
        """
        log = self.folder / "logs" / "bench.log"
        with (
            log.open("a+", encoding="utf-8") as errors,
            self._started(
                [sys.executable, "-m", module, *words], subprocess.PIPE, subprocess.PIPE, errors, text=True, bufsize=1
            ) as process,
        ):
            assert process.stdin
            assert process.stdout
            lines, answers = process.stdin, process.stdout

            def ask(line: str) -> Any:
                try:
                    print(line, file=lines)
                    answer = answers.readline()
                except BrokenPipeError:
                    answer = ""
                if not answer:
                    raise self._failed(module, log)
                return json.loads(answer)

            try:
                yield ask
            finally:
                with suppress(BrokenPipeError):
                    lines.close()  # it ends where its lines do

    def run(self, command: list[str]) -> Run:
        begin, largest = time.monotonic(), 0.0
        log = self.folder / "logs" / "bench.log"
        with log.open("a+", encoding="utf-8") as errors:
            process = self._started(command, subprocess.DEVNULL, subprocess.PIPE, errors, text=True)
            while True:
                try:
                    out = process.communicate(timeout=WATCH)[0]
                    break
                except subprocess.TimeoutExpired:
                    largest = max(largest, resident_mb(process.pid))
        seconds = time.monotonic() - begin
        if process.returncode:
            raise self._failed(" ".join(command[1:4]), log)
        return Run(seconds, largest, (out.strip().splitlines() or [""])[-1])

    def _started(self, command: list[str], stdin: Any, stdout: Any, stderr: Any, **kind: Any) -> subprocess.Popen[Any]:
        """A process in this cluster, in a session of its own."""
        return subprocess.Popen(
            command,
            cwd=PROJECT,
            env=self.environment,
            stdin=stdin,
            stdout=stdout,
            stderr=stderr,
            start_new_session=True,
            **kind,
        )

    def _failed(self, what: str, log: Path) -> BenchError:
        told = log.read_text(encoding="utf-8").strip().splitlines() or ["no message"]
        return BenchError(f"{what} failed: {told[-1]} (all of it: {log})")


def resident_mb(session: int) -> float:
    """Resident memory of all processes of a session, in MB; pages that they share count for each."""
    lines = subprocess.run(["ps", "-eo", "sess=,rss="], capture_output=True, text=True, check=False).stdout.splitlines()
    pairs = [line.split() for line in lines]
    return sum(int(rss) for own, rss in pairs if own == str(session)) / 1024


class Bench:
    """The clusters of one run, each built when it is first asked for, all removed at the end."""

    def __init__(self, folder: Path, say: Callable[[str], None], *, share: float = 1.0) -> None:
        self.folder, self.say, self.share = folder, say, share
        self._stack = ExitStack()
        self._clusters: dict[str, Cluster] = {}

    def __enter__(self) -> "Bench":
        shutil.rmtree(self.folder, ignore_errors=True)
        return self

    def __exit__(self, *error: object) -> None:
        self._stack.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def size(self, full: int) -> int:
        """A full size, or the share of it that was asked for."""
        return max(10, int(full * self.share))

    def cluster(self, name: str) -> Cluster:
        """The cluster of that name, its servers running, its database empty when new."""
        if name not in self._clusters:
            folder = self.folder / name
            self._stack.enter_context(embedded.servers(folder, ("postgres", "valkey"), say=self.say))
            self._clusters[name] = Cluster(folder)
        return self._clusters[name]

    def estate(self, applications: int, purpose: str = "estate") -> Cluster:
        """A migrated cluster with so many applications of the demo bank, shared by all who name the same purpose."""
        name = f"{purpose}-{applications}"
        known = name in self._clusters
        cluster = self.cluster(name)
        if not known:
            self.say(f"Building an estate of {applications:,} applications …")
            cluster.manage("migrate", "--no-input")
            cluster.manage("collectstatic", "--no-input")
            run = cluster.manage("seed_demo", "--applications", str(applications))
            cluster.measure("governance.bench.settled")
            self.say(f"… built in {run.seconds:.0f} s")
        return cluster
