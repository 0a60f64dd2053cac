"""A person is found by what people write: their name, user name or address, whatever the case."""

import pytest
from django.core.exceptions import ValidationError

from inventory.models import User
from inventory.selectors.people import person_called

pytestmark = pytest.mark.django_db


@pytest.fixture
def odile() -> User:
    return User.objects.create_user("odile.marchbank", "Odile@Bank.example", "Odile Marchbank")


@pytest.mark.parametrize("text", ["Odile Marchbank", " odile marchbank ", "ODILE.MARCHBANK", "odile@bank.example"])
def test_every_way_to_call_somebody(odile: User, text: str) -> None:
    assert person_called(text) == odile


@pytest.mark.parametrize("text", ["", "  "])
def test_nothing_written_is_nobody(odile: User, text: str) -> None:
    assert person_called(text) is None


@pytest.mark.parametrize("text", ["Odile", "nobody", "odile\x00marchbank", "%", "odile_marchbank"])
def test_who_is_not_there_is_refused(odile: User, text: str) -> None:
    with pytest.raises(ValidationError, match="Nobody here goes by this name"):
        person_called(text)


def test_a_name_of_two_is_refused_and_a_user_name_wins_over_it(odile: User) -> None:
    User.objects.create_user("odile2", "", "Odile Marchbank")
    with pytest.raises(ValidationError, match="More than one person"):
        person_called("Odile Marchbank")
    User.objects.create_user("other", "", "odile.marchbank")
    assert person_called("odile.marchbank") == odile


def test_who_cannot_sign_in_gets_no_work(odile: User) -> None:
    User.objects.filter(pk=odile.pk).update(is_active=False)
    assert person_called("Odile Marchbank") == odile
    with pytest.raises(ValidationError, match="Nobody here"):
        person_called("Odile Marchbank", active=True)
