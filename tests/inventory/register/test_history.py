"""What happened to one application."""

import io

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from inventory import audit_log
from inventory.models import AIApplication, AuditLogEntry
from inventory.selectors.history import Change, application_history, moment_of
from inventory.services import applications
from inventory.services.register_import import import_register
from tests.builders import make_application
from tests.cast import Cast

pytestmark = pytest.mark.django_db(transaction=True)  # each change in a transaction, and at a time, of its own


def test_who_and_what_stand_together(cast: Cast) -> None:
    app = make_application(cast.retail, "Old")
    audit_log.request_address.set("10.0.0.7")
    applications.update_application(actor=cast.alice, application=app, name="New", owner=cast.bob)
    applications.add_identifier(actor=cast.bob, application=app, kind="host", value="a.example")
    AIApplication.objects.filter(pk=app.pk).update(vendor="Acme")  # past the services: seen all the same
    audit_log.request_address.set(None)
    newest, identified, updated, registered = application_history(cast.carol, app).moments
    assert (newest.entries, newest.changes) == ([], [Change("vendor", "", "Acme")])
    assert identified.changes == [Change("identifier", "", "host:a.example")]
    assert (updated.entries[0].actor, updated.entries[0].address) == ("Alice", "")
    assert updated.changes == [Change("name", "Old", "New"), Change("owner", "", "Bob")]
    assert registered.entries[0].actor == "System"
    assert Change("department", "", "Retail Banking") in registered.changes
    assert Change("life cycle", "", "Live") in registered.changes
    assert (
        application_history(cast.dan, app).moments[2].entries[0].address == "10.0.0.7"
    )  # the auditor reads from where
    assert len(application_history(cast.carol, app, before=updated.at).moments) == 1


def test_an_import_shows_in_the_history_of_each_application(cast: Cast) -> None:
    app = make_application(cast.retail, "A")
    import_register(
        io.BytesIO(b"name,purpose,kind,department\nA,New,agent,retail\n"), actor=cast.bob, file_name="r.csv"
    )
    newest = application_history(cast.alice, app).moments[0]
    assert newest.entries[0].action == "register.imported"
    assert newest.changes == [
        Change("purpose", "Summarises letters for clerks.", "New"),
        Change("kind", "Application", "Agent"),
    ]


def test_who_may_not_see_it_reads_nothing(cast: Cast) -> None:
    app = make_application(cast.retail)
    with pytest.raises(PermissionDenied):
        application_history(cast.eve, app)


def test_queries_do_not_grow(cast: Cast) -> None:
    app = make_application(cast.retail)

    def count() -> int:
        with CaptureQueriesContext(connection) as queries:
            application_history(cast.alice, app)
        return len(queries)

    for number in range(3):
        applications.update_application(actor=cast.alice, application=app, name=f"A{number}")
    few = count()
    for number in range(30):
        applications.update_application(actor=cast.alice, application=app, name=f"B{number}")
    assert count() == few


def test_a_moment_is_of_the_application_or_there_is_none(cast: Cast) -> None:
    """Entries that name nothing belong to the application only where it changed in their transaction."""
    app = make_application(cast.retail, "A")
    import_register(
        io.BytesIO(b"name,purpose,kind,department\nA,New,agent,retail\n"), actor=cast.bob, file_name="r.csv"
    )
    with transaction.atomic():
        other = audit_log.record(actor=cast.ada, action="method.changed", summary="Of no concern here")
    imported = AuditLogEntry.objects.get(action="register.imported")
    found, pages = moment_of(cast.alice, app, imported.at, 1, 10)
    assert found
    assert ([entry.action for entry in found.entries], pages) == (["register.imported"], 1)
    assert moment_of(cast.alice, app, other.at, 1, 10) == (None, 1)
