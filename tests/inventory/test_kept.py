"""What Discovery keeps in the cache is exact: whatever anybody does, or a feed tells, ends it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from inventory.choices import Lifecycle
from inventory.models import Alert, Sighting, User
from inventory.selectors.kept import kept
from inventory.services import alerts, applications, discovery
from tests.builders import make_application
from tests.cast import Cast
from tests.inventory.feeds.files import record
from tests.inventory.test_discovery import load

pytestmark = pytest.mark.django_db


def never(client: Client, user: User) -> int:
    """How many the page counts."""
    client.force_login(user)
    return client.get(reverse("inventory:never_seen")).context["page"].paginator.count


def twins(client: Client, user: User) -> list[str]:
    client.force_login(user)
    (row,) = client.get(reverse("inventory:sightings")).context["page"]
    return [one.name for one in row.twins]


def test_what_is_kept_is_found_once(cast: Cast) -> None:
    answers = iter([None, 2])
    assert [kept("a", lambda: next(answers)) for _ in range(3)] == [None] * 3
    assert kept("b", lambda: next(answers)) == 2


def test_the_count_of_what_was_never_seen_is_kept_until_something_happens(
    client: Client, cast: Cast, tmp_path: Path
) -> None:
    made = [
        make_application(cast.retail, f"Letters {n}", lifecycle="live", identifiers=[("app_identity", f"Letters.{n}")])
        for n in range(5)
    ]
    given = {"type": "x", "severity": "high", "state": "active", "feed_state": "active"}
    alert = Alert.objects.create(title="Odd", at=timezone.now(), **given)
    load(tmp_path, record(AgentName="Letter Bot"))
    acts: list[Callable[[], Any]] = [
        lambda: load(tmp_path, record(AppIdentity="Letters.0")),
        lambda: applications.update_application(actor=cast.ada, application=made[1], lifecycle=Lifecycle.RETIRED),
        lambda: discovery.link(actor=cast.ada, sighting=Sighting.objects.get(), application=made[2]),
        lambda: alerts.tie(actor=cast.ada, alerts=[alert.pk], application=made[3], reason="Its key."),
    ]
    left = 5
    for act in acts:
        assert never(client, cast.ada) == left
        with CaptureQueriesContext(connection) as asked:
            assert never(client, cast.ada) == left
        assert not any("COUNT" in one["sql"] and "inventory_metric" in one["sql"] for one in asked)
        act()
        left -= 1
    assert never(client, cast.ada) == left == 1


def test_the_count_is_everybodys_own(client: Client, cast: Cast) -> None:
    make_application(cast.retail, "Letters", lifecycle="live")
    make_application(cast.treasury, "Rates", lifecycle="live")
    assert [never(client, user) for user in (cast.ada, cast.carol, cast.eve)] == [2, 1, 1]


def test_twins_are_kept_until_the_register_changes(client: Client, cast: Cast, tmp_path: Path) -> None:
    load(tmp_path, record(AppIdentity="AIApp.SaaS.Letters", Operation="AIAppInteraction"))
    assert twins(client, cast.ada) == []
    made = make_application(cast.treasury, "SaaS Letters")
    assert twins(client, cast.ada) == ["SaaS Letters"]
    with CaptureQueriesContext(connection) as asked:
        assert twins(client, cast.ada) == ["SaaS Letters"]
    assert not any("similarity" in one["sql"] for one in asked)
    applications.update_application(actor=cast.ada, application=made, name="Rate Robot")
    assert twins(client, cast.ada) == []
