"""A small SMTP server for the tests: takes mail on a port of its own, and refuses where a test says so."""

import re
import socketserver
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from threading import Lock, Thread


class Inbox(socketserver.ThreadingTCPServer):
    """What arrived, in order. `refused`: readers it takes nothing for; `arrived`: called when a message was kept,
    before its sender hears of it."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Session)
        self.messages: list[EmailMessage] = []
        self.readers: list[list[str]] = []
        self.refused: set[str] = set()
        self.arrived: Callable[[], None] = lambda: None
        self.sessions = 0
        self.lock = Lock()

    @property
    def port(self) -> int:
        return self.server_address[1]

    def keep(self, data: bytes, readers: list[str]) -> None:
        with self.lock:
            self.messages.append(message_from_bytes(data, policy=policy.default))  # type: ignore[arg-type]
            self.readers.append(readers)
        self.arrived()


class _Session(socketserver.StreamRequestHandler):
    server: Inbox

    def handle(self) -> None:
        self.server.sessions += 1
        self.say("220 inbox.test")
        readers: list[str] = []
        for line in self.rfile:
            verb = line[:4].upper().strip()
            if verb == b"RCPT":
                reader = re.findall(rb"<(.*)>", line)[0].decode()
                if reader in self.server.refused:
                    self.say("550 no such mailbox")
                    continue
                readers.append(reader)
            elif verb == b"DATA":
                self.say("354 go on")
                self.server.keep(self.data(), readers)
            elif verb == b"QUIT":
                self.say("221 bye")
                return
            if verb in (b"RSET", b"MAIL"):
                readers = []
            self.say("250 ok")

    def data(self) -> bytes:
        lines = []
        while (line := self.rfile.readline()) not in (b".\r\n", b""):
            lines.append(line.removeprefix(b".") if line.startswith(b"..") else line)
        return b"".join(lines)

    def say(self, words: str) -> None:
        self.wfile.write(words.encode() + b"\r\n")


@contextmanager
def inbox() -> Iterator[Inbox]:
    """A running server."""
    with Inbox() as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
