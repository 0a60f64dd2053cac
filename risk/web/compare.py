"""Two judgements of one application side by side: those in force on two days, or any two that are kept."""

from datetime import date, timedelta

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from inventory import access
from inventory.access import Permission
from inventory.web.requests import PersonRequest
from risk.choices import OVERALL, Principle
from risk.method import MethodError
from risk.selectors.comparison import Comparison, NoFigureError, compare, first_day
from risk.web.addresses import address_of, addressed
from risk.web.shell import shell

COMPARED_DAYS = 30  # how far back the comparison looks unless told otherwise
_ID_DIGITS = 16  # no id of ours has as many


@require_safe
def compare_page(request: PersonRequest, pk: int) -> HttpResponse:
    """What changed from one judgement to another, and what each change did to the score. `from`, `to`: snapshots; else
    `before`, `after`: days, by default the last 30."""
    application = access.application_or_404(request.user, pk, Permission.VIEW, "score")
    today = timezone.localdate()
    first = first_day(application)
    before, after = _days(request, first, today)
    start, end = (snapshot_of(request.GET.get(name, "")) for name in ("from", "to"))
    wanted = request.GET.get("principle", "")
    measure = wanted if wanted in Principle.values else OVERALL
    found, problem = None, ""
    try:
        found = compare(application, start or before, end or after, today, measure, request.user) if first else None
    except MethodError as error:
        problem = str(error)
    except NoFigureError as error:
        problem = _("Not computable at the end of %(day)s, so no figure was in force: %(reason)s") % {
            "day": f"{error.day:%-d %B %Y}",
            "reason": error.reason,
        }
    context = {
        **shell(request.user, application, "history"),
        "found": found,
        "before": found.before.as_of if found and start else before,
        "after": found.after.as_of if found and end else after,
        "today": today,
        "measure": measure,
        "measures": [(OVERALL, _("Overall")), *Principle.choices],
        "empty_title": _("These can't be compared") if first else _("Not scored yet"),
        "empty_text": problem or _why_empty(first, start or end),
        **(_rows(pk, found) if found else {}),
    }
    return render(request, "risk/compare.html", context)


def _days(request: PersonRequest, first: date | None, today: date) -> tuple[date, date]:
    """The two days of the address, the earlier one first."""
    after = day_of(request.GET.get("after", ""), today) or today
    asked = day_of(request.GET.get("before", ""), today)
    before = asked or max(after - timedelta(days=COMPARED_DAYS), first or today)
    return min(before, after), max(before, after)


def snapshot_of(text: str) -> int | None:
    """The id of a snapshot in an address; None where there is none or it can't be one."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < _ID_DIGITS else None


def day_of(text: str, latest: date) -> date | None:
    """The day in an address, no later than `latest`; None where there is none or it can't be read."""
    try:
        found = parse_date(text)
    except ValueError:  # the form of a day, but none of the calendar
        return None
    return min(found, latest) if found else None


def _why_empty(first: date | None, snapshot: int | None) -> str:
    if first is None:
        return _("There is something to compare as soon as the first score is computed.")
    if snapshot is not None:
        return _("One of these judgements is not kept. Choose two from the history.")
    return _("The first score is of %(first)s. Choose a day from then on.") % {"first": f"{first:%-d %B %Y}"}


def _rows(pk: int, found: Comparison) -> dict[str, object]:
    return {
        "sides": [found.before, found.after],
        "changes": addressed(pk, [*found.changes, *found.idle] if found.gated else found.changes),
        "parts": [(one, address_of(pk, one.kind, one.key)) for one in found.parts],
    }
