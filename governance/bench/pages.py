"""Inside a cluster: server time, size and queries of pages. `python -m governance.bench.pages overview list`"""

import json
import re
import statistics
import sys
import time
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from governance.bench.inside import percentile, report, set_up

WARM_UP, ROUNDS = 3, 20
OVERVIEW = ("/", "/?period=7", "/?period=90", "/?period=365")
SORTS = ("", "-risk", "risk", "name", "-updated")
NARROWED = ("", "&band=high,critical", "&lifecycle=live", "&kind=copilot", "&q=credit", "&class=high_risk")
PAGES = (1, 2, 40)
FEW, MANY = 3, 30
# Of the riskiest application and the first department below the top
EVERY = (
    *("/", "/?kind=model", "/?class=high_risk", "/?department={department}"),
    *("/analytics/", "/analytics/risk/", "/analytics/threats/", "/analytics/compliance/", "/?as_of={past}"),
    *("/departments/", "/departments/organisation/", "/departments/{department}/", "/ahead/"),
    *("/recommendations/", "/recommendations/next/", "/activity/", "/changes/", "/exports/", "/search/?q=credit"),
    *("/compliance/", "/compliance/eu_ai_act/", "/compliance/gaps/", "/compliance/gaps/?page=30"),
    *("/applications/", "/applications/?sort=-risk&page=40", "/applications/{application}/"),
    *(f"/applications/{{application}}/{part}/" for part in ("questionnaire", "classification", "controls", "evidence")),
    *(f"/applications/{{application}}/{part}/" for part in ("activity", "history", "compare", "what-if")),
    *("/discovery/", "/discovery/never-seen/", "/discovery/beyond-approval/", "/unusual/", "/data-events/"),
    *(
        f"/{page}/?as_of={{past}}"
        for page in (
            *("departments", "applications", "compliance", "recommendations", "activity"),
            *("alerts", "evidence", "discovery"),
        )
    ),
    *("/alerts/", "/incidents/", "/evidence/", "/tasks/", "/feeds/", "/settings/departments/", "/people/"),
    *("/account/digest/", "/settings/mail/"),
)


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


def every() -> list[str]:
    """The addresses of EVERY in this estate."""
    from django.utils import timezone

    from inventory.models import Department
    from risk.models import CurrentScore

    riskiest = CurrentScore.objects.filter(counted_in__isnull=False).latest("overall_point", "application_id")
    department = Department.objects.filter(parent__parent=None, parent__isnull=False).earliest("name")
    past = timezone.localdate() - timedelta(days=30)
    return [one.format(application=riskiest.pk, department=department.key, past=past) for one in EVERY]


def assets(html: str) -> int:
    """Bytes of the scripts and styles that a page names, as they go over the wire: compressed."""
    from django.conf import settings

    named = set(re.findall(r'(?:src|href)="/static/([^"]+\.(?:js|css))"', html))
    files = [settings.STATIC_ROOT / one for one in named]
    return sum(
        min(one.stat().st_size for one in (file, file.with_name(f"{file.name}.gz")) if one.exists()) for file in files
    )


def queries(signed_in: Any, address: str) -> int:
    """Queries of a page that was opened before."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    signed_in.get(address)
    with CaptureQueriesContext(connection) as captured:
        signed_in.get(address)
    return len(captured)


def plant() -> None:
    """Two words that exactly FEW and MANY applications carry, planted once an estate."""
    from inventory.choices import ApplicationKind
    from inventory.models import AIApplication, Department
    from inventory.services.applications import register_application

    if AIApplication.objects.filter(name="Threefold 0").exists():
        return
    for word, count in (("Threefold", FEW), ("Thirtyfold", MANY)):
        for number in range(count):
            register_application(
                actor=None,
                name=f"{word} {number}",
                purpose="Counted by the bench.",
                kind=ApplicationKind.APPLICATION,
                department=Department.objects.root(),
            )


def answer(signed_in: Any) -> None:
    """Answer each line, until there are no more: `addresses` with those of EVERY, `queries N` with the number of the
    page's, `times N` with the milliseconds that the Nth page took."""
    found = every()
    for line in sys.stdin:
        what, _, number = line.partition(" ")
        if what.strip() == "addresses":
            answered: Any = found
        elif what == "queries":
            answered = queries(signed_in, found[int(number)])
        else:
            answered = times(signed_in, [found[int(number)]], 1)[0][0]
        print(json.dumps(answered), flush=True)


def main(wanted: list[str]) -> None:
    """Measure the pages that are named; `every` is asked for, page by page."""
    set_up()
    signed_in = client()
    if "every" in wanted:
        answer(signed_in)
        return
    figures: dict[str, Any] = {}
    if "overview" in wanted:
        times(signed_in, OVERVIEW, WARM_UP)
        taken, _ = times(signed_in, OVERVIEW, ROUNDS)
        figures |= {"overview_p95_ms": percentile(taken, 0.95), "overview_median_ms": statistics.median(taken)}
        html = signed_in.get("/").content
        figures |= {"overview_bytes": len(html), "assets_bytes": assets(html.decode())}
    if "list" in wanted:
        times(signed_in, lists(), 1)
        taken, largest = times(signed_in, lists(), 1)
        plant()
        few, many = (queries(signed_in, f"/applications/?q={word}") for word in ("Threefold", "Thirtyfold"))
        figures |= {"list_p95_ms": percentile(taken, 0.95), "list_bytes": largest}
        figures |= {"list_queries": max(few, many), "list_queries_equal": few == many}
    report(**figures)


if __name__ == "__main__":
    main(sys.argv[1:])
