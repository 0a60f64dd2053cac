"""The difference between two dates: what counted on each, which applications changed between them, and why."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.core.paginator import Page, Paginator
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from governance.selectors import changes
from governance.selectors.among import among
from governance.selectors.changes import ROWS_A_PAGE, Side
from governance.selectors.difference import KINDS, Found
from inventory import access
from inventory.access import Permission, requires
from inventory.choices import ApplicationKind, in_english
from inventory.models import User
from inventory.selectors.asked import Reader
from inventory.selectors.scope import Scope, options, scope_of
from inventory.web.downloads import list_download
from inventory.web.filters import Filters, tell
from inventory.web.requests import PersonRequest
from risk.choices import Band
from risk.selectors.history import first_day

DAYS_BACK = 30
COLUMNS = (
    *("external_id", "name", "changed", "department_then", "department_now", "stage_then", "stage_now"),
    *("owner_then", "owner_now", "risk_then", "risk_now", "band_then", "band_now", "class_then", "class_now"),
)
_A_STEP = 500  # rows whose names are looked up together


@dataclass(frozen=True)
class Span:
    """From the end of one day to the end of a later one; `first`: that of the oldest figures, None before there are."""

    then: date
    now: date
    today: date
    first: date | None


def span_of(request: HttpRequest, scope: Scope) -> Span:
    """The two days of the address (`from`, `to`), 30 days back and today where none are given. Days that can't be
    answered for are left out, and the person is told."""
    reader, today = Reader(request.GET), timezone.localdate()
    now, then = reader.day("to") or today, reader.day("from")
    first = first_day(scope.departments())
    if now > today:
        reader.refuse("to", now.isoformat(), _("is still to come"))
        now = today
    if then is not None and then >= now:
        reader.refuse("from", then.isoformat(), _("is not before %(day)s") % {"day": now.isoformat()})
        then = None
    if then is not None and first is not None and then < first:
        reader.refuse(
            "from", then.isoformat(), _("is before the first figures, of %(day)s") % {"day": first.isoformat()}
        )
        then = None
    tell(request, reader.problems)
    return Span(then or now - timedelta(days=DAYS_BACK), now, today, first)


@require_safe
@requires(Permission.VIEW)
def changes_page(request: HttpRequest) -> HttpResponse:
    """What counted at the end of two days, and a page of what changed between them with the causes."""
    user: User = request.user  # type: ignore[assignment]
    filters, scope, span = _asked(request)
    left = among(filters)
    found = changes.changed(scope, span.then, span.now, left)
    kind = next(iter(filters.own.get("change", ())), "")
    page: Page[Any] = Paginator(changes.of_kind(found, kind), ROWS_A_PAGE).get_page(filters.page)
    rows = changes.rows(scope, span.then, span.now, list(page.object_list))
    page.object_list = changes.explained(changes.named(user, rows))
    counted = changes.counts(found)
    context = {
        "filters": filters,
        "scope": scope,
        "span": span,
        "departments": options(scope),
        "applications": ApplicationKind.choices,
        "narrowed_words": left.words,
        "before": changes.standing(scope, span.then, left),
        "after": changes.standing(scope, span.now, left),
        "bands": [(band.value, band.label) for band in reversed(Band)],
        "kinds": [(key, words, counted[key], key == kind) for key, words in KINDS.items() if counted[key]],
        "kind": kind,
        "whole": len(found),
        "page": page,
        "may_export": access.may(user, Permission.EXPORT),
    }
    return render(request, "governance/changes.html", context)


@require_safe
@requires(Permission.EXPORT)
def changes_csv(request: PersonRequest) -> StreamingHttpResponse:
    """Every row of the page, whatever page is shown."""
    filters, scope, span = _asked(request)
    kind = next(iter(filters.own.get("change", ())), "")
    found = changes.of_kind(changes.changed(scope, span.then, span.now, among(filters)), kind)
    lines = _lines(request.user, scope, span, found)
    return list_download(request, "changes between two dates", f"changes-{span.then}-{span.now}.csv", COLUMNS, lines)


def _asked(request: HttpRequest) -> tuple[Filters, Scope, Span]:
    user: User = request.user  # type: ignore[assignment]
    filters = Filters.from_request(request, own={"change": KINDS})
    scope = scope_of(user, filters.department)
    return filters, scope, span_of(request, scope)


def _lines(user: User, scope: Scope, span: Span, found: list[Found]) -> Iterator[tuple[Any, ...]]:
    for start in range(0, len(found), _A_STEP):
        rows = changes.rows(scope, span.then, span.now, found[start : start + _A_STEP])
        for row in changes.named(user, rows):
            sides = (row.before, row.after)
            pairs = [value for name in ("department", "stage", "owner") for value in (getattr(s, name) for s in sides)]
            risks = [
                *(_risk(side) for side in sides),
                *(_band(side) for side in sides),
                *(side.eu_class for side in sides),
            ]
            yield row.external_id, row.name, "; ".join(in_english(KINDS[kind]) for kind in row.kinds), *pairs, *risks


def _risk(side: Side) -> float | None:
    return None if side.eu_class == "prohibited" else side.point


def _band(side: Side) -> str:
    return "prohibited" if side.eu_class == "prohibited" else side.band
