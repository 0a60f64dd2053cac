"""A planted month of events, by all lists of Discovery: each finds what was planted and nothing else, so precision and
recall are 1.0. The month comes in as files, through the readers that real files take."""

import random
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from inventory.choices import Lifecycle
from inventory.models import AIApplication, InformationType, Ruling, SensitivityLabel, Sighting
from inventory.selectors.discovery import (
    never_by_department,
    registered_never_seen,
    seen_by_department,
    seen_not_registered,
)
from inventory.selectors.discovery.seen import Looked, rows_of
from inventory.services import discovery, imports
from risk.models import Answer
from risk.selectors import beyond
from tests.builders import make_application
from tests.cast import Cast
from tests.inventory.feeds.files import LABEL, audit_text, days_ago, record, users_text, write

pytestmark = pytest.mark.django_db
PEOPLE = {"ann": "Cards", "bea": "Retail Banking", "tom": "Treasury"}
SAAS = "AIApp.SaaS."
GUID = "8ad83f3e-b424-4d54-8ddb-{:012x}"
NEW = {f"{SAAS}New{n}" for n in range(6)}  # seen, never registered
TIED = "Assistant"  # an agent whose id two applications have
RULED_OUT, EXPIRED, GROWN = (f"{SAAS}{word}" for word in ("Harmless", "Expired", "Grown"))
LINKED = f"{SAAS}Linked"
OLD = f"{SAAS}Forgotten"  # used 60 days ago only


def app_events(name: str, times: int, who: str, days: tuple[int, int] = (1, 28), **event: Any) -> Iterator[dict]:
    """Events of a site or app, spread over the days by chance that is always the same."""
    chance = random.Random(name + who)
    for _ in range(times):
        yield record(
            Operation="AIAppInteraction", AppIdentity=name, UserId=f"{who}@x.example",
            CreationTime=days_ago(chance.uniform(*days)), event=event,
        )  # fmt: skip


class Month:
    """The register and the events of a month, with what each list must find."""

    def __init__(self, cast: Cast, folder: Path) -> None:
        self.cast, self.folder = cast, folder
        self.live = {n: self.app(f"Used {n}", f"Used{n}") for n in range(5)}
        self.silent = {self.app(f"Silent {n}", f"Silent{n}").name for n in range(3)}
        self.nameless = {self.app("Nameless", None).name}
        self.stopped = {
            self.app(f"Is {state}", f"Is{state}", lifecycle=state).name
            for state in (Lifecycle.IDEA, Lifecycle.IN_REVIEW, Lifecycle.SUSPENDED, Lifecycle.RETIRED)
        }
        self.app("Retired and quiet", "Quiet", lifecycle=Lifecycle.RETIRED)
        self.app("Approved", "Approved", lifecycle=Lifecycle.APPROVED)
        for n in range(2):
            make_application(cast.cards, f"Twin {n}", identifiers=[("agent_id", f"X{n}.{GUID.format(1)}")],
                             lifecycle=Lifecycle.APPROVED)  # fmt: skip
        SensitivityLabel.objects.create(key=LABEL, name="Confidential", level="confidential")
        InformationType.objects.create(key="x", name="X", level="internal")
        answers = {0: "internal", 1: "special_category", 2: "none", 3: None}
        for n, level in answers.items():
            Answer.objects.create(application=self.live[n], question="data_sensitivity", value=level)
        self.above = {self.live[0].name, self.live[2].name}

    def app(self, name: str, identity: str | None, **fields: Any) -> AIApplication:
        names = [("app_identity", SAAS + identity)] if identity else []
        return make_application(self.cast.retail, name, identifiers=names, **fields)

    def load(self, events: list[dict]) -> None:
        path = write(self.folder, f"{len(list(self.folder.iterdir()))}.csv", audit_text(*events))
        imports.import_file(actor=None, path=path)

    def play(self) -> None:
        people = [(f"{who}@x.example", who, who, place) for who, place in PEOPLE.items()]
        imports.import_file(actor=None, path=write(self.folder, "users.csv", users_text(*people)))
        self.load(list(self.first()))
        ada, today = self.cast.ada, timezone.localdate()
        names = {one.name: one for one in Sighting.objects.all()}
        discovery.rule_out(actor=ada, sightings=[names[RULED_OUT].pk, names[GROWN].pk], reason="A trial.")
        discovery.rule_out(actor=ada, sightings=[names[EXPIRED].pk], reason="A trial.", until=today)
        Ruling.objects.filter(folded=names[EXPIRED].folded).update(until=today - timedelta(days=1))
        discovery.link(actor=ada, sighting=names[LINKED], application=self.live[4])
        self.load(list(self.second()))

    def first(self) -> Iterator[dict]:
        marked = {"AccessedResources": [{"SensitivityLabelId": LABEL}]}
        for n in range(4):  # of the fifth there is only what is linked to it
            yield from app_events(f"{SAAS}Used{n}", 5, "ann", **marked)
            yield from app_events(f"{SAAS}Used{n}", 3, "tom")
        for state in ("idea", "in_review", "suspended", "retired"):
            yield from app_events(f"{SAAS}Is{state}", 2, "bea")
        yield from app_events(f"{SAAS}Approved", 2, "bea")
        for name in sorted(NEW):
            yield from app_events(name, 3, "ann")
            yield from app_events(name, 1, "tom")
        for name in (RULED_OUT, EXPIRED, GROWN, LINKED):
            yield from app_events(name, 2, "tom")
        yield from app_events(OLD, 3, "ann", days=(50, 60))
        yield from app_events(f"{SAAS}Silent0", 3, "ann", days=(120, 130))
        yield record(AgentName=TIED, AgentId=f"Y.{GUID.format(1)}", UserId="ann@x.example")

    def second(self) -> Iterator[dict]:
        yield from app_events(RULED_OUT, 20, "ann", days=(0.1, 5))
        yield from app_events(GROWN, 98, "ann", days=(0.1, 5))
        yield from app_events(LINKED, 4, "ann", days=(0.1, 5))


@pytest.fixture
def month(cast: Cast, tmp_path: Path) -> Month:
    found = Month(cast, tmp_path)
    found.play()
    return found


def test_each_list_finds_what_was_planted_and_nothing_else(month: Month) -> None:
    looked = Looked(month.cast.ada)
    seen = set(seen_not_registered(looked).values_list("name", flat=True))
    assert seen == {*NEW, TIED, EXPIRED, GROWN}
    assert set(registered_never_seen(month.cast.ada).values_list("name", flat=True)) == month.silent | month.nameless
    above = beyond.above_approval_by_department(timezone.localdate())
    found = beyond.used_beyond_approval(month.cast.ada, above)
    assert set(found.values_list("name", flat=True)) == month.stopped | month.above
    by_reason = {
        reason: set(beyond.used_beyond_approval(month.cast.ada, above, reasons=[reason]).values_list("name", flat=True))
        for reason in beyond.REASONS
    }
    assert by_reason == {"lifecycle": month.stopped, "data": month.above}


def test_a_longer_look_finds_what_is_forgotten(month: Month) -> None:
    assert OLD in set(seen_not_registered(Looked(month.cast.ada, period=90)).values_list("name", flat=True))
    assert "Silent 0" not in set(registered_never_seen(month.cast.ada, days=180).values_list("name", flat=True))
    without = registered_never_seen(month.cast.ada, identified=False)
    assert set(without.values_list("name", flat=True)) == month.nameless


def test_each_department_has_its_share(month: Month) -> None:
    cast, looked = month.cast, Looked(month.cast.ada)
    shares = {row["department"]: (row["apps"], row["interactions"]) for row in seen_by_department(looked)}
    assert shares == {
        cast.cards.pk: (len(NEW) + 2, 3 * len(NEW) + 98 + 1),
        cast.treasury.pk: (len(NEW) + 2, len(NEW) + 4),
    }
    own = set(seen_not_registered(Looked(cast.eve)).values_list("name", flat=True))
    assert own == {*NEW, EXPIRED, GROWN}
    assert never_by_department(registered_never_seen(cast.ada)) == [
        {"department": cast.retail.pk, "applications": len(month.silent) + 1}
    ]
    assert not registered_never_seen(cast.eve).exists()
    above = beyond.above_approval_by_department(timezone.localdate())
    assert {key: dict(by) for key, by in above.items()} == {
        month.live[0].pk: {cast.cards.pk: 5},
        month.live[2].pk: {cast.cards.pk: 5},
    }
    assert not beyond.used_beyond_approval(cast.eve, above).exists()


def test_a_tie_names_both_and_other_departments_are_a_hint(month: Month) -> None:
    looked = Looked(month.cast.ada)
    (tied,) = rows_of(looked, [Sighting.objects.get(name=TIED)])
    assert {(one.name, one.certain) for one in tied.twins} >= {("Twin 0", True), ("Twin 1", True)}
    above = beyond.above_approval_by_department(timezone.localdate())
    found = beyond.used_beyond_approval(month.cast.ada, above, reasons=["data"])
    first = beyond.beyond_page(found, above).object_list[0]
    assert (first.application.name, first.above, first.interactions, first.users) == ("Used 0", 5, 8, 2)
    assert (first.elsewhere, first.departments) == (3, ["Treasury"])


@pytest.mark.parametrize("route", ["inventory:sightings", "inventory:never_seen", "risk:beyond_approval"])
def test_pages_cost_the_same_queries_for_few_and_many(client: Client, month: Month, route: str) -> None:
    client.force_login(month.cast.ada)
    client.get(reverse(route))
    cache.clear()
    with CaptureQueriesContext(connection) as few:
        shown = len(client.get(reverse(route)).context["page"].object_list)
    for n in range(30):
        month.app(f"More silent {n}", f"MoreSilent{n}")
        month.app(f"More stopped {n}", f"MoreStopped{n}", lifecycle=Lifecycle.SUSPENDED)
    names = [f"{SAAS}MoreNew{n}" for n in range(30)] + [f"{SAAS}MoreStopped{n}" for n in range(30)]
    month.load([event for name in names for event in app_events(name, 1, "ann")])
    cache.clear()
    with CaptureQueriesContext(connection) as many:
        assert len(client.get(reverse(route)).context["page"].object_list) == 25 > shown
    assert len(many) == len(few)
