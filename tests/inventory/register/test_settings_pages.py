"""Departments, people and one's own account."""

from pathlib import Path

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from knox.models import AuthToken

from inventory.choices import RoleKind
from inventory.models import AuditLogEntry, ChangedApplication, Department, Role, User
from inventory.services import departments, people, sessions
from inventory.services.imports import import_file
from tests.builders import make_application, make_department, make_user
from tests.cast import Cast
from tests.inventory.feeds.files import users_text
from tests.inventory.register.test_register_pages import signed_in

PAGES = ["inventory:department_admin", "inventory:department_add", "inventory:people", "inventory:person_add"]


@pytest.mark.parametrize("who", ["alice", "bob", "carol", "dan", "eve"])
@pytest.mark.parametrize("route", PAGES)
def test_only_administrators_of_the_organisation_see_settings(cast: Cast, route: str, who: str) -> None:
    assert signed_in(getattr(cast, who)).get(reverse(route)).status_code == 403
    assert signed_in(cast.ada).get(reverse(route)).status_code == 200


def test_administering_a_department_is_not_enough(cast: Cast) -> None:
    local = make_user("local", (RoleKind.ADMINISTRATOR, cast.retail))
    assert signed_in(local).get(reverse("inventory:people")).status_code == 403
    with pytest.raises(PermissionDenied):
        people.give_role(actor=local, user=local, department=cast.retail, kind=RoleKind.REVIEWER)


# Departments


def test_a_department_is_added_and_moved(cast: Cast) -> None:
    client = signed_in(cast.ada)
    client.post(
        reverse("inventory:department_add"), {"name": "Loans", "parent": "retail", "aliases": "Credit\nLENDING "}
    )
    loans = Department.objects.get(key="loans")
    assert (loans.parent, loans.aliases) == (cast.retail, ["credit", "lending"])
    make_application(loans)
    ChangedApplication.objects.all().delete()
    data = {"name": "Loans", "key": "loans", "parent": "treasury", "aliases": "credit"}
    client.post(reverse("inventory:department_edit", args=["loans"]), data)
    loans.refresh_from_db()
    assert loans.parent == cast.treasury
    assert ChangedApplication.objects.count() == 1
    changes = AuditLogEntry.objects.get(action="department.updated").details["changes"]
    assert changes["parent"] == ["retail", "treasury"]


def test_a_department_cannot_come_to_lie_below_itself(cast: Cast) -> None:
    for parent in (cast.retail, cast.cards):
        with pytest.raises(ValidationError, match="circle"):
            departments.update_department(actor=None, department=cast.retail, parent=parent)
    with pytest.raises(ValidationError):
        departments.update_department(actor=None, department=cast.retail, parent=None)
    with pytest.raises(ValidationError):
        departments.update_department(actor=None, department=cast.root, parent=cast.retail)


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"name": "X", "key": "RETAIL"}, "key"),
        ({"name": "retail banking"}, "name"),
        ({"name": "Plastic"}, "name"),
        ({"name": "X", "aliases": ["Treasury"]}, "aliases"),
        ({"name": "X", "aliases": ["plastic"]}, "aliases"),
        ({"name": " "}, "name"),
        ({"name": "X", "key": "a/b"}, "key"),
        ({"name": "X", "key": "a b"}, "key"),
        ({"name": "X", "key": ".."}, "key"),
        ({"name": "X", "key": "Add"}, "key"),
    ],
)
def test_a_name_stands_for_one_department(cast: Cast, given: dict, field: str) -> None:
    departments.update_department(actor=None, department=cast.cards, aliases=["plastic"])
    with pytest.raises(ValidationError) as problems:
        departments.add_department(actor=None, **given)
    assert field in problems.value.message_dict


def test_a_key_made_from_a_name_fits_an_address(cast: Cast, tmp_path: Path) -> None:
    assert departments.add_department(actor=None, name="Add").key == "add-2"
    assert departments.add_department(actor=None, name="X", key="É.ops_1-b").key == "É.ops_1-b"
    departments.add_department(actor=None, name="Mixed", key="R-and-D")
    path = tmp_path / "users.csv"
    path.write_text(users_text(("a@x.example", "A", "1", "R/and D"), ("b@x.example", "B", "2", "add ")))
    import_file(actor=None, path=path)
    assert Department.objects.get(name="R/and D").key == "r-and-d-2"
    # "add" is the name of the first one already
    assert set(Department.objects.filter(from_feed=True).values_list("name", flat=True)) == {"R/and D"}


def test_a_department_of_a_feed_is_placed_by_choosing_its_parent(cast: Cast) -> None:
    fed = make_department("From Entra", from_feed=True)
    client = signed_in(cast.ada)
    assert "not yet placed" in client.get(reverse("inventory:department_admin")).content.decode()
    data = {"name": "From Entra", "key": fed.key, "parent": "organisation"}
    client.post(reverse("inventory:department_edit", args=[fed.key]), data)
    fed.refresh_from_db()
    assert not fed.from_feed


def test_the_root_can_be_renamed(cast: Cast) -> None:
    url = reverse("inventory:department_edit", args=["organisation"])
    signed_in(cast.ada).post(url, {"name": "Alder & Finch Bank", "key": "organisation"})
    assert Department.objects.root().name == "Alder & Finch Bank"
    assert "Alder &amp; Finch Bank" in signed_in(cast.ada).get(reverse("inventory:department_admin")).content.decode()


def test_queries_of_the_tree_and_of_people_do_not_grow(cast: Cast) -> None:
    client = signed_in(cast.ada)

    def count(route: str) -> int:
        with CaptureQueriesContext(connection) as queries:
            assert client.get(reverse(route)).status_code == 200
        return len(queries)

    def add(prefix: str, number: int) -> None:
        for n in range(number):
            make_application(make_department(f"{prefix}{n}", head=cast.carol))
            make_user(f"{prefix}{n}", (RoleKind.LEADER, cast.retail), (RoleKind.REVIEWER, cast.cards))

    add("a", 3)
    few = [count(route) for route in PAGES[::2]]
    add("b", 30)
    assert [count(route) for route in PAGES[::2]] == few


# People


def test_a_person_is_added_given_a_role_and_let_in_once(cast: Cast) -> None:
    client = signed_in(cast.ada)
    answer = client.post(reverse("inventory:person_add"), {"username": "frank", "email": "Frank@bank.example"})
    frank = User.objects.get(username="frank")
    assert answer["Location"] == reverse("inventory:person", args=[frank.pk])
    client.post(reverse("inventory:role_give", args=[frank.pk]), {"kind": "leader", "department": "retail"})
    assert frank.roles.get().department == cast.retail
    html = client.post(reverse("inventory:person_link", args=[frank.pk])).content.decode()
    path = "/sign-in/" + html.split("/sign-in/")[1].split('"')[0]
    assert "/sign-in/" not in client.get(reverse("inventory:person", args=[frank.pk])).content.decode()
    browser = Client()
    assert browser.post(path).status_code == 302
    assert browser.get(reverse("inventory:account")).status_code == 200
    assert Client().post(path)["Location"] == reverse("account_login")
    client.post(reverse("inventory:role_revoke", args=[frank.pk, frank.roles.get().pk]))
    assert not frank.roles.exists()
    actions = set(AuditLogEntry.objects.values_list("action", flat=True))
    assert {"user.added", "role.given", "user.link_issued", "role.revoked"} <= actions


def test_people_are_searched_and_paged(cast: Cast) -> None:
    for number in range(30):
        make_user(f"zed{number:02d}")
    client = signed_in(cast.ada)
    html = client.get(reverse("inventory:people"), {"q": "ZED"}).content.decode()
    assert "zed00" in html
    assert "zed29" not in html
    assert "zed29" in client.get(reverse("inventory:people"), {"q": "zed", "page": "2"}).content.decode()
    html = client.get(reverse("inventory:people"), {"role": "auditor"}).content.decode()
    assert "Dan" in html
    assert "Alice" not in html


def test_somebody_named_in_the_register_is_let_in_not_doubled(cast: Cast) -> None:
    known = User.objects.create_user("maria", is_active=False)
    assert people.add_person(actor=cast.ada, username="MARIA", email="m@bank.example") == known
    assert User.objects.get(pk=known.pk).is_active
    with pytest.raises(ValidationError):
        people.add_person(actor=cast.ada, username="Maria")
    with pytest.raises(ValidationError):
        people.add_person(actor=cast.ada, username="other", email="M@bank.example")


def test_keeping_somebody_out_ends_sessions_and_tokens(cast: Cast) -> None:
    browser = signed_in(cast.alice)
    sessions.create_token(actor=cast.alice, days=7)
    signed_in(cast.ada).post(reverse("inventory:person_active", args=[cast.alice.pk]), {"active": "0"})
    assert browser.get(reverse("inventory:account")).status_code == 302
    assert not AuthToken.objects.exists()
    with pytest.raises(ValidationError):
        people.sign_in_link(User.objects.get(pk=cast.alice.pk), actor=cast.ada)


def test_the_last_administrator_stays(cast: Cast) -> None:
    role = cast.ada.roles.get()
    with pytest.raises(ValidationError, match="last administrator"):
        people.revoke_role(actor=cast.ada, role=role)
    assert Role.objects.filter(pk=role.pk).exists()
    client = signed_in(cast.ada)
    client.post(reverse("inventory:person_active", args=[cast.ada.pk]), {"active": "0"})
    assert User.objects.get(pk=cast.ada.pk).is_active
    people.give_role(actor=cast.ada, user=cast.bob, department=cast.root, kind=RoleKind.ADMINISTRATOR)
    people.revoke_role(actor=cast.ada, role=role)


# One's own account


def test_a_token_is_shown_once_works_and_is_revoked(cast: Cast) -> None:
    client = signed_in(cast.alice)
    html = client.post(reverse("inventory:token_create"), {"days": "30"}).content.decode()
    token = html.split("data-copy-value")[0].rsplit('value="', 1)[1].split('"')[0]
    assert token not in client.get(reverse("inventory:account")).content.decode()
    headers = {"Authorization": f"Token {token}"}
    assert Client().get("/api/v1/applications/", headers=headers).status_code == 200
    key = AuthToken.objects.get().token_key
    signed_in(cast.bob).post(reverse("inventory:token_revoke", args=[key]))
    assert AuthToken.objects.exists()
    client.post(reverse("inventory:token_revoke", args=[key]))
    assert Client().get("/api/v1/applications/", headers=headers).status_code == 401


def test_tokens_are_limited(cast: Cast) -> None:
    for _ in range(10):
        sessions.create_token(actor=cast.alice, days=7)
    html = signed_in(cast.alice).post(reverse("inventory:token_create"), {"days": "7"}).content.decode()
    assert "which is the most" in html
    with pytest.raises(ValidationError):
        sessions.create_token(actor=cast.bob, days=10_000)


def test_signing_out_elsewhere_leaves_this_session_and_other_people(cast: Cast) -> None:
    here, there, other = signed_in(cast.alice), signed_in(cast.alice), signed_in(cast.bob)
    here.post(reverse("inventory:sign_out_elsewhere"))
    account = reverse("inventory:account")
    assert [browser.get(account).status_code for browser in (here, there, other)] == [200, 302, 200]


def test_everybody_has_an_account_page(cast: Cast) -> None:
    for who in (cast.alice, cast.bob, cast.carol, cast.dan, cast.eve, make_user("frank")):
        page = signed_in(who).get(reverse("inventory:account"))
        assert page.status_code == 200
        assert ("where you lead" in page.content.decode()) is (who in (cast.carol, cast.eve))
