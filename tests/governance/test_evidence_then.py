"""The list of evidence as of a past day: what there was, in the words and dates of then; page, bars and file."""

import csv
import io
from datetime import date, timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from inventory.models import AIApplication
from risk.models import Evidence
from risk.services import evidence
from tests.governance.estate import Estate
from tests.governance.test_applications_then import FIRST, SECOND, TODAY, dan
from tests.governance.test_then_from_history import aged, chart
from tests.governance.then import noon
from tests.risk.evidence import link

__all__ = ["dan"]
LEFT = (SECOND - TODAY).days  # from today to the day looked at


def listed(client: Client, **query: Any) -> list[tuple[int, str, date | None, str]]:
    cache.clear()
    rows = client.get("/evidence/", query).context["page"].object_list
    return [(one.evidence.pk, one.evidence.title, one.evidence.valid_until, one.state) for one in rows]


def keys(client: Client, **query: Any) -> list[int]:
    return [pk for pk, *_ in listed(client, **query)]


def filed(client: Client, **query: Any) -> list[dict[str, str]]:
    answer = client.get("/exports/download/", {"dataset": "evidence", "format": "csv", **query})
    text = b"".join(answer.streaming_content).decode("utf-8-sig")  # type: ignore[attr-defined]
    return list(csv.DictReader(io.StringIO(text)))


def version(item: Evidence, **changed: Any) -> None:
    """How it stood on the first day, as the trigger would have written it then."""
    names = [name for one in Evidence._meta.concrete_fields if (name := str(one.column)) not in changed]
    columns = ", ".join([*changed, *names])
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO risk_evidenceevent (pgh_label, pgh_obj_id, pgh_created_at, {columns})"
            f" SELECT 'insert', id, %s, {', '.join(['%s'] * len(changed) + names)} FROM risk_evidence WHERE id = %s",
            [noon(FIRST), *changed.values(), item.pk],
        )


@pytest.fixture
def items(dan: Client, estate: Estate) -> dict[str, Evidence]:
    """Of the scorer: expired by the second day, ending soon after, without end, withdrawn since, corrected since, and
    added since."""
    found = {
        "expired": aged(link(estate.scorer, days=LEFT - 1), FIRST),
        "soon": aged(link(estate.scorer, days=LEFT + 20), FIRST),
        "withdrawn": aged(link(estate.scorer, days=LEFT + 50), FIRST),
        "corrected": aged(link(estate.scorer, days=LEFT + 80), FIRST),
        "late": link(estate.scorer, days=LEFT + 20),
    }
    evidence.withdraw(actor=None, item=Evidence.objects.get(pk=found["withdrawn"].pk), why="Wrong file")
    version(found["corrected"], title="As it was called", valid_until=SECOND + timedelta(days=5))
    Evidence.objects.filter(pk=found["corrected"].pk).update(title="Renamed since", changed_at=noon(TODAY))
    return found


def test_what_there_was_in_the_words_of_then(dan: Client, items: dict[str, Evidence]) -> None:
    order = ["expired", "corrected", "soon", "withdrawn"]
    found = listed(dan, as_of=SECOND)
    assert [pk for pk, *_ in found] == [items[name].pk for name in order]
    assert [state for *_, state in found] == ["expired", "current", "current", "current"]
    assert found[1][1:3] == ("As it was called", SECOND + timedelta(days=5))
    assert "Renamed since" in {title for _, title, *_ in listed(dan)}
    assert items["withdrawn"].pk not in keys(dan)


@pytest.mark.parametrize(
    ("asked", "names"),
    [
        ({"ends": "expired"}, ["expired"]),
        ({"ends": "current"}, ["corrected", "soon", "withdrawn"]),
        ({"ends": "30"}, ["corrected", "soon"]),
        ({"ends": "withdrawn"}, []),
        ({"q": "as it was"}, ["corrected"]),
        ({"q": "renamed"}, []),
        ({"q": "Credit Scorer"}, ["expired", "corrected", "soon", "withdrawn"]),
        ({"kind": "model"}, ["expired", "corrected", "soon", "withdrawn"]),
        ({"kind": "agent"}, []),
        ({"band": "critical"}, ["expired", "corrected", "soon", "withdrawn"]),
        ({"band": "low"}, []),
        ({"lifecycle": "idea"}, []),
        ({"department": "cards"}, ["expired", "corrected", "soon", "withdrawn"]),
        ({"department": "treasury"}, []),
    ],
)
def test_narrowed_by_what_held_then(
    dan: Client, items: dict[str, Evidence], asked: dict[str, str], names: list[str]
) -> None:
    ids = {"as_of": SECOND, **asked}
    assert keys(dan, **ids) == [items[name].pk for name in names]
    assert len(filed(dan, **ids)) == len(names)


def test_withdrawn_by_then(dan: Client, items: dict[str, Evidence]) -> None:
    Evidence.objects.filter(pk=items["withdrawn"].pk).update(withdrawn_at=noon(SECOND))
    assert keys(dan, as_of=SECOND, ends="withdrawn") == [items["withdrawn"].pk]
    assert items["withdrawn"].pk not in keys(dan, as_of=SECOND)
    assert items["withdrawn"].pk in keys(dan, as_of=SECOND - timedelta(days=1))


def test_the_file_tells_the_same(dan: Client, items: dict[str, Evidence]) -> None:
    rows = filed(dan, as_of=SECOND)
    assert {(row["title"], row["state"], row["valid_until"]) for row in rows} == {
        (title, state, str(until)) for _, title, until, state in listed(dan, as_of=SECOND)
    }
    assert {row["withdrawn_why"] for row in rows} == {""}
    assert {row["withdrawn_why"] for row in filed(dan)} == {"", "Wrong file"}


def test_bars_and_tiles_are_as_long_as_their_lists(dan: Client, items: dict[str, Evidence], estate: Estate) -> None:
    for person in (estate.cast.dan, estate.cast.carol):
        dan.force_login(person)
        for query in ({}, {"department": "cards"}, {"kind": "model"}, {"kind": "agent"}, {"owner": "bob"}):
            for day in (FIRST, SECOND):
                cache.clear()
                for row in chart(dan, "/analytics/compliance/", "evidence", as_of=day, **query).rows:
                    assert f"as_of={day}" in row.url
                    assert row.values[0] == dan.get(row.url).context["page"].paginator.count, (row, query, day)
    counts = dan.get("/evidence/", {"as_of": SECOND}).context["counts"]
    assert (counts.expired, dict(counts.within)) == (1, {30: 2, 60: 3, 90: 3})


def test_rights_are_those_of_today_and_of_then(dan: Client, items: dict[str, Evidence], estate: Estate) -> None:
    dan.force_login(estate.cast.carol)
    assert len(keys(dan, as_of=SECOND)) == 4
    AIApplication.objects.filter(pk=estate.scorer.pk).update(department=estate.cast.treasury)
    assert keys(dan, as_of=SECOND) == []
    dan.force_login(estate.cast.dan)
    assert len(keys(dan, as_of=SECOND)) == 4
    dan.force_login(estate.cast.eve)
    assert "As it was called" not in dan.get("/evidence/", {"as_of": SECOND}).content.decode()


def test_the_page_says_so(dan: Client, items: dict[str, Evidence], estate: Estate) -> None:
    body = dan.get("/evidence/", {"as_of": SECOND}).content.decode()
    assert f"As of {SECOND:%-d %B %Y}" in body
    assert f"/applications/{estate.scorer.pk}/history/?as_of={SECOND}" in body
    assert f"as_of={SECOND}&amp;dataset=evidence" in body


def test_pages_and_queries(dan: Client, estate: Estate) -> None:
    def queries() -> int:
        dan.get("/evidence/", {"as_of": SECOND})
        with CaptureQueriesContext(connection) as found:
            dan.get("/evidence/", {"as_of": SECOND})
        return len(found)

    made = [aged(link(estate.scorer, days=LEFT + 1), FIRST) for _ in range(3)]
    few = queries()
    made += [aged(link(estate.scorer, days=LEFT + 1), FIRST) for _ in range(30)]
    cache.clear()
    assert queries() == few
    shown = [*keys(dan, as_of=SECOND), *keys(dan, as_of=SECOND, page=2)]
    assert shown == [one.pk for one in made]
