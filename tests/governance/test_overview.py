"""The overview: each number is the length of the list behind it, and nobody sees more than their own."""

import re
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from django.contrib.messages import get_messages
from django.db import connection
from django.http import QueryDict
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from governance.selectors import compliance, department, overview, usage
from governance.selectors.among import Among
from governance.web.overview import Tile, page
from inventory.choices import BatchState
from inventory.models import ImportBatch, Sighting, User
from inventory.selectors.scope import scope_of
from inventory.services import discovery
from inventory.web.filters import Filters
from risk.models import CurrentScore
from risk.selectors.applications import Wanted
from risk.services import scores
from tests.builders import make_application, make_department
from tests.cast import Cast
from tests.governance.estate import Estate

MOST_QUERIES = 15


def shown(user: User, query: str = "") -> dict:
    """What the page shows to a person."""
    filters = Filters.from_query(user, QueryDict(query))
    return page(scope_of(user, filters.department), filters, timezone.localdate())


def tile(user: User, label: str, query: str = "") -> Tile:
    return next(one for one in shown(user, query)["tiles"] if one.label == label)


def behind(client: Client, href: str) -> int:
    """How many rows the list at this address has, as its page says, which leaves nothing of the address out."""
    answer = client.get(href)
    assert answer.status_code == 200, href
    assert [str(one) for one in get_messages(answer.wsgi_request)] == []
    return answer.context["page"].paginator.count


@pytest.mark.usefixtures("figures_only")
@pytest.mark.parametrize("who", ["ada", "dan", "carol", "alice"])
@pytest.mark.parametrize(
    "query",
    [
        "",
        "department=retail",
        "department=cards&period=7",
        "kind=model,agent",
        "kind=copilot",
        "band=low",
        "band=critical,high&class=high_risk,open",
        "owner=alice",
        "owner=-&period=90",
    ],
)
def test_each_number_is_the_length_of_its_list(estate: Estate, client: Client, who: str, query: str) -> None:
    user = getattr(estate.cast, who)
    client.force_login(user)
    for one in shown(user, query)["tiles"]:
        assert one.value == (behind(client, one.href) if one.href else 0), one.label


def test_what_is_only_listed_is_not_among_what_is_used(estate: Estate, client: Client) -> None:
    Sighting.objects.create(name="Listed", folded="listed", first_seen=timezone.now(), last_seen=timezone.now())
    client.force_login(estate.cast.dan)
    used = tile(estate.cast.dan, "Unregistered AI apps")
    assert used.value == behind(client, used.href) == 1
    assert behind(client, "/discovery/") == 2
    body = client.get(used.href).content.decode()
    assert "Use: <strong>" in body
    assert "not applied here" not in body


def test_what_is_not_told_apart_says_so(estate: Estate, client: Client) -> None:
    dan = estate.cast.dan
    client.force_login(dan)
    models = shown(dan, "kind=model")
    one, other = tile(dan, "Unregistered AI apps"), tile(dan, "Unregistered AI apps", "kind=model")
    assert (one.value, one.href) == (other.value, other.href)
    assert other.note.startswith("all of them")
    assert {one.name for one in models["highest"]} == {"Credit Scorer"}
    body = client.get("/?kind=model").content.decode()
    assert "all applications" not in body
    assert "only model" in body
    assert "all applications" not in client.get("/").content.decode()
    file = client.get("/exports/overview.html?kind=model").content.decode()
    assert "all applications" not in file


def test_the_numbers_themselves(estate: Estate) -> None:
    dan, carol = estate.cast.dan, estate.cast.carol
    assert tile(dan, "AI applications").value == 3
    assert tile(carol, "AI applications").value == 2
    serious = CurrentScore.objects.filter(band__in=("high", "critical"), counted_in__isnull=False).count()
    assert serious > 0
    assert tile(dan, "High or critical risk").value == serious
    assert tile(dan, "Open alerts").value == 2
    assert tile(carol, "Open alerts").value == 1  # the one tied to no application is for who sees everything
    assert tile(dan, "Unregistered AI apps").note == "used by 3 people"
    assert tile(carol, "Unregistered AI apps").note == "used by 2 people"
    assert tile(dan, "Unregistered AI apps", "period=7").value == 1
    assert tile(dan, "AI applications", "kind=model").value == 1


def test_gaps_tile_counts_binding_frameworks_only(estate: Estate) -> None:
    scope = scope_of(estate.cast.dan)
    found = [one for one in compliance.frameworks(scope, timezone.localdate()) if one.framework.binding]
    overdue = sum(one.overdue for one in found)
    gaps = tile(estate.cast.dan, "Compliance gaps open")
    assert gaps.value == sum(one.gap for one in found) > 0
    partly = sum(one.partial for one in found)
    assert gaps.note == f"and {partly} partly met; {overdue} of both past due"
    assert gaps.value + partly >= overdue > 0


def test_matrix_is_worst_first_and_leads_to_the_applications(estate: Estate) -> None:
    matrix = shown(estate.cast.dan)["matrix"]
    assert [row.label for row in matrix.rows] == ["Organisation", "Retail Banking", "Treasury"] or [
        row.label for row in matrix.rows
    ] == ["Organisation", "Treasury", "Retail Banking"]
    parts = overview.figures(scope_of(estate.cast.dan), timezone.localdate()).matrix.parts
    indexes = [row.overall.index for row in parts if row.overall]
    assert indexes == sorted(indexes, reverse=True)
    cell = matrix.rows[0].cells[0]
    assert parse_qs(urlsplit(cell.url).query) == {
        "department": ["organisation"],
        "lifecycle": ["live"],
        "principle": ["fairness"],
        "sort": ["-risk"],
    }
    worst = CurrentScore.objects.get(application=estate.scorer)
    retail = next(row for row in matrix.rows if row.label == "Retail Banking")
    assert f"Worst application {worst.fairness_point:.0f}" in retail.cells[0].title


def test_a_person_sees_only_their_departments(estate: Estate) -> None:
    rows = [row.label for row in shown(estate.cast.carol)["matrix"].rows]
    assert rows == ["Retail Banking", "Cards", "Retail Banking itself"]
    assert [row.label for row in shown(estate.cast.eve)["matrix"].rows] == ["Treasury"]
    assert {one.name for one in shown(estate.cast.eve)["highest"]} == {estate.hostile.name}


def test_what_has_just_moved_is_named_to_nobody_where_it_lay(estate: Estate) -> None:
    """It counts where it lay until it is judged anew; the new place sees it, the old one no more."""
    scope, day = scope_of(estate.cast.eve, estate.cast.treasury), timezone.localdate()

    def named() -> tuple[set[str], str | None]:
        highest, known = overview.highest(scope), overview.figures(scope, day)
        worst = department.figures(scope, (), known, highest).worst
        return {one.name for one in highest}, worst.name if worst else None

    assert named() == ({estate.hostile.name}, estate.hostile.name)
    estate.hostile.department = estate.cast.retail
    estate.hostile.save()
    assert named() == (set(), None)


def test_two_departments_side_by_side(estate: Estate) -> None:
    cast = estate.cast
    cast.eve.roles.create(department=cast.cards, kind="leader")
    found = shown(cast.eve)
    assert sorted(row.label for row in found["matrix"].rows) == ["Cards", "Treasury"]
    assert found["tiles"][0].value == 2
    assert found["scope"].title == "Cards, Treasury"


def test_use_counts_by_the_department_of_the_user(estate: Estate) -> None:
    scope, day = scope_of(estate.cast.dan), timezone.localdate()
    found = usage.by_category(scope, day, 30)
    sums = {name: sum(number for _, number in points) for name, points in found.items()}
    assert sums == {"copilot": 0, "registered": 13, "unregistered": 12}
    retail = usage.by_category(scope_of(estate.cast.dan, estate.cast.retail), day, 30)
    assert {name: sum(n for _, n in points) for name, points in retail.items()} == {
        "copilot": 0,
        "registered": 9,
        "unregistered": 7,
    }
    assert sum(n for _, n in usage.by_category(scope, day, 90)["copilot"]) == 100
    assert usage.by_category(scope, day, 30, Among(Wanted(kinds=["model"])))["unregistered"] == []


def test_an_application_out_of_sight_is_named_but_not_linked(estate: Estate) -> None:
    used = usage.applications_used(scope_of(estate.cast.eve), timezone.localdate(), 30)
    assert [(one.name, one.id, one.users) for one in used.apps] == [("Credit Scorer", None, 1)]
    seen = usage.applications_used(scope_of(estate.cast.dan), timezone.localdate(), 30)
    assert {one.name: (one.id, one.users) for one in seen.apps} == {
        "Credit Scorer": (estate.scorer.pk, 3),
        "Chat Elsewhere": (None, 3),
    }


@pytest.mark.parametrize(("who", "key"), [("dan", "organisation"), ("carol", "retail"), ("eve", "treasury")])
def test_each_figure_of_who_uses_what_opens_as_many_events(estate: Estate, client: Client, who: str, key: str) -> None:
    """Distinct people open whatever they did; an application out of sight opens nothing."""
    client.force_login(getattr(estate.cast, who))
    rows = client.get(f"/departments/{key}/").context["used"]
    assert rows
    for row in rows:
        if not row.url:
            assert (who, row.interactions, row.people, row.sensitive) == ("eve", "", "", "")
            continue
        assert client.get(row.url).status_code == 200
        assert client.get(row.interactions).context["total"] == row.app.interactions
        assert client.get(row.sensitive).context["total"] == row.app.sensitive
        assert client.get(row.people).context["total"] >= row.app.users
        if not row.app.registered:
            assert behind(client, row.url) == 1


def test_pages_open_for_the_cast(estate: Estate, client: Client) -> None:
    paths = ("/", "/departments/", "/compliance/", "/compliance/gaps/", "/compliance/gdpr/?state=all")
    for who in ("alice", "bob", "carol", "dan", "eve", "ada"):
        client.force_login(getattr(estate.cast, who))
        for path in paths:
            response = client.get(path)
            assert response.status_code == 200, (who, path)
            body = re.sub(r"<script.*?</script>", "", response.content.decode(), flags=re.DOTALL)
            assert "<b>" not in body  # a name from the register is text
            if who == "eve":
                assert "Letter Summariser" not in body
            if who in ("alice", "bob", "carol"):
                assert "HYPERLINK" not in body


def test_what_is_out_of_sight_does_not_exist(estate: Estate, client: Client) -> None:
    client.force_login(estate.cast.eve)
    for path in ("/?department=retail", "/departments/retail/", "/compliance/?department=cards", "/departments/none/"):
        assert client.get(path).status_code == 404, path
    assert client.get("/compliance/no_such_framework/").status_code == 404


def test_nobody_without_a_role(cast: Cast, client: Client) -> None:
    client.force_login(User.objects.create_user("newcomer"))
    assert client.get("/").status_code == 403


def test_an_empty_database_says_what_to_do(cast: Cast, client: Client) -> None:
    client.force_login(cast.ada)
    bodies = {}
    for path in ("/", "/departments/", "/departments/organisation/", "/compliance/", "/compliance/dora/", "/exports/"):
        response = client.get(path)
        assert response.status_code == 200, path
        bodies[path] = response.content.decode()
    assert "No live application yet" in bodies["/"]
    assert "No feed was read yet" in bodies["/"]
    assert "A department without any has no index, not zero" in bodies["/departments/organisation/"]
    assert "No exports yet" in bodies["/exports/"]
    assert [one.value for one in shown(cast.ada)["tiles"]] == [0, 0, 0, 0, 0]


@pytest.mark.parametrize("who", ["ada", "dan", "carol", "alice", "eve"])
def test_queries_do_not_grow(cast: Cast, client: Client, who: str) -> None:
    def queries(path: str) -> int:
        client.get(path)  # what is dear is kept from here on
        with CaptureQueriesContext(connection) as seen:
            assert client.get(path).status_code == 200
        return len(seen)

    def grow(number: int) -> None:
        for place in range(number):
            make_application(make_department(f"D{place}-{number}", getattr(cast, home)))
        scores.rescore_changed()

    home = "treasury" if who == "eve" else "retail"
    paths = ["/", f"/?department={home}", "/departments/", f"/departments/{home}/"]
    if who == "dan":
        paths += ["/compliance/", "/compliance/gdpr/"]
    client.force_login(getattr(cast, who))
    grow(3)
    few = {path: queries(path) for path in paths}
    grow(27)
    assert {path: queries(path) for path in paths} == few
    assert few["/"] <= MOST_QUERIES
    assert few[f"/?department={home}"] <= MOST_QUERIES


def test_kept_use_shows_each_person_their_own_links(estate: Estate) -> None:
    """The figures are kept for all who look at the same departments; which applications one may open is not."""
    day = timezone.localdate()
    figures = [usage.use(scope_of(person), day, 365) for person in (estate.cast.dan, estate.cast.ada, estate.cast.dan)]
    assert figures[0] == figures[2]
    assert figures[0].by_category == figures[1].by_category == usage.by_category(scope_of(estate.cast.dan), day, 365)


def test_what_a_person_decides_shows_in_kept_use_at_once(estate: Estate) -> None:
    """Its list on Discovery knows at once, and the tile is as long."""
    ImportBatch.objects.create(kind="purview_audit", state=BatchState.DONE, finished_at=timezone.now(), size=1)
    scope, day = scope_of(estate.cast.ada), timezone.localdate()
    assert usage.use(scope, day, 30).unregistered.apps == 1
    discovery.rule_out(actor=estate.cast.ada, sightings=[estate.chat.pk], reason="Harmless.")
    assert usage.use(scope, day, 30).unregistered.apps == 0


def test_while_a_file_is_read_use_says_of_when_it_is(estate: Estate, client: Client) -> None:
    client.force_login(estate.cast.dan)
    words = "A file of a feed is being read"
    pages = ("/", "/analytics/", "/departments/retail/")
    for path in pages:
        assert words not in client.get(path).content.decode()
    batch = ImportBatch.objects.create(
        kind="purview_audit", state=BatchState.RUNNING, heartbeat_at=timezone.now(), size=1
    )
    for path in pages:
        assert words in client.get(path).content.decode()
    ImportBatch.objects.filter(pk=batch.pk).update(heartbeat_at=timezone.now() + timedelta(seconds=1))
    with CaptureQueriesContext(connection) as asked:
        client.get("/")
    assert not any("inventory_dailyusage" in one["sql"] for one in asked)  # a chunk lets nothing be counted anew
