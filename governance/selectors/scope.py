"""Whose figures a page shows: the department chosen in the address, else everything the person may see."""

from dataclasses import dataclass

from django.db.models import QuerySet
from django.db.models.expressions import RawSQL

from inventory import access
from inventory.models import AIApplication, Department, User

MOST_OPTIONS = 200

# From a department up to the root. UNION ends a cycle that slipped past the services.
_PATH = """
WITH RECURSIVE path AS (
    SELECT id, parent_id FROM inventory_department WHERE id = %s
    UNION SELECT above.id, above.parent_id FROM inventory_department above JOIN path ON path.parent_id = above.id
) SELECT id FROM path"""


@dataclass(frozen=True)
class Scope:
    """What is looked at. `tops` are the departments whose figures together are the whole: the chosen one, or the
    organisation, or, for a person with rights in some places only, the highest of these. Their sub-trees don't overlap,
    so that numbers of things add up; an index does not, and is shown for each.
    """

    user: User
    chosen: Department | None
    tops: tuple[Department, ...]

    @property
    def top(self) -> Department | None:
        """The one department that is the whole, where there is one."""
        return self.tops[0] if len(self.tops) == 1 else None

    @property
    def everything(self) -> bool:
        """Whether this is the whole organisation, *Unassigned* usage included."""
        return self.top is not None and self.top.parent_id is None

    @property
    def title(self) -> str:
        if self.everything:
            return "all departments"
        return ", ".join(top.name for top in self.tops) or "no department"

    def departments(self) -> QuerySet[Department]:
        """Every department of it."""
        return subtree(self.user, self.chosen)

    def applications(self) -> QuerySet[AIApplication]:
        """Every application of it."""
        found = access.applications(self.user)
        return found.in_department(self.chosen) if self.chosen and self.chosen.parent_id else found

    def rows(self) -> QuerySet[Department]:
        """The departments to compare: the parts of the whole, one level down, or side by side."""
        if self.top is None:
            return Department.objects.filter(pk__in=[top.pk for top in self.tops])
        return Department.objects.filter(parent=self.top)


def scope_of(user: User, chosen: Department | None = None) -> Scope:
    """The scope of a page for a person. `chosen` was fetched through `access`."""
    if chosen is not None:
        return Scope(user, chosen, (chosen,))
    seen = access.departments(user)
    if access.sees_everything(user):
        return Scope(user, None, tuple(seen.filter(parent=None)))
    tops = seen.exclude(parent__in=seen.order_by().values("pk")).order_by("name")
    return Scope(user, None, tuple(tops))


def subtree(user: User | None, chosen: Department | None) -> QuerySet[Department]:
    """The departments a person sees, below the chosen one."""
    found = access.departments(user)
    if chosen is None or chosen.parent_id is None:
        return found
    return found.filter(pk__in=Department.objects.subtree_of(chosen).order_by().values("pk"))


def path_to(user: User, department: Department) -> tuple[Department, ...]:
    """The departments above this one that the person sees, highest first."""
    above = access.departments(user).filter(pk__in=RawSQL(_PATH, [department.pk]))  # noqa: S611 - constant SQL
    known = {one.pk: one for one in above}
    found: list[Department] = []
    at = known.get(department.parent_id or 0)
    while at is not None and at not in found:
        found.append(at)
        at = known.get(at.parent_id or 0)
    return tuple(reversed(found))


def options(scope: Scope) -> list[tuple[str, str, int]]:
    """(key, name, depth) for the department filter: the way down to the chosen one, with the level below each step.

    At most MOST_OPTIONS a level; the Departments page lists all.
    """
    start = scope.chosen or scope.top
    if start is None:
        return [(top.key, top.name, 0) for top in scope.tops]
    seen = access.departments(scope.user)
    path = set(seen.filter(pk__in=RawSQL(_PATH, [start.pk])).order_by().values_list("pk", flat=True))  # noqa: S611
    listed = seen.filter(parent__in=path).order_by("name").values_list("pk", "key", "name", "parent_id")
    below: dict[int, list[tuple[int, str, str]]] = {}
    for pk, key, name, parent in listed[: MOST_OPTIONS * len(path)]:
        level = below.setdefault(parent, [])
        if len(level) < MOST_OPTIONS or pk in path:
            level.append((pk, key, name))
    first = seen.filter(pk__in=path).exclude(parent__in=path).values_list("pk", "key", "name").first()
    found: list[tuple[str, str, int]] = []

    def walk(entry: tuple[int, str, str], depth: int) -> None:
        found.append((entry[1], entry[2], depth))
        for child in below.get(entry[0], ()):
            walk(child, depth + 1)

    if first:
        walk(first, 0)
    return found
