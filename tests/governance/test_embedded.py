"""The embedded servers, with real processes in folders of their own: whatever dies, the next start works."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import redis

from governance import embedded
from governance.embedded.leftovers import alive
from governance.embedded.paths import LONGEST_SOCKET_FOLDER, PROJECT, Home

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="no Unix sockets with rights")
BOTH = ("postgres", "valkey")
# A program that uses the servers until its standard input ends.
USER = """
import sys
from pathlib import Path
sys.path.append("governance")
from embedded import servers
with servers(Path(sys.argv[1]), ("postgres", "valkey"), throwaway=True):
    print("in", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """A state folder; nothing that a test starts in it outlives the test."""
    folder = tmp_path / "hub"
    yield folder
    for kind in BOTH:
        for pid in _pids(folder, kind):
            if alive(pid):
                os.kill(pid, signal.SIGKILL)


def _pids(folder: Path, kind: str) -> list[int]:
    """The server and its keeper."""
    found = []
    file = folder / ("pg/postmaster.pid" if kind == "postgres" else "valkey/valkey.pid")
    if file.exists():
        found.append(int(file.read_text().split("\n")[0]))
    state = folder / "locks" / f"{kind}.state"
    if state.exists():
        found.append(int(json.loads(state.read_text())["pid"]))
    return found


def _use(folder: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", USER, str(folder)],
        cwd=PROJECT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def _wait_in(*users: subprocess.Popen[str]) -> None:
    for user in users:
        assert user.stdout is not None
        assert user.stdout.readline() == "in\n", user.stderr and user.stderr.read()


def _leave(user: subprocess.Popen[str]) -> None:
    user.communicate(timeout=60)
    assert user.returncode == 0


def _answers(folder: Path) -> bool:
    """Whether both servers do their work."""
    settings = embedded.database_settings(folder)
    try:
        with psycopg.connect(
            dbname=settings["NAME"], user=settings["USER"], host=settings["HOST"], port=settings["PORT"]
        ) as connection:
            connection.execute("CREATE TABLE IF NOT EXISTS visit (at timestamptz DEFAULT now())")
            connection.execute("INSERT INTO visit DEFAULT VALUES")
        with redis.Redis.from_url(embedded.redis_url(folder)) as client:
            return bool(client.ping())
    except (psycopg.OperationalError, redis.ConnectionError):
        return False


def _visits(folder: Path) -> int:
    settings = embedded.database_settings(folder)
    with psycopg.connect(
        dbname=settings["NAME"], user=settings["USER"], host=settings["HOST"], port=settings["PORT"]
    ) as connection:
        row = connection.execute("SELECT count(*) FROM visit").fetchone()
    assert row is not None
    return int(row[0])


def _until(condition, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_the_last_to_leave_stops_the_servers(home: Path) -> None:
    first, second = _use(home), _use(home)  # two that start at once, in a folder that is not there yet
    _wait_in(first, second)
    assert _answers(home)
    _leave(first)
    assert _answers(home)
    _leave(second)
    assert not _answers(home)
    assert not (home / "pg" / "postmaster.pid").exists()


def test_a_killed_user_counts_as_gone(home: Path) -> None:
    user = _use(home)
    _wait_in(user)
    server = _pids(home, "postgres")[0]
    user.kill()
    user.communicate()
    _until(lambda: not alive(server))


def test_what_was_written_survives_kill_9_of_a_server(home: Path) -> None:
    with embedded.servers(home, BOTH):
        assert _answers(home)
        for kind in BOTH:
            os.kill(_pids(home, kind)[0], signal.SIGKILL)
        _until(lambda: _answers(home))
        assert _visits(home) >= 2


def test_kill_9_of_a_keeper_leaves_no_server_behind_and_is_mended(home: Path) -> None:
    with embedded.servers(home, BOTH, throwaway=True) as servers:
        assert _answers(home)
        assert not servers.ensure()
        for kind in BOTH:
            server, keeper = _pids(home, kind)
            os.kill(keeper, signal.SIGKILL)
            if sys.platform == "linux":
                _until(lambda pid=server: not alive(pid))
        assert servers.ensure()
        assert _answers(home)


@pytest.mark.parametrize("name", ["with a space, and a comma", "long" * 20], ids=["space", "long"])
def test_a_path_that_sockets_or_addresses_cannot_hold(tmp_path: Path, name: str) -> None:
    folder = tmp_path / name
    with embedded.servers(folder, BOTH, throwaway=True):
        assert _answers(folder)
        sockets = Home(folder).sockets
        assert len(os.fsencode(sockets)) <= LONGEST_SOCKET_FOLDER
        assert sockets.stat().st_mode & 0o777 == 0o700
    sockets.rmdir()


def test_all_agree_on_the_short_folder_whatever_their_tmpdir(tmp_path: Path, monkeypatch) -> None:
    folder = tmp_path / "a b"
    with embedded.servers(folder, ("valkey",), throwaway=True):
        here = Home(folder).sockets
        monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
        assert Home(folder).sockets == here
    here.rmdir()


def test_a_taken_name_in_the_shared_folder_is_not_used(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    folder = tmp_path / "a b"
    taken = Home(folder).sockets
    taken.mkdir(mode=0o777)
    taken.chmod(0o777)  # as somebody would who wants to listen in
    with embedded.servers(folder, ("valkey",), throwaway=True):
        assert Home(folder).sockets != taken
        assert Home(folder).sockets.stat().st_mode & 0o777 == 0o700


def test_no_server_listens_on_the_network(home: Path) -> None:
    with embedded.servers(home, BOTH, throwaway=True):
        settings = embedded.database_settings(home)
        with psycopg.connect(
            dbname=settings["NAME"], user=settings["USER"], host=settings["HOST"], port=settings["PORT"]
        ) as connection:
            assert connection.execute("SHOW listen_addresses").fetchone() == ("",)
        with redis.Redis.from_url(embedded.redis_url(home)) as client:
            assert client.config_get("port") == {"port": "0"}
        assert Home(home).sockets.stat().st_mode & 0o077 == 0


def test_half_a_cluster_is_never_used(home: Path) -> None:
    (home / "pg.new").mkdir(parents=True)
    (home / "pg.new" / "PG_VERSION").write_text("18\n")
    with embedded.servers(home, BOTH, throwaway=True):
        assert _answers(home)
        assert not (home / "pg.new").exists()


def test_another_versions_cluster_is_refused_in_one_line(home: Path) -> None:
    (home / "pg").mkdir(parents=True)
    (home / "pg" / "PG_VERSION").write_text("9\n")
    with (
        pytest.raises(embedded.ServerError, match=r"was made by PostgreSQL 9, but .* pg_dump"),
        embedded.servers(home, ("postgres",)),
    ):
        pass
    assert (home / "pg" / "PG_VERSION").read_text() == "9\n"


def test_a_pid_file_that_names_somebody_else_is_stale(home: Path) -> None:
    with embedded.servers(home, ("postgres",), throwaway=True):
        left = (home / "pg" / "postmaster.pid").read_text().split("\n")
    bystander = subprocess.Popen(["sleep", "60"])
    try:
        (home / "pg" / "postmaster.pid").write_text("\n".join([str(bystander.pid), *left[1:]]))
        with embedded.servers(home, ("postgres",), throwaway=True):
            assert bystander.poll() is None
    finally:
        bystander.kill()
        bystander.wait()


def test_a_folder_of_somebody_else_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(embedded.ServerError, match=r"can't be used: .* Set HUB_HOME"),
        embedded.servers(tmp_path / "file" / "hub", BOTH),
    ):
        pass


def test_addresses_switch_the_servers_off(monkeypatch) -> None:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.delenv("REDIS_URL", raising=False)
    assert embedded.needed() == BOTH
    monkeypatch.setenv("DATABASE_URL", "postgres://db/hub")
    assert embedded.needed() == ("valkey",)
    monkeypatch.setenv("REDIS_URL", "redis://broker/0")
    assert embedded.needed() == ()


def test_an_abandoned_valkey_is_stopped_before_the_next_one_takes_its_socket(home: Path) -> None:
    with embedded.servers(home, ("valkey",), throwaway=True):
        server, keeper = _pids(home, "valkey")
        program = Path(f"/proc/{server}/exe")
        if not program.exists():
            pytest.skip("needs /proc")
        binary = program.resolve()
    config = [
        "--port",
        "0",
        "--unixsocket",
        str(Home(home).valkey_socket),
        "--pidfile",
        str(home / "valkey/valkey.pid"),
    ]
    orphan = subprocess.Popen([binary, *config, "--dir", str(home / "valkey")], stdout=subprocess.DEVNULL)
    _until(lambda: (home / "valkey" / "valkey.pid").exists() and _pings(Home(home).valkey_socket))
    with embedded.servers(home, ("valkey",), throwaway=True):
        assert orphan.wait(10) == 0
        assert _pings(Home(home).valkey_socket)
    assert not alive(keeper)


def _pings(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as talk:
        try:
            talk.connect(str(path))
        except OSError:
            return False
        talk.sendall(b"PING\r\n")
        return talk.recv(16).startswith(b"+PONG")
