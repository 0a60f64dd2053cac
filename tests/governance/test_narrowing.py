"""One rule for filters: what page, API and export make of the same words in an address."""

import json
from html import unescape

import pytest
from django.test import Client

from governance.models import Export
from governance.selectors.datasets import DATASETS
from inventory.models import AuditLogEntry
from inventory.services import sessions
from tests.governance.estate import Estate

PAGE, API, EXPORT = "/applications/", "/api/v1/scores/", "/exports/download/?dataset=scores&format=json&"
# An address that can't be read as it stands, the parameter at fault, and a word that it could have
UNREADABLE = [
    ("kind=robot", "kind", "copilot"),
    ("kind=agent,robot", "kind", "model"),
    ("kind=agent&kind=robot", "kind", "model"),
    ("lifecycle=dead", "lifecycle", "live"),
    ("band=nonsense", "band", "critical"),
    ("band=<b>", "band", "critical"),
    ("class=grave", "class", "high_risk"),
    ("principle=kindness", "principle", "fairness"),
]
# Two ways to ask for the same
ALIKE = [
    ("kind=model,copilot", "kind=model&kind=copilot"),
    ("lifecycle=live,idea", "lifecycle=live&lifecycle=idea&lifecycle=live"),
    ("band=high,critical", "band=critical&band=high"),
    ("class=open,minimal", "class=open&class=minimal"),
    ("q=scorer", "q=+scorer+"),
]
# What another list can be narrowed by, and this dataset can't
MISPLACED = [
    ("applications", "principle=fairness"),
    ("applications", "state=gap&framework=gdpr"),
    ("applications", "period=7"),
    ("department_scores", "lifecycle=idea"),
    ("compliance", "lifecycle=idea"),
    ("compliance", "since=2026-01-01"),
    ("usage", "kind=agent"),
    ("usage", "period=7"),
]


@pytest.fixture
def dan(estate: Estate, client: Client) -> Client:
    """An auditor's browser."""
    client.force_login(estate.cast.dan)
    return client


@pytest.fixture
def machine(estate: Estate) -> Client:
    """The same auditor's program."""
    _, token = sessions.create_token(actor=estate.cast.dan, days=7)
    return Client(headers={"Authorization": f"Token {token}"})


def on_page(client: Client, query: str) -> set[str]:
    return {row.name for row in client.get(f"{PAGE}?{query}").context["page"].object_list}


def by_api(client: Client, query: str) -> set[str]:
    return {row["name"] for row in client.get(f"{API}?limit=1000&{query}").json()["results"]}


def in_file(client: Client, query: str, dataset: str = "scores") -> set[str]:
    answer = client.get(f"/exports/download/?dataset={dataset}&format=json&{query}")
    assert answer.status_code == 200, answer.content
    return {row["name"] for row in json.loads(b"".join(answer.streaming_content))}


@pytest.mark.parametrize(("query", "parameter", "allowed"), UNREADABLE)
def test_a_word_that_does_not_exist(dan: Client, machine: Client, query: str, parameter: str, allowed: str) -> None:
    page = dan.get(f"{PAGE}?{query}")
    assert page.status_code == 200
    assert unescape(page.content.decode()).count(f"The address asks for {parameter} “") == 1
    answer = machine.get(f"{API}?{query}")
    assert answer.status_code == 400
    (said,) = answer.json()[parameter]
    assert allowed in said
    refused = dan.get(EXPORT + query)
    assert refused.status_code == 400
    assert said in unescape(refused.content.decode())
    assert not Export.objects.exists()


@pytest.mark.parametrize(("one", "other"), ALIKE)
def test_repeated_and_comma_separated_are_alike(dan: Client, machine: Client, one: str, other: str) -> None:
    found = on_page(dan, one)
    assert found == on_page(dan, other)
    scored = by_api(machine, one)
    assert scored == by_api(machine, other) == in_file(dan, one) == in_file(dan, other) <= found
    assert in_file(dan, one, "applications") == found


def test_some_of_the_cases_find_something(dan: Client) -> None:
    assert on_page(dan, "kind=model,copilot") == {"Credit Scorer", "Letter Summariser"}
    assert on_page(dan, "q=scorer") == {"Credit Scorer"}


@pytest.mark.parametrize(("dataset", "query"), MISPLACED)
def test_a_filter_that_a_dataset_cannot_apply_is_refused_by_name(dan: Client, dataset: str, query: str) -> None:
    name = query.split("=")[0]
    refused = dan.get(f"/exports/download/?dataset={dataset}&{query}")
    assert refused.status_code == 400
    title = DATASETS[dataset].title
    assert f"can't be applied: {title} can't be narrowed by {name}." in unescape(refused.content.decode())
    form = dan.get(f"/exports/?dataset={dataset}&{query}")
    assert f"{title} can't be narrowed by {name}. It was left out." in unescape(form.content.decode())
    assert f'name="{name}"' not in form.content.decode()


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("applications", "band=high"),
        ("applications", "ordering=colour"),
        ("applications", "updated_since=yesterday"),
        ("applications", "kind=robot"),
        ("scores", "state=gap&framework=gdpr&period=7"),
        ("departments", "lifecycle=idea"),
        ("frameworks", "q=scorer"),
        ("compliance", "framework=nothing"),
        ("compliance", "state=not_assessed"),
        ("compliance", "requirement=4"),
        ("compliance", "framework=gdpr&requirement=999"),
        ("compliance", "overdue=maybe"),
        ("compliance", "overdue=yes&state=gap"),
        ("compliance", "lifecycle=idea"),
        ("usage", "since=yesterday"),
        ("usage", "since=2026-01-01&since=2026-02-01"),
        ("usage", "band=high"),
    ],
)
def test_the_api_never_answers_with_more_than_was_asked_for(machine: Client, path: str, query: str) -> None:
    answer = machine.get(f"/api/v1/{path}/?{query}")
    assert answer.status_code == 400, answer.content
    assert set(answer.json()) & {part.split("=")[0] for part in query.split("&")}


def test_lists_of_the_api_take_several_words(machine: Client) -> None:
    def states(query: str) -> set[str]:
        return {row["state"] for row in machine.get(f"/api/v1/compliance/?limit=1000&{query}").json()["results"]}

    assert states("state=gap,unknown") == states("state=unknown&state=gap") == {"gap", "unknown"}
    rows = machine.get("/api/v1/compliance/?limit=1000&framework=gdpr,dora").json()["results"]
    assert {row["framework"] for row in rows} == {"gdpr", "dora"}
    assert machine.get("/api/v1/applications/?kind=model,copilot").json()["count"] == 2


def test_an_export_notes_what_was_applied_and_nothing_else(dan: Client) -> None:
    assert in_file(dan, "kind=model,copilot&q=scorer&colour=red&sort=-risk&page=3&principle=fairness") == {
        "Credit Scorer"
    }
    applied = {"kind": ["model", "copilot"], "q": ["scorer"], "principle": ["fairness"]}
    assert Export.objects.get().filters == applied
    assert AuditLogEntry.objects.get(action="export.made").details["filters"] == applied


def test_the_overview_as_a_file_is_narrowed_as_the_page(dan: Client) -> None:
    assert dan.get("/exports/overview.html?kind=robot").status_code == 400
    assert dan.get("/exports/overview.html?lifecycle=idea").status_code == 400
    assert dan.get("/exports/overview.html?kind=model&period=90&department=cards&band=high,critical").status_code == 200
    assert Export.objects.get().filters == {"kind": ["model"], "period": ["90"], "band": ["high", "critical"]}


def test_what_was_refused_can_be_asked_for_without(dan: Client) -> None:
    page = dan.get("/exports/download/?dataset=applications&kind=agent&band=nonsense").content.decode()
    assert 'name="kind" value="agent"' in page
    assert 'name="band"' not in page


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/alerts/", "state=nonsense"),
        ("/alerts/", "severity=loud"),
        ("/discovery/", "seen_as=9"),
        ("/discovery/", "sort=colour"),
        ("/departments/", "sort=colour"),
        ("/departments/", "index_band=nonsense"),
        ("/applications/", "sort=colour"),
        ("/compliance/gaps/", "framework=nothing"),
        ("/compliance/gaps/", "binding=maybe"),
        ("/", "kind=robot"),
    ],
)
def test_every_page_says_what_it_left_out(dan: Client, path: str, query: str) -> None:
    body = unescape(dan.get(f"{path}?{query}").content.decode())
    assert body.count("It was left out.") == 1
    assert "It was left out." not in dan.get(path).content.decode()
