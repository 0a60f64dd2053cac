"""Unusual days over the API: the same as the page shows, cut to what the caller may see."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from inventory.models import AIApplication, UnusualDay, User
from inventory.services import unusual
from tests.builders import make_application
from tests.cast import Cast
from tests.inventory.test_unusual import TODAY

pytestmark = pytest.mark.django_db
URL = "/api/v1/unusual/"
NASTY = '=HYPERLINK("x")<script>alert(1)</script>'


def day_found(**given: Any) -> UnusualDay:
    fields = {"metric": "interactions", "day": TODAY, "hits": 412, "total": 412, "value": 412, **given}
    return UnusualDay.objects.create(**fields, low=35, high=80, limit=120, history=28)


def listed(client: Client, user: User, **query: Any) -> list[dict[str, Any]]:
    client.force_login(user)
    answer = client.get(URL, query)
    assert answer.status_code == 200, answer.content
    return answer.json()["results"]


@pytest.fixture
def letters(cast: Cast) -> AIApplication:
    return make_application(cast.cards, NASTY)


@pytest.fixture
def found(cast: Cast, letters: AIApplication) -> dict[str, UnusualDay]:
    whole = {"department": cast.treasury, "metric": "off_hours", "hits": 30, "total": 60, "value": 0.5}
    return {
        "letters": day_found(application=letters),
        "older": day_found(application=letters, day=TODAY - timedelta(days=40)),
        "treasury": day_found(**whole),
    }


def test_it_meets_the_cast(client: Client, cast: Cast, found: dict[str, UnusualDay]) -> None:
    assert client.get(URL).status_code == 401
    treasury, retail = [found["treasury"].pk], [found["letters"].pk, found["older"].pk]
    both = [*treasury, *retail]
    seen = {"alice": retail, "bob": retail, "carol": retail, "dan": both, "ada": both, "eve": treasury}
    for name, expected in seen.items():
        assert [one["id"] for one in listed(client, getattr(cast, name))] == expected, name
        for key, one in found.items():
            status = client.get(reverse("api-unusual-day", args=[one.pk])).status_code
            assert status == (200 if one.pk in expected else 404), (name, key)
    client.force_login(User.objects.create_user("newcomer"))
    assert client.get(URL).status_code == 403
    client.force_login(cast.ada)
    assert client.post(URL).status_code == client.delete(URL).status_code == 405


def test_a_day_says_what_was_found_and_what_is_usual(
    client: Client, cast: Cast, letters: AIApplication, found: dict[str, UnusualDay]
) -> None:
    unusual.dismiss(actor=cast.bob, finding=found["letters"], reason="Half-year letters")
    (one,) = listed(client, cast.ada, state="dismissed")
    assert (one["application"], one["application_name"], one["department"]) == (letters.pk, NASTY, "cards")
    assert (one["value"], one["low"], one["high"], one["limit"], one["history"]) == (412, 35, 80, 120, 28)
    assert one["explanation"].startswith("412 interactions on")
    assert (one["dismissed_by"], one["reason"]) == ("bob", "Half-year letters")
    client.force_login(cast.ada)
    other = client.get(reverse("api-unusual-day", args=[found["treasury"].pk])).json()
    assert (other["application"], other["application_name"], other["department"]) == (None, None, "treasury")
    assert (other["dismissed_at"], other["dismissed_by"]) == (None, None)


def test_it_is_narrowed_by_its_address(
    client: Client, cast: Cast, letters: AIApplication, found: dict[str, UnusualDay]
) -> None:
    def keys(**query: Any) -> set[str]:
        names = {one.pk: key for key, one in found.items()}
        return {names[one["id"]] for one in listed(client, cast.ada, **query)}

    assert keys(department="retail") == keys(application=letters.pk) == {"letters", "older"}
    assert keys(department="organisation") == keys(state="open") == set(found)
    assert keys(metric="off_hours") == {"treasury"}
    assert keys(metric="off_hours,interactions", period=30) == {"letters", "treasury"}
    assert keys(state="dismissed") == set()
    page = client.get(URL, {"limit": 2, "offset": 2}).json()
    assert (page["count"], len(page["results"]), page["next"]) == (3, 1, None)
    odd = {"metric": "' OR 1=1", "state": "closed", "period": "31", "application": "x", "kind": "agent", "q": "a"}
    for name, wrong in odd.items():
        refused = client.get(URL, {name: wrong})
        assert (refused.status_code, list(refused.json())) == (400, [name])
    client.force_login(cast.eve)
    assert client.get(URL, {"application": letters.pk}).status_code == 404
    assert client.get(URL, {"department": "retail"}).status_code == 404


def test_the_schema_names_it(client: Client, cast: Cast) -> None:
    client.force_login(cast.eve)
    paths = client.get("/api/v1/schema/?format=json").json()["paths"]
    named = {one["name"] for one in paths[URL]["get"]["parameters"]}
    assert named == {"department", "application", "metric", "state", "period", "limit", "offset"}
    assert "/api/v1/unusual/{id}/" in paths


def test_more_rows_cost_no_more_queries(client: Client, cast: Cast) -> None:
    def queries(number: int) -> int:
        for place in range(number):
            day_found(application=make_application(cast.cards, f"App {number} {place}"))
        with CaptureQueriesContext(connection) as asked:
            assert len(listed(client, cast.ada)) >= number
        return len(asked)

    queries(1)
    assert queries(3) == queries(30)
