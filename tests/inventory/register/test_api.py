"""The register's API."""

from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from inventory.models import AIApplication, User
from inventory.services import sessions
from tests.builders import make_application
from tests.cast import Cast

URL = "/api/v1/applications/"
FOUR = {"name": "CV Screener", "purpose": "Ranks.", "kind": "agent", "department": "retail"}


class Api:
    """A machine with a person's token."""

    def __init__(self, user: User) -> None:
        _, token = sessions.create_token(actor=user, days=7)
        self.client = Client(headers={"Authorization": f"Token {token}"})

    def __call__(self, method: str, url: str = URL, data: dict | None = None) -> Any:
        return getattr(self.client, method)(url, data, content_type="application/json")


def test_without_a_token_nothing(db: None) -> None:
    assert Client().get(URL).status_code == 401
    assert Client(headers={"Authorization": "Token x"}).get(URL).status_code == 401


def test_register_change_and_read(cast: Cast) -> None:
    api = Api(cast.alice)
    made = api("post", data={**FOUR, "identifiers": [{"kind": "host", "value": "a.example"}]})
    assert made.status_code == 201
    body = made.json()
    assert (body["external_id"], body["department"], body["lifecycle"]) == ("AI-00001", "retail", "idea")
    url = f"{URL}{body['id']}/"
    changed = api("patch", url, {"name": "New", "owner": "bob", "lifecycle": "in_review", "identifiers": []})
    assert changed.status_code == 200
    assert changed.json()["identifiers"] == []
    assert api("get", url).json() == changed.json()
    app = AIApplication.objects.get()
    assert (app.name, app.owner) == ("New", cast.bob)


@pytest.mark.parametrize(("who", "status"), [("bob", 200), ("carol", 403), ("dan", 403), ("eve", 404)])
def test_who_may_change(cast: Cast, who: str, status: int) -> None:
    app = make_application(cast.retail)
    api = Api(getattr(cast, who))
    assert api("patch", f"{URL}{app.pk}/", {"name": "X"}).status_code == status
    assert api("get", f"{URL}{app.pk}/").status_code == (404 if status == 404 else 200)
    assert api("post", data=FOUR).status_code == (201 if status == 200 else 403)


def test_a_department_where_one_may_not_register_does_not_exist(cast: Cast) -> None:
    answer = Api(cast.alice)("post", data={**FOUR, "department": "treasury"})
    assert answer.status_code == 400
    assert list(answer.json()) == ["department"]


@pytest.mark.parametrize(
    ("data", "field"),
    [
        ({"name": ""}, "name"),
        ({"kind": "robot"}, "kind"),
        ({"external_id": "X-2"}, "external_id"),
        ({"lifecycle": "idea"}, "lifecycle"),
        ({"owner": "nobody"}, "owner"),
        ({"identifiers": [{"kind": "host", "value": "taken.example"}]}, "identifiers"),
    ],
)
def test_what_is_refused_is_named_and_nothing_of_it_stays(cast: Cast, data: dict, field: str) -> None:
    make_application(cast.treasury, "Secret", identifiers=[("host", "taken.example")])
    app = make_application(cast.retail, "Old", external_id="X-1")
    answer = Api(cast.alice)("patch", f"{URL}{app.pk}/", {"purpose": "Changed", **data})
    assert answer.status_code == 400
    assert list(answer.json()) == [field]
    assert "Secret" not in answer.content.decode()
    app.refresh_from_db()
    assert app.purpose != "Changed"


def test_lists_show_what_the_caller_sees(cast: Cast) -> None:
    make_application(cast.retail, "B", kind="agent")
    make_application(cast.cards, "A", lifecycle="idea")
    make_application(cast.treasury, "C", purpose="Watches loans")

    def names(who: User, query: str = "") -> list[str]:
        answer = Api(who)("get", URL + query)
        assert answer.status_code == 200
        assert answer.json()["count"] == len(answer.json()["results"])
        return [row["name"] for row in answer.json()["results"]]

    assert names(cast.alice) == ["A", "B"]
    assert names(cast.dan) == ["A", "B", "C"]
    assert names(cast.dan, "?ordering=-name") == ["C", "B", "A"]
    assert names(cast.dan, "?department=retail") == ["A", "B"]
    assert names(cast.dan, "?kind=agent") == ["B"]
    assert names(cast.dan, "?lifecycle=idea&lifecycle=live") == ["A", "B", "C"]
    assert names(cast.dan, "?q=LOANS") == ["C"]
    assert Api(cast.alice)("get", URL + "?department=treasury").status_code == 404
    assert Api(cast.alice)("get", URL + "?kind=robot").status_code == 400


def test_queries_of_a_list_do_not_grow(cast: Cast) -> None:
    api = Api(cast.alice)

    def count() -> int:
        with CaptureQueriesContext(connection) as queries:
            api("get")
        return len(queries)

    for _ in range(3):
        make_application(cast.retail, owner=cast.alice, deputy=cast.bob, identifiers=[])
    few = count()
    for number in range(30):
        make_application(cast.cards, owner=cast.bob, identifiers=[("host", f"{number}.example")])
    assert count() == few


def test_tokens_make_no_tokens(cast: Cast) -> None:
    api = Api(cast.alice)
    assert len(api("get", "/api/v1/tokens/").json()) == 1
    assert api("post", "/api/v1/tokens/", {"days": 365}).status_code == 403
    browser = Client()
    browser.force_login(cast.alice)
    made = browser.post("/api/v1/tokens/", {"days": 30}, content_type="application/json")
    assert made.status_code == 201
    fresh = Client(headers={"Authorization": f"Token {made.json()['token']}"})
    assert fresh.get(URL).status_code == 200
    assert api("delete", f"/api/v1/tokens/{made.json()['token_key']}/").status_code == 204
    assert fresh.get(URL).status_code == 401
    assert Api(cast.bob)("delete", f"/api/v1/tokens/{made.json()['token_key']}/").status_code == 404


def test_the_schema_describes_it_without_warnings(db: None, capsys: pytest.CaptureFixture) -> None:
    out = StringIO()
    call_command("spectacular", "--validate", stdout=out)
    assert "/api/v1/applications/{id}/" in out.getvalue()
    assert [line for line in capsys.readouterr().err.splitlines() if "inventory" in line] == []
