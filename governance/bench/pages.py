"""Inside a cluster: server time, size and queries of pages. `python -m governance.bench.pages overview list`"""

import statistics
import sys
import time
from collections.abc import Iterable
from typing import Any

from governance.bench.inside import percentile, report, set_up

WARM_UP, ROUNDS = 3, 15
OVERVIEW = ("/", "/?period=7", "/?period=90", "/?period=365")
SORTS = ("", "-risk", "risk", "name", "-updated")
NARROWED = ("", "&band=high,critical", "&lifecycle=live", "&kind=copilot", "&q=credit", "&class=high_risk")
PAGES = (1, 2, 40)
FEW, MANY = 3, 30


def lists() -> list[str]:
    """Addresses of the list: every sort, every narrowing, some pages."""
    return [f"/applications/?page={page}&sort={sort}{more}" for page in PAGES for sort in SORTS for more in NARROWED]


def client() -> Any:
    """A signed-in administrator, who sees everything."""
    from django.test import Client

    import governance.wsgi  # noqa: F401 - the process is then as the web server's
    from inventory.services import people

    found = Client(HTTP_HOST="127.0.0.1", raise_request_exception=True)
    found.force_login(people.first_administrator(actor=None), backend="sesame.backends.ModelBackend")
    return found


def times(signed_in: Any, addresses: Iterable[str], rounds: int) -> tuple[list[float], int]:
    """Milliseconds of each answer, and the size of the largest in bytes."""
    taken, largest = [], 0
    for address in list(addresses) * rounds:
        begin = time.perf_counter()
        answer = signed_in.get(address)
        taken.append((time.perf_counter() - begin) * 1000)
        if answer.status_code != 200:
            raise SystemExit(f"{address} answered {answer.status_code}")
        largest = max(largest, len(answer.content))
    return taken, largest


def queries(signed_in: Any, word: str) -> int:
    """Queries of the list that finds this word."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    address = f"/applications/?q={word}"
    signed_in.get(address)
    with CaptureQueriesContext(connection) as captured:
        signed_in.get(address)
    return len(captured)


def plant() -> None:
    """Two words that exactly FEW and MANY applications carry."""
    from inventory.choices import ApplicationKind
    from inventory.models import Department
    from inventory.services.applications import register_application

    for word, count in (("Threefold", FEW), ("Thirtyfold", MANY)):
        for number in range(count):
            register_application(
                actor=None,
                name=f"{word} {number}",
                purpose="Counted by the bench.",
                kind=ApplicationKind.APPLICATION,
                department=Department.objects.root(),
            )


def main(wanted: list[str]) -> None:
    """Measure the pages that are named."""
    set_up()
    signed_in = client()
    figures: dict[str, Any] = {}
    if "overview" in wanted:
        times(signed_in, OVERVIEW, WARM_UP)
        taken, _ = times(signed_in, OVERVIEW, ROUNDS)
        figures |= {"overview_p95_ms": percentile(taken, 0.95), "overview_median_ms": statistics.median(taken)}
    if "list" in wanted:
        times(signed_in, lists(), 1)
        taken, largest = times(signed_in, lists(), 1)
        plant()
        few, many = queries(signed_in, "Threefold"), queries(signed_in, "Thirtyfold")
        figures |= {"list_p95_ms": percentile(taken, 0.95), "list_bytes": largest}
        figures |= {"list_queries": max(few, many), "list_queries_equal": few == many}
    report(**figures)


if __name__ == "__main__":
    main(sys.argv[1:])
