"""Narrowing by owner: by a name as well as a user name, only people whose applications are in sight, and nobody."""

import re
from html import unescape

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from inventory.models import AIApplication, User
from tests.builders import make_application, make_user
from tests.cast import Cast

OWNED = {"Letters": "alice", "Scorer": "alice", "Notes": "bob", "Rates": "eve"}


@pytest.fixture
def register(cast: Cast) -> Cast:
    for name, owner in OWNED.items():
        make_application(cast.treasury if owner == "eve" else cast.retail, name, owner=getattr(cast, owner))
    make_application(cast.cards, "Orphan")
    return cast


def offered(client: Client, person: User, text: str = "") -> list[tuple[str, str]]:
    client.force_login(person)
    body = client.get(reverse("inventory:owner_options"), {"owner": text}).content.decode()
    return re.findall(r'<option value="(.*?)">(.*?)</option>', body)


def listed(client: Client, person: User, owner: str) -> set[str]:
    client.force_login(person)
    return {row.name for row in client.get("/applications/", {"owner": owner}).context["page"]}


def test_offered_are_owners_in_sight(client: Client, register: Cast) -> None:
    assert offered(client, register.dan) == [("alice", "Alice"), ("bob", "Bob"), ("eve", "Eve")]
    for person in (register.alice, register.bob, register.carol):
        assert offered(client, person) == [("alice", "Alice"), ("bob", "Bob")]
    assert offered(client, register.eve) == [("eve", "Eve")]
    assert offered(client, register.dan, "LIC") == [("alice", "Alice")]
    assert offered(client, register.dan, "%") == offered(client, register.dan, "\x00%") == []
    client.force_login(make_user("stranger"))
    assert client.get(reverse("inventory:owner_options")).status_code == 403


@pytest.mark.parametrize("written", ["alice", "Alice", " ALICE ", "alice@bank.example"])
def test_a_name_does_as_well_as_a_user_name(client: Client, register: Cast, written: str) -> None:
    assert listed(client, register.dan, written) == {"Letters", "Scorer"}
    page = client.get("/applications/", {"owner": written, "sort": "name"})
    assert page.context["filters"].owner == "alice"
    body = unescape(page.content.decode())
    assert "Owner: <strong>Alice</strong>" in body
    links = re.findall(r'href="([^"]*owner=[^"]*)"', body)
    assert any("/exports/" in link for link in links)
    assert {re.search(r"owner=([^&]*)", link)[1] for link in links} <= {"alice", "dan", "-"}  # type: ignore[index]


def test_applications_without_owner_are_nobodys(client: Client, register: Cast) -> None:
    assert listed(client, register.dan, "-") == {"Orphan"}
    assert listed(client, register.eve, "-") == set()
    body = client.get("/applications/?owner=-").content.decode()
    assert "Owner: <strong>nobody</strong>" in body


def test_oneself_is_known_whatever_one_owns(client: Client, register: Cast) -> None:
    assert listed(client, register.dan, "dan") == set()
    assert "nobody who owns" not in client.get("/applications/?owner=dan").content.decode()


@pytest.mark.parametrize("written", ["eve", "Eve", "nobody.at.all", "<b>x</b>", "%", "x" * 300])
def test_who_is_out_of_sight_is_as_unknown_as_who_does_not_exist(client: Client, register: Cast, written: str) -> None:
    assert listed(client, register.carol, written) == set()
    page = client.get("/applications/", {"owner": written})
    (said,) = [str(one) for one in page.context["messages"]]
    assert said.startswith(f"Owner “{written[:200]}” is nobody who owns an application in your sight. Choose a name")
    assert "<b>x" not in page.content.decode()


@pytest.mark.parametrize("written", ["bob", "Bob", "bob@bank.example"])
def test_who_owned_one_once_is_known_of_then(client: Client, register: Cast, written: str) -> None:
    AIApplication.objects.filter(name="Notes").update(owner=register.alice)  # the row history keeps who it was
    assert offered(client, register.carol) == [("alice", "Alice")]
    for person, known in ((register.carol, True), (register.eve, False)):
        client.force_login(person)
        answer = client.get("/changes/", {"owner": written})
        assert answer.context["filters"].owner == ("bob" if known else written)
        assert bool(list(answer.context["messages"])) != known


def test_a_name_of_two_asks_for_one(client: Client, register: Cast) -> None:
    twin = make_user("alice.second")
    User.objects.filter(pk=twin.pk).update(display_name="Alice Marchbank")
    User.objects.filter(pk=register.alice.pk).update(display_name="Alice Marchbank")
    make_application(register.retail, "Twin", owner=twin)
    assert listed(client, register.dan, "Alice Marchbank") == set()
    (said,) = [str(one) for one in client.get("/applications/?owner=Alice+Marchbank").context["messages"]]
    assert "more than one person. Write a user name" in said
    assert listed(client, register.dan, "alice.second") == {"Twin"}


def test_every_page_names_the_owner_alike(client: Client, register: Cast) -> None:
    client.force_login(register.dan)
    for path in ("/", "/applications/", "/compliance/", "/evidence/", "/alerts/", "/activity/", "/changes/"):
        page = client.get(path, {"owner": "ALICE"})
        assert page.context["filters"].owner == "alice", path
        body = page.content.decode()
        assert body.count('id="filter-owner"') == 1, path
        assert re.search(r'name="owner"[^>]* value="alice"', body), path
        assert 'aria-current="true"' in client.get(path, {"owner": "-"}).content.decode(), path


def test_choosing_costs_the_same_for_few_owners_and_many(client: Client, register: Cast) -> None:
    def asked(address: str) -> int:
        client.get(address)
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert client.get(address).status_code == 200
        return len(queries)

    addresses = ("/applications/", "/applications/?owner=Alice", "/owners/?owner=a")
    client.force_login(register.dan)
    few = [asked(address) for address in addresses]
    for place in range(30):
        make_application(register.retail, owner=make_user(f"anna{place}"))
    assert [asked(address) for address in addresses] == few
    assert len(offered(client, register.dan, "anna")) == 20
