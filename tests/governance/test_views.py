"""Saved views: one's own, shared ones that never show more than their reader may see, and the one to start with."""

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404
from django.test import Client
from django.urls import reverse

from governance.models import SavedView, StartPage
from governance.selectors import views as selector
from governance.services import views
from inventory.models import AuditLogEntry, User
from inventory.services import people
from tests.cast import Cast
from tests.governance.estate import Estate

WHO = ("alice", "bob", "carol", "dan", "eve", "ada")


def saved(user: User, name: str = "Mine", query: str = "department=retail&band=high&sort=-risk&page=3") -> SavedView:
    return views.save(actor=user, name=name, page="risk:applications", query=query)


def actions() -> list[str]:
    return list(
        AuditLogEntry.objects.filter(action__startswith="view.").order_by("pk").values_list("action", flat=True)
    )


def test_a_view_keeps_the_address_without_the_page(cast: Cast, client: Client) -> None:
    client.force_login(cast.carol)
    form = {"page": "risk:applications", "query": "band=high&sort=-risk&columns=owner&page=3", "name": "  High  ones "}
    answer = client.post("/views/save/", form)
    assert answer["Location"] == "/applications/?band=high&sort=-risk&columns=owner"
    view = SavedView.objects.get()
    assert (view.name, view.query) == ("High ones", "band=high&sort=-risk&columns=owner")
    assert client.get(f"/views/{view.pk}/")["Location"] == answer["Location"]
    client.post("/views/save/", {**form, "query": "band=low"})
    assert SavedView.objects.get().query == "band=low"
    assert actions() == ["view.saved", "view.saved"]


def test_the_menu_stands_on_pages_that_can_be_saved(estate: Estate, client: Client) -> None:
    client.force_login(estate.cast.dan)
    body = client.get("/alerts/?severity=high").content.decode()
    assert 'name="page" value="risk:alerts"' in body
    assert 'name="query" value="severity=high"' in body
    assert "view_save" not in body
    for path in (f"/applications/{estate.scorer.pk}/", "/departments/retail/", "/account/"):
        assert 'id="view-name"' not in client.get(path).content.decode()
    ours = ("overview", "departments", "recommendations", "analytics", "compliance")
    assert {"risk:applications", "inventory:events", *(f"governance:{one}" for one in ours)} <= set(selector.PAGES)
    for route in selector.PAGES:
        parts = {"framework": "gdpr"} if route in selector.PARTS else {}
        assert client.get(reverse(route, kwargs=parts)).status_code == 200


def test_a_framework_is_kept_with_its_place_in_the_path(estate: Estate, client: Client) -> None:
    client.force_login(estate.cast.carol)
    body = client.get("/compliance/gdpr/?state=gap&kind=model").content.decode()
    assert 'name="page" value="governance:framework"' in body
    query = "state=gap&amp;kind=model&amp;framework=gdpr"
    assert f'name="query" value="{query}"' in body
    form = {"page": "governance:framework", "name": "Privacy", "query": query.replace("&amp;", "&") + "&page=2"}
    answer = client.post("/views/save/", form)
    assert answer["Location"] == "/compliance/gdpr/?state=gap&kind=model"
    view = SavedView.objects.get()
    assert client.get(f"/views/{view.pk}/")["Location"] == answer["Location"]
    assert client.get(answer["Location"]).status_code == 200
    SavedView.objects.update(query="framework=gone")
    assert client.get(f"/views/{view.pk}/")["Location"] == "/views/"


def test_one_is_renamed_and_deleted_by_its_owner_alone(cast: Cast, client: Client) -> None:
    view = saved(cast.carol)
    views.share(actor=cast.carol, view=view, department=cast.retail)
    client.force_login(cast.bob)
    for what in ("rename", "share", "delete"):
        assert client.post(f"/views/{view.pk}/{what}/", {"name": "Bob's"}).status_code == 404
    with pytest.raises(ValidationError):
        views.delete(actor=cast.bob, view=view)
    client.force_login(cast.carol)
    client.post(f"/views/{view.pk}/rename/", {"name": "Worst"})
    assert SavedView.objects.get().name == "Worst"
    saved(cast.carol, "Other")
    with pytest.raises(ValidationError, match="already"):
        views.rename(actor=cast.carol, view=view, name="Other")
    client.post(f"/views/{view.pk}/delete/")
    assert [one.name for one in SavedView.objects.all()] == ["Other"]
    assert actions()[-2:] == ["view.saved", "view.deleted"]


def test_sharing_needs_the_right_in_the_department(cast: Cast, client: Client) -> None:
    view = saved(cast.carol)
    views.share(actor=cast.carol, view=view, department=cast.cards)
    for department in (cast.treasury, cast.root):
        with pytest.raises(PermissionDenied):
            views.share(actor=cast.carol, view=view, department=department)
    for who in (cast.alice, cast.dan):  # a team member, an auditor
        client.force_login(who)
        own = saved(who)
        assert client.post(f"/views/{own.pk}/share/", {"department": "retail"}).status_code == 403
        assert SavedView.objects.get(pk=own.pk).department is None


@pytest.mark.parametrize("who", WHO)
def test_the_cast_meets_a_view_shared_in_retail(cast: Cast, client: Client, who: str) -> None:
    shared, private = saved(cast.carol, "Shared"), saved(cast.carol, "Private")
    views.share(actor=cast.carol, view=shared, department=cast.retail)
    user = getattr(cast, who)
    client.force_login(user)
    body = client.get("/views/").content.decode()
    assert ("Shared<" in body) == (who != "eve")
    assert ("Private<" in body) == (who == "carol")
    assert client.get(f"/views/{shared.pk}/").status_code == (404 if who == "eve" else 302)
    assert client.get(f"/views/{private.pk}/").status_code == (302 if who == "carol" else 404)


def test_a_shared_view_shows_its_reader_no_more_than_they_may_see(estate: Estate, client: Client) -> None:
    cast = estate.cast
    clerk = people.add_person(actor=cast.ada, username="clerk", display_name="Clerk", email="clerk@bank.example")
    people.give_role(actor=cast.ada, user=clerk, department=cast.cards, kind="team_member")
    view = saved(cast.carol, query="department=retail&sort=name")
    views.share(actor=cast.carol, view=view, department=cast.retail)
    client.force_login(User.objects.get(pk=clerk.pk))
    answer = client.get(f"/views/{view.pk}/", follow=True)
    assert answer.redirect_chain[-1][0] == "/applications/?sort=name"
    assert [row.name for row in answer.context["page"]] == ["Credit Scorer"]
    assert "you don&#x27;t see" in answer.content.decode()
    assert "Retail Banking" not in client.get("/departments/").content.decode()


def test_a_view_that_is_no_longer_shared_is_gone(cast: Cast) -> None:
    view = saved(cast.carol)
    views.share(actor=cast.carol, view=view, department=cast.retail)
    views.start_with(actor=cast.alice, view=view)
    assert selector.start_of(cast.alice) == view
    views.share(actor=cast.carol, view=view, department=None)
    assert selector.start_of(cast.alice) is None
    with pytest.raises(Http404):
        selector.view_or_404(cast.alice, view.pk)
    assert actions() == ["view.saved", "view.shared", "view.start_chosen", "view.unshared"]


def test_signing_in_leads_to_the_view_chosen(cast: Cast, client: Client) -> None:
    client.force_login(cast.carol)
    assert client.get("/start/")["Location"] == "/"
    view = saved(cast.carol, query="band=high")
    client.post(f"/views/{view.pk}/start/")
    assert client.get("/start/")["Location"] == "/applications/?band=high"
    client.post(f"/views/{view.pk}/start/", {"off": "yes"})
    assert client.get("/start/")["Location"] == "/"
    views.start_with(actor=cast.carol, view=view)
    views.delete(actor=cast.carol, view=view)
    assert not StartPage.objects.exists()


@pytest.mark.parametrize(
    "form",
    [
        {"page": "inventory:people", "name": "x"},
        {"page": "https://elsewhere.example/", "name": "x"},
        {"page": "risk:applications", "name": " "},
        {"page": "governance:framework", "name": "x", "query": "state=gap"},
        {"page": "governance:framework", "name": "x", "query": "framework=../people"},
        {"page": "risk:applications", "name": "x" * 101},
        {"page": "risk:applications", "name": "x", "query": "q=" + "x" * 3000},
        {},
    ],
)
def test_what_cannot_be_saved_is_refused(cast: Cast, client: Client, form: dict[str, str]) -> None:
    client.force_login(cast.carol)
    assert client.post("/views/save/", form)["Location"] == "/views/"
    assert not SavedView.objects.exists()
    assert actions() == []


def test_a_hostile_address_is_kept_as_text(cast: Cast, client: Client) -> None:
    client.force_login(cast.carol)
    form = {"page": "risk:applications", "name": "<b>&", "query": 'q="><script>1</script>&next=//elsewhere.example'}
    answer = client.post("/views/save/", form)
    assert answer["Location"].startswith("/applications/?q=")
    body = client.get("/views/").content.decode()
    assert "<b>&" not in body
    assert "<script>1" not in client.get(answer["Location"]).content.decode()


def test_no_more_than_so_many(cast: Cast) -> None:
    SavedView.objects.bulk_create(
        SavedView(owner=cast.carol, name=f"View {place}", page="risk:applications") for place in range(views.MOST_VIEWS)
    )
    with pytest.raises(ValidationError, match="most"):
        saved(cast.carol, "One more")
    assert saved(cast.carol, "View 3").name == "View 3"
