"""One PostgreSQL cluster: made once, moved into place when complete, reached only through its socket."""

import os
import shutil
import signal
import stat
import subprocess

from . import binaries
from .leftovers import stop_leftover
from .paths import DATABASE, DATABASE_USER, Home, ServerError

BUILTIN_LOCALE_SINCE = 17
# Sizes fit a laptop; the rest is PostgreSQL's own choice. `jit` costs more than it saves on pages' short queries, and
# most have their rows before parallel workers have started.
TUNING = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "shared_buffers": "256MB",
    "work_mem": "16MB",
    "maintenance_work_mem": "128MB",
    "max_wal_size": "2GB",
    "random_page_cost": "1.1",
    "jit": "off",
    "parallel_setup_cost": "3000",
    "timezone": "UTC",
    "log_timezone": "UTC",
}
# For clusters that are thrown away afterwards (tests, bench): safe only because nobody needs them after a crash.
THROWAWAY = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


class Postgres:
    """What the keeper needs to know about PostgreSQL."""

    name, title, stop_signal = "postgres", "PostgreSQL", signal.SIGINT  # SIGINT: its "fast" shutdown

    def __init__(self, home: Home, throwaway: bool) -> None:
        self.home, self.throwaway = home, throwaway
        self.folder = binaries.postgres_folder()
        self.program = self.folder / "postgres"
        self.major = binaries.postgres_major(self.folder)
        made = self.home.database
        self.user = binaries.unprivileged(self.program, made.stat().st_uid if made.exists() else None)

    def prepare(self) -> None:
        """Stop what a dead keeper left, make the cluster where there is none, refuse another version's."""
        if self.user.owner is not None:
            self._open_the_way()
        if not self.home.database.exists():
            self._initialise()
        version_file = self.home.database / "PG_VERSION"
        made_by = version_file.read_text(encoding="ascii").strip() if version_file.exists() else "no"
        if made_by != str(self.major):
            raise ServerError(
                f"{self.home.database} was made by PostgreSQL {made_by}, but {self.folder} is {self.major}. "
                f"Bring the data over with the old version's pg_dump, or move the folder away to start empty."
            )
        self._check_owner()
        stop_leftover(self.home.database / "postmaster.pid", self.home.database, self.stop_signal)
        self.user.hand_over(self.home.sockets)

    def command(self) -> list[str]:
        """The command line of the server."""
        settings = TUNING | (THROWAWAY if self.throwaway else {})
        settings["unix_socket_directories"] = str(self.home.sockets)
        words = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        return [*self.user.prefix, str(self.program), "-D", str(self.home.database), *words]

    def ready(self, pid: int) -> bool:
        """Whether the server with this process id accepts connections: it says so in the last line of its file."""
        try:
            lines = (self.home.database / "postmaster.pid").read_text(encoding="utf-8").split("\n")
        except FileNotFoundError:
            return False
        return lines[0] == str(pid) and len(lines) > 7 and lines[7].strip() == "ready"

    def _check_owner(self) -> None:
        """PostgreSQL serves only a cluster of its own user. One that root made goes to the user it runs as now."""
        runs_as = os.geteuid() if self.user.owner is None else self.user.owner
        owner = self.home.database.stat().st_uid
        if owner != runs_as and os.geteuid() == 0 and owner == 0:
            self.user.hand_over(self.home.database)
        elif owner != runs_as:
            raise ServerError(
                f"{self.home.database} belongs to user {owner}, but PostgreSQL would run as user {runs_as}. "
                f"Run as that user, or give the state folder to this one with chown."
            )

    def _open_the_way(self) -> None:
        """Another user can use its folders only if it may pass through the state folder and all those above it."""
        self.home.folder.chmod(self.home.folder.stat().st_mode | stat.S_IXOTH)
        for folder in self.home.database.parents:
            if not folder.stat().st_mode & stat.S_IXOTH:
                raise ServerError(
                    f"PostgreSQL refuses to run as root, and {folder} is closed to other users. Set HUB_HOME to a "
                    f"folder such as /var/lib/hub, run as an ordinary user, or set DATABASE_URL."
                )

    def _initialise(self) -> None:
        """Make the cluster and its database in `pg.new` and rename it, so that half a cluster is never used."""
        draft = self.home.database_draft
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(mode=0o700)
        self.user.hand_over(draft)
        builtin = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
        words = builtin if self.major >= BUILTIN_LOCALE_SINCE else ["--locale=C"]
        words += ["--encoding=UTF8", "--auth=trust", f"--username={DATABASE_USER}"]
        if self.throwaway:
            words.append("--no-sync")
        self._run("initdb", "-D", str(draft), "--no-instructions", *words)
        # Single-user mode needs no running server, so that the database is part of what is renamed.
        self._run("postgres", "--single", "-D", str(draft), "postgres", lines=f"CREATE DATABASE {DATABASE};\n")
        draft.rename(self.home.database)

    def _run(self, program: str, *words: str, lines: str = "") -> None:
        command = [*self.user.prefix, str(self.folder / program), *words]
        answer = subprocess.run(
            command, input=lines, capture_output=True, text=True, check=False, env=environment(), cwd="/"
        )
        if answer.returncode:
            told = (answer.stderr or answer.stdout).strip().splitlines() or ["no message"]
            raise ServerError(
                f"The database could not be made in {self.home.folder}: {told[-1].strip()}. "
                f"Check free space and rights there, or set HUB_HOME to another folder."
            )


def environment() -> dict[str, str]:
    """The environment for the servers: without PG* variables, which would override what we say."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PG")} | {"LC_ALL": "C"}
