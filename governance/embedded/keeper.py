"""The keeper of one server: a process in a session of its own, so that Ctrl-C in a terminal doesn't reach it.

It holds the keeper's lock for as long as it lives (it is born holding it: the starter hands the open file over) and
takes the users' lock, which users share, for itself alone as soon as it is free: then nobody uses the server, nobody
new can come in, and it stops the server and ends. Whatever happens is in `logs/keeper.log` and in the state file.
"""

import ctypes
import fcntl
import json
import os
import select
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Protocol, TextIO

from .leftovers import PATIENCE
from .paths import Home, ServerError
from .postgres import Postgres, environment
from .valkey import Valkey

LOOK_AGAIN = 1.0  # seconds between looks at the users' lock; who leaves last also wakes the keeper
FAST_LOOK = 0.02
START_PATIENCE = 600.0  # seconds; recovery after a crash during a large import may take minutes
QUICK_DEATHS, QUICK = 5, 60.0  # so many deaths within so many seconds of a start, and the keeper gives up
LARGEST_LOG = 10_000_000  # bytes


class Server(Protocol):
    """One kind of server."""

    name: str
    title: str
    stop_signal: signal.Signals

    def prepare(self) -> None: ...
    def command(self) -> list[str]: ...
    def ready(self, pid: int) -> bool: ...


KINDS: dict[str, Any] = {"postgres": Postgres, "valkey": Valkey}


def open_log(folder: Path, name: str) -> TextIO:
    """A log file to append to; a large one is put aside first, and one older is kept."""
    folder.mkdir(mode=0o700, exist_ok=True)
    path = folder / f"{name}.log"
    if path.exists() and path.stat().st_size > LARGEST_LOG:
        path.replace(folder / f"{name}.log.1")
    return path.open("a", encoding="utf-8", buffering=1)


def die_with_parent(how: signal.Signals) -> None:
    """Ask Linux to send this process a signal when its parent dies. Other systems have no such call: there the next
    keeper stops what is left (`leftovers.py`)."""
    if sys.platform == "linux":
        pr_set_pdeathsig = 1
        ctypes.CDLL(None).prctl(pr_set_pdeathsig, int(how))


class Keeper:
    """Starts, watches and stops one server."""

    def __init__(self, kind: str, folder: Path, *, throwaway: bool) -> None:
        self.home, self.kind, self.throwaway = Home(folder), kind, throwaway
        self.state_file = self.home.locks / f"{kind}.state"
        self.users = os.open(self.home.locks / f"{kind}.users", os.O_RDWR | os.O_CREAT, 0o600)
        self.child: subprocess.Popen[bytes] | None = None
        self.told_to_stop = False
        self._listen()

    def _listen(self) -> None:
        """Signals wake the keeper through a pipe, so that it needs neither threads nor a busy loop."""
        self.wake, write_end = os.pipe()
        os.set_blocking(self.wake, False)
        os.set_blocking(write_end, False)
        signal.set_wakeup_fd(write_end, warn_on_full_buffer=False)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on_stop)
        for number in (signal.SIGCHLD, signal.SIGUSR1):  # handled by being woken
            signal.signal(number, lambda *_: None)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)

    def _on_stop(self, *_: object) -> None:
        self.told_to_stop = True

    def _sleep(self, seconds: float) -> None:
        if select.select([self.wake], [], [], seconds)[0]:
            os.read(self.wake, 4096)

    def tell(self, state: str, message: str = "") -> None:
        """Write the state for those who wait, whole or not at all, and a line for the log."""
        draft = self.state_file.with_suffix(".draft")
        draft.write_text(json.dumps({"state": state, "pid": os.getpid(), "message": message}), encoding="utf-8")
        draft.replace(self.state_file)
        self.log(f"{state} {message}".strip())

    def log(self, text: str) -> None:
        """A line on stderr, which is the keepers' log file."""
        stamp = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime())
        print(f"{stamp} {self.kind}[{os.getpid()}]: {text}", file=sys.stderr, flush=True)

    def run(self) -> int:
        """Keep the server until nobody needs it. Returns the exit code."""
        try:
            server: Server = KINDS[self.kind](self.home, self.throwaway)
            server.prepare()
            self._watch(server)
        except (ServerError, OSError, subprocess.SubprocessError) as error:
            self._stop_child(signal.SIGTERM)
            self.tell("failed", " ".join(str(error).split()))
            return 1
        return 0

    def _watch(self, server: Server) -> None:
        deaths = 0
        while True:
            started = time.monotonic()
            if not self._start(server) or not self._keep(server):
                return
            deaths = deaths + 1 if time.monotonic() - started < QUICK else 0
            if deaths >= QUICK_DEATHS:
                raise ServerError(f"{server.title} keeps ending. See {self.home.logs / server.name}.log.")
            self.tell("starting", f"{server.title} ended by itself; starting it again")
            self._sleep(min(0.2 * 2**deaths, 10))
            server.prepare()

    def _start(self, server: Server) -> bool:
        """Start the server and wait until it answers; False if it is no longer wanted."""
        with open_log(self.home.logs, server.name) as log:
            self.child = subprocess.Popen(
                server.command(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
                env=environment(),
                preexec_fn=lambda: die_with_parent(server.stop_signal),
            )
        deadline = time.monotonic() + START_PATIENCE
        while not server.ready(self.child.pid):
            if self.child.poll() is not None:
                raise ServerError(f"{server.title} did not start: {self._last_words(server)}")
            if time.monotonic() > deadline:
                raise ServerError(f"{server.title} is not ready in time: {self._last_words(server)}")
            if self._unwanted():
                self._stop(server)
                return False
            self._sleep(FAST_LOOK)
        self.tell("ready")
        return True

    def _keep(self, server: Server) -> bool:
        """Watch a running server; True when it died, False when it was stopped because nobody needs it."""
        while self.child is not None and self.child.poll() is None:
            if self._unwanted():
                self._stop(server)
                return False
            self._sleep(LOOK_AGAIN)
        return True

    def _unwanted(self) -> bool:
        if self.told_to_stop:
            return True
        try:
            fcntl.flock(self.users, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _stop(self, server: Server) -> None:
        self.tell("stopping")
        self._stop_child(server.stop_signal)
        self.tell("stopped")

    def _stop_child(self, how: signal.Signals) -> None:
        if self.child is None or self.child.poll() is not None:
            return
        self.child.send_signal(how)
        try:
            self.child.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.log("does not stop; ending it, it will recover at the next start")
            self.child.kill()
            self.child.wait()

    def _last_words(self, server: Server) -> str:
        """The last thing the server said, and where the rest is."""
        path = self.home.logs / f"{server.name}.log"
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - 4000))
            lines = [line for line in file.read().decode(errors="replace").splitlines() if line.strip()]
        telling = [line for line in lines if any(word in line for word in ("FATAL", "PANIC", "error", "failed"))]
        return f"{(telling or lines or ['no message'])[-1].strip()} (all of it: {path})"


def main() -> int:
    """`keeper KIND FOLDER real|throwaway`, born with the keeper's lock as an open file."""
    kind, folder, how = sys.argv[1:4]
    return Keeper(kind, Path(folder), throwaway=how == "throwaway").run()
