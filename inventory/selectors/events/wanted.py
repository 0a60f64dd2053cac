"""What the activity explorer is narrowed to, on single events as on daily figures, whose columns are the same."""

from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from django.db.models import Case, F, Q, QuerySet, When
from django.utils.translation import gettext_lazy as _

from inventory import access
from inventory.access import Permission
from inventory.choices import ApplicationKind
from inventory.models import AIApplication, Department, Sighting, User

COPILOT, REGISTERED, UNREGISTERED = "copilot", "registered", "unregistered"
CATEGORIES = {
    COPILOT: _("Copilot experiences & agents"),
    REGISTERED: _("Registered AI apps"),
    UNREGISTERED: _("Unregistered AI apps"),
}
INTERACTION, VISIT, SENSITIVE, ATTACK, JAILBREAK, INJECTION = (
    *("interaction", "visit", "sensitive", "attack", "jailbreak", "injection"),
)
EVENTS = {
    INTERACTION: _("Interactions"),
    VISIT: _("Visits to AI sites"),
    SENSITIVE: _("Sensitive interactions"),
    ATTACK: _("Attacks of either kind"),
    JAILBREAK: _("Jailbreak attempts"),
    INJECTION: _("Injections"),
}
_COPILOTS = (ApplicationKind.COPILOT, ApplicationKind.AGENT)
# Whatever a person has linked stands under its application, not under the name seen (docs/decisions/0025)
LOOSE = Case(When(application=None, then=F("sighting_id")))


@dataclass(frozen=True, slots=True)
class Wanted:
    """The events of the days from `first` to `last`; empty: no restriction. `department` means that of the person,
    with its sub-tree. `event` is a word of EVENTS; `label` and `information_type` hold the forms in which feeds
    may name the one meant."""

    first: date
    last: date
    department: Department | None = None
    itself: bool = False  # only people directly in the department, not of those below it
    own_people: bool = (
        False  # only people of the departments in sight, as figures of use count; not others' use of an app
    )
    unassigned: bool = False  # only people of no known department
    application: AIApplication | None = None
    sighting: Sighting | None = None
    left: QuerySet[AIApplication, Any] | None = None  # ids: only these, and nothing that isn't registered
    category: str = ""
    event: str = ""
    label: tuple[str, ...] = ()
    information_type: tuple[str, ...] = ()
    labelled: bool | None = None  # of sensitive ones: by a label, or without one
    person: UUID | None = None

    @property
    def about_content(self) -> bool:
        """Whether it asks for what made an interaction sensitive."""
        return bool(self.label or self.information_type or self.labelled is not None)


def in_sight(
    found: QuerySet[Any], user: User | None, wanted: Wanted, permission: Permission = Permission.VIEW
) -> QuerySet[Any]:
    """Rows about whom and what the person may see (contracts §2: the people of their departments, and all use of the
    applications they may see), narrowed as asked. `found`: of any table with application, sighting and department."""
    if not access.sees_everything(user, permission):
        own = access.departments(user, permission).order_by().values("pk")
        theirs = access.applications(user, permission).order_by().values("pk")
        mine = Q(department__in=own)
        found = found.filter(mine if wanted.own_people else mine | Q(application__in=theirs))
    if wanted.department is not None and wanted.itself:
        found = found.filter(department=wanted.department)
    elif wanted.department is not None and wanted.department.parent_id is not None:
        below = Department.objects.subtree_of(wanted.department).order_by().values("pk")
        found = found.filter(department__in=below)
    if wanted.unassigned:
        found = found.filter(department=None)
    if wanted.application is not None:
        found = found.filter(application=wanted.application)
    if wanted.sighting is not None:
        found = found.filter(application=None, sighting=wanted.sighting)
    if wanted.left is not None:
        found = found.filter(application__in=wanted.left)
    return found.filter(_of_category(wanted.category)) if wanted.category else found


def _of_category(category: str) -> Q:
    if category == UNREGISTERED:
        return Q(application=None)
    copilots = AIApplication.objects.filter(kind__in=_COPILOTS).order_by().values("pk")
    inside = Q(application__in=copilots)
    return inside if category == COPILOT else Q(application__isnull=False) & ~inside
