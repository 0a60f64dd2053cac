"""The queue of alerts, one alert, and what is done about them."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse, QueryDict, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from inventory import access
from inventory.access import Permission, requires
from inventory.choices import AlertState, ApplicationKind, Severity
from inventory.models import AIApplication, User
from inventory.selectors.asked import SHARED
from inventory.selectors.people import person_called
from inventory.selectors.scope import options
from inventory.services import alerts as service
from inventory.web.as_of import At
from inventory.web.downloads import list_download
from inventory.web.filters import Filters
from inventory.web.requests import PersonRequest
from risk.selectors import alerts, alerts_then, incidents
from risk.selectors.techniques import advice, choices
from risk.web.alert_filters import BELOW, OF_THEN, asked, tactics, wanted_by, wanted_then, words

STATE_TONES = {
    AlertState.NEW: "bad",
    AlertState.ACTIVE: "bad",
    AlertState.IN_PROGRESS: "warn",
    AlertState.RESOLVED: "good",
    AlertState.DISMISSED: "neutral",
}
SEVERITY_TONES = {Severity.HIGH: "bad", Severity.MEDIUM: "warn", Severity.LOW: "info"}
# Word of the form → what it is called there; the order is that of the bar
BULK = (
    ("start", "Take in progress"),
    ("assign", "Assign to"),
    ("comment", "Comment"),
    ("resolve", "Resolve, with the lesson learnt"),
    ("dismiss", "Dismiss, with the reason"),
)
_MOST_DIGITS = 15
CSV_COLUMNS = (
    *("id", "title", "type", "severity", "state", "feed_says", "at", "due", "late", "closed_at", "tactics"),
    *("techniques", "application", "department", "department_key", "resource", "entities", "assignee", "outcome"),
)


@requires(Permission.VIEW)
@require_GET
def alert_list(request: PersonRequest) -> HttpResponse:
    """The queue: open alerts that are due first come first."""
    return _queue(request)


def _queue(request: PersonRequest, status: int = 200) -> HttpResponse:
    """The queue as its filters narrow it. What a refused act had chosen and said stays."""
    filters, scope, at = asked(request, words())
    application = _application(request)
    filters = filters.with_named({"application": application and application.name})
    if at.past:
        wanted = wanted_then(request.user, filters, at.day, application)
        page = alerts_then.queue(request.user, wanted, at.day, sort=filters.sort, page=filters.page)
    else:
        page = alerts.queue(request.user, wanted_by(filters, application), sort=filters.sort, page=filters.page)
    may_work = not at.past and access.may(request.user, Permission.EDIT)
    chosen = {name: ",".join(found) for name, found in filters.own.items() if name != BELOW}
    context = {
        "filters": filters,
        "at": at,
        "of_then": OF_THEN,
        "page": page,
        "departments": options(scope),
        "kinds": ApplicationKind.choices,
        "states": [(",".join(alerts.OPEN), "All open"), *AlertState.choices],
        "severities": Severity.choices,
        "tactics": tactics().items(),
        "techniques": choices(),
        "chosen": chosen,
        "application": application,
        "narrowed": filters.narrowed or application,
        "views": _views(request, filters, at, chosen),
        "tones": _TONES,
        "may_work": may_work and any(one.may_work for one in page.object_list),
        "may_export": access.may(request.user, Permission.EXPORT),
        "acts": BULK,
        "given": request.POST,
        "picked": {_key(text) for text in request.POST.getlist("alert")},
        "workers": alerts.workers(request.user) if may_work else (),
        "query": request.GET.urlencode(),
        "now": timezone.now(),
    }
    return render(request, "risk/alerts.html", context, status=status)


_TONES = {"severity": SEVERITY_TONES, "state": STATE_TONES}


def _views(request: PersonRequest, filters: Filters, at: At, chosen: Mapping[str, str]) -> list[dict[str, Any]]:
    """The looks at the queue that one needs every day, each with how many it holds."""
    bare = replace(filters, own={name: words for name, words in filters.own.items() if name == BELOW}, q="")
    if at.past:
        count = alerts_then.tally(request.user, wanted_then(request.user, bare, at.day), at.day)
    else:
        count = alerts.tally(request.user, wanted_by(bare))
    is_open = ",".join(alerts.OPEN)
    looks: list[tuple[str, str, dict[str, str]]] = [
        ("All open", "open", {"state": is_open}),
        ("Mine", "mine", {"state": is_open, "who": alerts.MINE}),
        ("Nobody's", "nobody", {"state": is_open, "who": alerts.NOBODY}),
        ("Late", "overdue", {"state": is_open, "late": "yes"}),
    ]
    if access.sees_everything(request.user):
        looks.append(("Tied to none", "loose", {"state": is_open, "tied": "no"}))
    carried = (*SHARED, "lifecycle", BELOW, "sort")
    kept = [(key, word) for key in carried for word in request.GET.getlist(key) if word]
    base = reverse("risk:alerts")
    return [
        {
            "label": label,
            "count": count[key],
            "url": f"{base}?{urlencode([*kept, *look.items()])}",
            "on": chosen == look,
        }
        for label, key, look in looks
        if key in count
    ]


def _application(request: PersonRequest) -> AIApplication | None:
    """The application that the list is narrowed to; one out of sight, or none at all, is a 404."""
    given = request.GET.get("application", "").strip()
    if not given:
        return None
    return access.application_or_404(request.user, _key(given))


def _key(text: str) -> int:
    if not text.isdecimal() or len(text) > _MOST_DIGITS:
        raise Http404("Nothing has this number.")
    return int(text)


@requires(Permission.EXPORT)
@require_GET
def alert_csv(request: PersonRequest) -> StreamingHttpResponse:
    """The queue as the address narrows it, all pages of it."""
    filters, _scope, at = asked(request, alerts.words())
    application = _application(request)
    if at.past:
        wanted = wanted_then(request.user, filters, at.day, application)
        name, found = f"alerts-{at.day}.csv", alerts_then.every(request.user, wanted, at.day, filters.sort)
    else:
        name, found = "alerts.csv", alerts.every(request.user, wanted_by(filters, application), filters.sort)
    return list_download(request, "alerts", name, CSV_COLUMNS, (_cells(one) for one in found))


def _cells(one: alerts.AlertRow) -> tuple[Any, ...]:
    return (
        *(one.external_id or one.pk, one.title, one.type, one.severity, one.state, one.feed_says),
        *(_iso(one.at), _iso(one.due), "yes" if one.late else "no", _iso(one.closed_at), "; ".join(one.tactics)),
        "; ".join(f"{each.id} {each.name}".strip() for each in one.techniques),
        *(one.application, one.department, one.department_key, one.resource),
        "; ".join(f"{kind}: {name}" for kind, name in one.entities),
        *(one.assignee_username, one.outcome),
    )


def _iso(moment: Any) -> str:
    return moment.isoformat() if moment else ""


@requires(Permission.VIEW)
@require_GET
def alert_page(request: PersonRequest, pk: int) -> HttpResponse:
    """One alert: what happened, what to do, and what was done."""
    return _page(request, pk)


@requires(Permission.NAMES)
@require_POST
@never_cache
def alert_reveal(request: PersonRequest, pk: int) -> HttpResponse:
    """The same page with the record as it came, for who may see names there; the reason is logged."""
    try:
        record = service.reveal(actor=request.user, alert=pk, reason=request.POST.get("reason", ""))
    except ValidationError as problem:
        return _page(request, pk, " ".join(problem.messages), status=400)
    return _page(request, pk, record=_spread(record))


def _spread(record: str) -> str:
    """JSON over lines, for reading; as it stands where it was cut off."""
    try:
        return json.dumps(json.loads(record), indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        return record


def _page(
    request: PersonRequest, pk: int, problem: str = "", *, record: str | None = None, status: int = 200
) -> HttpResponse:
    found = alerts.one_of(request.user, pk)
    may_review = access.alerts(request.user, Permission.REVIEW).filter(pk=pk).exists()
    context = {
        "alert": found,
        "tones": _TONES,
        "advice": advice(found.type),
        "steps": alerts.steps_of(pk),
        "may_review": may_review,
        "workers": alerts.workers(request.user) if found.may_work else (),
        "tieable": access.applications(request.user, Permission.REVIEW).order_by("name")[:200] if may_review else (),
        "incident": incidents.visible(request.user).filter(links__alert=pk).first(),
        "problem": problem,
        "given": request.POST,
        "record": record,
        "may_reveal": access.alerts(request.user, Permission.NAMES).filter(pk=pk, raw__isnull=False).exists(),
    }
    return render(request, "risk/alert.html", context, status=status)


@requires(Permission.EDIT)
@require_POST
def act(request: PersonRequest) -> HttpResponse:
    """Do something about one alert or several; then back to where it was done."""
    keys = [_key(text) for text in request.POST.getlist("alert")]
    single = request.POST.get("page") == "alert" and len(keys) == 1
    try:
        done = _act(request.user, keys, request.POST)
    except ValidationError as problem:
        said = " ".join(problem.messages)
        if single:
            return _page(request, keys[0], said, status=400)
        messages.error(request, said)
        request.GET = QueryDict(request.POST.get("query", ""))
        return _queue(request, status=400)
    messages.success(request, _said(done))
    if single:
        return redirect("risk:alert", keys[0])
    query = QueryDict(request.POST.get("query", "")).urlencode()
    return redirect(reverse("risk:alerts") + (f"?{query}" if query else ""))


def _said(done: service.Done) -> str:
    left = f" {done.left} stood so already." if done.left else ""
    return f"Done: {done.changed} alert{'s' if done.changed != 1 else ''}.{left}"


def _act(user: User, keys: list[int], given: QueryDict) -> service.Done:
    action, text = given.get("action", ""), given.get("text", "")
    if action == "assign":
        return service.assign(actor=user, alerts=keys, assignee=person_called(given.get("assignee", ""), active=True))
    if action == "comment":
        return service.comment(actor=user, alerts=keys, text=text)
    if action == "start":
        return service.start(actor=user, alerts=keys)
    if action == "resolve":
        return service.resolve(actor=user, alerts=keys, lesson=text)
    if action == "dismiss":
        return service.dismiss(actor=user, alerts=keys, reason=text)
    if action == "reopen":
        return service.reopen(actor=user, alerts=keys, reason=text)
    if action == "untie":
        return service.tie(actor=user, alerts=keys, application=None, reason=text)
    if action == "tie":
        application = access.application_or_404(user, _key(given.get("application", "")), Permission.REVIEW)
        return service.tie(actor=user, alerts=keys, application=application, reason=text)
    raise ValidationError(_("Choose what to do."))
