"""Discovery as of a past day: what was loose then by what people had decided then; the tile leads to it."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from inventory.models import CarriedName, DailyUsage, Ruling, Sighting, User
from inventory.services import discovery
from tests.governance.estate import Estate, use
from tests.governance.test_applications_then import FIRST, SECOND, TODAY, dan
from tests.governance.test_then_from_history import tiles
from tests.governance.then import noon

__all__ = ["dan"]
AGO = (TODAY - SECOND).days + 3  # a day of the period looked at


def seen(name: str) -> Sighting:
    at = timezone.now()
    return Sighting.objects.create(name=name, folded=name.casefold(), first_seen=at, last_seen=at, interactions=1)


@pytest.fixture
def tool(dan: Client, estate: Estate) -> Sighting:
    """Used in retail three days before the second day, by two people."""
    found = seen("Draw Elsewhere")
    use(found, estate.cast.retail, AGO, people=2, interactions=8, sensitive=1)
    return found


def listed(client: Client, **query: Any) -> dict[str, int]:
    """Name → interactions."""
    cache.clear()
    return {row.name: row.interactions for row in client.get("/discovery/", query).context["page"].object_list}


def dated(day: date) -> None:
    """As if the rulings that stand had been decided that day."""
    Ruling.objects.update(decided_at=noon(day))


def agrees(client: Client, day: date, **query: Any) -> int:
    """The tile of the overview says how long the list is that it opens."""
    cache.clear()
    tile = tiles(client, as_of=day, **query)["Unregistered AI apps"]
    assert f"as_of={day}" in tile.href
    assert tile.value == client.get(tile.href).context["page"].paginator.count
    return tile.value


def test_what_had_been_used_by_then(dan: Client, tool: Sighting, estate: Estate) -> None:
    assert listed(dan, as_of=SECOND) == {"Draw Elsewhere": 8}  # what was used later is not there yet
    assert listed(dan, as_of=SECOND, sensitive="yes") == {"Draw Elsewhere": 8}
    assert listed(dan, as_of=SECOND - timedelta(days=4)) == {}
    assert listed(dan, as_of=SECOND, department="retail") == {"Draw Elsewhere": 8}
    assert listed(dan, as_of=SECOND, department="treasury") == {}
    assert listed(dan, as_of=SECOND, q="draw") == {"Draw Elsewhere": 8}
    assert listed(dan, as_of=SECOND, q="chat") == {}
    use(tool, estate.cast.retail, 1, people=1, interactions=100)
    (row,) = dan.get("/discovery/", {"as_of": SECOND}).context["page"].object_list
    assert (row.interactions, row.users, row.sensitive) == (8, 2, 1)
    assert row.first_seen == row.last_seen == SECOND - timedelta(days=3)
    assert agrees(dan, SECOND) == 1
    assert agrees(dan, SECOND, department="treasury") == 0


def test_linked_since_was_loose_then(dan: Client, tool: Sighting, estate: Estate) -> None:
    discovery.link(actor=None, sighting=tool, application=estate.summariser)
    assert not DailyUsage.objects.filter(sighting=tool, application=None).exists()
    assert listed(dan, as_of=SECOND) == {"Draw Elsewhere": 8}
    assert listed(dan, as_of=SECOND, standing="linked") == {}
    assert agrees(dan, SECOND) == agrees(dan, SECOND, department="retail") == 1
    dated(FIRST)
    assert listed(dan, as_of=SECOND) == {}
    assert listed(dan, as_of=SECOND, standing="linked") == {"Draw Elsewhere": 8}
    assert agrees(dan, SECOND) == 0


def test_what_a_link_carried_since_was_loose_then(dan: Client, tool: Sighting, estate: Estate) -> None:
    ruling = discovery.link(actor=None, sighting=tool, application=estate.summariser)
    other = seen("Draw, by its host")
    use(other, estate.cast.retail, AGO, people=1, interactions=5)
    DailyUsage.objects.filter(sighting=other).update(application=estate.summariser)
    CarriedName.objects.create(ruling=ruling, folded=other.folded)
    assert listed(dan, as_of=SECOND) == {"Draw Elsewhere": 8, "Draw, by its host": 5}
    assert agrees(dan, SECOND) == 2
    dated(FIRST)
    assert listed(dan, as_of=SECOND) == {}


def test_ruled_out_by_then_and_since(dan: Client, tool: Sighting) -> None:
    discovery.rule_out(actor=None, sightings=[tool.pk], reason="A test of ours")
    assert listed(dan, as_of=SECOND) == {"Draw Elsewhere": 8}
    assert listed(dan, as_of=SECOND, standing="ruled_out") == {}
    dated(FIRST)
    assert listed(dan, as_of=SECOND) == {}
    assert listed(dan, as_of=SECOND, standing="ruled_out") == {"Draw Elsewhere": 8}
    assert agrees(dan, SECOND) == 0
    Ruling.objects.update(until=SECOND - timedelta(days=1), decided_at=noon(FIRST))
    assert listed(dan, as_of=SECOND) == {"Draw Elsewhere": 8}  # its day had passed
    Ruling.objects.update(until=SECOND, decided_at=noon(FIRST))
    assert listed(dan, as_of=SECOND) == {}
    Ruling.objects.update(use=1, decided_at=noon(FIRST))
    DailyUsage.objects.filter(sighting=tool).update(interactions=100)  # ten times the least that counts
    assert listed(dan, as_of=SECOND) == {"Draw Elsewhere": 100}


def taken_back(tool: Sighting, by: User | None = None) -> None:
    """Ruled out on the first day, until today."""
    columns = [one.column for one in Ruling._meta.concrete_fields]
    discovery.rule_out(actor=by, sightings=[tool.pk], reason="A test of ours")
    dated(FIRST)
    with connection.cursor() as cursor:  # the version that the trigger would have written that day
        cursor.execute(
            f"INSERT INTO inventory_rulingevent (pgh_label, pgh_obj_id, pgh_created_at, {', '.join(columns)})"
            f" SELECT 'insert', id, %s, {', '.join(columns)} FROM inventory_ruling",
            [noon(FIRST)],
        )
    discovery.take_back(actor=None, sighting=tool, reason="It is not ours")


def test_decisions_of_then_cost_no_query_each(dan: Client, tool: Sighting, estate: Estate) -> None:
    query, costs = {"as_of": SECOND, "standing": "ruled_out"}, []
    for number in range(4):
        one = seen(f"Other {number}") if number else tool
        use(one, estate.cast.cards, AGO, people=1, interactions=1)
        taken_back(one, by=estate.cast.ada)
        if number in (0, 3):
            cache.clear()
            with CaptureQueriesContext(connection) as found:
                assert len(dan.get("/discovery/", query).context["page"].object_list) == number + 1
            costs.append(len(found))
    assert costs[0] == costs[1]


def test_what_was_taken_back_since_stood_then(dan: Client, tool: Sighting) -> None:
    taken_back(tool)
    assert listed(dan, as_of=SECOND) == {}
    found = dan.get("/discovery/", {"as_of": SECOND, "standing": "ruled_out"})
    assert [row.ruling.reason for row in found.context["page"].object_list] == ["A test of ours"]
    assert "A test of ours" in found.content.decode()
    assert listed(dan, as_of=FIRST - timedelta(days=1), period="365") == {}


def test_nothing_is_decided_from_there(dan: Client, tool: Sighting, estate: Estate) -> None:
    dan.force_login(estate.cast.ada)
    then, now = (dan.get("/discovery/", query).content.decode() for query in ({"as_of": SECOND}, {"period": "90"}))
    assert f"As of {SECOND:%-d %B %Y}" in then
    for act in ("Register</a>", 'name="sighting"', 'name="action"', "In the register"):
        assert act in now
        assert act not in then
    for path in ("inventory:sighting_act", "inventory:register"):
        assert dan.post(f"{reverse(path)}?as_of={SECOND}", {}).status_code == 409


def test_rights_are_those_of_today(dan: Client, tool: Sighting, estate: Estate) -> None:
    dan.force_login(estate.cast.carol)
    assert listed(dan, as_of=SECOND) == {"Draw Elsewhere": 8}
    assert agrees(dan, SECOND, department="retail") == 1
    discovery.link(actor=None, sighting=tool, application=estate.summariser)
    answer = dan.get("/discovery/", {"as_of": SECOND})
    (row,) = answer.context["page"].object_list
    assert (row.opens, dan.get(f"/discovery/{tool.pk}/").status_code) == (False, 404)
    dan.force_login(estate.cast.eve)
    assert "Draw Elsewhere" not in dan.get("/discovery/", {"as_of": SECOND}).content.decode()


@pytest.mark.parametrize("sort", ["", "interactions", "-interactions", "name", "-name", "seen", "-seen"])
def test_queries_do_not_grow(dan: Client, tool: Sighting, estate: Estate, sort: str) -> None:
    query = {"as_of": SECOND, "sort": sort}

    def queries() -> int:
        dan.get("/discovery/", query)
        with CaptureQueriesContext(connection) as found:
            dan.get("/discovery/", query)
        return len(found)

    few = queries()
    for number in range(20):
        use(seen(f"Other {number:02}"), estate.cast.retail, AGO + number % 3, people=1, interactions=number)
    cache.clear()
    assert queries() == few
    names = list(listed(dan, **query))
    assert len(names) == 21
    if sort in ("", "-interactions", "name"):
        assert names[0] == ("Other 19" if sort != "name" else "Draw Elsewhere")
