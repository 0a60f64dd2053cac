"""Inside a cluster: how long a changed answer takes to show as a score, with a worker running beside."""

import subprocess
import sys
import time
from typing import Any

from governance.bench.inside import percentile, report, set_up
from governance.embedded.paths import PROJECT

CHANGES = 20
PATIENCE = 60.0  # seconds
LOOK = 0.002


def change(application: Any) -> None:
    """Answer one factor otherwise, through the service that the page uses."""
    from risk.method import load_method
    from risk.services import assessments

    factor = next(one for one in load_method().factors.values() if len(one.options) > 1)
    now = application.answers.filter(question=factor.id).values_list("value", flat=True).first()
    other = next(option for option in factor.options if option != now)
    assessments.save_answers(actor=None, application=application, answers={factor.id: other})


def wait(application: Any) -> None:
    """Until the application has left the queue, which it does in the transaction that writes its score."""
    from inventory.models import ChangedApplication

    deadline = time.monotonic() + PATIENCE
    while ChangedApplication.objects.filter(application=application).exists():
        if time.monotonic() > deadline:
            raise SystemExit("the worker did not rescore in time")
        time.sleep(LOOK)


def measure() -> list[float]:
    """Seconds from before the answer is saved to the new score, one for each change, one right after the other: the
    workers are busy with the figures of departments, too."""
    from inventory.models import AIApplication
    from risk.models import CurrentScore

    taken = []
    scored = CurrentScore.objects.values("application")
    for application in AIApplication.objects.filter(lifecycle="live", pk__in=scored).order_by("pk")[: CHANGES + 2]:
        begin = time.perf_counter()
        change(application)
        wait(application)
        taken.append(time.perf_counter() - begin)
    return taken[2:]  # the first ones warm the worker up


def main() -> None:
    """Start a worker, change answers, stop it."""
    set_up()
    words = ["celery", "--quiet", "--app", "governance", "worker", "--loglevel", "ERROR", "--concurrency", "2"]
    worker = subprocess.Popen([sys.executable, "-m", *words], cwd=PROJECT, stdin=subprocess.DEVNULL)
    try:
        taken = measure()
    finally:
        worker.terminate()
        worker.wait()
    report(rescore_one_s=percentile(taken, 0.95))


if __name__ == "__main__":
    main()
