"""Importing the register: the people and departments it names, and who may import what."""

import pytest
from django.core.exceptions import PermissionDenied

from inventory.choices import RoleKind
from inventory.models import AIApplication, Department, User
from tests.builders import make_application, make_department, make_user
from tests.cast import Cast
from tests.inventory.register.files import load, rows, told


def test_people_unknown_become_people_who_cannot_sign_in(cast: Cast) -> None:
    text = rows("A,p,agent,retail,ALICE,Maria Huber", "B,p,agent,retail,m.huber@bank.example,maria huber",
                header="name,purpose,kind,department,owner,deputy")  # fmt: skip
    result = load(text)
    assert sum("nobody here yet" in note for note in result.notes) == 2
    maria, mail = User.objects.get(username="Maria Huber"), User.objects.get(username="m.huber@bank.example")
    assert (maria.is_active, maria.has_usable_password(), maria.display_name) == (False, False, "Maria Huber")
    assert (mail.is_active, mail.email) == (False, "m.huber@bank.example")
    a, b = AIApplication.objects.order_by("name")
    assert (a.owner, a.deputy, b.owner, b.deputy) == (cast.alice, maria, mail, maria)
    assert load(text).unchanged == 2


def test_owner_and_deputy_are_two_people(cast: Cast) -> None:
    header = "name,purpose,kind,department,owner,deputy"
    assert told(load(rows("A,p,agent,retail,alice,alice@bank.example", header=header))) == [(2, "deputy")]
    assert told(load(rows("A,p,agent,retail,new,NEW", header=header))) == [(2, "deputy")]


def test_a_fresh_organisation_gets_its_departments_from_the_file(db: None) -> None:
    result = load(
        rows("A,p,agent,Retail Banking", "B,p,agent,retail banking ", "C,p,agent,Bücher & Co", "D,p,agent,Add")
    )
    assert result.created == 4
    below = Department.objects.exclude(parent=None)
    assert set(below.values_list("key", "name")) == {
        ("retail-banking", "Retail Banking"),
        ("bucher-co", "Bücher & Co"),
        ("add-2", "Add"),
    }
    assert all(d.parent == Department.objects.root() for d in below)


def test_later_departments_are_made_only_when_asked(cast: Cast) -> None:
    text = rows("A,p,agent,Procurement")
    assert told(load(text)) == [(2, "department")]
    assert load(text, create_departments=True).created == 1
    assert load(text).unchanged == 1


def test_only_who_administers_makes_departments(cast: Cast) -> None:
    text = rows("A,p,agent,Procurement")
    assert told(load(text, cast.bob, create_departments=True)) == [(2, "department")]
    assert load(text, cast.ada, create_departments=True).created == 1


def test_departments_go_by_alias_and_a_shared_name_needs_the_key(cast: Cast) -> None:
    make_department("Cards", cast.treasury, key="treasury-cards", aliases=["plastic"])
    assert load(rows("A,p,agent,PLASTIC")).created == 1
    result = load(rows("B,p,agent,Cards of", "C,p,agent,cards"))
    assert told(result) == [(2, "department")]  # line 3 is the key of one of them


def test_a_team_imports_only_into_its_own_departments(cast: Cast) -> None:
    carols = make_user("both", (RoleKind.TEAM_MEMBER, cast.cards), (RoleKind.LEADER, cast.retail))
    make_application(cast.treasury, "Hidden", external_id="X-1", identifiers=[("host", "t.example")])
    make_application(cast.retail, "Seen", external_id="X-2")
    header = "external_id,name,purpose,kind,department,identifiers"
    result = load(
        rows(
            ",A,p,agent,cards,",
            ",B,p,agent,retail,",  # sees, may not edit
            ",C,p,agent,treasury,",  # doesn't exist for them
            "X-1,D,p,agent,cards,",
            "X-2,E,p,agent,cards,",
            ",F,p,agent,cards,host:t.example",
            header=header,
        ),
        carols,
    )
    assert told(result) == [
        (3, "department"),
        (4, "department"),
        (5, "external_id"),
        (6, "external_id"),
        (7, "identifiers"),
    ]
    text = " ".join(map(str, result.problems))
    assert "Hidden" not in text
    assert "Treasury" not in text
    assert "You don't have the right to register in Retail Banking." in text


@pytest.mark.parametrize("who", ["carol", "dan", "eve"])
def test_who_may_edit_nowhere_imports_nothing(cast: Cast, who: str) -> None:
    with pytest.raises(PermissionDenied):
        load(rows("A,p,agent,retail"), getattr(cast, who))
