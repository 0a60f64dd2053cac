"""Recommendations: the cards, one of them with its evidence, what people do about it, and the next best actions."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse, QueryDict, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from governance.models import Gravity, RecommendationState
from governance.selectors import recommendation_evidence, recommendations, recommendations_then
from governance.selectors.among import ALL, Among, among
from governance.selectors.next_actions import APPLICATIONS, next_actions, next_actions_then
from governance.selectors.recommendation_evidence import Line
from governance.selectors.recommendation_people import owners, taker, who_may
from governance.selectors.recommendations import MINE, NOBODY, UNDER_WAY, Card
from governance.selectors.recommendations_among import of_scope
from governance.selectors.recommendations_kept import first_kept
from governance.services import recommendations as service
from governance.services.recommendations.acts import LONGEST
from governance.services.recommendations.course import GROWTH, MISSES
from governance.web.links import address
from inventory import access
from inventory.access import Permission, requires
from inventory.choices import ApplicationKind, in_english
from inventory.models import Department, User
from inventory.selectors.asked import Problem
from inventory.selectors.scope import Scope, options, scope_of
from inventory.web.as_of import At, asked_day
from inventory.web.downloads import list_download
from inventory.web.filters import Filters, Words, tell
from inventory.web.requests import PersonRequest
from risk.web.addresses import address_of
from risk.web.as_of import at_of

SEVERITY_TONES = {"high": "bad", "medium": "warn", "low": "info"}
STATE_TONES = {
    RecommendationState.OPEN: "bad",
    RecommendationState.IN_PROGRESS: "warn",
    RecommendationState.DISMISSED: "neutral",
    RecommendationState.COMPLETED: "good",
}
TONES = {"severity": SEVERITY_TONES, "state": STATE_TONES}
CSV_COLUMNS = ("name", "kind", "department", "department_key", "amount", "unit", "severity", "note", "since")
_OWN: dict[str, Words] = {
    "state": {**dict(RecommendationState.choices), "all": gettext_lazy("All")},
    "severity": {one.name.lower(): one.label for one in Gravity},
    "who": {MINE: gettext_lazy("me"), NOBODY: gettext_lazy("nobody")},
}
# Lists that are narrowed by properties of applications too
_BY_APPLICATION = {"risk:alerts", "risk:applications", "governance:gaps"}


@require_safe
@requires(Permission.VIEW)
def recommendation_list(request: PersonRequest) -> HttpResponse:
    """The cards of a department or of everything in sight; without a state asked for, those under way. With kind, band,
    class or owner, what they say of such applications alone. With `as_of`, their states at the end of a past day."""
    filters = Filters.from_request(request, own=_OWN)
    scope = scope_of(request.user, filters.department)
    asked = filters.own.get("state", ())
    states = () if "all" in asked else asked or UNDER_WAY
    filters, at = asked_day(request, filters, lambda: recommendations_then.first_day(scope))
    if at.past:
        return _then(request, filters, scope, at, states)
    left = among(filters)
    return render(request, "governance/recommendations.html", _now(request.user, filters, scope, left, states, at))


def _now(user: User, filters: Filters, scope: Scope, left: Among, states: Sequence[str], at: At) -> dict[str, Any]:
    """The list as it is today."""
    counted, own = of_scope(scope, left), filters.own
    who = "".join(own.get("who", ())[:1])
    found = recommendations.cards(scope, states=states, severities=own.get("severity", ()), who=who, counted=counted)
    lacking, evaluated_at = recommendations.lacking()
    return {
        "filters": filters,
        "scope": scope,
        "at": at,
        "departments": options(scope),
        "kinds": ApplicationKind.choices,
        "severities": [(one.name.lower(), one.label) for one in reversed(Gravity)],
        "chosen": {name: ",".join(words) for name, words in own.items()},
        "views": _views(filters, recommendations.tally(scope, counted), left),
        "cards": [(card, action_url(card, left), card_url(card, left)) for card in found],
        "left": left.words,
        "export_state": ",".join(states),
        "lacking": lacking,
        "evaluated_at": evaluated_at,
        "narrowed": bool(own) or bool(left),
        "tones": TONES,
        "may_export": access.may(user, Permission.EXPORT),
        "may_set": access.sees_everything(user, Permission.ADMIN),
    }


def _then(request: PersonRequest, filters: Filters, scope: Scope, at: At, states: Sequence[str]) -> HttpResponse:
    """The cards that were in these states, or in any. To whom they were given is known of today alone."""
    left, severities = among(filters, at.then), filters.own.get("severity", ())
    found = recommendations_then.cards(scope, at.day, left=left)
    tell(request, [Problem("who", word, _("is known of today alone")) for word in filters.own.get("who", ())])
    filters = replace(filters, own={name: words for name, words in filters.own.items() if name != "who"})
    context = {
        "filters": filters,
        "scope": scope,
        "at": at,
        "departments": options(scope),
        "chosen": {name: ",".join(words) for name, words in filters.own.items()},
        "severities": [(one.name.lower(), one.label) for one in reversed(Gravity)],
        "first_kept": first_kept(),
        "views": _views(filters, Counter(card.state for card in found), left),
        "cards": [card for card in found if card.fits(states, severities)],
        "kinds": ApplicationKind.choices,
        "left": left.words,
        "query": address("governance:recommendations", **of_applications(left), as_of=at.then).partition("?")[2],
        "export_state": ",".join(states),
        "may_export": access.may(request.user, Permission.EXPORT),
        "tones": TONES,
    }
    return render(request, "governance/recommendations_then.html", context)


def _views(filters: Filters, count: dict[str, int], left: Among) -> list[dict[str, Any]]:
    """The looks at the cards, each with how many it holds. Whose they are is known of today alone."""
    looks: list[tuple[str, Sequence[str], dict[str, str]]] = [(_("Under way"), UNDER_WAY, {})]
    if not filters.as_of:
        looks += [(_("Mine"), (MINE,), {"who": MINE}), (_("Nobody's"), (NOBODY,), {"who": NOBODY})]
    looks += [
        (str(RecommendationState(state).label), (state,), {"state": state}) for state in RecommendationState.values
    ]
    looks.append((_("All"), tuple(RecommendationState.values), {"state": "all"}))
    own = {name: ",".join(words) for name, words in filters.own.items()}
    here = {"department": filters.department, **of_applications(left)}
    return [
        {
            "label": label,
            "count": sum(count.get(word, 0) for word in counted),
            "url": address("governance:recommendations", **here, **asked, as_of=filters.as_of),
            "on": own == asked,
        }
        for label, counted, asked in looks
    ]


@require_safe
@requires(Permission.VIEW)
def next_page(request: PersonRequest) -> HttpResponse:
    """The step that lowers each of the riskiest applications most, with `as_of` as at the end of a past day; htmx puts
    the table into the page of cards."""
    filters = Filters.from_request(request)
    scope = scope_of(request.user, filters.department)
    filters, at = at_of(request, filters, scope)
    left = among(filters, at.then)
    context = {
        "filters": filters,
        "at": at,
        "scope": scope,
        "departments": options(scope),
        "kinds": ApplicationKind.choices,
        "left": left.words,
        "actions": next_lines(scope, at, left),
        "most": APPLICATIONS,
    }
    template = "governance/_next_actions.html" if request.htmx else "governance/next_actions.html"  # type: ignore[attr-defined]
    return render(request, template, context)


def next_lines(scope: Scope, at: At, left: Among) -> list[tuple[Any, str]]:
    """Each action with the page on which it is done; of a past day there is none."""
    if at.past:
        return [(one, "") for one in next_actions_then(scope, at.day, left)]
    return [(one, address_of(one.application.pk, "", one.step.key)) for one in next_actions(scope, at.day, left)]


@require_safe
@requires(Permission.VIEW)
def recommendation_page(request: PersonRequest, pk: int) -> HttpResponse:
    """One card: what was found, the rows behind the number, and what became of it. With `as_of`, as it stood then."""
    recommendations.card_or_404(request.user, pk)
    filters = Filters.from_request(request)
    filters, at = asked_day(request, filters, lambda: recommendations_then.first_day_of(pk))
    return _page_then(request, pk, filters, at) if at.past else _page(request, pk, filters)


def _page_then(request: PersonRequest, pk: int, filters: Filters, at: At) -> HttpResponse:
    """One card at the end of a past day."""
    left = among(filters, at.then)
    card = recommendations_then.card_or_404(request.user, pk, at.day, left)
    context = {
        "filters": filters,
        "at": at,
        "card": card,
        "kinds": ApplicationKind.choices,
        "left": left.words,
        "csv_url": address("governance:recommendation_csv", pk, **of_applications(left), as_of=at.then),
        "list_url": address("governance:recommendations", **of_applications(left), as_of=at.then),
        "page": recommendations_then.evidence(request.user, card, at.day, left, filters.page),
        "places": recommendations_then.places(request.user, card, at.day, left),
        "first_kept": first_kept(),
        "tones": TONES,
        "may_export": access.may(request.user, Permission.EXPORT, card.department),
    }
    return render(request, "governance/recommendation_then.html", context)


def _page(request: PersonRequest, pk: int, filters: Filters, problem: str = "", status: int = 200) -> HttpResponse:
    user = request.user
    left = among(filters)
    card = recommendations.card_or_404(user, pk, left)
    within = filters.department if _below(filters.department, card) else None
    may_work = access.may(user, Permission.EDIT, card.department)
    may_review = may_work and access.may(user, Permission.REVIEW, card.department)
    page = recommendation_evidence.evidence(user, card, within=within, left=left, page=filters.page)
    context = {
        "filters": filters,
        "card": card,
        "page": page,
        "rows": [(line, line_url(user, line)) for line in page.object_list],
        "within": within,
        "left": left.words,
        "kinds": ApplicationKind.choices,
        "csv_url": address("governance:recommendation_csv", pk, department=within, **of_applications(left)),
        "list_url": address("governance:recommendations", **of_applications(left)),
        "places": [(one, card_url(card, left, one.key)) for one in recommendation_evidence.places(user, card, left)],
        "steps": recommendations.steps(pk),
        "action_url": action_url(card, left),
        "tones": TONES,
        "may_work": may_work,
        "may_review": may_review,
        "workers": None if may_work else who_may(card.department, Permission.EDIT),
        "reviewers": None if may_review else who_may(card.department, Permission.REVIEW),
        "may_export": access.may(user, Permission.EXPORT, card.department),
        "owners": owners(card.department) if may_work else (),
        "problem": problem,
        "given": request.POST,
        "at": At(timezone.localdate(), timezone.localdate()),
        "longest": LONGEST,
        "misses": MISSES,
        "growth": round((GROWTH - 1) * 100),
        "today": timezone.localdate().isoformat(),
    }
    return render(request, "governance/recommendation.html", context, status=status)


def _below(department: Department | None, card: Card) -> bool:
    """Whether the evidence can be narrowed to this department."""
    if department is None:
        return False
    return Department.objects.subtree_of(card.department).filter(pk=department.pk).exists()


@require_safe
@requires(Permission.EXPORT)
def evidence_csv(request: PersonRequest, pk: int) -> StreamingHttpResponse:
    """Every row behind a card, or those of the department and the applications that its page is narrowed to."""
    card = recommendations.card_or_404(request.user, pk)
    filters = Filters.from_request(request)
    access.require(request.user, Permission.EXPORT, card.department)
    filters, at = asked_day(request, filters, lambda: recommendations_then.first_day_of(pk))
    if at.past:
        return _csv_then(request, pk, at.day, among(filters, at.then))
    return list_download(
        request,
        "the findings of a recommendation",
        f"recommendation-{card.rule.number}-{card.department.key}.csv",
        CSV_COLUMNS,
        _cells(request.user, card, filters),
    )


def _csv_then(request: PersonRequest, pk: int, day: date, left: Among) -> StreamingHttpResponse:
    """Every finding of a past day; amounts of rows are not kept."""
    card = recommendations_then.card_or_404(request.user, pk, day, left)
    lines = recommendations_then.every_line(request.user, card, day, left)
    rows = (
        (one.name, one.kind, one.department, one.department_key, one.severity, one.day.isoformat()) for one in lines
    )
    return list_download(
        request,
        f"the findings of a recommendation as of {day.isoformat()}",
        f"recommendation-{card.rule.number}-{card.department.key}-{day.isoformat()}.csv",
        ("name", "kind", "department", "department_key", "severity", "since"),
        rows,
    )


def _cells(user: User, card: Card, filters: Filters) -> Iterator[tuple]:
    unit, left = in_english(card.rule.unit), among(filters)
    within = filters.department if _below(filters.department, card) else None
    for one in recommendation_evidence.every_line(user, card, within, left):
        yield (
            *(one.name, one.kind, one.department, one.department_key, one.amount, unit, one.severity),
            *(one.note, one.since.isoformat()),
        )


@requires(Permission.EDIT)
@require_POST
def act(request: PersonRequest, pk: int) -> HttpResponse:
    """Do something about a card, then back to it."""
    card = recommendations.card_or_404(request.user, pk)
    try:
        _act(request.user, pk, card.department, request.POST)
    except ValidationError as problem:
        return _page(request, pk, Filters.from_request(request), " ".join(problem.messages), status=400)
    messages.success(request, _("Done."))
    return redirect("governance:recommendation", pk)


def _act(user: User, pk: int, department: Department, given: QueryDict) -> None:
    action, text = given.get("action", ""), given.get("text", "").replace("\x00", "")
    if action == "start":
        service.start(actor=user, pk=pk)
    elif action == "assign":
        service.assign(actor=user, pk=pk, owner=taker(department, given.get("owner", "")))
    elif action == "dismiss":
        service.dismiss(actor=user, pk=pk, reason=text, until=_day(given.get("until", "")))
    elif action == "reopen":
        service.reopen(actor=user, pk=pk, reason=text)
    else:
        raise ValidationError(_("Choose what to do."))


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def of_applications(left: Among) -> dict[str, Any]:
    """What is asked of applications, as parameters."""
    return {name: value for name, value in left.query.items() if name != "below"}


def card_url(card: Card, left: Among, department: str = "") -> str:
    """The page of a card with the same applications left, and what lies in one department alone."""
    return address("governance:recommendation", card.pk, department=department, **of_applications(left))


def action_url(card: Card, left: Among = ALL) -> str:
    """Where the suggested action is done, narrowed to the card's department where that list can be."""
    narrowed: dict[str, Any] = {} if card.department.parent_id is None else {"department": card.department}
    if card.rule.route in ("inventory:dictionary", "inventory:feeds"):
        narrowed = {}
    if card.rule.route in _BY_APPLICATION:
        narrowed |= of_applications(left)
    return address(card.rule.route, **narrowed, **(card.rule.query or {}))


def line_url(user: User, line: Line) -> str:
    """The page behind a row; empty where there is none, or it can't be opened."""
    if line.kind in ("application", "agent") and line.seen and line.ref:
        return address("risk:application", line.ref)
    if line.kind == "alert" and line.seen:
        return address("risk:alert", line.ref)
    if line.kind == "unusual_day":
        return address("inventory:unusual_day", line.ref)
    if line.kind == "department" and line.department_key:
        return address("governance:department", line.department_key)
    if line.kind in ("feed", "people"):
        return address("inventory:feeds") if access.sees_everything(user, Permission.FEEDS) else ""
    by_name = {
        "sighting": "inventory:sightings",
        "agent": "inventory:agents",
        "cloud_app": "inventory:cloud_apps",
        "data_event": "inventory:data_events",
    }
    return address(by_name[line.kind], q=line.name) if line.kind in by_name else ""
