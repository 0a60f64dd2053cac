"""AI apps, agents and models that feeds report and that match nothing registered."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.core.paginator import Page, Paginator
from django.db.models import Count, Exists, F, Max, Min, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from inventory import access
from inventory.catalogue import Category, KnownApp, catalogue
from inventory.choices import AgentState, IdentifierKind, Operation, RulingKind
from inventory.matching import fold
from inventory.models import (
    AgentListing,
    CloudApp,
    DailySensitive,
    DailyUsage,
    DailyUser,
    Department,
    Ruling,
    Sighting,
    User,
)
from inventory.selectors.discovery.rulings import by_link_alone, in_force
from inventory.selectors.discovery.twins import Twin, twins_of
from inventory.selectors.kept import kept

A_PAGE = 25
ADDED_UP = 2_000  # of up to so many names the use of the period is added up for their order
# Short: they stand in a narrow column
SEEN_AS = {
    Operation.COPILOT: _("Copilot or agent"),
    Operation.AI_APP: _("AI app or site"),
    Operation.CONNECTED: _("Connected app"),
    Operation.TEAM_COPILOT: _("Team Copilot"),
    Operation.VISIT: _("Visited site"),
}
SORTS = ("interactions", "name", "seen")
STANDINGS = {RulingKind.RULED_OUT.value: _("Ruled out"), RulingKind.LINKED.value: _("Linked")}
_TEXTS = ("name", "app_identity", "host")


@dataclass(frozen=True, slots=True)
class SeenRow:
    """Something seen. Figures are those of the people looked at, in the period; `first_seen` and `last_seen` are theirs
    at any time. `known`: its entry in the catalogue."""

    pk: int
    name: str
    known: KnownApp | None
    kinds: list[str]
    identifiers: list[tuple[str, str]]
    reason: str
    interactions: int
    visits: int  # to its site, which are no interactions
    sensitive: int
    users: int  # distinct
    departments: list[str]
    first_seen: date | None
    last_seen: date | None
    twins: Sequence[Twin] = ()
    reported: CloudApp | None = None  # what a discovery service says of it, for who sees everything
    listed: bool = False  # in an inventory of agents
    ruling: Ruling | None = None
    may_decide: bool = False
    opens: bool = True  # whether the person may open its page

    @property
    def title(self) -> str:
        """What people call it."""
        return self.known.name if self.known else self.name

    @property
    def note(self) -> str:
        """How feeds name it, where that isn't its title."""
        named = next((value for _, value in self.identifiers), "")
        return next((text for text in (named, self.name) if text and text != self.title), "")

    @property
    def category(self) -> str:
        """Its category: the catalogue's, else what its way into the feeds says."""
        if self.known:
            return str(self.known.category.label)
        copilot = {str(SEEN_AS[Operation.COPILOT]), str(SEEN_AS[Operation.TEAM_COPILOT])}
        if self.listed or copilot.intersection(self.kinds):
            return str(Category.COPILOT.label)
        return str((Category.ENTERPRISE if str(SEEN_AS[Operation.CONNECTED]) in self.kinds else Category.OTHER).label)


@dataclass(frozen=True, slots=True)
class Looked:
    """Whose use is looked at, and when."""

    user: User
    department: Department | None = None  # with what is below it
    period: int = 30  # days up to `today`
    today: date = field(default_factory=timezone.localdate)

    @property
    def everything(self) -> bool:
        """Whether that is the whole organisation's, people of no known department included."""
        whole = self.department is None or self.department.parent_id is None
        return whole and access.sees_everything(self.user)

    @property
    def people(self) -> Q:
        """Rows of the departments looked at."""
        if self.everything:
            return Q()
        seen = access.departments(self.user)
        if self.department is not None:
            seen = seen.filter(pk__in=Department.objects.subtree_of(self.department).order_by().values("pk"))
        return Q(department__in=seen.order_by().values("pk"))

    @property
    def days(self) -> Q:
        """Daily rows of the period."""
        return Q(day__gt=self.today - timedelta(days=self.period), day__lte=self.today)

    @property
    def since(self) -> datetime:
        """The beginning of the period."""
        first = self.today - timedelta(days=self.period - 1)
        return datetime.combine(first, time.min, timezone.get_default_timezone())


def seen_not_registered(
    looked: Looked,
    *,
    standing: str = "",
    operations: Sequence[int] = (),
    sensitive: bool = False,
    only_used: bool = False,
    q: str = "",
) -> QuerySet[Sighting]:
    """What was used or listed in the period by the people looked at and is not registered, without what is ruled out;
    or, of a `standing` (ruled_out, linked), what people decided so about, of any time. `only_used`: without what is
    only listed, as an agent of an inventory or an app of a report."""
    settled = in_force(looked.today)
    if standing:
        found = Sighting.objects.filter(folded__in=settled.filter(kind=standing).values("folded"))
    else:
        found = Sighting.objects.exclude(folded__in=settled.values("folded"))
        found = found.exclude(folded__in=by_link_alone().values("folded"))
    if not looked.everything:
        whose = Q() if standing else Q(application=None)
        by_them = DailyUsage.objects.filter(
            looked.people, whose, Q() if standing else looked.days, sighting__isnull=False
        )
        agents = AgentListing.objects.exclude(state=AgentState.DELETED)
        listed = agents.filter(looked.people, whose, sighting__isnull=False)
        found = found.filter(
            Q(pk__in=by_them.order_by().values("sighting")) | Q(pk__in=listed.order_by().values("sighting"))
        )
    elif not standing:
        found = found.filter(last_seen__gte=looked.since)
    if operations:
        found = found.filter(operations__overlap=list(operations))
    if only_used:
        use = DailyUsage.objects.filter(looked.people, looked.days, application=None)
        found = found.filter(pk__in=use.order_by().values("sighting"))
    if sensitive:
        marked = DailySensitive.objects.filter(looked.people, looked.days, application=None)
        found = found.filter(pk__in=marked.order_by().values("sighting"))
    return found.filter(called(q)) if q else found


def called(q: str) -> Q:
    """What is called so, by a feed or in the catalogue."""
    text = Q()
    for name in _TEXTS:
        text |= Q(**{f"{name}__icontains": q})
    known = [host for host, app in catalogue().hosts.items() if q.casefold() in app.name.casefold()]
    return text | Q(folded__in=known)


def seen_page(looked: Looked, found: QuerySet[Sighting], sort: str = "", page: int = 1) -> Page:
    """A page of SeenRow, most used first. The same number of queries whatever the size.

    The order is that of use in the period, as it is shown; of very many names in the whole organisation that of all use
    ever, which a column has: to add the period up for a million takes a second.
    """
    down = sort.startswith("-") or not sort
    word = sort.removeprefix("-") or "interactions"
    column = {"name": "folded", "seen": "last_seen"}.get(word, "interactions")
    pages = Paginator(found, A_PAGE)
    if column == "interactions" and not by_all_use(looked, pages.count):
        own = DailyUsage.objects.filter(looked.people, looked.days, application=None, sighting=OuterRef("pk"))
        added = own.order_by().values("sighting").annotate(n=Sum("interactions")).values("n")
        found = found.annotate(own_use=Coalesce(Subquery(added), 0))
        column = "own_use"
    pages.object_list = found.order_by(
        F(column).desc() if down else F(column).asc(), "-id" if column == "last_seen" else "id"
    )
    result: Page = pages.get_page(page)
    result.object_list = rows_of(looked, list(result.object_list))
    return result


def by_all_use(looked: Looked, names: int) -> bool:
    """Whether so many are sorted by all use ever, and not by that of the period."""
    return looked.everything and names > ADDED_UP


def people(looked: Looked, found: QuerySet[Sighting]) -> int:
    """How many people used these in the period, each once; kept until anything is done or read."""
    used = DailyUser.objects.filter(looked.people, looked.days, application=None)
    used = used.filter(sighting__in=found.order_by().values("pk")).order_by()
    try:
        key = used.query.sql_with_params()
    except EmptyResultSet:
        return 0
    counted: int = kept(("people of the seen", *key), lambda: used.aggregate(n=Count("pseudonym", distinct=True))["n"])
    return counted


def rows_of(looked: Looked, sightings: Sequence[Sighting]) -> list[SeenRow]:
    """What is shown of these."""
    ids = [one.pk for one in sightings]
    rulings = {
        one.folded: one
        for one in Ruling.objects.filter(folded__in=[one.folded for one in sightings]).select_related(
            "application", "decided_by"
        )
    }
    holders = [one.application_id for one in rulings.values() if one.application_id]
    whose = looked.people & Q(sighting__in=ids) & (Q(application=None) | Q(application__in=holders))
    figures = figures_of(looked, whose)
    decidable = access.sightings(looked.user, access.Permission.REVIEW).filter(pk=OuterRef("pk"))
    about = (
        Sighting.objects.filter(pk__in=ids)
        .order_by()
        .annotate(may_decide=Exists(decidable), listed=Exists(AgentListing.objects.filter(sighting=OuterRef("pk"))))
    )
    known = {pk: (may_decide, listed) for pk, may_decide, listed in about.values_list("pk", "may_decide", "listed")}
    reported = _reported(ids) if looked.everything else {}
    names = {one.pk: app.name if (app := known_app(one)) else one.name for one in sightings}
    likely = twins_of(looked.user, names, {one.pk: _wanted(one) for one in sightings})
    return [
        SeenRow(
            pk=one.pk,
            name=one.name,
            known=known_app(one),
            kinds=[str(SEEN_AS[Operation(operation)]) for operation in one.operations],
            identifiers=identifiers_of(one),
            reason=one.reason,
            twins=likely.get(one.pk, ()),
            reported=reported.get(one.pk),
            listed=known[one.pk][1],
            ruling=rulings.get(one.folded),
            may_decide=known[one.pk][0],
            **figures.get(one.pk, NO_FIGURES),
        )
        for one in sightings
    ]


NO_FIGURES: dict[str, Any] = {
    "interactions": 0,
    "visits": 0,
    "sensitive": 0,
    "users": 0,
    "departments": [],
    "first_seen": None,
    "last_seen": None,
}


def figures_of(looked: Looked, whose: Q) -> dict[int, dict[str, Any]]:
    """The use of each. Its people are distinct over many thousand daily rows: kept until anything is done or read."""
    now = {name: Coalesce(Sum(name, filter=looked.days), 0) for name in ("interactions", "visits", "sensitive")}
    ever = DailyUsage.objects.filter(whose, day__lte=looked.today).order_by().values("sighting_id")
    ever = ever.annotate(first_seen=Min("day"), last_seen=Max("day"), **now)
    try:
        key = ever.query.sql_with_params()
    except EmptyResultSet:
        return {}
    found = kept(("figures of the seen", *key), lambda: _counted(looked, whose, ever))
    unknown = str(_("Unassigned"))
    return {pk: {**row, "departments": [name or unknown for name in row["departments"]]} for pk, row in found.items()}


def _counted(looked: Looked, whose: Q, ever: QuerySet[DailyUsage, Any]) -> dict[int, dict[str, Any]]:
    found: dict[int, dict[str, Any]] = {row["sighting_id"]: {**row, "users": 0, "departments": []} for row in ever}
    people = DailyUser.objects.filter(whose, looked.days).order_by().values_list("sighting_id")
    for pk, users in people.annotate(n=Count("pseudonym", distinct=True)):
        found[pk]["users"] = users
    names = DailyUsage.objects.filter(whose, looked.days).order_by("department__name")
    for pk, name in names.values_list("sighting_id", "department__name").distinct():
        found[pk]["departments"].append(name)
    return {pk: {name: row[name] for name in NO_FIGURES} for pk, row in found.items()}


def _reported(ids: Sequence[int]) -> dict[int, CloudApp]:
    return {one.sighting_id or 0: one for one in CloudApp.objects.filter(sighting__in=ids).order_by("users", "key")}


def known_app(one: Sighting) -> KnownApp | None:
    """Its entry in the catalogue. An agent is what its maker calls it, whatever product it was used in."""
    if one.agent_id:
        return None
    return catalogue().find(host=one.host, identity=one.app_identity, name=one.name)


def identifiers_of(one: Sighting) -> list[tuple[str, str]]:
    """The (kind, value) under which it would be found if it were registered: the most telling one alone, because the
    product in which an agent was used is used for other things too. None: it is known by its name only."""
    if one.agent_id:
        return [(IdentifierKind.AGENT_ID.value, one.agent_id)]
    own = fold(one.app_identity) == one.folded
    if one.app_identity and (own or not one.app_identity.casefold().startswith("copilot.")):
        return [(IdentifierKind.APP_IDENTITY.value, one.app_identity)]
    if not one.app_identity and one.host and ("." in one.host or fold(one.host) == one.folded):
        kind = IdentifierKind.HOST if "." in one.host else IdentifierKind.COPILOT_HOST
        return [(kind.value, one.host)]
    return []


def _wanted(one: Sighting) -> tuple[list[tuple[str, str]], Sequence[int]]:
    return identifiers_of(one), one.candidates


def prefilled(one: Sighting) -> dict[str, str]:
    """What the register form can say in advance."""
    known = known_app(one)
    if known:
        return {"name": known.name, "vendor": known.vendor, "kind": known.kind.value}
    if one.agent_id:
        return {"name": one.name[:200], "vendor": "", "kind": "agent"}
    name = one.name.split(".", 2)[2] if one.name == one.app_identity and one.name.count(".") >= 2 else one.name
    return {"name": name[:200], "vendor": "", "kind": "application"}


def seen_by_department(looked: Looked) -> list[Mapping[str, Any]]:
    """How much unregistered AI each department used in the period: department (None: no known one), apps, interactions,
    visits, sensitive, most interactions first. One query."""
    settled = in_force(looked.today)
    rows = DailyUsage.objects.filter(looked.people, looked.days, application=None).exclude(
        sighting__folded__in=settled.values("folded")
    )
    return list(
        rows.order_by()
        .values("department")
        .annotate(apps=Count("sighting", distinct=True))
        .annotate(interactions=Sum("interactions"), visits=Sum("visits"), sensitive=Sum("sensitive"))
        .order_by("-interactions", "department")
    )
