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
