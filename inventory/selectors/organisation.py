"""The department tree and the people, as their settings pages show them."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.core.paginator import Page, Paginator
from django.db.models import Count, Exists, OuterRef, Prefetch, Q, QuerySet

from inventory.choices import Lifecycle
from inventory.models import AIApplication, Department, Role, User
from inventory.selectors.register import DepartmentChoice, department_choices

PEOPLE_A_PAGE = 25
DEPARTMENTS_A_PAGE = 25


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


def tree(q: str = "", page: int = 1) -> Page:
    """A page of TreeRow in the order of the tree, for who administers it; `q`: only those whose name, key, another
    name or cost centre holds it. The same number of queries whatever the size."""
    places = department_choices(None)
    if q:
        named = Q(name__icontains=q) | Q(key__icontains=q) | Q(cost_centre__icontains=q) | Q(aliases__icontains=q)
        fitting = set(Department.objects.filter(named).values_list("pk", flat=True))
        places = [place for place in places if place.pk in fitting]
    found: Page = Paginator(places, DEPARTMENTS_A_PAGE).get_page(page)
    found.object_list = _tree_rows(list(found.object_list))
    return found


def unplaced() -> QuerySet[Department]:
    """Departments that a user list named and nobody put into the tree."""
    return Department.objects.filter(from_feed=True).order_by("name")


def _tree_rows(places: Sequence[DepartmentChoice]) -> list[TreeRow]:
    shown = [place.pk for place in places]
    counts = {
        row["department"]: row
        for row in AIApplication.objects.filter(department__in=shown)
        .order_by()
        .values("department")
        # Of the department, which the index answers alone: for the id each row had to be fetched
        .annotate(all=Count("department"), live=Count("department", filter=Q(lifecycle=Lifecycle.LIVE)))
    }
    departments = Department.objects.select_related("head").in_bulk(shown)
    rows = []
    for place in places:
        department, count = departments[place.pk], counts.get(place.pk, {"all": 0, "live": 0})
        rows.append(
            TreeRow(
                pk=place.pk,
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
