"""Two people at once: on real connections, each in a transaction of its own."""

import io
from collections.abc import Callable
from threading import Barrier, Thread
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection

from inventory.choices import RoleKind
from inventory.models import AIApplication, Department, Role
from inventory.services import applications, departments, people
from inventory.services.register_import import import_register
from tests.builders import make_department
from tests.cast import Cast

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(*jobs: Callable[[], Any]) -> list[Any]:
    """What each returned or raised, when all are let go together."""
    barrier = Barrier(len(jobs))
    results: list[Any] = [None] * len(jobs)

    def run(index: int, job: Callable[[], Any]) -> None:
        try:
            barrier.wait()
            results[index] = job()
        except Exception as error:
            results[index] = error
        finally:
            connection.close()

    threads = [Thread(target=run, args=pair) for pair in enumerate(jobs)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def test_two_imports_of_one_file_create_once(cast: Cast) -> None:
    lines = "".join(f"App {n},p,agent,retail,new{n}@bank.example\n" for n in range(50))
    data = ("name,purpose,kind,department,owner\n" + lines).encode()
    results = at_once(*[lambda: import_register(io.BytesIO(data), actor=None)] * 3)
    assert sorted(result.created for result in results) == [0, 0, 50]
    assert AIApplication.objects.count() == 50


def test_numbers_are_given_once(cast: Cast) -> None:
    def register() -> str:
        four: dict[str, Any] = {"name": "A", "purpose": "p", "kind": "agent"}
        return applications.register_application(actor=cast.alice, department=cast.retail, **four).external_id

    assert sorted(at_once(*[register] * 4)) == ["AI-00001", "AI-00002", "AI-00003", "AI-00004"]


def test_two_administrators_cannot_remove_each_other(cast: Cast) -> None:
    people.give_role(actor=None, user=cast.bob, department=cast.root, kind=RoleKind.ADMINISTRATOR)
    roles = Role.objects.filter(kind=RoleKind.ADMINISTRATOR).select_related("user", "department")
    results = at_once(*[lambda role=role: people.revoke_role(actor=None, role=role) for role in roles])
    assert [type(result) for result in results].count(ValidationError) == 1
    assert Role.objects.filter(kind=RoleKind.ADMINISTRATOR).count() == 1


def test_two_moves_make_no_circle(cast: Cast) -> None:
    loans = make_department("Loans")
    results = at_once(
        lambda: departments.update_department(actor=None, department=loans, parent=cast.retail),
        lambda: departments.update_department(actor=None, department=cast.retail, parent=loans),
    )
    assert [type(result) for result in results].count(ValidationError) == 1
    assert Department.objects.subtree_of(cast.root).count() == Department.objects.count()


def test_one_identifier_goes_to_one_application(cast: Cast) -> None:
    apps = [
        applications.register_application(actor=None, name=n, purpose="p", kind="agent", department=cast.retail)
        for n in "ab"
    ]
    results = at_once(
        *[
            lambda app=app: applications.add_identifier(actor=None, application=app, kind="host", value="a.example")
            for app in apps
        ]
    )
    assert [type(result) for result in results].count(ValidationError) == 1
