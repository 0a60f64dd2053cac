"""Every page of the demo in a browser: readable by axe in light and dark, and no wider than the screen."""

from collections.abc import Iterator

import pytest
from django.db import transaction
from django.test import Client
from django.utils import timezone
from playwright.sync_api import Browser
from pytest_django import DjangoDbBlocker

from governance.demo.seeding import Plan, seed
from inventory.choices import RoleKind
from inventory.models import Role
from tests.browser.answered import faults
from tests.governance import pages


@pytest.fixture(scope="module")
def bank(browser: Browser, django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """The demo, taken back afterwards. The browser first: once it runs, Django's connection is another one."""
    with django_db_blocker.unblock(), transaction.atomic():
        seed(Plan(60, 17, 12, 1, timezone.localdate()), lambda text: None)
        with django_db_blocker.block():
            yield
        transaction.set_rollback(True)


@pytest.mark.browser
def test_every_page_fits_and_is_readable(bank: None, client: Client, db: None, browser: Browser) -> None:
    administrator = Role.objects.filter(kind=RoleKind.ADMINISTRATOR, department__parent=None)[0].user
    client.force_login(administrator)
    looked, wrong = faults(browser, client, [address for _, address in pages.addresses(administrator)])
    assert not wrong, "\n".join(wrong)
    assert looked > 50
