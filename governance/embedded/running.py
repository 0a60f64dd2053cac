"""Which `up` runs in a state folder, and where: a lock that is held while it runs, with its address inside."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager

from .paths import Home, ServerError

LOCK = "up.lock"


@contextmanager
def only_one(home: Home, address: str) -> Iterator[None]:
    """Hold the state folder for one `up`. Raises ServerError, which says where the first one is."""
    with (home.locks / LOCK).open("a+", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            file.seek(0)
            raise ServerError(
                f"The hub is already running: {file.read().strip()}. Use that one, or stop it with Ctrl-C there. "
                f"Another one beside it needs its own state and port: HUB_HOME=… PORT=… make run"
            ) from error
        file.truncate(0)
        file.write(f"{address} (process {os.getpid()})")
        file.flush()
        yield
        file.truncate(0)


def address(home: Home) -> str:
    """The address of the hub that runs in this state folder; empty where none does."""
    try:
        with (home.locks / LOCK).open(encoding="utf-8") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return file.read().partition(" ")[0]
    except FileNotFoundError:
        pass
    return ""
