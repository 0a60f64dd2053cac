"""The pages of the register, met by the whole cast."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from inventory.models import AIApplication, User
from tests.builders import make_application, make_department
from tests.cast import Cast

REGISTER = reverse("inventory:register")
FOUR = {"name": "CV Screener", "purpose": "Ranks.", "kind": "agent", "department": "retail", "lifecycle": "idea"}


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.mark.parametrize(
    ("who", "status"), [("alice", 200), ("bob", 200), ("ada", 200), ("carol", 403), ("dan", 403), ("eve", 403)]
)
@pytest.mark.parametrize("route", ["inventory:register", "inventory:similar", "inventory:import_register"])
def test_who_may_register(cast: Cast, route: str, who: str, status: int) -> None:
    assert signed_in(getattr(cast, who)).get(reverse(route)).status_code == status


@pytest.mark.parametrize("route", ["inventory:register", "inventory:import_register", "inventory:account"])
def test_nobody_unknown_gets_in(db: None, client: Client, route: str) -> None:
    answer = client.get(reverse(route))
    assert answer.status_code == 302
    assert answer["Location"].startswith(reverse("account_login"))


def test_four_fields_register(cast: Cast) -> None:
    answer = signed_in(cast.alice).post(REGISTER, FOUR)
    app = AIApplication.objects.get()
    assert answer.status_code == 302
    assert f"/applications/{app.pk}/" in answer["Location"]
    assert (app.name, app.department, app.owner) == ("CV Screener", cast.retail, None)


def test_only_departments_where_the_actor_edits_are_offered(cast: Cast) -> None:
    html = signed_in(cast.alice).get(REGISTER).content.decode()
    assert "Retail Banking / Cards" in html
    assert "Treasury" not in html
    answer = signed_in(cast.alice).post(REGISTER, {**FOUR, "department": "treasury"})
    assert answer.status_code == 200
    assert "There is no such department" in answer.content.decode()


def test_many_departments_are_searched_by_typing(cast: Cast) -> None:
    for number in range(14):
        make_department(f"Branch {number}", cast.retail)
    client = signed_in(cast.alice)
    assert '<option value="Retail Banking / Branch 7">' in client.get(REGISTER).content.decode()
    client.post(REGISTER, {**FOUR, "department": "retail banking / branch 7"})
    assert AIApplication.objects.get().department.name == "Branch 7"


def test_errors_stand_at_their_fields_and_keep_what_was_typed(cast: Cast) -> None:
    make_application(cast.retail, external_id="X-1")
    html = signed_in(cast.alice).post(REGISTER, {**FOUR, "external_id": "X-1", "owner": "nobody"}).content.decode()
    assert "Nobody here goes by this name" in html
    assert 'value="CV Screener"' in html
    html = signed_in(cast.alice).post(REGISTER, {**FOUR, "external_id": "X-1"}).content.decode()
    assert "id_external_id_error" in html


def test_the_radar_finds_what_resembles_and_only_what_is_visible(cast: Cast) -> None:
    make_application(cast.cards, "CV Screening Agent")
    make_application(cast.retail, "Fraud detection")
    make_application(cast.treasury, "CV Screener secret")
    html = signed_in(cast.alice).get(reverse("inventory:similar"), {"name": "cv screener"}).content.decode()
    assert "CV Screening Agent" in html
    assert "Fraud" not in html
    assert "secret" not in html
    assert (
        "CV Screening Agent"
        in signed_in(cast.alice).get(reverse("inventory:similar"), {"name": "scree"}).content.decode()
    )
    assert not signed_in(cast.alice).get(reverse("inventory:similar"), {"name": "cv"}).content.decode().strip()


def test_names_with_markup_are_escaped(cast: Cast) -> None:
    app = make_application(cast.retail, "<script>alert(1)</script>", purpose="=1+1<b>")
    for url in (REGISTER + "?name=<script>alert(1)", reverse("inventory:application_edit", args=[app.pk])):
        html = signed_in(cast.alice).get(url).content.decode()
        assert "<script>alert" not in html
        assert "&lt;script&gt;alert" in html


@pytest.mark.parametrize(
    ("who", "status"), [("alice", 200), ("bob", 200), ("ada", 200), ("carol", 403), ("dan", 403), ("eve", 404)]
)
def test_who_may_edit(cast: Cast, who: str, status: int) -> None:
    app = make_application(cast.retail)
    client = signed_in(getattr(cast, who))
    assert client.get(reverse("inventory:application_edit", args=[app.pk])).status_code == status
    data = {"kind": "host", "value": "a.example"}
    expected = 302 if status == 200 else status
    assert client.post(reverse("inventory:application_identifiers", args=[app.pk]), data).status_code == expected


def edit_data(app: AIApplication, **changes: str) -> dict:
    app.refresh_from_db()
    return {
        "name": app.name,
        "purpose": app.purpose,
        "kind": app.kind,
        "origin": app.origin,
        "department": app.department.key,
        "lifecycle": app.lifecycle,
        "version": app.updated_at.isoformat(),
        **changes,
    }


def test_saving_an_edit(cast: Cast) -> None:
    app = make_application(cast.retail)
    url = reverse("inventory:application_edit", args=[app.pk])
    data = edit_data(app, name="New", owner="bob@bank.example", next_review="2027-03-01", lifecycle="suspended")
    assert signed_in(cast.alice).post(url, data).status_code == 302
    app.refresh_from_db()
    assert (app.name, app.owner, str(app.next_review), app.lifecycle) == ("New", cast.bob, "2027-03-01", "suspended")


def test_an_edit_of_something_changed_meanwhile_is_held(cast: Cast) -> None:
    app = make_application(cast.retail)
    url = reverse("inventory:application_edit", args=[app.pk])
    stale = edit_data(app, name="Mine")
    signed_in(cast.bob).post(url, edit_data(app, name="Theirs"))
    answer = signed_in(cast.alice).post(url, stale)
    assert "Somebody changed this application" in answer.content.decode()
    app.refresh_from_db()
    assert app.name == "Theirs"


def test_identifiers_come_and_go_on_the_edit_page(cast: Cast) -> None:
    make_application(cast.retail, "Holder", identifiers=[("host", "taken.example")])
    app = make_application(cast.retail)
    client, url = signed_in(cast.alice), reverse("inventory:application_identifiers", args=[app.pk])
    client.post(url, {"kind": "host", "value": "a.example"})
    pk = app.identifiers.get().pk
    html = client.post(url, {"kind": "host", "value": "TAKEN.example"}).content.decode()
    assert "already belongs to AI-00001 Holder" in html
    client.post(url, {"remove": str(pk)})
    assert not app.identifiers.exists()


def test_queries_of_the_register_page_do_not_grow(cast: Cast) -> None:
    client = signed_in(cast.alice)

    def count() -> int:
        with CaptureQueriesContext(connection) as queries:
            client.get(REGISTER + "?name=Application")
        return len(queries)

    for number in range(3):
        make_application(make_department(f"A{number}", cast.retail), f"Application A{number}")
    few = count()
    for number in range(30):
        make_application(make_department(f"B{number}", cast.retail), f"Application B{number}")
    assert count() == few
