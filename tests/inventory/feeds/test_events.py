"""The activity explorer: whose events a person sees, pages by key, sums that are those of the figures, and names."""

import csv
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.core.exceptions import PermissionDenied
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from inventory.models import AIApplication, AuditLogEntry, DailyUsage, Interaction
from inventory.selectors import events
from inventory.selectors.events import paging
from inventory.services.events import reveal
from inventory.services.imports import import_file
from risk.models import CurrentScore
from risk.services.scores import rescore_changed
from tests.builders import make_application
from tests.cast import Cast
from tests.inventory.feeds.files import LABEL, audit_text, days_ago, guid, record, users_text, write

PAGE = "inventory:events"


def interaction(number: int, days: float = 1, **given: Any) -> dict[str, Any]:
    return record(Id=guid(number), CreationTime=days_ago(days), **given)


def labelled(*labels: str) -> dict[str, Any]:
    return {"AccessedResources": [{"Id": "1", "SensitivityLabelId": label, "Status": "success"} for label in labels]}


def jailbreak() -> dict[str, Any]:
    return {"Messages": [{"Id": "1", "isPrompt": True, "JailbreakDetected": True}]}


def ingest(folder: Path, *payloads: dict[str, Any]) -> None:
    import_file(actor=None, path=write(folder, f"{payloads[0]['Id']}.csv", audit_text(*payloads)))


@pytest.fixture
def told(cast: Cast, tmp_path: Path) -> Cast:
    """Ann of Cards and Tom of Treasury use what nobody registered; Tom also uses an application of Retail's."""
    people = users_text(
        ("ann@alderfinch.example", "Ann <b>Fox</b>", "1", "Cards"), ("tom@alderfinch.example", "Tom", "2", "Treasury")
    )
    import_file(actor=None, path=write(tmp_path, "users.csv", people))
    make_application(cast.retail, "Helper", identifiers=[("app_identity", "Copilot.Studio.helper")])
    ingest(
        tmp_path,
        interaction(1, event=labelled(LABEL)),
        interaction(2, UserId="tom@alderfinch.example", AppIdentity="Copilot.Studio.helper", event=jailbreak()),
        interaction(3, UserId="tom@alderfinch.example"),
        interaction(4, days=3, UserId="stranger@x.example"),
        interaction(5, days=40),
    )
    return cast


def test_the_page_meets_the_cast(told: Cast, client: Client) -> None:
    def seen(user: Any, **query: Any) -> list[int]:
        client.force_login(user)
        answer = client.get(reverse(PAGE), query)
        assert answer.status_code == 200
        return [int(str(one.record_id)[:8], 16) for one in answer.context["page"].rows]

    assert (
        sorted(seen(told.bob)) == sorted(seen(told.carol)) == [1, 2]
    )  # their people, and all use of their application
    assert sorted(seen(told.eve)) == [2, 3]
    assert sorted(seen(told.dan)) == [1, 2, 3, 4]
    assert seen(told.dan)[-1] == 4  # newest first
    assert sorted(seen(told.dan, period=90)) == [1, 2, 3, 4, 5]
    assert seen(told.dan, department="treasury", category="unregistered") == [3]
    assert seen(told.dan, unassigned="yes") == [4]
    assert seen(told.dan, event="jailbreak") == seen(told.dan, event="attack") == [2]
    assert (
        seen(told.dan, event="sensitive") == seen(told.dan, label=LABEL) == seen(told.dan, label=LABEL.upper()) == [1]
    )
    assert seen(told.dan, made_by="label") == [1]
    assert seen(told.dan, made_by="type") == seen(told.dan, label="another") == seen(told.dan, event="visit") == []
    day = timezone.localdate() - timedelta(days=3)
    assert seen(told.dan, since=day, until=day) == [4]
    whose = Interaction.objects.get(record_id=guid(3)).pseudonym
    assert sorted(seen(told.dan, person=whose)) == [2, 3]
    assert seen(told.eve, person=Interaction.objects.get(record_id=guid(1)).pseudonym) == []


def test_events_are_narrowed_by_how_their_application_is_judged(told: Cast, client: Client) -> None:
    """Kind, band, class and owner alike, on page and file; what isn't registered has none of them."""
    helper = AIApplication.objects.get(name="Helper")
    AIApplication.objects.filter(pk=helper.pk).update(owner=told.bob)
    rescore_changed()
    score = CurrentScore.objects.get(application=helper)
    mine = {"kind": helper.kind, "band": score.band, "class": score.eu_class or "open", "owner": "bob"}
    others = {"kind": "agent", "band": "critical", "class": "prohibited", "owner": "-"}
    for who, seen in (("dan", 1), ("carol", 1), ("eve", 0), ("ada", 1)):  # Eve's people use what she can't see
        client.force_login(getattr(told, who))
        for name, word in mine.items():
            page = client.get(reverse(PAGE), {name: word})
            assert [row.application for row in page.context["page"].rows] == ["Helper"] * seen, (who, name)
            assert page.context["total"] == seen
            assert "not applied here" not in page.content.decode()
            file = b"".join(client.get(reverse("inventory:event_csv"), {name: word}))
            assert file.count(b"Helper") == file.count(b"\n") - 1 == seen
            assert client.get(reverse(PAGE), {name: others[name]}).context["page"].rows == [], (who, name)
        assert client.get(reverse(PAGE), mine).context["total"] == seen
    client.force_login(told.eve)
    assert "Helper" in client.get(reverse(PAGE)).content.decode()


def test_how_many_there_are_is_what_the_pages_hold(told: Cast) -> None:
    today = timezone.localdate()
    first = today - timedelta(days=89)
    for narrowed in (
        *({"event": word} for word in events.EVENTS),
        *({"category": word} for word in events.CATEGORIES),
        *({"department": told.retail}, {"labelled": True}, {"labelled": False}, {"label": (LABEL,)}, {}),
    ):
        wanted = events.Wanted(first, today, **narrowed)  # type: ignore[arg-type]
        for person in (told.dan, told.bob, told.eve):
            found = events.days(person, wanted)
            assert found.total == len(events.page(person, wanted, found).rows), (narrowed, person)


def test_every_event_stands_on_one_page(cast: Cast, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    at = days_ago(2)
    ingest(
        tmp_path,
        *(interaction(n, days=n % 5 + 1) for n in range(1, 40)),
        *(record(Id=guid(n), CreationTime=at) for n in range(40, 61)),
    )
    monkeypatch.setattr(paging, "A_PAGE", 7)
    today = timezone.localdate()
    wanted = events.Wanted(today - timedelta(days=29), today)
    for busy in (20_000, 5):  # by days, and by hours
        monkeypatch.setattr(paging, "BUSY_DAY", busy)
        found, before, seen = events.days(cast.dan, wanted), None, []
        for _ in range(60):
            page = events.page(cast.dan, wanted, found, before)
            seen += [one.record_id for one in page.rows]
            if (before := page.older) is None:
                break
        assert sorted(map(str, seen)) == [guid(n) for n in range(1, 61)]


def test_a_long_list_costs_the_same_queries(
    client: Client, cast: Cast, tmp_path: Path, django_assert_max_num_queries: Any
) -> None:
    client.force_login(cast.dan)
    ingest(tmp_path, *(interaction(n, event=labelled(LABEL)) for n in range(1, 4)))
    client.get(reverse(PAGE))
    with django_assert_max_num_queries(15) as few:
        client.get(reverse(PAGE))
    most = len(few)
    ingest(tmp_path, *(interaction(n, event=labelled(LABEL)) for n in range(4, 40)))
    client.get(reverse(PAGE))  # the days are counted once after each file
    with django_assert_max_num_queries(most):
        answer = client.get(reverse(PAGE))
    assert len(answer.context["page"].rows) == 25
    assert "39 events by the daily figures" in answer.content.decode()


def test_days_that_promise_what_is_not_there_cost_few_queries(
    client: Client, cast: Cast, tmp_path: Path, settings: Any, django_assert_max_num_queries: Any
) -> None:
    client.force_login(cast.dan)
    ingest(tmp_path, interaction(1))
    (row,) = DailyUsage.objects.all()
    for _ in range(30):
        row.pk, row.day, row.interactions = None, row.day - timedelta(days=1), 1000
        row.save(force_insert=True)
    asked = {"since": row.day.isoformat()}
    client.get(reverse(PAGE), asked)
    with django_assert_max_num_queries(15):
        page = client.get(reverse(PAGE), asked).context["page"]
    assert len(page.rows) == 1
    assert page.older  # what lies further back comes with the next page
    settings.INTERACTION_RETENTION_DAYS = 5
    assert not client.get(reverse(PAGE), asked).context["page"].older  # single events of those days are gone


def test_odd_addresses_are_told_of(client: Client, told: Cast) -> None:
    client.force_login(told.dan)
    for query in (
        {"person": "x"},
        {"before": "yesterday"},
        {"since": "soon"},
        {"event": "<b>"},
        {"until": "9999-12-31"},
    ):
        answer = client.get(reverse(PAGE), query)
        assert answer.status_code == 200
        assert ("left out" in answer.content.decode()) == ("until" not in query)
    for query in ({"application": "1e9"}, {"sighting": "999999"}, {"department": "nowhere"}):
        assert client.get(reverse(PAGE), query).status_code == 404


def test_a_name_takes_the_right_a_reason_and_a_line_in_the_log(client: Client, told: Cast) -> None:
    address, page = reverse("inventory:event_reveal", args=[guid(1)]), reverse("inventory:event", args=[guid(1)])
    for person, shown, asked in (
        (told.bob, 200, 200),
        (told.carol, 200, 403),
        (told.dan, 200, 403),
        (told.eve, 404, 403),
    ):
        client.force_login(person)
        answer = client.get(page)
        assert answer.status_code == shown
        assert "ann@" not in answer.content.decode()
        assert ("Show the name" in answer.content.decode()) == (person is told.bob)
        answer = client.post(address, {"reason": "Incident 7"})
        assert answer.status_code == asked
        assert ("ann@alderfinch.example" in answer.content.decode()) == (person is told.bob)
        assert "<b>Fox" not in answer.content.decode()
    (entry,) = AuditLogEntry.objects.filter(action="person.revealed")
    assert (entry.actor, entry.reason, entry.object_id) == (told.bob, "Incident 7", guid(1))
    client.force_login(told.bob)
    answer = client.post(address, {"reason": " "})
    assert answer.status_code == 400
    assert "ann@" not in answer.content.decode()
    assert "no-store" in client.post(address, {"reason": "Incident 7"}).headers["Cache-Control"]


def test_who_may_see_the_use_of_an_application_need_not_learn_who_it_was(told: Cast) -> None:
    with pytest.raises(PermissionDenied):  # Tom is Treasury's
        reveal(actor=told.bob, event=UUID(guid(2)), reason="Incident 7")
    with pytest.raises(PermissionDenied):  # nobody's
        reveal(actor=told.bob, event=UUID(guid(4)), reason="Incident 7")
    assert reveal(actor=told.ada, event=UUID(guid(4)), reason="Incident 7").account == "stranger@x.example"  # type: ignore[union-attr]
    assert reveal(actor=told.ada, event=UUID(guid(2)), reason="Incident 7").name == "Tom"  # type: ignore[union-attr]
    assert AuditLogEntry.objects.filter(action="person.revealed").count() == 2


def test_the_file_holds_all_pages(client: Client, told: Cast, tmp_path: Path) -> None:
    ingest(tmp_path, *(interaction(n) for n in range(100, 140)))

    def lines(person: Any, **query: str) -> list[dict[str, str]]:
        client.force_login(person)
        text = b"".join(client.get(reverse("inventory:event_csv"), query)).decode("utf-8-sig")  # type: ignore[arg-type]
        return list(csv.DictReader(text.splitlines()))

    assert len(lines(told.dan)) == 44
    assert [one["labels"] for one in lines(told.dan, event="sensitive")] == [LABEL]
    assert {one["department"] for one in lines(told.bob)} == {"Cards", "Treasury"}
    assert "ann@" not in str(lines(told.bob))


def test_the_period_ends_on_a_past_day(told: Cast, client: Client) -> None:
    client.force_login(told.dan)
    today = timezone.localdate()

    def seen(**query: Any) -> list[int]:
        answer = client.get(reverse(PAGE), query)
        rows = [int(str(one.record_id)[:8], 16) for one in answer.context["page"].rows]
        assert answer.context["total"] == len(rows)
        lines = b"".join(client.get(reverse("inventory:event_csv"), query)).decode().splitlines()  # type: ignore[arg-type]
        assert len(lines) == len(rows) + 1
        return sorted(rows)

    day = today - timedelta(days=2)
    assert seen(as_of=day) == [4]
    assert seen(as_of=day, period=90) == seen(as_of=day, since=today - timedelta(days=50)) == [4, 5]
    assert seen(as_of=day, until=today, since=day) == []
    assert seen(as_of=today - timedelta(days=35)) == [5]
    assert seen(as_of=today) == seen(as_of=today + timedelta(days=1)) == [1, 2, 3, 4]
    body = client.get(reverse(PAGE), {"as_of": day}).content.decode()
    assert f"As of {day:%-d %B %Y}" in body
    assert "not applied here" not in body
    assert "still to come" in client.get(reverse(PAGE), {"as_of": today + timedelta(days=1)}).content.decode()
