"""A page as of a past day: the figures of then, said so, the same as in the export; the rest is refused."""

import csv
import io
import re
from datetime import date, datetime, time, timedelta
from html import unescape
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from governance.models import Export, SavedView
from inventory.models import AIApplication, AuditLogEntry, Department
from risk.models import CurrentScore, DepartmentDay, MethodInForce, ScoreSnapshot
from tests.governance.estate import Estate
from tests.governance.then import noon

TODAY = timezone.localdate()
ANSWERING = (
    *("/", "/departments/", "/applications/", "/analytics/", "/recommendations/", "/activity/", "/compliance/"),
    *("/alerts/", "/evidence/", "/discovery/"),
)
LONG_AGO, BETWEEN, BEFORE = (TODAY - timedelta(days=days) for days in (60, 50, 61))


@pytest.fixture
def dan(estate: Estate, client: Client) -> Client:
    """Dan, and figures of sixty days ago: 11.25 for retail, of one application."""
    for row in DepartmentDay.objects.filter(department=estate.cast.retail):
        row.pk, row.day, row.index, row.count = None, LONG_AGO, 11.25, 1
        row.save()
    client.force_login(estate.cast.dan)
    return client


def indexes(client: Client, query: str = "") -> dict[str, float]:
    rows = client.get(f"/departments/{query}").context["page"].object_list
    return {row.department.key: row.risk.index for row in rows if row.risk}


def test_departments_as_they_stood(dan: Client) -> None:
    now = indexes(dan)
    assert set(now) >= {"retail", "cards", "treasury"}
    assert now["retail"] != 11.25
    for day in (LONG_AGO, BETWEEN):
        assert indexes(dan, f"?as_of={day}") == {"retail": 11.25}
    assert indexes(dan, f"?as_of={TODAY}") == now


def test_equals_the_export_as_of_that_day(dan: Client) -> None:
    answer = dan.get(f"/exports/download/?dataset=department_scores&format=csv&as_of={BETWEEN}")
    text = b"".join(answer.streaming_content).decode("utf-8-sig")  # type: ignore[attr-defined]
    rows = [row for row in csv.DictReader(io.StringIO(text)) if row["principle"] == "overall"]
    assert {row["department_key"]: float(row["index"]) for row in rows} == indexes(dan, f"?as_of={BETWEEN}")


def test_the_page_says_so(dan: Client) -> None:
    body = dan.get(f"/departments/?as_of={BETWEEN}&sort=name").content.decode()
    assert f"As of {BETWEEN:%-d %B %Y}" in body
    assert 'href="?sort=name">Back to today' in body
    assert f'href="/exports/download/?dataset=department_scores&amp;format=csv&amp;as_of={BETWEEN}"' in body
    assert "Back to today" not in dan.get("/departments/").content.decode()


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        (str(TODAY + timedelta(days=1)), "still to come"),
        (str(BEFORE), f"before the first figures, of {LONG_AGO}"),
        ("2026-02-30", "is not a day"),
        ("<b>", "is not a day"),
    ],
)
def test_days_without_an_answer_are_refused(dan: Client, asked: str, why: str) -> None:
    answer = dan.get("/departments/", {"as_of": asked})
    body = answer.content.decode()
    assert why in body
    assert "<b>”" not in body
    assert not answer.context["at"].past


def test_rights_are_those_of_today(estate: Estate, dan: Client) -> None:
    dan.force_login(estate.cast.carol)
    assert indexes(dan, f"?as_of={BETWEEN}") == {"retail": 11.25}
    dan.force_login(estate.cast.eve)
    assert "retail" not in indexes(dan, f"?as_of={BETWEEN}")


def test_as_many_queries_for_thirty_departments(estate: Estate, dan: Client) -> None:
    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as found:
            dan.get(f"/departments/?as_of={BETWEEN}")
        return len(found)

    queries()
    few = queries()
    for number in range(30):
        made = Department.objects.create(name=f"D {number}", key=f"d{number}", parent=estate.cast.retail)
        DepartmentDay.objects.create(
            department=made,
            day=LONG_AGO,
            principle="overall",
            index=5,
            worst=5,
            tail=5,
            mean=5,
            band="low",
            critical_share=0,
            high_share=0,
            count=1,
            low_count=1,
            moderate_count=0,
            high_count=0,
            critical_count=0,
        )
    queries()  # the order is kept under the tree, which has grown
    assert queries() == few


def test_nothing_is_changed_from_a_past_day(estate: Estate, dan: Client) -> None:
    before = AuditLogEntry.objects.count()
    for address in ("/views/", f"/applications/{estate.hostile.pk}/edit/", "/api/v1/applications/"):
        answer = dan.post(f"{address}?as_of={BETWEEN}", {"name": "Changed"})
        assert answer.status_code == 409, address
        assert "can only be read" in answer.content.decode()
    assert AuditLogEntry.objects.count() == before
    assert dan.post("/views/?as_of=", {}).status_code != 409  # an empty day asks for nothing
    assert dan.get(f"/departments/?as_of={BETWEEN}").status_code == 200


def test_strangers_sign_in_first(estate: Estate, client: Client) -> None:
    assert client.post(f"/applications/{estate.hostile.pk}/edit/?as_of={BETWEEN}").status_code == 302


@pytest.mark.parametrize("file", ["overview_html", "board"])
def test_files_refuse_a_day_that_is_not_known(dan: Client, file: str) -> None:
    address = reverse(f"governance:{file}")
    made = Export.objects.count()
    for day, why in ((TODAY + timedelta(days=1), ("still to come", "lies ahead")), (date(2000, 1, 1), ("before the",))):
        answer = dan.get(address, {"as_of": str(day)})
        assert answer.status_code == 400
        assert any(word in answer.content.decode() for word in why)
    assert dan.get(address, {"as_of": "then"}).status_code == 400
    assert Export.objects.count() == made


def test_the_overview_of_then_as_a_file(dan: Client) -> None:
    asked = {"as_of": BETWEEN}
    page, file = dan.get("/", asked), dan.get("/exports/overview.html", asked)
    narrowed = dan.get("/", {**asked, "kind": "model"}).content.decode()
    assert f"/exports/overview.html?kind=model&amp;as_of={BETWEEN}" in narrowed
    assert file.status_code == 200
    assert f"overview-{BETWEEN}.html" in file.headers["Content-Disposition"]
    body = file.content.decode()
    assert f"as of {BETWEEN:%-d %B %Y}" in body
    for tile in page.context["tiles"]:
        assert f"{tile.value:,}" in body
        assert tile.label in body
    (row,) = page.context["matrix"].rows
    assert row.label in body
    assert Export.objects.latest("pk").as_of == BETWEEN


def test_the_overview_names_the_method_of_then(dan: Client) -> None:
    for version, day in (("2025.9", BETWEEN), ("2026.1", TODAY)):
        MethodInForce.objects.create(version=version, since=noon(day), reason="A test.")
    body = dan.get("/exports/overview.html", {"as_of": BETWEEN}).content.decode()
    assert "scores by method 2025.9" in body
    assert "2026.1" not in body


def test_machines_are_told_of_then_or_that_it_is_not_known(dan: Client) -> None:
    listed = dan.get("/api/v1/departments/", {"as_of": BETWEEN}).json()["results"]
    told = {one["key"]: one["overall"] and one["overall"]["index"] for one in listed}
    assert told["retail"] == 11.25
    assert [key for key, index in told.items() if index is not None] == ["retail"]
    now = {one["key"]: one["overall"]["index"] for one in dan.get("/api/v1/departments/").json()["results"]}
    assert now["retail"] != 11.25
    then = dan.get("/api/v1/frameworks/", {"as_of": BETWEEN})
    assert then.status_code == 200
    assert sum(one["gap"] + one["met"] for one in then.json()) == 0
    for path in ("departments", "frameworks"):
        for day in (TODAY + timedelta(days=1), date(2000, 1, 1), "then"):
            assert dan.get(f"/api/v1/{path}/", {"as_of": day}).status_code == 400
    for path in ("applications", "compliance", "usage", "alerts", "incidents", "scores"):
        answer = dan.get(f"/api/v1/{path}/", {"as_of": BETWEEN})
        assert (path, answer.status_code) == (path, 400)
        assert "as_of" in answer.json()


def test_the_export_page_says_that_a_day_is_to_come(dan: Client) -> None:
    assert "still to come" in dan.get("/exports/", {"as_of": str(TODAY + timedelta(days=1))}).content.decode()
    assert "still to come" not in dan.get("/exports/", {"as_of": str(BETWEEN)}).content.decode()


def test_the_overview_as_it_stood(dan: Client, estate: Estate) -> None:
    now = dan.get("/")
    then = dan.get("/", {"as_of": BETWEEN})
    (row,) = then.context["matrix"].rows
    assert (row.label, row.url) == ("Retail Banking", f"/departments/retail/?as_of={BETWEEN}")
    assert len(now.context["matrix"].rows) > 1
    body = then.content.decode()
    assert "What changed since" in body
    for of_today in ("What to do first", "How fresh the figures of use are"):
        assert of_today in now.content.decode()
        assert of_today not in body
    assert "No recommendation was under way then" in body
    assert "What changed since" not in dan.get("/", {"as_of": TODAY}).content.decode()


def test_the_highest_of_then_are_those_live_then(dan: Client, estate: Estate) -> None:
    assert dan.get("/", {"as_of": BETWEEN}).context["highest"] == []  # nothing had a score yet
    scorer = estate.scorer
    at = datetime.combine(LONG_AGO, time(12), timezone.get_default_timezone())
    with connection.cursor() as cursor:
        columns = "pgh_label, pgh_obj_id, id, external_id, purpose, kind, origin, vendor, department_id, registered_at"
        cursor.execute(
            f"INSERT INTO inventory_aiapplicationevent (pgh_created_at, name, lifecycle, updated_at, {columns})"
            f" SELECT %s, 'Scorer of old', 'live', %s, {columns} FROM inventory_aiapplicationevent"
            " WHERE pgh_obj_id = %s ORDER BY pgh_id LIMIT 1",
            [at, at, scorer.pk],
        )
    row = ScoreSnapshot.objects.filter(application=scorer).latest("id")
    row.pk, row.as_of, row.overall_point, row.band = None, LONG_AGO, 12.0, "low"
    row.save(force_insert=True)
    cache.clear()
    (found,) = dan.get("/", {"as_of": BETWEEN}).context["highest"]
    assert (found.id, found.name, found.point, found.band) == (scorer.pk, "Scorer of old", 12.0, "low")
    assert dan.get("/").context["highest"][0].point != 12.0


def test_a_department_as_it_stood(dan: Client, estate: Estate) -> None:
    now, then = dan.get("/departments/retail/"), dan.get("/departments/retail/", {"as_of": BETWEEN})
    assert then.context["figures"].overall.index == 11.25 != now.context["figures"].overall.index
    assert then.context["highest"] == []
    body = then.content.decode()
    assert f"As of {BETWEEN:%-d %B %Y}" in body
    for of_today in ('id="ahead"', 'id="unusual"'):
        assert of_today in now.content.decode()
        assert of_today not in body
    assert dan.post(f"/departments/retail/?as_of={BETWEEN}").status_code == 409


def test_the_worst_of_then_is_named_to_who_sees_it_today(dan: Client, estate: Estate) -> None:
    """Its class is that of today, and judges nothing of then."""
    scorer = estate.scorer
    DepartmentDay.objects.filter(day=LONG_AGO).update(worst_application=scorer)
    CurrentScore.objects.filter(application=scorer).update(eu_class="prohibited")
    AIApplication.objects.filter(pk=scorer.pk).update(department=estate.cast.treasury)
    address = f"/departments/retail/?as_of={BETWEEN}"
    shown = dan.get(address).content.decode()
    assert f'<a href="/applications/{scorer.pk}/history/?as_of={BETWEEN}">{scorer.name}</a>' in shown
    assert "counts as" not in shown
    dan.force_login(estate.cast.carol)
    assert scorer.name not in (answer := dan.get(address)).content.decode()
    assert answer.context["figures"].overall.index == 11.25


@pytest.mark.parametrize("path", ["/departments/retail/", "/analytics/risk/"])
@pytest.mark.parametrize("day", [LONG_AGO, BETWEEN])
def test_what_a_past_day_shows_leads_to_that_day(dan: Client, path: str, day: date) -> None:
    """On the day of the figures themselves too: the last point of a course stands on it."""
    DepartmentDay.objects.filter(day=LONG_AGO).update(critical_count=1)
    body = page(dan, path, day).split("<main", 1)[1]
    kept = set(re.findall(r'"(/(?:departments|applications|compliance)/[^"]*)"', body)) - {path}
    days = {one: re.findall(r"as_of=([\d-]+)", one) for one in kept}
    assert days
    assert [one for one, then in days.items() if not then or then[0] > str(day)] == []


def test_a_page_that_cannot_go_back_says_so(dan: Client) -> None:
    for path, applied in (("/applications/", True), ("/incidents/", False), ("/", True), ("/departments/", True)):
        body = dan.get(path, {"as_of": BETWEEN}).content.decode()
        assert f"As of: <strong>{BETWEEN:%-d %b %Y}</strong>" in body, path
        assert ("not applied here" not in body) is applied, path


def test_the_day_goes_along_to_pages_that_answer_for_it(dan: Client) -> None:
    body = unescape(dan.get("/", {"as_of": BETWEEN, "department": "retail"}).content.decode())
    along = f"?department=retail&as_of={BETWEEN}"
    for path in ANSWERING:
        assert f'href="{path}{along}"' in body, path
    for path in ("/incidents/", "/unusual/", "/changes/"):
        assert f'href="{path}?department=retail"' in body, path
    assert f'href="/analytics/risk/{along}"' in unescape(dan.get(f"/analytics/{along}").content.decode())
    for day in (TODAY, TODAY + timedelta(days=1), "nonsense"):
        assert "as_of=2" not in re.sub(r"<form.*?</form>", "", nav(dan.get("/", {"as_of": day})), flags=re.S)


@pytest.mark.parametrize("day", [BEFORE, TODAY + timedelta(days=1), "nonsense"])
@pytest.mark.parametrize("path", ANSWERING)
def test_a_day_that_was_refused_goes_nowhere(dan: Client, path: str, day: object) -> None:
    """Before the first figures explorer and Discovery answer all the same: use is older than scores."""
    if path in ("/activity/", "/discovery/") and day == BEFORE:
        return
    answer = dan.get(path, {"as_of": day, "department": "retail", "sort": "name"})
    body = unescape(answer.content.decode())
    assert body.count(str(day)) == 1, "beside the sentence that refuses it"
    assert 'href="/departments/?department=retail"' in nav(answer)
    assert answer.context["filters"].as_of == ""


def test_a_day_that_was_refused_takes_no_state_from_the_frameworks(dan: Client) -> None:
    """Their parts lead to the requirements in one state, as they do today."""
    today, refused = (re.findall(r"state=\w+", page(dan, "/compliance/", day)) for day in (TODAY, BEFORE))
    assert refused == today != []


def page(client: Client, path: str, day: object) -> str:
    return unescape(client.get(path, {"as_of": day}).content.decode())


def nav(answer: Any) -> str:
    return answer.content.decode().split("<nav")[1].split("</nav>")[0]


def test_a_saved_view_holds_the_day(dan: Client, estate: Estate) -> None:
    query = f"as_of={BETWEEN}&sort=name"
    body = unescape(dan.get(f"/applications/?{query}").content.decode())
    (form,) = re.findall(r'<form method="post" action="([^"]+)">.*?name="page" value="risk:applications"', body)
    assert f'name="query" value="{query}"' in body
    answer = dan.post(form, {"page": "risk:applications", "query": query, "name": "As it was"})
    assert (answer.status_code, answer["Location"]) == (302, f"/applications/?{query}")
    view = SavedView.objects.get(owner=estate.cast.dan)
    assert dan.get(f"/views/{view.pk}/")["Location"] == f"/applications/?{query}"
    assert dan.post(f"{form}?as_of={BETWEEN}", {"page": "risk:applications", "name": "No"}).status_code == 409


@pytest.mark.parametrize("page", ["/departments/retail/?period=90", "/analytics/risk/?department=retail&period=90"])
def test_a_day_of_the_course_opens_the_department_as_it_stood(dan: Client, page: str) -> None:
    context = dan.get(page).context
    chart = context["course"] if "course" in context else {one.key: one for one, *_ in context["shown"]}["course"]
    line, *others, ahead = chart.figure["data"]
    past = [row for row in chart.rows if "nobody" not in row.label]
    assert [row.url for row in reversed(past)] == line["customdata"]
    assert not any(one["customdata"] for one in others)  # pointed at, all lines of a day are
    assert f"/departments/retail/?as_of={LONG_AGO}" in line["customdata"]
    for url, index in zip(line["customdata"], line["y"], strict=True):
        assert dan.get(url).context["figures"].overall.index == index
    leads = {*ahead["customdata"][1:], *(row.url for row in chart.rows if row not in past)}
    assert leads == {"/ahead/?department=retail"}
    then = dan.get(f"/departments/retail/?as_of={BETWEEN}").context["course"]
    assert then.rows[-1].url == f"/departments/retail/?as_of={LONG_AGO}"
    assert "/ahead/" not in str(then.figure)  # what moves is known of today alone
