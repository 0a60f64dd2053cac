"""What the shell of every page shows: the navigation, cut to the pages that exist and that this person may open."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext_lazy as _

from governance.selectors.views import PAGES, PARTS
from inventory import access
from inventory.access import Permission
from inventory.models import User

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


def _anywhere(permission: Permission) -> Callable[[User], bool]:
    return lambda user: access.may(user, permission)


_may_view = _anywhere(Permission.VIEW)


def _everywhere(permission: Permission) -> Callable[[User], bool]:
    return lambda user: access.sees_everything(user, permission)


_may_administer = _everywhere(Permission.ADMIN)


@dataclass(frozen=True)
class Entry:
    """A page of the navigation, and who may open it."""

    label: StrOrPromise
    icon: str
    route: str
    allowed: Callable[[User], bool] = _may_view
    analytic: bool = False  # takes the filters that analytic pages share along
    past: bool = False  # and the day, since it answers for a past one


GROUPS: tuple[tuple[StrOrPromise, tuple[Entry, ...]], ...] = (
    (
        "",
        (
            Entry(_("Overview"), "layout-dashboard", "governance:overview", analytic=True, past=True),
            Entry(_("Departments"), "sitemap", "governance:departments", analytic=True, past=True),
            Entry(_("AI applications"), "apps", "risk:applications", analytic=True, past=True),
            Entry(_("Analytics"), "chart-line", "governance:analytics", analytic=True, past=True),
            Entry(_("Changes"), "history", "governance:changes", analytic=True),
            Entry(_("Recommendations"), "sparkles", "governance:recommendations", analytic=True, past=True),
            Entry(_("Tasks"), "list-check", "governance:tasks"),
            Entry(_("Discovery"), "radar-2", "inventory:sightings", analytic=True, past=True),
            Entry(_("Activity explorer"), "eye", "inventory:events", analytic=True, past=True),
            Entry(_("Alerts"), "bell", "risk:alerts", analytic=True, past=True),
            Entry(_("Incidents"), "flag", "risk:incidents", analytic=True),
            Entry(_("Unusual activity"), "bolt", "inventory:unusual", analytic=True),
            Entry(_("Data events"), "shield-half", "inventory:data_events", analytic=True),
            Entry(_("Compliance"), "scale", "governance:compliance", analytic=True, past=True),
            Entry(_("Evidence"), "file-certificate", "risk:evidence", analytic=True, past=True),
            Entry(_("Exports"), "file-export", "governance:exports", _anywhere(Permission.EXPORT)),
        ),
    ),
    (
        _("Set up"),
        (
            Entry(_("Feeds"), "plug", "inventory:feeds", _everywhere(Permission.FEEDS)),
            Entry(_("Labels and types"), "table", "inventory:dictionary", _may_administer),
            Entry(_("Organisation facts"), "building-bank", "risk:organisation_facts"),
            Entry(_("Scoring method"), "adjustments-horizontal", "risk:method", _may_administer),
            Entry(_("Recommendation rules"), "settings", "governance:thresholds", _may_administer),
            Entry(_("Department tree"), "affiliate", "inventory:department_admin", _may_administer),
            Entry(_("People"), "users", "inventory:people", _may_administer),
            Entry(_("Recalculation"), "refresh", "risk:recalculation", _may_administer),
            Entry(_("E-mail"), "message-circle", "governance:mail", _may_administer),
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
    search_url: str = ""  # empty for who may see nothing
    search_box_url: str = ""
    saves: tuple[str, str] | None = None  # (route, query) of a page that can be saved as a view
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
    here = _active(request.path, [url for _group, entries in shown for _entry, url in entries])
    # Only what a page has read well: on an error page nothing is carried along
    shared = getattr(request, "shared_filters", ""), getattr(request, "shared_today", "")
    groups = (
        Group(
            str(label),
            tuple(
                Item(str(entry.label), entry.icon, url + _along(entry, *shared), url == here) for entry, url in entries
            ),
        )
        for label, entries in shown
        if entries
    )
    searched = ("governance:search", "governance:search_box") if _may_view(user) else ("", "")
    search_url, search_box_url = (_url(route) if route else "" for route in searched)
    return Navigation(
        *(tuple(groups), search_url, search_box_url, _saved(request)),
        *(_url("inventory:account"), _url("account_logout")),
    )


def _along(entry: Entry, shared: str, shared_today: str) -> str:
    """What goes along to a page."""
    if not entry.analytic:
        return ""
    return shared if entry.past else shared_today


def _saved(request: HttpRequest) -> tuple[str, str] | None:
    """What a saved view of this page would hold; None where the address alone doesn't say what is shown."""
    match = request.resolver_match
    if match is None or match.view_name not in PAGES or not hasattr(request, "shared_filters"):
        return None
    asked = request.GET.copy()
    for name in (PARTS.get(match.view_name),):
        if name:
            asked[name] = match.kwargs[name]
    return match.view_name, asked.urlencode()


@cache
def _url(route: str) -> str:
    """The address of a route, or nothing where this installation has no such page. Each page asks for thirty."""
    try:
        return reverse(route)
    except NoReverseMatch:
        return ""


def _active(path: str, urls: list[str]) -> str:
    """The entry whose address is the longest beginning of the path; the front page only for itself."""
    fitting = [url for url in urls if path == url or (url != "/" and path.startswith(url))]
    return max(fitting, key=len, default="")
