"""What people do with a recommendation on its page: take it, give it to somebody, dismiss it, open it again."""

from datetime import timedelta
from html import unescape

from django.test import Client
from django.utils import timezone

from governance.models import Recommendation
from governance.services import recommendations
from inventory.models import User
from tests.cast import Cast
from tests.governance.test_recommendation_pages import everything
from tests.governance.test_recommendations import card_of


def test_the_doors_of_acts(cast: Cast, client: Client) -> None:
    everything(cast)
    pk = card_of(cast.retail).pk
    path = f"/recommendations/{pk}/act/"
    client.force_login(cast.bob)
    for given in ({"action": "start"}, {"action": "assign", "owner": "carol"}):
        assert client.post(path, given).status_code == 302
    for bad in (
        {"action": "start"},
        {"action": "x"},
        {"action": "assign", "owner": "nobody\x00"},
        {"action": "dismiss"},
    ):
        answer = client.post(path, bad)
        assert answer.status_code == 400
        assert "Not done" in answer.content.decode()
    until = (timezone.localdate() + timedelta(days=3)).isoformat()
    assert client.post(path, {"action": "dismiss", "text": "Known", "until": until}).status_code == 302
    assert "Known" in client.get(f"/recommendations/{pk}/").content.decode()
    for who in (cast.dan, cast.carol):
        client.force_login(who)
        assert client.post(path, {"action": "start"}).status_code == 403
        body = client.get(f"/recommendations/{pk}/").content.decode()
        assert "Work on it" not in body
        assert "Takes it in progress and assigns it:" in body
        assert "Bob" in body.partition("Who may act on it")[2]


def test_a_card_is_given_to_somebody_by_name_and_what_was_typed_stays(cast: Cast, client: Client) -> None:
    User.objects.filter(pk=cast.carol.pk).update(display_name="Carol Hawthorne-Lind")
    everything(cast)
    card = card_of(cast.retail)
    page = f"/recommendations/{card.pk}/"
    client.force_login(cast.bob)
    answer = client.post(f"{page}act/", {"action": "assign", "owner": "Carol H<b>"})
    assert answer.status_code == 400
    assert 'value="Carol H&lt;b&gt;"' in answer.content.decode()
    assert '<option value="Carol Hawthorne-Lind">carol</option>' in answer.content.decode()
    assert client.post(f"{page}act/", {"action": "assign", "owner": "carol hawthorne-lind"}).status_code == 302
    card.refresh_from_db()
    assert card.owner == cast.carol
    assert 'value="Carol Hawthorne-Lind"' in client.get(page).content.decode()


def test_the_history_tells_days_as_the_page_does(cast: Cast, client: Client) -> None:
    everything(cast)
    pk = card_of(cast.retail).pk
    until = timezone.localdate() + timedelta(days=3)
    client.force_login(cast.bob)
    client.post(f"/recommendations/{pk}/act/", {"action": "dismiss", "text": "Known", "until": until.isoformat()})
    body = client.get(f"/recommendations/{pk}/").content.decode()
    assert f"until {until:%-d %b %Y}" in body
    assert f"until {until.isoformat()}" not in body


def test_a_part_of_a_name_that_fits_one_is_enough(cast: Cast, client: Client) -> None:
    User.objects.filter(pk=cast.alice.pk).update(display_name="Alice Hawthorne")
    User.objects.filter(pk=cast.carol.pk).update(display_name="Carol Hawthorne-Lind")
    User.objects.filter(pk=cast.eve.pk).update(display_name="Eve Lind")  # may see nothing here
    everything(cast)
    card = card_of(cast.retail)
    client.force_login(cast.bob)
    answer = client.post(f"/recommendations/{card.pk}/act/", {"action": "assign", "owner": "hawth"})
    assert answer.status_code == 400
    assert "Alice Hawthorne (alice), Carol Hawthorne-Lind (carol)" in unescape(answer.content.decode())
    assert client.post(f"/recommendations/{card.pk}/act/", {"action": "assign", "owner": "lind"}).status_code == 302
    card.refresh_from_db()
    assert card.owner == cast.carol
    answer = client.post(f"/recommendations/{card.pk}/act/", {"action": "assign", "owner": "%"})
    assert "Nobody here goes by this name" in answer.content.decode()


def test_what_is_given_to_somebody_is_among_their_tasks(cast: Cast, client: Client) -> None:
    everything(cast)
    card = card_of(cast.cards)
    recommendations.assign(actor=cast.bob, pk=card.pk, owner=cast.carol)
    client.force_login(cast.carol)
    assert [one.pk for one in client.get("/tasks/").context["recommendations"]] == [card.pk]
    # It is of a part of what she leads: her list of cards has it under Mine alone
    assert [one.pk for one, *_ in client.get("/recommendations/?who=me").context["cards"]] == [card.pk]
    (mine,) = [one["count"] for one in client.get("/recommendations/").context["views"] if one["label"] == "Mine"]
    assert mine == 1
    for who in (cast.bob, cast.eve):
        client.force_login(who)
        assert client.get("/tasks/").context["recommendations"] == []
    Recommendation.objects.filter(pk=card.pk).update(owner=cast.eve)  # who may not see it any more
    assert client.get("/tasks/").context["recommendations"] == []


def test_it_is_opened_again_for_a_reason_and_says_since_when(cast: Cast, client: Client) -> None:
    everything(cast)
    card = card_of(cast.retail)
    Recommendation.objects.filter(pk=card.pk).update(found_at=timezone.now() - timedelta(days=300))
    client.force_login(cast.bob)
    path = f"/recommendations/{card.pk}/"
    assert client.post(f"{path}act/", {"action": "start"}).status_code == 302
    refused = client.post(f"{path}act/", {"action": "reopen", "text": " "})
    assert refused.status_code == 400
    assert "Say why it is opened again." in refused.content.decode()
    assert client.post(f"{path}act/", {"action": "reopen", "text": "Not mine"}).status_code == 302
    for page in (path, "/recommendations/"):
        body = client.get(page).content.decode()
        assert "opened again" in body
        assert "first found" in body
