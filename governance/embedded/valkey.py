"""One Valkey server: the doorbell of the queue and the cache, with an append-only file, on a socket only."""

import signal
import socket
from pathlib import Path

from . import binaries
from .leftovers import stop_leftover
from .paths import Home


class Valkey:
    """What the keeper needs to know about Valkey."""

    name, title, stop_signal = "valkey", "Valkey", signal.SIGTERM

    def __init__(self, home: Home, throwaway: bool) -> None:
        self.home, self.throwaway = home, throwaway
        self.program = binaries.valkey_program()

    def prepare(self) -> None:
        """Stop what a dead keeper left: a second server on the same socket would silently take it over."""
        self.home.valkey.mkdir(mode=0o700, exist_ok=True)
        stop_leftover(self._pid_file, self.home.valkey_socket, self.stop_signal)
        self.home.valkey_socket.unlink(missing_ok=True)

    @property
    def _pid_file(self) -> Path:
        return self.home.valkey / "valkey.pid"

    def command(self) -> list[str]:
        """The command line of the server. `noeviction`: a full memory must not make tasks vanish."""
        settings = {
            "port": "0",
            "unixsocket": str(self.home.valkey_socket),
            "unixsocketperm": "700",
            "dir": str(self.home.valkey),
            "pidfile": str(self._pid_file),
            "appendonly": "no" if self.throwaway else "yes",
            "save": "",
            "maxmemory-policy": "noeviction",
            "daemonize": "no",
            "loglevel": "warning",
        }
        return [str(self.program), *(word for name, value in settings.items() for word in (f"--{name}", value))]

    def ready(self, pid: int) -> bool:
        """Whether the server answers; while it loads its file it answers with an error."""
        try:
            with socket.socket(socket.AF_UNIX) as talk:
                talk.settimeout(2)
                talk.connect(str(self.home.valkey_socket))
                talk.sendall(b"PING\r\n")
                return talk.recv(64).startswith(b"+PONG")
        except OSError:
            return False
