"""The list of applications as of a past day: register and risk of then, rights of today, page and file alike."""

import csv
import io
from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from inventory.choices import ApplicationKind
from inventory.models import AIApplication
from risk.models import DepartmentDay, NotComputableSpell
from risk.selectors import applications
from tests.builders import make_application
from tests.governance.estate import Estate
from tests.governance.then import judged, noon, stood

TODAY = timezone.localdate()
FIRST, SECOND = TODAY - timedelta(days=60), TODAY - timedelta(days=20)


@pytest.fixture
def dan(estate: Estate, client: Client) -> Client:
    """Dan, and two past states: the scorer lay in retail under another name and was low; then it was critical. The
    summariser was an idea, and went live between the two."""
    cast = estate.cast
    for row in DepartmentDay.objects.filter(department=cast.retail, principle="overall"):
        row.pk, row.day, row.count = None, FIRST, 1
        row.low_count, row.moderate_count, row.high_count, row.critical_count = 1, 0, 0, 0
        row.save()
    nothing = dict.fromkeys(("low_count", "moderate_count", "high_count", "critical_count", "count"), 0)
    for department in (cast.cards, cast.treasury):
        DepartmentDay.objects.create(department=department, day=FIRST, principle="overall", **nothing)
    stood(estate.scorer, FIRST, name="Scorer of old", department_id=cast.retail.pk, kind="agent", owner_id=cast.bob.pk)
    judged(estate.scorer, FIRST, 12.5, "low", eu_class="minimal", fairness_point=3.5)
    stood(estate.summariser, FIRST, lifecycle="idea")
    stood(estate.summariser, SECOND, lifecycle="live", owner_id=None)
    stood(estate.scorer, SECOND, name="Scorer of late", department_id=cast.cards.pk)
    judged(estate.scorer, SECOND, 88.0, "critical", eu_class=None)
    judged(estate.summariser, SECOND, 30.0, "moderate")
    client.force_login(cast.dan)
    cache.clear()
    return client


def listed(client: Client, **query: Any) -> list[str]:
    return [row.name for row in client.get("/applications/", query).context["page"].object_list]


def filed(client: Client, **query: Any) -> list[dict[str, str]]:
    answer = client.get("/applications/applications.csv", query)
    text = b"".join(answer.streaming_content).decode("utf-8-sig")  # type: ignore[attr-defined]
    return list(csv.DictReader(io.StringIO(text)))


def test_each_day_has_its_own_list(dan: Client, estate: Estate) -> None:
    assert listed(dan, as_of=FIRST) == ["Scorer of old", "Letter Summariser"]
    assert listed(dan, as_of=FIRST + timedelta(days=1)) == ["Scorer of old", "Letter Summariser"]
    assert listed(dan, as_of=SECOND) == ["Scorer of late", "Letter Summariser"]
    assert len(listed(dan)) == 4
    assert listed(dan, as_of=TODAY) == listed(dan)
    (old, idea) = dan.get("/applications/", {"as_of": FIRST}).context["page"].object_list
    assert (old.department, old.kind, old.lifecycle, old.owner) == (
        "Retail Banking",
        ApplicationKind.AGENT,
        "live",
        str(estate.cast.bob),
    )
    assert (old.point, old.band, old.eu_class, old.change, old.points[0]) == (12.5, "low", "minimal", None, 3.5)
    assert (idea.lifecycle, idea.scored, idea.point, idea.band) == ("idea", False, None, None)
    (late, _) = dan.get("/applications/", {"as_of": SECOND}).context["page"].object_list
    assert (late.department, late.point, late.band, late.change) == ("Cards", 88.0, "critical", 75.5)


OLD, SUMMARISER = "Scorer of old", "Letter Summariser"
NARROWED: list[tuple[dict[str, str], list[str]]] = [
    ({"band": "low"}, [OLD]),
    ({"band": "critical"}, []),
    ({"kind": "agent"}, [OLD]),
    ({"kind": "model"}, []),
    ({"lifecycle": "idea"}, [SUMMARISER]),
    ({"owner": "bob"}, [OLD]),
    ({"owner": "alice"}, []),
    ({"class": "minimal"}, [OLD]),
    ({"class": "open"}, [SUMMARISER]),
    ({"q": "of OLD"}, [OLD]),
    ({"q": "100%_"}, []),
    ({"points": "10-15"}, [OLD]),
    ({"points": "95-100"}, []),
    ({"department": "retail"}, [OLD, SUMMARISER]),
    ({"department": "cards"}, []),
    ({"sort": "name"}, [SUMMARISER, OLD]),
    ({"sort": "risk"}, [OLD, SUMMARISER]),
    ({"sort": "-fairness"}, [OLD, SUMMARISER]),
    ({"principle": "fairness", "sort": "-risk"}, [OLD, SUMMARISER]),
]


def test_narrowed_and_sorted_by_how_it_stood(dan: Client) -> None:
    for asked, found in NARROWED:
        assert listed(dan, as_of=FIRST, **asked) == found, asked
        assert [row["name"] for row in filed(dan, as_of=FIRST, **asked)] == found, asked


def test_every_order_is_one(dan: Client) -> None:
    for word in set(applications.SORTS) - {"change"}:
        assert set(listed(dan, as_of=FIRST, sort=word)) == {OLD, SUMMARISER}, word
        assert set(listed(dan, as_of=FIRST, sort=f"-{word}")) == {OLD, SUMMARISER}, word


def test_the_order_by_change_is_not_offered(dan: Client) -> None:
    body = dan.get("/applications/", {"as_of": FIRST, "sort": "-change"}).content.decode()
    assert "a past day can&#x27;t be sorted by" in body
    assert "sort=-change" not in body.split("<thead>")[1].split("</thead>")[0]
    assert listed(dan, as_of=FIRST, sort="-change") == ["Scorer of old", "Letter Summariser"]


def test_as_long_as_the_departments_figure_and_the_overview(dan: Client) -> None:
    live = dan.get("/applications/", {"as_of": FIRST, "lifecycle": "live", "department": "retail"}).context["page"]
    tree = dan.get("/departments/", {"as_of": FIRST}).context["page"].object_list
    assert [row.risk.count for row in tree if row.department.key == "retail"] == [live.paginator.count] == [1]
    highest = dan.get("/", {"as_of": FIRST}).context["highest"]
    assert [(one.name, one.point, one.band) for one in highest] == [
        (row.name, row.point, row.band) for row in live.object_list
    ]


def test_the_file_holds_what_the_page_shows(dan: Client) -> None:
    answer = dan.get("/applications/applications.csv", {"as_of": FIRST})
    assert f"applications-{FIRST}.csv" in answer["Content-Disposition"]
    old, idea = filed(dan, as_of=FIRST)
    assert (old["department"], old["risk"], old["band"], old["owner"]) == ("Retail Banking", "12.5", "low", "Bob")
    assert (idea["risk"], idea["band"], idea["lifecycle"]) == ("", "waiting", "idea")


def test_the_page_says_so(dan: Client, estate: Estate) -> None:
    body = dan.get("/applications/", {"as_of": FIRST, "sort": "name"}).content.decode()
    assert f"As of {FIRST:%-d %B %Y}" in body
    assert 'href="?sort=name">Back to today' in body
    assert f"/applications/{estate.scorer.pk}/history/?as_of={FIRST}" in body
    assert f'href="/applications/applications.csv?as_of={FIRST}&amp;sort=name"' in body
    assert "not applied here" not in body
    assert "none yet" in body


def test_what_could_not_be_judged_has_no_figure(dan: Client, estate: Estate) -> None:
    NotComputableSpell.objects.create(
        application=estate.scorer,
        reason="A question is gone.",
        since=noon(FIRST),
        until=noon(FIRST + timedelta(days=3)),
    )
    (row,) = dan.get("/applications/", {"as_of": FIRST, "q": "scorer"}).context["page"].object_list
    assert (row.computable, row.scored, row.point) == (False, False, None)
    (row,) = dan.get("/applications/", {"as_of": FIRST + timedelta(days=3), "q": "scorer"}).context["page"].object_list
    assert (row.computable, row.point) == (True, 12.5)


def test_rights_are_those_of_today(dan: Client, estate: Estate) -> None:
    cast = estate.cast
    dan.force_login(cast.carol)  # leads retail
    assert listed(dan, as_of=FIRST) == [OLD, SUMMARISER]
    AIApplication.objects.filter(pk=estate.scorer.pk).update(department=cast.treasury)
    cache.clear()
    assert listed(dan, as_of=FIRST) == [row["name"] for row in filed(dan, as_of=FIRST)] == [SUMMARISER]
    dan.force_login(cast.eve)  # leads treasury: sees the scorer today, but not the department in which it lay
    assert "Credit Scorer" in listed(dan)
    assert listed(dan, as_of=FIRST) == [row["name"] for row in filed(dan, as_of=FIRST)] == []
    dan.force_login(cast.dan)
    assert listed(dan, as_of=FIRST) == [OLD, SUMMARISER]


def test_as_many_queries_for_thirty(dan: Client, estate: Estate) -> None:
    def queries() -> int:
        cache.clear()
        dan.get("/applications/", {"as_of": SECOND})
        cache.clear()
        with CaptureQueriesContext(connection) as found:
            dan.get("/applications/", {"as_of": SECOND})
        return len(found)

    few = queries()
    for number in range(30):
        stood(make_application(estate.cast.retail, f"Many {number}"), FIRST)
    assert queries() == few <= 12
    second = dan.get("/applications/", {"as_of": SECOND, "page": 2}).context["page"]
    assert (second.paginator.count, len(second.object_list)) == (32, 7)


def test_hostile_words_find_nothing(dan: Client) -> None:
    for word in ("'", "x'; DROP TABLE risk_scoresnapshot; --", "\\", "%", "_", "%(day)s", "{principle}"):
        for name in ("q", "owner"):
            assert listed(dan, as_of=FIRST, **{name: word}) == [], (name, word)
        for name in ("band", "class", "points", "sort", "principle"):  # left out, and said so
            assert listed(dan, as_of=FIRST, **{name: word}) == [OLD, SUMMARISER], (name, word)
