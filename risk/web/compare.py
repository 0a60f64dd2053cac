"""Two days of one application side by side."""

from datetime import date, timedelta

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.views.decorators.http import require_safe

from inventory import access
from inventory.web.requests import PersonRequest
from risk.choices import OVERALL, Principle
from risk.method import MethodError
from risk.selectors.comparison import Comparison, compare, first_day
from risk.web.addresses import address_of, addressed
from risk.web.shell import shell

COMPARED_DAYS = 30  # how far back the comparison looks unless told otherwise


@require_safe
def compare_page(request: PersonRequest, pk: int) -> HttpResponse:
    """What changed between two days, and what each change did to the score; by default in the last 30 days."""
    application = access.application_or_404(request.user, pk)
    today = timezone.localdate()
    first = first_day(application)
    after = day_of(request.GET.get("after", ""), today) or today
    asked = day_of(request.GET.get("before", ""), today)
    before = asked or max(after - timedelta(days=COMPARED_DAYS), first or today)
    before, after = min(before, after), max(before, after)
    wanted = request.GET.get("principle", "")
    measure = wanted if wanted in Principle.values else OVERALL
    found, problem = None, ""
    try:
        found = compare(application, before, after, today, measure) if first else None
    except MethodError as error:
        problem = str(error)
    context = {
        **shell(request.user, application, "history"),
        "found": found,
        "before": before,
        "after": after,
        "today": today,
        "measure": measure,
        "measures": [(OVERALL, "Overall"), *Principle.choices],
        "empty_title": "These days can't be compared" if first else "Not scored yet",
        "empty_text": problem or _why_empty(first),
        **(_rows(pk, found) if found else {}),
    }
    return render(request, "risk/compare.html", context)


def day_of(text: str, latest: date) -> date | None:
    """The day in an address, no later than `latest`; None where there is none or it can't be read."""
    try:
        found = parse_date(text)
    except ValueError:  # the form of a day, but none of the calendar
        return None
    return min(found, latest) if found else None


def _why_empty(first: date | None) -> str:
    if first is None:
        return "There is something to compare as soon as the first score is computed."
    return f"The first score is of {first:%-d %B %Y}. Choose a day from then on."


def _rows(pk: int, found: Comparison) -> dict[str, object]:
    return {
        "sides": [found.before, found.after],
        "changes": addressed(pk, [*found.changes, *found.idle] if found.gated else found.changes),
        "parts": [(one, address_of(pk, one.kind, one.key)) for one in found.parts],
    }
