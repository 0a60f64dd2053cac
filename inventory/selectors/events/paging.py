"""Pages of single events, newest first, by key. Each names nobody: people stand there by a pseudonym."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import reduce
from itertools import islice
from operator import or_
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import Q, QuerySet
from django.utils import timezone

from inventory import access
from inventory.access import Permission
from inventory.choices import ApplicationKind, Operation
from inventory.models import AIApplication, Department, Interaction, Sighting, User
from inventory.selectors.dictionary import Names, names
from inventory.selectors.events import wanted as words
from inventory.selectors.events.days import Days
from inventory.selectors.events.wanted import CATEGORIES, Wanted, in_sight

A_PAGE = 25
A_CHUNK = 1000
BUSY_DAY = 20_000  # events; such a day is read by the hour
MOST_DAYS = 31  # in one query
MOST_SPANS = 4  # read for one page; what lies further back comes with the next one
Key = tuple[datetime, UUID]
Span = list[tuple[datetime, datetime]]


@dataclass(frozen=True, slots=True)
class EventRow:
    """An interaction or a visit. `application_id` is None where it isn't registered, or out of the person's sight."""

    record_id: UUID
    at: datetime
    what: str
    visit: bool
    category: str
    application_id: int | None
    application: str
    sighting_id: int | None  # under which it was seen, where nothing registered fits
    department_id: int | None
    department: str
    person: UUID | None
    labels: Sequence[str]
    information_types: Sequence[str]
    jailbreak: bool
    injection: bool
    uploaded: int | None
    batch_id: int

    @property
    def person_shown(self) -> str:
        return str(self.person)[:8] if self.person else ""

    @property
    def sensitive(self) -> bool:
        return bool(self.labels or self.information_types)


@dataclass(frozen=True, slots=True)
class EventPage:
    """`older`: the key from which the next page goes on, None at the end."""

    rows: Sequence[EventRow]
    older: Key | None


def page(user: User, wanted: Wanted, found: Days, before: Key | None = None) -> EventPage:
    """The newest events before a key, from the days on which there are any."""
    events = _narrowed(user, wanted)
    taken: list[Interaction] = []
    # The figures may promise what is not there: each query after one that did not fill the page looks at more days
    spans = list(islice(_spans(found, before, growth=2), MOST_SPANS + 1))
    for span in spans[:MOST_SPANS]:
        part = _before(events.filter(_within(span)), before)
        taken += part.order_by("-at", "-record_id")[: A_PAGE + 1 - len(taken)]
        if len(taken) > A_PAGE:
            last = taken[A_PAGE - 1]
            return EventPage(_rows(user, taken[:A_PAGE]), (last.at, last.record_id))
    # Nothing on the days that were read is older; others have not been looked at yet
    onward = (spans[MOST_SPANS - 1][-1][0], UUID(int=0)) if len(spans) > MOST_SPANS else None
    return EventPage(_rows(user, taken), onward)


def every(user: User, wanted: Wanted, found: Days) -> Iterator[EventRow]:
    """All of them that the person may take away, newest first, streamed a span at a time."""
    events = _narrowed(user, wanted, Permission.EXPORT)
    for span in _spans(found, None):
        before: Key | None = None
        while True:
            part = _before(events.filter(_within(span)), before)
            taken = list(part.order_by("-at", "-record_id")[:A_CHUNK])
            yield from _rows(user, taken)
            if len(taken) < A_CHUNK:
                break
            before = (taken[-1].at, taken[-1].record_id)


def one_of(user: User, record_id: UUID) -> EventRow | None:
    """A single event, None where there is none in the person's sight."""
    everything = Wanted(date.min, date.max)
    found = in_sight(Interaction.objects.filter(record_id=record_id), user, everything).first()
    return _rows(user, [found])[0] if found else None


def _narrowed(user: User, wanted: Wanted, permission: Permission = Permission.VIEW) -> QuerySet[Interaction]:
    found = in_sight(Interaction.objects.all(), user, wanted, permission)
    if wanted.person is not None:
        found = found.filter(pseudonym=wanted.person)
    if wanted.event:
        found = found.filter(_EVENTS[wanted.event])
    if wanted.label:
        found = found.filter(labels__overlap=list(wanted.label))
    if wanted.information_type:
        found = found.filter(information_types__overlap=list(wanted.information_type))
    if wanted.labelled is not None:
        found = found.filter(_SENSITIVE, labels__isnull=not wanted.labelled)
    return found


_SENSITIVE = Q(labels__isnull=False) | Q(information_types__isnull=False)
_EVENTS = {
    words.INTERACTION: ~Q(operation=Operation.VISIT),
    words.VISIT: Q(operation=Operation.VISIT),
    words.SENSITIVE: _SENSITIVE,
    words.ATTACK: Q(jailbreak=True) | Q(injection=True),
    words.JAILBREAK: Q(jailbreak=True),
    words.INJECTION: Q(injection=True),
}


def _before(found: QuerySet[Interaction], key: Key | None) -> QuerySet[Interaction]:
    if key is None:
        return found
    at, record_id = key
    return found.filter(Q(at__lt=at) | Q(at=at, record_id__lt=record_id))


def _spans(found: Days, before: Key | None, growth: int = 1) -> Iterator[Span]:
    """What to read in one query each, newest first: days that together fill a page, or an hour of a day that is too
    busy to be read as a whole; each time at least `growth` times as many as the time before. Days in between, on which
    there is nothing, are left out."""
    span: Span = []
    count, least = 0, 1
    for start, end, amount in _parts(found, before):
        span.append((start, end))
        # Of the time in which the last page ended nobody knows how much is left
        count += 0 if before is not None and before[0] < end else amount
        if (count > A_PAGE and len(span) >= least) or len(span) == MOST_DAYS:
            yield span
            span, count, least = [], 0, least * growth
    if span:
        yield span


def _parts(found: Days, before: Key | None) -> Iterator[tuple[datetime, datetime, int]]:
    """Days and hours up to the key on which single events may be kept, newest first, each with how many by the daily
    figures."""
    kept_from = timezone.now() - timedelta(days=settings.INTERACTION_RETENTION_DAYS)
    for day, amount in found.found:
        start, end = (_midnight(day + timedelta(days=n)) for n in (0, 1))
        if end <= kept_from:
            return
        if before is not None and start > before[0]:
            continue
        if amount <= BUSY_DAY:
            yield start, end, amount
            continue
        yield from ((*hour, amount // 24) for hour in _hours(start, end, before))


def _within(span: Span) -> Q:
    return reduce(or_, (Q(at__gte=begin, at__lt=end) for begin, end in span))


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time()))


def _hours(start: datetime, end: datetime, before: Key | None) -> Iterator[tuple[datetime, datetime]]:
    at = end
    while at > start:
        lower = max(start, at - timedelta(hours=1))
        if before is None or lower <= before[0]:
            yield lower, at
        at = lower


def _rows(user: User, taken: Sequence[Interaction]) -> list[EventRow]:
    """With the names of what they are about: the same few queries however many there are."""
    applications = {one.application_id for one in taken if one.application_id}
    known = AIApplication.objects.filter(pk__in=applications).order_by().in_bulk()
    open_ = set(known)
    if not access.sees_everything(user):
        open_ = set(access.applications(user).filter(pk__in=applications).order_by().values_list("pk", flat=True))
    sightings = Sighting.objects.in_bulk(
        {one.sighting_id for one in taken if one.sighting_id and not one.application_id}
    )
    departments = Department.objects.in_bulk({one.department_id for one in taken if one.department_id})
    dictionary = names() if any(one.labels or one.information_types for one in taken) else Names([], [])
    return [_row(one, known, open_, sightings, departments, dictionary) for one in taken]


def _row(
    one: Interaction,
    known: dict[int, AIApplication],
    open_: set[int],
    sightings: dict[Any, Sighting],
    departments: dict[Any, Department],
    dictionary: Names,
) -> EventRow:
    application = known.get(one.application_id or 0)
    seen = sightings.get(one.sighting_id)
    department = departments.get(one.department_id)
    return EventRow(
        record_id=one.record_id,
        at=one.at,
        what=str(Operation(one.operation).label),
        visit=one.operation == Operation.VISIT,
        category=str(CATEGORIES[_category(application)]),
        application_id=application.pk if application and application.pk in open_ else None,
        application=application.name if application else seen.name if seen else "not kept",
        sighting_id=seen.pk if seen else None,
        department_id=one.department_id,
        department=department.name if department else "Unassigned",
        person=one.pseudonym,
        labels=[dictionary.label(given).path for given in one.labels or ()],
        information_types=[dictionary.type(given).name for given in one.information_types or ()],
        jailbreak=one.jailbreak,
        injection=one.injection,
        uploaded=one.uploaded,
        batch_id=one.batch_id,
    )


def _category(application: AIApplication | None) -> str:
    if application is None:
        return words.UNREGISTERED
    return words.COPILOT if application.kind in (ApplicationKind.COPILOT, ApplicationKind.AGENT) else words.REGISTERED
