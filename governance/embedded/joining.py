"""Enter and leave: joining running servers, starting them where none run, and seeing the last one out.

Two locks a server, both `flock`s, which the system drops with the process that held them:
*users* is shared by everyone who uses the server; *keeper* is held by its keeper for as long as it lives.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from .keeper import open_log
from .paths import PROJECT, Home, ServerError, state_folder

if sys.platform != "win32":
    import fcntl

TITLES = {"postgres": "PostgreSQL", "valkey": "Valkey"}
URLS = {"postgres": "DATABASE_URL", "valkey": "REDIS_URL"}
LOOK = 0.02  # seconds between looks while waiting for a keeper
STILL_WAITING = 5.0  # seconds after which waiting is worth a line
LEAVE_PATIENCE = 60.0
# The keeper is imported beside `governance`, not out of it: that package loads Celery, which costs most of a second
# and 40 MB for a process that needs neither. Appended, so that no name of ours hides one of Python's own.
KEEPER = "import sys; sys.path.append(sys.argv.pop(1)); from embedded.keeper import main; sys.exit(main())"

Say = Callable[[str], None]


def to_stderr(text: str) -> None:
    """Messages go to stderr: stdout belongs to results."""
    print(text, file=sys.stderr, flush=True)


def needed() -> tuple[str, ...]:
    """The servers that no address is set for."""
    return tuple(kind for kind, variable in URLS.items() if not os.environ.get(variable))


def prepare_folder(folder: Path) -> Home:
    """Make the state folder with what is needed in it; one clear line if it can't be had."""
    home = Home(folder)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for part in (home.locks, home.logs):
            part.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise ServerError(
            f"The state folder {folder} can't be used: {error.strerror}. Set HUB_HOME to a folder of your own."
        ) from error
    if not os.access(folder, os.W_OK | os.X_OK) or not os.access(home.locks, os.W_OK | os.X_OK):
        raise ServerError(f"The state folder {folder} belongs to somebody else. Set HUB_HOME to a folder of your own.")
    return home


def _prepare_sockets(home: Home) -> None:
    """A folder for the sockets that nobody else can enter: whoever reaches a socket is let in without a password."""
    folder = home.sockets
    if folder.parent != home.folder and not home.socket_link.is_symlink():
        home.socket_link.symlink_to(folder)
    folder.mkdir(mode=0o700, exist_ok=True)
    if folder.is_symlink() or folder.stat().st_uid not in _own_ids(folder) or folder.stat().st_mode & 0o077:
        if folder.parent == home.folder:
            raise ServerError(f"{folder} must be a folder that only you can enter. Remove it and start again.")
        # Somebody took the name in the shared temporary folder first: take one that can't be foreseen.
        home.socket_link.unlink()
        home.socket_link.symlink_to(tempfile.mkdtemp(prefix=f"hub-{os.getuid()}-"))


def _own_ids(folder: Path) -> set[int]:
    """Ours; as root also *nobody*, to whom the folder is handed where namespaces are refused."""
    return {os.geteuid(), 65534} if os.geteuid() == 0 else {os.geteuid()}


def _try_lock(descriptor: int, how: int) -> bool:
    try:
        fcntl.flock(descriptor, how | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


class _Membership:
    """This process's use of one server."""

    def __init__(self, home: Home, kind: str, *, throwaway: bool, say: Say) -> None:
        self.home, self.kind, self.throwaway, self.say = home, kind, throwaway, say
        self.log = home.logs / "keeper.log"
        self.users = self._open("users")
        self.keeper: subprocess.Popen[bytes] | None = None  # if this process had to start it

    def _open(self, lock: str) -> int:
        return os.open(self.home.locks / f"{self.kind}.{lock}", os.O_RDWR | os.O_CREAT, 0o600)

    def _state(self) -> dict[str, str]:
        try:
            state: dict[str, str] = json.loads((self.home.locks / f"{self.kind}.state").read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):
            return {}
        return state

    def enter(self) -> bool:
        """Use the server; True if this process had to start it. Blocks while an old keeper is stopping."""
        fcntl.flock(self.users, fcntl.LOCK_SH)
        return self.ensure()

    def ensure(self) -> bool:
        """Wait for the running server, or start one; also brings one back whose keeper was killed."""
        started: subprocess.Popen[bytes] | None = None
        told, begin = False, time.monotonic()
        while True:
            lock = self._open("keeper")
            try:
                if started is None and _try_lock(lock, fcntl.LOCK_EX):
                    started = self.keeper = self._spawn(lock)
            finally:
                os.close(lock)
            state = self._state()
            if state.get("state") == "ready" and (started is None or str(state.get("pid")) == str(started.pid)):
                return started is not None
            if started is not None and started.poll() is not None:
                raise ServerError(
                    state["message"]
                    if state.get("state") == "failed"
                    else f"{TITLES[self.kind]} could not be started. See {self.log}."
                )
            if not told and time.monotonic() - begin > STILL_WAITING:
                told = True
                self.say(f"Still waiting for {TITLES[self.kind]} (see {self.home.logs}) …")
            time.sleep(LOOK)

    def _spawn(self, lock: int) -> subprocess.Popen[bytes]:
        """Start a keeper that holds the lock from birth: it inherits the open file, and we close our copy."""
        (self.home.locks / f"{self.kind}.state").unlink(missing_ok=True)
        how = "throwaway" if self.throwaway else "real"
        with open_log(self.home.logs, "keeper") as log:
            return subprocess.Popen(
                [sys.executable, "-c", KEEPER, str(PROJECT / "governance"), self.kind, str(self.home.folder), how],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
                pass_fds=[lock],
                start_new_session=True,
            )

    def leave(self) -> None:
        """Stop using the server and wake its keeper, who stops the server if this was the last use."""
        fcntl.flock(self.users, fcntl.LOCK_UN)
        if (pid := self._state().get("pid")) is not None and not self._stopped():
            with suppress(ProcessLookupError):
                os.kill(int(pid), signal.SIGUSR1)

    def see_out(self) -> None:
        """Wait until the keeper has stopped the server, or somebody else turns out to use it."""
        deadline = time.monotonic() + LEAVE_PATIENCE
        while not self._stopped() and not self._others():
            if time.monotonic() > deadline:
                self.say(f"{TITLES[self.kind]} is still stopping. See {self.log}.")
                break
            time.sleep(LOOK)
        if self.keeper is not None and self._stopped():
            self.keeper.wait()  # it has let go of its lock, so it is ending; nobody else would take note of its end
        os.close(self.users)

    def _stopped(self) -> bool:
        """Whether there is no keeper."""
        keeper = self._open("keeper")
        try:
            return _try_lock(keeper, fcntl.LOCK_SH)
        finally:
            os.close(keeper)

    def _others(self) -> bool:
        """Whether somebody else still uses the server: neither free for us alone, nor taken by the keeper alone."""
        if _try_lock(self.users, fcntl.LOCK_EX):
            fcntl.flock(self.users, fcntl.LOCK_UN)
            return False
        if _try_lock(self.users, fcntl.LOCK_SH):
            fcntl.flock(self.users, fcntl.LOCK_UN)
            return True
        return False


class Servers:
    """The servers that this process uses."""

    def __init__(self, folder: Path, members: list[_Membership]) -> None:
        self.folder, self._members = folder, members

    def ensure(self) -> bool:
        """Bring back a server whose keeper was killed; True if one had to be started."""
        started = [member.ensure() for member in self._members]
        return any(started)


@contextmanager
def servers(
    folder: Path | None = None,
    kinds: tuple[str, ...] | None = None,
    *,
    throwaway: bool = False,
    say: Say = to_stderr,
) -> Iterator[Servers]:
    """Use the embedded servers of a state folder (by default this process's) for the length of the block.

    `kinds` are those that no URL is set for, unless given. `throwaway` trades safety against a crash for speed.
    Raises ServerError with one line for people.
    """
    kinds = needed() if kinds is None else kinds
    if kinds and sys.platform == "win32":
        raise ServerError("The embedded servers need Linux, macOS or WSL2. Else set DATABASE_URL and REDIS_URL.")
    home = prepare_folder(folder or state_folder())
    members: list[_Membership] = []
    try:
        _enter(home, kinds, members, throwaway=throwaway, say=say)
        yield Servers(home.folder, members)
    finally:
        for member in members:
            member.leave()
        for member in members:
            member.see_out()


def _enter(home: Home, kinds: tuple[str, ...], members: list[_Membership], *, throwaway: bool, say: Say) -> None:
    """Fill `members` one by one, so that whatever fails, those that were entered are left again."""
    try:
        if kinds:
            _prepare_sockets(home)
        for kind in kinds:
            members.append(_Membership(home, kind, throwaway=throwaway, say=say))
            members[-1].enter()
    except OSError as error:
        raise ServerError(f"{error.filename or home.folder}: {error.strerror}. Check its owner and rights.") from error
