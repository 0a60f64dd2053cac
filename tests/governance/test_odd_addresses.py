"""Addresses that nobody types: each gets a clear no, never an error of ours."""

import pytest
from django.test import Client

from tests.cast import Cast

pytestmark = pytest.mark.django_db
PAGES = [
    "/",
    "/departments/",
    "/applications/",
    "/compliance/",
    "/exports/download/",
    "/discovery/",
    "/alerts/",
    "/people/",
]


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("query", ["department=%00", "q=%00", "department=a%00b", "owner=%00&dataset=usage&format=csv"])
def test_a_nul_in_the_query_is_refused(client: Client, cast: Cast, page: str, query: str) -> None:
    client.force_login(cast.ada)
    answer = client.get(f"{page}?{query}")
    assert answer.status_code == 400
    assert "Content-Security-Policy" in answer.headers


def test_a_nul_in_the_path_is_refused(client: Client, cast: Cast) -> None:
    client.force_login(cast.ada)
    for path in ("/departments/%00/", "/settings/departments/%00/", "/api/v1/tokens/%00/"):
        assert client.get(path).status_code == 400


def test_a_nul_in_a_name_is_an_error_of_that_field(client: Client, cast: Cast) -> None:
    client.force_login(cast.ada)
    given = {"name": "A", "purpose": "B", "kind": "agent", "department": "\x00", "owner": "a\x00"}
    answer = client.post("/api/v1/applications/", given, content_type="application/json")
    assert answer.status_code == 400
    assert set(answer.json()) == {"department", "owner"}


@pytest.mark.parametrize("query", ["page=x", "page=0", "period=abc", "principle=zzz", "sort=zzz", "kind=zzz", "band=1"])
def test_a_word_that_means_nothing_shows_the_page_all_the_same(client: Client, cast: Cast, query: str) -> None:
    client.force_login(cast.ada)
    for page in ("/", "/departments/", "/applications/", "/compliance/gaps/", "/discovery/", "/alerts/", "/feeds/"):
        assert client.get(f"{page}?{query}").status_code in (200, 404), page


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31"])
@pytest.mark.parametrize(
    ("page", "name"),
    [("/discovery/", "as_of"), ("/activity/", "as_of"), ("/changes/", "from"), ("/applications/", "as_of")],
)
def test_a_day_at_the_end_of_the_calendar_is_left_out(
    client: Client, cast: Cast, page: str, name: str, day: str
) -> None:
    client.force_login(cast.ada)
    answer = client.get(page, {name: day, "period": 365})
    assert answer.status_code == 200
    assert [str(one) for one in answer.context["messages"]]


def test_a_machine_is_told_that_a_day_is_too_long_ago(client: Client, cast: Cast) -> None:
    client.force_login(cast.ada)
    for address in ("/exports/download/?dataset=applications&format=csv&as_of=", "/api/v1/usage/?since="):
        assert client.get(f"{address}0001-01-01").status_code == 400
