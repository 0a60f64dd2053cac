"""The processes that `up` starts: their lines, their ends, their restarts. One loop, no threads.

No threads, because a process with threads must not fork, and each restart is a fork.
"""

import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TextIO

from governance.embedded.keeper import die_with_parent, open_log

STEADY = 30.0  # seconds after which a process counts as having started well
LONGEST_PAUSE = 30.0  # seconds before a restart, at most
LONGEST_LINE = 8_192  # bytes that are held back while waiting for the end of a line


@dataclass
class Child:
    """One process to keep running. `patience` is how long its orderly end may take, in seconds."""

    name: str
    command: list[str]
    patience: float
    pass_fds: tuple[int, ...] = ()
    process: subprocess.Popen[bytes] | None = None
    log: TextIO | None = None
    rest: bytes = b""
    started: float = 0.0
    deaths: int = 0
    due: float = 0.0
    last_line: str = ""

    @property
    def running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    @property
    def pipe(self) -> IO[bytes] | None:
        """What it says, as long as it may say more."""
        out = self.process.stdout if self.process else None
        return None if out is None or out.closed else out


class Crew:
    """Starts children, passes their lines on under their name, starts again whoever ends."""

    def __init__(self, children: list[Child], logs: Path, folder: Path, say: Callable[[str], None]) -> None:
        self.children, self.logs, self.folder, self.say = children, logs, folder, say
        self.selector = selectors.DefaultSelector()
        self._width = max(len(child.name) for child in children)

    def watch(self, descriptor: int) -> None:
        """Wake up when there is something to read here too (signals)."""
        self.selector.register(descriptor, selectors.EVENT_READ, None)

    def start(self, *names: str) -> None:
        """Start these; whoever has not been started yet is left alone."""
        for child in self.children:
            if child.name in names:
                self._start(child)

    def _start(self, child: Child) -> None:
        child.log = child.log or open_log(self.logs, child.name)
        child.started, child.due, child.rest = time.monotonic(), 0.0, b""
        child.process = subprocess.Popen(
            child.command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=self.folder,
            env=os.environ | {"PYTHONUNBUFFERED": "1"},
            pass_fds=child.pass_fds,
            start_new_session=True,  # Ctrl-C goes to us alone, and we end them in order
            preexec_fn=lambda: die_with_parent(signal.SIGTERM),
        )
        assert child.pipe is not None
        os.set_blocking(child.pipe.fileno(), False)
        self.selector.register(child.pipe, selectors.EVENT_READ, child)

    def turn(self, seconds: float) -> None:
        """Wait up to so many seconds for lines, then look after whoever has ended."""
        for key, _ in self.selector.select(seconds):
            if key.data is None:
                os.read(key.fd, 4096)
            else:
                self._read(key.data)
        for child in self.children:
            if child.due and time.monotonic() >= child.due:
                self._start(child)
            elif child.process and not child.due and not child.running:
                self._ended(child)

    def _read(self, child: Child) -> bool:
        """Pass on what a child has said; False when there is nothing more for now."""
        if child.pipe is None:
            return False
        try:
            data = os.read(child.pipe.fileno(), 65_536)
        except BlockingIOError:
            return False
        *lines, child.rest = (child.rest + data).split(b"\n")
        if not data or len(child.rest) > LONGEST_LINE:
            lines, child.rest = [*lines, child.rest], b""
        for line in lines:
            self._line(child, line.decode(errors="replace").rstrip())
        if not data:
            self.selector.unregister(child.pipe)
            child.pipe.close()
        return bool(data)

    def _line(self, child: Child, text: str) -> None:
        if not text or child.log is None:
            return
        child.last_line = text
        child.log.write(text + "\n")
        self.say(f"{child.name:{self._width}} | {text}")

    def _ended(self, child: Child) -> None:
        """Note the end and when to start again: at once after a long life, ever later after short ones."""
        assert child.process is not None
        code = child.process.returncode
        self._finish(child)
        child.deaths = child.deaths + 1 if time.monotonic() - child.started < STEADY else 1
        pause = min(0.5 * 2 ** (child.deaths - 1), LONGEST_PAUSE)
        child.due = time.monotonic() + pause
        how = signal.Signals(-code).name if code and code < 0 else f"exit code {code}"
        self.say(f"{child.name:{self._width}} | ended ({how}); starting again in {pause:g} s")

    def _finish(self, child: Child) -> None:
        """Hear the last words of a child that has ended, and end what it may have left in its group."""
        with suppress(ProcessLookupError, PermissionError):
            if child.process is not None:
                os.killpg(child.process.pid, signal.SIGKILL)
        while self._read(child):
            pass
        if child.pipe is not None:
            self.selector.unregister(child.pipe)
            child.pipe.close()

    def stop(self) -> None:
        """End everybody in the given order, each in peace as long as its patience lasts."""
        for child in self.children:
            child.due = float("inf")
        for child in self.children:
            if child.running and child.process is not None:
                child.process.send_signal(signal.SIGTERM)
                self._wait(child)
                self._finish(child)
            if child.log is not None:
                child.log.close()
                child.log = None

    def _wait(self, child: Child) -> None:
        assert child.process is not None
        deadline = time.monotonic() + child.patience
        while child.running:
            if time.monotonic() > deadline:
                self._line(child, "does not end by itself; what it had in hand will be done after the next start")
                child.process.kill()
                child.process.wait()
                return
            for key, _ in self.selector.select(0.05):
                if key.data is None:
                    os.read(key.fd, 4096)
                else:
                    self._read(key.data)


def python(*words: str) -> list[str]:
    """A command line for this very Python: no script of the environment, whose first line breaks on a space."""
    return [sys.executable, "-m", *words]
