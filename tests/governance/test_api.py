"""The roof's API: the same figures as pages and exports, cut to what the caller may see; and the health check."""

import json
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import DatabaseError, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from redis.exceptions import ConnectionError as Unreachable

from inventory.models import User
from inventory.services import sessions
from risk.choices import Principle
from risk.services import scores
from tests.builders import make_application, make_department
from tests.cast import Cast
from tests.governance.estate import Estate


def api(user: User) -> Client:
    """A machine with a person's token."""
    _, token = sessions.create_token(actor=user, days=7)
    return Client(headers={"Authorization": f"Token {token}"})


def everything(client: Client, path: str) -> list[dict]:
    """All rows of a list, page by page."""
    rows: list[dict] = []
    while True:
        answer = client.get(f"/api/v1/{path}{'&' if '?' in path else '?'}limit=40&offset={len(rows)}")
        assert answer.status_code == 200, answer.content
        body = answer.json()
        rows += body["results"]
        if body["next"] is None:
            assert len(rows) == body["count"]
            return rows


def exported(tmp_path: Path, dataset: str) -> list[dict]:
    out = tmp_path / f"{dataset}.json"
    call_command("export", dataset, "--format", "json", "--out", str(out), stdout=StringIO())
    return json.loads(out.read_bytes())


def as_set(rows: list[dict]) -> set[str]:
    return {json.dumps(row, sort_keys=True) for row in rows}


@pytest.mark.parametrize("path", ["departments", "frameworks", "compliance", "usage", "schema"])
def test_nothing_without_a_token(db: None, path: str) -> None:
    assert Client().get(f"/api/v1/{path}/").status_code == 401


def test_departments_agree_with_the_export(estate: Estate, tmp_path: Path) -> None:
    rows = exported(tmp_path, "department_scores")
    found = {one["key"]: one for one in everything(api(estate.cast.dan), "departments/")}
    assert set(found) == {"organisation", "retail", "cards", "treasury"}
    for row in rows:
        one = found[row["department_key"]]
        figures = one["overall"] if row["principle"] == "overall" else one["principles"][row["principle"]]
        for name, value in figures.items():
            assert value == row[name]
        assert (one["parent_key"], one["as_of"]) == (row["parent_key"], row["as_of"])
    assert set(found["retail"]["principles"]) == set(Principle.values)


def test_compliance_agrees_with_the_export(estate: Estate, tmp_path: Path) -> None:
    client = api(estate.cast.dan)
    assert as_set(everything(client, "compliance/")) == as_set(exported(tmp_path, "compliance"))
    gaps = everything(client, "compliance/?framework=gdpr&state=gap")
    frameworks = {one["framework"]: one for one in client.get("/api/v1/frameworks/").json()}
    assert len(gaps) == frameworks["gdpr"]["gap"]
    assert len(frameworks) == 13
    assert {row["state"] for row in gaps} == {"gap"}


def test_usage_agrees_with_the_export(estate: Estate, tmp_path: Path) -> None:
    client = api(estate.cast.dan)
    rows = everything(client, "usage/")
    assert as_set(rows) == as_set(exported(tmp_path, "usage"))
    day = max(row["day"] for row in rows)
    assert {row["day"] for row in everything(client, f"usage/?since={day}")} == {day}
    assert everything(client, "usage/?until=2020-01-01") == []


@pytest.mark.parametrize("name", ["since", "until"])
def test_a_day_that_cannot_be_read_is_refused(cast: Cast, name: str) -> None:
    answer = api(cast.dan).get(f"/api/v1/usage/?{name}=yesterday")
    assert answer.status_code == 400
    assert "YYYY-MM-DD" in answer.json()[name][0]
    assert api(cast.dan).get(f"/api/v1/usage/?{name}=").status_code == 200


def test_everyone_sees_only_their_own(estate: Estate) -> None:
    carol, eve = api(estate.cast.carol), api(estate.cast.eve)
    assert {one["key"] for one in everything(carol, "departments/")} == {"retail", "cards"}
    assert {one["application"] for one in everything(carol, "compliance/")} == {"Credit Scorer", "Letter Summariser"}
    assert {one["application"] for one in everything(eve, "compliance/")} == {estate.hostile.name}
    # all use of the applications one may see, and what one's people use
    assert sum(one["interactions"] for one in everything(carol, "usage/")) == 9 + 4 + 100 + 7
    assert {one["interactions"] for one in everything(eve, "usage/")} == {4}
    for path in ("departments", "frameworks", "compliance", "usage"):
        assert eve.get(f"/api/v1/{path}/?department=retail").status_code == 404
        assert carol.post(f"/api/v1/{path}/").status_code == 405


def test_nobody_without_a_role(cast: Cast) -> None:
    client = api(User.objects.create_user("newcomer"))
    assert everything(client, "departments/") == []
    assert everything(client, "compliance/") == []
    assert client.get("/api/v1/usage/").status_code == 403


def test_schema_names_every_address(estate: Estate) -> None:
    body = api(estate.cast.eve).get("/api/v1/schema/", headers={"Accept": "application/vnd.oai.openapi+json"}).json()
    for path in ("applications", "departments", "frameworks", "compliance", "usage"):
        assert f"/api/v1/{path}/" in body["paths"]
    columns = body["components"]["schemas"]["Pair"]["properties"]
    assert list(columns)[:4] == ["framework", "version", "requirement", "title"]


def test_queries_do_not_grow(cast: Cast) -> None:
    client = api(cast.dan)

    def queries(path: str) -> int:
        with CaptureQueriesContext(connection) as seen:
            assert client.get(f"/api/v1/{path}").status_code == 200
        return len(seen)

    def grow(number: int) -> None:
        for place in range(number):
            make_application(make_department(f"D{place}-{number}"))
        scores.rescore_changed()

    paths = ("departments/", "frameworks/", "compliance/", "usage/")
    grow(3)
    few = {path: queries(path) for path in paths}
    grow(27)
    assert {path: queries(path) for path in paths} == few


# Health


def test_health(db: None) -> None:
    answer = Client().get("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


def test_health_says_down_and_nothing_else(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    def unreachable(*args: object, **kwargs: object) -> None:
        raise Unreachable("redis at 10.0.0.7 refused")

    with monkeypatch.context() as patch:
        patch.setattr("governance.web.health.cache", type("Away", (), {"get": unreachable})())
        answer = Client().get("/healthz")
    assert (answer.status_code, answer.json()) == (503, {"status": "unavailable"})

    class NoCursor:
        def __enter__(self) -> None:
            raise DatabaseError("no")

        def __exit__(self, *args: object) -> None: ...

    with monkeypatch.context() as patch:
        patch.setattr("governance.web.health.connection", type("Down", (), {"cursor": lambda self: NoCursor()})())
        answer = Client().get("/healthz")
    assert (answer.status_code, answer.json()) == (503, {"status": "unavailable"})
