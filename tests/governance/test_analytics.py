"""The analytics pages: whom they show what, that each part leads to as many rows as it says, and what they cost."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse, reverse_lazy
from django.utils import timezone

from governance.web.analytics import BY_DAY, COVERED, DAILY, SCORES
from inventory.charts.base import Chart
from inventory.choices import AlertState, Severity
from inventory.models import Department
from inventory.services.imports import import_file
from risk.choices import OVERALL, Principle
from risk.models import CoverageDay, DepartmentDay
from risk.services import scores
from tests.builders import make_application, make_department
from tests.cast import Cast
from tests.governance.estate import Estate, alert, estate
from tests.inventory.feeds.files import LABEL, audit_text, days_ago, guid, record, users_text, write
from tests.inventory.feeds.test_cef import log, visit

__all__ = ["estate"]
PAGES = [f"governance:{name}" for name in ("analytics", "analytics_risk", "analytics_threats", "analytics_compliance")]
CONTENT = ((15, "50842eb7"), (16, "50842eb7"), (17, "a44669fe"))  # interactions, and the information found in each
NOT_SUMS = {"users-by-app", "users-by-department"}  # distinct people


@pytest.fixture(autouse=True)
def nothing_kept() -> None:
    cache.clear()


@pytest.fixture
def told(cast: Cast, tmp_path: Path) -> Cast:
    """Interactions out of an audit file: labelled, attacked, registered or not, of people known and unknown."""
    people = users_text(
        ("ann@alderfinch.example", "Ann", "1", "Cards"), ("tom@alderfinch.example", "Tom", "2", "Treasury")
    )
    import_file(actor=None, path=write(tmp_path, "users.csv", people))
    make_application(cast.retail, "Helper", identifiers=[("app_identity", "Copilot.Studio.helper")])
    labelled = {"AccessedResources": [{"Id": "1", "SensitivityLabelId": LABEL, "Status": "success"}]}
    attacked = {"Messages": [{"Id": "1", "isPrompt": True, "JailbreakDetected": True}]}
    tom = {"UserId": "tom@alderfinch.example", "AppIdentity": "Copilot.Studio.helper"}
    rows = [
        *(record(Id=guid(n), CreationTime=days_ago(n % 3 + 1), event=labelled) for n in range(1, 6)),
        *(record(Id=guid(n), CreationTime=days_ago(n % 3 + 1), event=attacked, **tom) for n in range(6, 10)),
        *(record(Id=guid(n), CreationTime=days_ago(2), UserId="stranger@x.example") for n in range(10, 13)),
        record(Id=guid(14), AppIdentity="Copilot.Studio.helper"),  # Ann, with what Tom uses more
        record(Id=guid(13), CreationTime=days_ago(45)),
    ]
    import_file(actor=None, path=write(tmp_path, "audit.csv", audit_text(*rows)))
    shared = [record(Id=guid(n), SensitiveInfoTypeData=[{"SensitiveInfoTypeId": kind}]) for n, kind in CONTENT]
    import_file(actor=None, path=write(tmp_path, "shared.csv", audit_text(*shared)))
    visited = log(*(visit(n, site, days=n) for n, site in ((1, "ChatGPT"), (2, "ChatGPT"), (3, "Claude"))))
    import_file(actor=None, path=write(tmp_path, "agent.log", visited))
    return cast


def charts_of(client: Client, route: str, **query: Any) -> dict[str, Chart]:
    answer = client.get(reverse(route), query)
    assert answer.status_code == 200
    return {chart.key: chart for chart, *_ in answer.context["shown"]}


def behind(client: Client, url: str) -> int:
    """How many rows the page at an address holds, by what it says itself."""
    answer = client.get(url)
    assert answer.status_code == 200, url
    if "/activity/" in url:
        return int(answer.context["total"])
    return int(answer.context["page"].paginator.count)


def parts(chart: Chart) -> list[tuple[str, float]]:
    """(address, amount) of each part of a chart that leads somewhere."""
    found = []
    for trace in chart.figure["data"]:
        amounts = trace["x"] if trace.get("orientation") == "h" else trace["y"]
        urls = trace.get("customdata", ())
        if trace.get("meta"):  # as charts.js makes them
            urls = [f"{trace['meta']}&since={day}&until={day}" for day in trace["x"]]
        found += [(url, n) for url, n in zip(urls, amounts, strict=False) if url and n]
    return found


@pytest.mark.parametrize("who", ["dan", "carol", "eve"])
def test_each_part_of_use_and_threats_leads_to_as_many_events(told: Cast, client: Client, who: str) -> None:
    client.force_login(getattr(told, who))
    followed = set()
    for route in ("governance:analytics", "governance:analytics_threats"):
        for key, chart in charts_of(client, route).items():
            for url, amount in parts(chart):
                if key not in NOT_SUMS:
                    assert behind(client, url) == amount, (key, url)
                    followed.add(key)
            for row in chart.rows:
                if row.url:
                    assert client.get(row.url).status_code == 200
    use = {"interactions", "visits", "sensitive", "labels", "types"}
    assert followed >= {"dan": {*use, "attacks", "attacked"}, "carol": use, "eve": {"interactions", "attacks"}}[who]


@pytest.mark.parametrize(
    ("who", "asked"),
    [
        ("dan", {"kind": "model"}),
        ("carol", {"band": "high,critical"}),
        ("dan", {"owner": "alice"}),
        ("carol", {"class": "open"}),
    ],
)
def test_each_chart_heeds_which_applications_are_chosen(
    estate: Estate, client: Client, who: str, asked: dict[str, str]
) -> None:
    one = alert(estate.scorer, Severity.MEDIUM, AlertState.ACTIVE)
    one.tactics = ["Defense Evasion"]
    one.save()
    client.force_login(getattr(estate.cast, who))
    for route in PAGES:
        for key, chart in charts_of(client, route, **asked).items():
            if key in NOT_SUMS | {"ranking", "profile", "course", "compliance", "voluntary"} or key.endswith(
                "-over-time"
            ):
                continue  # no sums of what is chosen: distinct people, shares, or figures of all applications
            for url, amount in parts(chart):
                assert behind(client, url) == amount, (key, url)
        assert "not applied here" not in client.get(reverse(route), asked).content.decode()
    spread = charts_of(client, "governance:analytics_risk", **asked)["distribution"]
    listed = client.get(reverse("risk:applications"), {**asked, "lifecycle": "live"}).context["page"].paginator.count
    assert sum(n for _, n in parts(spread)) == listed


def test_what_is_chosen_is_all_that_is_shown(estate: Estate, client: Client) -> None:
    client.force_login(estate.cast.dan)
    whole, models = (charts_of(client, "governance:analytics", **asked) for asked in ({}, {"kind": "model"}))
    assert {row.label for row in whole["users-by-app"].rows} == {"Credit Scorer", "Chat Elsewhere"}
    assert {row.label for row in models["users-by-app"].rows} == {"Credit Scorer"}
    assert models["interactions"].summary.startswith("13 interactions")
    assert sum(n for _, n in parts(models["interactions"])) == 13
    assert all(behind(client, url) == n for url, n in parts(models["interactions"]))
    score = estate.scorer.score
    alike = {"band": score.band, "class": score.eu_class or "open"}  # as no other application is judged
    judged = charts_of(client, "governance:analytics", **alike)["interactions"]
    assert sum(n for _, n in parts(judged)) == 13
    assert all(behind(client, url) == n for url, n in parts(judged))
    text = client.get(reverse("governance:analytics_risk"), {"kind": "model"}).content.decode()
    assert text.count("all applications: earlier days") == 3  # bands twice and course: kept by day
    assert "only model" in text
    assert "all applications" not in client.get(reverse("governance:analytics_risk")).content.decode()


def test_distinct_users_say_so_and_lead_to_their_events(told: Cast, client: Client) -> None:
    client.force_login(told.dan)
    found = charts_of(client, "governance:analytics")
    by_department = {row.label: row.values[0] for row in found["users-by-department"].rows}
    assert by_department == {"Retail Banking": 1, "Treasury": 1, "Unassigned": 1}
    assert all("Distinct people" in found[key].unit for key in NOT_SUMS)
    assert all(client.get(row.url).context["page"].rows for row in found["users-by-department"].rows)


def test_people_of_a_department_itself_stand_beside_those_below_it(estate: Estate, client: Client) -> None:
    client.force_login(estate.cast.dan)
    found = charts_of(client, "governance:analytics", department="retail")["users-by-department"]
    rows = {row.label: row for row in found.rows}
    assert {label: row.values[0] for label, row in rows.items()} == {"Cards": 2, "Retail Banking itself": 2}
    page = client.get(rows["Retail Banking itself"].url)
    assert page.context["total"] == 7  # in retail of Chat Elsewhere, not what people of Cards did
    whole = client.get(rows["Retail Banking itself"].url.replace("&below=no", ""))
    assert whole.context["total"] == 16
    assert "not applied here" not in page.content.decode()


def test_a_department_without_any_below_is_shown_itself(estate: Estate, client: Client) -> None:
    client.force_login(estate.cast.dan)
    people = charts_of(client, "governance:analytics", department="cards")["users-by-department"]
    assert [(row.label, row.values) for row in people.rows] == [("Cards itself", (2,))]
    found = charts_of(client, "governance:analytics_risk", department="cards")
    assert [row.label for row in found["ranking"].rows] == ["Cards"]
    assert found["bands-by-department-over-time"].rows


def test_each_part_of_risk_leads_to_as_many_applications(estate: Estate, client: Client) -> None:
    client.force_login(estate.cast.dan)
    found = charts_of(client, "governance:analytics_risk")
    assert sum(n for _, n in parts(found["distribution"])) == 3
    for url, amount in parts(found["distribution"]):
        assert behind(client, url) == amount
    newest = found["bands-over-time"].rows[0]
    assert sum(newest.values) == 3  # type: ignore[arg-type]
    tree = client.get(newest.url).context["page"].object_list
    assert tree[0].risk.count == 3
    assert {row.label for row in found["ranking"].rows} == {"Retail Banking", "Treasury"}
    strips = found["bands-by-department-over-time"].rows
    assert {row.label.split(",")[0] for row in strips} == {"Retail Banking", "Treasury"}
    for row in strips:
        assert sum(row.values) == client.get(row.url).context["figures"].overall.count  # type: ignore[arg-type]
    client.force_login(estate.cast.carol)
    found = charts_of(client, "governance:analytics_risk")
    assert sum(n for _, n in parts(found["distribution"])) == 2
    assert "Organisation" not in found["profile"].columns  # what holds it is out of her sight
    client.force_login(estate.cast.dan)
    compared = charts_of(client, "governance:analytics_risk", department="retail")["profile"]
    assert compared.columns == ("Principle", "Retail Banking", "Organisation")


def test_alerts_and_evidence_lead_to_their_lists(estate: Estate, client: Client) -> None:
    one = alert(estate.scorer, Severity.MEDIUM, AlertState.ACTIVE)
    one.tactics = ["Defense Evasion", "InitialAccess"]
    one.save()
    client.force_login(estate.cast.dan)
    for route, key in (("governance:analytics_threats", "tactics"), ("governance:analytics_compliance", "evidence")):
        chart = charts_of(client, route)[key]
        assert all(behind(client, url) == amount for url, amount in parts(chart)), key
    chart = charts_of(client, "governance:analytics_threats")["tactics"]
    assert {row.label: row.values[-1] for row in chart.rows if row.url} == {"Defense evasion": 1, "Initial access": 1}


@pytest.mark.parametrize("route", PAGES)
def test_whoever_may_see_nothing_of_it_sees_nothing(told: Cast, client: Client, route: str) -> None:
    empty = make_department("Empty", key="empty")
    client.force_login(told.dan)
    answer = client.get(reverse(route), {"department": empty.key})
    assert answer.status_code == 200
    assert all(not chart.rows for chart, *_ in answer.context["shown"])
    assert all(chart.empty in answer.content.decode().replace("&#x27;", "'") for chart, *_ in answer.context["shown"])
    client.force_login(told.eve)
    assert client.get(reverse(route), {"department": "retail"}).status_code == 404
    text = client.get(reverse(route)).content.decode()
    assert "Cards" not in text
    assert "stranger@" not in text


@pytest.mark.parametrize("route", PAGES)
def test_a_day_before_the_first_figures_is_left_out(estate: Estate, client: Client, route: str) -> None:
    client.force_login(estate.cast.dan)
    answer = client.get(reverse(route), {"as_of": timezone.localdate() - timedelta(days=900)})
    assert answer.status_code == 200
    assert "left out" in answer.content.decode()


def test_a_past_day_shows_what_is_kept_of_it(estate: Estate, client: Client) -> None:
    """Figures of a day ago are those of today with what came since taken off, and what they open is of that day."""
    today, rows = timezone.localdate(), DepartmentDay.objects.filter(principle=OVERALL)
    for row in [*DepartmentDay.objects.all(), *CoverageDay.objects.all()]:
        row.pk, row.day = None, today - timedelta(days=9)
        row.save()
    rows.filter(day__lt=today, department=estate.cast.retail).update(index=11.25, worst=11.25, tail=11.25, mean=11.25)
    client.force_login(estate.cast.dan)
    then = {"as_of": f"{today - timedelta(days=1)}"}
    now, past = (charts_of(client, "governance:analytics", **asked) for asked in ({}, then))
    assert sum(n for _, n in parts(now["interactions"])) == 25
    assert sum(n for _, n in parts(past["interactions"])) == 16  # without today's nine
    assert all(behind(client, url) == n for url, n in parts(past["interactions"]))
    now, past = (charts_of(client, "governance:analytics_risk", **asked) for asked in ({}, then))
    for shown, asked in ((now, {}), (past, then)):
        indexes = {row.label: row.values[-1] for row in shown["ranking"].rows}
        assert indexes.keys() == {"Retail Banking", "Treasury"}
        for rank in shown["ranking"].rows:
            found = client.get(rank.url).context["figures"]
            assert (found.department.name, found.overall.index) == (rank.label, pytest.approx(indexes[rank.label]))
            assert ("as_of" in rank.url) == bool(asked)
    retail = {row.label: row.values[-1] for row in past["ranking"].rows}["Retail Banking"]
    assert retail == pytest.approx(11.25)
    now, past = (charts_of(client, "governance:analytics_compliance", **asked) for asked in ({}, then))
    assert [row.values for row in past["compliance"].rows] == [row.values for row in now["compliance"].rows]
    assert all("as_of" in row.url for row in past["compliance"].rows)


def test_the_parts_of_a_rank_and_the_profile_are_those_of_the_roll_up(estate: Estate, client: Client) -> None:
    client.force_login(estate.cast.dan)
    rolled_up = DepartmentDay.objects.select_related("department")
    kept = {(row.department.name, row.principle): row.index for row in rolled_up}
    ranked = charts_of(client, "governance:analytics_risk")["ranking"]
    parts_of = [trace["x"] for trace in ranked.figure["data"]]
    for place, row in enumerate(ranked.rows):
        assert sum(part[place] for part in parts_of) == pytest.approx(kept[row.label, OVERALL])
        assert sum(1 for part in parts_of if part[place]) > 1
    profile = charts_of(client, "governance:analytics_risk", department="retail")["profile"]
    whole = Department.objects.get(parent=None).name
    for row, principle in zip(profile.rows, Principle, strict=True):
        assert row.label == str(principle.label)
        assert row.values == (kept["Retail Banking", principle], kept[whole, principle])
        assert row.values[0] != row.values[1]


def test_charts_of_today_say_how_fresh_their_source_is(estate: Estate, client: Client) -> None:
    """Figures of departments by their last roll-up; no file was read here."""
    client.force_login(estate.cast.dan)
    seen = set()
    for route in PAGES:
        for *_, source, updated in client.get(reverse(route)).context["shown"]:
            assert (updated is not None) == (source in {BY_DAY, COVERED, SCORES}), source
            seen.add(source)
    assert {BY_DAY, COVERED, SCORES, DAILY} <= seen
    page = client.get("/departments/retail/").content.decode()
    sources = page.split("Source: answers, controls and evidence, by day")[1:]
    assert len(sources) == 2
    assert all("updated <time" in text[:60] for text in sources)


def test_a_period_ends_on_the_day_asked_for(told: Cast, client: Client) -> None:
    client.force_login(told.dan)
    (url, _), *_ = parts(charts_of(client, "governance:analytics")["labels"])
    asked = parse_qs(urlsplit(url).query)
    assert asked["until"] == [timezone.localdate().isoformat()]
    assert asked["since"] == [(timezone.localdate() - timedelta(days=29)).isoformat()]


def test_queries_do_not_grow(estate: Estate, client: Client) -> None:
    client.force_login(estate.cast.dan)

    def queries(route: str) -> int:
        cache.clear()
        with CaptureQueriesContext(
            connection,
        ) as seen:
            assert client.get(reverse(route)).status_code == 200
        return len(seen)

    for route in PAGES:
        queries(route)
    few = {route: queries(route) for route in PAGES}
    for n in range(30):
        make_application(make_department(f"More {n}", key=f"more-{n}"), f"Application {n}")
    scores.rescore_changed()
    assert {route: queries(route) for route in PAGES} == few
    assert max(few.values()) <= 45


WITH_CHARTS = [*map(reverse_lazy, PAGES), "/", "/departments/retail/", "/compliance/"]


@pytest.mark.parametrize("narrowed", [{}, {"kind": "model"}])
@pytest.mark.parametrize("past", [False, True])
def test_every_chart_tells_unit_period_source_and_age(
    estate: Estate, client: Client, past: bool, narrowed: dict[str, str]
) -> None:
    """Figures of a past day have no age: they end on it. Of today they have one where anything was read or taken."""
    client.force_login(estate.cast.dan)
    day = timezone.localdate() - timedelta(days=1 if past else 0)
    DepartmentDay.objects.update(day=day - timedelta(days=1))
    asked = {**narrowed, "period": "30", **({"as_of": f"{day}"} if past else {})}
    for address in WITH_CHARTS:
        text = client.get(address, asked).content.decode()
        cards = re.findall(r'<section class="card hub-card chart-card.*?</section>', text, re.DOTALL)
        assert cards
        for card in cards:
            words = re.search(r"<p>[^<]+? · ([^<]+)</p>", card)
            assert words, card[:200]
            assert re.search(r"\d|Now", words[1]), (address, words[0])  # a day or a number of days
            source = re.search(r"Source: ([^<·]+)", card)
            assert source, card[:200]
            aged = not past and source[1].strip() in {BY_DAY, COVERED, SCORES}
            assert ("updated <time" in card) == aged, (address, source[1])
