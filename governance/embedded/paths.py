"""Where things lie in the state folder, and how clients reach the two servers. Pure but for reading one link."""

import hashlib
import os
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent.parent
DATABASE, DATABASE_USER, PORT_NAME = "hub", "hub", "5432"
# A Unix socket's path has room for 107 bytes (103 on macOS), of which "/.s.PGSQL.5432" takes 14.
LONGEST_SOCKET_FOLDER = 85
# Names that need no quoting in a URL, in libpq's list of hosts or in a server's own configuration.
PLAIN_PATH = re.compile(r"[A-Za-z0-9_/.+-]+")


class ServerError(Exception):
    """The servers can't be had; the text is one line for people and says the mend."""


@dataclass(frozen=True)
class Home:
    """The layout of one state folder (`HUB_HOME`)."""

    folder: Path

    @property
    def database(self) -> Path:
        return self.folder / "pg"

    @property
    def database_draft(self) -> Path:
        return self.folder / "pg.new"

    @property
    def valkey(self) -> Path:
        return self.folder / "valkey"

    @property
    def logs(self) -> Path:
        return self.folder / "logs"

    @property
    def locks(self) -> Path:
        return self.folder / "locks"

    @property
    def socket_link(self) -> Path:
        """Points to the short socket folder where `run/` itself can't be used: all processes must agree on it,
        also those with another TMPDIR."""
        return self.folder / "sockets"

    @property
    def sockets(self) -> Path:
        """The folder of both sockets: `run/`, or a short one under the temporary directory where the path is too
        long for a socket or holds characters (a space, a comma) that connection strings would trip over."""
        own = self.folder / "run"
        if len(os.fsencode(own)) <= LONGEST_SOCKET_FOLDER and PLAIN_PATH.fullmatch(str(own)):
            return own
        try:
            return Path(os.readlink(self.socket_link))
        except OSError:
            digest = hashlib.sha256(os.fsencode(self.folder)).hexdigest()[:12]
            return Path(tempfile.gettempdir()) / f"hub-{os.getuid()}-{digest}"

    @property
    def valkey_socket(self) -> Path:
        return self.sockets / "valkey.sock"


def state_folder() -> Path:
    """The state folder of this process: `HUB_HOME`, by default `.hub/` in the project."""
    return Path(os.environ.get("HUB_HOME") or PROJECT / ".hub").resolve()


def database_settings(hub_home: Path | str) -> dict[str, str]:
    """Where the embedded PostgreSQL of this state folder listens, as Django's DATABASES wants it."""
    sockets = Home(Path(hub_home)).sockets
    return {"NAME": DATABASE, "USER": DATABASE_USER, "HOST": str(sockets), "PORT": PORT_NAME}


def redis_url(hub_home: Path | str, number: int = 0) -> str:
    """Where the embedded Valkey of this state folder listens; `number` is one of its sixteen databases."""
    return f"unix://{Home(Path(hub_home)).valkey_socket}?db={number}"
