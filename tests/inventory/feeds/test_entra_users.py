"""The user list: none, many, odd."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inventory.connectors.base import Ignored, ListedUser, UnknownFormatError, Unreadable
from tests.inventory.feeds.files import SAMPLES, items, users_text
from tests.inventory.feeds.test_records import VALUES


def test_none():
    assert items(users_text(), "entra_users") == []


def test_many():
    found = items((SAMPLES / "users_many.csv").read_bytes(), "entra_users")
    assert found[1] == ListedUser(
        3, "a3f1c2d4-0000-4000-8000-000000000102", "ben@alderfinch.example", "Ben Claims", "claims desk", True
    )
    assert [person.department for person in found] == ["Lending", "claims desk", "", "Lending"]
    assert [person.enabled for person in found] == [True, True, True, False]


def test_other_spellings_of_the_header():
    text = "User principal name;Object Id;Display name;Department\nann@x.example;OID-1;Ann;Lending\n"
    assert items(text) == [ListedUser(2, "oid-1", "ann@x.example", "Ann", "Lending", True)]


def test_a_row_that_names_nobody_is_quarantined():
    found = items(users_text(("", "Nobody", "", "Lending"), ("ann@x.example", "Ann", "", "")))
    assert [type(item) for item in found] == [Unreadable, ListedUser]


def test_a_row_with_too_many_fields_is_quarantined():
    text = users_text(("ann@x.example", "Ann", "1", "Lending")) + "bo@x.example,Bo,2,Lend,ing,True\n"
    assert [type(item) for item in items(text)] == [ListedUser, Unreadable]


def test_a_list_of_something_else_is_of_no_known_kind():
    with pytest.raises(UnknownFormatError, match="Known are"):
        items("name,department\nAnn,Lending\n")


@given(st.binary(max_size=200))
def test_any_bytes_become_people_or_quarantine(raw):
    found = items(b"userPrincipalName,id,department\n" + raw)
    assert all(isinstance(item, ListedUser | Unreadable) for item in found)


def test_the_same_as_graph_writes_it():
    found = items((SAMPLES / "users_graph.json").read_bytes(), "entra_users")
    assert found[0] == ListedUser(
        1, "a3f1c2d4-0000-4000-8000-000000000101", "ann@alderfinch.example", "Ann Analyst", "Lending", True
    )
    assert [one.department for one in found[:4]] == ["Lending", "claims desk", "", "Risk"]
    assert [one.enabled for one in found[:4]] == [True, False, True, True]
    assert [type(one) for one in found[4:]] == [Ignored, Unreadable]


def test_the_manager_is_nobody_of_the_list():
    found = items((SAMPLES / "users_graph.json").read_bytes())
    assert "mia@alderfinch.example" not in [getattr(one, "upn", "") for one in found]


@given(st.dictionaries(st.sampled_from(["id", "department", "displayName", "accountEnabled", "manager"]), VALUES))
def test_any_object_becomes_a_person_or_quarantine(odd):
    raw = json.dumps([{"userPrincipalName": "ann@x.example"}, odd])
    assert all(isinstance(item, ListedUser | Unreadable) for item in items(raw, "entra_users"))
