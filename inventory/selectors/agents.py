"""Agents as inventories list them: who owns each, what it may do, and whether the register knows it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar

from django.core.paginator import Page, Paginator
from django.db.models import Count, Exists, F, Max, OuterRef, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from inventory import access
from inventory.choices import AgentSource, AgentState, IdentifierKind, Lifecycle
from inventory.models import AgentListing, AIApplication, DailyUsage, Department, User

A_PAGE = 25
NEVER_SHOWN = 25
STANDINGS = {
    "unregistered": _("Not registered"),
    "registered": _("Registered"),
    "ownerless": _("Without an owner"),
    "open": _("Open to everyone"),
}
SORTS = {"name": "name", "seen": "last", "created": "created"}
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class AgentRow:
    """One agent, out of all its listings: of each fact what the latest listing says that says anything.

    None: no inventory says. `owners`: how many. `application`: (id, name), None where not registered.
    """

    agent: str
    name: str
    sources: list[str]
    platform: str
    environment: str
    owners: int | None
    department: str
    state: str
    state_word: str
    everyone: bool | None
    shared_with: int | None
    authentication: str
    powers: list[str]
    tools: list[str]
    knowledge: list[str]
    created_at: datetime | None
    used_at: datetime | None
    as_of: datetime | None
    application: tuple[int, str] | None
    candidates: int


@dataclass(frozen=True, slots=True)
class NeverSeen:
    """Live applications registered as an agent that no inventory lists and no feed reports; the first of them."""

    count: int
    first: Sequence[AIApplication]


@dataclass(frozen=True)
class Looked:
    """Whose agents: those of applications the person may see, and unregistered ones of their departments (all for who
    sees everything), below `department`; with `applications` (ids) those of such ones alone, which are registered."""

    user: User
    department: Department | None = None
    applications: QuerySet[AIApplication, Any] | None = None

    def listings(self) -> QuerySet[AgentListing]:
        found = _visible(self.user)
        if self.department is not None and self.department.parent_id is not None:
            below = Department.objects.subtree_of(self.department).order_by().values("pk")
            found = found.filter(Q(department__in=below) | Q(application__department__in=below))
        return found if self.applications is None else found.filter(application__in=self.applications)

    def registered(self) -> QuerySet[AIApplication]:
        found = access.applications(self.user)
        if self.department is not None and self.department.parent_id is not None:
            found = found.in_department(self.department)
        return found if self.applications is None else found.filter(pk__in=self.applications)


def agents(looked: Looked, *, standing: str = "", q: str = "", sort: str = "", page: int = 1) -> Page:
    """A page of AgentRow. The same number of queries whatever the size."""
    found = looked.listings()
    if q:
        found = found.filter(Q(name__icontains=q) | Q(key__icontains=q))
    found = _standing(found, standing)
    order = SORTS.get(sort.removeprefix("-"), "last")
    down = sort.startswith("-") or not sort
    grouped = (
        found.order_by()
        .values("agent")
        .annotate(name=Max("name"), last=Max("as_of"), created=Max("created_at"))
        .order_by(F(order).desc(nulls_last=True) if down else F(order).asc(nulls_last=True), "agent")
    )
    result: Page = Paginator(grouped, A_PAGE).get_page(page)
    result.object_list = _rows(looked.user, [row["agent"] for row in result])
    return result


def never_seen(looked: Looked) -> NeverSeen:
    """What the register has as an agent, and neither an inventory nor a feed has ever named."""
    found = (
        looked.registered()
        .filter(lifecycle=Lifecycle.LIVE, identifiers__kind=IdentifierKind.AGENT_ID)
        .exclude(Exists(AgentListing.objects.filter(application=OuterRef("pk"))))
        .exclude(Exists(DailyUsage.objects.filter(application=OuterRef("pk"))))
        .distinct()
    )
    return NeverSeen(found.count(), list(found.order_by("name", "pk")[:NEVER_SHOWN]))


def _visible(user: User) -> QuerySet[AgentListing]:
    if access.sees_everything(user):
        return AgentListing.objects.all()
    mine = Q(application__in=access.applications(user).order_by().values("pk"))
    loose = Q(application=None, department__in=access.departments(user).order_by().values("pk"))
    return AgentListing.objects.filter(mine | loose)


def _standing(found: QuerySet[AgentListing], standing: str) -> QuerySet[AgentListing]:
    """Those of which any listing says so; registered is an agent as soon as one of its listings is."""
    same = AgentListing.objects.filter(agent=OuterRef("agent"))
    if standing == "unregistered":
        return found.exclude(Exists(same.exclude(application=None))).exclude(state=AgentState.DELETED)
    if standing == "registered":
        return found.filter(Exists(same.exclude(application=None)))
    if standing == "ownerless":
        return found.filter(Q(owners=[]) | Q(orphaned=True)).exclude(state=AgentState.DELETED)
    if standing == "open":
        return found.filter(everyone=True).exclude(state=AgentState.DELETED)
    return found


def _rows(user: User, keys: list[str]) -> list[AgentRow]:
    listings: dict[str, list[AgentListing]] = {key: [] for key in keys}
    never = datetime.min.replace(tzinfo=UTC)
    found = _visible(user).filter(agent__in=keys).select_related("department", "application")
    for one in sorted(found, key=lambda one: (one.as_of or never, one.pk), reverse=True):
        listings[one.agent].append(one)
    return [_row(key, of_agent) for key, of_agent in listings.items() if of_agent]


def _row(key: str, listings: list[AgentListing]) -> AgentRow:
    def said(of: Callable[[AgentListing], T]) -> T | None:
        """What the latest listing says that says anything."""
        return next((value for one in listings if (value := of(one)) not in (None, "", [])), None)

    application = said(lambda one: one.application)
    department = said(lambda one: one.department)
    owners = next((len(one.owners) for one in listings if one.owners is not None), None)
    state = said(lambda one: one.state if one.state != AgentState.LISTED else "") or AgentState.LISTED.value
    return AgentRow(
        agent=key,
        name=said(lambda one: one.name) or key,
        sources=sorted({str(AgentSource(one.source).label) for one in listings}),
        platform=said(lambda one: one.platform) or "",
        environment=said(lambda one: one.environment) or "",
        owners=owners,
        department=department.name if department else "",
        state=state,
        state_word=str(AgentState(state).label),
        everyone=said(lambda one: one.everyone),
        shared_with=said(lambda one: one.shared_with),
        authentication=said(lambda one: one.authentication) or "",
        powers=_powers(said),
        tools=said(lambda one: one.tools) or [],
        knowledge=said(lambda one: one.knowledge) or [],
        created_at=said(lambda one: one.created_at),
        used_at=max((one.used_at for one in listings if one.used_at), default=None),
        as_of=listings[0].as_of,
        application=(application.pk, application.name) if application else None,
        candidates=max(len(one.candidates) for one in listings),
    )


def _powers(said: Callable[[Callable[[AgentListing], Any]], Any]) -> list[str]:
    """What makes an agent more than something that answers."""
    words = {
        "acts by itself": said(lambda one: one.autonomous),
        "its maker's rights": said(lambda one: one.maker_credentials),
        "HTTP requests": said(lambda one: one.http),
        "MCP servers": said(lambda one: one.mcp),
    }
    return [word for word, has in words.items() if has]


def counts(looked: Looked) -> dict[str, int]:
    """How many agents there are, and how many are registered nowhere."""
    found = looked.listings().exclude(state=AgentState.DELETED).order_by()
    loose = _standing(found, "unregistered")
    one = Count("agent", distinct=True)
    return {"agents": found.aggregate(n=one)["n"], "unregistered": loose.aggregate(n=one)["n"]}
