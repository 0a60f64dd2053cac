"""What every test stands on. Servers come from `tests/servers.py`, people from `tests/cast.py`."""

import gc
from collections.abc import Iterator
from typing import Any

import pytest
from celery.contrib.testing.worker import start_worker
from django.core.cache import cache
from django.db import connection
from django.test import TransactionTestCase
from pytest_django import DjangoDbBlocker

import tests.examples  # noqa: F401 - loads hypothesis' profile before any test is read
from governance.celery import app as celery_app
from risk.method import in_force, newest
from tests import stages
from tests.cast import cast
from tests.database import test_database
from tests.renewing import Pristine

__all__ = ["cast"]


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files that need no database come second: one worker of xdist migrates for all, the others have work meanwhile."""

    def uses(item: pytest.Item) -> bool:
        names: list[str] = getattr(item, "fixturenames", [])
        return "db" in names or "transactional_db" in names or item.get_closest_marker("django_db") is not None

    using = {item.path for item in items if uses(item)}
    first = next((item.path for item in items if item.path in using), None)
    items.sort(key=lambda item: 0 if item.path == first else 1 if item.path not in using else 2)


def pytest_collection_finish() -> None:
    """Thousands of tests stay to the end: looking through them for what can go took a sixth of the time of a page."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 10, 10)


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings_parallel_suffix: None) -> None:
    """Each xdist worker has a database of its own."""


@pytest.fixture(scope="session")
def django_db_setup(
    django_test_environment: None, django_db_modify_db_settings: None, django_db_blocker: DjangoDbBlocker
) -> Iterator[None]:
    """A migrated database, brought back to that after each test that commits. Closed but to tests that ask for it."""
    with django_db_blocker.unblock(), test_database() as name, pytest.MonkeyPatch.context() as patch:
        pristine = Pristine(name)
        patch.setattr(TransactionTestCase, "_fixture_teardown", lambda case: pristine.renew())
        with django_db_blocker.block():
            yield
        stages.clear()


@pytest.fixture
def stage(
    request: pytest.FixtureRequest, django_db_setup: None, django_db_blocker: DjangoDbBlocker
) -> Iterator[dict[str, Any]]:
    """What stands already on the database that the test gets, by fixture. Empty if that is a plain one."""
    name, plain = stages.wanted(request.node), connection.settings_dict["NAME"]
    if name is None:
        yield {}
        return
    with django_db_blocker.unblock():
        found = stages.enter(name)
    yield found
    stages.leave(plain)


@pytest.fixture
def _django_db_helper(stage: dict[str, Any], _django_db_helper: None) -> None:
    """pytest-django's, which begins the test's transaction: it has to find the right database."""


@pytest.fixture(autouse=True)
def _plain_settings(settings) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # tests need no slow hash
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }


@pytest.fixture(autouse=True)
def _the_newest_method_is_in_force(settings) -> None:
    """What the migrations put in force is known without asking, so that tests need no database for it."""
    settings.METHOD_RECHECK_SECONDS = 3600
    in_force.remember(newest())


@pytest.fixture(autouse=True)
def _no_throttle_from_the_test_before() -> None:
    cache.clear()


@pytest.fixture
def celery_worker(transactional_db: None) -> Iterator[None]:
    """A real Celery worker on the real broker, in a thread, for tests that commit."""
    celery_app.control.purge()
    with start_worker(celery_app, perform_ping_check=False, loglevel="WARNING"):
        yield
