"""What the register's pages show: departments to choose from, and applications that resemble one being typed."""

from dataclasses import dataclass
from typing import NamedTuple

from django.contrib.postgres.search import TrigramSimilarity, TrigramWordSimilarity
from django.db.models import Q
from django.db.models.functions import Greatest, Upper

from inventory import access
from inventory.access import Permission
from inventory.models import AIApplication, Department, User

SEPARATOR = " / "
RESEMBLING = 5
SHORTEST = 3  # characters: below that everything resembles everything


class DepartmentChoice(NamedTuple):  # made by the thousand: a frozen dataclass takes five times as long
    """A department with its place in the tree. `path` names what is above it, as far as the person may see it; the
    organisation is left out, except for itself."""

    pk: int
    key: str
    name: str
    depth: int  # 0: the organisation
    path: str


@dataclass(frozen=True, slots=True)
class Resembling:
    """A registered application that may be the one being registered."""

    pk: int
    external_id: str
    name: str
    purpose: str
    department: str
    lifecycle: str
    likeness: float  # 0 to 1, by trigrams


def department_choices(user: User | None, permission: Permission = Permission.VIEW) -> list[DepartmentChoice]:
    """The departments in which the person has the permission, in the order of the tree; at most three queries."""
    allowed = access.departments(user, permission)
    everywhere = access.sees_everything(user, permission)
    rows = list(Department.objects.order_by("name", "pk").values_list("pk", "key", "name", "parent_id"))
    wanted = None if everywhere else set(allowed.values_list("pk", flat=True))
    children: dict[int | None, list[tuple[int, str, str]]] = {}
    for pk, key, name, parent in rows:
        children.setdefault(parent, []).append((pk, key, name))
    found: list[DepartmentChoice] = []
    stack = [(pk, key, name, 0, "") for pk, key, name in reversed(children.get(None, []))]
    while stack:
        pk, key, name, depth, above = stack.pop()
        path = f"{above}{SEPARATOR}{name}" if above else name
        if wanted is None or pk in wanted:
            found.append(DepartmentChoice(pk, key, name, depth, path))
        below = "" if depth == 0 else path if wanted is None or pk in wanted else above
        stack += [(pk, key, name, depth + 1, below) for pk, key, name in reversed(children.get(pk, []))]
    return found


def resembling(
    user: User, name: str, *, exclude: int | None = None, permission: Permission = Permission.VIEW
) -> list[Resembling]:
    """The applications whose names are most like `name`, most like first, of those for which the person has the
    permission; none for under SHORTEST characters.

    Both comparisons use the trigram index: `%` for names that are alike as a whole, `%>` for what is typed so far
    occurring in a longer name.
    """
    text = name.replace("\x00", "").strip().upper()[:200]
    if len(text) < SHORTEST:
        return []
    found = (
        access.applications(user, permission)
        .exclude(pk=exclude or 0)
        .alias(folded=Upper("name"))
        .filter(Q(folded__trigram_similar=text) | Q(folded__trigram_word_similar=text))
        .annotate(likeness=Greatest(TrigramSimilarity(Upper("name"), text), TrigramWordSimilarity(text, Upper("name"))))
        .select_related("department")
        .order_by("-likeness", "name", "pk")[:RESEMBLING]
    )
    return [_resembling(application) for application in found]


def _resembling(application: AIApplication) -> Resembling:
    return Resembling(
        pk=application.pk,
        external_id=application.external_id,
        name=application.name,
        purpose=application.purpose,
        department=application.department.name,
        lifecycle=application.get_lifecycle_display(),
        likeness=application.likeness,  # type: ignore[attr-defined]
    )
