"""The audit log: written with the change or not at all, and by nobody else changed."""

import pytest
from django.core.exceptions import PermissionDenied
from django.db import InternalError, NotSupportedError, ProgrammingError, connection, transaction
from django.test import Client

from inventory import audit_log
from inventory.models import AuditLogEntry, Department, User
from inventory.services import people
from tests.builders import make_application
from tests.cast import Cast

pytestmark = pytest.mark.django_db
REFUSED = (InternalError, NotSupportedError, ProgrammingError)


def test_an_entry_carries_the_time_of_its_row_history(cast: Cast) -> None:
    application = make_application(cast.retail)
    entry = AuditLogEntry.objects.get(object_type="aiapplication", object_id=str(application.pk))
    event = type(application).pgh_event_models["insert"].objects.get(pgh_obj=application)
    assert entry.at == event.pgh_created_at
    assert entry.department == cast.retail


@transaction.atomic
def _record_and_fail(cast: Cast) -> None:
    audit_log.record(actor=cast.ada, action="test.failed", summary="Never stands")
    raise ZeroDivisionError


def test_a_change_that_fails_leaves_no_entry(cast: Cast) -> None:
    before = AuditLogEntry.objects.count()
    with pytest.raises(ZeroDivisionError):
        _record_and_fail(cast)
    assert AuditLogEntry.objects.count() == before


@pytest.mark.django_db(transaction=True)
def test_an_entry_never_stands_alone() -> None:
    with pytest.raises(transaction.TransactionManagementError):
        audit_log.record(actor=None, action="test.alone", summary="Outside a transaction")


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE inventory_auditlogentry SET summary = 'nothing happened'",
        "DELETE FROM inventory_auditlogentry",
        "DELETE FROM inventory_aiapplicationevent",
        "UPDATE inventory_departmentevent SET name = 'other'",
    ],
)
def test_not_even_sql_edits_the_past(cast: Cast, statement: str) -> None:
    make_application(cast.retail)
    with pytest.raises(REFUSED), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


def test_history_sees_bulk_work_and_sql(cast: Cast) -> None:
    events = Department.pgh_event_models["update"].objects
    with connection.cursor() as cursor:
        cursor.execute("UPDATE inventory_department SET cost_centre = 'CC1'")
    changed = Department.objects.count()
    assert events.filter(cost_centre="CC1").count() == changed
    Department.objects.update(cost_centre="CC2")
    assert events.filter(cost_centre="CC2").count() == changed


def test_passwords_are_not_in_the_history() -> None:
    assert "password" not in {field.name for field in User.pgh_event_models["update"]._meta.get_fields()}


def test_setting_and_changing_a_password_is_noted(cast: Cast, client: Client) -> None:
    client.force_login(cast.ada)
    first = {"password1": "a long first secret", "password2": "a long first secret"}
    assert client.post("/accounts/password/set/", first).status_code == 302
    cast.ada.refresh_from_db()
    client.force_login(cast.ada)
    second = {"oldpassword": first["password1"], "password1": "another long secret", "password2": "another long secret"}
    assert client.post("/accounts/password/change/", second).status_code == 302
    found = AuditLogEntry.objects.filter(action__startswith="user.password").order_by("id")
    assert [(one.action, one.actor, one.object_id) for one in found] == [
        ("user.password_set", cast.ada, str(cast.ada.pk)),
        ("user.password_changed", cast.ada, str(cast.ada.pk)),
    ]
    assert "secret" not in str([(one.summary, one.details) for one in found])
    with pytest.raises(PermissionDenied):
        people.set_password(actor=cast.ada, user=cast.bob, password="of somebody else")


def test_the_first_administrator_is_given_a_role(db: None) -> None:
    user = people.first_administrator()
    assert people.first_administrator() == user
    found = AuditLogEntry.objects.filter(object_type="user", object_id=str(user.pk)).order_by("id")
    assert [one.action for one in found] == ["user.added", "role.given"]
    assert found[1].details["kind"] == "administrator"
