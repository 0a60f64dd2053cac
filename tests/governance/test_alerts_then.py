"""The queue of alerts as of a past day: states of then, what narrows it then, rights of today and of then."""

import csv
import io
from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from inventory.choices import AlertAction, AlertState, Severity
from inventory.models import AIApplication, Alert
from risk.selectors.alerts import OPEN
from risk.selectors.history import end_of
from tests.governance.estate import Estate, alert
from tests.governance.test_applications_then import FIRST, SECOND, TODAY, dan
from tests.governance.test_then_from_history import chart, happened, tiles
from tests.governance.then import noon

__all__ = ["dan"]
BETWEEN = SECOND - timedelta(days=3)


def queue(client: Client, **query: Any) -> dict[int, str]:
    """Alert → its state, as the page lists them."""
    cache.clear()
    return {row.pk: row.state for row in client.get("/alerts/", query).context["page"].object_list}


def filed(client: Client, **query: Any) -> dict[str, str]:
    answer = client.get("/alerts/alerts.csv", query)
    text = b"".join(answer.streaming_content).decode("utf-8-sig")  # type: ignore[attr-defined]
    return {row["id"]: row["state"] for row in csv.DictReader(io.StringIO(text))}


@pytest.mark.parametrize(
    ("today", "steps", "then"),
    [
        (AlertState.NEW, [], "new"),
        (AlertState.RESOLVED, [], "resolved"),
        (AlertState.RESOLVED, [(AlertAction.STARTED, FIRST, "")], "in_progress"),
        (AlertState.NEW, [(AlertAction.RESOLVED, FIRST, "")], "resolved"),
        (AlertState.NEW, [(AlertAction.DISMISSED, FIRST, "")], "dismissed"),
        (AlertState.RESOLVED, [(AlertAction.DISMISSED, FIRST, ""), (AlertAction.REOPENED, BETWEEN, "")], "active"),
        (AlertState.NEW, [(AlertAction.FEED, BETWEEN, "in_progress")], "in_progress"),
        (AlertState.DISMISSED, [(AlertAction.DISMISSED, TODAY, "")], "new"),
        (AlertState.ACTIVE, [(AlertAction.REOPENED, TODAY, "")], "resolved"),
    ],
)
def test_each_in_the_state_of_then(dan: Client, estate: Estate, today: AlertState, steps: Any, then: str) -> None:
    one = happened(estate, today, FIRST, *steps)
    assert queue(dan, as_of=SECOND) == {one.pk: then}
    assert filed(dan, as_of=SECOND) == {str(one.pk): then}
    assert queue(dan, as_of=SECOND, state=then) == {one.pk: then}
    others = ",".join(word for word in AlertState.values if word != then)
    assert queue(dan, as_of=SECOND, state=others) == {} == filed(dan, as_of=SECOND, state=others)


def test_what_happened_later_is_not_there(dan: Client, estate: Estate) -> None:
    one = happened(estate, AlertState.NEW, SECOND)
    assert queue(dan, as_of=SECOND) == {one.pk: "new"}
    assert queue(dan, as_of=SECOND - timedelta(days=1)) == {}


def test_figures_open_lists_of_their_length(dan: Client, estate: Estate) -> None:
    """On the overview and in the analytics, narrowed or not, for each who may look."""
    happened(estate, AlertState.RESOLVED, FIRST, (AlertAction.RESOLVED, BETWEEN, ""))
    happened(estate, AlertState.NEW, FIRST)
    loose = alert(None, Severity.LOW, AlertState.ACTIVE)
    Alert.objects.filter(pk=loose.pk).update(at=noon(FIRST), tactics=["Impact"])
    seen = set()
    for person in (estate.cast.dan, estate.cast.carol):
        dan.force_login(person)
        for day in (FIRST, SECOND):
            for query in ({}, {"department": "retail"}, {"kind": "agent"}, {"band": "critical"}, {"owner": "bob"}):
                cache.clear()
                tile = tiles(dan, as_of=day, **query)["Open alerts"]
                assert tile.value == dan.get(tile.href).context["page"].paginator.count, (person, day, query)
                for row in chart(dan, "/analytics/threats/", "tactics", as_of=day, **query).rows:
                    listed = dan.get(row.url).context["page"].paginator.count if row.url else 0
                    assert not row.url or sum(row.values) == listed or row.values[-1] == listed, row
                seen.add(tile.value)
    assert len(seen) > 2  # or all this says nothing


def test_it_lay_then_where_one_may_look_today(dan: Client, estate: Estate) -> None:
    """Carol leads retail, where the scorer lay first and lies today again, below; not where it lay in between."""
    one = happened(estate, AlertState.NEW, FIRST)
    dan.force_login(estate.cast.carol)
    assert queue(dan, as_of=FIRST) == {one.pk: "new"}
    assert queue(dan, as_of=FIRST, department="cards") == {}  # it lay in retail itself
    assert queue(dan, as_of=SECOND, department="cards") == {one.pk: "new"}
    AIApplication.objects.filter(pk=estate.scorer.pk).update(department=estate.cast.treasury)
    assert queue(dan, as_of=FIRST) == {}
    dan.force_login(estate.cast.dan)
    assert queue(dan, as_of=FIRST) == {one.pk: "new"}
    dan.force_login(estate.cast.eve)
    assert "page" not in (answer := dan.get("/alerts/", {"as_of": FIRST})).context or queue(dan, as_of=FIRST) == {}
    assert one.title not in answer.content.decode()


def test_late_is_what_was_past_due_then(dan: Client, estate: Estate) -> None:
    one = happened(estate, AlertState.RESOLVED, FIRST, (AlertAction.RESOLVED, TODAY, ""))
    Alert.objects.filter(pk=one.pk).update(at=end_of(FIRST) - timedelta(minutes=1))
    assert queue(dan, as_of=SECOND, late="yes") == {one.pk: "new"}
    assert queue(dan, as_of=FIRST, late="yes") == {}
    looks = {look["label"]: look["count"] for look in dan.get("/alerts/", {"as_of": SECOND}).context["views"]}
    assert looks == {"All open": 1, "Late": 1, "Tied to none": 0}


def test_it_is_read_alone_and_says_so(dan: Client, estate: Estate) -> None:
    happened(estate, AlertState.NEW, FIRST)
    dan.force_login(estate.cast.bob)
    body = dan.get("/alerts/", {"as_of": SECOND, "who": "me", "state": ",".join(OPEN)}).content.decode()
    assert f"As of {SECOND:%-d %B %Y}" in body
    assert "Assigned to: <strong>me</strong> · not applied here" in body
    assert f"/history/?as_of={SECOND}" in body
    assert 'name="action"' not in body
    assert 'name="action"' in dan.get("/alerts/", {}).content.decode()
    assert dan.post(f"{reverse('risk:alert_act')}?as_of={SECOND}", {}).status_code == 409


def test_queries_do_not_grow(dan: Client, estate: Estate) -> None:
    def queries(person: Any) -> int:
        dan.force_login(person)
        dan.get("/alerts/", {"as_of": SECOND})
        with CaptureQueriesContext(connection) as found:
            dan.get("/alerts/", {"as_of": SECOND})
        return len(found)

    people = (estate.cast.dan, estate.cast.carol)
    happened(estate, AlertState.NEW, FIRST)
    few = [queries(person) for person in people]
    for _ in range(30):
        happened(estate, AlertState.RESOLVED, FIRST, (AlertAction.RESOLVED, BETWEEN, ""))
    assert [queries(person) for person in people] == few


@pytest.mark.parametrize("sort", ["due", "-due", "severity", "state", "-state", "application", "at"])
def test_sorted_by_what_held_then(dan: Client, estate: Estate, sort: str) -> None:
    old = happened(estate, AlertState.RESOLVED, FIRST, (AlertAction.RESOLVED, TODAY, ""))
    shut = happened(estate, AlertState.NEW, FIRST, (AlertAction.RESOLVED, BETWEEN, ""))
    found = list(queue(dan, as_of=SECOND, sort=sort))
    assert set(found) == {old.pk, shut.pk}
    if sort.endswith(("due", "state")):
        assert found == ([old.pk, shut.pk] if not sort.startswith("-") else [shut.pk, old.pk])
