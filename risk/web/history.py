"""The history of one application: what people did, what the score did, and how everything stood on a past day."""

from datetime import date, datetime, timedelta
from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.dateparse import parse_time
from django.views.decorators.http import require_safe

from inventory import access
from inventory.access import Permission
from inventory.models import AIApplication
from inventory.selectors.asked import Reader
from inventory.selectors.history import Moment
from inventory.web.filters import tell
from inventory.web.requests import PersonRequest
from risk.selectors import history, inherited
from risk.selectors.past import past
from risk.selectors.told import Told, told
from risk.web.compare import day_of, snapshot_of
from risk.web.shell import shell

KEPT_A_PAGE = 25  # judgements
OF_A_MOMENT = 100  # entries and changes, on a page of one moment alone


@require_safe
def history_page(request: PersonRequest, pk: int) -> HttpResponse:
    """What people changed, a page of moments at a time, and what the score did; with `as_of`, everything as it stood at
    the end of that day, or `at` a time of it; with `moment`, that one alone, however much it did."""
    application = access.application_or_404(request.user, pk, Permission.VIEW, "score")
    reader = Reader(request.GET)
    before, at, number = reader.moment("before"), reader.moment("moment"), reader.number("page", 1)
    tell(request, reader.problems)
    today = timezone.localdate()
    day = day_of(request.GET.get("as_of", ""), today)
    moment = _moment_of(request.GET.get("at", ""), day)
    then = past(application, day, moment) if day else None
    if at is not None:
        log = _one_moment(request, application, at, number)
    else:
        log = _page(request, application, min(filter(None, (before, then.end if then else None)), default=None))
    below, start = (snapshot_of(request.GET.get(name, "")) for name in ("kept", "from"))
    kept = history.snapshots(pk, until=day, moment=moment, below=below, limit=KEPT_A_PAGE + 1)
    context = {
        **shell(request.user, application, "history"),
        **log,
        "past": then,
        "today": today,
        "at_time": request.GET.get("at", "") if moment else "",
        "newer": before is not None,
        "band_changes": history.band_changes(pk, until=day, moment=moment),
        "spells": history.spells(pk),
        "snapshots": kept[:KEPT_A_PAGE],
        "kept_older": kept[KEPT_A_PAGE - 1].pk if len(kept) > KEPT_A_PAGE else None,
        "kept_newer": below is not None,
        "start": application.snapshots.filter(pk=start).defer("inputs", "moving").first() if start else None,
    }
    return render(request, "risk/history.html", context)


def _moment_of(text: str, day: date | None) -> datetime | None:
    """The first moment after a time of the day; None where there is none or it can't be read."""
    try:
        found = parse_time(text)
    except ValueError:  # the form of a time, but none of the clock
        return None
    if day is None or found is None:
        return None
    begun = timedelta(microseconds=1) if found.microsecond else timedelta(seconds=1 if found.second else 60)
    return datetime.combine(day, found, timezone.get_default_timezone()) + begun


def _page(request: PersonRequest, application: AIApplication, before: datetime | None) -> dict[str, Any]:
    found = inherited.history(request.user, application, before)
    return {
        "moments": [_in_words(one) for one in found.moments],
        "older": found.moments[-1].at if found.older else None,
    }


def _one_moment(request: PersonRequest, application: AIApplication, at: datetime, number: int) -> dict[str, Any]:
    found, pages = inherited.moment(request.user, application, at, number, OF_A_MOMENT)
    if found is None or not (found.entries or found.changes):
        raise Http404("Nothing happened then.")
    return {
        "moments": [_in_words(found)],
        "alone": True,
        "next_part": number + 1 if number < pages else None,
    }


def _in_words(one: Moment) -> tuple[Moment, list[Told]]:
    return one, [told(entry) for entry in one.entries]
