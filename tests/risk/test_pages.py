"""The pages of the risk storey, met by the cast."""

import pytest
from django.test import Client
from django.urls import reverse

from inventory.models import AIApplication
from risk.services import scores
from tests.builders import make_application
from tests.cast import Cast

PAGES = ("application", "questionnaire", "classification", "controls", "activity", "history")


@pytest.fixture
def application(cast: Cast) -> AIApplication:
    found = make_application(cast.cards, "Card helper", owner=cast.alice)
    scores.rescore_changed()
    return found


def as_(client: Client, user) -> Client:
    client.force_login(user)
    return client


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("who", ["alice", "bob", "carol", "dan", "ada"])
def test_each_page_opens_for_who_may_see_it(client: Client, cast: Cast, application, page: str, who: str) -> None:
    answer = as_(client, getattr(cast, who)).get(reverse(f"risk:{page}", args=[application.pk]))
    assert answer.status_code == 200
    assert "Card helper" in answer.content.decode()


@pytest.mark.parametrize("page", PAGES)
def test_out_of_scope_is_out_of_sight(client: Client, cast: Cast, application, page: str) -> None:
    assert as_(client, cast.eve).get(reverse(f"risk:{page}", args=[application.pk])).status_code == 404
