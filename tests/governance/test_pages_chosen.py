"""Matrix, ranking, profile, bands and forecast of chosen applications alone, on every page that shows them."""

import json
from datetime import date
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from governance.selectors import overview, rollups
from governance.selectors.among import Among
from inventory.models import Department
from inventory.selectors.scope import path_to, scope_of
from inventory.services import sessions
from risk.choices import Band
from risk.method import load_method
from risk.models import CurrentScore, NotComputable
from risk.scoring.portfolio import score_department
from risk.selectors.applications import Wanted
from risk.services.scores import rescore_changed
from tests.builders import make_application
from tests.governance.estate import Estate
from tests.governance.test_applications_then import FIRST, SECOND, dan

__all__ = ["dan"]

EVERY_BAND = ",".join(Band.values)
CHOICES = [
    {"kind": "model"},
    {"band": "critical,high"},
    {"class": "open"},
    {"owner": "alice"},
    {"kind": "copilot,model"},
]
FIGURES = ("index", "worst", "tail", "mean", "critical_share", "high_share", "index_30d", "index_60d", "index_90d")
COUNTS = ("band", "count", "worst_application_id", *(f"{band}_count" for band in Band.values))


def listed(client: Client, url: str) -> list[Any]:
    page = client.get(url).context["page"]
    assert page.paginator.num_pages == 1
    return list(page.object_list)


def charts(client: Client, **asked: Any) -> dict[str, Any]:
    return {one[0].key: one[0] for one in client.get("/analytics/risk/", asked).context["shown"]}


def same(one: rollups.Risk | None, other: rollups.Risk | None) -> None:
    assert (one is None) == (other is None)
    if one and other:
        assert [getattr(one, name) for name in COUNTS] == [getattr(other, name) for name in COUNTS]
        for name in FIGURES:
            assert getattr(one, name) == pytest.approx(getattr(other, name)), name


@pytest.mark.parametrize("who", ["dan", "carol", "eve"])
@pytest.mark.parametrize("chosen", [None, "retail", "cards"])
def test_all_of_them_chosen_the_figures_are_those_kept(estate: Estate, who: str, chosen: str | None) -> None:
    user, day = getattr(estate.cast, who), timezone.localdate()
    top = Department.objects.get(key=chosen) if chosen else None
    if top and who == "eve":
        return
    scope, above = scope_of(user, top), path_to(user, top)[:1] if top else ()
    kept = overview.figures(scope, day, beside=above)
    found = overview.figures(scope, day, beside=above, among=Among(Wanted(bands=Band.values)))
    assert found.numbers.applications == kept.numbers.applications
    assert (found.matrix.left_out, found.matrix.itself) == (kept.matrix.left_out, kept.matrix.itself)
    assert found.counted_at == kept.counted_at
    for name in ("whole", "parts"):
        rows, other = getattr(found.matrix, name), getattr(kept.matrix, name)
        assert [row.department for row in rows] == [row.department for row in other]
        for row, kept_row in zip(rows, other, strict=True):
            for one, two in zip((row.overall, *row.principles), (kept_row.overall, *kept_row.principles), strict=True):
                same(one, two)
    assert [row.department for row in found.beside] == [row.department for row in kept.beside]
    for row, kept_row in zip(found.beside, kept.beside, strict=True):
        same(row.overall, kept_row.overall)
    assert (found.matrix.own is None) == (kept.matrix.own is None)
    if found.matrix.own and kept.matrix.own:
        for one, two in zip(found.matrix.own.principles, kept.matrix.own.principles, strict=True):
            same(one, two)


@pytest.mark.parametrize("who", ["dan", "carol", "eve", "ada"])
@pytest.mark.parametrize("asked", CHOICES)
def test_a_cell_is_of_the_applications_that_it_opens(
    estate: Estate, client: Client, who: str, asked: dict[str, str]
) -> None:
    client.force_login(getattr(estate.cast, who))
    page = client.get("/", asked)
    body, rows = page.content.decode(), page.context["matrix"].rows
    assert "not applied here" not in body
    assert "all applications<" not in body
    for row in rows:
        for cell in row.cells:
            found = listed(client, cell.url)
            assert cell.value is not None
            assert f"of {len(found)} live" in cell.title
            pairs = [(one.point, CurrentScore.objects.get(pk=one.id).exposure) for one in found]
            expected = score_department(pairs, load_method())
            assert expected is not None
            assert cell.value == pytest.approx(expected.index)
        assert client.get(row.url).status_code == 200
    tile = page.context["tiles"][0]
    assert bool(rows) == bool(tile.value)


def test_a_leader_is_told_nothing_of_what_is_out_of_sight(estate: Estate, client: Client) -> None:
    client.force_login(estate.cast.eve)
    for asked in ({"kind": "model"}, {"owner": "alice"}):
        assert client.get("/", asked).context["matrix"].rows == ()
        drawn = charts(client, **asked)
        assert not drawn["ranking"].rows
        assert not drawn["profile"].rows
        assert "No application fits" in client.get("/", asked).content.decode()


@pytest.mark.parametrize("asked", CHOICES)
@pytest.mark.parametrize("key", ["retail", "cards", "organisation"])
def test_a_department_is_of_the_chosen_alone(estate: Estate, client: Client, key: str, asked: dict[str, str]) -> None:
    client.force_login(estate.cast.dan)
    page = client.get(f"/departments/{key}/", asked)
    context, body = page.context, page.content.decode()
    found = listed(client, context["live_url"])
    overall = context["figures"].overall
    assert (overall.count if overall else 0) == len(found)
    assert body.count("all applications: earlier days") == 2  # the course of the index, and of the bands
    if not overall:
        assert "No application fits" in body
        return
    assert overall.worst == max(one.point for one in found)
    assert context["figures"].worst.id in {one.id for one in found}
    assert context["figures"].change is None
    bands = context["bands"]
    for trace in bands.figure["data"]:
        for url, amount in zip(trace["customdata"], trace["x"], strict=True):
            assert (len(listed(client, url)) if url else 0) == amount
    moving = context["moving"].paginator.count
    assert client.get(context["all_moving"]).context["page"].paginator.count == moving <= len(found)
    for row in context["below"].parts:
        query = {"department": row.department.key, "lifecycle": "live", **asked}
        assert client.get("/applications/", query).context["page"].paginator.count == row.overall.count
    if context["below"].itself and context["below"].parts:
        assert len(listed(client, context["itself_url"])) == context["below"].itself.count
    for row in context["profile"].rows:
        asked_for = {name: words[0] for name, words in parse_qs(urlsplit(row.url).query).items()}
        assert asked_for.items() >= asked.items()


@pytest.mark.parametrize("who", ["dan", "carol"])
@pytest.mark.parametrize("asked", CHOICES)
def test_file_and_interface_say_what_the_pages_say(
    estate: Estate, client: Client, who: str, asked: dict[str, str]
) -> None:
    user = getattr(estate.cast, who)
    client.force_login(user)
    tree = {row.department.key: row.risk for row in client.get("/departments/", asked).context["page"]}
    answer = client.get("/exports/download/", {"dataset": "department_scores", "format": "json", **asked})
    rows = json.loads(b"".join(answer.streaming_content))  # type: ignore[attr-defined]
    overall = {row["department_key"]: row for row in rows if row["principle"] == "overall"}
    assert overall.keys() == tree.keys()
    _, token = sessions.create_token(actor=user, days=7)
    machine = Client(headers={"Authorization": f"Token {token}"})
    told = {row["key"]: row for row in machine.get("/api/v1/departments/", asked).json()["results"]}
    for key, row in overall.items():
        assert row["index"] == pytest.approx(tree[key].index) == told[key]["overall"]["index"]
        assert row["count"] == tree[key].count == told[key]["overall"]["count"]
    assert {key for key, row in told.items() if row["overall"]} == tree.keys()
    covered = machine.get("/api/v1/frameworks/", asked).json()
    gaps = sum(one["gap"] for one in covered if one["binding"])
    tile = next(one for one in client.get("/", asked).context["tiles"] if one.label == "Compliance gaps open")
    assert tile.value == gaps


def test_the_forecast_is_of_the_chosen_alone(estate: Estate, client: Client) -> None:
    client.force_login(estate.cast.dan)
    CurrentScore.objects.filter(pk=estate.scorer.pk).update(overall_90d=99.0)
    CurrentScore.objects.filter(pk=estate.summariser.pk).update(overall_90d=None)
    chosen = client.get("/departments/retail/", {"kind": "model"}).context
    assert [one.days for one in chosen["ahead"]] == [30, 60, 90]
    assert chosen["ahead"][-1].index == pytest.approx(99.0)
    other = client.get("/departments/retail/", {"kind": "copilot"}).context
    assert other["ahead"][-1].index == pytest.approx(CurrentScore.objects.get(pk=estate.summariser.pk).overall_point)
    assert {one.name for one in chosen["moving"]} <= {"Credit Scorer"}


@pytest.mark.parametrize("who", ["dan", "carol"])
@pytest.mark.parametrize("asked", CHOICES)
def test_ranking_and_profile_are_of_the_chosen(estate: Estate, client: Client, who: str, asked: dict[str, str]) -> None:
    client.force_login(getattr(estate.cast, who))
    drawn, matrix = charts(client, **asked), client.get("/", asked).context["matrix"]
    by_name = {row.label: row for row in matrix.rows}
    for row in drawn["ranking"].rows:
        page = client.get(row.url)
        assert sum(row.values[:4]) == pytest.approx(page.context["figures"].overall.index)
        assert row.label in by_name
    whole = next((row for row in matrix.rows if row.note == "all of it"), None)
    assert [row.values[0] for row in drawn["profile"].rows] == ([cell.value for cell in whole.cells] if whole else [])


@pytest.mark.parametrize("day", [FIRST, SECOND])
@pytest.mark.parametrize(
    "asked", [{"kind": "agent"}, {"kind": "model"}, {"band": EVERY_BAND}, {"owner": "bob"}, {"class": "minimal"}]
)
def test_so_it_is_as_of_a_past_day(dan: Client, day: date, asked: dict[str, str]) -> None:
    page = dan.get("/", {"as_of": day, **asked})
    for row in page.context["matrix"].rows:
        for cell in row.cells:
            found = [one for one in listed(dan, cell.url) if one.scored]
            assert f"of {len(found)} live" in cell.title
            assert f"as_of={day}" in cell.url
            assert f"Worst application {max(one.point for one in found):.0f}" in cell.title
    one = dan.get("/departments/retail/", {"as_of": day, **asked})
    overall = one.context["figures"].overall
    scored = [each for each in listed(dan, one.context["live_url"]) if each.scored]
    assert (overall.count if overall else 0) == len(scored)
    assert charts(dan, as_of=day, **asked)["ranking"] is not None


@pytest.mark.parametrize("asked", [{"kind": "agent"}, {"kind": "model"}, {"owner": "bob"}])
def test_the_file_of_a_past_day_says_what_the_tree_says(dan: Client, asked: dict[str, str]) -> None:
    tree = {row.department.key: row.risk for row in dan.get("/departments/", {"as_of": FIRST, **asked}).context["page"]}
    query = {"dataset": "department_scores", "format": "json", "as_of": FIRST, **asked}
    rows = json.loads(b"".join(dan.get("/exports/download/", query).streaming_content))  # type: ignore[attr-defined]
    overall = {row["department_key"]: row["index"] for row in rows if row["principle"] == "overall"}
    assert overall == {key: pytest.approx(risk.index) for key, risk in tree.items()}
    told = dan.get("/api/v1/departments/", {"as_of": FIRST, **asked}).json()["results"]
    assert {one["key"]: one["overall"]["index"] for one in told if one["overall"]} == overall
    assert {one["as_of"] for one in told if one["overall"]} <= {FIRST.isoformat()}


@pytest.mark.parametrize("asked", [{"kind": "agent"}, {"band": "low"}, {"class": "open"}, {"owner": "-"}])
def test_frameworks_of_a_past_day_are_not_told_apart_and_say_so(dan: Client, asked: dict[str, str]) -> None:
    """Their requirements by application are kept of today alone, whose counts would be passed off as those of then."""
    assert dan.get("/api/v1/frameworks/", asked).status_code == 200
    answer = dan.get("/api/v1/frameworks/", {"as_of": FIRST, **asked})
    assert (answer.status_code, list(answer.json())) == (400, list(asked))
    assert "known of today alone" in str(answer.json())


@pytest.mark.parametrize("path", ["/", "/analytics/risk/", "/departments/retail/", "/departments/"])
def test_a_past_day_asks_no_more(dan: Client, path: str) -> None:
    asked = {"as_of": FIRST, "band": "low"}
    dan.get(path, asked)
    with CaptureQueriesContext(connection) as queries:
        assert dan.get(path, asked).status_code == 200
    assert len(queries) <= 15


def test_what_was_not_chosen_then_counts_nowhere(dan: Client) -> None:
    """It was an agent on the first day, and is a model today."""
    agents, models = (
        dan.get("/", {"as_of": FIRST, "kind": kind}).context["matrix"].rows for kind in ("agent", "model")
    )
    assert {row.label for row in agents} >= {"Organisation"}
    assert models == ()


def test_what_cannot_be_judged_is_named_where_it_may_be_meant(estate: Estate, client: Client) -> None:
    client.force_login(estate.cast.dan)
    NotComputable.objects.create(application=estate.scorer, reason="odd", since=timezone.now())
    for asked, named in (({"kind": "model"}, 1), ({"kind": "copilot"}, 0), ({"band": "low"}, 1), ({"owner": "-"}, 0)):
        for path in ("/", "/departments/", "/departments/retail/"):
            assert client.get(path, asked).context["not_computable"].count == named, (path, asked)


@pytest.mark.parametrize("path", ["/", "/analytics/risk/", "/departments/retail/", "/ahead/"])
@pytest.mark.parametrize("asked", [{"kind": "model"}, {"kind": "model", "department": "retail"}, {"band": EVERY_BAND}])
def test_as_many_queries_for_thirty(estate: Estate, client: Client, path: str, asked: dict[str, str]) -> None:

    def counted() -> int:
        client.get(path, asked)
        with CaptureQueriesContext(connection) as queries:
            assert client.get(path, asked).status_code == 200
        return len(queries)

    client.force_login(estate.cast.dan)
    few = counted()
    for place in range(30):
        below = Department.objects.create(name=f"Below {place}", key=f"below{place}", parent=estate.cast.retail)
        make_application(below, kind="model")
    rescore_changed()
    assert counted() == few <= 15


@pytest.mark.parametrize("who", ["dan", "carol"])
@pytest.mark.parametrize("asked", [{}, {"department": "cards"}, {"department": "cards", "kind": "model"}])
def test_risk_of_a_department_takes_no_more_than_fifteen(
    estate: Estate, client: Client, who: str, asked: dict[str, str]
) -> None:
    client.force_login(getattr(estate.cast, who))
    client.get("/analytics/risk/", asked)
    with CaptureQueriesContext(connection) as queries:
        assert client.get("/analytics/risk/", asked).status_code == 200
    assert len(queries) <= 15
