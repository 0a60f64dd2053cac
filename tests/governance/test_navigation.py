"""The navigation shows the pages that exist to those who may open them, and marks the one that is open."""

import pytest
from django.contrib.auth.models import AnonymousUser
from django.http import QueryDict
from django.test import RequestFactory
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from governance.web import context, overview
from inventory.choices import RoleKind
from inventory.models import User
from inventory.selectors.scope import scope_of
from inventory.web.filters import Filters
from tests.builders import make_user
from tests.cast import Cast


def labels(user: User | AnonymousUser, path: str = "/") -> dict[str, bool]:
    request = RequestFactory().get(path)
    request.user = user
    return {item.label: item.active for group in context.navigation(request).groups for item in group.items}


def test_each_role_sees_what_it_may_open(cast: Cast) -> None:
    assert "People" in labels(cast.ada)
    assert "People" not in labels(cast.alice)
    assert "Feeds" not in labels(cast.dan)
    assert "Overview" in labels(cast.eve)
    assert "Feeds" in labels(cast.ada)
    local = make_user("local", (RoleKind.ADMINISTRATOR, cast.retail))
    assert "Feeds" not in labels(local)  # feeds belong to the whole organisation
    assert not overview.page(scope_of(local), Filters.from_query(local, QueryDict()), timezone.localdate())["may_load"]
    assert labels(AnonymousUser()) == {}


@pytest.mark.parametrize(
    ("path", "open_page"),
    [("/", "Overview"), ("/departments/retail/", "Departments"), ("/people/3/", "People"), ("/healthz", None)],
)
def test_the_open_page_is_marked(cast: Cast, path: str, open_page: str | None) -> None:
    assert [label for label, active in labels(cast.ada, path).items() if active] == ([open_page] if open_page else [])


def test_a_page_that_is_not_installed_is_not_offered(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    def without_alerts(route: str) -> str:
        if route == "risk:alerts":
            raise NoReverseMatch(route)
        return reverse(route)

    monkeypatch.setattr(context, "reverse", without_alerts)
    monkeypatch.setattr(context, "_url", context._url.__wrapped__)
    assert "Alerts" not in labels(cast.ada)
    assert "Overview" in labels(cast.ada)


def test_it_costs_one_query(cast: Cast, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    user = User.objects.get(pk=cast.ada.pk)
    with django_assert_num_queries(1):
        labels(user)
