"""Every address of the site: closed to strangers, and closed to an auditor's changes."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

import pytest
from django.contrib.auth.models import AnonymousUser
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from inventory.models import AuditLogEntry
from tests.builders import make_application
from tests.cast import Cast

# Who may come in without having signed in, and why.
OPEN = {
    "account_login": "the way in",
    "account_logout": "the way out; answers strangers with a redirect",
    "account_signup": "says that sign-up is closed",
    "account_inactive": "says that the account is switched off",
    "inventory:sign_in_link": "the way in by a one-time link",
    "governance:digest_stop": "the way out of a mail, by the signed word in its address",
    "governance:health": "for load balancers; says nothing but up or down",
}
# What an auditor may send: things of the auditor's own, and taking figures away.
AN_AUDITORS_OWN = {
    "account_login": "signing in",
    "account_logout": "signing out",
    "account_signup": "sends away whoever is signed in",
    "account_reauthenticate": "proving once more who one is",
    "account_change_password": "the own password",
    "account_set_password": "the own password",
    "inventory:sign_in_link": "signing in",
    "inventory:sign_out_elsewhere": "the own sessions",
    "api-token-list": "the own tokens, which carry the own rights",
    "api-token-detail": "the own tokens",
    "inventory:token_create": "the own tokens, which carry the own rights",
    "inventory:token_revoke": "the own tokens",
    "governance:download": "an auditor exports; it is written to the log",
    "governance:view_save": "the own views",
    "governance:view_rename": "the own views",
    "governance:view_delete": "the own views",
    "governance:view_start": "where the auditor starts",
    "governance:digest": "how often the auditor gets a digest",
    "governance:overview_html": "an auditor exports; it is written to the log",
}
SAMPLES = {"framework": "eu_ai_act", "key": "retail", "token": "x", "digest": "0" * 64, "token_key": "x"}
NAMED_GROUP = re.compile(r"\(\?P<(\w+)>(?:[^()]|\([^()]*\))*\)")  # in addresses written as regular expressions
UNSAFE = ("post", "put", "patch", "delete")


@dataclass(frozen=True)
class Door:
    """One address: its name, and a path that fits it."""

    name: str
    path: str


def _fill(route: str, converters: dict[str, object], pk: int) -> str:
    route = NAMED_GROUP.sub(lambda group: str(pk) if group[1] == "pk" else SAMPLES.get(group[1], "sample"), route)
    for parameter, converter in converters.items():
        kind = type(converter).__name__
        numbers = {"IntConverter": str(pk), "UUIDConverter": str(UUID(int=pk))}
        sample = numbers.get(kind) or SAMPLES.get(parameter, "sample")
        for written in (f"<{parameter}>", *(f"<{k}:{parameter}>" for k in ("int", "str", "slug", "path", "uuid"))):
            route = route.replace(written, sample)
    return route


def _doors(patterns: list[URLPattern | URLResolver], prefix: str, space: str, pk: int) -> Iterator[Door]:
    for entry in patterns:
        route = prefix + _fill(str(entry.pattern), entry.pattern.converters, pk)
        if isinstance(entry, URLResolver):
            inner = f"{space}{entry.namespace}:" if entry.namespace else space
            yield from _doors(entry.url_patterns, route, inner, pk)
        else:
            name = f"{space}{entry.name}"
            yield Door(name, "/" + re.sub(r"\^|\$|\\Z", "", route))


def doors(pk: int = 1) -> list[Door]:
    """Every address of the site, filled with samples."""
    return list(_doors(get_resolver().url_patterns, "", "", pk))


NAMES = [door.name for door in doors()]


def test_every_address_has_a_name_of_its_own() -> None:
    assert all(name and not name.endswith("None") for name in NAMES)


def test_the_exceptions_are_addresses_that_exist() -> None:
    assert sorted((OPEN.keys() | AN_AUDITORS_OWN.keys()) - set(NAMES)) == []


@pytest.mark.django_db
@pytest.mark.parametrize("door", [door for door in doors() if door.name not in OPEN], ids=lambda door: door.name)
def test_a_stranger_is_sent_to_sign_in(client: Client, door: Door) -> None:
    for method in ("get", *UNSAFE):
        answer = getattr(client, method)(door.path)
        sent_away = answer.status_code == 302 and answer["Location"].startswith("/accounts/login/")
        assert sent_away or answer.status_code in {401, 403, 405}, f"{method} {door.path}: {answer.status_code}"


@pytest.mark.parametrize("page", ["password/reset/", "email/", "confirm-email/", "login/code/confirm/"])
def test_nobody_has_mails_written_or_addresses_changed(client: Client, cast: Cast, page: str, mailoutbox: list) -> None:
    """Whoever names an address gets no mail sent there, and nobody signs in as an address they gave themselves."""
    assert client.post(f"/accounts/{page}", {"email": "someone@example.org"}).status_code == 302
    client.force_login(cast.ada)
    assert client.post(f"/accounts/{page}", {"email": "someone@example.org"}).status_code == 404
    assert mailoutbox == []


@pytest.mark.django_db
@pytest.mark.parametrize("name", [name for name in NAMES if name not in AN_AUDITORS_OWN])
def test_an_auditor_changes_nothing(client: Client, cast: Cast, name: str) -> None:
    application = make_application(cast.retail, "Loan Desk Helper")
    client.force_login(cast.dan)
    before = AuditLogEntry.objects.count()
    for door in (door for door in doors(application.pk) if door.name == name):
        for method in UNSAFE:
            answer = getattr(client, method)(door.path)
            assert answer.status_code in {401, 403, 404, 405}, f"{method} {door.path}: {answer.status_code}"
    assert AuditLogEntry.objects.count() == before


@pytest.mark.django_db
def test_a_page_without_a_rule_of_its_own_would_be_closed(settings, rf) -> None:
    from django.http import HttpResponse

    from governance.middleware import SignedInMiddleware

    request = rf.get("/")
    request.user = AnonymousUser()
    assert "governance.middleware.SignedInMiddleware" in settings.MIDDLEWARE
    answer = SignedInMiddleware(lambda _: HttpResponse()).process_view(request, lambda _: HttpResponse(), (), {})
    assert answer is not None
    assert answer.status_code == 302
