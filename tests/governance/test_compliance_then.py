"""Compliance as of a past day: the figures of then on each of its pages, equal to one another; what isn't kept is
hidden or said."""

from datetime import date, timedelta

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from inventory.models import Department
from risk.models import CoverageDay, DepartmentDay
from tests.governance.estate import Estate

TODAY = timezone.localdate()
FIRST, SECOND = TODAY - timedelta(days=60), TODAY - timedelta(days=20)
NOTHING = dict.fromkeys(("partial", "unknown", "upcoming", "not_assessed", "fulfilment_low", "fulfilment_high"), 0)
LAW, STANDARD = "eu_ai_act", "nist_ai_rmf"


def covered(department: Department, day: date, framework: str, met: int, gap: int, overdue: int) -> None:
    counts = {"met": met, "gap": gap, "overdue": overdue, "assessed": met + gap, "applications": 1}
    CoverageDay.objects.create(department=department, day=day, framework=framework, **{**NOTHING, **counts})


@pytest.fixture
def dan(estate: Estate, client: Client) -> Client:
    """Dan, and two past days of the organisation: retail with gaps in a law and a standard, later fewer of them."""
    cast = estate.cast
    for row in DepartmentDay.objects.filter(department=cast.retail, principle="overall"):
        row.pk, row.day = None, FIRST
        row.save()
    for department in (cast.root, cast.retail):
        covered(department, FIRST, LAW, 1, 9, 2)
        covered(department, FIRST, STANDARD, 3, 5, 0)
        covered(department, SECOND, LAW, 6, 4, 1)
    client.force_login(cast.dan)
    cache.clear()
    return client


def figures(client: Client, path: str, **query: object) -> dict[str, tuple[int, int, int]]:
    context = client.get(path, query).context
    found = context["found"] if "groups" not in context else [one for _, _, group in context["groups"] for one in group]
    return {one.framework.id: (one.met, one.gap, one.overdue) for one in found if one.total}


def test_the_frameworks_as_they_stood(dan: Client) -> None:
    now = figures(dan, "/compliance/")
    for day in (FIRST, FIRST + timedelta(days=5)):
        assert figures(dan, "/compliance/", as_of=day) == {LAW: (1, 9, 2), STANDARD: (3, 5, 0)}
    assert figures(dan, "/compliance/", as_of=SECOND) == {LAW: (6, 4, 1), STANDARD: (3, 5, 0)}
    assert figures(dan, "/compliance/", as_of=TODAY) == now
    body = dan.get("/compliance/", {"as_of": FIRST}).content.decode()
    assert f"As of {FIRST:%-d %B %Y}" in body
    assert 'id="duties"' not in body
    assert 'id="duties"' in dan.get("/compliance/").content.decode()
    assert f'/compliance/{LAW}/?as_of={FIRST}"' in body  # in the table and in the bars
    assert "state=gap" not in body


def test_one_framework_and_the_gaps_of_then_are_the_same_figures(dan: Client) -> None:
    assert figures(dan, f"/compliance/{LAW}/", as_of=FIRST) == {LAW: (1, 9, 2)}
    assert figures(dan, f"/compliance/{LAW}/", as_of=SECOND) == {LAW: (6, 4, 1)}
    assert figures(dan, "/compliance/gaps/", as_of=FIRST) == {LAW: (1, 9, 2)}
    assert figures(dan, "/compliance/gaps/", as_of=FIRST, binding="no") == {STANDARD: (3, 5, 0)}
    assert figures(dan, "/compliance/gaps/", as_of=FIRST, framework=STANDARD) == {STANDARD: (3, 5, 0)}
    for path in (f"/compliance/{LAW}/", "/compliance/gaps/"):
        answer = dan.get(path, {"as_of": FIRST})
        ((row, counts),) = answer.context["rows"]  # nothing lies directly in the organisation
        assert (row.department.key, counts) == ("retail", [1, 0, 9, 0, 0, 0, 2])
        body = answer.content.decode()
        assert "worked out for the export alone" in body
        assert 'id="pairs"' not in body
        assert 'id="pairs"' in dan.get(path).content.decode()


def test_the_tile_of_the_overview_opens_as_many(dan: Client) -> None:
    tiles = {tile.label: tile for tile in dan.get("/", {"as_of": FIRST}).context["tiles"]}
    gaps = tiles["Compliance gaps open"]
    opened = dan.get(gaps.href)
    assert gaps.value == sum(one.gap for one in opened.context["found"]) == 9
    assert opened.context["at"].day == FIRST


def test_filters_that_days_do_not_know_are_not_applied(dan: Client) -> None:
    for path, query in (
        ("/compliance/", {"kind": "model"}),
        (f"/compliance/{LAW}/", {"state": "gap"}),
        ("/compliance/gaps/", {"overdue": "yes"}),
    ):
        body = dan.get(path, {"as_of": FIRST, **query}).content.decode()
        assert "not applied here" in body, path
        assert "not applied here" not in dan.get(path, query).content.decode(), path


def test_rights_are_those_of_today(dan: Client, estate: Estate) -> None:
    dan.force_login(estate.cast.carol)
    assert figures(dan, "/compliance/", as_of=FIRST) == {LAW: (1, 9, 2), STANDARD: (3, 5, 0)}
    dan.force_login(estate.cast.eve)
    for path in ("/compliance/", f"/compliance/{LAW}/", "/compliance/gaps/"):
        answer = dan.get(path, {"as_of": FIRST})
        assert not answer.context["at"].past  # her departments have no figures of then
        assert "before the first figures" in answer.content.decode()
    assert dan.get("/compliance/gaps/", {"as_of": FIRST, "department": "retail"}).status_code == 404


def test_as_many_queries_for_thirty_departments(dan: Client, estate: Estate) -> None:
    def queries(path: str) -> int:
        dan.get(path, {"as_of": FIRST})
        with CaptureQueriesContext(connection) as found:
            dan.get(path, {"as_of": FIRST})
        return len(found)

    paths = ("/compliance/", f"/compliance/{LAW}/", "/compliance/gaps/")
    few = {path: queries(path) for path in paths}
    for number in range(30):
        made = Department.objects.create(name=f"D {number}", key=f"d{number}", parent=estate.cast.root)
        covered(made, FIRST, LAW, 1, number, 0)
    assert {path: queries(path) for path in paths} == few
    assert max(few.values()) <= 15
