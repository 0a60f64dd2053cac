"""Compliance: coverage by framework, the requirements of one, and the list behind each bar."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from django.core.paginator import Page, Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from governance import charts
from governance.selectors import compliance, rollups
from governance.selectors.among import Among, among, place
from governance.selectors.compliance import FrameworkFigures, RequirementFigures
from governance.selectors.compliance_rows import asked_for
from governance.selectors.narrowing import LATE, NO, YES, requirements
from governance.selectors.requirements import Pairs
from governance.web import compliance_then
from governance.web.links import as_of_words, framework_bars
from inventory.access import Permission, requires
from inventory.choices import ApplicationKind
from inventory.models import User
from inventory.selectors.asked import Reader
from inventory.selectors.scope import Scope, options, scope_of
from inventory.web.as_of import At
from inventory.web.filters import Filters, tell
from risk.choices import RequirementStatus
from risk.method import load_method
from risk.scoring.vocabulary import State
from risk.web.as_of import at_of

ROWS_A_PAGE = 25
DEPARTMENT_ROWS = 20
EVERY_STATE = "all"
STATES = (*RequirementStatus.values, EVERY_STATE)


@require_safe
@requires(Permission.VIEW)
def compliance_page(request: HttpRequest) -> HttpResponse:
    """All frameworks with their coverage, gaps by framework, departments, and what is coming; with `as_of`, as at the
    end of a past day."""
    filters, scope, at = asked(request)
    day, left = at.day, place(filters) if at.past else among(filters)
    covered = compliance.frameworks(scope, day, left)
    binding = [one for one in covered if one.framework.binding]
    voluntary = [one for one in covered if not one.framework.binding]
    departments, more = compliance.by_department(scope, day, DEPARTMENT_ROWS, left)
    context = {
        "filters": filters,
        "scope": scope,
        "at": at,
        "departments": options(scope),
        "kinds": ApplicationKind.choices,
        "groups": (
            (_("Binding"), _("Law and supervision"), binding),
            (_("Voluntary"), _("Standards and good practice"), voluntary),
        ),
        "gaps": charts.gaps_by_framework(
            framework_bars(binding, filters), key="gaps", title=_("Gaps by binding framework")
        ),
        "voluntary_gaps": charts.gaps_by_framework(
            framework_bars(voluntary, filters), key="voluntary-gaps", title=_("Gaps by voluntary framework")
        ),
        "coverage_words": as_of_words(day, at.past and bool(among(filters, at.then))),
        "counted_at": None if at.past else rollups.counted_at(),
        "rows": departments,
        "more": more,
        # Of a past day the figures alone are kept, not which requirement stood how for which application
        "duties": () if at.past else compliance.upcoming_duties(scope, day, covered, left),
    }
    return render(request, "governance/compliance.html", context)


@require_safe
@requires(Permission.VIEW)
def framework_page(request: HttpRequest, framework: str) -> HttpResponse:
    """The requirements of one framework, with the applications in each state and the list behind each number."""
    found = load_method().frameworks.get(framework)
    if found is None:
        raise Http404(_("No such framework."))
    filters, scope, at = asked(request)
    if at.past:
        return compliance_then.framework_page(request, filters, scope, at, found)
    left = among(filters)
    covered = compliance.frameworks(scope, at.day, left)
    figures = next(one for one in covered if one.framework.id == framework)
    reader = Reader(request.GET)
    wanted = requirements(reader, only=found, states=STATES)
    tell(request, reader.problems)
    filters = filters.with_named(said(wanted), reader.problems)
    own, of_organisation = compliance.requirements_of(scope.user, scope.chosen, found, left)
    context = {
        "filters": filters,
        "scope": scope,
        "at": at,
        "departments": options(scope),
        "kinds": ApplicationKind.choices,
        "framework": found,
        "states": RequirementStatus.choices,
        "figures": figures,
        "requirements": [one for one in own if one.total],
        "idle": [one.requirement for one in own if not one.total],
        "of_organisation": of_organisation,
        **pair_list(filters, scope, wanted, counted(figures, own, wanted["requirement"])),
    }
    return render(request, "governance/framework.html", context)


@require_safe
@requires(Permission.VIEW)
def gap_list(request: HttpRequest) -> HttpResponse:
    """What is not met, over all binding frameworks; the other ones, or one alone, by the address."""
    filters, scope, at = asked(request)
    reader = Reader(request.GET)
    wanted = dict(requirements(reader, states=STATES))
    if not wanted["framework"] and not any(wanted["binding"]):
        wanted["binding"] = (YES,)
    tell(request, reader.problems)
    filters = filters.with_named(said(wanted), reader.problems)
    if at.past:
        return compliance_then.gaps_page(request, filters, scope, at, wanted)
    counts = {} if any(wanted["requirement"]) else gap_counts(scope, wanted, among(filters))
    context = {
        "filters": filters,
        "scope": scope,
        "at": at,
        "departments": options(scope),
        "kinds": ApplicationKind.choices,
        "binding": "".join(wanted["binding"]),
        **pair_list(filters, scope, wanted, counts),
    }
    return render(request, "governance/gaps.html", context)


def said(asked: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """What the pairs are narrowed to, as people call it."""
    words: dict[str, Mapping[str, Any]] = {
        "framework": {key: one.name for key, one in load_method().frameworks.items()},
        "binding": {YES: _("binding"), NO: _("voluntary")},
        "state": {**dict(RequirementStatus.choices), EVERY_STATE: _("All")},
        LATE: {word: _("past due") for word in (YES, "1")},
    }
    return {name: ", ".join(str(words.get(name, {}).get(one, one)) for one in asked[name] if one) for name in asked}


def counted(
    figures: FrameworkFigures, own: Sequence[RequirementFigures], requirements: Sequence[str]
) -> Mapping[str, int]:
    """Pairs by state, and those overdue, of a framework or of some of its requirements (which have none by day)."""
    if requirements:
        chosen = [Counter(dict(one.numbers)) for one in own if one.requirement.id in requirements]
        return sum(chosen, Counter()) | Counter(dict.fromkeys(RequirementStatus.values, 0))
    return {**dict(figures.numbers), LATE: figures.overdue}


def gap_counts(scope: Scope, asked: Mapping[str, Sequence[str]], left: Among) -> dict[str, int]:
    """The same over the frameworks asked for."""
    wanted = asked_for({name: tuple(asked[name]) for name in ("framework", "binding") if any(asked[name])}).frameworks
    total: Counter[str] = Counter()
    for one in compliance.frameworks(scope, timezone.localdate(), left):
        if one.framework.id in wanted:
            total.update({**dict(one.numbers), LATE: one.overdue})
    return total


def pair_list(
    filters: Filters, scope: Scope, asked: Mapping[str, Sequence[str]], counts: Mapping[str, int]
) -> dict[str, Any]:
    """A page of (application, requirement) pairs as the address asks: gaps, unless it names other states. `counts`:
    how long the list of each state is, where that is known."""
    found = {name: tuple(values) for name, values in asked.items() if any(values)}
    states = found.pop("state", () if LATE in found else (State.GAP.value,))
    if EVERY_STATE not in states and states:
        found["state"] = states
    wanted = replace(asked_for(found), applications=among(filters).ids)
    known = counts.get(LATE) if wanted.late else sum(counts.get(state, 0) for state in wanted.states)
    pairs = Pairs(scope.user, scope.chosen, wanted, known if counts else None)
    page: Page = Paginator(pairs, ROWS_A_PAGE).get_page(filters.page)
    return {
        "page": page,
        "tabs": [(state, words, counts.get(state)) for state, words in RequirementStatus.choices],
        "late_count": counts.get(LATE),
        "shown_states": states,
        "export_state": ",".join(found.get("state", ())),
        "late": wanted.late,
        "requirement": ", ".join(wanted.requirements),
    }


def asked(request: HttpRequest) -> tuple[Filters, Scope, At]:
    """The filters of these pages, what is looked at, and the day."""
    user: User = request.user  # type: ignore[assignment]
    filters = Filters.from_request(request, own={"below": ("no",)})
    scope = scope_of(user, filters.department)
    filters, at = at_of(request, filters, scope)
    return filters, scope, at
