"""The pages of unusual activity: who sees them, what they say, and that more rows cost no more queries."""

import csv
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from plotly import graph_objects as go

from inventory.charts.usual import UsualDay, usual_course
from inventory.models import AIApplication, UnusualDay
from inventory.services import unusual
from tests.builders import make_application
from tests.cast import Cast
from tests.inventory.test_unusual import TODAY, course, used

pytestmark = pytest.mark.django_db


@pytest.fixture
def application(cast: Cast) -> AIApplication:
    made = make_application(cast.retail, "<b>Letters</b>")
    course(made, cast.cards)
    used(made, cast.cards, TODAY, 412, sensitive=41)
    unusual.judge(TODAY)
    return made


@pytest.fixture
def finding(application: AIApplication) -> UnusualDay:
    return UnusualDay.objects.get(application=application)


def text(client: Client, url: str, status: int = 200) -> str:
    answer = client.get(url)
    assert answer.status_code == status
    return answer.content.decode()


SENTENCE = "412 interactions on"


def test_the_cast(client: Client, cast: Cast, finding: UnusualDay) -> None:
    page = reverse("inventory:unusual_day", args=[finding.pk])
    department = reverse("inventory:unusual_department", args=["retail"])
    for user, form in ((cast.alice, True), (cast.bob, True), (cast.carol, False), (cast.dan, False), (cast.ada, True)):
        client.force_login(user)
        said = text(client, page)
        assert SENTENCE in said
        assert ("unusual-reason" in said) == form, user
        assert "<b>Letters" not in said
        assert SENTENCE in text(client, reverse("inventory:unusual"))
        assert SENTENCE in text(client, department)
        assert SENTENCE in text(client, reverse("governance:department", args=["retail"]))
        assert SENTENCE in text(client, reverse("risk:activity", args=[finding.application_id]))
    client.force_login(cast.eve)
    text(client, page, 404)
    text(client, department, 404)
    assert "No day stood out" in text(client, reverse("inventory:unusual"))


def test_it_is_dismissed_with_a_reason_and_opened_again(client: Client, cast: Cast, finding: UnusualDay) -> None:
    client.force_login(cast.alice)
    url = reverse("inventory:unusual_dismiss", args=[finding.pk])
    answer = client.post(url, {"reason": ""})
    assert answer.status_code == 400
    assert "Say why it is nothing to look into." in answer.content.decode()
    client.post(url, {"reason": "Half-year <i>letters</i>"})
    page = reverse("inventory:unusual_day", args=[finding.pk])
    assert "Half-year &lt;i&gt;letters" in text(client, page)
    listed = reverse("inventory:unusual")
    assert "Half-year" in text(client, f"{listed}?state=dismissed")
    assert "Half-year" not in text(client, f"{listed}?state=open")
    client.post(reverse("inventory:unusual_reopen", args=[finding.pk]))
    finding.refresh_from_db()
    assert not finding.dismissed
    client.force_login(cast.carol)
    assert client.post(url, {"reason": "x"}).status_code == 403


def test_filters_narrow_and_odd_ones_are_left_out(client: Client, cast: Cast, finding: UnusualDay) -> None:
    client.force_login(cast.ada)
    url = reverse("inventory:unusual")
    assert "No unusual day fits" in text(client, f"{url}?metric=off_hours")
    assert "No unusual day fits" in text(client, f"{url}?department=treasury")
    assert SENTENCE in text(client, f"{url}?department=cards&metric=interactions")
    assert SENTENCE in text(client, f"{url}?metric=%27--&state=nonsense&period=0&page=-1")
    UnusualDay.objects.update(day=TODAY - timedelta(days=31))
    assert "No day stood out" in text(client, url)
    assert "412 interactions" in text(client, f"{url}?period=90")


def test_without_history_the_pages_say_so(client: Client, cast: Cast) -> None:
    made = make_application(cast.retail, "New")
    client.force_login(cast.ada)
    activity = reverse("risk:activity", args=[made.pk])
    assert "Not enough data: no feed told of any use" in text(client, activity)
    used(made, cast.cards, TODAY, 412)
    assert "Not enough data: 0 of 14 days needed" in text(client, activity)
    assert "Not enough data: 0 of 14 days" in text(client, reverse("inventory:unusual_department", args=["cards"]))
    assert "Not enough data" in text(client, reverse("governance:department", args=["cards"]))


@pytest.mark.parametrize("name", ["list", "department", "own department", "activity"])
def test_more_rows_cost_no_more_queries(client: Client, cast: Cast, application: AIApplication, name: str) -> None:
    urls = {
        "list": reverse("inventory:unusual"),
        "department": reverse("governance:department", args=["retail"]),
        "own department": reverse("inventory:unusual_department", args=["retail"]),
        "activity": reverse("risk:activity", args=[application.pk]),
    }
    client.force_login(cast.ada)

    def queries(found: int) -> int:
        UnusualDay.objects.all().delete()
        for n in range(found):
            for whose in ({"application": application}, {"department": cast.retail}):
                UnusualDay.objects.create(
                    **whose, metric="interactions", day=TODAY - timedelta(days=n), hits=400, total=400, value=400,
                    low=1, high=2, limit=3, history=28,
                )  # fmt: skip
        cache.clear()
        text(client, urls[name])
        cache.clear()
        with CaptureQueriesContext(connection) as asked:
            text(client, urls[name])
        return len(asked)

    assert queries(3) == queries(29)


def test_the_chart_is_a_figure_with_the_numbers_of_the_days() -> None:
    days = [
        UsualDay(TODAY - timedelta(days=3), 0.1),
        UsualDay(TODAY - timedelta(days=2), None, 0.05, 0.15, 0.3),
        UsualDay(TODAY - timedelta(days=1), 0.1, 0.05, 0.15, 0.3),
        UsualDay(TODAY, 0.5, 0.05, 0.15, 0.3, unusual=True, note="unusual", url="/unusual/1/"),
    ]
    chart = usual_course(days, title="Sensitive share", unit="% of interactions", share=True)
    go.Figure(chart.figure)
    by_name = {trace.get("name"): trace for trace in chart.figure["data"]}
    assert by_name["Each day"]["y"] == [10.0, None, 10.0, 50.0]
    assert by_name["Unusual"]["y"] == [50.0]
    assert by_name["Unusual"]["customdata"] == ["/unusual/1/"]
    assert by_name["Unusual above"]["y"] == [30.0] * 3
    assert [row.url for row in chart.rows] == ["/unusual/1/", "", "", ""]
    assert "50.0%, usually 5.0% to 15.0%, unusual above 30.0%. 1 unusual day in the period" in chart.summary
    empty = usual_course([], title="Sensitive share", unit="%", share=True)
    go.Figure(empty.figure)
    assert empty.rows == ()


def test_the_file_holds_what_the_page_shows(client: Client, cast: Cast, finding: UnusualDay) -> None:
    address = reverse("inventory:unusual_csv")
    assert client.get(address).status_code == 302
    for person in (cast.dan, cast.bob, cast.eve):
        client.force_login(person)
        shown = client.get(reverse("inventory:unusual"), {"metric": "interactions"})
        body = b"".join(client.get(address, {"metric": "interactions", "page": "2"})).decode("utf-8-sig")  # type: ignore[arg-type]
        lines = list(csv.DictReader(body.splitlines()))
        assert [one["explanation"] for one in lines] == [sentence for _, sentence in shown.context["found"]]
        assert bool(lines) == (person != cast.eve)
    assert f'href="{address}?metric=interactions"' in shown.content.decode()
