"""What a shared platform passes on, and to which applications it could."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256

from django.core.paginator import Page, Paginator
from django.db.models import Count, QuerySet

from inventory import access
from inventory.access import Permission
from inventory.models import AIApplication, AuditLogEntry, Department, User
from inventory.models.application import ApplicationQuerySet
from risk.method import load_method
from risk.models import ControlState

ROWS_A_PAGE = 50


@dataclass(frozen=True, slots=True)
class Passed:
    """A control that the platform states itself, and how many applications repeat it."""

    state: ControlState
    title: str
    applications: int


def passed_on(platform: AIApplication) -> list[Passed]:
    """Every own statement of the platform; two queries."""
    rows = ControlState.objects.filter(inherited_from=platform).order_by()
    counts = dict(rows.values_list("control").annotate(n=Count("id")))
    controls = load_method().controls
    return [
        Passed(one, controls[one.control].title, counts.get(one.control, 0))
        for one in shareable(platform)
        if one.control in controls
    ]


def shareable(platform: AIApplication) -> QuerySet[ControlState]:
    """The platform's own statements. What it inherits itself is not passed on, so that there are no chains."""
    return ControlState.objects.filter(
        application=platform, inherited_from=None, not_applicable=False, status__isnull=False
    ).order_by("control")


def candidates(user: User, platform: AIApplication, department: Department | None, q: str) -> ApplicationQuerySet:
    """The applications that the person may let inherit from the platform."""
    found = access.applications(user, Permission.EDIT).exclude(pk=platform.pk)
    if department is not None and department.parent_id is not None:
        found = found.in_department(department)
    return found.search(q) if q else found


def page(found: ApplicationQuerySet, number: int) -> Page:
    """One page of them, by name."""
    return Paginator(found.select_related("department").order_by("name", "pk"), ROWS_A_PAGE).get_page(number)


def chosen(user: User, platform: AIApplication, ids: Sequence[str]) -> ApplicationQuerySet:
    """Those of the candidates that a form names, whatever it is filtered by."""
    wanted = [int(one) for one in ids if one.isdecimal() and len(one) < 16]
    return candidates(user, platform, None, "").filter(pk__in=wanted)


@dataclass(frozen=True, slots=True)
class Followers:
    """The applications that one act on a platform reached. `seen`: those that the person may see, in pages; `unseen`:
    how many more. `whole`: whether the list is the very one of the audit entry, by its digest."""

    entry: AuditLogEntry
    controls: Sequence[str]
    seen: Page
    unseen: int
    sha256: str
    whole: bool


def followers(user: User, platform: AIApplication, entry: int, number: int) -> Followers | None:
    """What the row history of the entry's transaction says; None where the platform has no such entry."""
    own = AuditLogEntry.objects.filter(object_type=AIApplication._meta.model_name, object_id=str(platform.pk), pk=entry)
    found = own.filter(details__has_key="followers").select_related("actor").first()
    if found is None:
        return None
    controls = found.details.get("controls") or [found.details["control"]]
    events = ControlState.pgh_event_model.objects  # type: ignore[attr-defined]
    reached = events.filter(pgh_created_at=found.at, control__in=controls).exclude(application_id=platform.pk)
    every = AIApplication.objects.filter(pk__in=reached.order_by().values("application_id")).order_by()
    digest = digest_of(every.values_list("external_id", flat=True))
    seen = access.applications(user).filter(pk__in=every.values("pk"))
    pages = Paginator(seen.select_related("department").order_by("name", "pk"), ROWS_A_PAGE)
    unseen = every.count() - pages.count
    whole = digest == found.details["followers"]["sha256"]
    return Followers(found, controls, pages.get_page(number), unseen, digest, whole)


def digest_of(external_ids: Iterable[str]) -> str:
    """SHA-256 of external ids, sorted, one a line."""
    return sha256("\n".join(sorted(external_ids)).encode()).hexdigest()
