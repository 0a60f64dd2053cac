"""Who gets an e-mail digest, from which day it tells, and how those sent went."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from django.conf import settings
from django.core.paginator import Page, Paginator
from django.db.models import Case, CharField, Count, Exists, F, Max, Min, OuterRef, Q, QuerySet, Value, When
from django.db.models.functions import Coalesce

from governance.models import Digest, DigestState, Frequency
from governance.selectors.digest_changes import Span
from inventory.choices import RoleKind
from inventory.models import Role, User

A_PAGE = 25
MOST_DAYS = 31  # that one tells of, however long ago the last one was
DAYS = {Frequency.DAILY: 1, Frequency.WEEKLY: 7}
MONDAY = 0
_LEADS = Exists(Role.objects.filter(user=OuterRef("pk"), kind=RoleKind.LEADER))
_BY_ITSELF = Case(When(_LEADS, then=Value(Frequency.WEEKLY.value)), default=Value(Frequency.NEVER.value))
_FREQUENCY = Coalesce(F("digest_choice__frequency"), _BY_ITSELF, output_field=CharField())


@dataclass(frozen=True, slots=True)
class Wish:
    """How often a person gets one. `chosen`: by themselves; `leads`: whether they lead a department."""

    frequency: Frequency
    chosen: bool
    leads: bool


def mail_is_on() -> bool:
    """Whether this installation was given a mail server."""
    return bool(settings.EMAIL_HOST)


def wish_of(user: User) -> Wish:
    """How often the person gets a digest; one query."""
    people = User.objects.filter(pk=user.pk).annotate(leads=_LEADS, frequency=_FREQUENCY)
    row = people.values_list("frequency", "digest_choice", "leads").get()
    return Wish(Frequency(row[0]), row[1] is not None, row[2])


def wanting(day: date) -> QuerySet[User]:
    """The people for whom a digest falls due on this day: active, with an address."""
    due = [Frequency.DAILY.value, *([Frequency.WEEKLY.value] if day.weekday() == MONDAY else [])]
    people = User.objects.filter(is_active=True).exclude(email="")
    return people.annotate(frequency=_FREQUENCY).filter(frequency__in=due)


def span_of(user: User, period: date, frequency: Frequency) -> Span:
    """The days that the digest of this morning tells of: since the last one that told, or found nothing to tell; where
    there is none, those of the first that should have."""
    now = period - timedelta(days=1)
    told = Q(state__in=[DigestState.SENT, DigestState.NOTHING])
    before = Digest.objects.filter(user=user, period__lt=period).exclude(state=DigestState.UNWANTED)
    found = before.aggregate(last=Max("period", filter=told), first=Min("period"))
    if found["last"]:
        then = found["last"] - timedelta(days=1)
    else:
        days = DAYS.get(frequency, DAYS[Frequency.WEEKLY])
        then = (found["first"] or period) - timedelta(days=1 + days)
    return Span(max(then, now - timedelta(days=MOST_DAYS)), now)


def next_period(last: Digest | None, today: date, frequency: Frequency) -> date | None:
    """The day of the person's next digest; `last`: their newest one."""
    if frequency == Frequency.NEVER:
        return None
    day = today + timedelta(days=last is not None and last.period >= today)
    return day + timedelta(days=(MONDAY - day.weekday()) % 7 if frequency == Frequency.WEEKLY else 0)


def recent(user: User) -> list[Digest]:
    """A person's last ones, newest first."""
    return list(Digest.objects.filter(user=user)[:5])


def rows(states: Sequence[str], page: int) -> Page:
    """A page of them, newest first; `states`: only those, empty for all."""
    found = Digest.objects.select_related("user")
    return Paginator(found.filter(state__in=states) if states else found, A_PAGE).get_page(page)


def tally() -> dict[str, int]:
    """How many there are by state."""
    return dict(Digest.objects.order_by().values_list("state").annotate(n=Count("pk")))
