"""Saved views that a person may open: their own, and those shared where they have a role."""

from collections.abc import Mapping

from django.db.models import Q, QuerySet
from django.http import Http404, QueryDict

from governance.models import SavedView, StartPage
from inventory import access
from inventory.models import User

# Route → what the page is called: those whose address alone says what they show
PAGES: Mapping[str, str] = {
    "governance:overview": "Overview",
    "governance:departments": "Departments",
    "governance:changes": "Changes",
    "governance:analytics": "Analytics: use",
    "governance:analytics_risk": "Analytics: risk",
    "governance:analytics_threats": "Analytics: threats",
    "governance:analytics_compliance": "Analytics: compliance and evidence",
    "risk:applications": "AI applications",
    "inventory:sightings": "Discovery",
    "inventory:agents": "Agents",
    "risk:alerts": "Alerts",
    "risk:incidents": "Incidents",
    "inventory:events": "Activity explorer",
    "inventory:data_events": "Data events",
    "governance:compliance": "Compliance",
    "governance:gaps": "Gaps",
    "risk:evidence": "Evidence",
    "governance:ahead": "If nobody acts",
}


def visible(user: User) -> QuerySet[SavedView]:
    """The views that the person may open."""
    shared = Q(department__in=access.around(user).order_by().values("pk"))
    return SavedView.objects.filter(Q(owner=user) | shared).select_related("owner", "department")


def view_or_404(user: User, pk: int, *, own: bool = False) -> SavedView:
    """The view; Http404 where the person may not open it, or, with `own`, where it isn't theirs."""
    found = visible(user).filter(pk=pk)
    one = (found.filter(owner=user) if own else found).first()
    if one is None:
        raise Http404("No such view.")
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
