"""Run the whole hub in the foreground: servers, web, worker and beat, until Ctrl-C or SIGTERM."""

import errno
import http.client
import os
import signal
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.core.checks import Tags
from django.core.management.base import BaseCommand, CommandError
from django.db import OperationalError, connections
from redis.exceptions import RedisError

from governance import embedded
from governance.embedded.paths import PROJECT
from governance.management.crew import Child, Crew, python
from governance.management.prepare import Demo, prepare

HOST = "127.0.0.1"
WEB_WORKERS, WEB_THREADS, TASK_PROCESSES = 2, 4, 2
FIRST_ANSWER = 120.0  # seconds until the web process must have answered once
HOPELESS = 3  # ends of the web process before its first answer
LOOK_AT_SERVERS = 2.0  # seconds
MEMORY_FOLDER = Path("/dev/shm")  # noqa: S108 - gunicorn's heartbeat files must never wait for a disk


class Command(BaseCommand):
    help = "Run everything: PostgreSQL and Valkey (unless DATABASE_URL and REDIS_URL are set), web, worker, beat."
    requires_system_checks = [Tags.security]

    def handle(self, *args: Any, **options: Any) -> None:
        with ExitStack() as stack:
            stack.enter_context(stop_on_signal())
            home = embedded.prepare_folder(Path(settings.HUB_HOME))
            try:
                stack.enter_context(embedded.only_one(home, settings.HUB_URL))
                listener = stack.enter_context(listen(settings.PORT))
                servers = stack.enter_context(embedded.servers())
                link, demo = self._prepare(home)
                stack.callback(demo.stop)
                self._run(home, servers, listener, link, demo)
            except KeyboardInterrupt:
                say("Stopped before it was ready.")
            except embedded.ServerError as error:
                raise CommandError(str(error)) from error

    def _prepare(self, home: embedded.Home) -> tuple[str, Demo]:
        """Bring database and files into shape. Returns the sign-in link, and the demo that is to be loaded."""
        from inventory.services import people

        try:
            cache.get("up")
            prepare(say)
            administrator = people.first_administrator(actor=None)
            return people.sign_in_link(administrator, actor=None), Demo(home.logs, say)
        except OperationalError as error:
            raise CommandError(f"The database can't be reached: {first_line(error)}. Check DATABASE_URL.") from error
        except RedisError as error:
            raise CommandError(f"The queue can't be reached: {first_line(error)}. Check REDIS_URL.") from error
        finally:
            connections.close_all()

    def _run(
        self, home: embedded.Home, servers: embedded.Servers, listener: socket.socket, link: str, demo: Demo
    ) -> None:
        crew = Crew(children(listener.fileno()), home.logs, PROJECT, say)
        stop = StopFlag()
        crew.watch(stop.wake)
        crew.start("web")
        demo.start()
        try:
            if self._started(crew, demo, stop):
                # The others only now, so that nobody waits for the first page on their account.
                crew.start("beat", "worker")
                self._welcome(link)
            self._keep(crew, servers, stop)
            say("Stopping …")
        finally:
            crew.stop()
        say("Stopped.")

    def _started(self, crew: Crew, demo: Demo, stop: "StopFlag") -> bool:
        """Wait for the first answer and for the demo; False when asked to stop meanwhile."""
        answered, begin = False, time.monotonic()
        while not stop.asked:
            crew.turn(0.05)
            if not answered:
                answered = answers(settings.PORT)
            if not answered:
                check_patience(crew, begin)
            if answered and demo.finished():
                return True
        return False

    def _keep(self, crew: Crew, servers: embedded.Servers, stop: "StopFlag") -> None:
        """Look after everybody until asked to stop."""
        looked = time.monotonic()
        while not stop.asked:
            crew.turn(0.5)
            if time.monotonic() - looked > LOOK_AT_SERVERS:
                looked = time.monotonic()
                if servers.ensure():
                    say("A server had ended together with its keeper, and was started again.")

    def _welcome(self, link: str) -> None:
        hours = settings.SESAME_MAX_AGE.total_seconds() / 3600
        self.stdout.write(
            f"\nAI Governance Hub: {settings.HUB_URL}\n"
            f"Sign in, once and within {hours:g} h: {link}\n"
            f"Stop with Ctrl-C. State and logs: {settings.HUB_HOME}\n"
        )
        self.stdout.flush()


class StopFlag:
    """From here on SIGINT and SIGTERM no longer interrupt, they ask; the loop ends at a point of its choice."""

    def __init__(self) -> None:
        self.asked = False
        self.wake, write_end = os.pipe()
        os.set_blocking(self.wake, False)
        os.set_blocking(write_end, False)
        signal.set_wakeup_fd(write_end, warn_on_full_buffer=False)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._ask)
        signal.signal(signal.SIGCHLD, lambda *_: None)  # wakes the loop

    def _ask(self, number: int, frame: FrameType | None) -> None:
        self.asked = True


@contextmanager
def stop_on_signal() -> Iterator[None]:
    """While preparing, SIGTERM interrupts like Ctrl-C; afterwards the handlers are as before."""
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGCHLD)
    before = {number: signal.getsignal(number) for number in numbers}
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.set_wakeup_fd(-1)
        for number, handler in before.items():
            signal.signal(number, handler)


def say(text: str) -> None:
    """Progress and the children's lines: stderr, whole lines, at once."""
    embedded.to_stderr(text)


def first_line(error: BaseException) -> str:
    """An error's message without what follows its first line."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")


@contextmanager
def listen(port: int) -> Iterator[socket.socket]:
    """The web's address, taken before anything is started and handed to the web process, which listens on it."""
    with socket.socket(socket.AF_INET) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((HOST, port))
        except OSError as error:
            told = {errno.EADDRINUSE: "is taken by another program", errno.EACCES: "needs more rights"}
            why = told.get(error.errno or 0, error.strerror)
            raise CommandError(f"Port {port} {why}. Choose another one: PORT={port % 1000 + 8001} make run") from error
        yield listener


def children(listener: int) -> list[Child]:
    """Web, worker and beat, in the order in which they are stopped."""
    web = python("gunicorn", "governance.wsgi:application", "--bind", f"fd://{listener}", "--worker-class", "gthread")
    web += ["--workers", str(WEB_WORKERS), "--threads", str(WEB_THREADS), "--preload", "--log-level", "warning"]
    web += ["--graceful-timeout", "10", "--no-control-socket"]
    if MEMORY_FOLDER.is_dir():
        web += ["--worker-tmp-dir", str(MEMORY_FOLDER)]
    # Running as root, as in a container, is no fault here: nothing unpickles what comes over the queue.
    celery = [
        sys.executable,
        "-W",
        "ignore:You're running the worker",
        "-m",
        "celery",
        "--quiet",
        "--app",
        "governance",
    ]
    # One worker on one machine has nobody to gossip or mingle with; it would only start a second later.
    worker = [*celery, "worker", "--loglevel", "WARNING", "--pool", "prefork", "--concurrency", str(TASK_PROCESSES)]
    worker += ["--without-gossip", "--without-mingle"]
    beat = [*celery, "beat", "--loglevel", "WARNING", "--pidfile="]
    return [
        Child("web", web, patience=15, pass_fds=(listener,)),
        Child("beat", beat, patience=5),
        Child("worker", worker, patience=30),
    ]


def answers(port: int) -> bool:
    """Whether the web process answers at all; what is wrong behind it stands in its own lines."""
    connection = http.client.HTTPConnection(HOST, port, timeout=2)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status < 500
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def check_patience(crew: Crew, begin: float) -> None:
    """Give up on a web process that ends again and again, or does not answer for the first time."""
    web = crew.children[0]
    if web.deaths >= HOPELESS or time.monotonic() - begin > FIRST_ANSWER:
        raise CommandError(f"The web process does not start: {web.last_line} (all of it: {crew.logs / 'web.log'})")
