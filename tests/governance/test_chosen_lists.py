"""Lists of what belongs to applications heed kind, band, class and owner, on the page and in its file alike."""

from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from inventory.choices import DataEventKind, Lifecycle, UsageMetric
from inventory.models import AIApplication, DataEvent, UnusualDay
from inventory.selectors.chosen import by_the_register
from inventory.web.filters import Filters
from tests.builders import make_application
from tests.governance.estate import Estate, use

PATHS = ("/discovery/never-seen/", "/discovery/beyond-approval/", "/data-events/", "/unusual/")
FILES = {"/data-events/": "/data-events/data-events.csv", "/unusual/": "/unusual/unusual.csv"}


def tell(application: AIApplication | None, **beside: Any) -> None:
    """A data event and an unusual day of it; or of a department, or what isn't registered."""
    DataEvent.objects.create(
        record_id=uuid4(),
        kind=DataEventKind.values[0],
        at=timezone.now(),
        application=application,
        seen_as="" if application else "Chat",
        batch_id=1,
        **beside,
    )
    whose = {"application": application} if application else beside
    UnusualDay.objects.create(
        **whose,
        metric=UsageMetric.INTERACTIONS,
        day=timezone.localdate(),
        hits=9,
        total=9,
        **dict.fromkeys(("value", "low", "high", "limit"), 9.0),
        history=28,
    )


@pytest.fixture
def told(estate: Estate) -> Estate:
    """The scorer stands on every list, and something else as well."""
    twin = make_application(estate.cast.cards, "Idle", lifecycle=Lifecycle.LIVE)
    AIApplication.objects.filter(pk=twin.pk).update(kind="agent", owner=estate.cast.bob)
    use(estate.draft, estate.cast.retail, 1, people=1, interactions=3)
    tell(estate.scorer)
    tell(twin)
    tell(None, department=estate.cast.retail)
    return estate


def listed(client: Client, path: str, **query: str) -> list[str]:
    page = client.get(path, query)
    assert "not applied here" not in page.content.decode(), path
    return [str(getattr(row, "application", row)) for row in page.context["page"]]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("who", ["dan", "carol", "eve"])
def test_each_filter_leaves_what_it_names(told: Estate, client: Client, path: str, who: str) -> None:
    client.force_login(getattr(told.cast, who))
    whole = listed(client, path)
    assert bool(whole) is (who != "eve" or path == "/discovery/never-seen/")
    parts: dict[str, list[str]] = {}
    for name, words in {
        "kind": ("model", "agent", "copilot", "application"),
        "band": ("low", "moderate", "high", "critical"),
        "owner": ("alice", "bob", "-"),
    }.items():
        parts[name] = sorted(one for word in words for one in listed(client, path, **{name: word}))
    registered = sorted(one for one in whole if one not in ("Chat", "None"))
    assert parts["kind"] == parts["owner"] == registered
    assert set(parts["band"]) <= set(registered)
    assert listed(client, path, kind="model", owner="bob") == []


@pytest.mark.parametrize("path", FILES)
def test_the_file_holds_what_the_page_lists(told: Estate, client: Client, path: str) -> None:
    client.force_login(told.cast.carol)
    for query in ({}, {"kind": "model"}, {"owner": "Bob"}, {"band": told.scorer.score.band}, {"class": "prohibited"}):
        lines = b"".join(client.get(FILES[path], query)).decode().strip().splitlines()[1:]
        assert len(lines) == len(listed(client, path, **query)), query


@pytest.mark.parametrize("path", PATHS)
def test_as_many_queries_for_thirty(told: Estate, client: Client, path: str) -> None:
    def asked() -> int:
        client.get(path, {"kind": "model"})
        with CaptureQueriesContext(connection) as queries:
            assert client.get(path, {"kind": "model"}).status_code == 200
        return len(queries)

    client.force_login(told.cast.dan)
    for _ in range(3):
        tell(one := make_application(told.cast.cards, kind="model", lifecycle=Lifecycle.SUSPENDED))
        use(one, told.cast.cards, 1, people=1, interactions=1)
        make_application(told.cast.cards, kind="model")
    few = asked()
    for _ in range(27):
        tell(one := make_application(told.cast.cards, kind="model", lifecycle=Lifecycle.SUSPENDED))
        use(one, told.cast.cards, 1, people=1, interactions=1)
        make_application(told.cast.cards, kind="model")
    assert asked() == few


def test_the_ground_alone_narrows_by_what_it_knows(told: Estate) -> None:
    found = by_the_register(Filters(kinds=("model",), owner="alice", bands=("low",)), None)
    assert found is not None
    assert [one["pk"] for one in found] == [told.scorer.pk]
    assert by_the_register(Filters(bands=("low",)), None) is None
