"""Saved views that a person may open: their own, and those shared where they have a role."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from django.db.models import Q, QuerySet
from django.http import Http404, QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from governance.models import SavedView, StartPage
from inventory import access
from inventory.models import User
from risk.method import load_method

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

# Route → what the page is called: those whose address alone says what they show
PAGES: Mapping[str, "StrOrPromise"] = {
    "governance:overview": gettext_lazy("Overview"),
    "governance:departments": gettext_lazy("Departments"),
    "governance:recommendations": gettext_lazy("Recommendations"),
    "governance:changes": gettext_lazy("Changes"),
    "governance:analytics": gettext_lazy("Analytics: use"),
    "governance:analytics_risk": gettext_lazy("Analytics: risk"),
    "governance:analytics_threats": gettext_lazy("Analytics: threats"),
    "governance:analytics_compliance": gettext_lazy("Analytics: compliance and evidence"),
    "risk:applications": gettext_lazy("AI applications"),
    "inventory:sightings": gettext_lazy("Discovery"),
    "inventory:never_seen": gettext_lazy("Registered, never seen"),
    "risk:beyond_approval": gettext_lazy("Used beyond approval"),
    "inventory:agents": gettext_lazy("Agents"),
    "risk:alerts": gettext_lazy("Alerts"),
    "risk:incidents": gettext_lazy("Incidents"),
    "inventory:events": gettext_lazy("Activity explorer"),
    "inventory:unusual": gettext_lazy("Unusual activity"),
    "inventory:data_events": gettext_lazy("Data events"),
    "governance:compliance": gettext_lazy("Compliance"),
    "governance:framework": gettext_lazy("Framework"),
    "governance:gaps": gettext_lazy("Gaps"),
    "risk:evidence": gettext_lazy("Evidence"),
    "governance:ahead": gettext_lazy("If nobody acts"),
}

# Route → what of its path is kept among the parameters, under the same name
PARTS: Mapping[str, str] = {"governance:framework": "framework"}


def split(page: str, query: str) -> tuple[dict[str, str], str] | None:
    """What a view keeps of a page's path, and the rest, which its address asks; None where there is no such page."""
    asked = QueryDict(query, mutable=True)
    parts = {name: "".join(asked.pop(name, [])[:1]) for name in (PARTS.get(page),) if name}
    known = page in PAGES and all(value in load_method().frameworks for value in parts.values())
    return (parts, asked.urlencode()) if known else None


def visible(user: User) -> QuerySet[SavedView]:
    """The views that the person may open."""
    shared = Q(department__in=access.around(user).order_by().values("pk"))
    return SavedView.objects.filter(Q(owner=user) | shared).select_related("owner", "department")


def view_or_404(user: User, pk: int, *, own: bool = False) -> SavedView:
    """The view; Http404 where the person may not open it, or, with `own`, where it isn't theirs."""
    found = visible(user).filter(pk=pk)
    one = (found.filter(owner=user) if own else found).first()
    if one is None:
        raise Http404(_("No such view."))
    return one


def start_of(user: User) -> SavedView | None:
    """The view the person starts with, as long as they may open it."""
    return visible(user).filter(pk__in=StartPage.objects.filter(user=user).values("view")).first()


def query_for(user: User, view: SavedView) -> tuple[str, bool]:
    """What the view asks, for this person, and whether a department had to be left out, being out of their sight."""
    query = QueryDict(view.query, mutable=True)
    key = query.get("department", "")
    hidden = bool(key) and not access.departments(user).filter(key=key).exists()
    if hidden:
        del query["department"]
    return query.urlencode(), hidden
