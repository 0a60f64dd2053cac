"""Real servers for the tests: a pytest plugin, loaded before Django's settings (`-p tests.servers`).

The embedded PostgreSQL and Valkey of a state folder for tests, `HUB_HOME/test` (`.hub/test` in the project), or those
of DATABASE_URL and REDIS_URL. Each xdist worker joins them with a database of its own on both.
"""

import os
from contextlib import ExitStack
from pathlib import Path

import pytest

from governance import embedded

_STACK = ExitStack()
_WORKER = os.environ.get("PYTEST_XDIST_WORKER", "")


def _home() -> Path:
    """The tests' state folder. A worker of xdist inherits the one its controller has set already."""
    home = embedded.state_folder()
    return home if _WORKER else home / "test"


def _start() -> None:
    os.environ["HUB_HOME"] = str(_home())
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "governance.settings")
    # The controller of xdist sets REDIS_URL for itself, and its workers inherit that: remember what was given.
    kinds = tuple(os.environ.setdefault("HUB_TEST_SERVERS", " ".join(embedded.needed())).split())
    try:
        _STACK.enter_context(embedded.servers(Path(os.environ["HUB_HOME"]), kinds, throwaway=True))
    except embedded.ServerError as error:
        raise pytest.UsageError(str(error)) from error
    if "valkey" in kinds:
        number = int(_WORKER.removeprefix("gw")) + 1 if _WORKER else 0
        os.environ["REDIS_URL"] = embedded.redis_url(os.environ["HUB_HOME"], number)


_start()


@pytest.hookimpl(trylast=True)
def pytest_unconfigure() -> None:
    _STACK.close()
