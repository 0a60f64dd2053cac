"""The access story, told with the cast: what each may see and do, and where."""

import pytest
from django.core.exceptions import PermissionDenied
from django.http import Http404

from inventory import access
from inventory.access import Permission as P
from inventory.choices import RoleKind
from inventory.models import Department, Role
from tests.builders import make_application, make_department, make_user
from tests.cast import Cast

pytestmark = pytest.mark.django_db


def names(queryset) -> set[str]:
    return set(queryset.values_list("name", flat=True))


@pytest.fixture
def applications(cast: Cast) -> None:
    make_application(cast.retail, "Loan Desk Helper")
    make_application(cast.cards, "Card Limit Model")
    make_application(cast.treasury, "Cash Forecast")


@pytest.mark.usefixtures("applications")
def test_a_right_holds_for_the_tree_below_and_nowhere_else(cast: Cast) -> None:
    assert names(access.applications(cast.carol)) == {"Loan Desk Helper", "Card Limit Model"}
    assert names(access.applications(cast.eve)) == {"Cash Forecast"}
    assert names(access.departments(cast.alice)) == {"Retail Banking", "Cards"}


@pytest.mark.usefixtures("applications")
def test_a_right_on_the_root_is_organisation_wide(cast: Cast) -> None:
    assert names(access.applications(cast.dan)) == {"Loan Desk Helper", "Card Limit Model", "Cash Forecast"}
    assert access.sees_everything(cast.dan)
    assert not access.sees_everything(cast.bob)


@pytest.mark.usefixtures("applications")
def test_nobody_without_a_role_sees_anything(cast: Cast) -> None:
    nobody = make_user("nobody")
    assert not access.applications(nobody).exists()
    assert not access.departments(nobody).exists()
    assert not access.may(nobody, P.VIEW)


@pytest.mark.usefixtures("applications")
def test_a_deactivated_person_loses_everything_at_once(cast: Cast) -> None:
    cast.ada.is_active = False
    assert not access.applications(cast.ada).exists()
    assert not access.may(cast.ada, P.ADMIN)
    assert not access.sees_everything(cast.ada)


@pytest.mark.parametrize(
    ("person", "allowed"),
    [
        ("alice", {P.VIEW, P.EDIT, P.EXPORT}),
        ("bob", {P.VIEW, P.EDIT, P.REVIEW, P.NAMES, P.EXPORT, P.SHARE, P.AUDIT}),
        ("carol", {P.VIEW, P.EXPORT, P.SHARE}),
        ("dan", {P.VIEW, P.EXPORT, P.AUDIT}),
        ("eve", set()),
        ("ada", set(P)),
    ],
)
def test_what_each_may_do_in_retail(cast: Cast, person: str, allowed: set[P]) -> None:
    user = getattr(cast, person)
    assert {permission for permission in P if access.may(user, permission, cast.cards)} == allowed


def test_an_auditor_changes_nothing_anywhere(cast: Cast) -> None:
    for permission in (P.EDIT, P.REVIEW, P.FEEDS, P.ADMIN, P.NAMES):
        with pytest.raises(PermissionDenied):
            access.require(cast.dan, permission)


def test_out_of_sight_is_not_found_and_in_sight_but_not_allowed_is_refused(cast: Cast) -> None:
    application = make_application(cast.retail)
    with pytest.raises(Http404):
        access.application_or_404(cast.eve, application.pk)
    with pytest.raises(Http404):
        access.application_or_404(cast.eve, application.pk, P.EDIT)
    assert access.application_or_404(cast.carol, application.pk) == application
    with pytest.raises(PermissionDenied):
        access.application_or_404(cast.carol, application.pk, P.EDIT)
    with pytest.raises(Http404):
        access.department_or_404(cast.eve, "retail")


def test_the_system_itself_is_not_asked(cast: Cast) -> None:
    assert access.may(None, P.ADMIN)
    assert access.sees_everything(None)


def test_moving_a_department_moves_the_rights_with_it(cast: Cast) -> None:
    application = make_application(cast.cards)
    Department.objects.filter(pk=cast.cards.pk).update(parent=cast.treasury)
    assert access.applications(cast.eve).filter(pk=application.pk).exists()
    assert not access.applications(cast.carol).filter(pk=application.pk).exists()


def test_a_cycle_in_the_tree_ends(cast: Cast) -> None:
    below = make_department("Below", cast.cards)
    Department.objects.filter(pk=cast.cards.pk).update(parent=below)
    assert names(Department.objects.subtree_of(below)) == {"Below", "Cards"}


def test_rights_are_filters_in_sql(cast: Cast, django_assert_num_queries) -> None:
    Role.objects.create(user=cast.eve, kind=RoleKind.LEADER, department=cast.cards)
    for serial in range(20):
        make_application(make_department(f"Desk {serial}", cast.treasury))
    with django_assert_num_queries(2):  # the roles, then the applications: never a list of ids
        assert len(access.applications(cast.eve)) == 20
