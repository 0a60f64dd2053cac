"""What a test commits is gone before the next one (tests/renewing.py)."""

import pytest
from django.contrib.auth.models import Group
from django.contrib.contenttypes.models import ContentType
from django.db import OperationalError, connection, transaction

from inventory import audit_log
from inventory.models import AuditLogEntry, Department
from tests import renewing
from tests.cast import make_cast
from tests.renewing import Pristine

pytestmark = pytest.mark.django_db(transaction=True)


def run(statement: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return int(cursor.fetchone()[0]) if cursor.description else 0


def database() -> int:
    return run("SELECT oid FROM pg_database WHERE datname = current_database()")


def left(pristine: Pristine) -> tuple[object, ...]:
    return pristine.schema, pristine.digests, pristine.sequences, pristine.contents


def write() -> None:
    """Rows of ours and of the migrations, and entries that no statement may take away."""
    cast = make_cast()
    with transaction.atomic():
        audit_log.record(actor=cast.ada, action="test.committed", summary="Stays")
    assert AuditLogEntry.objects.exists()
    Department.objects.filter(parent=None).update(name="Another")
    ContentType.objects.filter(app_label="inventory").delete()
    Group.objects.create(name="New")


def test_rows_and_sequences_are_put_back_past_the_triggers() -> None:
    pristine, number = Pristine(connection.settings_dict["NAME"]), database()
    write()
    written = Pristine(pristine.target)
    assert written.digests != pristine.digests
    assert written.sequences != pristine.sequences
    pristine.renew()
    assert left(Pristine(pristine.target)) == left(pristine)
    assert database() == number  # the same one, not a copy


def test_who_is_still_connected_is_cut_off_and_holds_nothing_up() -> None:
    pristine = Pristine(connection.settings_dict["NAME"])
    write()
    other = connection.copy()
    with other.cursor() as cursor:
        cursor.execute("BEGIN; LOCK TABLE inventory_department")
        pristine.renew()
        with pytest.raises(OperationalError):
            cursor.execute("SELECT 1")
    assert left(Pristine(pristine.target)) == left(pristine)


@pytest.mark.parametrize(
    "change",
    [
        "CREATE TABLE more (id int)",
        "DROP TABLE inventory_interaction_later",
        "ALTER TABLE inventory_department DISABLE TRIGGER ALL",
        "ALTER TABLE inventory_department ALTER COLUMN name DROP NOT NULL",
    ],
)
def test_another_schema_is_not_mended_but_made_anew(change: str) -> None:
    pristine, number = Pristine(connection.settings_dict["NAME"]), database()
    run(change)
    pristine.renew()
    assert left(Pristine(pristine.target)) == left(pristine)
    assert database() != number


def test_much_is_not_looked_through_but_made_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    pristine, number = Pristine(connection.settings_dict["NAME"]), database()
    write()
    monkeypatch.setattr(renewing, "MUCH", 100)
    pristine.renew()
    assert left(Pristine(pristine.target)) == left(pristine)
    assert database() != number
