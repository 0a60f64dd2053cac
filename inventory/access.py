"""Who may see and do what: the only such place.

A right is a Role: a kind, given in a department, valid for the tree below it; on the root it is organisation-wide.
Everything is a filter in SQL. What a person may not see does not exist for them (404); what they see but may not do is
refused (403). One exception: usage counts by the user's department, so usage figures of a department also name the
applications of other departments that its people used, without linking to them. `user=None` is the system itself: a
command at the console, or a worker carrying out what was allowed.
"""

from collections.abc import Callable
from enum import StrEnum
from functools import wraps
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.expressions import RawSQL
from django.http import Http404, HttpRequest, HttpResponseBase

from inventory.choices import RoleKind
from inventory.models import (
    AgentListing,
    AIApplication,
    Alert,
    CloudApp,
    DailyUsage,
    Department,
    Sighting,
    UnusualDay,
    User,
)
from inventory.models.application import ApplicationQuerySet
from inventory.models.organisation import DepartmentQuerySet


class Permission(StrEnum):
    """What can be allowed."""

    VIEW = "view"  # see applications, scores, usage without names
    EDIT = "edit"  # register, edit, answer, attest
    REVIEW = "review"  # assess and decide
    NAMES = "names"  # see user names, quarantined lines
    EXPORT = "export"  # take figures away
    SHARE = "share"  # share saved views with others
    FEEDS = "feeds"  # load and follow feeds
    AUDIT = "audit"  # read the audit log
    ADMIN = "admin"  # people, roles, departments, settings


P = Permission
# What a refusal says, after "may not"
_WORDS = {
    P.VIEW: "see AI applications",
    P.EDIT: "register and edit AI applications",
    P.REVIEW: "review AI applications",
    P.NAMES: "see the names of people",
    P.EXPORT: "take figures away",
    P.SHARE: "share views",
    P.FEEDS: "load and follow feeds",
    P.AUDIT: "read the audit log",
    P.ADMIN: "administer people, roles and departments",
}
GRANTS: dict[RoleKind, frozenset[Permission]] = {
    RoleKind.LEADER: frozenset({P.VIEW, P.EXPORT, P.SHARE}),
    RoleKind.TEAM_MEMBER: frozenset({P.VIEW, P.EDIT, P.EXPORT}),
    RoleKind.REVIEWER: frozenset({P.VIEW, P.EDIT, P.REVIEW, P.NAMES, P.EXPORT, P.SHARE, P.AUDIT}),
    RoleKind.AUDITOR: frozenset({P.VIEW, P.EXPORT, P.AUDIT}),
    RoleKind.ADMINISTRATOR: frozenset(Permission),
}

# The departments in which a person holds one of the kinds, with all below them.
_GRANTED = """
WITH RECURSIVE granted AS (
    SELECT department_id AS id FROM inventory_role WHERE user_id = %s AND kind = ANY(%s)
    UNION SELECT child.id FROM inventory_department child JOIN granted ON child.parent_id = granted.id
) SELECT id FROM granted"""


# The departments in which a person has a role, and all above them
_ABOVE = """
WITH RECURSIVE above AS (
    SELECT d.id, d.parent_id FROM inventory_role r JOIN inventory_department d ON d.id = r.department_id
    WHERE r.user_id = %s
    UNION SELECT d.id, d.parent_id FROM inventory_department d JOIN above ON above.parent_id = d.id
) SELECT id FROM above"""


# The kinds of role that a person holds in the department of an application or above it
_HELD_THERE = """
ARRAY(WITH RECURSIVE above AS (
    SELECT d.id, d.parent_id FROM inventory_department d WHERE d.id = inventory_aiapplication.department_id
    UNION SELECT d.id, d.parent_id FROM inventory_department d JOIN above ON above.parent_id = d.id
) SELECT r.kind FROM inventory_role r JOIN above ON above.id = r.department_id WHERE r.user_id = %s)"""


def _kinds(permission: Permission) -> list[str]:
    return [kind.value for kind, granted in GRANTS.items() if permission in granted]


def _granted(user: User, permission: Permission) -> RawSQL:
    return RawSQL(_GRANTED, [user.pk, _kinds(permission)])  # noqa: S611 - constant SQL, bound parameters


def _held(user: User) -> list[tuple[str, bool]]:
    """(kind, whether on the root) of each of the person's roles; read once for each request's user object."""
    if not hasattr(user, "_held_roles"):
        user._held_roles = [  # type: ignore[attr-defined]
            (kind, parent is None) for kind, parent in user.roles.values_list("kind", "department__parent")
        ]
    return user._held_roles  # type: ignore[attr-defined]


def sees_everything(user: User | None, permission: Permission = P.VIEW) -> bool:
    """Whether the permission holds for the whole organisation, *Unassigned* included."""
    if user is None:
        return True
    kinds = _kinds(permission)
    return user.is_active and any(kind in kinds and on_root for kind, on_root in _held(user))


def departments(user: User | None, permission: Permission = P.VIEW) -> DepartmentQuerySet:
    """The departments in which the person has the permission."""
    everything = Department.objects.all()
    if user is None or sees_everything(user, permission):
        return everything
    return everything.filter(id__in=_granted(user, permission)) if user.is_active else everything.none()


def led(user: User) -> DepartmentQuerySet:
    """The departments that the person leads, with all below them; none for who leads none."""
    everything = Department.objects.all()
    led_by = RawSQL(_GRANTED, [user.pk, [RoleKind.LEADER.value]])  # noqa: S611 - constant SQL, bound parameters
    return everything.filter(id__in=led_by) if user.is_active else everything.none()


def around(user: User) -> DepartmentQuerySet:
    """The departments that the person sees, and all above those in which they have a role: what is shared there is
    meant for them as well. It gives no right to see anything of these."""
    everything = Department.objects.all()
    if sees_everything(user):
        return everything
    above = RawSQL(_ABOVE, [user.pk])  # noqa: S611 - constant SQL, bound parameter
    return (
        everything.filter(Q(id__in=above) | Q(id__in=_granted(user, P.VIEW))) if user.is_active else everything.none()
    )


def applications(user: User | None, permission: Permission = P.VIEW) -> ApplicationQuerySet:
    """The AI applications for which the person has the permission."""
    everything = AIApplication.objects.all()
    if user is None or sees_everything(user, permission):
        return everything
    return everything.filter(_inside(user, permission)) if user.is_active else everything.none()


def _inside(user: User, permission: Permission) -> Q:
    return Q(department_id__in=_granted(user, permission))


def alerts(user: User | None, permission: Permission = P.VIEW) -> QuerySet[Alert]:
    """The alerts about the applications for which the person has the permission; those tied to none need it for the
    whole organisation."""
    everything = Alert.objects.all()
    if user is None or sees_everything(user, permission):
        return everything
    return everything.filter(application__in=applications(user, permission).order_by().values("pk"))


def alert_or_404(user: User | None, pk: int, permission: Permission = P.VIEW) -> Alert:
    """The alert; Http404 where the person may not even see it, PermissionDenied where seeing is all they may."""
    found = alerts(user).select_related("application__department", "assignee").filter(pk=pk).first()
    if found is None:
        raise Http404("No such alert.")
    if permission != P.VIEW and not alerts(user, permission).filter(pk=pk).exists():
        raise PermissionDenied(f"You may not {_WORDS[permission]} here.")
    return found


def unusual_days(user: User | None, permission: Permission = P.VIEW) -> QuerySet[UnusualDay]:
    """The unusual days of applications and departments for which the person has the permission."""
    everything = UnusualDay.objects.all()
    if user is None or sees_everything(user, permission):
        return everything
    theirs = applications(user, permission).order_by().values("pk")
    below = departments(user, permission).order_by().values("pk")
    return everything.filter(Q(application__in=theirs) | Q(department__in=below))


def unusual_day_or_404(user: User | None, pk: int, permission: Permission = P.VIEW) -> UnusualDay:
    """The unusual day; Http404 where the person may not even see it, PermissionDenied where seeing is all they may."""
    found = unusual_days(user).select_related("application__department", "department", "dismissed_by")
    one = found.filter(pk=pk).first()
    if one is None:
        raise Http404("No such unusual day.")
    if permission != P.VIEW and not unusual_days(user, permission).filter(pk=pk).exists():
        raise PermissionDenied(f"You may not {_WORDS[permission]} here.")
    return one


def sightings(user: User | None, permission: Permission = P.VIEW) -> QuerySet[Sighting]:
    """What was seen and is not registered, as far as the person has the permission: to see it takes one department
    that used it or keeps it as an agent; to decide about it (any other permission) takes all of them, because what is
    decided holds for everybody. People of no known department count as the whole organisation's."""
    everything = Sighting.objects.all()
    if user is None or sees_everything(user, permission):
        return everything
    if not user.is_active:
        return everything.none()
    facts: tuple[type[DailyUsage] | type[AgentListing], ...] = (DailyUsage, AgentListing)
    used, listed = (model.objects.filter(application=None, sighting=OuterRef("pk")) for model in facts)
    mine = Q(department__in=_granted(user, permission))
    seen = everything.filter(Exists(used.filter(mine)) | Exists(listed.filter(mine)))
    if permission == P.VIEW:
        return seen
    elsewhere = Q(department=None) | ~mine
    reported = CloudApp.objects.filter(application=None, sighting=OuterRef("pk"))  # for the whole organisation
    return seen.exclude(Exists(used.filter(elsewhere)) | Exists(listed.filter(elsewhere)) | Exists(reported))


def sighting_or_404(user: User | None, pk: int, permission: Permission = P.VIEW) -> Sighting:
    """The sighting; Http404 where the person may not even see it, PermissionDenied where seeing is all they may."""
    found = sightings(user).filter(pk=pk).first()
    if found is None:
        raise Http404("Nothing has this number.")
    if permission != P.VIEW and not sightings(user, permission).filter(pk=pk).exists():
        raise PermissionDenied(f"You may not {_WORDS[permission]} for every department that uses this.")
    return found


def may(user: User | None, permission: Permission, department: Department | None = None) -> bool:
    """Whether the person has the permission in the department, or, without one, anywhere at all."""
    if user is None:
        return True
    if not user.is_active or not user.is_authenticated:
        return False
    if department is None:
        kinds = _kinds(permission)
        return any(kind in kinds for kind, _ in _held(user))
    if department.pk is not None and sees_everything(user, permission):
        return True
    if department.__dict__.get("_held_by", ())[:1] == (user.pk,):  # read with the application that stands there
        return not department._held_by[1].isdisjoint(_kinds(permission))  # type: ignore[attr-defined]
    return departments(user, permission).filter(pk=department.pk).exists()


def require(user: User | None, permission: Permission, department: Department | None = None) -> None:
    """Raise PermissionDenied unless `may`."""
    if not may(user, permission, department):
        where = f" in {department}" if department else ""
        raise PermissionDenied(f"You may not {_WORDS[permission]}{where}.")


def require_everywhere(user: User | None, permission: Permission) -> None:
    """Raise PermissionDenied unless the person has the permission for the whole organisation."""
    if not sees_everything(user, permission):
        raise PermissionDenied(f"You may not {_WORDS[permission]} for the whole organisation.")


def application_or_404(user: User | None, pk: int, permission: Permission = P.VIEW, *also: str) -> AIApplication:
    """The application; Http404 where the person may not even see it, PermissionDenied where seeing is all they may.

    One query, with what the person may do there, which `may` of its department answers from then on. `also`: relations
    of it to read along.
    """
    wanted = applications(user).select_related("department", "owner", "deputy", *also).filter(pk=pk)
    if user is not None and not sees_everything(user):
        wanted = wanted.annotate(_held_there=RawSQL(_HELD_THERE, [user.pk]))  # noqa: S611 - constant SQL, bound parameter
    found = wanted.first()
    if found is None:
        raise Http404("No such AI application.")
    if hasattr(found, "_held_there") and user is not None:
        found.department._held_by = (user.pk, frozenset(found._held_there))  # type: ignore[attr-defined]
    if permission != P.VIEW:
        require(user, permission, found.department)
    return found


def department_or_404(user: User | None, key: str, permission: Permission = P.VIEW) -> Department:
    """The department by its external key; Http404 where the person may not see it."""
    found = departments(user).select_related("parent", "head").filter(key=key).first()
    if found is None:
        raise Http404("No such department.")
    if permission != P.VIEW:
        require(user, permission, found)
    return found


def requires(permission: Permission, everywhere: bool = False) -> Callable:
    """View decorator: refuse who has the permission nowhere (or, with `everywhere`, not organisation-wide)."""

    def decorate(
        view: Callable[..., HttpResponseBase],
    ) -> Callable[..., HttpResponseBase]:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            (require_everywhere if everywhere else require)(request.user, permission)  # type: ignore[arg-type]
            return view(request, *args, **kwargs)

        guarded.permission = permission  # type: ignore[attr-defined]
        return guarded

    return decorate
