"""The registered applications that the filters of a page leave, for lists of what belongs to them: events, data events,
unusual days. How an application is judged only the storey above knows, which hands its narrowing in."""

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any, Protocol

from django.db.models import QuerySet

from inventory import access
from inventory.models import AIApplication, User


class Asked(Protocol):
    """The filters of an address, as `inventory.web.filters.Filters` reads them."""

    @property
    def kinds(self) -> Sequence[str]: ...
    @property
    def bands(self) -> Sequence[str]: ...
    @property
    def classes(self) -> Sequence[str]: ...
    @property
    def owner(self) -> str: ...


# The ids of those that are left, whoever may see them, today or at the end of a past day; None: nothing is asked
Narrowing = Callable[[Any, date | None], QuerySet[AIApplication, Any] | None]


def by_the_register(asked: Asked, then: date | None) -> QuerySet[AIApplication, Any] | None:
    """By what the register states today."""
    found = AIApplication.objects.order_by()
    if asked.kinds:
        found = found.filter(kind__in=asked.kinds)
    if asked.owner:
        found = found.owned_by(asked.owner)
    return found.values("pk") if asked.kinds or asked.owner else None


_narrowing: list[Narrowing] = [by_the_register]


def narrow_by(narrowing: Narrowing) -> None:
    """Ask this one from now on."""
    _narrowing[:] = [narrowing]


def left(user: User | None, asked: Asked, then: date | None = None) -> QuerySet[AIApplication, Any] | None:
    """The ids that kind, band, class and owner leave of what the person may see; None: all, registered or not."""
    found = _narrowing[0](asked, then)
    return None if found is None else told(user, found)


def told(user: User | None, found: QuerySet[AIApplication, Any]) -> QuerySet[AIApplication, Any]:
    """Of these ids those in the person's sight. Use of other applications is shown too where it is their people's; but
    who could narrow it by band or owner would learn how these are judged, and whose they are."""
    if access.sees_everything(user):
        return found
    return found.filter(pk__in=access.applications(user).order_by().values("pk"))
