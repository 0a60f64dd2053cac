"""The activity explorer: single interactions and visits, each with what it touched, and who it was for who may know."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.http import Http404, HttpResponse, QueryDict, StreamingHttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from inventory import access
from inventory.access import Permission, requires
from inventory.choices import ApplicationKind
from inventory.models import AIApplication, Department, Interaction, Sighting
from inventory.selectors import chosen, dictionary, events, feeds
from inventory.selectors.asked import Reader
from inventory.selectors.scope import options, scope_of
from inventory.services import events as service
from inventory.web.as_of import At, asked_day
from inventory.web.downloads import list_download
from inventory.web.filters import Filters, Words, tell
from inventory.web.requests import PersonRequest

OWN: dict[str, Words] = {
    "event": events.EVENTS,
    "category": events.CATEGORIES,
    "made_by": {"label": gettext_lazy("A label"), "type": gettext_lazy("An information type")},
    "unassigned": {"yes": gettext_lazy("Not known")},
    "below": ("no",),
}
HEEDED = "application sighting label information_type person people since until made_by unassigned below"
CSV_COLUMNS = (
    *("id", "at", "event", "category", "application", "registered", "department", "person"),
    *("labels", "information_types", "jailbreak", "injection", "uploaded_bytes"),
)
_MOST_DIGITS = 18
_SPLIT = "~"


@dataclass(frozen=True)
class Asked:
    """What the address asks for, read."""

    filters: Filters
    wanted: events.Wanted
    before: tuple[datetime, UUID] | None
    at: At


@requires(Permission.VIEW)
@require_GET
def event_list(request: PersonRequest) -> HttpResponse:
    """A page of events, newest first, with how many there are by the daily figures; with `as_of`, none after it."""
    asked = _asked(request)
    found = events.days(request.user, asked.wanted)
    page = events.page(request.user, asked.wanted, found, asked.before)
    context = {
        "filters": asked.filters,
        "at": asked.at,
        "wanted": asked.wanted,
        "heeded": HEEDED,
        "own_people": asked.wanted.own_people and not access.sees_everything(request.user),
        "page": page,
        "total": found.total,
        "shown": _span_words(asked.wanted),
        "older": _older(request.GET, page.older),
        "newest": _without(request.GET, "before") if asked.before else "",
        "departments": options(scope_of(request.user, asked.filters.department)),
        "kinds": ApplicationKind.choices,
        "events": events.EVENTS.items(),
        "categories": events.CATEGORIES.items(),
        "labels": [(one.key, dictionary.path_of(one, parent)) for one, parent in dictionary.labels()],
        "types": dictionary.type_choices(),
        "chosen": {name: request.GET.get(name, "") for name in ("event", "category", "label", "information_type")},
        "narrowed": asked.filters.narrowed or any(request.GET.get(name) for name in HEEDED.split()),
        "newest_read": max((one.read_at for one in feeds.freshness() if one.read_at), default=None),
        "may_export": access.may(request.user, Permission.EXPORT),
        "query": request.GET.urlencode(),
    }
    return render(request, "inventory/events.html", context)


@requires(Permission.EXPORT)
@require_GET
def event_csv(request: PersonRequest) -> StreamingHttpResponse:
    """The events as the address narrows them, all pages of them; people by their whole pseudonym."""
    asked = _asked(request)
    found = events.days(request.user, asked.wanted, Permission.EXPORT)
    return list_download(
        request, "single events", "activity.csv", CSV_COLUMNS, _lines(events.every(request.user, asked.wanted, found))
    )


def _lines(found: Iterator[events.EventRow]) -> Iterator[tuple[Any, ...]]:
    for one in found:
        yield (
            *(one.record_id, one.at.isoformat(), one.what, one.category, one.application),
            *("no" if one.sighting_id else "yes", one.department, one.person or ""),
            *("; ".join(one.labels), "; ".join(one.information_types)),
            *("yes" if one.jailbreak else "no", "yes" if one.injection else "no"),
            "" if one.uploaded is None else one.uploaded,
        )


@requires(Permission.VIEW)
@require_GET
@never_cache
def event_page(request: PersonRequest, pk: UUID) -> HttpResponse:
    """One event: what was done with which app, what it touched, and where it came from."""
    return _page(request, pk)


@requires(Permission.NAMES)
@require_POST
@never_cache
def reveal(request: PersonRequest, pk: UUID) -> HttpResponse:
    """The same page with the person named, for who may see names where they belong; the reason is logged."""
    if events.one_of(request.user, pk) is None:
        raise Http404("No such event.")
    try:
        person = service.reveal(actor=request.user, event=pk, reason=request.POST.get("reason", ""))
    except Interaction.DoesNotExist as gone:
        raise Http404("No such event.") from gone
    except ValueError as problem:
        return _page(request, pk, problem=str(problem), status=400)
    return _page(request, pk, person=person, revealed=True)


def _page(
    request: PersonRequest,
    pk: UUID,
    *,
    person: service.Person | None = None,
    revealed: bool = False,
    problem: str = "",
    status: int = 200,
) -> HttpResponse:
    one = events.one_of(request.user, pk)
    if one is None:
        raise Http404("No such event.")
    department = Department.objects.filter(pk=one.department_id).first() if one.department_id else None
    everywhere = access.sees_everything(request.user, Permission.NAMES)
    context = {
        "one": one,
        "person": person,
        "revealed": revealed,
        "problem": problem,
        "may_reveal": everywhere or (department is not None and access.may(request.user, Permission.NAMES, department)),
        "may_feeds": access.sees_everything(request.user, Permission.FEEDS),
        "batch": feeds.batch_named(one.batch_id),
    }
    return render(request, "inventory/event.html", context, status=status)


def _asked(request: PersonRequest) -> Asked:
    """The filters; a department, application or sighting out of sight is a 404, another value that can't be read is
    left out, and the person is told."""
    filters = Filters.from_request(request, own=OWN)
    reader = Reader(request.GET)
    filters, at = asked_day(request, filters)
    first, last = reader.day("since"), reader.day("until")
    last = min(last or at.day, at.day)
    first = first or (last if reader.text("until") else at.day - timedelta(days=filters.period - 1))
    known = dictionary.names()
    label, kind = reader.text("label"), reader.text("information_type")
    own = {name: next(iter(filters.own.get(name, ())), "") for name in OWN}
    wanted = events.Wanted(
        first=first,
        last=last,
        department=filters.department,
        itself=bool(filters.department and own["below"]),
        own_people=bool(reader.word("people", ["own"])),
        unassigned=own["unassigned"] == "yes",
        application=_application(request, reader),
        sighting=_sighting(request, reader),
        left=chosen.left(request.user, filters, at.then),
        category=own["category"],
        event=own["event"],
        label=known.label(label).forms if label else (),
        information_type=known.type(kind).forms if kind else (),
        labelled={"label": True, "type": False}.get(own["made_by"]),
        person=_person(reader),
    )
    before = _before(reader)
    tell(request, reader.problems)
    named = _named(wanted, known.label(label).path if label else "", known.type(kind).name if kind else "")
    return Asked(filters.with_named(named, reader.problems), wanted, before, at)


def _named(wanted: events.Wanted, label: str, kind: str) -> dict[str, Any]:
    """What the list is narrowed to that isn't of its own words, as people call it."""
    return {
        "application": wanted.application and wanted.application.name,
        "sighting": wanted.sighting and wanted.sighting.name,
        "label": label,
        "information_type": kind,
        "person": wanted.person and str(wanted.person)[:8],
        "people": wanted.own_people and _("Only of your departments"),
    }


def _application(request: PersonRequest, reader: Reader) -> AIApplication | None:
    given = reader.text("application")
    return access.application_or_404(request.user, _number(given)) if given else None


def _sighting(request: PersonRequest, reader: Reader) -> Sighting | None:
    given = reader.text("sighting")
    return access.sighting_or_404(request.user, _number(given)) if given else None


def _number(text: str) -> int:
    if not text.isdecimal() or len(text) > _MOST_DIGITS:
        raise Http404("Nothing has this number.")
    return int(text)


def _person(reader: Reader) -> UUID | None:
    given = reader.text("person")
    try:
        return UUID(given) if given else None
    except ValueError:
        reader.refuse("person", given, _("is not a pseudonym"))
        return None


def _before(reader: Reader) -> tuple[datetime, UUID] | None:
    given = reader.text("before")
    at, __, key = given.partition(_SPLIT)
    try:
        return (datetime.fromisoformat(at).astimezone(timezone.get_current_timezone()), UUID(key)) if given else None
    except (ValueError, OverflowError):
        reader.refuse("before", given, _("is not the end of a page"))
        return None


def _older(query: QueryDict, key: tuple[datetime, UUID] | None) -> str:
    if key is None:
        return ""
    at, record_id = key
    return f"{_without(query, 'before')}&{urlencode({'before': f'{at.isoformat()}{_SPLIT}{record_id}'})}"


def _without(query: QueryDict, name: str) -> str:
    kept = query.copy()
    kept.pop(name, None)
    return "?" + kept.urlencode()


def _span_words(wanted: events.Wanted) -> str:
    first, last = wanted.first, wanted.last
    if first == last:
        return f"{last:%-d %b %Y}"
    return f"{first:%-d %b}{f' {first.year}' if first.year != last.year else ''} – {last:%-d %b %Y}"
