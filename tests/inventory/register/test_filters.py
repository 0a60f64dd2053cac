"""Filters in the address."""

import pytest
from django.contrib.messages import get_messages
from django.contrib.messages.storage.cookie import CookieStorage
from django.http import Http404, QueryDict
from django.test import RequestFactory

from inventory.models import User
from inventory.web.filters import Filters
from tests.cast import Cast


def read(user: User, query: str) -> Filters:
    return Filters.from_query(user, QueryDict(query), sorts=("name", "risk"))


def test_all_filters_are_read(cast: Cast) -> None:
    found = read(
        cast.bob,
        "department=cards&period=90&kind=agent&kind=model&band=high,critical&class=high_risk&lifecycle=live"
        "&q=+loan+&principle=fairness&owner=alice&sort=-risk&page=3",
    )
    assert found == Filters(
        department=cast.cards,
        period=90,
        kinds=("agent", "model"),
        bands=("high", "critical"),
        classes=("high_risk",),
        lifecycles=("live",),
        q="loan",
        principle="fairness",
        owner="alice",
        sort="-risk",
        page=3,
    )
    assert found.narrowed


def test_nothing_given_is_nothing_restricted(cast: Cast) -> None:
    found = read(cast.bob, "")
    assert (found.period, found.page, found.narrowed, found.query()) == (30, 1, False, "")


@pytest.mark.parametrize("key", ["treasury", "nowhere", "organisation"])
def test_a_department_out_of_sight_is_not_found(cast: Cast, key: str) -> None:
    with pytest.raises(Http404):
        read(cast.bob, f"department={key}")


@pytest.mark.parametrize(
    "query", ["period=31", "period=x", "page=0", "page=-1", "page=99999999999", "kind=robot", "sort=a;drop", "band=<b>"]
)
def test_what_cannot_be_read_is_left_out_and_said(cast: Cast, query: str) -> None:
    found = read(cast.bob, query)
    assert len(found.ignored) == 1
    assert (found.period, found.page, found.kinds, found.sort, found.bands) == (30, 1, (), "", ())


def test_the_person_is_told_once(cast: Cast) -> None:
    request = RequestFactory().get("/?period=31&kind=robot")
    request.user = cast.bob
    request._messages = CookieStorage(request)  # type: ignore[attr-defined]
    Filters.from_request(request)
    assert len(list(get_messages(request))) == 2


def test_a_query_keeps_what_is_not_changed(cast: Cast) -> None:
    found = read(cast.bob, "department=cards&band=high,critical&q=a%26b&page=4&sort=name")
    assert found.query() == "?department=cards&band=high%2Ccritical&q=a%26b&sort=name"
    assert found.query(sort="-name", page=2) == "?department=cards&band=high%2Ccritical&q=a%26b&sort=-name&page=2"
    assert found.query(department=cast.retail, bands=(), q=None) == "?department=retail&sort=name"
    assert found.query(class_="high_risk", department=None, bands=None, q="", sort="") == "?class=high_risk"
    again = read(cast.bob, found.query(page=4).removeprefix("?"))
    assert again == found
