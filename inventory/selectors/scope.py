"""Whose figures a page shows: the department chosen in the address, else everything the person may see."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from inventory import access
from inventory.models import AIApplication, Department, User

MOST_OPTIONS = 200


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
            return _("all departments")
        return ", ".join(top.name for top in self.tops) or _("no department")

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

    def row_of(self) -> dict[int, int]:
        """Department → the one of `rows` in whose sub-tree it lies; one query."""
        rows, params = self.rows().order_by().values("pk").query.sql_with_params()
        with connection.cursor() as cursor:
            cursor.execute(_ROW_OF.format(rows=rows), params)
            return dict(cursor.fetchall())


# UNION, not UNION ALL: a cycle that slipped past the services ends here instead of running for ever
_ROW_OF = """
WITH RECURSIVE below AS (
    SELECT id, id AS top FROM ({rows}) rows(id)
    UNION SELECT child.id, below.top FROM inventory_department child JOIN below ON child.parent_id = below.id
) SELECT id, top FROM below"""


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
    above = access.departments(user).path_of(department)
    known = {one.pk: one for one in above}
    found: list[Department] = []
    at = known.get(department.parent_id or 0)
    while at is not None and at not in found:
        found.append(at)
        at = known.get(at.parent_id or 0)
    return tuple(reversed(found))


def options(scope: Scope) -> list[tuple[str, str, int]]:
    """(key, name, depth) for the department filter: the whole tree that the person sees, while a list of it can be
    used; else the way down to the chosen one, with the level below each step, MOST_OPTIONS a level at most (the
    Departments page has a search over all). One query."""
    start = scope.chosen or scope.top
    tops = Department.objects.filter(pk__in=[top.pk for top in scope.tops])
    way = Department.objects.path_of(start) if start else tops
    try:
        seen, seen_values = access.departments(scope.user).order_by().values("pk").query.sql_with_params()
        steps, step_values = way.order_by().values("pk").query.sql_with_params()
    except EmptyResultSet:  # Django's word for a query that it knows to find nothing
        return []
    with connection.cursor() as cursor:
        sql = _OPTIONS.format(seen=seen, way=steps)
        cursor.execute(sql, [*seen_values, *step_values, MOST_OPTIONS, start is not None, MOST_OPTIONS])
        return _tree(cursor.fetchall())


# Every page with filters asks it: written out, because Django takes longer to write it than PostgreSQL to answer
_OPTIONS = """
WITH seen AS MATERIALIZED (SELECT id, key, name, parent_id FROM inventory_department WHERE id IN ({seen})),
way (id) AS MATERIALIZED ({way}),
listed AS (
    SELECT seen.*, row_number() OVER (PARTITION BY parent_id ORDER BY way.id IS NULL, name) AS place
    FROM seen LEFT JOIN way ON way.id = seen.id
    WHERE way.id IS NOT NULL OR (SELECT count(*) FROM seen) <= %s OR (%s AND parent_id IN (SELECT id FROM way))
) SELECT id, key, name, parent_id FROM listed WHERE place <= %s ORDER BY name, id"""


def _tree(listed: Iterable[tuple[int, str, str, int | None]]) -> list[tuple[str, str, int]]:
    """Departments in the order of the tree; those whose parent isn't among them stand at the top."""
    known = {pk: (key, name, parent) for pk, key, name, parent in listed}
    below: dict[int | None, list[int]] = {}
    for pk, (*_others, parent) in known.items():
        below.setdefault(parent if parent in known else None, []).append(pk)
    found: list[tuple[str, str, int]] = []
    waiting = [(pk, 0) for pk in reversed(below.get(None, []))]
    while waiting:
        pk, depth = waiting.pop()
        key, name = known[pk][:2]
        found.append((key, name, depth))
        waiting += [(child, depth + 1) for child in reversed(below.get(pk, []))]
    return found
