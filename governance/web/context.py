"""What the shell of every page shows: the navigation, cut to the pages that exist and that this person may open."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.functional import SimpleLazyObject

from inventory import access
from inventory.access import Permission
from inventory.models import User


def _anywhere(permission: Permission) -> Callable[[User], bool]:
    return lambda user: access.may(user, permission)


_may_view = _anywhere(Permission.VIEW)


def _everywhere(permission: Permission) -> Callable[[User], bool]:
    return lambda user: access.sees_everything(user, permission)


_may_administer = _everywhere(Permission.ADMIN)


@dataclass(frozen=True)
class Entry:
    """A page of the navigation, and who may open it."""

    label: str
    icon: str
    route: str
    allowed: Callable[[User], bool] = _may_view


GROUPS: tuple[tuple[str, tuple[Entry, ...]], ...] = (
    (
        "",
        (
            Entry("Overview", "layout-dashboard", "governance:overview"),
            Entry("Departments", "sitemap", "governance:departments"),
            Entry("AI applications", "apps", "risk:applications"),
            Entry("Recommendations", "sparkles", "governance:recommendations"),
            Entry("Tasks", "list-check", "risk:tasks"),
            Entry("Discovery", "radar-2", "inventory:sightings"),
            Entry("Alerts", "bell", "risk:alerts"),
            Entry("Incidents", "flag", "risk:incidents"),
            Entry("Data events", "shield-half", "inventory:data_events"),
            Entry("Compliance", "scale", "governance:compliance"),
            Entry("Evidence", "file-certificate", "risk:evidence"),
            Entry("Exports", "file-export", "governance:exports", _anywhere(Permission.EXPORT)),
        ),
    ),
    (
        "Set up",
        (
            Entry("Feeds", "plug", "inventory:feeds", _everywhere(Permission.FEEDS)),
            Entry("Labels and types", "table", "inventory:dictionary", _may_administer),
            Entry("Organisation facts", "building-bank", "risk:organisation_facts"),
            Entry("Scoring method", "adjustments-horizontal", "risk:method", _may_administer),
            Entry("Recommendation rules", "settings", "governance:thresholds", _may_administer),
            Entry("Department tree", "affiliate", "inventory:department_admin", _may_administer),
            Entry("People", "users", "inventory:people", _may_administer),
            Entry("Recalculation", "refresh", "risk:recalculation", _may_administer),
        ),
    ),
)


@dataclass(frozen=True)
class Item:
    label: str
    icon: str
    url: str
    active: bool


@dataclass(frozen=True)
class Group:
    label: str
    items: tuple[Item, ...]


@dataclass(frozen=True)
class Navigation:
    groups: tuple[Group, ...] = ()
    account_url: str = ""
    sign_out_url: str = ""


def shell(request: HttpRequest) -> dict[str, object]:
    """Context processor. Lazy, so that a fragment or an answer without navigation costs nothing."""
    return {"nav": SimpleLazyObject(lambda: navigation(request))}


def navigation(request: HttpRequest) -> Navigation:
    """The navigation of the person who asks; empty for who isn't signed in."""
    user = getattr(request, "user", None)
    if not isinstance(user, User) and not getattr(user, "is_authenticated", False):
        return Navigation()
    assert user is not None
    shown = [
        (label, [(entry, url) for entry in entries if (url := _url(entry.route)) and entry.allowed(user)])
        for label, entries in GROUPS
    ]
    here = _active(request.path, [url for _, entries in shown for _, url in entries])
    groups = (
        Group(label, tuple(Item(entry.label, entry.icon, url, url == here) for entry, url in entries))
        for label, entries in shown
        if entries
    )
    return Navigation(tuple(groups), _url("inventory:account"), _url("account_logout"))


def _url(route: str) -> str:
    """The address of a route, or nothing where this installation has no such page."""
    try:
        return reverse(route)
    except NoReverseMatch:
        return ""


def _active(path: str, urls: list[str]) -> str:
    """The entry whose address is the longest beginning of the path; the front page only for itself."""
    fitting = [url for url in urls if path == url or (url != "/" and path.startswith(url))]
    return max(fitting, key=len, default="")
