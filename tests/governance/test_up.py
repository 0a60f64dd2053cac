"""`manage.py up` as people use it: one process, an address, Ctrl-C; and one clear line for what can go wrong."""

import http.client
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from governance.embedded.paths import PROJECT

START, STOP = 180.0, 60.0  # seconds; generous, since the machine may be busy with other tests


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def _environment(home: Path, port: int | str | None) -> dict[str, str]:
    """The environment of a person at a terminal, without what the tests set for themselves."""
    theirs = {"DATABASE_URL", "REDIS_URL", "HUB_TEST_SERVERS", "HUB_URL", "PORT"}
    own = {"HUB_HOME": str(home), "HUB_DEMO": "0"} | ({} if port is None else {"PORT": str(port)})
    return {name: value for name, value in os.environ.items() if name not in theirs} | own


def _manage(home: Path, port: int | str | None, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "manage.py", *words],
        cwd=PROJECT,
        env=_environment(home, port),
        capture_output=True,
        text=True,
        timeout=START,
        check=False,
    )


def _get(port: int, path: str) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    except OSError:
        return 0
    finally:
        connection.close()


def _processes_of(home: Path) -> list[str]:
    """The command lines of everything that still runs for this state folder."""
    lines = subprocess.run(["ps", "-ww", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    return [line for line in lines.splitlines() if str(home) in line]


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[subprocess.Popen[str], Path, int]]:
    """A running hub, in a folder with a space."""
    home, port = tmp_path_factory.mktemp("a state") / "hub", _free_port()
    process = subprocess.Popen(
        [sys.executable, "manage.py", "up"],
        cwd=PROJECT,
        env=_environment(home, port),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + START
    while _get(port, "/healthz") != 200:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.2)
    yield process, home, port
    if process.poll() is None:
        process.terminate()
        process.communicate(timeout=STOP)


def test_a_second_one_says_where_the_first_is(hub) -> None:
    _, home, port = hub
    beside = _manage(home, port, "up")
    assert beside.returncode == 1
    assert f"already running: http://127.0.0.1:{port}" in beside.stderr
    assert len(beside.stderr.strip().splitlines()) == 1


def test_other_commands_join_it(hub) -> None:
    _, home, port = hub
    words = ("shell", "--verbosity", "0", "--command", "from inventory.models import User; print(User.objects.count())")
    answer = _manage(home, port, *words)
    assert answer.returncode == 0, answer.stderr
    assert answer.stdout.strip() == "1"  # the administrator, without a password
    assert _get(port, "/healthz") == 200


def test_a_link_leads_to_the_hub_that_runs(hub) -> None:
    _, home, port = hub
    assert _manage(home, None, "sign_in_link").stdout.startswith(f"http://127.0.0.1:{port}/")


def test_a_taken_port_is_one_line_with_the_mend(hub, tmp_path: Path) -> None:
    _, _, port = hub
    answer = _manage(tmp_path / "other", port, "up")
    assert answer.returncode == 1
    assert re.search(rf"Port {port} is taken .* PORT=\d+ make run", answer.stderr)
    assert len(answer.stderr.strip().splitlines()) == 1


def test_it_stops_in_order_and_leaves_nothing(hub) -> None:
    process, home, port = hub
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=STOP)
    assert process.returncode == 0, err
    assert f"http://127.0.0.1:{port}" in out
    assert re.search(r"http://\S+/sign-in/\S+/", out)
    assert "Traceback" not in err
    assert err.strip().splitlines()[-1] == "Stopped."
    assert _get(port, "/healthz") == 0
    assert _processes_of(home) == []


@pytest.mark.parametrize("port", ["abc", "0", "70000"])
def test_a_port_that_is_none_is_one_line(tmp_path: Path, port: str) -> None:
    answer = _manage(tmp_path / "hub", port, "up")
    assert answer.returncode == 1
    assert answer.stderr == f"Error: PORT must be a number from 1 to 65535, not '{port}'.\n"


def test_wrong_use_starts_nothing(tmp_path: Path) -> None:
    answer = _manage(tmp_path / "hub", 8000, "migrate", "--no-such-option")
    assert answer.returncode == 2
    assert not (tmp_path / "hub" / "pg").exists()


def test_a_command_without_a_database_starts_none(tmp_path: Path) -> None:
    answer = _manage(tmp_path / "hub", 8000, "check_method")
    assert answer.returncode == 0, answer.stderr
    assert not (tmp_path / "hub" / "pg").exists()
