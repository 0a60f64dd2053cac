"""What a killed keeper left behind: a server still running, or a pid file that names somebody else's process."""

import os
import signal
import subprocess
import time
from pathlib import Path

from .paths import ServerError

PATIENCE = 60.0  # seconds for a server to end; after a crash it may first have to write much


def alive(pid: int) -> bool:
    """Whether a process with this id runs and has not merely not been waited for."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[0]
    except (OSError, IndexError):
        return True  # no /proc on this system, or it has just gone; the next look tells
    return state != "Z"


def _command_line(pid: int) -> str:
    """The command line of a process, with spaces between its words; empty if it is gone."""
    file = Path(f"/proc/{pid}/cmdline")
    if file.parent.parent.joinpath("self").exists():
        try:
            return file.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            return ""
    answer = subprocess.run(
        ["ps", "-ww", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return answer.stdout


def stop_leftover(pid_file: Path, mark: Path, how: signal.Signals) -> None:
    """Stop the server that `pid_file` names, if that process really is one started for `mark` (a path in its command
    line). A file that names any other process, as happens after a restart of the machine, is stale and removed.
    """
    try:
        pid = abs(int(pid_file.read_text(encoding="utf-8").split("\n")[0]))
    except (FileNotFoundError, ValueError):
        return
    if not alive(pid):
        return  # the server itself recovers from this
    if str(mark) not in _command_line(pid):
        pid_file.unlink(missing_ok=True)
        return
    os.kill(pid, how)
    deadline = time.monotonic() + PATIENCE
    while alive(pid):
        if time.monotonic() > deadline:
            raise ServerError(f"An earlier server (process {pid}) does not stop. End it with: kill -9 {pid}")
        time.sleep(0.05)
