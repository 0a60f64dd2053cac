"""The risk storey's API: scores as the tables have them, answers and controls by the same services as the pages."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from inventory.models import AIApplication, User
from inventory.services import sessions
from risk.choices import OVERALL, Principle
from risk.models import CurrentScore
from risk.services import assessments, scores
from tests.builders import make_application
from tests.cast import Cast

JSON = "application/json"


def api(user: User) -> Client:
    """A machine with a person's token."""
    _, token = sessions.create_token(actor=user, days=7)
    return Client(headers={"Authorization": f"Token {token}"})


def rows(client: Client, query: str = "") -> list[dict[str, Any]]:
    answer = client.get(f"/api/v1/scores/?limit=1000{query}")
    assert answer.status_code == 200, answer.content
    assert len(answer.json()["results"]) == answer.json()["count"]
    return answer.json()["results"]


def test_seven_rows_an_application_as_the_table_has_them(cast: Cast, application: AIApplication) -> None:
    score = CurrentScore.objects.get(pk=application.pk)
    found = {one["principle"]: one for one in rows(api(cast.alice))}
    assert set(found) == {OVERALL, *Principle.values}
    for principle, one in found.items():
        assert one["external_id"] == application.external_id
        assert one["department_key"] == "cards"
        for part in ("low", "point", "high"):
            assert one[part] == getattr(score, f"{principle}_{part}")
        assert one["inherent"] == getattr(score, f"{principle}_inherent", None)


def test_a_prohibited_practice_has_no_number(cast: Cast, application: AIApplication) -> None:
    gate = {"ai_system": True, "union_nexus": True, "exclusion": [], "role": ["uses"], "p_a": True}
    assessments.save_answers(actor=None, application=application, answers=gate)
    scores.rescore_changed()
    found = rows(api(cast.alice))
    assert len(found) == 7
    assert {one["band"] for one in found} == {"prohibited"}
    assert {one[part] for one in found for part in ("inherent", "low", "point", "high")} == {None}


def test_scores_are_cut_to_what_the_caller_may_see(cast: Cast, application: AIApplication) -> None:
    other = make_application(cast.treasury, "Hedger")
    scores.rescore_changed()
    assert {one["id"] for one in rows(api(cast.alice))} == {application.pk}
    assert {one["id"] for one in rows(api(cast.eve))} == {other.pk}
    assert {one["id"] for one in rows(api(cast.dan))} == {application.pk, other.pk}
    assert api(cast.eve).get("/api/v1/scores/?department=retail").status_code == 404
    assert Client().get("/api/v1/scores/").status_code == 401


def test_scores_narrow_and_page(cast: Cast, application: AIApplication) -> None:
    for n in range(9):
        make_application(cast.retail, f"App {n}")
    scores.rescore_changed()
    client = api(cast.dan)
    assert len(rows(client, "&principle=fairness")) == 10
    assert len(rows(client, "&department=cards")) == 7
    whole = [(one["id"], one["principle"]) for one in rows(client)]
    paged: list[tuple[int, str]] = []
    while len(paged) < len(whole):
        page = client.get(f"/api/v1/scores/?limit=11&offset={len(paged)}").json()["results"]
        paged += [(one["id"], one["principle"]) for one in page]
    assert paged == whole


def test_an_unknown_principle_is_refused(cast: Cast) -> None:
    answer = api(cast.dan).get("/api/v1/scores/?principle=kindness")
    assert answer.status_code == 400
    assert "fairness" in answer.json()["principle"][0]
    assert rows(api(cast.dan), f"&principle={OVERALL}") == []


def test_scores_cost_the_same_for_few_and_for_many(cast: Cast) -> None:
    client = api(cast.dan)

    def queries(count: int) -> int:
        for _ in range(count):
            make_application(cast.cards)
        scores.rescore_changed()
        with CaptureQueriesContext(connection) as found:
            rows(client)
        return len(found)

    assert queries(3) == queries(27)


def test_answers_go_the_same_way_as_on_the_page(cast: Cast, application: AIApplication) -> None:
    client, address = api(cast.alice), f"/api/v1/applications/{application.pk}/answers/"
    answer = client.patch(address, {"answers": {"scale": "under_10k", "people": None}}, content_type=JSON)
    assert answer.status_code == 200
    assert answer.json() == {"answers": {"people": None, "scale": "under_10k"}}
    refused = client.patch(address, {"answers": {"scale": "everybody"}}, content_type=JSON)
    assert refused.status_code == 400
    assert "scale" in refused.json()


def test_controls_go_the_same_way_as_on_the_page(cast: Cast, application: AIApplication) -> None:
    client, address = api(cast.alice), f"/api/v1/applications/{application.pk}/controls/"
    given = {"control": "GV-01", "status": "attested", "as_of": "2026-01-02"}
    assert client.post(address, given, content_type=JSON).status_code == 200
    unset = {
        "due": None,
        "owner": None,
        "note": "",
        "valid_until": None,
        "evidenced_until": None,
        "inherited_from": None,
    }
    assert client.get(address).json() == [{**given, **unset, "not_applicable": False}]
    assert client.post(address, {**given, "control": "XX-01"}, content_type=JSON).status_code == 400
    assert client.post(address, {**given, "status": "verified"}, content_type=JSON).status_code == 403


def test_a_verification_takes_no_evidence_along(cast: Cast, application: AIApplication) -> None:
    address = f"/api/v1/applications/{application.pk}/controls/"
    link = {"kind": "test_report", "title": "Yearly test", "issued": "2026-05-01", "link": "https://wiki.example/test"}
    given = {"control": "GV-01", "evidence": link}
    assert api(cast.alice).post(address, {**given, "status": "attested"}, content_type=JSON).status_code == 200
    refused = api(cast.bob).post(address, {**given, "status": "verified"}, content_type=JSON)
    assert refused.status_code == 400
    assert "does not bring its own evidence" in refused.json()["evidence"][0]
    assert application.evidence.get().added_by == cast.alice
    assert api(cast.bob).post(address, {"control": "GV-01", "status": "verified"}, content_type=JSON).status_code == 200


@pytest.mark.parametrize("door", ["answers", "controls"])
def test_who_may_only_look_changes_nothing(cast: Cast, application: AIApplication, door: str) -> None:
    address = f"/api/v1/applications/{application.pk}/{door}/"
    for person, seen, changed in ((cast.dan, 200, 403), (cast.carol, 200, 403), (cast.eve, 404, 404)):
        client = api(person)
        assert client.get(address).status_code == seen
        change = client.patch if door == "answers" else client.post
        assert change(address, {}, content_type=JSON).status_code == changed
