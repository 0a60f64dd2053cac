"""Which columns the list of applications shows, and the file of exactly what it shows."""

import csv
import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from inventory.models import AIApplication, User
from risk.models import CurrentScore
from risk.services import scores
from risk.web import columns
from tests.builders import make_application
from tests.cast import Cast


def as_(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def headers(client: Client, **query: str | list[str]) -> list[str]:
    body = client.get(reverse("risk:applications"), query).content.decode()
    found = re.findall(r"<th scope=\"col\"[^>]*>(?:<a[^>]*>)?([^<]+)", body)
    return [re.sub(r"&#x27;", "'", text).strip() for text in found]


def lines(client: Client, **query: str | list[str]) -> list[list[str]]:
    answer = client.get(reverse("risk:application_csv"), query)
    assert answer.status_code == 200
    text = b"".join(answer).decode("utf-8-sig")  # type: ignore[arg-type]
    return list(csv.reader(text.splitlines()))


def test_the_columns_asked_for_stand_in_their_order(cast: Cast, application: AIApplication) -> None:
    scores.rescore_changed()
    client = as_(cast.dan)
    usual = ["Application", "Department", "Stage", "EU AI Act", "Overall", "Range", "30 days", "Owner", "Next review"]
    assert headers(client) == usual
    assert headers(client, columns="owner,fairness,vendor") == ["Application", "Vendor", "Fairness", "Owner"]
    assert headers(client, columns=["owner", "kind"]) == ["Application", "Kind", "Owner"]
    body = client.get(reverse("risk:applications"), {"columns": "owner,<script>"}).content.decode()
    assert "columns “&lt;script&gt;”" in body
    assert headers(client, columns="nonsense") == usual


@pytest.mark.parametrize("column", columns.CALLED)
def test_each_column_has_a_cell_in_every_row_and_in_the_file(
    cast: Cast, application: AIApplication, column: str
) -> None:
    scores.rescore_changed()
    make_application(cast.cards, "Waiting")
    client = as_(cast.dan)
    body = client.get(reverse("risk:applications"), {"columns": column}).content.decode()
    rows = body.split("<tbody>")[1].split("</tbody>")[0].split("</tr>")[:-1]
    assert [len(re.findall(r"<td", row)) for row in rows] == [1, 1]
    found = lines(client, columns=column)
    assert len({len(line) for line in found}) == 1
    assert {line[1] for line in found[1:]} == {"Card helper", "Waiting"}


def test_the_choice_survives_sorting_filtering_and_paging(cast: Cast) -> None:
    for number in range(26):
        make_application(cast.cards, f"App {number}")
    query = {"columns": "owner,kind", "department": "retail", "sort": "name"}
    body = as_(cast.dan).get(reverse("risk:applications"), query).content.decode()
    assert 'name="columns" value="owner,kind"' in body  # kept by the bar of filters
    assert re.search(r'\?columns=owner%2Ckind&amp;department=retail&amp;sort=name&amp;page=2"', body)
    form = body.split('class="menu filter-more columns-menu"')[1].split("</form>")[0]
    assert re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', form) == [
        ("department", "retail"),
        ("sort", "name"),
    ]
    assert re.findall(r'name="columns" value="(\w+)" checked', form) == ["kind", "owner"]


def test_the_file_holds_what_the_page_shows_all_pages_of_it(cast: Cast, application: AIApplication) -> None:
    for number in range(30):
        make_application(cast.cards, f"App {number:02}")
    make_application(cast.treasury, "Hedger")
    scores.rescore_changed()
    client = as_(cast.dan)
    head, *rows = lines(client, department="retail", sort="-name", columns="risk,fairness,owner", page="2")
    assert head == ["external_id", "name", "risk_of", "risk", "band", "fairness", "owner"]
    assert [row[1] for row in rows] == ["Card helper", *(f"App {number:02}" for number in reversed(range(30)))]
    score = CurrentScore.objects.get(pk=application.pk)
    assert rows[0][2:5] == ["overall", str(score.overall_point), score.band]
    assert rows[0][5] == str(score.fairness_point)
    one = lines(client, q="card helper", columns="risk,range", principle="fairness")
    assert one[1][2:4] == ["fairness", str(score.fairness_point)]
    assert one[1][5:] == [str(score.fairness_low), str(score.fairness_high)]


def test_the_file_is_cut_to_what_one_may_take_away(cast: Cast, application: AIApplication) -> None:
    make_application(cast.treasury, "=HYPERLINK(1)")
    address = reverse("risk:application_csv")
    assert Client().get(address).status_code == 302
    assert [line[1] for line in lines(as_(cast.dan))[1:]].count("'=HYPERLINK(1)") == 1
    assert [line[1] for line in lines(as_(cast.bob))[1:]] == ["Card helper"]
    assert as_(cast.bob).get(address, {"department": "treasury"}).status_code == 404


def test_the_file_costs_the_same_for_many(cast: Cast) -> None:
    client, counts = as_(cast.dan), []
    for number in (3, 30):
        for each in range(number):
            make_application(cast.cards, f"App {number} {each}")
        scores.rescore_changed()
        with CaptureQueriesContext(connection) as queries:
            lines(client)
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 10
