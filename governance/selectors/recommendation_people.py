"""Who may do what about a recommendation, and finding one of them by a part of a name."""

from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from inventory import access
from inventory.access import Permission
from inventory.models import Department, User
from inventory.selectors.people import person_called

MOST = 200  # offered while one types
NAMED = 5


@dataclass(frozen=True, slots=True)
class People:
    """Some of them by name, and how many more there are."""

    names: tuple[str, ...]
    more: int


def owners(department: Department) -> list[User]:
    """People who may be given a card of the department: who holds a right there or above; at most MOST."""
    return list(_holders(department, Permission.VIEW)[:MOST])


def who_may(department: Department, permission: Permission) -> People:
    """Those who hold a permission in a department."""
    found = _holders(department, permission)
    names = tuple(str(one) for one in found[:NAMED])
    return People(names, found.count() - NAMED if len(names) == NAMED else 0)


def taker(department: Department, text: str) -> User | None:
    """Who is called so, or the one who may be given the card and of whose name, user name or address this is a part.
    Raises ValidationError where nobody is, or several are: it names these."""
    try:
        return person_called(text, active=True)
    except ValidationError:
        part = text.replace("\x00", "").strip()
        like = Q(username__icontains=part) | Q(email__icontains=part) | Q(display_name__icontains=part)
        found = list(_holders(department, Permission.VIEW).filter(like)[: NAMED + 1]) if part else []
        if len(found) == 1:
            return found[0]
        if not found:
            raise
    names = ", ".join(f"{one} ({one.username})" for one in found[:NAMED])
    several = _("“%(part)s” fits %(names)s and more.") if len(found) > NAMED else _("“%(part)s” fits %(names)s.")
    raise ValidationError(several % {"part": part, "names": names} + " " + _("Write one user name."))


def _holders(department: Department, permission: Permission) -> QuerySet[User]:
    above = Department.objects.path_of(department).order_by().values("pk")
    kinds = [kind for kind, granted in access.GRANTS.items() if permission in granted]
    people = User.objects.filter(is_active=True, roles__kind__in=kinds, roles__department__in=above)
    return people.distinct().order_by("username")
