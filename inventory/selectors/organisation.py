"""The department tree and the people, as their settings pages show them."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.core.paginator import Page, Paginator
from django.db.models import Count, Exists, OuterRef, Prefetch, Q

from inventory.choices import Lifecycle
from inventory.models import AIApplication, Department, Role, User
from inventory.selectors.register import department_choices

PEOPLE_A_PAGE = 25


@dataclass(frozen=True, slots=True)
class TreeRow:
    """A department in the tree's order."""

    pk: int
    key: str
    name: str
    depth: int
    indent: range  # for the template: one step for each level
    head: str
    cost_centre: str
    aliases: list[str]
    from_feed: bool
    applications: int  # of itself, without what is below it
    live: int


def tree() -> list[TreeRow]:
    """The whole tree, for who administers it; the same number of queries whatever its size."""
    places = {choice.pk: choice for choice in department_choices(None)}
    counts = {
        row["department"]: row
        for row in AIApplication.objects.order_by()
        .values("department")
        .annotate(all=Count("pk"), live=Count("pk", filter=Q(lifecycle=Lifecycle.LIVE)))
    }
    departments = {d.pk: d for d in Department.objects.select_related("head")}
    rows = []
    for pk, place in places.items():
        department, count = departments[pk], counts.get(pk, {"all": 0, "live": 0})
        rows.append(
            TreeRow(
                pk=pk,
                key=department.key,
                name=department.name,
                depth=place.depth,
                indent=range(place.depth),
                head=str(department.head or ""),
                cost_centre=department.cost_centre,
                aliases=department.aliases,
                from_feed=department.from_feed,
                applications=count["all"],
                live=count["live"],
            )
        )
    return rows


def people(q: str = "", page: int = 1, roles: Sequence[str] = ()) -> Page:
    """A page of people with their roles (`shown_roles`), those who can sign in first; three queries."""
    found = User.objects.order_by("-is_active", "display_name", "username", "pk")
    if q:
        found = found.filter(Q(username__icontains=q) | Q(display_name__icontains=q) | Q(email__icontains=q))
    if roles:
        found = found.filter(Exists(Role.objects.filter(user=OuterRef("pk"), kind__in=roles)))
    held = Role.objects.select_related("department").order_by("kind", "department__name")
    found = found.prefetch_related(Prefetch("roles", held, to_attr="shown_roles"))
    return Paginator(found, PEOPLE_A_PAGE).get_page(page)
