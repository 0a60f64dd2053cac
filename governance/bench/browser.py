"""Inside a cluster: how long a browser waits for the first chart. `python -m governance.bench.browser`

Needs the development tools (`make setup`) and a Chromium.
"""

import os
import shutil
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from governance.bench.inside import report, set_up

ROUNDS = 7
PATIENCE = 60.0  # seconds
PROGRAMS = ("chromium", "chromium-browser", "google-chrome")


@contextmanager
def served() -> Iterator[str]:
    """The hub's web process alone, as `make run` starts it; its address."""
    with socket.socket(socket.AF_INET) as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        command = [sys.executable, "-m", "gunicorn", "governance.wsgi:application", "--preload", "--workers", "1"]
        command += ["--bind", f"fd://{listener.fileno()}", "--worker-class", "gthread", "--threads", "4"]
        process = subprocess.Popen(command, pass_fds=(listener.fileno(),), stderr=subprocess.DEVNULL)
        try:
            yield f"http://localhost:{listener.getsockname()[1]}"
        finally:
            process.terminate()
            process.wait(PATIENCE)


def seconds(browser: Any, address: str, cookie: str, value: str) -> float:
    """One visit by somebody whose browser has kept nothing, until a chart is drawn."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    context.add_cookies([{"name": cookie, "value": value, "url": address}])
    page = context.new_page()
    begin = time.perf_counter()
    page.goto(f"{address}/", wait_until="commit", timeout=PATIENCE * 1000)
    page.wait_for_selector(".chart-plot.is-drawn", timeout=PATIENCE * 1000)
    taken = time.perf_counter() - begin
    context.close()
    return taken


def main() -> None:
    """Measure ROUNDS visits after one that warms the server."""
    from playwright.sync_api import sync_playwright

    program = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, PROGRAMS)), None)
    if program is None:
        raise SystemExit("No Chromium found (set CHROMIUM, or install it: apt-get install chromium)")
    set_up()
    from django.conf import settings

    from governance.bench.pages import client

    session = client().cookies[settings.SESSION_COOKIE_NAME].value
    with served() as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        taken = [seconds(browser, address, settings.SESSION_COOKIE_NAME, session) for _ in range(ROUNDS + 1)][1:]
        browser.close()
    report(first_chart_s=statistics.median(taken), slowest_s=max(taken))


if __name__ == "__main__":
    main()
