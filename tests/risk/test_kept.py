"""What pages keep in the cache: exact as long as nothing changed, and gone with the next roll-up or change."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from inventory import access
from inventory.choices import RoleKind
from inventory.models import AIApplication, Department, User
from risk.selectors.kept import kept, kept_rows
from risk.services import rollups
from tests.builders import make_application
from tests.cast import Cast

pytestmark = pytest.mark.django_db


def test_before_the_first_roll_up_nothing_is_kept() -> None:
    answers = iter([1, 2])
    assert [kept("a figure", lambda: next(answers)) for _ in range(2)] == [1, 2]


def test_a_figure_is_found_once_until_a_roll_up(cast: Cast) -> None:
    rollups.roll_up_everything()
    answers = iter([None, 2, 3])
    assert [kept("a figure", lambda: next(answers)) for _ in range(3)] == [None, None, None]
    assert kept("another", lambda: next(answers)) == 2
    rollups.roll_up_everything()
    assert kept("a figure", lambda: next(answers)) == 3


def test_a_change_of_the_register_ends_it(cast: Cast) -> None:
    mine = make_application(cast.cards, "Letters", owner=cast.alice)
    rollups.roll_up_everything()
    owned = AIApplication.objects.filter(owner=cast.alice).order_by("pk").values_list("name", flat=True)
    assert kept_rows(owned.all()) == ["Letters"]
    with CaptureQueriesContext(connection) as captured:
        assert kept_rows(owned.all()) == ["Letters"]
    assert len(captured) == 1
    # As the service does it in a transaction of its own: in this one it is still the same moment
    later = timezone.now() + timedelta(seconds=1)
    AIApplication.objects.filter(pk=mine.pk).update(name="Letters to customers", updated_at=later)
    assert kept_rows(owned.all()) == ["Letters to customers"]


def test_a_role_that_is_taken_ends_it(cast: Cast) -> None:
    """The query is the same before and after: it asks the database which departments the person sees."""
    make_application(cast.cards, "Letters")
    rollups.roll_up_everything()
    assert len(kept_rows(access.applications(cast.carol))) == 1
    assert cast.eve.roles.create(department=cast.cards, kind=RoleKind.LEADER)
    assert len(kept_rows(access.applications(cast.eve))) == 1
    for one in (cast.carol, cast.eve):
        one.roles.all().delete()
        again = User.objects.get(pk=one.pk)
        assert kept_rows(access.applications(again)) == []


def test_a_department_that_moves_ends_it(cast: Cast) -> None:
    """Whoever saw it by where it lay sees it no longer, before the figures are taken anew."""
    make_application(cast.cards, "Letters")
    rollups.roll_up_everything()
    assert len(kept_rows(access.applications(cast.carol))) == 1
    Department.objects.filter(pk=cast.cards.pk).update(parent=cast.treasury)
    assert kept_rows(access.applications(cast.carol)) == []


def test_queries_that_differ_in_a_value_are_kept_apart(cast: Cast) -> None:
    for department in (cast.cards, cast.cards, cast.treasury):
        make_application(department, f"Of {department.name} {timezone.now()}")
    rollups.roll_up_everything()
    found = [kept_rows(AIApplication.objects.filter(department=one)) for one in (cast.cards, cast.treasury)]
    assert list(map(len, found)) == [2, 1]
    assert kept_rows(AIApplication.objects.filter(pk__in=[])) == []
